import { randomBytes } from 'node:crypto'
import { type CallFate, callFate, type Draws, drawsFor, messageFate, planReceipts, STREAMS } from './fate.ts'
import {
  acceptedBody,
  digitsOf,
  type GraphAnswer,
  graphError,
  readMessageRequest,
  unknownObject,
} from './graph.ts'
import type { Journal } from './journal.ts'
import { APP_ID, answerManagement, type ManagementAnswer } from './management.ts'
import { knowsMedia, openUpload, takeMedia, takeUpload } from './media.ts'
import { type Orders, readOrders } from './orders.ts'
import { createOutbox, type Outbox, type OutboxOptions } from './outbox.ts'
import type { WitnessRecord } from './record.ts'
import type { Shelf } from './templates.ts'

/** What to do with a call: answer after a while, never answer, or reset the connection. */
export type CallAnswer =
  | ({ readonly kind: 'answer'; readonly afterMs: number } & GraphAnswer)
  | { readonly kind: 'silence' }
  | { readonly kind: 'reset' }

/** The stand-in without its sockets. */
export type Platform = {
  /** One call of `POST /{version}/{phone_number_id}/messages`. */
  handle(call: MessageCall, body: string): CallAnswer
  /** One call of the template management, `/{version}/{business_account_id}/message_templates`. */
  handleTemplates(call: TemplateCall, authorization: string | undefined, body: string): GraphAnswer
  /** Does to a template as it is told, and posts what the platform would. */
  orderTemplate(body: string): GraphAnswer
  /** One question of the management API: `GET /{version}/{path}`. */
  /** One upload, to whoever the token belongs to. */
  handleUpload(call: UploadCall, authorization: string | undefined, body: Buffer): Promise<GraphAnswer>
  manage(authorization: string | undefined, path: string, query: URLSearchParams): ManagementAnswer
  /** Receipts of a number, or of all, that are still to be taken and that were given up. */
  outboxes(phoneNumberId?: string): { pending: number; dropped: number }
  close(): Promise<void>
}

export type MessageCall = {
  readonly phoneNumberId: string
  readonly authorization: string | undefined
  /** The category of a template that was never submitted here, as the caller says it. */
  readonly category: string | undefined
}

export type TemplateCall = {
  readonly method: string
  readonly accountId: string
  readonly query: URLSearchParams
}

export type UploadCall = {
  readonly path: string
  readonly query: URLSearchParams
  readonly contentType: string | undefined
  readonly offset: string | undefined
}

export type PlatformParts = {
  readonly shelf: Shelf
  readonly record: WitnessRecord
  readonly journal: Journal
  readonly webhookRetries: Pick<OutboxOptions, 'retryPauseMs' | 'retryPauseMaxMs' | 'retryForMs'>
}

const SENDERS_MAX = 10_000
const RATE_LIMITED_MAX = 100_000

/** A platform with no senders yet: they make themselves known by their tokens. */
export function createPlatform(parts: PlatformParts): Platform {
  const senders = new Map<string, Sender>()
  return {
    handle({ phoneNumberId, authorization, category }, body) {
      const sender = findSender(senders, authorization, parts)
      if (sender === undefined) return refuseCall(parts, NOBODY, INVALID_TOKEN)
      if (sender.orders.phone_number_id !== phoneNumberId) {
        return refuseCall(parts, sender.orders.phone_number_id, unknownObject(phoneNumberId.slice(0, 64)))
      }
      return handleCall(sender, { body, category }, parts)
    },
    handleTemplates({ method, accountId, query }, authorization, body) {
      const sender = findSender(senders, authorization, parts)
      if (sender === undefined) return INVALID_TOKEN
      if (sender.orders.accountId !== accountId) return unknownObject(accountId.slice(0, 64))
      if (sender.orders.check_faults.includes('templates_refused'))
        return graphError(200, 'Permissions error')
      return parts.shelf.handle(method, query, body, sender.orders)
    },
    orderTemplate(body) {
      const { news, ...answer } = parts.shelf.order(body)
      for (const { orders, outbox } of senders.values()) {
        if (orders.accountId === news?.accountId) outbox.tell(news.change)
      }
      return answer
    },
    async handleUpload({ path, query, contentType, offset }, authorization, body) {
      const orders = readOrders(uploadToken(authorization) ?? '')
      if (orders === undefined || orders.check_faults.includes('token_invalid')) return INVALID_TOKEN
      if (path.startsWith('upload:')) return takeUpload(path, body, offset)
      if (path === `${APP_ID}/uploads`) return openUpload(query)
      const phoneId = orders.phone_number_id
      if (path !== `${phoneId}/media`) return unknownObject(path.slice(0, 64))
      return takeMedia(phoneId, body, contentType)
    },
    manage(authorization, path, query) {
      const orders = tokenOf(authorization) === undefined ? undefined : readOrders(tokenOf(authorization)!)
      if (orders === undefined) return { ...INVALID_TOKEN, clockOffMs: 0 }
      return answerManagement(orders, { path, query, token: tokenOf(authorization)! })
    },
    outboxes(phoneNumberId) {
      const counts = { pending: 0, dropped: 0 }
      for (const { orders, outbox } of senders.values()) {
        if (phoneNumberId !== undefined && orders.phone_number_id !== phoneNumberId) continue
        counts.pending += outbox.pending()
        counts.dropped += outbox.dropped()
      }
      return counts
    },
    async close() {
      await Promise.all([...senders.values()].map(({ outbox }) => outbox.close()))
    },
  }
}

type Sender = {
  readonly orders: Orders
  readonly outbox: Outbox
  /** Recipients whose last call was refused for its rate, and whose next one passes. */
  readonly rateLimited: Set<string>
}

/** Whom a refused call is counted under when its token says nothing. */
const NOBODY = ''
const INVALID_TOKEN = graphError(190, 'Invalid OAuth access token - Cannot parse access token')

function findSender(
  senders: Map<string, Sender>,
  authorization: string | undefined,
  parts: PlatformParts,
): Sender | undefined {
  const token = tokenOf(authorization)
  if (token === undefined) return undefined
  const known = senders.get(token)
  if (known) return known
  const orders = readOrders(token)
  if (orders === undefined) return undefined
  forgetIdleSenders(senders)
  const sender = { orders, outbox: openOutbox(orders, parts), rateLimited: new Set<string>() }
  senders.set(token, sender)
  return sender
}

/** The bytes of a session come with the token under another word. */
function uploadToken(authorization: string | undefined): string | undefined {
  return tokenOf(authorization?.replace(/^OAuth /, 'Bearer '))
}

function tokenOf(authorization: string | undefined): string | undefined {
  return authorization?.startsWith('Bearer ') ? authorization.slice('Bearer '.length) : undefined
}

function openOutbox(orders: Orders, { record, webhookRetries }: PlatformParts): Outbox {
  return createOutbox(orders, {
    ...webhookRetries,
    onPosted: ({ position, generation, planned }) => record.markPosted(position, generation, planned.status),
  })
}

function forgetIdleSenders(senders: Map<string, Sender>): void {
  if (senders.size < SENDERS_MAX) return
  for (const [token, { outbox }] of senders) {
    if (outbox.pending() > 0) continue
    senders.delete(token)
    void outbox.close()
  }
}

function handleCall(
  sender: Sender,
  call: { readonly body: string; readonly category: string | undefined },
  parts: PlatformParts,
): CallAnswer {
  const { orders } = sender
  const request = readMessageRequest(call.body, (id) => knowsMedia(orders.phone_number_id, id))
  if ('status' in request) return refuseCall(parts, orders.phone_number_id, request)
  const submitted = parts.shelf.find(orders.accountId, request.template)
  const unfit =
    (orders.template_review ? templateRefusal(submitted) : undefined) ??
    headerRefusal(submitted?.header, request.media)
  if (unfit) return refuseCall(parts, orders.phone_number_id, unfit)
  const category = submitted?.category.toLowerCase() ?? call.category ?? 'utility'
  const draws = drawsFor(orders.seed, request.attemptRef)
  const fate = passesThisTime(sender, request.to, callFate(orders, draws))
  const afterMs = orders.latency_ms + (draws(STREAMS.slow) < orders.slow ? orders.slow_ms : 0)
  if (fate === 'rejected' || fate === 'rate_limited' || fate === 'server_error') {
    parts.record.refuse(orders.phone_number_id, fate)
    return { kind: 'answer', afterMs, ...refusalOf(fate, orders) }
  }
  const messageId = acceptMessage(sender, { ...request, category }, draws, parts)
  if (fate === 'timeout_after_accept') return { kind: 'silence' }
  if (fate === 'reset_after_accept') return { kind: 'reset' }
  const answer =
    fate === 'garbage' ? garbage(draws) : acceptedBody(request.to, messageId, orders.message_status)
  return { kind: 'answer', afterMs, status: 200, body: answer }
}

/** Where templates are reviewed, only an approved one is sent. */
function templateRefusal(submitted: { readonly status: string } | undefined): GraphAnswer | undefined {
  if (submitted?.status === 'APPROVED') return undefined
  if (submitted?.status === 'PAUSED') return graphError(132_015, 'Template is Paused')
  if (submitted?.status === 'DISABLED') return graphError(132_016, 'Template is Disabled')
  return graphError(132_001, 'Template name does not exist in the translation')
}

/** What was submitted with a file above it is sent with one, and nothing else is. */
function headerRefusal(submitted: string | undefined, given: string | undefined): GraphAnswer | undefined {
  if (submitted === undefined || submitted === (given ?? 'none')) return undefined
  const details = `header: Format mismatch, expected ${submitted}, received ${given ?? 'none'}`
  return graphError(132_012, 'Parameter format does not match format in the created template', details)
}

/** A recipient is refused for its rate once; whoever tries again gets through, whatever the new attempt draws. */
function passesThisTime({ rateLimited }: Sender, to: string, fate: CallFate): CallFate {
  if (rateLimited.delete(to)) return fate === 'rate_limited' ? 'answered' : fate
  if (fate !== 'rate_limited') return fate
  if (rateLimited.size >= RATE_LIMITED_MAX) return 'answered'
  rateLimited.add(to)
  return fate
}

function refusalOf(fate: 'rejected' | 'rate_limited' | 'server_error', orders: Orders): GraphAnswer {
  if (fate === 'rejected')
    return graphError(orders.rejected_code, 'The stand-in was told to refuse this message')
  if (fate === 'rate_limited') return graphError(130_429, 'Rate limit hit')
  return { ...graphError(131_000, 'Something went wrong'), status: 500 }
}

function acceptMessage(
  { orders, outbox }: Sender,
  {
    to,
    attemptRef,
    category,
  }: { readonly to: string; readonly attemptRef: string; readonly category: string },
  draws: Draws,
  { record, journal }: PlatformParts,
): string {
  const acceptedAtMs = Date.now()
  const fate = messageFate(orders, draws)
  const acceptance = {
    attemptRef,
    to: digitsOf(to),
    phoneNumberId: orders.phone_number_id,
    acceptedAtMs,
    fate,
  }
  const position = record.accept(acceptance)
  journal.append(acceptance)
  const generation = record.generation()
  const messageId = nextMessageId()
  for (const planned of planReceipts(orders, fate, draws)) {
    outbox.add({ messageId, attemptRef, to, category, acceptedAtMs, planned, position, generation })
  }
  return messageId
}

const MESSAGE_ID_PREFIX = `wamid.${randomBytes(12).toString('base64url')}`
let messagesNamed = 0

function nextMessageId(): string {
  messagesNamed += 1
  return MESSAGE_ID_PREFIX + messagesNamed.toString(36).padStart(8, '0')
}

const GARBAGE = [
  '<html><body>502 Bad Gateway</body></html>',
  '{"messaging_product":"whatsapp","contacts":[{"inp',
  '{"messaging_product":"whatsapp","messages":[]}',
  '{"messages":{"id":42}}',
  '[]',
  '',
]

function garbage(draws: Draws): string {
  return GARBAGE[Math.floor(draws(STREAMS.garbage) * GARBAGE.length)]!
}

function refuseCall({ record }: PlatformParts, phoneNumberId: string, answer: GraphAnswer): CallAnswer {
  record.refuse(phoneNumberId, 'invalid')
  return { kind: 'answer', afterMs: 0, ...answer }
}
