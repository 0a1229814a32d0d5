import { type Dispatcher, Pool } from 'undici'
import type { ConnectDeps, ProviderConnection, SendOutcome } from '../../provider.ts'
import { classifyAnswer, classifyFailure } from './classify.ts'
import { marketingBody, requestBody } from './request.ts'

/** Where and as whom a sender speaks. */
export type CloudApiEndpoint = {
  /** Such as `https://graph.facebook.com`, with or without a path. */
  readonly baseUrl: string
  readonly version: string
  readonly phoneNumberId: string
  readonly accessToken: string
  /** Whether marketing goes by the Marketing Messages API. */
  readonly marketingApi?: boolean
}

const CONNECTIONS = 64
const CONNECT_TIMEOUT_MS = 10_000
const ANSWER_TIMEOUT_MS = 10_000
/** An answer is some hundred bytes; what is longer is not read. */
const ANSWER_MAX_BYTES = 64 * 1_024

/** Opens a sender's own pool of kept-alive connections, one request at a time on each. */
export function openConnection(
  endpoint: CloudApiEndpoint,
  { connections, timeouts }: Pick<ConnectDeps, 'connections' | 'timeouts'>,
): ProviderConnection {
  const { origin, path } = messagesAddress(endpoint)
  const answerMs = timeouts?.answerMs ?? ANSWER_TIMEOUT_MS
  const pool = new Pool(origin, {
    connections: connections ?? CONNECTIONS,
    pipelining: 1,
    headersTimeout: answerMs,
    bodyTimeout: answerMs,
    connect: { timeout: timeouts?.connectMs ?? CONNECT_TIMEOUT_MS },
  })
  const headers = requestHeaders(endpoint.accessToken)
  return {
    send: (message) =>
      endpoint.marketingApi && message.template.category === 'marketing'
        ? post(pool, { path: marketingPath(path), headers, answerMs }, marketingBody(message))
        : post(pool, { path, headers, answerMs }, requestBody(message)),
    close: () => pool.close(),
  }
}

type Line = { readonly path: string; readonly headers: string[]; readonly answerMs: number }

function messagesAddress({ baseUrl, version, phoneNumberId }: CloudApiEndpoint): {
  origin: string
  path: string
} {
  const { origin, pathname } = new URL(baseUrl)
  return { origin, path: `${pathname.replace(/\/+$/, '')}/${version}/${phoneNumberId}/messages` }
}

function marketingPath(messagesPath: string): string {
  return messagesPath.replace(/messages$/, 'marketing_messages')
}

function requestHeaders(accessToken: string): string[] {
  return [
    'authorization',
    `Bearer ${accessToken}`,
    'content-type',
    'application/json',
    'accept',
    'application/json',
    'user-agent',
    'duecast',
  ]
}

function post(pool: Pool, { path, headers, answerMs }: Line, body: string): Promise<SendOutcome> {
  return new Promise((resolve) => {
    const reader = new AnswerReader(resolve, answerMs)
    try {
      pool.dispatch({ method: 'POST', path, headers, body }, reader)
    } catch (error) {
      reader.onResponseError(undefined, error as Error)
    }
  })
}

/**
 * Reads one answer. It knows whether the request was put on a socket, which is what tells `not_sent` from
 * `indeterminate`: undici calls `onRequestStart` just before the first byte is written.
 */
class AnswerReader implements Dispatcher.DispatchHandler {
  readonly #settle: (outcome: SendOutcome) => void
  readonly #answerMs: number
  #dispatched = false
  #startedAtMs = 0
  #status = 0
  #retryAfter: string | undefined
  #chunks: Buffer[] = []
  #bytes = 0

  constructor(settle: (outcome: SendOutcome) => void, answerMs: number) {
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
    this.#startedAtMs = Date.now()
    if (status === 429 && typeof headers['retry-after'] === 'string')
      this.#retryAfter = headers['retry-after']
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length
    this.#chunks.push(chunk)
    if (this.#bytes > ANSWER_MAX_BYTES) this.#giveUp(controller, 'answer_too_long')
    else if (Date.now() - this.#startedAtMs > 2 * this.#answerMs) this.#giveUp(controller, 'answer_too_slow')
  }

  onResponseEnd(): void {
    const body = Buffer.concat(this.#chunks, this.#bytes).toString('utf8')
    this.#settle(classifyAnswer({ status: this.#status, body, ...this.#wait() }))
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    // A status without a whole body still says that the request was refused, but never that it was taken.
    if (this.#status >= 300)
      this.#settle(classifyAnswer({ status: this.#status, body: undefined, ...this.#wait() }))
    else this.#settle(classifyFailure(error, this.#dispatched))
  }

  #giveUp(controller: Dispatcher.DispatchController, code: string): void {
    this.#chunks = []
    controller.abort(Object.assign(new Error('The answer was not read to its end.'), { code }))
  }

  #wait(): { retryAfterSeconds?: number } {
    const text = this.#retryAfter
    return text !== undefined && /^\d{1,6}$/.test(text) ? { retryAfterSeconds: Number(text) } : {}
  }
}
