import { z } from 'zod'
import type { Gateway, GatewayConfig, GatewayEvent, Link, LinkRequest, WebhookHeaders } from './gateway.ts'
import { headerOf, hmacHex, provedByOne, sameText } from './proof.ts'
import {
  baseUrlSchema,
  currencyOf,
  fromSmallest,
  idOf,
  instantOfText,
  jsonOf,
  member,
  secretSchema,
  toSmallest,
  under,
} from './reading.ts'

const API = 'https://api.stripe.com'
/** As Stripe’s own libraries: an older signature may be a replay. */
const TOLERANCE_MS = 300_000

/**
 * Stripe: `Stripe-Signature: t=…,v1=…` is HMAC-SHA256 over `t.body`, refused five minutes from our clock. A finished
 * checkout is paid only where it says so; what is paid later arrives as an event of its own.
 */
export const stripe: Gateway = {
  provider: 'stripe',
  configSchema: z.strictObject({
    webhook_secret: secretSchema,
    secret_key: secretSchema.optional(),
    success_url: z
      .url({ protocol: /^https$/ })
      .max(2048)
      .optional(),
    api_base_url: baseUrlSchema.optional(),
  }),
  secretFields: ['webhook_secret', 'secret_key'],
  webhookSecret: 'webhook_secret',
  linkFields: ['secret_key'],
  verify,
  read,
  // Asking again with the same idempotency key gives the link of the first time.
  findLink: () => undefined,
  createLink,
  readLink,
}

function verify(rawBody: Buffer, headers: WebhookHeaders, secrets: readonly string[], now: Date): boolean {
  const parts = (headerOf(headers, 'stripe-signature') ?? '').split(',').map((part) => part.trim().split('='))
  const time = parts.find(([name]) => name === 't')?.[1] ?? ''
  const signatures = parts.filter(([name]) => name === 'v1').map(([, value]) => value ?? '')
  if (!/^\d{1,12}$/.test(time) || Math.abs(now.getTime() - Number(time) * 1_000) > TOLERANCE_MS) return false
  return provedByOne(secrets, (secret) => {
    const expected = hmacHex(secret, `${time}.`, rawBody)
    return signatures.map((given) => sameText(given, expected)).includes(true)
  })
}

function read(rawBody: Buffer, _headers: WebhookHeaders): GatewayEvent | undefined {
  const body = jsonOf(rawBody)
  const [eventId, says] = [idOf(body?.id), idOf(body?.type)]
  const object = member(body, 'data', 'object')
  if (!body || !eventId || !says || typeof object !== 'object') return undefined
  const currency = currencyOf(member(object, 'currency'))
  return {
    eventId,
    kind: kindOf(says, object),
    says,
    paymentId: idOf(member(object, 'payment_intent')) ?? idOf(member(object, 'id')),
    reference: idOf(member(object, 'client_reference_id')) ?? idOf(member(object, 'metadata', 'invoice')),
    amountMinor: fromSmallest(amountMember(says, object), currency),
    currency,
    at: instantOfText(body.created),
  }
}

function kindOf(says: string, object: unknown): GatewayEvent['kind'] {
  switch (says) {
    case 'checkout.session.completed':
      return member(object, 'payment_status') === 'paid' ? 'paid' : 'other'
    case 'checkout.session.async_payment_succeeded':
    case 'invoice.paid':
      return 'paid'
    case 'charge.refunded':
      return 'refunded'
    case 'charge.dispute.created':
      return 'charged_back'
    default:
      return 'other'
  }
}

function amountMember(says: string, object: unknown): unknown {
  if (says.startsWith('checkout.')) return member(object, 'amount_total')
  if (says.startsWith('invoice.')) return member(object, 'amount_paid')
  if (says === 'charge.refunded') return member(object, 'amount_refunded')
  return member(object, 'amount')
}

/** A checkout of one line; Stripe reads forms, not JSON. */
function createLink({ secret_key, api_base_url, success_url }: GatewayConfig, link: LinkRequest) {
  const form = new URLSearchParams({
    'line_items[0][price_data][currency]': link.currency.toLowerCase(),
    'line_items[0][price_data][unit_amount]': String(toSmallest(link.amountMinor, link.currency)),
    'line_items[0][price_data][product_data][name]': link.invoiceNumber,
    'line_items[0][quantity]': '1',
    'metadata[invoice]': link.reference,
    'payment_intent_data[metadata][invoice]': link.reference,
    'restrictions[completed_sessions][limit]': '1',
  })
  if (success_url !== undefined) {
    form.set('after_completion[type]', 'redirect')
    form.set('after_completion[redirect][url]', success_url)
  }
  return {
    method: 'POST' as const,
    url: under(api_base_url, API, '/v1/payment_links'),
    headers: {
      authorization: `Bearer ${secret_key}`,
      'content-type': 'application/x-www-form-urlencoded',
      'idempotency-key': link.reference,
    },
    body: form.toString(),
  }
}

function readLink(answer: unknown): Link | undefined {
  const [url, id] = [member(answer, 'url'), idOf(member(answer, 'id'))]
  return typeof url === 'string' && id ? { url, externalId: id } : undefined
}
