import { and, eq, isNull } from 'drizzle-orm'
import { isUuid, newId } from '../platform/ids.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import { handOf, type Role, type Scope } from '../platform/scope.ts'
import { recordEvent } from './audit-trail.ts'
import { makeKey } from './key.ts'
import { allow, mayIssue } from './role.ts'
import { apiKeys, workspaces } from './tables.ts'

export type IssuedKey = {
  readonly id: string
  readonly prefix: string
  readonly role: Role
  readonly name: string
  readonly createdAt: string
  /** The whole key, shown this once. */
  readonly apiKey: string
}

/** Makes a key of the given role for the workspace. Nobody hands out a role above their own. */
export async function issueKey(
  scope: Scope,
  request: { readonly role: Role; readonly name?: string | undefined },
): Promise<Result<IssuedKey, 'forbidden' | 'not_found'>> {
  const refusal = allow(scope.actor, 'keys.write')
  if (refusal) return refusal
  if (!mayIssue(scope.actor.role, request.role))
    return refuse('forbidden', 'Nobody makes a key above their own role.')
  if (!(await workspaceExists(scope))) return refuse('not_found', 'There is no such workspace.')
  const made = makeKey()
  const row = {
    id: newId(scope.now.getTime()),
    prefix: made.prefix,
    role: request.role,
    name: request.name ?? '',
    createdAt: scope.now.toISOString(),
  }
  await scope.db
    .insert(apiKeys)
    .values({ ...row, workspaceId: scope.workspaceId, secretHash: made.secretHash, memberId: makerOf(scope) })
  await recordEvent(scope, 'key.issued', `key:${row.id}`, { role: row.role, name: row.name })
  return ok({ ...row, apiKey: made.text })
}

/** Revokes a key from the next request on. Revoking it again changes nothing. */
export async function revokeKey(
  scope: Scope,
  id: string,
): Promise<Result<undefined, 'forbidden' | 'not_found'>> {
  const refusal = allow(scope.actor, 'keys.write')
  if (refusal) return refusal
  const found = isUuid(id) ? await keyById(scope, id) : undefined
  if (!found) return refuse('not_found', 'There is no such key.')
  if (!mayIssue(scope.actor.role, found.role))
    return refuse('forbidden', 'Nobody revokes a key above their own role.')
  const revoked = await scope.db
    .update(apiKeys)
    .set({ revokedAt: scope.now.toISOString() })
    .where(and(eq(apiKeys.id, id), isNull(apiKeys.revokedAt)))
    .returning({ id: apiKeys.id })
  if (revoked.length > 0) await recordEvent(scope, 'key.revoked', `key:${id}`)
  return ok(undefined)
}

/** The member who makes it, at the console or by a key of theirs; null where none does. */
function makerOf({ actor }: Scope): string | null {
  const [kind, id] = handOf(actor).split(':')
  return kind === 'member' ? id! : null
}

async function workspaceExists(scope: Scope): Promise<boolean> {
  const found = await scope.db
    .select({ id: workspaces.id })
    .from(workspaces)
    .where(eq(workspaces.id, scope.workspaceId))
  return found.length > 0
}

async function keyById(scope: Scope, id: string): Promise<{ role: Role } | undefined> {
  const [found] = await scope.db
    .select({ role: apiKeys.role })
    .from(apiKeys)
    .where(and(eq(apiKeys.id, id), eq(apiKeys.workspaceId, scope.workspaceId)))
  return found
}
