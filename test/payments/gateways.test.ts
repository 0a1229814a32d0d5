import { createHash, createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { findGateway, GATEWAY_NAMES } from '../../src/payments/index.ts'
import { NOW, type Said, SECRETS, signed } from './says.ts'

const verifies = (provider: string, { body, headers }: Said, secrets = [SECRETS[provider]!], now = NOW) =>
  findGateway(provider)!.verify(Buffer.from(body), headers, secrets, now)

const paid = (provider: string, more: Partial<Parameters<typeof signed>[1]> = {}) =>
  signed(provider, { reference: 'INV-1', amount: '150000.00', ...more })

describe.each(GATEWAY_NAMES)('a webhook of %s', (provider) => {
  it('that is signed is proved, and says which payment it is and of what', () => {
    const said = paid(provider)
    expect(verifies(provider, said)).toBe(true)
    expect(findGateway(provider)!.read(Buffer.from(said.body), said.headers)).toMatchObject({
      kind: 'paid',
      reference: 'INV-1',
      amountMinor: 1_500_000_000n,
      currency: 'IDR',
      paymentId: expect.stringMatching(/./),
      at: expect.any(Date),
    })
  })

  it('proves with the secret before the last change as well, and with no other', () => {
    const said = paid(provider)
    expect(verifies(provider, said, ['another-secret-1', SECRETS[provider]!])).toBe(true)
    expect(verifies(provider, said, ['another-secret-1', 'another-secret-2'])).toBe(false)
    expect(verifies(provider, said, ['', ''])).toBe(false)
    expect(verifies(provider, said, [])).toBe(false)
  })

  it('without headers, without a body or with bytes that are no JSON proves nothing it should not', () => {
    const { headers } = paid(provider)
    for (const body of ['', '{', '[]', 'null', '\u0000', '{"a":1}']) {
      const proved = verifies(provider, { body, headers })
      // A callback token is no signature: it proves the sender and never the bytes.
      expect(proved, body).toBe(provider === 'xendit')
      expect(findGateway(provider)!.read(Buffer.from(body), headers)?.kind ?? 'other').toBe('other')
    }
    expect(verifies(provider, { body: paid(provider).body, headers: {} })).toBe(provider === 'midtrans')
  })

  it('is one event however often it comes, and another event for another payment', () => {
    const idOf = (said: Said) => findGateway(provider)!.read(Buffer.from(said.body), said.headers)!.eventId
    expect(idOf(paid(provider))).toBe(idOf(paid(provider)))
    expect(idOf(paid(provider))).not.toBe(idOf(paid(provider, { payment: 'pay_2' })))
    expect(idOf(paid(provider)).length).toBeLessThanOrEqual(300)
  })

  it.each(['pending', 'expired'])('that says %s pays nothing', (status) => {
    const said = signed(provider, { reference: 'INV-1', amount: '150000.00', status })
    expect(verifies(provider, said)).toBe(true)
    expect(findGateway(provider)!.read(Buffer.from(said.body), said.headers)!.kind).toBe('other')
  })

  it('that says refunded is no payment', () => {
    const said = signed(provider, { reference: 'INV-1', amount: '150000.00', status: 'refunded' })
    expect(verifies(provider, said)).toBe(true)
    expect(findGateway(provider)!.read(Buffer.from(said.body), said.headers)).toMatchObject({
      kind: 'refunded',
      amountMinor: 1_500_000_000n,
    })
  })
})

describe('a webhook whose bytes were altered', () => {
  it.each(['midtrans', 'razorpay', 'stripe'])('of %s is refused', (provider) => {
    const said = paid(provider)
    const digits = provider === 'midtrans' ? ['150000.00', '950000.00'] : ['15000000', '95000000']
    const altered = said.body.replaceAll(digits[0]!, digits[1]!)
    expect(altered).not.toBe(said.body)
    expect(verifies(provider, { ...said, body: altered })).toBe(false)
  })

  it.each(['razorpay', 'stripe'])('of %s is refused for one space more', (provider) => {
    const said = paid(provider)
    expect(verifies(provider, { ...said, body: `${said.body} ` })).toBe(false)
  })

  it('of Midtrans does not become a payment by its status alone, which the proof does not cover', () => {
    const pending = signed('midtrans', { reference: 'INV-1', amount: '150000.00', status: 'pending' })
    const altered = { ...pending, body: pending.body.replace('"pending"', '"settlement"') }
    expect(verifies('midtrans', altered)).toBe(true)
    expect(findGateway('midtrans')!.read(Buffer.from(altered.body), {})!.kind).toBe('other')
  })
})

describe('a signature of Stripe', () => {
  const body = '{"id":"evt_1"}'
  const at = Math.floor(NOW.getTime() / 1_000)
  const v1 = (time: number) => createHmac('sha256', SECRETS.stripe!).update(`${time}.${body}`).digest('hex')
  it.each([
    ['now', `t=${at},v1=${v1(at)}`, true],
    ['five minutes old', `t=${at - 300},v1=${v1(at - 300)}`, true],
    ['a second older', `t=${at - 301},v1=${v1(at - 301)}`, false],
    ['from the future', `t=${at + 301},v1=${v1(at + 301)}`, false],
    ['beside one of another secret', `t=${at},v1=${'0'.repeat(64)},v1=${v1(at)}`, true],
    ['of the old scheme', `t=${at},v0=${v1(at)}`, false],
    ['of another time', `t=${at - 1},v1=${v1(at)}`, false],
    ['without a time', `v1=${v1(at)}`, false],
    ['with a time that is none', `t=now,v1=${v1(at)}`, false],
    ['empty', '', false],
    ['cut', `t=${at},v1=${v1(at).slice(0, 63)}`, false],
  ])('%s', (_name, signature, proves) => {
    expect(verifies('stripe', { body, headers: { 'stripe-signature': signature } })).toBe(proves)
  })
})

describe('a finished checkout of Stripe', () => {
  const read = (type: string, object: object) =>
    findGateway('stripe')!.read(
      Buffer.from(JSON.stringify({ id: 'evt_1', type, created: 1_795_000_000, data: { object } })),
      {},
    )!
  const session = { id: 'cs_1', payment_intent: 'pi_1', amount_total: 150, metadata: { invoice: 'INV-1' } }
  it.each([
    ['checkout.session.completed', { ...session, currency: 'usd', payment_status: 'paid' }, 'paid', 15_000n],
    [
      'checkout.session.completed',
      { ...session, currency: 'usd', payment_status: 'unpaid' },
      'other',
      15_000n,
    ],
    ['checkout.session.async_payment_succeeded', { ...session, currency: 'jpy' }, 'paid', 1_500_000n],
    ['checkout.session.async_payment_failed', { ...session, currency: 'usd' }, 'other', 15_000n],
    ['checkout.session.completed', { ...session, currency: 'kwd', payment_status: 'paid' }, 'paid', 1_500n],
    [
      'charge.dispute.created',
      { id: 'dp_1', payment_intent: 'pi_1', amount: 150, currency: 'usd' },
      'charged_back',
      15_000n,
    ],
    ['customer.created', { id: 'cus_1' }, 'other', undefined],
  ])('%s: %#', (type, object, kind, amountMinor) => {
    expect(read(type, object)).toMatchObject({ kind, amountMinor })
  })
})

describe('a card payment of Midtrans', () => {
  const read = (more: object) =>
    findGateway('midtrans')!.read(
      Buffer.from(
        JSON.stringify({
          transaction_id: 't1',
          order_id: 'INV-1',
          status_code: '200',
          gross_amount: '1.00',
          ...more,
        }),
      ),
      {},
    )!.kind
  it.each([
    [{ transaction_status: 'capture', fraud_status: 'accept' }, 'paid'],
    [{ transaction_status: 'capture', fraud_status: 'challenge' }, 'other'],
    [{ transaction_status: 'capture' }, 'other'],
    [{ transaction_status: 'settlement', fraud_status: 'accept' }, 'paid'],
    [{ transaction_status: 'settlement' }, 'paid'],
    [{ transaction_status: 'settlement', status_code: '201' }, 'other'],
    [{ transaction_status: 'deny', status_code: '202' }, 'other'],
    [{ transaction_status: 'chargeback' }, 'charged_back'],
  ])('%o', (more, kind) => expect(read(more)).toBe(kind))

  it('is proved as Midtrans documents it', () => {
    const proof = createHash('sha512').update(`o1200100.00${SECRETS.midtrans}`).digest('hex')
    const body = { order_id: 'o1', status_code: '200', gross_amount: '100.00', signature_key: proof }
    expect(verifies('midtrans', { body: JSON.stringify(body), headers: {} })).toBe(true)
    expect(verifies('midtrans', { body: JSON.stringify({ ...body, gross_amount: 100 }), headers: {} })).toBe(
      false,
    )
  })
})

describe('the request for a link', () => {
  const CONFIG = {
    midtrans: { server_key: 'server-key-1' },
    xendit: { callback_token: 'token-123', secret_key: 'secret-key-1' },
    razorpay: { webhook_secret: 'secret-12', key_id: 'rzp_key_1', key_secret: 'key-secret-1' },
    stripe: { webhook_secret: 'secret-12', secret_key: 'sk_test_1' },
  } as const
  it.each(GATEWAY_NAMES)('of %s asks for what is owed, under our reference', (provider) => {
    const link = { reference: 'ref-1', invoiceNumber: 'INV/1', amountMinor: 1_500_000_000n, currency: 'IDR' }
    const request = findGateway(provider)!.createLink(
      { ...CONFIG[provider], api_base_url: 'https://x.test/' },
      link,
    )
    expect(request.url).toMatch(/^https:\/\/x\.test\/v[12]\//)
    const form = request.body!.startsWith('{')
      ? JSON.parse(request.body!)
      : Object.fromEntries(new URLSearchParams(request.body))
    const amounts = { midtrans: 150000, xendit: 150000, razorpay: 15000000, stripe: '15000000' }
    expect(JSON.stringify(form)).toContain(JSON.stringify(amounts[provider]))
    expect(JSON.stringify(form)).toContain('"ref-1"')
    expect(JSON.stringify(request)).not.toContain('undefined')
    if (provider === 'razorpay')
      expect(form).toMatchObject({ reminder_enable: false, notify: { sms: false, email: false } })
  })
})
