import { and, eq, sql } from 'drizzle-orm'
import type { Scope } from '../platform/scope.ts'
import { sameHash } from './key.ts'
import { idempotencyKeys } from './tables.ts'

/** What became of a key that a request came with. */
export type Claim =
  | { readonly kind: 'new' }
  | { readonly kind: 'answered'; readonly status: number; readonly answer: unknown }
  | { readonly kind: 'other_request' }

/**
 * Takes an idempotency key for this transaction. Where another transaction holds it, this waits until that one is
 * over: then the key is either answered, or free again because that one failed.
 * @param requestHash SHA-256 of all that makes the request what it is, its maker included
 */
export async function claimKey(scope: Scope, key: string, requestHash: Buffer): Promise<Claim> {
  const row = { workspaceId: scope.workspaceId, key, requestHash, createdAt: scope.now.toISOString() }
  const claimed = await scope.db.insert(idempotencyKeys).values(row).onConflictDoNothing().returning({
    key: idempotencyKeys.key,
  })
  if (claimed.length > 0) return { kind: 'new' }
  const [found] = await scope.db.select().from(idempotencyKeys).where(thisKey(scope, key))
  if (!found || found.status === null) throw new Error('an idempotency key is taken and has no answer')
  if (!sameHash(found.requestHash, requestHash)) return { kind: 'other_request' }
  return { kind: 'answered', status: found.status, answer: found.answer }
}

/** Keeps the answer under the key that this transaction took; both are committed with the work, or not at all. */
export async function rememberAnswer(
  scope: Scope,
  key: string,
  status: number,
  answer: unknown,
): Promise<void> {
  await scope.db
    .update(idempotencyKeys)
    .set({ status, answer: sql`${JSON.stringify(answer ?? null)}::json` })
    .where(thisKey(scope, key))
}

function thisKey(scope: Scope, key: string) {
  return and(eq(idempotencyKeys.workspaceId, scope.workspaceId), eq(idempotencyKeys.key, key))
}
