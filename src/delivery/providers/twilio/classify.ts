import type { SendOutcome } from '../../provider.ts'
import { brokenCall, type CallEnd, MAY_HAVE_ARRIVED } from '../http-line.ts'
import { isRecord, type JsonRecord, readCode, readId } from '../whatsapp-cloud/shapes.ts'
import { explainUnknown, twilioRule } from './errors.ts'

const NAME = 'The SMS provider'
const SID_MAX_CHARS = 64
const RATE_LIMIT_WAIT_MS = 1_000

/**
 * What an answer means. Only a 2xx that names a message is an acceptance, only a 3xx or 4xx is a refusal, and all else
 * leaves it open whether the message goes out: the API knows no idempotency key, so that nothing is sent again blindly.
 */
export function classifyCall(end: CallEnd): SendOutcome {
  if (end.kind === 'broken') return brokenCall(NAME, end.code, end.dispatched)
  const body = parseRecord(end.body)
  if (end.status >= 200 && end.status < 300) return acceptance(end.status, body)
  if (end.status >= 500 || end.status < 200 || end.status === 303 || end.status === 408)
    return open(end.status)
  const code = readCode(body?.code)
  return code === undefined ? refusalWithoutCode(end) : refusalByCode(code, end.retryAfterSeconds)
}

function acceptance(status: number, body: JsonRecord | undefined): SendOutcome {
  const sid = readId(body?.sid, SID_MAX_CHARS)
  if (sid !== undefined) return { outcome: 'accepted', providerMessageId: sid, messageStatus: 'accepted' }
  const code = body === undefined ? 'unreadable_answer' : 'no_message_id'
  const message = `${NAME} answered ${status} but named no message. ${MAY_HAVE_ARRIVED}`
  return { outcome: 'indeterminate', code, message }
}

function open(status: number): SendOutcome {
  const message = `The answer (${status}) does not say whether the message was taken. ${MAY_HAVE_ARRIVED}`
  return { outcome: 'indeterminate', code: `http_${status}`, message }
}

function refusalByCode(number: number, retryAfterSeconds: number): SendOutcome {
  const rule = twilioRule(number)
  const code = String(number)
  if (!rule) return { outcome: 'rejected', code, message: explainUnknown(code), action: 'recipient' }
  const refusal = { code, message: rule.message, action: rule.action }
  if (rule.refused === 'rejected') return { outcome: 'rejected', ...refusal }
  const waitMs = Math.max(rule.retryAfterMs ?? 0, retryAfterSeconds * 1_000)
  return { outcome: 'not_sent', ...refusal, ...(waitMs > 0 ? { retryAfterMs: waitMs } : {}) }
}

/** Without a code the answer is not the API's own. */
function refusalWithoutCode({
  status,
  retryAfterSeconds,
}: {
  status: number
  retryAfterSeconds: number
}): SendOutcome {
  const code = `http_${status}`
  if (status === 429) {
    const message = `${NAME} asks to send more slowly. Sending slows down, then goes on.`
    const retryAfterMs = Math.max(RATE_LIMIT_WAIT_MS, retryAfterSeconds * 1_000)
    return { outcome: 'not_sent', code, message, action: 'retry', retryAfterMs }
  }
  if (status < 400 || WRONG_DOOR.has(status)) {
    const message = `Something other than the provider answered (${status}), or it does not know this account. Check the configuration, then resume.`
    return { outcome: 'not_sent', code, message, action: 'sender' }
  }
  return {
    outcome: 'rejected',
    code,
    message: `${NAME} refused the message (${status}) without saying why.`,
    action: 'recipient',
  }
}

const WRONG_DOOR: ReadonlySet<number> = new Set([401, 403, 404, 405, 407])

function parseRecord(text: string | undefined): JsonRecord | undefined {
  try {
    const value: unknown = JSON.parse(text ?? '')
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}
