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
