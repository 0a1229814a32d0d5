import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { claimPayments, GATEWAY_NAMES, type GatewayName } from '../../src/payments/index.ts'
import { type Firm, type Server, startServer } from '../api/client.ts'
import { NOW, type Said, SECRETS, signed } from './says.ts'

let server: Server
let firm: Firm
let neighbour: Firm
let now = NOW
beforeAll(async () => {
  server = await startServer({
    house: { clock: { now: () => now }, publicUrl: 'https://duecast.example.com' },
  })
  firm = await server.openFirm()
  neighbour = await server.openFirm()
})
afterAll(() => server.close())

const CONFIG: Record<GatewayName, Record<string, string>> = {
  midtrans: { server_key: SECRETS.midtrans! },
  xendit: { callback_token: SECRETS.xendit! },
  razorpay: { webhook_secret: SECRETS.razorpay! },
  stripe: { webhook_secret: SECRETS.stripe! },
}

async function connect(provider: GatewayName, of = firm): Promise<string> {
  const body = { provider, name: 'Shop', config: CONFIG[provider] }
  const made = await server.ask('POST', '/v1/payment-gateways', { key: of.keys.admin, body })
  expect(made.status).toBe(201)
  return made.body.id
}

let invoices = 0

/** An open invoice of Rp 150,000. */
async function invoice(of = firm, number = `INV-${++invoices}`): Promise<{ id: string; number: string }> {
  const body = {
    number,
    contact: { phone: '+628123456789', name: 'Siti' },
    amount: { amount: '150000.00', currency: 'IDR' },
    due_date: '2026-12-01',
  }
  const made = await server.ask('POST', '/v1/invoices', { key: of.keys.admin, body })
  expect(made.status).toBeLessThan(300)
  return { id: made.body.id, number }
}

const post = (gatewayId: string, { body, headers }: Said) =>
  server.ask('POST', `/webhooks/payments/${gatewayId}`, { body, headers })

async function look(id: string, of = firm) {
  const { body } = await server.ask('GET', `/v1/invoices/${id}`, { key: of.keys.viewer })
  return { state: body.state, paid: body.paid.amount }
}

async function outcomes(gatewayId: string, of = firm): Promise<string[]> {
  const { body } = await server.ask('GET', `/v1/payment-gateways/${gatewayId}/events`, {
    key: of.keys.viewer,
  })
  return body.data.map((event: { outcome: string }) => event.outcome).reverse()
}

/** Proved, and of no use to a database: a NUL, half a character, moments and amounts beyond all bounds. */
const STRANGE: [GatewayName, string, (said: Record<string, unknown>) => unknown][] = [
  ['midtrans', 'a NUL in its word', (said) => Object.assign(said, { transaction_status: 'settle\0ment' })],
  [
    'midtrans',
    'half a character in fraud_status',
    (said) => Object.assign(said, { fraud_status: 'a\ud800' }),
  ],
  ['midtrans', 'a NUL in fraud_status', (said) => Object.assign(said, { fraud_status: 'a\0' })],
  [
    'midtrans',
    'fraud_status of ten thousand levels',
    (said) => Object.assign(said, { fraud_status: 'DEEP' }),
  ],
  ['midtrans', '30 February', (said) => Object.assign(said, { settlement_time: '2026-02-30 10:00:00' })],
  ['midtrans', 'the year 0', (said) => Object.assign(said, { settlement_time: '0000-01-01 10:00:00' })],
  ['xendit', 'a NUL in its event', (said) => Object.assign(said, { event: 'a\0b', data: { id: 'x' } })],
  [
    'xendit',
    'half a character in its event',
    (said) => Object.assign(said, { event: '\ud800', data: { id: 'x' } }),
  ],
  ['xendit', 'a NUL in its id', (said) => Object.assign(said, { id: 'pay\0' })],
  ['xendit', 'half a character in its reference', (said) => Object.assign(said, { external_id: '\udfff' })],
  ['xendit', 'the year 10000', (said) => Object.assign(said, { paid_at: '9999-12-31T23:59:59-23:59' })],
  ['xendit', 'the year 0', (said) => Object.assign(said, { paid_at: '0000-01-01T00:00:00Z' })],
  ['xendit', 'an amount beyond all', (said) => Object.assign(said, { paid_amount: 1e21, amount: 1e300 })],
]

it.each(STRANGE)('%s with %s is taken and kept, and breaks nothing', async (provider, _, change) => {
  const [gateway, { number }] = [await connect(provider), await invoice()]
  const { body, headers } = signed(provider, {
    reference: number,
    amount: '150000.00',
    payment: `p-${number}`,
  })
  const said = JSON.parse(body) as Record<string, unknown>
  change(said)
  expect((await post(gateway, { body: JSON.stringify(said).replace('"DEEP"', DEEP), headers })).status).toBe(
    200,
  )
  expect(await outcomes(gateway)).toHaveLength(1)
})

it.each(['razorpay', 'stripe'] as const)(
  '%s with the largest amount of a currency without cents is kept',
  async (provider) => {
    const [gateway, { number }] = [await connect(provider), await invoice()]
    const amount = String(Number.MAX_SAFE_INTEGER)
    expect(
      (await post(gateway, signed(provider, { reference: number, amount, currency: 'JPY' }))).status,
    ).toBe(200)
    expect(await outcomes(gateway)).toEqual(['refused'])
  },
)

const DEEP = `${'['.repeat(10_000)}${']'.repeat(10_000)}`

describe.each(GATEWAY_NAMES)('%s', (provider) => {
  const say = (reference: string, more: object = {}) =>
    signed(provider, { reference, amount: '150000.00', payment: `pay-${reference}`, ...more })

  it('pays an invoice, once, however often it says so', async () => {
    const [gateway, { id, number }] = [await connect(provider), await invoice()]
    for (let times = 0; times < 3; times++) expect((await post(gateway, say(number))).status).toBe(200)
    expect(await look(id)).toEqual({ state: 'paid', paid: '150000.00' })
    expect(await outcomes(gateway)).toEqual(['recorded'])
  })

  it('pays an invoice once when the same event comes ten times at the same moment', async () => {
    const [gateway, { id, number }] = [await connect(provider), await invoice()]
    const answers = await Promise.all(Array.from({ length: 10 }, () => post(gateway, say(number))))
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200))
    expect(await look(id)).toEqual({ state: 'paid', paid: '150000.00' })
    expect(await outcomes(gateway)).toEqual(['recorded'])
  })

  it('that is forged changes nothing and is told so', async () => {
    const [gateway, { id, number }] = [await connect(provider), await invoice()]
    expect((await post(gateway, say(number, { secret: 'not-the-secret' }))).status).toBe(401)
    expect((await post(gateway, { body: say(number).body.replace(number, 'x'), headers: {} })).status).toBe(
      401,
    )
    expect(await look(id)).toEqual({ state: 'open', paid: '0.00' })
    expect(await outcomes(gateway)).toEqual([])
  })

  it('is taken in parts, and in whichever order they come', async () => {
    const [gateway, { id, number }] = [await connect(provider), await invoice()]
    const part = (payment: string, amount: string) => say(number, { payment: `${payment}-${number}`, amount })
    await post(gateway, part('second', '100000.00'))
    expect(await look(id)).toEqual({ state: 'partly_paid', paid: '100000.00' })
    await post(gateway, part('first', '20000.00'))
    await post(gateway, part('second', '100000.00'))
    expect(await look(id)).toEqual({ state: 'partly_paid', paid: '120000.00' })
    await post(gateway, part('third', '30000.00'))
    expect(await look(id)).toEqual({ state: 'paid', paid: '150000.00' })
  })

  it('never makes unpaid what was paid, whatever comes late', async () => {
    const [gateway, { id, number }] = [await connect(provider), await invoice()]
    await post(gateway, say(number))
    for (const status of ['pending', 'expired', 'refunded'])
      expect((await post(gateway, say(number, { status }))).status).toBe(200)
    expect(await look(id)).toEqual({ state: 'paid', paid: '150000.00' })
    expect((await outcomes(gateway)).sort()).toEqual(['noted', 'nothing', 'nothing', 'recorded'])
  })

  it('that comes out of order still pays', async () => {
    const [gateway, { id, number }] = [await connect(provider), await invoice()]
    for (const status of ['expired', 'pending', 'paid', 'pending'])
      await post(gateway, say(number, { status }))
    expect(await look(id)).toMatchObject({ state: 'paid' })
  })

  it('that names no invoice is kept and counted, and taken up when the invoice comes', async () => {
    const gateway = await connect(provider)
    const number = `LATER-${provider}`
    expect((await post(gateway, say(number))).status).toBe(200)
    expect(await outcomes(gateway)).toEqual(['unknown_invoice'])
    const { id } = await invoice(firm, number)
    const cause = {
      workspaceId: firm.workspaceId,
      actor: { name: 'system', role: 'owner' as const },
      requestId: 't',
    }
    expect(await server.scratch.database.within(cause, claimPayments)).toBe(1)
    expect(await server.scratch.database.within(cause, claimPayments)).toBe(0)
    expect(await look(id)).toMatchObject({ state: 'paid' })
    expect(await outcomes(gateway)).toEqual(['recorded'])
  })

  it('pays nothing of another workspace, whose invoice has the same number', async () => {
    const gateway = await connect(provider)
    const { id, number } = await invoice(neighbour, `THEIRS-${provider}`)
    expect((await post(gateway, say(number))).status).toBe(200)
    expect(await look(id, neighbour)).toEqual({ state: 'open', paid: '0.00' })
    expect(await outcomes(gateway)).toEqual(['unknown_invoice'])
  })

  it('in another currency is refused and kept, and pays nothing', async () => {
    const [gateway, { id, number }] = [await connect(provider), await invoice()]
    expect((await post(gateway, say(number, { currency: 'USD' }))).status).toBe(200)
    expect(await look(id)).toEqual({ state: 'open', paid: '0.00' })
    expect(await outcomes(gateway)).toEqual(['refused'])
  })

  it('that was taken away is unknown', async () => {
    const [gateway, { id, number }] = [await connect(provider), await invoice()]
    const path = `/v1/payment-gateways/${gateway}`
    expect((await server.ask('DELETE', path, { key: neighbour.keys.admin })).status).toBe(404)
    expect((await server.ask('DELETE', path, { key: firm.keys.admin })).status).toBe(204)
    expect((await post(gateway, say(number))).status).toBe(404)
    expect(await look(id)).toMatchObject({ state: 'open' })
  })

  it('proves with the old secret for a day after it was changed', async () => {
    const gateway = await connect(provider)
    const config = Object.fromEntries(
      Object.keys(CONFIG[provider]).map((name) => [name, 'a-new-secret-1234']),
    )
    const rotation = { key: firm.keys.admin, body: { config } }
    expect((await server.ask('POST', `/v1/payment-gateways/${gateway}/rotation`, rotation)).status).toBe(200)
    const say = async (secret: string) => {
      const { number } = await invoice()
      return (await post(gateway, signed(provider, { reference: number, amount: '1.00', secret, at: now })))
        .status
    }
    expect([await say(SECRETS[provider]!), await say('a-new-secret-1234')]).toEqual([200, 200])
    now = new Date(NOW.getTime() + 24 * 60 * 60 * 1_000 + 1)
    expect([await say(SECRETS[provider]!), await say('a-new-secret-1234')]).toEqual([401, 200])
    now = NOW
  })
})

describe('a payment gateway', () => {
  it('is shown with the address to paste and never with its secrets', async () => {
    const id = await connect('stripe')
    const { body } = await server.ask('GET', '/v1/payment-gateways', { key: firm.keys.viewer })
    const shown = body.data.find((one: { id: string }) => one.id === id)
    expect(shown.webhook_url).toBe(`https://duecast.example.com/webhooks/payments/${id}`)
    expect(JSON.stringify(body)).not.toContain(SECRETS.stripe)
    const [row] = await server.scratch.owner.sql`SELECT secrets FROM payment_gateways WHERE id = ${id}`
    expect(Buffer.from(row!.secrets).toString('latin1')).not.toContain(SECRETS.stripe)
  })

  it.each([
    [{ provider: 'paypal', name: 'x', config: {} }],
    [{ provider: 'stripe', name: 'x', config: {} }],
    [{ provider: 'stripe', name: 'x', config: { webhook_secret: 'short' } }],
    [{ provider: 'stripe', name: 'x', config: { ...CONFIG.stripe, api_base_url: 'http://10.0.0.1' } }],
    [{ provider: 'midtrans', name: '', config: CONFIG.midtrans }],
  ])('that is wrong is refused: %#', async (body) => {
    const made = await server.ask('POST', '/v1/payment-gateways', { key: firm.keys.admin, body })
    expect(made).toMatchObject({ status: 400, body: { code: 'validation_failed' } })
  })

  it('is connected by managers only, and its events are its workspace’s', async () => {
    const body = { provider: 'stripe', name: 'x', config: CONFIG.stripe }
    const id = await connect('stripe')
    expect((await server.ask('POST', '/v1/payment-gateways', { key: firm.keys.marketer, body })).status).toBe(
      403,
    )
    const events = `/v1/payment-gateways/${id}/events`
    expect((await server.ask('GET', events, { key: neighbour.keys.owner })).status).toBe(404)
  })

  it('that does not exist, or whose webhook is too large, is told so', async () => {
    const nowhere = '00000000-0000-7000-8000-000000000000'
    expect((await post(nowhere, { body: '{}', headers: {} })).status).toBe(404)
    expect((await post('x', { body: '{}', headers: {} })).status).toBe(404)
    const id = await connect('xendit')
    const large = { body: ' '.repeat(300 * 1024), headers: { 'x-callback-token': SECRETS.xendit! } }
    expect((await post(id, large)).status).toBe(413)
  })

  it('that proves itself and says what nobody understands is answered and kept', async () => {
    const id = await connect('xendit')
    for (const body of ['', 'not json', '[]', '{"id":5}'])
      expect((await post(id, { body, headers: { 'x-callback-token': SECRETS.xendit! } })).status).toBe(200)
    expect(await outcomes(id)).toEqual(['nothing', 'nothing', 'nothing', 'nothing'])
  })
})
