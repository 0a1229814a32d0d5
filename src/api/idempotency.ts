import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import type { Request } from 'express'
import type { Scope } from '../platform/scope.ts'
import type { SecretBox } from '../platform/secrets.ts'
import { claimKey, rememberAnswer } from '../workspaces/index.ts'
import { invalid } from './input.ts'
import { Problem } from './problem.ts'
import type { UploadedFile } from './upload.ts'

export const IDEMPOTENCY_HEADER = 'Idempotency-Key'
const KEY = /^[\x20-\x7e]{1,255}$/

/** A key and the request it stands for. `sealed` answers hold a secret and are encrypted where they are kept. */
export type OnceOnly = {
  readonly key: string
  readonly requestHash: Buffer
  readonly seal: SecretBox | undefined
}

/** An answer as it is stored and given again. */
export type StoredAnswer = { readonly status: number; readonly body: unknown }

/** The request's idempotency key, if it came with one. @throws Problem `validation_failed` */
export function readIdempotencyKey(request: Request): string | undefined {
  const key = request.get(IDEMPOTENCY_HEADER)
  if (key === undefined || KEY.test(key)) return key
  const message = 'must have 1 to 255 plain characters.'
  throw invalid([{ path: IDEMPOTENCY_HEADER, code: 'invalid_format', message }])
}

/**
 * What makes a request the same: who asks, for what, with which body and which file. The asker is part of it, so that
 * the answer to one person's approval is never given to another.
 */
export async function hashRequest(request: {
  readonly actor: string
  readonly method: string
  readonly url: string
  readonly body: unknown
  readonly file: UploadedFile | undefined
}): Promise<Buffer> {
  const { actor, method, url, body, file } = request
  const fileHash = file ? await hashFile(file.path) : ''
  return createHash('sha256')
    .update(JSON.stringify([actor, method, url, canonical(body), fileHash]))
    .digest()
}

/**
 * Answers a keyed request once, within the transaction that does its work: the same request gets the stored answer
 * again, another with the same key is refused. An equal request that is still running is waited for.
 */
export async function answerOnce(
  scope: Scope,
  once: OnceOnly,
  work: () => Promise<StoredAnswer>,
): Promise<StoredAnswer & { readonly replayed: boolean }> {
  const claim = await claimKey(scope, once.key, once.requestHash)
  if (claim.kind === 'other_request')
    throw new Problem(
      'idempotency_key_reused',
      `${IDEMPOTENCY_HEADER} was used before, with another request.`,
    )
  if (claim.kind === 'answered')
    return { status: claim.status, body: unwrapAnswer(scope, once, claim.answer), replayed: true }
  const answer = await work()
  await rememberAnswer(scope, once.key, answer.status, wrapAnswer(scope, once, answer.body))
  return { ...answer, replayed: false }
}

function wrapAnswer(scope: Scope, once: OnceOnly, body: unknown): unknown {
  return once.seal
    ? { sealed: once.seal.seal(body ?? null, bindingOf(scope, once)).toString('base64') }
    : { body }
}

function unwrapAnswer(scope: Scope, once: OnceOnly, stored: unknown): unknown {
  const { body, sealed } = stored as { body?: unknown; sealed?: string }
  if (sealed === undefined) return body
  if (!once.seal) throw new Error('a sealed answer belongs to a route that seals')
  return once.seal.open(Buffer.from(sealed, 'base64'), bindingOf(scope, once))
}

function bindingOf(scope: Scope, once: OnceOnly): string {
  return `answer ${scope.workspaceId} ${once.key}`
}

/** The same members in another order are the same body. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical)
  if (typeof value !== 'object' || value === null) return value
  return Object.entries(value)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, member]) => [key, canonical(member)])
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}
