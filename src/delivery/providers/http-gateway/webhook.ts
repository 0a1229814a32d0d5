import {
  ATTEMPT_REF_MAX_CHARS,
  type ParsedWebhook,
  type StatusUpdate,
  type WebhookContext,
} from '../../provider.ts'
import { ATTEMPT_PARAMETER, type Callback, unpackCallback } from '../callback.ts'
import { readId, storable } from '../whatsapp-cloud/shapes.ts'
import { actionOf, explain } from './classify.ts'
import type { HttpGatewayConfig } from './config.ts'
import { wordAt } from './placeholders.ts'

const ID_MAX_CHARS = 256
/** A gateway may report several messages in one list. */
const UPDATES_MAX = 1_000

/** Takes a stored callback apart by the gateway's description: one report, or a list of them. */
export function parseWebhook(stored: Buffer, context?: WebhookContext): ParsedWebhook {
  const callback = unpackCallback(stored)
  const config = context?.config as HttpGatewayConfig | undefined
  if (!callback || !context || !config?.callback)
    return { statuses: [], inbound: [], templates: [], other: [UNKNOWN], unknownCount: 1 }
  const value = contentOf(callback, config.callback.format)
  const items = Array.isArray(value) ? value.slice(0, UPDATES_MAX) : [value]
  const read = items.map((item) => readStatus(item, callback.query, config, context))
  const strange = items.filter((_, index) => read[index] === undefined)
  return {
    statuses: read.filter((update) => update !== undefined),
    inbound: [],
    templates: [],
    other: strange.map((item) => ({ field: 'callback', value: storable(item) ?? null })),
    unknownCount: strange.length,
  }
}

const UNKNOWN = { field: 'callback', value: null }

function contentOf({ query, body }: Callback, format: 'json' | 'form' | 'query'): unknown {
  if (format === 'query') return Object.fromEntries(query)
  const text = body.toString('utf8')
  if (format === 'form') return Object.fromEntries(new URLSearchParams(text))
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function readStatus(
  item: unknown,
  query: URLSearchParams,
  config: HttpGatewayConfig,
  { receivedAt }: WebhookContext,
): StatusUpdate | undefined {
  const told = config.callback!
  const word = wordAt(item, told.status)
  const status = word !== undefined && Object.hasOwn(told.statuses, word) ? told.statuses[word] : undefined
  const attempt =
    told.attempt === undefined
      ? query.get(ATTEMPT_PARAMETER)
      : wordAt(item, told.attempt, ATTEMPT_REF_MAX_CHARS)
  const attemptRef = readId(attempt, ATTEMPT_REF_MAX_CHARS)
  // Where the answer names no message, the attempt's own name stands for it.
  const named = told.id === undefined ? undefined : readId(wordAt(item, told.id, ID_MAX_CHARS), ID_MAX_CHARS)
  const providerMessageId = named ?? (config.answer?.id === undefined ? attemptRef : undefined)
  if (status === undefined || (providerMessageId === undefined && attemptRef === undefined)) return undefined
  return {
    status,
    occurredAt: receivedAt,
    ...(providerMessageId === undefined ? {} : { providerMessageId }),
    ...(attemptRef === undefined ? {} : { attemptRef }),
    ...(status === 'failed' ? { error: errorOf(wordAt(item, told.error) ?? word!, config) } : {}),
  }
}

function errorOf(code: string, config: HttpGatewayConfig) {
  return { code, title: '', message: explain(code), action: actionOf(code, config) }
}
