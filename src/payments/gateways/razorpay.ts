import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Gateway, GatewayEvent, Link, WebhookHeaders } from './gateway.ts'
import { headerOf, hmacHex, provedByOne, sameText } from './proof.ts'
import {
  AMOUNT,
  baseUrlSchema,
  basic,
  currencyOf,
  fromSmallest,
  idOf,
  instantOfText,
  jsonOf,
  jsonWith,
  member,
  secretSchema,
  toSmallest,
  under,
} from './reading.ts'

const API = 'https://api.razorpay.com'
const PAID = ['payment_link.paid', 'payment_link.partially_paid', 'payment.captured']

/**
 * Razorpay: `X-Razorpay-Signature` is HMAC-SHA256 over the raw bytes. A link may be paid in parts; each part is a
 * payment of its own, told by its own amount and never by the sum so far, so that the order does not matter.
 */
export const razorpay: Gateway = {
  provider: 'razorpay',
  configSchema: z.strictObject({
    webhook_secret: secretSchema,
    key_id: secretSchema.optional(),
    key_secret: secretSchema.optional(),
    api_base_url: baseUrlSchema.optional(),
  }),
  secretFields: ['webhook_secret', 'key_secret'],
  webhookSecret: 'webhook_secret',
  linkFields: ['key_id', 'key_secret'],
  verify(rawBody, headers, secrets) {
    const signature = headerOf(headers, 'x-razorpay-signature')
    return (
      signature !== undefined &&
      provedByOne(secrets, (secret) => sameText(signature, hmacHex(secret, rawBody)))
    )
  },
  read,
  findLink: ({ key_id, key_secret, api_base_url }, reference) => ({
    method: 'GET',
    url: under(api_base_url, API, `/v1/payment_links?reference_id=${encodeURIComponent(reference)}`),
    headers: { authorization: basic(key_id!, key_secret!), accept: 'application/json' },
  }),
  createLink: ({ key_id, key_secret, api_base_url }, link) => ({
    method: 'POST',
    url: under(api_base_url, API, '/v1/payment_links'),
    headers: {
      authorization: basic(key_id!, key_secret!),
      accept: 'application/json',
      'content-type': 'application/json',
    },
    // Without the two switches Razorpay would send reminders of its own.
    body: jsonWith(String(toSmallest(link.amountMinor, link.currency)), {
      amount: AMOUNT,
      currency: link.currency,
      reference_id: link.reference,
      description: link.invoiceNumber,
      notify: { sms: false, email: false },
      reminder_enable: false,
      notes: { invoice: link.invoiceNumber },
    }),
  }),
  readLink,
}

function read(rawBody: Buffer, headers: WebhookHeaders): GatewayEvent | undefined {
  const body = jsonOf(rawBody)
  const says = idOf(body?.event)
  if (!body || !says) return undefined
  const payment = member(body, 'payload', 'payment', 'entity')
  const refund = member(body, 'payload', 'refund', 'entity')
  const dispute = member(body, 'payload', 'dispute', 'entity')
  const kind = kindOf(says, payment)
  const money = kind === 'refunded' ? refund : kind === 'charged_back' ? (dispute ?? payment) : payment
  const currency = currencyOf(member(money, 'currency')) ?? currencyOf(member(payment, 'currency'))
  return {
    eventId:
      idOf(headerOf(headers, 'x-razorpay-event-id')) ?? createHash('sha256').update(rawBody).digest('hex'),
    kind,
    says,
    paymentId: idOf(member(payment, 'id')) ?? idOf(member(money, 'payment_id')),
    reference:
      idOf(member(body, 'payload', 'payment_link', 'entity', 'reference_id')) ??
      idOf(member(payment, 'notes', 'invoice')),
    amountMinor: fromSmallest(member(money, 'amount'), currency),
    currency,
    at: instantOfText(member(payment, 'created_at') ?? body.created_at),
  }
}

function kindOf(says: string, payment: unknown): GatewayEvent['kind'] {
  if (says === 'refund.processed') return 'refunded'
  if (says === 'payment.dispute.created' || says === 'payment.dispute.lost') return 'charged_back'
  const status = member(payment, 'status')
  const isCaptured = status === undefined || status === 'captured'
  return PAID.includes(says) && isCaptured && payment !== undefined ? 'paid' : 'other'
}

function readLink(answer: unknown): Link | undefined {
  const listed = member(answer, 'payment_links')
  const link: unknown = Array.isArray(listed) ? listed[0] : answer
  const [url, id] = [member(link, 'short_url'), idOf(member(link, 'id'))]
  return typeof url === 'string' && id ? { url, externalId: id } : undefined
}
