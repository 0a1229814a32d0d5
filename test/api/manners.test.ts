import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { problemSchema } from '../../src/api/problem.ts'
import { type Firm, type Server, startServer } from './client.ts'

let server: Server
let firm: Firm
beforeAll(async () => {
  server = await startServer()
  firm = await server.openFirm()
})
afterAll(() => server.close())

const NOWHERE = '00000000-0000-7000-8000-000000000000'
/** A moment of the year 10000, in UTC. */
const BEYOND = '9999-12-31T23:59:59-23:59'
const cursorOf = (place: unknown) => Buffer.from(JSON.stringify(place)).toString('base64url')
const whatIfAt = (at: string) => ({ schedule: { at, time_zone: 'Asia/Jakarta' } })

const owner = (body?: unknown, headers: Record<string, string> = {}) => ({
  key: firm.keys.owner,
  body,
  headers,
})

describe('every answer', () => {
  test('carries the caller’s request id, or one of its own', async () => {
    const own = await server.ask('GET', '/healthz', { headers: { 'X-Request-Id': 'order-7' } })
    expect(own.headers.get('x-request-id')).toBe('order-7')
    const odd = await server.ask('GET', '/healthz', { headers: { 'X-Request-Id': 'a b<c' } })
    expect(odd.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  })

  test('may not be stored, framed or run, and does not say what serves it', async () => {
    const { headers } = await server.ask('GET', '/v1/workspace', owner())
    expect(headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('x-frame-options')).toBe('DENY')
    expect(headers.has('x-powered-by')).toBe(false)
    expect(headers.has('etag')).toBe(false)
  })
})

describe('who asks', () => {
  test.each([
    ['without a key', undefined],
    ['with a key of the wrong form', 'Bearer hello'],
    ['with another scheme', 'Basic b3duZXI6'],
    ['with an unknown key', `Bearer dck_00000000_${'a'.repeat(43)}`],
    ['with two words', 'Bearer a b'],
  ])('%s is told to send one', async (_, authorization) => {
    const answer = await server.ask(
      'GET',
      '/v1/workspace',
      authorization ? { headers: { authorization } } : {},
    )
    expect(answer.status).toBe(401)
    expect(answer.body.code).toBe('unauthenticated')
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer realm="duecast"/)
  })

  test('with a role that may not is told who may', async () => {
    const answer = await server.ask('GET', '/v1/keys', { key: firm.keys.marketer })
    expect(answer).toMatchObject({ status: 403, body: { code: 'forbidden' } })
    expect(answer.body.detail).toContain('owner and admin')
  })

  test('with a bad body and no right to send it hears of the right first', async () => {
    expect((await server.ask('POST', '/v1/keys', { body: '{' })).status).toBe(401)
    expect((await server.ask('POST', '/v1/keys', { key: firm.keys.viewer, body: '{' })).status).toBe(403)
  })
})

describe('an address', () => {
  test.each(['/', '/v1', '/v1/nothing', '/V1/workspace', '/index.html'])('%s is not there', async (path) => {
    expect(await server.ask('GET', path)).toMatchObject({ status: 404, body: { code: 'not_found' } })
  })

  test('that is there tells which methods it takes', async () => {
    const answer = await server.ask('PUT', '/v1/keys', owner({}))
    expect(answer).toMatchObject({ status: 405, body: { code: 'method_not_allowed' } })
    expect(answer.headers.get('allow')).toBe('GET, POST, HEAD, OPTIONS')
    const options = await server.ask('OPTIONS', '/v1/keys')
    expect(options.status).toBe(204)
    expect(options.headers.get('allow')).toBe('GET, POST, HEAD, OPTIONS')
  })

  test('that is read answers a HEAD too', async () => {
    expect(await server.ask('HEAD', '/healthz')).toMatchObject({ status: 200, body: undefined })
  })

  test.each(['/v1/keys/%', '/v1/keys/%zz', '/v1/keys/%ff'])('%s is not well-formed', async (path) => {
    const answer = await server.ask('DELETE', path, owner())
    expect(answer).toMatchObject({ status: 400, body: { code: 'malformed_request' } })
  })

  test.each(['/v1/keys/%00', '/v1/keys/a%20b', `/v1/keys/${'a'.repeat(129)}`, '/v1/keys/..%2f'])(
    '%s names nothing',
    async (path) => {
      expect((await server.ask('DELETE', path, owner())).status).toBe(404)
    },
  )
})

describe('a query', () => {
  test.each([
    ['limit=0', 'limit', 'too_small'],
    ['limit=1001', 'limit', 'too_big'],
    ['limit=ten', 'limit', 'invalid_type'],
    ['limit=1.5', 'limit', 'invalid_type'],
    ['limit=1&limit=2', 'limit', 'invalid_type'],
    ['cursor=x', 'cursor', 'invalid_cursor'],
    ['cursor=bnVsbA', 'cursor', 'invalid_cursor'],
    ['cursor=a&cursor=b', 'cursor', 'invalid_type'],
    ['order=asc', 'order', 'unknown'],
    ['__proto__=1', '__proto__', 'unknown'],
    ['limit=%00', 'limit', 'invalid_text'],
    [`cursor=${cursorOf('a\0b')}`, 'cursor', 'invalid_cursor'],
  ])('of ?%s is refused', async (query, path, code) => {
    const answer = await server.ask('GET', `/v1/keys?${query}`, owner())
    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'validation_failed', errors: [{ path, code }] },
    })
  })

  test.each([
    ['/v1/contacts?list_id=%00', 'list_id', 'invalid_text'],
    ['/v1/audit-events?until=0000-01-01T00:00:00Z', 'until', 'custom'],
    ['/v1/audit-events?until=9999-12-31T23:59:59-01:00', 'until', 'custom'],
    [`/v1/senders?cursor=${cursorOf(['0000-01-01T00:00:00Z', NOWHERE])}`, 'cursor', 'invalid_cursor'],
    [`/v1/reminders?cursor=${cursorOf(['0000-01-01', NOWHERE, 'due'])}`, 'cursor', 'invalid_cursor'],
    [`/v1/reminders?cursor=${cursorOf(['2026-12-01', NOWHERE, 'a\0b'])}`, 'cursor', 'invalid_cursor'],
    [`/v1/reminders?cursor=${cursorOf(['2026-12-01', NOWHERE, '\ud800'])}`, 'cursor', 'invalid_cursor'],
  ])('that no database could be asked is refused: %s', async (path, place, code) => {
    expect(await server.ask('GET', path, owner())).toMatchObject({
      status: 400,
      body: { errors: [{ path: place, code }] },
    })
  })

  test('that a route does not take is refused', async () => {
    expect(await server.ask('GET', '/v1/workspace?a=1', owner())).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'a', code: 'unknown' }] },
    })
  })
})

describe('a day and a moment', () => {
  test.each([
    [
      'POST',
      '/v1/suppressions',
      'expires_at',
      { phone: '+6281234567890', expires_at: '0000-01-01T00:00:00Z' },
    ],
    ['POST', '/v1/suppressions', 'expires_at', { phone: '+6281234567890', expires_at: BEYOND }],
    [
      'POST',
      `/v1/invoices/${NOWHERE}/payments`,
      'paid_at',
      { reference: 'a', paid_at: '0000-12-31T00:00:00Z' },
    ],
    ['PUT', `/v1/invoices/${NOWHERE}/promise`, 'until', { until: '0000-12-31' }],
    ['PUT', `/v1/invoices/${NOWHERE}/promise`, 'until', { until: '2026-02-30' }],
    ['POST', `/v1/campaigns/${NOWHERE}/what-if`, 'schedule.at', whatIfAt('2026-02-30T09:00:00')],
    ['POST', `/v1/campaigns/${NOWHERE}/what-if`, 'schedule.at', whatIfAt('0000-01-01T09:00:00')],
    ['POST', `/v1/campaigns/${NOWHERE}/what-if`, 'schedule.at', whatIfAt('9999-12-31T23:59:59')],
  ])('%s %s refuses a %s that no calendar has, and says so once', async (method, path, place, body) => {
    const answer = await server.ask(method, path, owner(body))
    expect(answer).toMatchObject({ status: 400, body: { code: 'validation_failed' } })
    expect(answer.body.errors.map((error: { path: string }) => error.path)).toEqual([place])
  })
})

describe('a body', () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`

  test.each([
    ['cut short', '{"role":', 400, 'malformed_json'],
    ['with a trailing comma', '{"role":"viewer",}', 400, 'malformed_json'],
    ['not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), 400, 'malformed_json'],
    ['of another shape', '[]', 400, 'validation_failed'],
    ['of nothing', '', 400, 'validation_failed'],
    ['of null', 'null', 400, 'validation_failed'],
    ['too deep', deep, 400, 'validation_failed'],
    ['too large', `"${'a'.repeat(1024 * 1024)}"`, 413, 'body_too_large'],
  ])('%s is refused', async (_, body, status, code) => {
    expect(await server.ask('POST', '/v1/keys', owner(body))).toMatchObject({ status, body: { code } })
  })

  test.each([
    ['a missing member', {}, 'role', 'required'],
    ['a member of another type', { role: 7 }, 'role', 'invalid_value'],
    ['a word that is not on the list', { role: 'king' }, 'role', 'invalid_value'],
    ['an unknown member', { role: 'viewer', rolle: 1 }, 'rolle', 'unknown'],
    ['a NUL', { role: 'viewer', name: 'a\0b' }, 'name', 'invalid_text'],
    ['half a character', '{"role":"viewer","name":"\\ud800"}', 'name', 'invalid_text'],
    ['a NUL in a name of a member', { role: 'viewer', 'a\0b': 1 }, '', 'invalid_text'],
    ['a prototype', '{"role":"viewer","__proto__":{"a":1}}', '__proto__', 'unknown'],
    ['too long a text', { role: 'viewer', name: 'a'.repeat(201) }, 'name', 'too_big'],
  ])('with %s is refused, and told where', async (_, body, path, code) => {
    const answer = await server.ask('POST', '/v1/keys', owner(body))
    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'validation_failed', errors: [{ path, code }] },
    })
  })

  test('is told every fault at once', async () => {
    const { body } = await server.ask('POST', '/v1/keys', owner({ role: 'king', name: 7, a: 1, b: 2 }))
    expect(body.errors.map((error: { path: string }) => error.path).sort()).toEqual([
      'a',
      'b',
      'name',
      'role',
    ])
  })

  test('of more values than anybody needs is refused before anything is made of it', async () => {
    const answer = await server.ask('POST', '/v1/keys', owner(`{"role":[${'1,'.repeat(30_000)}1]}`))
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: '', code: 'too_big' }] } })
    const text = await server.ask('POST', '/v1/keys', owner({ role: 'viewer', name: ',['.repeat(20_000) }))
    expect(text.body.errors).toMatchObject([{ path: 'name', code: 'too_big' }])
  })

  test('with thousands of faults is told how many there are, and the first hundred', async () => {
    const many = Object.fromEntries(Array.from({ length: 3_000 }, (_, n) => [`k${n}`, n]))
    const { body } = await server.ask('POST', '/v1/keys', owner({ role: 'viewer', ...many }))
    expect(body.errors).toHaveLength(100)
    expect(body.detail).toContain('(and 2999 more)')
  })

  test.each([
    [{ 'content-type': 'text/plain' }],
    [{ 'content-type': 'application/x-www-form-urlencoded' }],
    [{ 'content-type': 'application/json; charset=utf-16' }],
    [{ 'content-encoding': 'compress' }],
  ])('under %o is refused', async (headers) => {
    const answer = await server.ask('POST', '/v1/keys', owner('{"role":"viewer"}', headers))
    expect(answer).toMatchObject({ status: 415, body: { code: 'unsupported_media_type' } })
  })

  test.each(['application/json; charset=UTF-8', 'application/vnd.duecast+json'])(
    'under %s is read',
    async (type) => {
      const answer = await server.ask(
        'POST',
        '/v1/keys',
        owner('{"role":"viewer"}', { 'content-type': type }),
      )
      expect(answer.status).toBe(201)
    },
  )

  test('that is not expected may be empty and nothing else', async () => {
    const nowhere = '/v1/keys/00000000-0000-7000-8000-000000000000'
    expect((await server.ask('DELETE', nowhere, owner({}))).status).toBe(404)
    expect((await server.ask('DELETE', nowhere, owner())).status).toBe(404)
    expect(await server.ask('DELETE', nowhere, owner({ now: true }))).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'now', code: 'unknown' }] },
    })
    for (const path of ['/v1/keys', `/v1/senders/${NOWHERE}/check`])
      expect((await server.ask('POST', path, owner('null'))).status).toBe(400)
  })
})

describe('what is not HTTP', () => {
  test.each([
    ['a line of nonsense', 'hello\r\n\r\n', 400, 'malformed_request'],
    [
      'headers without end',
      `GET / HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`,
      431,
      'headers_too_large',
    ],
    ['no Host', `GET / HTTP/1.1\r\n${LAST}\r\n`, 400, 'malformed_request'],
    ['an expectation', `GET / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n${LAST}\r\n`, 417, 'expectation_failed'],
    ['a proxy’s method', 'CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n', 405, 'method_not_allowed'],
  ])('gets a problem document: %s', async (_, bytes, status, code) => {
    const [head, body] = (await exchange(bytes)).split('\r\n\r\n')
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(head).toContain('application/problem+json')
    expect(problemSchema.parse(JSON.parse(body!))).toMatchObject({ status, code })
  })
})

const LAST = 'Connection: close\r\n'

function exchange(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1', () => socket.write(bytes))
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk
    })
    socket.on('close', () => resolve(text)).on('error', reject)
  })
}

describe('the figures', () => {
  test('count requests by the template of their route, never by its parameters', async () => {
    await server.ask('DELETE', '/v1/keys/secret-id', owner())
    await server.ask('GET', '/wp-login.php')
    const { body } = await server.ask('GET', '/metrics')
    expect(body).toContain(
      'duecast_http_request_duration_seconds_count{method="DELETE",route="/v1/keys/{id}",status="404"}',
    )
    expect(body).toContain('route="unmatched",status="404"')
    expect(body).not.toContain('secret-id')
    expect(body).toContain('process_cpu_seconds_total')
  })
})
