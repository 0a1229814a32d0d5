import { createHmac } from 'node:crypto'
import { connect } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { ApiHouse } from '../../src/api/house.ts'
import { type FrontDoor, openFrontDoor } from '../../src/api/webhooks/front-door.ts'
import { openLog } from '../../src/platform/log.ts'
import type { Header } from '../hostile/headers.ts'
import { exchange, type WireRequest } from '../hostile/wire.ts'
import { type Server, startServer } from './client.ts'

const SECRETS = { app_secret: 'new-app-secret', previous_app_secret: 'old-app-secret' }
const BODY = Buffer.from('{"object":"whatsapp_business_account",  "entry":[]}')
const JSON_TYPE: Header = ['Content-Type', 'application/json']

type Line = Record<string, unknown>
/** Two servers on the same rows: everything is asked at both, and both must do the same. */
type Entrance = { server: Server; lines: Line[]; received: Buffer[]; taken: boolean[] }

let front: Entrance
let express: Entrance
let senderId: string
let failing = false

beforeAll(async () => {
  front = await open(openFrontDoor)
  express = await open(() => () => false)
  const firm = await express.server.openFirm()
  const config = {
    phone_number_id: '106540352242922',
    business_account_id: '102290129340398',
    access_token: 'EAAtoken',
    verify_token: 'open sesame',
    ...SECRETS,
  }
  const body = { provider: 'whatsapp_cloud', name: 'Main', config }
  const added = await express.server.ask('POST', '/v1/senders', { key: firm.keys.owner, body })
  senderId = added.body.id
})
afterAll(() => Promise.all([front.server.close(), express.server.close()]))
beforeEach(() => {
  failing = false
})

async function open(doorOf: (house: ApiHouse) => FrontDoor): Promise<Entrance> {
  const lines: Line[] = []
  const received: Buffer[] = []
  const taken: boolean[] = []
  const server = await startServer({
    house: {
      log: openLog('info', { write: (line) => void lines.push(JSON.parse(line)) }),
      receive: async (_sender, body) => {
        if (failing) throw new Error('the inbox is full')
        received.push(body)
      },
    },
    frontDoor: (house) => {
      const takes = doorOf(house)
      return (request, response) => {
        const took = takes(request, response)
        taken.push(took)
        return took
      }
    },
  })
  return { server, lines, received, taken }
}

function signatureOf(body: Buffer, secret = SECRETS.app_secret): Header {
  return ['X-Hub-Signature-256', `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`]
}

/** A webhook as the platform posts it, but for what is given. */
function webhook({ to = `/webhooks/whatsapp/${senderId}`, ...given }: Partial<Sent> = {}): WireRequest {
  const body = given.body ?? BODY
  const headers = given.headers ?? [JSON_TYPE, signatureOf(body)]
  return { method: 'POST', target: to, ...given, headers, body }
}
type Sent = WireRequest & { to: string }

function chunked(body: Buffer): Partial<Sent> {
  const size = Buffer.from(`${body.length.toString(16)}\r\n`)
  return {
    headers: [['Transfer-Encoding', 'chunked'], signatureOf(body)],
    body: Buffer.concat([size, body, Buffer.from('\r\n0\r\n\r\n')]),
  }
}

/** Without Host and Content-Length, but for those given. */
const bare = (...headers: readonly Header[]): Partial<Sent> => ({
  bare: true,
  headers: [...headers, signatureOf(BODY)],
})
const HOST: Header = ['Host', 'localhost']
const LENGTH: Header = ['Content-Length', String(BODY.length)]
const and = (...headers: readonly Header[]): Partial<Sent> => ({ headers: [...headers, signatureOf(BODY)] })

const BYTES = Buffer.from([0, 255, 1, 2])
const LARGEST = Buffer.alloc(3 * 1024 * 1024, 'a')
const LARGER = Buffer.alloc(3 * 1024 * 1024 + 1, 'a')
const NOBODY = '/webhooks/whatsapp/00000000-0000-7000-8000-000000000000'
const PAST = 'goes past Express'
const THROUGH = 'goes through Express'

/** What is sent, which way it goes, and what it is answered with. */
const TABLE: readonly (readonly [string, typeof PAST | typeof THROUGH, number, () => Partial<Sent>])[] = [
  ['a webhook', PAST, 200, () => ({})],
  ['one that is no JSON', PAST, 200, () => ({ body: BYTES })],
  ['one of another type', PAST, 200, () => and(['Content-Type', 'text/plain; charset=utf-16'])],
  ['one of no type', PAST, 200, () => and()],
  ['one of three megabytes', PAST, 200, () => ({ body: LARGEST })],
  ['one with the secret before', PAST, 200, () => ({ headers: [signatureOf(BODY, 'old-app-secret')] })],
  ['one with an id of its own', PAST, 200, () => and(['X-Request-Id', 'order-7'])],
  ['one with an odd id', PAST, 200, () => and(['X-Request-Id', 'a b<c'])],
  ['one with two ids', PAST, 200, () => and(['X-Request-Id', 'a'], ['X-Request-Id', 'b'])],
  ['the last of a connection', PAST, 200, () => and(['Connection', 'close'])],
  ['nothing, signed', PAST, 200, () => ({ body: Buffer.alloc(0) })],
  ['one to an empty host', PAST, 200, () => and(['Host', ''])],
  ['no signature', PAST, 401, () => ({ headers: [JSON_TYPE] })],
  ['an empty signature', PAST, 401, () => ({ headers: [['X-Hub-Signature-256', '']] })],
  ['another secret’s', PAST, 401, () => ({ headers: [signatureOf(BODY, 'guess')] })],
  ['another body’s', PAST, 401, () => ({ headers: [signatureOf(BYTES)] })],
  ['two signatures', PAST, 401, () => ({ headers: [signatureOf(BODY), signatureOf(BODY, 'guess')] })],
  ['an unknown sender', PAST, 404, () => ({ to: NOBODY })],
  ['a sender that is none', THROUGH, 404, () => ({ to: '/webhooks/whatsapp/x' })],
  ['no sender', THROUGH, 404, () => ({ to: '/webhooks/whatsapp/' })],
  ['a sender in capitals', THROUGH, 404, () => ({ to: `/webhooks/whatsapp/${senderId.toUpperCase()}` })],
  ['an address in capitals', THROUGH, 404, () => ({ to: `/Webhooks/whatsapp/${senderId}` })],
  ['a slash at the end', THROUGH, 200, () => ({ to: `/webhooks/whatsapp/${senderId}/` })],
  ['two slashes', THROUGH, 404, () => ({ to: `//webhooks/whatsapp/${senderId}` })],
  ['a query', THROUGH, 200, () => ({ to: `/webhooks/whatsapp/${senderId}?a=b` })],
  ['an empty query', THROUGH, 200, () => ({ to: `/webhooks/whatsapp/${senderId}?` })],
  ['a hash', THROUGH, 200, () => ({ to: `/webhooks/whatsapp/${senderId}#a` })],
  [
    'an escaped sender',
    THROUGH,
    200,
    () => ({ to: `/webhooks/whatsapp/%3${senderId[0]}${senderId.slice(1)}` }),
  ],
  ['a stray percent sign', THROUGH, 400, () => ({ to: '/webhooks/whatsapp/%' })],
  ['a whole address', THROUGH, 200, () => ({ to: `http://localhost/webhooks/whatsapp/${senderId}` })],
  ['one byte too many', THROUGH, 413, () => ({ body: LARGER })],
  ['chunks', THROUGH, 200, () => chunked(BODY)],
  ['too many chunks', THROUGH, 413, () => chunked(LARGER)],
  ['what is compressed', THROUGH, 415, () => and(['Content-Encoding', 'gzip'])],
  ['what is said not to be', THROUGH, 200, () => and(['Content-Encoding', 'identity'])],
  ['no length', THROUGH, 401, () => ({ ...bare(HOST), body: Buffer.alloc(0) })],
  ['no host', THROUGH, 400, () => bare(LENGTH)],
  ['HTTP/1.0', THROUGH, 200, () => ({ ...bare(LENGTH), version: 'HTTP/1.0' })],
  ['the wish to be told to go on', THROUGH, 200, () => and(['Expect', '100-continue'])],
  ['another wish', THROUGH, 417, () => and(['Expect', 'x'])],
  ['the wish to be something else', THROUGH, 200, () => and(['Upgrade', 'h2c'], ['Connection', 'Upgrade'])],
  ['GET', THROUGH, 403, () => ({ method: 'GET' })],
  ['HEAD', THROUGH, 403, () => ({ method: 'HEAD' })],
  ['PUT', THROUGH, 405, () => ({ method: 'PUT' })],
  ['DELETE', THROUGH, 405, () => ({ method: 'DELETE' })],
  ['OPTIONS', THROUGH, 204, () => ({ method: 'OPTIONS' })],
]

describe('at the front door as behind Express', () => {
  test.each(TABLE)('%s %s, and is answered %i', async (_, way, status, given) => {
    const request = webhook(given())
    const [there, here] = [await ask(express, request), await ask(front, request)]
    expect(here.answer).toMatchObject({ status })
    expect(here.taken.includes(true)).toBe(way === PAST)
    expect(there.taken).not.toContain(true)
    expect({ ...here, taken: [] }).toEqual({ ...there, taken: [] })
    expect(here.received.length).toBe(status === 200 ? 1 : 0)
  })

  test('a webhook that cannot be stored is asked for again', async () => {
    failing = true
    const [there, here] = [await ask(express, webhook()), await ask(front, webhook())]
    expect(here.answer).toMatchObject({ status: 503, headers: { 'retry-after': '5' } })
    expect({ ...here, taken: [] }).toEqual({ ...there, taken: [] })
  })

  test('one that breaks off is not stored, and noted as nobody’s answer', async () => {
    const [there, here] = [await breakOff(express), await breakOff(front)]
    expect(here).toMatchObject({ taken: [true], received: [], lines: [{ status: 499 }] })
    expect({ ...here, taken: [] }).toEqual({ ...there, taken: [] })
  })

  test('several in one piece on one connection are answered one after the other', async () => {
    const [there, here] = [await askAtOnce(express), await askAtOnce(front)]
    expect(here).toEqual(there)
    expect(here).toEqual([200, 401, 200])
  })

  test('the figures count them as one route', async () => {
    const counted = async ({ server }: Entrance) => {
      const text = String((await server.ask('GET', '/metrics')).body)
      return text.split('\n').filter((line) => /_seconds_count.*webhooks/.test(line))
    }
    expect(await counted(front)).toEqual(await counted(express))
    expect((await counted(front)).join()).toMatch(/route="\/webhooks\/whatsapp\/{sender_id}",status="200"/)
  })
})

/** Asks, waits for the line in the log, and gives all that can be seen of it but time and ids that were made up. */
async function ask(at: Entrance, request: WireRequest) {
  forget(at)
  const answer = await exchange(at.server.url, request)
  await noted(at, 1)
  const { date, ...headers } = answer!.headers
  expect(date).toMatch(/GMT$/)
  return { answer: { ...answer, headers: plain(headers), body: plain(answer!.body.toString()) }, ...seen(at) }
}

async function breakOff(at: Entrance) {
  forget(at)
  const socket = connect(Number(new URL(at.server.url).port), '127.0.0.1')
  const head = [`POST /webhooks/whatsapp/${senderId} HTTP/1.1`, 'Host: a', 'Content-Length: 50', '', 'half']
  socket.write(head.join('\r\n'))
  await vi.waitFor(() => expect(at.taken).toHaveLength(1), 10_000)
  socket.destroy()
  await noted(at, 1)
  return seen(at)
}

async function askAtOnce(at: Entrance): Promise<number[]> {
  forget(at)
  const one = (signature: Header) =>
    [
      `POST /webhooks/whatsapp/${senderId} HTTP/1.1`,
      ...[HOST, LENGTH, signature].map((header) => header.join(': ')),
      '',
      BODY.toString(),
    ].join('\r\n')
  const socket = connect(Number(new URL(at.server.url).port), '127.0.0.1')
  socket.write([signatureOf(BODY), signatureOf(BODY, 'guess'), signatureOf(BODY)].map(one).join(''))
  let text = ''
  socket.on('data', (bytes) => {
    text += bytes
  })
  await noted(at, 3)
  await vi.waitFor(() => expect(text.match(/HTTP\/1.1 \d+/g)).toHaveLength(3), 10_000)
  socket.destroy()
  return text.match(/(?<=HTTP\/1.1 )\d+/g)!.map(Number)
}

function forget(at: Entrance): void {
  for (const list of [at.lines, at.received, at.taken]) list.length = 0
}

async function noted({ lines }: Entrance, count: number): Promise<void> {
  await vi.waitFor(() => expect(lines.filter(({ msg }) => msg === 'answered')).toHaveLength(count), 10_000)
}

function seen({ lines, received, taken }: Entrance) {
  const kept = lines.map(({ time, pid, ms, err, ...line }) => plain({ ...line, err: (err as Line)?.message }))
  return { lines: kept, received: received.map((body) => body.toString('latin1')), taken: [...taken] }
}

const MADE_UP = /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f-]{19,}/g

function plain<T>(value: T): T {
  return JSON.parse(JSON.stringify(value).replaceAll(MADE_UP, 'an id')) as T
}
