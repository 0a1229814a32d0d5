import type { LookupFunction } from 'node:net'
import { type Dispatcher, Pool } from 'undici'
import type { SendOutcome, SendTimeouts } from '../provider.ts'

/** One HTTP call, made once, and all that is known of how it ended. */
export type CallEnd =
  | {
      readonly kind: 'answer'
      readonly status: number
      /** Undefined where it was longer than the limit or broke off. */
      readonly body: string | undefined
      /** From the `Retry-After` header of a 429, in whole seconds. */
      readonly retryAfterSeconds: number
    }
  /** `dispatched` is whether any byte of the request may have left. */
  | { readonly kind: 'broken'; readonly code: string; readonly dispatched: boolean }

export type LineRequest = {
  readonly method: 'POST' | 'PUT' | 'GET'
  /** With its query. */
  readonly path: string
  /** As `lineHeaders` makes them. */
  readonly headers: LineHeaders
  readonly body?: string
}

/** The headers of a call: name, value, name, value. */
export type LineHeaders = string[]

/** Headers as a line takes them; whose calls all have the same ones makes them once. */
export function lineHeaders(headers: Readonly<Record<string, string>>): LineHeaders {
  return Object.entries({ 'user-agent': 'duecast', ...headers }).flat()
}

export type HttpLine = { call(request: LineRequest): Promise<CallEnd>; close(): Promise<void> }

const CONNECTIONS = 32
const CONNECT_TIMEOUT_MS = 10_000
const ANSWER_TIMEOUT_MS = 15_000
/** An answer is some hundred bytes; what is longer is not read. */
const ANSWER_MAX_BYTES = 64 * 1_024
const RETRY_AFTER_SECONDS_MAX = 3_600

/**
 * Opens kept-alive connections to one origin. A call is put on a socket once and never again; redirects are answers
 * like any other, and are not followed.
 * @param lookup resolves names where not every address may be called
 */
export function openLine(
  origin: string,
  options: {
    readonly connections?: number | undefined
    readonly timeouts?: SendTimeouts | undefined
    readonly lookup?: LookupFunction
  },
): HttpLine {
  const answerMs = options.timeouts?.answerMs ?? ANSWER_TIMEOUT_MS
  const pool = new Pool(origin, {
    connections: options.connections ?? CONNECTIONS,
    pipelining: 1,
    headersTimeout: answerMs,
    bodyTimeout: answerMs,
    connect: {
      timeout: options.timeouts?.connectMs ?? CONNECT_TIMEOUT_MS,
      ...(options.lookup ? { lookup: options.lookup } : {}),
    },
  })
  return {
    call: (request) =>
      new Promise((resolve) => {
        const reader = new AnswerReader(resolve, answerMs)
        try {
          pool.dispatch(request, reader)
        } catch (error) {
          reader.onResponseError(undefined, error as Error)
        }
      }),
    close: () => pool.close(),
  }
}

/** undici calls `onRequestStart` just before the first byte is written: that is what tells whether anything may have left. */
class AnswerReader implements Dispatcher.DispatchHandler {
  readonly #settle: (end: CallEnd) => void
  readonly #answerMs: number
  #dispatched = false
  #startedAtMs = 0
  #status = 0
  #retryAfterSeconds = 0
  #chunks: Buffer[] = []
  #bytes = 0

  constructor(settle: (end: CallEnd) => void, answerMs: number) {
    this.#settle = settle
    this.#answerMs = answerMs
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#dispatched) controller.abort(new Error('A message is never put on a second socket.'))
    this.#dispatched = true
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    this.#status = status
    this.#startedAtMs = performance.now()
    const wait = headers['retry-after']
    if (status === 429 && typeof wait === 'string' && /^\d{1,6}$/.test(wait))
      this.#retryAfterSeconds = Math.min(Number(wait), RETRY_AFTER_SECONDS_MAX)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length
    this.#chunks.push(chunk)
    if (this.#bytes > ANSWER_MAX_BYTES) this.#giveUp(controller, 'answer_too_long')
    else if (performance.now() - this.#startedAtMs > 2 * this.#answerMs)
      this.#giveUp(controller, 'answer_too_slow')
  }

  onResponseEnd(): void {
    const [first, ...more] = this.#chunks
    const isWhole = first !== undefined && more.length === 0
    this.#answer((isWhole ? first : Buffer.concat(this.#chunks, this.#bytes)).toString('utf8'))
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    // A status without a whole body still says that the request was refused, but never that it was taken.
    if (this.#status >= 300) this.#answer(undefined)
    else this.#settle({ kind: 'broken', code: codeOf(error), dispatched: this.#dispatched })
  }

  #answer(body: string | undefined): void {
    this.#settle({
      kind: 'answer',
      status: this.#status,
      body,
      retryAfterSeconds: this.#retryAfterSeconds,
    })
  }

  #giveUp(controller: Dispatcher.DispatchController, code: string): void {
    this.#chunks = []
    controller.abort(Object.assign(new Error('The answer was not read to its end.'), { code }))
  }
}

function codeOf(error: Error & { code?: unknown }): string {
  return typeof error.code === 'string' && error.code !== '' ? error.code : error.name
}

/** What a caller may do who does not know whether his message was taken. */
export const MAY_HAVE_ARRIVED =
  'The message may or may not go out, so it is not sent again; a receipt will tell, or its lifetime will end.'

/** A call that broke: provably nothing left, or nobody knows. @param name whom it was made to, for the sentence */
export function brokenCall(name: string, code: string, dispatched: boolean): SendOutcome {
  if (dispatched) {
    const message = `${name} ${BROKEN_OFF[code] ?? 'broke the connection off before it answered.'} ${MAY_HAVE_ARRIVED}`
    return { outcome: 'indeterminate', code, message }
  }
  const message = `No connection to ${name}: ${NOT_REACHED[code] ?? 'it could not be made.'} Nothing was sent; it is tried again.`
  return { outcome: 'not_sent', code, message, action: code === 'address_not_allowed' ? 'sender' : 'retry' }
}

const BROKEN_OFF: Readonly<Record<string, string>> = {
  UND_ERR_HEADERS_TIMEOUT: 'did not answer in time.',
  UND_ERR_BODY_TIMEOUT: 'stopped half-way through its answer.',
  answer_too_slow: 'answered too slowly.',
  answer_too_long: 'answered more than is read.',
  ECONNRESET: 'reset the connection.',
  UND_ERR_SOCKET: 'closed the connection without an answer.',
}

const NOT_REACHED: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'it was refused.',
  ENOTFOUND: 'its address could not be looked up; check it, and the network.',
  EAI_AGAIN: 'its address could not be looked up; check the network.',
  UND_ERR_CONNECT_TIMEOUT: 'it was not taken in time.',
  UND_ERR_CLOSED: 'the sender was being closed.',
  UND_ERR_DESTROYED: 'the sender was being closed.',
  CERT_HAS_EXPIRED: 'its certificate has expired.',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name.',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is not trusted.',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is not trusted.',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is not trusted.',
  address_not_allowed: 'its address is not a public one, and only those are called.',
}
