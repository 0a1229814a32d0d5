import type { ErrorAction, MessageStatus, SendOutcome } from '../../provider.ts'
import { type ErrorRule, explain, explainUnknown, ruleFor } from './errors.ts'
import { isRecord, type JsonRecord, maskNumbers, readCode, readId, readText } from './shapes.ts'

/** An answer as it came. `body` is undefined where it was longer than the limit or broke off. */
export type Answer = {
  readonly status: number
  readonly body: string | undefined
  /** From the `Retry-After` header, where there was one in whole seconds. */
  readonly retryAfterSeconds?: number
}

/** Longest wait that an answer may ask for. */
const RETRY_AFTER_SECONDS_MAX = 3_600
const RATE_LIMIT_WAIT_MS = 1_000
const MESSAGE_ID_MAX_CHARS = 512
const TITLE_MAX_CHARS = 200

/**
 * What an answer means. Only a 2xx with a message id is an acceptance, only a 3xx or 4xx is a refusal, and all else
 * leaves it open whether the message goes out. Among refusals Graph's error code decides; the HTTP status does only
 * where there is no code, since then the answer is not Graph's.
 */
export function classifyAnswer(answer: Answer): SendOutcome {
  const body = parseRecord(answer.body)
  if (answer.status >= 200 && answer.status < 300) return acceptance(answer, body)
  const error = readGraphError(body)
  if (answer.status >= 500) return openAfterServerError(answer.status, error)
  if (answer.status < 300 || answer.status === 303 || answer.status === 408) return unclear(answer.status)
  return error === undefined ? refusalWithoutCode(answer) : refusalByCode(error, answer)
}

/** A call that broke, by the code of its error. `dispatched` is whether any byte of the request may have left. */
export function classifyFailure(code: string, dispatched: boolean): SendOutcome {
  if (dispatched) {
    const what = BROKEN_OFF[code] ?? 'The connection broke before WhatsApp answered.'
    return { outcome: 'indeterminate', code, message: `${what} ${MAY_HAVE_ARRIVED}` }
  }
  const what = NOT_REACHED[code] ?? 'No connection to WhatsApp could be made.'
  return {
    outcome: 'not_sent',
    code,
    message: `${what} Nothing was sent; it is tried again.`,
    action: 'retry',
  }
}

const MAY_HAVE_ARRIVED =
  'The message may or may not go out, so it is not sent again; a receipt will tell, or its lifetime will end.'

const BROKEN_OFF: Readonly<Record<string, string>> = {
  UND_ERR_HEADERS_TIMEOUT: 'WhatsApp did not answer in time.',
  UND_ERR_BODY_TIMEOUT: 'WhatsApp’s answer stopped half-way.',
  answer_too_slow: 'WhatsApp’s answer came too slowly.',
  ECONNRESET: 'WhatsApp reset the connection.',
  UND_ERR_SOCKET: 'WhatsApp closed the connection without an answer.',
}

const NOT_REACHED: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'The connection to WhatsApp was refused.',
  ENOTFOUND: 'WhatsApp’s address could not be looked up; check the network and api_base_url.',
  EAI_AGAIN: 'WhatsApp’s address could not be looked up; check the network.',
  UND_ERR_CONNECT_TIMEOUT: 'WhatsApp did not take the connection in time.',
  UND_ERR_CLOSED: 'The sender was being closed.',
  UND_ERR_DESTROYED: 'The sender was being closed.',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'The certificate of api_base_url is not trusted.',
  SELF_SIGNED_CERT_IN_CHAIN: 'The certificate of api_base_url is not trusted.',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'The certificate of api_base_url is not trusted.',
  CERT_HAS_EXPIRED: 'The certificate of api_base_url has expired.',
  ERR_TLS_CERT_ALTNAME_INVALID: 'The certificate of api_base_url is for another name.',
}

type GraphError = { readonly code: number; readonly subcode: number | undefined; readonly title: string }

function acceptance(answer: Answer, body: JsonRecord | undefined): SendOutcome {
  const first: unknown = Array.isArray(body?.messages) ? body.messages[0] : undefined
  const providerMessageId = isRecord(first) ? readId(first.id, MESSAGE_ID_MAX_CHARS) : undefined
  if (!isRecord(first) || providerMessageId === undefined) {
    const code = body === undefined ? 'unreadable_answer' : 'no_message_id'
    const what = `WhatsApp answered ${answer.status} but named no message.`
    return { outcome: 'indeterminate', code, message: `${what} ${MAY_HAVE_ARRIVED}` }
  }
  const recipientId = readRecipient(body?.contacts)
  const accepted = {
    outcome: 'accepted',
    providerMessageId,
    messageStatus: readStatus(first.message_status),
  } as const
  return recipientId === undefined ? accepted : { ...accepted, recipientId }
}

function readStatus(word: unknown): MessageStatus {
  return word === 'held_for_quality_assessment' || word === 'paused' ? word : 'accepted'
}

function readRecipient(contacts: unknown): string | undefined {
  const first: unknown = Array.isArray(contacts) ? contacts[0] : undefined
  if (!isRecord(first)) return undefined
  return readId(first.wa_id, MESSAGE_ID_MAX_CHARS) ?? readId(first.user_id, MESSAGE_ID_MAX_CHARS)
}

function openAfterServerError(status: number, error: GraphError | undefined): SendOutcome {
  const rule = error && graphRule(error)
  const what = `WhatsApp answered with an error of its own (${status}).`
  const open = {
    outcome: 'indeterminate',
    code: error ? String(error.code) : `http_${status}`,
    message: `${what} ${MAY_HAVE_ARRIVED}`,
  } as const
  const action = rule?.action
  return action === 'sender' || action === 'account'
    ? { ...open, message: `${what} ${explain(rule!)}`, action }
    : open
}

function unclear(status: number): SendOutcome {
  const message = `The answer (${status}) does not say whether WhatsApp took the message. ${MAY_HAVE_ARRIVED}`
  return { outcome: 'indeterminate', code: `http_${status}`, message }
}

function refusalByCode(error: GraphError, answer: Answer): SendOutcome {
  const rule = graphRule(error)
  const code = String(error.code)
  if (rule === undefined) {
    return { outcome: 'rejected', code, message: explainUnknown(code, error.title), action: 'recipient' }
  }
  const refusal = { code, message: explain(rule), action: rule.action }
  if (rule.refused === 'rejected')
    return { outcome: 'rejected', ...refusal, ...(rule.isSystematic && { isSystematic: true }) }
  const { retryFactor, mostTries } = rule
  return {
    ...notSent(refusal, Math.max(rule.retryAfterMs ?? 0, retryAfterMs(answer))),
    ...(retryFactor !== undefined && { retryFactor }),
    ...(mostTries !== undefined && { mostTries }),
  }
}

/** Graph's missing object (code 100, subcode 33) is the same fault as its older code 33: the number id is wrong. */
function graphRule({ code, subcode }: GraphError): ErrorRule | undefined {
  return code === 100 && subcode === 33 ? ruleFor(33) : ruleFor(code)
}

function refusalWithoutCode(answer: Answer): SendOutcome {
  const code = `http_${answer.status}`
  if (answer.status === 429) {
    const message = 'WhatsApp asks to send more slowly. Sending slows down, then goes on.'
    return notSent({ code, message, action: 'retry' }, Math.max(RATE_LIMIT_WAIT_MS, retryAfterMs(answer)))
  }
  if (answer.status < 400 || WRONG_DOOR.has(answer.status)) {
    const message = `Something other than WhatsApp answered (${answer.status}). Check api_base_url, api_version and any proxy, then resume.`
    return notSent({ code, message, action: 'sender' }, 0)
  }
  const message = `WhatsApp refused the message (${answer.status}) without saying why.`
  return { outcome: 'rejected', code, message, action: 'recipient' }
}

/** Unauthorised, forbidden, not found, not allowed, proxy login: Graph says these with a code, others without. */
const WRONG_DOOR: ReadonlySet<number> = new Set([401, 403, 404, 405, 407])

function notSent(
  refusal: { readonly code: string; readonly message: string; readonly action: ErrorAction },
  waitMs: number,
): Extract<SendOutcome, { outcome: 'not_sent' }> {
  return waitMs > 0
    ? { outcome: 'not_sent', ...refusal, retryAfterMs: waitMs }
    : { outcome: 'not_sent', ...refusal }
}

function retryAfterMs({ retryAfterSeconds = 0 }: Answer): number {
  return Math.min(retryAfterSeconds, RETRY_AFTER_SECONDS_MAX) * 1_000
}

function readGraphError(body: JsonRecord | undefined): GraphError | undefined {
  const error = body?.error
  if (!isRecord(error)) return undefined
  const code = readCode(error.code)
  if (code === undefined) return undefined
  return {
    code,
    subcode: readCode(error.error_subcode),
    title: maskNumbers(readText(error.message, TITLE_MAX_CHARS)),
  }
}

function parseRecord(text: string | undefined): JsonRecord | undefined {
  if (text === undefined) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}
