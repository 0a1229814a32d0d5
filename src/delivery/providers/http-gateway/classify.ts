import type { ErrorAction, SendOutcome } from '../../provider.ts'
import { brokenCall, type CallEnd, MAY_HAVE_ARRIVED } from '../http-line.ts'
import type { HttpGatewayConfig } from './config.ts'
import { wordAt } from './placeholders.ts'

const NAME = 'The gateway'
const ID_MAX_CHARS = 256
const RATE_LIMIT_WAIT_MS = 1_000

/**
 * What a gateway's answer means, by its description. A 2xx is an acceptance where the answer names the message, or
 * where nothing says that it would; a word that is not among the accepted ones refuses it; a 5xx, and whatever is not
 * understood, leaves it open.
 */
export function classifyCall(end: CallEnd, config: HttpGatewayConfig, attemptRef: string): SendOutcome {
  if (end.kind === 'broken') return brokenCall(NAME, end.code, end.dispatched)
  const { status } = end
  if (status >= 500 || status < 200 || status === 303 || status === 408) return open(`http_${status}`)
  const body = parse(end.body)
  if (status < 300) return taken(body, end.body, config, attemptRef)
  const code = wordAt(body, config.answer?.error)
  if (code !== undefined) return refusal(code, config, end.retryAfterSeconds)
  return refusalWithoutCode(status, end.retryAfterSeconds)
}

function taken(
  body: unknown,
  text: string | undefined,
  { answer, ...config }: HttpGatewayConfig,
  attemptRef: string,
): SendOutcome {
  if (text === undefined) return open('unreadable_answer')
  if (answer?.status !== undefined) {
    const word = wordAt(body, answer.status)
    if (word === undefined) return open('no_status')
    if (!answer.accepted!.includes(word)) return refusal(wordAt(body, answer.error) ?? word, config, 0)
  }
  // A gateway that names no messages reports by the attempt's own name, or not at all.
  const id = answer?.id === undefined ? attemptRef : wordAt(body, answer.id, ID_MAX_CHARS)
  if (id === undefined) return open(body === undefined ? 'unreadable_answer' : 'no_message_id')
  return { outcome: 'accepted', providerMessageId: id, messageStatus: 'accepted' }
}

function open(code: string): SendOutcome {
  const message = `${NAME}’s answer does not say whether the message was taken (${code}). ${MAY_HAVE_ARRIVED}`
  return { outcome: 'indeterminate', code, message }
}

/** What a code acts on: what the description says, else this recipient alone. */
export function actionOf(code: string, { errors = {} }: Pick<HttpGatewayConfig, 'errors'>): ErrorAction {
  return Object.hasOwn(errors, code) ? errors[code]! : 'recipient'
}

/** The sentence for a code, which only the gateway's own documentation explains. */
export function explain(code: string): string {
  return `${NAME} refused the message with its code ${code}: see its documentation.`
}

function refusal(
  code: string,
  config: Pick<HttpGatewayConfig, 'errors'>,
  retryAfterSeconds: number,
): SendOutcome {
  const action = actionOf(code, config)
  const message = explain(code)
  if (action === 'recipient' || action === 'campaign') return { outcome: 'rejected', code, message, action }
  const waits = retryAfterSeconds > 0 ? { retryAfterMs: retryAfterSeconds * 1_000 } : {}
  return { outcome: 'not_sent', code, message, action, ...waits }
}

function refusalWithoutCode(status: number, retryAfterSeconds: number): SendOutcome {
  const code = `http_${status}`
  if (status === 429) {
    const message = `${NAME} asks to send more slowly. Sending slows down, then goes on.`
    const retryAfterMs = Math.max(RATE_LIMIT_WAIT_MS, retryAfterSeconds * 1_000)
    return { outcome: 'not_sent', code, message, action: 'retry', retryAfterMs }
  }
  if (status === 401 || status === 403) {
    const message = `${NAME} refuses these credentials (${status}): check secrets and headers, then resume.`
    return { outcome: 'not_sent', code, message, action: 'account' }
  }
  if (status < 400 || status === 404 || status === 405 || status === 407) {
    const message = `${NAME}’s address does not take messages (${status}): check url and method, then resume. Redirects are not followed.`
    return { outcome: 'not_sent', code, message, action: 'sender' }
  }
  const message = `${NAME} refused the message (${status}) without a code.`
  return { outcome: 'rejected', code, message, action: 'recipient' }
}

function parse(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '')
  } catch {
    return undefined
  }
}
