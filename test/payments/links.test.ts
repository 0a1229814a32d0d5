import { createServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  GATEWAY_NAMES,
  type GatewayName,
  makeLink,
  openCaller,
  openGateway,
  wantLinks,
} from '../../src/payments/index.ts'
import type { Scope } from '../../src/platform/scope.ts'
import { type Firm, type Server, startServer } from '../api/client.ts'
import { NOW, SECRETS, signed } from './says.ts'

/** A gateway of our own, from the four gateways' documents: it keeps what it was asked and makes each link once. */
type Asked = { method: string; path: string; auth: string; type: string; body: string }
let gateway: HttpServer
let base = ''
let asked: Asked[] = []
let made = new Map<string, string>()
/** What happens to the next calls that would make a link, in order; afterwards all goes well. */
let trouble: (
  | '500'
  | '429'
  | '400'
  | 'reset'
  | 'made, then reset'
  | 'made, then 500'
  | 'nonsense'
  | 'http link'
)[] = []

let server: Server
let firm: Firm
let neighbour: Firm
let now = NOW
const caller = openCaller()
beforeAll(async () => {
  gateway = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      const { method = '', url = '' } = request
      asked.push({
        method,
        path: url,
        auth: request.headers.authorization ?? '',
        type: request.headers['content-type'] ?? '',
        body,
      })
      const json = (status: number, answer: unknown) =>
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
      if (method === 'GET') return look(url, json)
      const reference = referenceIn(url, body)
      const fate = trouble.shift()
      if (fate === '500' || fate === '429' || fate === '400') return json(Number(fate), { message: 'no' })
      if (fate === 'reset') return request.socket.destroy()
      if (fate === 'nonsense') return json(200, { hello: 'there' })
      const address =
        fate === 'http link' ? `http://pay.example/${reference}` : `https://pay.example/${reference}`
      if (!made.has(reference)) made.set(reference, address)
      if (fate === 'made, then reset') return request.socket.destroy()
      if (fate === 'made, then 500') return json(500, {})
      json(200, answerOf(url, reference))
    })
  })
  await new Promise<void>((ready) => gateway.listen(0, '127.0.0.1', ready))
  base = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`
  server = await startServer({
    house: { clock: { now: () => now }, publicUrl: 'https://duecast.example.com' },
  })
})
afterAll(async () => {
  await caller.close()
  await server.close()
  gateway.closeAllConnections()
  await new Promise((done) => gateway.close(done))
})
beforeEach(async () => {
  ;[firm, neighbour] = [await server.openFirm(), await server.openFirm()]
  now = NOW
  asked = []
  made = new Map()
  trouble = []
})

function referenceIn(url: string, body: string): string {
  if (!body.startsWith('{')) return new URLSearchParams(body).get('metadata[invoice]')!
  const json = JSON.parse(body)
  return url.startsWith('/v2/') ? json.external_id : (json.reference_id ?? json.transaction_details.order_id)
}

function answerOf(url: string, reference: string): object {
  const link = made.get(reference)!
  if (url.startsWith('/v2/')) return { id: `id-${reference}`, invoice_url: link }
  if (url.startsWith('/v1/payment-links')) return { order_id: reference, payment_url: link }
  return { id: `id-${reference}`, short_url: link, url: link }
}

function look(url: string, json: (status: number, answer: unknown) => unknown): unknown {
  const address = new URL(url, base)
  const reference =
    address.searchParams.get('external_id') ??
    address.searchParams.get('reference_id') ??
    address.pathname.split('/').at(-1)!
  if (url.startsWith('/v2/')) return json(200, made.has(reference) ? [answerOf(url, reference)] : [])
  if (address.pathname.startsWith('/v1/payment-links/'))
    return made.has(reference) ? json(200, answerOf(url, reference)) : json(404, {})
  return json(200, { payment_links: made.has(reference) ? [answerOf(url, reference)] : [] })
}

const CONFIG: Record<GatewayName, Record<string, string>> = {
  midtrans: { server_key: SECRETS.midtrans! },
  xendit: { callback_token: SECRETS.xendit!, secret_key: 'xnd_secret_1' },
  razorpay: { webhook_secret: SECRETS.razorpay!, key_id: 'rzp_key_1', key_secret: 'rzp_secret_1' },
  stripe: { webhook_secret: SECRETS.stripe!, secret_key: 'sk_test_12345' },
}

async function connect(provider: GatewayName, of = firm): Promise<string> {
  const body = { provider, name: 'Shop', config: { ...CONFIG[provider], api_base_url: base } }
  const { body: connected } = await server.ask('POST', '/v1/payment-gateways', { key: of.keys.admin, body })
  const enabled = await server.ask('PUT', `/v1/payment-gateways/${connected.id}/links`, {
    key: of.keys.admin,
    body: { enabled: true },
  })
  expect([enabled.status, enabled.body.makes_links]).toEqual([200, true])
  return connected.id
}

let invoices = 0
async function invoice(more: object = {}, of = firm): Promise<string> {
  const body = {
    number: `INV/${++invoices}`,
    contact: { phone: '+628123456789', name: 'Siti' },
    amount: { amount: '150000.00', currency: 'IDR' },
    due_date: '2026-12-01',
    ...more,
  }
  const entered = await server.ask('POST', '/v1/invoices', { key: of.keys.marketer, body })
  expect(entered.status).toBe(201)
  return entered.body.id
}

function within<T>(work: (scope: Scope) => Promise<T>, of = firm): Promise<T> {
  const cause = {
    workspaceId: of.workspaceId,
    actor: { name: 'system:pay-links', role: 'owner' as const },
    requestId: 't',
  }
  return server.scratch.database.within(cause, (scope) => work({ ...scope, now }))
}

/** One round of the worker for the firm. */
async function round(of = firm): Promise<string[]> {
  await within(wantLinks, of)
  const due = await server.scratch.database.sql<{ workspace_id: string; link_id: string }[]>`
    SELECT workspace_id, link_id FROM links_to_make(${now.toISOString()}::timestamptz, 100)`
  const outlets = {
    within: <T>(work: (scope: Scope) => Promise<T>) => within(work, of),
    open: (id: string) => openGateway(server.scratch.database.sql, server.house.secrets, id),
    call: caller.call,
  }
  const became: string[] = []
  for (const { workspace_id, link_id } of due)
    if (workspace_id === of.workspaceId) became.push(await makeLink(outlets, link_id))
  return became
}

const later = (ms: number) => {
  now = new Date(now.getTime() + ms)
}
const creations = () => asked.filter(({ method }) => method === 'POST')
const linkOf = async (id: string, of = firm) =>
  (await server.ask('GET', `/v1/invoices/${id}`, { key: of.keys.viewer })).body.pay_link
const linksOf = async (id: string, of = firm) =>
  (await server.ask('GET', `/v1/invoices/${id}/payment-links`, { key: of.keys.viewer })).body.data as {
    state: string
    url: string
    amount: { amount: string }
    detail: string
    reference: string
  }[]

describe.each(GATEWAY_NAMES)('%s', (provider) => {
  it('makes a link for what is owed, once, and the invoice bears it', async () => {
    await connect(provider)
    const id = await invoice()
    expect(await round()).toEqual(['made'])
    expect(await round()).toEqual([])
    expect(creations()).toHaveLength(1)
    const [link] = await linksOf(id)
    expect(link).toMatchObject({ state: 'made', amount: { amount: '150000.00' } })
    expect(await linkOf(id)).toBe(`https://pay.example/${link!.reference}`)
    expect(creations()[0]!.auth).toMatch(/^(Basic|Bearer) /)
  })

  it('knows the invoice by the link’s reference when it is paid', async () => {
    const gatewayId = await connect(provider)
    const id = await invoice()
    await round()
    const [link] = await linksOf(id)
    const said = signed(provider, { reference: link!.reference, amount: '150000.00', at: now })
    const heard = await server.ask('POST', `/webhooks/payments/${gatewayId}`, {
      body: said.body,
      headers: said.headers,
    })
    expect(heard.status).toBe(200)
    const { body } = await server.ask('GET', `/v1/invoices/${id}`, { key: firm.keys.viewer })
    expect(body.state).toBe('paid')
  })

  it.each(['made, then reset', 'made, then 500'] as const)(
    'makes no second link where the answer of the first was lost (%s)',
    async (fate) => {
      await connect(provider)
      const id = await invoice()
      trouble = [fate]
      expect(await round()).toEqual(['later'])
      expect(await linkOf(id)).toBeNull()
      later(10_000)
      expect(await round()).toEqual(['made'])
      expect(made.size).toBe(1)
      expect(await linkOf(id)).toBe([...made.values()][0])
    },
  )

  it.each(['500', '429', 'reset', 'nonsense'] as const)('tries again after %s', async (fate) => {
    await connect(provider)
    const id = await invoice()
    trouble = [fate, fate]
    expect(await round()).toEqual(['later'])
    expect(await round()).toEqual([])
    later(10_000)
    expect(await round()).toEqual(['later'])
    later(60_000)
    expect(await round()).toEqual(['made'])
    expect((await linksOf(id)).map(({ state }) => state)).toEqual(['made'])
  })

  it('gives up for a day where the gateway refuses, and says why', async () => {
    await connect(provider)
    const id = await invoice()
    trouble = ['400']
    expect(await round()).toEqual(['failed'])
    expect(await linksOf(id)).toMatchObject([{ state: 'failed', detail: 'The gateway answered 400.' }])
    expect(await round()).toEqual([])
    later(86_400_000)
    expect(await round()).toEqual(['made'])
  })
})

describe('a link', () => {
  it('follows what is owed: another amount, another link, and the old one is never told again', async () => {
    await connect('xendit')
    const id = await invoice()
    await round()
    const first = await linkOf(id)
    const pay = { amount: { amount: '50000.00', currency: 'IDR' }, reference: 'part' }
    await server.ask('POST', `/v1/invoices/${id}/payments`, { key: firm.keys.marketer, body: pay })
    later(1_000)
    await within(wantLinks)
    expect(await linkOf(id)).toBeNull()
    expect(await round()).toEqual(['made'])
    expect(await linkOf(id)).not.toBe(first)
    expect((await linksOf(id)).map(({ amount }) => amount.amount)).toEqual(['100000.00', '150000.00'])
  })

  it('that was paid meanwhile is not given to the invoice', async () => {
    await connect('xendit')
    const id = await invoice()
    await within(wantLinks)
    await server.ask('POST', `/v1/invoices/${id}/payments`, {
      key: firm.keys.marketer,
      body: { reference: 'all' },
    })
    expect(await round()).toEqual(['made'])
    expect(await linkOf(id)).toBeNull()
    expect(await round()).toEqual([])
  })

  it('that came with the sheet stays', async () => {
    await connect('xendit')
    const id = await invoice({ pay_link: 'https://shop.example/own' })
    expect(await round()).toEqual([])
    expect(await linkOf(id)).toBe('https://shop.example/own')
  })

  it('is made thirty days before the day, or at once where it is asked for', async () => {
    await connect('xendit')
    const id = await invoice({ due_date: '2026-12-24' })
    expect(await round()).toEqual([])
    const wanted = await server.ask('POST', `/v1/invoices/${id}/payment-links`, {
      key: firm.keys.marketer,
      body: {},
    })
    expect([wanted.status, wanted.body.state]).toEqual([202, 'wanted'])
    expect(await round()).toEqual(['made'])
    const again = await server.ask('POST', `/v1/invoices/${id}/payment-links`, {
      key: firm.keys.marketer,
      body: {},
    })
    expect(again.body).toMatchObject({ state: 'made', url: await linkOf(id) })
    expect(creations()).toHaveLength(1)
  })

  it('is made by one of many who try at the same moment', async () => {
    await connect('midtrans')
    await invoice()
    await within(wantLinks)
    const rounds = await Promise.all(Array.from({ length: 5 }, () => round()))
    expect(rounds.flat().filter((became) => became === 'made')).toHaveLength(1)
    expect(creations()).toHaveLength(1)
  })

  it('must be a web address that is encrypted', async () => {
    await connect('xendit')
    const id = await invoice()
    trouble = ['http link']
    expect(await round()).toEqual(['failed'])
    expect(await linkOf(id)).toBeNull()
  })
})

describe('refused', () => {
  it('a gateway without what making links takes', async () => {
    const body = { provider: 'stripe', name: 'Shop', config: { webhook_secret: SECRETS.stripe! } }
    const { body: connected } = await server.ask('POST', '/v1/payment-gateways', {
      key: firm.keys.admin,
      body,
    })
    const enabled = await server.ask('PUT', `/v1/payment-gateways/${connected.id}/links`, {
      key: firm.keys.admin,
      body: { enabled: true },
    })
    expect([enabled.status, enabled.body.errors[0].path]).toEqual([400, 'config.secret_key'])
  })

  it('links where no gateway makes them, of what is paid, of another workspace, by who may not', async () => {
    const id = await invoice()
    const ask = (key: string, of = id) =>
      server.ask('POST', `/v1/invoices/${of}/payment-links`, { key, body: {} })
    expect((await ask(firm.keys.marketer)).body.code).toBe('no_link_maker')
    const gatewayId = await connect('xendit')
    expect((await ask(neighbour.keys.marketer)).status).toBe(404)
    expect((await ask(firm.keys.viewer)).status).toBe(403)
    const theirs = await server.ask('PUT', `/v1/payment-gateways/${gatewayId}/links`, {
      key: neighbour.keys.admin,
      body: { enabled: false },
    })
    expect(theirs.status).toBe(404)
    await server.ask('POST', `/v1/invoices/${id}/payments`, {
      key: firm.keys.marketer,
      body: { reference: 'all' },
    })
    expect((await ask(firm.keys.marketer)).body.code).toBe('wrong_state')
  })

  it('a second maker: the first one stops', async () => {
    const [first, second] = [await connect('xendit'), await connect('midtrans')]
    const { body } = await server.ask('GET', '/v1/payment-gateways', { key: firm.keys.viewer })
    const makes = Object.fromEntries(
      body.data.map((one: { id: string; makes_links: boolean }) => [one.id, one.makes_links]),
    )
    expect(makes).toEqual({ [first]: false, [second]: true })
  })
})
