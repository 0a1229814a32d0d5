import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Firm, type Server, startServer } from './client.ts'

const SECRETS = {
  app_secret: 'new-app-secret',
  previous_app_secret: 'old-app-secret',
  verify_token: 'open sesame',
}
const BODY = '{"object":"whatsapp_business_account",  "entry":[]}'

let server: Server
let firm: Firm
let address: string
let received: { sender: unknown; body: Buffer }[] = []
let failing = false
beforeAll(async () => {
  server = await startServer({
    house: {
      receive: async (sender, body) => {
        if (failing) throw new Error('the inbox is full')
        received.push({ sender, body })
      },
    },
  })
  firm = await server.openFirm()
  const config = {
    phone_number_id: '106540352242922',
    business_account_id: '102290129340398',
    access_token: 'EAAtoken',
    ...SECRETS,
  }
  const body = { provider: 'whatsapp_cloud', name: 'Main', config }
  const { body: sender } = await server.ask('POST', '/v1/senders', { key: firm.keys.owner, body })
  address = `/webhooks/whatsapp/${sender.id}`
})
afterAll(() => server.close())
beforeEach(() => {
  received = []
  failing = false
})

function signed(body: string | Buffer, secret = SECRETS.app_secret) {
  return { 'X-Hub-Signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}` }
}

const post = (body: string | Buffer, headers: Record<string, string>, to = address) =>
  server.ask('POST', to, { body, headers })

describe('a webhook', () => {
  test('that is signed is stored byte for byte before it is answered', async () => {
    const answer = await post(BODY, signed(BODY))
    expect(answer.status).toBe(200)
    expect(received.map(({ body }) => body.toString())).toEqual([BODY])
    expect(received[0]!.sender).toEqual({ id: address.split('/').at(-1), workspaceId: firm.workspaceId })
  })

  test('may be signed with the secret before the last, and be no JSON at all', async () => {
    const bytes = Buffer.from([0, 255, 1, 2])
    expect((await post(bytes, signed(bytes, SECRETS.previous_app_secret))).status).toBe(200)
    expect(received[0]!.body.equals(bytes)).toBe(true)
  })

  test.each([
    ['no signature', {}],
    ['an empty one', { 'X-Hub-Signature-256': '' }],
    ['another secret’s', signed(BODY, 'guess')],
    ['another body’s', signed(`${BODY} `)],
    ['one cut short', { 'X-Hub-Signature-256': signed(BODY)['X-Hub-Signature-256'].slice(0, 40) }],
    ['the hash without its name', { 'X-Hub-Signature-256': signed(BODY)['X-Hub-Signature-256'].slice(7) }],
  ])('with %s is refused', async (_, headers) => {
    expect(await post(BODY, headers)).toMatchObject({ status: 401, body: { code: 'bad_signature' } })
    expect(received).toEqual([])
  })

  test.each(['x', '00000000-0000-7000-8000-000000000000', '%27%3B--'])(
    'for the sender %s is not there',
    async (id) => {
      expect((await post(BODY, signed(BODY), `/webhooks/whatsapp/${id}`)).status).toBe(404)
    },
  )

  test('of three megabytes is taken, and of more is not', async () => {
    const largest = Buffer.alloc(3 * 1024 * 1024, 'a')
    expect((await post(largest, signed(largest))).status).toBe(200)
    const larger = Buffer.alloc(3 * 1024 * 1024 + 1, 'a')
    expect(await post(larger, signed(larger))).toMatchObject({
      status: 413,
      body: { code: 'body_too_large' },
    })
  })

  test('that is compressed is refused: the signature is over other bytes', async () => {
    const answer = await post(BODY, { ...signed(BODY), 'Content-Encoding': 'gzip' })
    expect(answer).toMatchObject({ status: 415 })
  })

  test('that cannot be stored is asked for again', async () => {
    failing = true
    const answer = await post(BODY, signed(BODY))
    expect(answer).toMatchObject({ status: 503, body: { code: 'unavailable' } })
    expect(answer.headers.get('retry-after')).toBe('5')
  })
})

describe('the handshake', () => {
  const shake = (query: Record<string, string>) =>
    server.ask('GET', `${address}?${new URLSearchParams(query)}`)

  test('is answered with the challenge, as text', async () => {
    const query = {
      'hub.mode': 'subscribe',
      'hub.verify_token': SECRETS.verify_token,
      'hub.challenge': '11584',
    }
    const answer = await shake(query)
    expect(answer).toMatchObject({ status: 200, body: '11584' })
    expect(answer.headers.get('content-type')).toContain('text/plain')
  })

  test.each([
    [{ 'hub.mode': 'subscribe', 'hub.verify_token': 'guess', 'hub.challenge': '1' }],
    [{ 'hub.mode': 'unsubscribe', 'hub.verify_token': SECRETS.verify_token, 'hub.challenge': '1' }],
    [{ 'hub.mode': 'subscribe', 'hub.verify_token': SECRETS.verify_token }],
    [{}],
  ])('with %j is refused', async (query) => {
    expect(await shake(query as Record<string, string>)).toMatchObject({
      status: 403,
      body: { code: 'bad_verify_token' },
    })
  })
})

describe('a secret that is replaced', () => {
  const patch = (id: string, body: object) =>
    server.ask('PATCH', `/v1/senders/${id}`, { key: firm.keys.admin, body })
  const connect = async () => {
    const config = {
      phone_number_id: '106540352242922',
      business_account_id: '102290129340398',
      access_token: 'EAAtoken',
      app_secret: 'first-secret',
      verify_token: 'first-word',
    }
    const body = { provider: 'whatsapp_cloud', name: 'Rotating', config }
    return (await server.ask('POST', '/v1/senders', { key: firm.keys.owner, body })).body.id as string
  }
  /** The door remembers a sender for some seconds; one that nobody has asked for yet is read afresh. */
  const takes = async (id: string, secret: string) =>
    (await post(BODY, signed(BODY, secret), `/webhooks/whatsapp/${id}`)).status
  const shakes = async (id: string, word: string) => {
    const query = new URLSearchParams({
      'hub.mode': 'subscribe',
      'hub.verify_token': word,
      'hub.challenge': '7',
    })
    return (await server.ask('GET', `/webhooks/whatsapp/${id}?${query}`)).status
  }

  test('is valid beside the new one until it is given up, the verify token too', async () => {
    const id = await connect()
    const changed = await patch(id, { config: { app_secret: 'second-secret', verify_token: 'second-word' } })
    expect(changed).toMatchObject({
      status: 200,
      body: { previous_secrets_until: '2026-11-29T05:00:00.000Z' },
    })
    expect(JSON.stringify(changed.body)).not.toContain('secret-')
    // Whether they are over the database's clock decides, whatever day it is there.
    await server.scratch.owner
      .sql`UPDATE senders SET previous_until = clock_timestamp() + interval '1 hour' WHERE id = ${id}`
    expect([
      await takes(id, 'second-secret'),
      await takes(id, 'first-secret'),
      await takes(id, 'third'),
    ]).toEqual([200, 200, 401])
    expect([await shakes(id, 'second-word'), await shakes(id, 'first-word')]).toEqual([200, 200])
  })

  test('is not valid any more once it was given up, or its time has passed', async () => {
    const retired = await connect()
    await patch(retired, { config: { app_secret: 'second-secret' } })
    const path = `/v1/senders/${retired}/previous-secrets`
    expect(await server.ask('DELETE', path, { key: firm.keys.admin })).toMatchObject({
      status: 200,
      body: { previous_secrets_until: null },
    })
    expect([await takes(retired, 'second-secret'), await takes(retired, 'first-secret')]).toEqual([200, 401])
    const short = await connect()
    await patch(short, { config: { app_secret: 'second-secret' }, keep_previous_hours: 0 })
    await server.scratch.owner
      .sql`UPDATE senders SET previous_until = clock_timestamp() - interval '1 second' WHERE id = ${short}`
    expect([await takes(short, 'second-secret'), await takes(short, 'first-secret')]).toEqual([200, 401])
  })

  test('leaves what was not given as it was, and is refused where it is wrong', async () => {
    const id = await connect()
    expect(await patch(id, { name: 'Renamed', config: { messages_per_second: 20 } })).toMatchObject({
      status: 200,
      body: { name: 'Renamed', messages_per_second: 20, previous_secrets_until: null },
    })
    expect(await takes(id, 'first-secret')).toBe(200)
    expect(await patch(id, { config: { colour: 'red' } })).toMatchObject({ status: 400 })
    expect(await patch(id, { config: { app_secret: '' } })).toMatchObject({ status: 400 })
  })
})

describe('the signature of a webhook', () => {
  test('of another sender opens nothing: 401, and nothing is stored', async () => {
    const config = {
      phone_number_id: '1',
      business_account_id: '2',
      access_token: 't',
      app_secret: 'another-secret',
      verify_token: 'v',
    }
    const other = await server.openFirm()
    const body = { provider: 'whatsapp_cloud', name: 'Other', config }
    await server.ask('POST', '/v1/senders', { key: other.keys.owner, body })
    for (const headers of [
      {},
      signed(BODY, 'another-secret'),
      signed(BODY, 'wrong'),
      signed(`${BODY}x`),
      { 'X-Hub-Signature-256': signed(BODY)['X-Hub-Signature-256'].slice(0, -1) },
    ] as Record<string, string>[])
      expect(await post(BODY, headers)).toMatchObject({ status: 401, body: { code: 'bad_signature' } })
    expect(received).toEqual([])
  })
})
