import type { IncomingHttpHeaders } from 'node:http'
import type { Request } from 'express'
import { connectDeps, type OpenSender, openSender } from '../../delivery/index.ts'
import { isUuid } from '../../platform/ids.ts'
import type { Origin } from '../../platform/trace.ts'
import { rawBodyReader } from '../body.ts'
import type { ApiHouse } from '../house.ts'
import { originOf } from '../observe.ts'
import { Problem } from '../problem.ts'
import { definePublicRoute } from '../route.ts'
import { WITH_BODY } from './refusals.ts'

/** The platform batches up to 3 MB in one webhook. */
export const WEBHOOK_MAX_BYTES = 3 * 1024 * 1024
const readRaw = rawBodyReader(WEBHOOK_MAX_BYTES)

export const receiveWebhook = definePublicRoute({
  method: 'post',
  path: '/webhooks/whatsapp/{sender_id}',
  tag: 'Webhooks',
  summary: 'Where the platform reports what became of messages',
  description:
    'Signed over the raw body (`X-Hub-Signature-256`). 200 once it is stored; anything else means: send it again.',
  rawBody: 'application/json',
  responses: { 200: null },
  refusals: WITH_BODY,
  handler: async (request, response, house) => {
    const senderId = String(request.params.sender_id)
    const origin = originOf(request)
    await receiveFor(house, { senderId, headers: request.headers, origin }, () => readRaw(request, response))
    response.status(200).end()
  },
})

/**
 * One webhook, whichever door it comes by: of a sender that is known, signed over the bytes as they came, and stored.
 * @param readBody not called for a sender that is not there
 */
export async function receiveFor(
  house: ApiHouse,
  { senderId, headers, origin }: { senderId: string; headers: IncomingHttpHeaders; origin: Origin },
  readBody: () => Promise<Buffer>,
): Promise<void> {
  const { sender, signingSecrets } = await know(house, senderId)
  const body = await readBody()
  refuseForgery(sender, signingSecrets, headers, body)
  await store(house, origin, sender, body)
}

export const answerHandshake = definePublicRoute({
  method: 'get',
  path: '/webhooks/whatsapp/{sender_id}',
  tag: 'Webhooks',
  summary: 'The platform’s check that this address is yours',
  responses: { 200: { download: 'text/plain' } },
  refusals: ['bad_verify_token', 'not_found', 'unavailable'],
  handler: async (request, response, house) => {
    const sender = await findSender(house, request)
    const challenge = sender.provider.answerHandshake(request.query, sender.config, depsOf(house, sender))
    if (challenge === undefined)
      throw new Problem('bad_verify_token', 'The verify token is not this sender’s.')
    response.type('text/plain').send(challenge)
  },
})

/** Webhooks come by the thousand, of a few senders; a secret that was changed counts after this long. */
const REMEMBER_MS = 5_000
const MOST_REMEMBERED = 1_000

/** `signingSecrets`: what its webhooks may be signed with; they are derived, which takes as long as checking with them. */
type Known = { readonly sender: OpenSender; readonly signingSecrets: readonly string[] }
type Remembered = Known & { readonly untilMs: number }
const remembered = new WeakMap<ApiHouse, Map<string, Remembered>>()

/** The sender that an address names. */
export async function findSender(house: ApiHouse, request: Request): Promise<OpenSender> {
  return (await know(house, String(request.params.sender_id))).sender
}

async function know(house: ApiHouse, id: string): Promise<Known> {
  const known = remembered.get(house) ?? new Map<string, Remembered>()
  const present = known.get(id)
  if (present && present.untilMs > performance.now()) return present
  const sender = isUuid(id) ? await openSender(house.database.sql, house.secrets, id) : undefined
  if (!sender) throw new Problem('not_found', 'There is no such sender.')
  if (known.size >= MOST_REMEMBERED) known.clear()
  const signingSecrets = sender.provider.signingSecrets(sender.config, depsOf(house, sender))
  const fresh = { sender, signingSecrets, untilMs: performance.now() + REMEMBER_MS }
  known.set(id, fresh)
  remembered.set(house, known)
  return fresh
}

/** The signature is over the bytes as they came, under the secret in use or, while it is replaced, the one before. */
function refuseForgery(
  sender: OpenSender,
  secrets: readonly string[],
  headers: IncomingHttpHeaders,
  body: Buffer,
): void {
  if (sender.provider.verifySignature(body, headers, secrets)) return
  throw new Problem('bad_signature', 'The signature is not this sender’s.')
}

function depsOf(house: ApiHouse, sender: OpenSender) {
  return connectDeps(house.secrets, sender.id, { serverUrl: '', simulatorUrl: '' })
}

/** Whatever keeps a webhook from being stored, the platform is asked to send it again. */
export async function store(
  house: ApiHouse,
  origin: Origin,
  sender: OpenSender,
  body: Buffer,
): Promise<void> {
  try {
    await house.receive({ id: sender.id, workspaceId: sender.workspaceId }, body, origin)
  } catch (error) {
    const { requestId } = origin
    house.log.error({ err: error, senderId: sender.id, requestId }, 'a webhook was not stored')
    throw new Problem('unavailable', 'The webhook was not stored. Send it again.', {}, { 'Retry-After': '5' })
  }
}
