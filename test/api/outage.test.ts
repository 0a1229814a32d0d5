import { createServer, type Server as TcpServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isOutage } from '../../src/api/outage.ts'
import { answer, defineRoute } from '../../src/api/route.ts'
import { ROUTES } from '../../src/api/routes.ts'
import { type Database, openDatabase } from '../../src/platform/db.ts'
import { type Server, startServer } from './client.ts'
import { NOON } from './scratch.ts'

const clock = { now: () => NOON }
const KEY = `dck_00000000_${'a'.repeat(43)}`

describe('while the database is away', () => {
  let server: Server
  let nowhere: Database
  beforeAll(async () => {
    nowhere = openDatabase('postgres://nobody@127.0.0.1:1/nothing', clock, { poolSize: 1 })
    server = await startServer({ house: { database: nowhere } })
  })
  afterAll(async () => {
    await server.close()
    await nowhere.close()
  })

  test('a request is told to come back, and nothing of why', async () => {
    const answer = await server.ask('GET', '/v1/workspace', { key: KEY })
    expect(answer).toMatchObject({ status: 503, body: { code: 'unavailable' } })
    expect(answer.headers.get('retry-after')).toBe('5')
    expect(JSON.stringify(answer.body)).not.toMatch(/ECONN|127\.0\.0\.1|select/i)
  })

  test('the server is alive and not ready', async () => {
    expect((await server.ask('GET', '/healthz')).status).toBe(200)
    const ready = await server.ask('GET', '/readyz')
    expect(ready).toMatchObject({ status: 503, body: { detail: 'No answer from the database.' } })
  })

  test('a webhook is asked for again', async () => {
    const address = '/webhooks/whatsapp/00000000-0000-7000-8000-000000000000'
    expect((await server.ask('POST', address, { body: '{}' })).status).toBe(503)
  })
})

describe('while the database says nothing', () => {
  let silent: TcpServer
  let server: Server
  let mute: Database
  beforeAll(async () => {
    silent = createServer(() => {})
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as { port: number }
    mute = openDatabase(`postgres://nobody@127.0.0.1:${port}/nothing`, clock, { poolSize: 1 })
    server = await startServer({ house: { database: mute } })
  })
  afterAll(async () => {
    silent.close()
    await server.close()
    await mute.close()
  })

  test('the server says within seconds that it is not ready', async () => {
    const startedAt = performance.now()
    expect((await server.ask('GET', '/readyz')).status).toBe(503)
    expect(performance.now() - startedAt).toBeLessThan(5_000)
  })
})

describe('while the queue is away', () => {
  let server: Server
  beforeAll(async () => {
    const ping = () => Promise.reject(new Error('no queue'))
    server = await startServer({ house: { queues: { ping } } })
  })
  afterAll(() => server.close())

  test('the server is not ready and says which part', async () => {
    expect(await server.ask('GET', '/readyz')).toMatchObject({
      status: 503,
      body: { detail: 'No answer from the queue.' },
    })
  })

  test('requests are answered all the same', async () => {
    const { keys } = await server.openFirm()
    expect((await server.ask('GET', '/v1/workspace', { key: keys.owner })).status).toBe(200)
  })
})

/** A route in whose midst the database ends the connection. */
const cut = defineRoute({
  method: 'post',
  path: '/v1/cut',
  tag: 'Test',
  summary: 'Loses its connection',
  permission: 'workspace.read',
  responses: { 204: null },
  refusals: [],
  handler: async ({ scope }) => {
    await scope.sql`SELECT pg_terminate_backend(pg_backend_pid())`
    return answer(204)
  },
})

describe('a server in good health', () => {
  let server: Server
  beforeAll(async () => {
    server = await startServer({ routes: [...ROUTES, cut] })
  })
  afterAll(() => server.close())

  test('is ready', async () => {
    expect(await server.ask('GET', '/readyz')).toMatchObject({ status: 200, body: { status: 'ready' } })
  })

  test('outlives a connection that the database ends', async () => {
    const { keys } = await server.openFirm()
    const lost = await server.ask('POST', '/v1/cut', { key: keys.owner })
    expect(lost).toMatchObject({ status: 503, body: { code: 'unavailable' } })
    expect((await server.ask('GET', '/v1/workspace', { key: keys.owner })).status).toBe(200)
  })
})

describe('an outage', () => {
  const fault = (code: string, syscall?: string) => Object.assign(new Error('x'), { code, syscall })

  test.each([
    ['a refused connection', fault('ECONNREFUSED'), true],
    ['a closed one', fault('CONNECTION_CLOSED'), true],
    ['a socket that is not there', fault('ENOENT', 'connect'), true],
    ['a file that is not there', fault('ENOENT', 'open'), false],
    ['one wrapped in another', new Error('Failed query', { cause: fault('ECONNRESET') }), true],
    ['one of several', new AggregateError([fault('ECONNREFUSED')]), true],
    ['a bug', new TypeError('x is not a function'), false],
    ['a word', 'ECONNREFUSED', false],
  ])('is told from a bug: %s', (_, error, expected) => {
    expect(isOutage(error)).toBe(expected)
  })
})
