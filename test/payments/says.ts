import { createHash, createHmac } from 'node:crypto'

/** Written here once more, from the gateways' own documents, so that the tests share no code with what they test. */
export const NOW = new Date('2026-11-23T03:00:00Z')
export const SECRETS: Readonly<Record<string, string>> = {
  midtrans: 'SB-Mid-server-abcdef',
  xendit: 'callback-token-abcdef',
  razorpay: 'razorpay-webhook-secret',
  stripe: 'whsec_stripe-endpoint-secret',
}

export type Said = { body: string; headers: Record<string, string> }
type What = {
  reference: string
  amount: string
  payment?: string
  status?: string
  currency?: string
  secret?: string
  event?: string
  at?: Date
}

/** A webhook as the gateway sends it, signed. `status` is paid unless it says pending, expired or refunded. */
export function signed(provider: string, what: What): Said {
  const secret = what.secret ?? SECRETS[provider]!
  switch (provider) {
    case 'midtrans':
      return midtrans(what, secret)
    case 'xendit':
      return xendit(what, secret)
    case 'razorpay':
      return razorpay(what, secret)
    default:
      return stripe(what, secret)
  }
}

function midtrans(
  { reference, amount, payment = 'pay_1', status = 'paid', currency = 'IDR' }: What,
  key: string,
): Said {
  const words: Record<string, [string, string]> = {
    paid: ['settlement', '200'],
    pending: ['pending', '201'],
    expired: ['expire', '202'],
    refunded: ['refund', '200'],
  }
  const [transaction_status, status_code] = words[status]!
  const proof = createHash('sha512').update(`${reference}${status_code}${amount}${key}`).digest('hex')
  const body = {
    order_id: reference,
    status_code,
    gross_amount: amount,
    signature_key: proof,
    transaction_status,
    transaction_id: payment,
    currency,
    settlement_time: '2026-11-23 09:59:00',
    payment_type: 'qris',
  }
  return { body: JSON.stringify(body), headers: {} }
}

function xendit(
  { reference, amount, payment = 'pay_1', status = 'paid', currency = 'IDR' }: What,
  token: string,
): Said {
  const headers = { 'x-callback-token': token }
  if (status === 'refunded') {
    const data = {
      id: 'rfd-1',
      invoice_id: payment,
      reference_id: reference,
      amount: Number(amount),
      currency,
    }
    return { body: JSON.stringify({ event: 'refund.succeeded', data }), headers }
  }
  const word = { paid: 'PAID', pending: 'PENDING', expired: 'EXPIRED' }[status]
  const body = {
    id: payment,
    external_id: reference,
    status: word,
    amount: Number(amount),
    paid_amount: Number(amount),
    paid_at: '2026-11-23T02:59:00.000Z',
    currency,
  }
  return { body: JSON.stringify(body), headers }
}

function razorpay(what: What, secret: string): Said {
  const { reference, amount, payment = 'pay_1', status = 'paid', currency = 'IDR', event } = what
  const paise = Number(amount.replace('.', ''))
  const words: Record<string, string> = {
    paid: 'payment_link.paid',
    partial: 'payment_link.partially_paid',
    pending: 'payment_link.cancelled',
    expired: 'payment_link.expired',
    refunded: 'refund.processed',
  }
  const entity = { id: payment, amount: paise, currency, status: 'captured', created_at: 1_795_402_740 }
  const body = JSON.stringify({
    entity: 'event',
    event: words[status],
    created_at: 1_795_402_740,
    payload: {
      payment_link: { entity: { id: 'plink_1', reference_id: reference, amount: paise, amount_paid: paise } },
      ...(['paid', 'partial', 'refunded'].includes(status) && { payment: { entity } }),
      ...(status === 'refunded' && {
        refund: { entity: { id: 'rfnd_1', amount: paise, currency, payment_id: payment } },
      }),
    },
  })
  return {
    body,
    headers: {
      'x-razorpay-signature': createHmac('sha256', secret).update(body).digest('hex'),
      'x-razorpay-event-id': event ?? `${payment}-${status}`,
    },
  }
}

function stripe(what: What, secret: string): Said {
  const { reference, amount, payment = 'pay_1', status = 'paid', currency = 'IDR', event, at = NOW } = what
  const smallest = Number(amount.replace('.', ''))
  const type = {
    paid: 'checkout.session.completed',
    pending: 'checkout.session.completed',
    expired: 'checkout.session.expired',
    refunded: 'charge.refunded',
  }[status]
  const object = {
    id: `cs_${payment}`,
    payment_intent: payment,
    client_reference_id: reference,
    amount_total: smallest,
    amount_refunded: smallest,
    currency: currency.toLowerCase(),
    payment_status: status === 'paid' ? 'paid' : 'unpaid',
  }
  const body = JSON.stringify({
    id: event ?? `evt_${payment}_${status}`,
    type,
    created: Math.floor(at.getTime() / 1_000),
    data: { object },
  })
  const time = Math.floor(at.getTime() / 1_000)
  const v1 = createHmac('sha256', secret).update(`${time}.${body}`).digest('hex')
  return { body, headers: { 'stripe-signature': `t=${time},v1=${v1}` } }
}
