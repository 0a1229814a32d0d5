import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { graphError } from './graph.ts'
import { NO_JOURNAL, openJournal } from './journal.ts'
import { type CallAnswer, createPlatform, type Platform } from './platform.ts'
import { createRecord, type WitnessRecord } from './record.ts'
import { createSmsPlatform, type SmsPlatform } from './sms.ts'
import { openShelf } from './templates.ts'

export type SimulatorOptions = {
  /** Loopback unless told otherwise: whoever reaches it can read what was sent. */
  readonly host?: string
  /** 0 for any free port. */
  readonly port?: number
  /** A file of JSON lines to which every acceptance is appended, and from which an earlier run is read. */
  readonly recordFile?: string
  /** A file in which templates are kept, so that a restart loses none. */
  readonly templatesFile?: string
  /** How patiently webhooks are tried again when they are not taken with a 200. */
  readonly webhookRetries?: {
    readonly retryPauseMs?: number
    readonly retryPauseMaxMs?: number
    readonly retryForMs?: number
  }
}

export type Simulator = {
  /** Such as `http://127.0.0.1:4010`. */
  readonly url: string
  /** Stops listening, drops every connection and what was still to be posted. */
  close(): Promise<void>
}

const BODY_MAX_BYTES = 64 * 1_024
const UPLOAD_MAX_BYTES = 101 * 1_024 ** 2
const PAGE_DEFAULT = 100
const PAGE_MAX = 10_000
/** A call that is never answered is dropped after this long, should the caller be more patient still. */
const SILENCE_MAX_MS = 120_000

/**
 * Starts the platform's stand-in: it takes messages as the Cloud API does, posts signed webhooks, and bears witness
 * to all that it accepted.
 *
 * - `POST /v26.0/{phone_number_id}/messages` or `/marketing_messages`: the Cloud API (any version); the bearer token carries its orders
 * - `GET`, `POST`, `DELETE /v26.0/{business_account_id}/message_templates`: its template management
 * - `POST /orders/templates` `{business_account_id, name, language, event|category|quality, reason?}`: what the platform is to
 *   do to a template; the account's senders are told by webhook
 * - `POST [/sms/{orders}]/2010-04-01/Accounts/{sid}/Messages.json`: Twilio’s Messages API, with signed callbacks
 * - `POST /gateway/{orders}/messages`: a plain SMS gateway, JSON in and out
 * - `POST /v26.0/{phone_number_id}/media`: a file for the headers of messages
 * - `POST /v26.0/{app_id}/uploads`, then `POST /v26.0/upload:…`: the example of a template's header
 * - `GET /v26.0/…`: what the management API says of the sender: token, number, account, subscriptions, templates
 * - `GET /witness/summary?phone_number_id=`: figures, with `pending_receipts` and `dropped_receipts`
 * - `GET /witness/messages?phone_number_id=&attempt_ref=&cursor=&limit=`: every accepted attempt
 * - `DELETE /witness`: forget everything
 * - `GET /healthz`
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const record = createRecord()
  const journal =
    options.recordFile === undefined ? NO_JOURNAL : await openJournal(options.recordFile, record)
  const platform = createPlatform({
    record,
    journal,
    shelf: openShelf(options.templatesFile),
    webhookRetries: retriesOf(options),
  })
  const sms = createSmsPlatform({ record, journal, webhookRetries: retriesOf(options) })
  const witness = { record, platform, sms, clearJournal: () => journal.clear() }
  const server = createServer((request, response) => route(request, response, witness))
  // Whoever called closes the connection: a stand-in that does so would cut off a call that is on its way.
  server.keepAliveTimeout = 0
  await listen(server, options.port ?? 0, options.host ?? '127.0.0.1')
  return {
    url: addressOf(server),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
      await platform.close()
      await sms.close()
      journal.close()
    },
  }
}

type Witness = {
  readonly record: WitnessRecord
  readonly platform: Platform
  readonly sms: SmsPlatform
  readonly clearJournal: () => void
}

function retriesOf({ webhookRetries = {} }: SimulatorOptions) {
  return {
    retryPauseMs: webhookRetries.retryPauseMs ?? 100,
    retryPauseMaxMs: webhookRetries.retryPauseMaxMs ?? 5_000,
    retryForMs: webhookRetries.retryForMs ?? 15 * 60_000,
  }
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.removeListener('error', reject)
      resolve()
    })
  })
}

function addressOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo
  const host = address === '0.0.0.0' || address === '::' ? '127.0.0.1' : address
  return `http://${family === 'IPv6' && host !== '127.0.0.1' ? `[${host}]` : host}:${port}`
}

const TEMPLATES_PATH = /^\/v\d+\.\d+\/([^/?]+)\/message_templates(?:\?|$)/
const UPLOAD_PATH = /^\/v\d+\.\d+\/([^/?]+\/media|[^/?]+\/uploads|upload:[^/?]+)(?:\?|$)/
const MESSAGES_PATH = /^\/v\d+\.\d+\/([^/?]+)\/(?:marketing_)?messages(?:\?|$)/

function route(request: IncomingMessage, response: ServerResponse, witness: Witness): void {
  const messages = request.method === 'POST' ? MESSAGES_PATH.exec(request.url!) : null
  if (messages) takeMessage(messages[1]!, request, response, witness.platform)
  else routeOther(request, response, witness)
}

function routeOther(request: IncomingMessage, response: ServerResponse, witness: Witness): void {
  const templates = TEMPLATES_PATH.exec(request.url!)
  const uploads = request.method === 'POST' ? UPLOAD_PATH.exec(request.url!) : null
  const managed = request.method === 'GET' ? MANAGED_PATH.exec(request.url!) : null
  if (templates) manageTemplates(templates[1]!, request, response, witness.platform)
  else if (uploads) takeUpload(uploads[1]!, request, response, witness.platform)
  else if (managed) answerManaged(managed[1]!, request, response, witness.platform)
  else if (request.method === 'POST' && request.url === '/orders/templates')
    orderTemplate(request, response, witness)
  else if (request.method === 'POST') takeSms(request, response, witness)
  else answerWitness(request, response, witness)
}

function takeUpload(
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
  platform: Platform,
): void {
  const { searchParams: query } = new URL(request.url!, BASE)
  const { authorization, 'content-type': contentType, file_offset: offset } = request.headers
  readBytes(request, UPLOAD_MAX_BYTES, (body) => {
    if (body === undefined) return refuseBody(request)
    const call = { path: decodeURIComponent(path), query, contentType, offset: String(offset) }
    platform.handleUpload(call, authorization, body).then(
      (answer) => sendJson(response, answer.status, answer.body),
      () => response.destroy(),
    )
  })
}

function manageTemplates(
  accountId: string,
  request: IncomingMessage,
  response: ServerResponse,
  platform: Platform,
): void {
  const { searchParams: query } = new URL(request.url!, BASE)
  readBody(request, (body) => {
    if (body === undefined) return refuseBody(request)
    const call = { method: request.method ?? '', accountId, query }
    const answer = platform.handleTemplates(call, request.headers.authorization, body)
    sendJson(response, answer.status, answer.body)
  })
}

function orderTemplate(request: IncomingMessage, response: ServerResponse, { platform }: Witness): void {
  readBody(request, (body) => {
    if (body === undefined) return refuseBody(request)
    const answer = platform.orderTemplate(body)
    sendJson(response, answer.status, answer.body)
  })
}

function refuseBody(request: IncomingMessage): void {
  request.socket.end('HTTP/1.1 413 Payload Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
}

function takeSms(request: IncomingMessage, response: ServerResponse, witness: Witness): void {
  readBody(request, (body) => {
    const path = request.url!.split('?', 1)[0]!
    const { authorization } = request.headers
    const answer = body === undefined ? undefined : witness.sms.handle({ path, authorization, body })
    if (answer) answerCall(response, answer)
    else answerWitness(request, response, witness)
  })
}

const MANAGED_PATH = /^\/v\d+\.\d+\/((?![^?]*\/messages(?:\?|$))[^?]+)(?:\?|$)/

function answerManaged(
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
  platform: Platform,
): void {
  request.resume()
  const { searchParams: query } = new URL(request.url!, BASE)
  const answer = platform.manage(request.headers.authorization, path, query)
  if (answer === 'silent') {
    request.socket.destroy()
    return
  }
  if (answer.clockOffMs !== 0)
    response.setHeader('date', new Date(Date.now() + answer.clockOffMs).toUTCString())
  sendJson(response, answer.status, answer.body)
}

function takeMessage(
  phoneNumberId: string,
  request: IncomingMessage,
  response: ServerResponse,
  platform: Platform,
): void {
  readBody(request, (body) => {
    const { authorization, 'x-template-category': named } = request.headers
    const category = typeof named === 'string' ? named : undefined
    if (body === undefined) {
      refuseBody(request)
    } else {
      answerCall(response, platform.handle({ phoneNumberId, authorization, category }, body))
    }
  })
}

function readBody(request: IncomingMessage, done: (body: string | undefined) => void): void {
  readBytes(request, BODY_MAX_BYTES, (body) => done(body?.toString()))
}

function readBytes(
  request: IncomingMessage,
  mostBytes: number,
  done: (body: Buffer | undefined) => void,
): void {
  const chunks: Buffer[] = []
  let bytes = 0
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes <= mostBytes) {
      chunks.push(chunk)
    } else if (bytes - chunk.length <= mostBytes) {
      done(undefined)
    }
  })
  request.on('end', () => {
    if (bytes <= mostBytes) done(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks))
  })
  request.on('error', () => {})
}

function answerCall(response: ServerResponse, answer: CallAnswer): void {
  if (answer.kind === 'answer') {
    if (answer.afterMs === 0) sendJson(response, answer.status, answer.body)
    else whileConnected(response, answer.afterMs, () => sendJson(response, answer.status, answer.body))
  } else if (answer.kind === 'reset') {
    response.socket?.resetAndDestroy()
  } else {
    whileConnected(response, SILENCE_MAX_MS, () => response.destroy())
  }
}

function whileConnected(response: ServerResponse, afterMs: number, act: () => void): void {
  const timer = setTimeout(act, afterMs)
  response.once('close', () => clearTimeout(timer))
}

const JSON_TYPE = 'application/json; charset=utf-8'

function sendJson(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, ['content-type', JSON_TYPE, 'content-length', String(Buffer.byteLength(body))])
  response.end(body)
}

function answerWitness(request: IncomingMessage, response: ServerResponse, witness: Witness): void {
  request.resume()
  const url = URL.canParse(request.url!, BASE) ? new URL(request.url!, BASE) : undefined
  const answer = url && witnessAnswer(`${request.method} ${url.pathname}`, url.searchParams, witness)
  if (answer) sendJson(response, 200, JSON.stringify(answer))
  else sendJson(response, 404, graphError(2_500, 'Unknown path components').body)
}

const BASE = 'http://simulator'

function witnessAnswer(call: string, query: URLSearchParams, witness: Witness): object | undefined {
  const phoneNumberId = query.get('phone_number_id') ?? undefined
  if (call === 'GET /healthz') return { status: 'ok' }
  if (call === 'GET /witness/summary') return summary(witness, phoneNumberId)
  if (call === 'GET /witness/messages') return messages(witness, phoneNumberId, query)
  if (call === 'DELETE /witness') return clear(witness)
  return undefined
}

function clear({ record, clearJournal }: Witness): object {
  record.clear()
  clearJournal()
  return { cleared: true }
}

function summary({ record, platform, sms }: Witness, phoneNumberId: string | undefined): object {
  const [one, other] = [platform.outboxes(phoneNumberId), sms.outboxes(phoneNumberId)]
  return {
    ...record.summarise(phoneNumberId),
    pending_receipts: one.pending + other.pending,
    dropped_receipts: one.dropped + other.dropped,
  }
}

function messages({ record }: Witness, phoneNumberId: string | undefined, query: URLSearchParams): object {
  const attemptRef = query.get('attempt_ref')
  return record.list({
    ...(phoneNumberId === undefined ? {} : { phoneNumberId }),
    ...(attemptRef === null ? {} : { attemptRef }),
    cursor: wholeNumber(query.get('cursor'), 0),
    limit: Math.min(PAGE_MAX, Math.max(1, wholeNumber(query.get('limit'), PAGE_DEFAULT))),
  })
}

function wholeNumber(text: string | null, otherwise: number): number {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : otherwise
}
