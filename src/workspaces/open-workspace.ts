import type { Database } from '../platform/db.ts'
import { newId } from '../platform/ids.ts'
import { ok, type Result, refuse, unwrap } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import { recordEvent } from './audit-trail.ts'
import { type IssuedKey, issueKey } from './issue-key.ts'
import { NAME_MAX_CHARS, type Place, placeOf } from './place.ts'
import { workspaces } from './tables.ts'

export type NewWorkspace = {
  readonly name: string
  readonly currency: string
  readonly timeZone?: string | undefined
  readonly defaultCountry?: string | undefined
}

/** The accounts that a workspace has one of; holds come with campaigns. */
const ACCOUNTS = ['funding', 'wallet', 'spent', 'adjustment', 'receivable']
/** A new workspace asks for approval above half of what is available. */
const FIRST_POLICY_SHARE = '0.5'

/**
 * Makes a workspace with its accounts, its first approval policy and an owner's key. It stands before any wall, so
 * that it takes a database opened as the owner of the tables.
 */
export async function openWorkspace(
  owner: Database,
  request: NewWorkspace,
): Promise<Result<{ workspaceId: string; key: IssuedKey }, 'validation_failed'>> {
  const read = readWorkspace(request)
  if (!read.ok) return read
  const { name, place } = read.value
  const workspaceId = newId()
  const cause = {
    workspaceId,
    actor: { name: 'operator', role: 'owner' },
    requestId: `open ${workspaceId}`,
  } as const
  return owner.within(cause, async (scope) => {
    await makeWorkspace(scope, name, place)
    await furnish(scope, name, place)
    return ok({ workspaceId, key: unwrap(await issueKey(scope, { role: 'owner', name: 'first key' })) })
  })
}

/** What a new workspace says of itself, completed. */
export function readWorkspace(
  request: NewWorkspace,
): Result<{ name: string; place: Place }, 'validation_failed'> {
  const name = request.name.trim()
  if (name.length < 1 || name.length > NAME_MAX_CHARS || name.includes('\0')) return badName()
  const place = placeOf(request)
  return 'ok' in place ? place : ok({ name, place })
}

/** Gives a workspace that was just made its accounts and its first approval policy. */
export async function furnish(scope: Scope, name: string, place: Place): Promise<void> {
  await makeAccounts(scope, place.currency)
  await makePolicy(scope)
  await recordEvent(scope, 'workspace.opened', `workspace:${scope.workspaceId}`, { name, ...place })
}

async function makeWorkspace(scope: Scope, name: string, place: Place): Promise<void> {
  const createdAt = scope.now.toISOString()
  await scope.db.insert(workspaces).values({ id: scope.workspaceId, name, ...place, createdAt })
}

async function makeAccounts(scope: Scope, currency: string): Promise<void> {
  await scope.sql`
    INSERT INTO accounts (workspace_id, currency, kind)
    SELECT ${scope.workspaceId}, ${currency}, kind FROM unnest(${ACCOUNTS}::text[]) kind`
}

async function makePolicy(scope: Scope): Promise<void> {
  await scope.sql`
    INSERT INTO approval_policies (workspace_id, version, max_share_of_available, created_by, created_at)
    VALUES (${scope.workspaceId}, 1, ${FIRST_POLICY_SHARE}, ${scope.actor.name}, ${scope.now.toISOString()}::timestamptz)`
}

function badName() {
  const message = `name must have 1 to ${NAME_MAX_CHARS} characters.`
  return refuse('validation_failed', message, { errors: [{ path: 'name', code: 'invalid_value', message }] })
}
