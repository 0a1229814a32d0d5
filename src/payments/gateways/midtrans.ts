import { createHash } from 'node:crypto'
import { z } from 'zod'
import { isWallClock } from '../../platform/calendar.ts'
import type { Gateway, GatewayEvent, Link, WebhookHeaders } from './gateway.ts'
import { provedByOne, sameText } from './proof.ts'
import {
  AMOUNT,
  amountOf,
  baseUrlSchema,
  basic,
  currencyOf,
  eventIdOf,
  idOf,
  jsonOf,
  jsonWith,
  member,
  secretSchema,
  under,
  wholeUnits,
} from './reading.ts'

const API = 'https://api.midtrans.com'
const REFUNDS = ['refund', 'partial_refund']
const CHARGEBACKS = ['chargeback', 'partial_chargeback']

/**
 * Midtrans: the proof stands in the body, SHA-512 over order_id, status_code, gross_amount and the server key. It does
 * not cover transaction_status, so that only status_code 200 together with a word for paid counts as paid.
 */
export const midtrans: Gateway = {
  provider: 'midtrans',
  configSchema: z.strictObject({ server_key: secretSchema, api_base_url: baseUrlSchema.optional() }),
  secretFields: ['server_key'],
  webhookSecret: 'server_key',
  linkFields: ['server_key'],
  verify,
  read,
  findLink: ({ server_key, api_base_url }, reference) => ({
    method: 'GET',
    url: under(api_base_url, API, `/v1/payment-links/${encodeURIComponent(reference)}`),
    headers: { authorization: basic(server_key!, ''), accept: 'application/json' },
  }),
  createLink: ({ server_key, api_base_url }, link) => ({
    method: 'POST',
    url: under(api_base_url, API, '/v1/payment-links'),
    headers: {
      authorization: basic(server_key!, ''),
      accept: 'application/json',
      'content-type': 'application/json',
    },
    body: jsonWith(wholeUnits(link.amountMinor), {
      transaction_details: { order_id: link.reference, gross_amount: AMOUNT },
      usage_limit: 1,
      title: link.invoiceNumber.slice(0, 40),
    }),
  }),
  readLink,
}

function verify(rawBody: Buffer, _headers: WebhookHeaders, secrets: readonly string[]): boolean {
  const body = jsonOf(rawBody)
  const { order_id, status_code, gross_amount, signature_key } = body ?? {}
  if ([order_id, status_code, gross_amount, signature_key].some((part) => typeof part !== 'string'))
    return false
  return provedByOne(secrets, (serverKey) => {
    const proof = createHash('sha512').update(`${order_id}${status_code}${gross_amount}${serverKey}`)
    return sameText(String(signature_key).toLowerCase(), proof.digest('hex'))
  })
}

function read(rawBody: Buffer): GatewayEvent | undefined {
  const body = jsonOf(rawBody)
  const [says, code] = [idOf(body?.transaction_status), idOf(body?.status_code)]
  const paymentId = idOf(body?.transaction_id)
  if (!body || !says || !code || !paymentId) return undefined
  const refunded = amountOf(body.refund_amount)
  const turn = idOf(member(lastOf(body.refunds), 'refund_key')) ?? refunded?.toString() ?? ''
  return {
    eventId: eventIdOf([paymentId, says, code, idOf(body.fraud_status) ?? '', turn].join(':')),
    kind: kindOf(says, code, body.fraud_status),
    says,
    paymentId,
    reference: idOf(body.order_id),
    amountMinor: REFUNDS.includes(says)
      ? (refunded ?? amountOf(body.gross_amount))
      : amountOf(body.gross_amount),
    currency: currencyOf(body.currency) ?? 'IDR',
    at: jakartaTime(body.settlement_time) ?? jakartaTime(body.transaction_time),
  }
}

function kindOf(says: string, code: string, fraud: unknown): GatewayEvent['kind'] {
  if (REFUNDS.includes(says)) return 'refunded'
  if (CHARGEBACKS.includes(says)) return 'charged_back'
  const isPaid = says === 'settlement' || (says === 'capture' && fraud === 'accept')
  return isPaid && code === '200' && fraud !== 'deny' && fraud !== 'challenge' ? 'paid' : 'other'
}

function lastOf(value: unknown): unknown {
  return Array.isArray(value) ? value.at(-1) : undefined
}

/** Midtrans writes `2026-11-23 10:00:00`, in Jakarta’s time. */
function jakartaTime(value: unknown): Date | undefined {
  if (typeof value !== 'string' || !/^[\d-]{10} [\d:]{8}$/.test(value)) return undefined
  const local = value.replace(' ', 'T')
  return isWallClock(local) ? new Date(`${local}+07:00`) : undefined
}

function readLink(answer: unknown): Link | undefined {
  const url = member(answer, 'payment_url') ?? member(answer, 'payment_link_url')
  const id = idOf(member(answer, 'order_id'))
  return typeof url === 'string' && id ? { url, externalId: id } : undefined
}
