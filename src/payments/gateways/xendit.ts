import { z } from 'zod'
import type { Gateway, GatewayEvent, Link, WebhookHeaders } from './gateway.ts'
import { headerOf, provedByOne, sameText } from './proof.ts'
import {
  AMOUNT,
  amountOf,
  baseUrlSchema,
  basic,
  currencyOf,
  decimalText,
  eventIdOf,
  idOf,
  instantOfText,
  jsonOf,
  jsonWith,
  member,
  secretSchema,
  under,
} from './reading.ts'

const API = 'https://api.xendit.co'
const DAY_SECONDS = 24 * 60 * 60
const LINK_SECONDS = 365 * DAY_SECONDS

/**
 * Xendit: webhooks bear the account’s callback token, which is a password and no signature, so that nothing proves
 * that the bytes are unaltered. Invoices and payment sessions are understood.
 */
export const xendit: Gateway = {
  provider: 'xendit',
  configSchema: z.strictObject({
    callback_token: secretSchema,
    secret_key: secretSchema.optional(),
    api_base_url: baseUrlSchema.optional(),
  }),
  secretFields: ['callback_token', 'secret_key'],
  webhookSecret: 'callback_token',
  linkFields: ['secret_key'],
  verify(_rawBody, headers, secrets) {
    const token = headerOf(headers, 'x-callback-token')
    return token !== undefined && provedByOne(secrets, (secret) => sameText(token, secret))
  },
  read,
  findLink: ({ secret_key, api_base_url }, reference) => ({
    method: 'GET',
    url: under(api_base_url, API, `/v2/invoices?external_id=${encodeURIComponent(reference)}`),
    headers: { authorization: basic(secret_key!, ''), accept: 'application/json' },
  }),
  createLink: ({ secret_key, api_base_url }, link) => ({
    method: 'POST',
    url: under(api_base_url, API, '/v2/invoices'),
    headers: {
      authorization: basic(secret_key!, ''),
      accept: 'application/json',
      'content-type': 'application/json',
      'x-idempotency-key': link.reference,
    },
    body: jsonWith(decimalText(link.amountMinor), {
      external_id: link.reference,
      amount: AMOUNT,
      currency: link.currency,
      description: link.invoiceNumber,
      invoice_duration: LINK_SECONDS,
    }),
  }),
  readLink,
}

function read(rawBody: Buffer, headers: WebhookHeaders): GatewayEvent | undefined {
  const body = jsonOf(rawBody)
  if (!body) return undefined
  if (body.event === undefined || body.event === null) return readInvoice(body, headers)
  const says = idOf(body.event)
  return says === undefined ? undefined : readEvent(body, says, headers)
}

/** An invoice’s callback: PAID, then perhaps SETTLED, which is the same payment. */
function readInvoice(body: Record<string, unknown>, headers: WebhookHeaders): GatewayEvent | undefined {
  const [id, says] = [idOf(body.id), idOf(body.status)]
  if (!id || !says) return undefined
  return {
    eventId: nameOf(headers, `${id}:${says}`),
    kind: says === 'PAID' || says === 'SETTLED' ? 'paid' : 'other',
    says,
    paymentId: id,
    reference: idOf(body.external_id),
    amountMinor: amountOf(body.paid_amount) ?? amountOf(body.amount),
    currency: currencyOf(body.currency) ?? 'IDR',
    at: instantOfText(body.paid_at),
  }
}

function readEvent(
  body: Record<string, unknown>,
  says: string,
  headers: WebhookHeaders,
): GatewayEvent | undefined {
  const data = body.data
  const id =
    idOf(member(data, 'payment_session_id')) ?? idOf(member(data, 'id')) ?? idOf(member(data, 'payment_id'))
  if (!id) return undefined
  const isRefund = says === 'refund.succeeded'
  const isPaid = says === 'payment_session.completed' && member(data, 'status') !== 'FAILED'
  return {
    eventId: nameOf(headers, `${id}:${says}`),
    kind: isRefund ? 'refunded' : isPaid ? 'paid' : 'other',
    says,
    paymentId: isRefund ? (idOf(member(data, 'invoice_id')) ?? idOf(member(data, 'payment_id'))) : id,
    reference: idOf(member(data, 'reference_id')),
    amountMinor: amountOf(member(data, 'amount')),
    currency: currencyOf(member(data, 'currency')) ?? 'IDR',
    at: instantOfText(member(data, 'updated') ?? body.created),
  }
}

/** Newer webhooks bear an id of their own. */
function nameOf(headers: WebhookHeaders, made: string): string {
  return eventIdOf(headerOf(headers, 'webhook-id') ?? made)
}

function readLink(answer: unknown): Link | undefined {
  const invoice: unknown = Array.isArray(answer) ? answer[0] : answer
  const [url, id] = [member(invoice, 'invoice_url'), idOf(member(invoice, 'id'))]
  return typeof url === 'string' && id ? { url, externalId: id } : undefined
}
