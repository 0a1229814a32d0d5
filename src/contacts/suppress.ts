import { and, eq, sql } from 'drizzle-orm'
import { isUuid, newId } from '../platform/ids.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import { allow, findWorkspace, recordEvent } from '../workspaces/index.ts'
import { readSuppression, type Suppression } from './find.ts'
import { isPhoneCountry, parsePhone } from './phone.ts'
import { suppressions } from './tables.ts'

export type SuppressionRequest = {
  /** As it is typed: read in the workspace's country unless it says its own. */
  readonly phone: string
  readonly scope: 'all' | 'marketing'
  readonly reason: string
  readonly expiresAt?: Date | undefined
}

const REASON_MAX_CHARS = 500

/** Blocks a number, for all messages or for marketing. To block it again is to change the reason and the end. */
export async function suppress(
  scope: Scope,
  request: SuppressionRequest,
): Promise<Result<Suppression, 'forbidden' | 'validation_failed'>> {
  const refusal = allow(scope.actor, 'suppressions.write')
  if (refusal) return refusal
  const phone = await readPhone(scope, request.phone)
  if (!phone.ok) return invalid('phone', phone.reason, phone.message)
  const reason = request.reason.trim()
  if (reason === '' || reason.length > REASON_MAX_CHARS) {
    return invalid('reason', 'invalid', `A reason has 1 to ${REASON_MAX_CHARS} characters.`)
  }
  if (request.expiresAt !== undefined && request.expiresAt <= scope.now) {
    return invalid('expires_at', 'in_past', 'The block would already be over. Choose a later time, or none.')
  }
  const row = await save(scope, { ...request, reason, phone: phone.value })
  await recordEvent(scope, 'suppression.added', `suppression:${row.id}`, { scope: row.scope })
  return ok(row)
}

/** Unblocks a number. */
export async function unsuppress(scope: Scope, id: string): Promise<Result<null, 'forbidden' | 'not_found'>> {
  const refusal = allow(scope.actor, 'suppressions.write')
  if (refusal) return refusal
  const gone = isUuid(id)
    ? await scope.db
        .delete(suppressions)
        .where(and(eq(suppressions.id, id), eq(suppressions.workspaceId, scope.workspaceId)))
        .returning({ scope: suppressions.scope })
    : []
  if (gone.length === 0) return refuse('not_found', 'There is no such block.')
  await recordEvent(scope, 'suppression.lifted', `suppression:${id}`, { scope: gone[0]!.scope })
  return ok(null)
}

/** A number typed by a person of this workspace, in E.164. */
export async function readPhone(scope: Scope, typed: string) {
  const { defaultCountry } = await findWorkspace(scope)
  return parsePhone(typed, isPhoneCountry(defaultCountry) ? defaultCountry : undefined)
}

async function save(scope: Scope, request: SuppressionRequest): Promise<Suppression> {
  const expiresAt = request.expiresAt?.toISOString() ?? null
  const [row] = await scope.db
    .insert(suppressions)
    .values({
      id: newId(scope.now.getTime()),
      workspaceId: scope.workspaceId,
      phone: request.phone,
      scope: request.scope,
      reason: request.reason,
      expiresAt,
      createdBy: scope.actor.name,
      createdAt: scope.now.toISOString(),
    })
    .onConflictDoUpdate({
      target: [suppressions.workspaceId, suppressions.phone, suppressions.scope],
      set: { reason: sql`excluded.reason`, expiresAt: sql`excluded.expires_at` },
    })
    .returning()
  return readSuppression(row!)
}

function invalid(path: string, code: string, message: string): Result<never, 'validation_failed'> {
  return refuse('validation_failed', message, { errors: [{ path, code, message }] })
}
