import {
  ATTEMPT_REF_MAX_CHARS,
  type InboundMessage,
  type ParsedWebhook,
  type StatusError,
  type StatusUpdate,
  type WebhookContext,
} from '../../provider.ts'
import { ATTEMPT_PARAMETER, unpackCallback } from '../callback.ts'
import { readCode, readId, readText, storable } from '../whatsapp-cloud/shapes.ts'
import { explainUnknown, twilioRule } from './errors.ts'

const ID_MAX_CHARS = 64
const TEXT_MAX_CHARS = 4_096

/** What the provider's words say: all before `delivered` only that it has the message. */
const STATUSES: ReadonlyMap<string, StatusUpdate['status']> = new Map([
  ['accepted', 'sent'],
  ['scheduled', 'sent'],
  ['queued', 'sent'],
  ['sending', 'sent'],
  ['sent', 'sent'],
  ['delivered', 'delivered'],
  ['read', 'read'],
  ['undelivered', 'failed'],
  ['failed', 'failed'],
  ['canceled', 'failed'],
])

/** Takes a stored callback apart: one status, or one message that a customer has sent. */
export function parseWebhook(stored: Buffer, context?: WebhookContext): ParsedWebhook {
  const callback = unpackCallback(stored)
  if (callback === undefined || context === undefined) return unknown(null)
  const form = new URLSearchParams(callback.body.toString('utf8'))
  const status = readStatus(form, callback.query, context)
  if (status) return { statuses: [status], inbound: [], templates: [], other: [], unknownCount: 0 }
  const inbound = readInbound(form, context)
  if (inbound) return { statuses: [], inbound: [inbound], templates: [], other: [], unknownCount: 0 }
  return unknown(Object.fromEntries(form))
}

function unknown(value: unknown): ParsedWebhook {
  return {
    statuses: [],
    inbound: [],
    templates: [],
    other: [{ field: 'callback', value: storable(value) ?? null }],
    unknownCount: 1,
  }
}

function readStatus(
  form: URLSearchParams,
  query: URLSearchParams,
  { receivedAt }: WebhookContext,
): StatusUpdate | undefined {
  const status = STATUSES.get(form.get('MessageStatus') ?? form.get('SmsStatus') ?? '')
  const providerMessageId = readId(form.get('MessageSid') ?? form.get('SmsSid'), ID_MAX_CHARS)
  const attemptRef = readId(query.get(ATTEMPT_PARAMETER), ATTEMPT_REF_MAX_CHARS)
  if (status === undefined || (providerMessageId === undefined && attemptRef === undefined)) return undefined
  return {
    status,
    occurredAt: receivedAt,
    ...(providerMessageId === undefined ? {} : { providerMessageId }),
    ...(attemptRef === undefined ? {} : { attemptRef }),
    ...(status === 'failed' ? { error: readError(form) } : {}),
  }
}

function readError(form: URLSearchParams): StatusError {
  const code = readCode(form.get('ErrorCode') ?? undefined)
  const rule = code === undefined ? undefined : twilioRule(code)
  const title = readText(form.get('ErrorMessage'), 200) ?? ''
  if (!rule) {
    const named = code === undefined ? 'unknown' : String(code)
    return { code: named, title, message: explainUnknown(named), action: 'recipient' }
  }
  return { code: String(code), title, message: rule.message, action: rule.action }
}

function readInbound(form: URLSearchParams, { receivedAt }: WebhookContext): InboundMessage | undefined {
  const providerMessageId = readId(form.get('MessageSid'), ID_MAX_CHARS)
  const from = /^\+?(\d{3,15})$/.exec(form.get('From') ?? '')?.[1]
  const text = form.get('Body')
  if (form.get('SmsStatus') !== 'received' || !providerMessageId || !from || text === null) return undefined
  return {
    providerMessageId,
    from,
    occurredAt: receivedAt,
    type: 'text',
    text: readText(text, TEXT_MAX_CHARS) ?? '',
  }
}
