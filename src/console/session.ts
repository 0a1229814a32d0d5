import type { Database, SqlClient } from '../platform/db.ts'
import { instant } from '../platform/db.ts'
import { isUuid, newId } from '../platform/ids.ts'
import type { Role, Scope } from '../platform/scope.ts'
import {
  actorOfKey,
  authenticate,
  hashOf,
  type Identity,
  isToken,
  type Membership,
  newToken,
  recordEvent,
} from '../workspaces/index.ts'

const DAY_MS = 24 * 60 * 60 * 1000
/** A session ends at the latest after a week, and earlier when nobody has used it for half a day. */
export const SESSION_MS = 7 * DAY_MS
const IDLE = '12 hours'
/** How stale the note of the last visit may be: not every page view writes. */
const SEEN_EVERY_MS = 60_000
/** Sessions that are over are kept this long and swept out at the next sign-in. */
const KEPT_MS = 7 * DAY_MS
/** How long a member's proof of who they are serves for acts that matter. */
const CONFIRMED_FOR_MS = 10 * 60_000
const DEVICE_MAX_CHARS = 300

/** Somebody at the console: a member, or whoever holds a key; under their own name in every trace. */
export type Session = Identity & {
  readonly id: string
  readonly tokenHash: Buffer
  /** The member's name, or the key's. */
  readonly name: string
  /** Undefined where the session stands on a key. */
  readonly member?: { readonly id: string; readonly personId: string }
  readonly seenAtMs: number
}

type House = { readonly database: Database; readonly clock: { now(): Date } }
/** By which request and which browser a session is opened. */
export type Arrival = { readonly requestId: string; readonly device: string }

/**
 * Opens a session for whoever holds an API key.
 * @returns the session's token, which is stored nowhere; undefined for a key that is not known
 */
export async function signInByKey(house: House, key: string, arrival: Arrival): Promise<string | undefined> {
  const identity = await authenticate(house.database.sql, key)
  return identity && openSession(house, identity, arrival, 'key')
}

/** Opens a session by a link that the operator printed, once and while it is fresh. */
export async function signInByLink(
  house: House,
  token: string,
  arrival: Arrival,
): Promise<string | undefined> {
  if (!isToken(token)) return undefined
  const now = house.clock.now().toISOString()
  const [used] = await house.database.sql<{ workspace_id: string; key_id: string; role: Role }[]>`
    SELECT workspace_id, key_id, role FROM use_console_link(${hashOf(token)}, ${now}::timestamptz)`
  if (!used) return undefined
  const identity = { workspaceId: used.workspace_id, actor: actorOfKey(used.key_id, used.role, null) }
  return openSession(house, identity, arrival, 'link')
}

/** Opens a session for a member who has just proved who they are. */
export function openMemberSession(
  house: House,
  { workspaceId, memberId, role }: Membership,
  arrival: Arrival,
): Promise<string> {
  const identity = { workspaceId, actor: { name: `member:${memberId}`, role } }
  return openSession(house, identity, arrival, 'member')
}

/**
 * Leaves this session for one in another of the person's workspaces. The proof of who they are does not come along: the
 * new session has to be confirmed before it does what matters.
 */
export async function openMemberSessionIn(
  scope: Scope,
  session: Session,
  there: Membership,
): Promise<string> {
  const [here] = await scope.sql<{ device: string }[]>`
    SELECT device FROM console_sessions WHERE token_hash = ${session.tokenHash} AND workspace_id = ${scope.workspaceId}`
  await endSession(scope, session)
  await scope.sql`SELECT set_config('app.workspace_id', ${there.workspaceId}, true)`
  const actor = { name: `member:${there.memberId}`, role: there.role }
  const scopeThere = { ...scope, workspaceId: there.workspaceId, actor }
  const token = await writeSession(scopeThere, actor.name, here?.device ?? '', 'change')
  await scope.sql`
    UPDATE console_sessions SET confirmed_at = 'epoch' WHERE token_hash = ${hashOf(token)} AND workspace_id = ${there.workspaceId}`
  await scope.sql`SELECT set_config('app.workspace_id', ${scope.workspaceId}, true)`
  return token
}

/** Who a cookie belongs to; undefined where its session is over, its key revoked, or where there never was one. */
export async function findSession(house: House, token: string): Promise<Session | undefined> {
  if (!isToken(token)) return undefined
  const tokenHash = hashOf(token)
  const now = house.clock.now()
  const [row] = await readSession(house.database.sql, tokenHash, now)
  if (!row) return undefined
  const { id, workspace_id: workspaceId, name } = row
  const seenAtMs = new Date(row.last_seen_at).getTime()
  const session = { id, workspaceId, tokenHash, name, seenAtMs }
  if (row.key_id !== null) return { ...session, actor: actorOfKey(row.key_id, row.role, row.member_id) }
  const mustConfirm = now.getTime() - new Date(row.confirmed_at!).getTime() >= CONFIRMED_FOR_MS
  return {
    ...session,
    actor: { name: `member:${row.member_id}`, role: row.role, mustConfirm },
    member: { id: row.member_id!, personId: row.person_id! },
  }
}

/** Notes that the session is in use, at most once a minute, in the transaction of the page itself. */
export async function touchSession(scope: Scope, session: Session): Promise<void> {
  if (scope.now.getTime() - session.seenAtMs < SEEN_EVERY_MS) return
  await scope.sql`
    UPDATE console_sessions SET last_seen_at = ${scope.now.toISOString()}::timestamptz
     WHERE token_hash = ${session.tokenHash} AND workspace_id = ${scope.workspaceId}`
}

/** Notes that the member has just proved who they are. */
export async function confirmSession(scope: Scope, session: Session): Promise<void> {
  await scope.sql`
    UPDATE console_sessions SET confirmed_at = ${scope.now.toISOString()}::timestamptz
     WHERE token_hash = ${session.tokenHash} AND workspace_id = ${scope.workspaceId}`
  await recordEvent(scope, 'session.confirmed', session.actor.name)
}

/** Ends a session for good. */
export async function endSession(scope: Scope, session: Session): Promise<void> {
  await scope.sql`
    UPDATE console_sessions SET revoked_at = ${scope.now.toISOString()}::timestamptz
     WHERE token_hash = ${session.tokenHash} AND workspace_id = ${scope.workspaceId}`
  await recordEvent(scope, 'session.ended', session.actor.name)
}

export type SessionEntry = {
  readonly id: string
  readonly device: string
  readonly createdAt: string
  readonly lastSeenAt: string
}

/** A member's sessions in this workspace that still stand, the latest used first. */
export async function listSessions(scope: Scope, memberId: string): Promise<readonly SessionEntry[]> {
  const rows = await scope.sql<SessionEntry[]>`
    SELECT id, device, created_at AS "createdAt", last_seen_at AS "lastSeenAt" FROM console_sessions
     WHERE workspace_id = ${scope.workspaceId} AND member_id = ${memberId} AND revoked_at IS NULL
       AND expires_at > ${scope.now.toISOString()}::timestamptz
       AND last_seen_at > ${scope.now.toISOString()}::timestamptz - ${IDLE}::text::interval
     ORDER BY last_seen_at DESC, id`
  return rows.map((row) => ({
    ...row,
    createdAt: instant(row.createdAt)!,
    lastSeenAt: instant(row.lastSeenAt)!,
  }))
}

/** Ends one of a member's own sessions; false where they have no such session. */
export async function endSessionOf(scope: Scope, memberId: string, id: string): Promise<boolean> {
  if (!isUuid(id)) return false
  const ended = await scope.sql`
    UPDATE console_sessions SET revoked_at = coalesce(revoked_at, ${scope.now.toISOString()}::timestamptz)
     WHERE id = ${id} AND member_id = ${memberId} AND workspace_id = ${scope.workspaceId} RETURNING id`
  if (ended.length > 0) await recordEvent(scope, 'session.ended', scope.actor.name)
  return ended.length > 0
}

type SessionRow = {
  id: string
  workspace_id: string
  key_id: string | null
  member_id: string | null
  person_id: string | null
  name: string
  role: Role
  last_seen_at: string
  confirmed_at: string | null
}

function readSession(sql: SqlClient, tokenHash: Buffer, now: Date) {
  return sql<SessionRow[]>`
    SELECT id, workspace_id, key_id, member_id, person_id, name, role, last_seen_at, confirmed_at
      FROM find_console_session(${tokenHash}, ${now.toISOString()}::timestamptz, ${IDLE}::text::interval)`
}

async function openSession(
  house: House,
  identity: Identity,
  { requestId, device }: Arrival,
  by: 'key' | 'link' | 'member',
): Promise<string> {
  let token = ''
  await house.database.within({ ...identity, requestId: requestId || newId() }, async (scope) => {
    token = await writeSession(scope, identity.actor.name, device, by)
  })
  return token
}

async function writeSession(scope: Scope, whose: string, device: string, by: string): Promise<string> {
  await sweepSessions(scope)
  const token = newToken()
  const at = scope.now.toISOString()
  const endsAt = new Date(scope.now.getTime() + SESSION_MS).toISOString()
  const [kind, id] = whose.split(':')
  const keyId = kind === 'key' ? id! : null
  const memberId = kind === 'member' ? id! : null
  await scope.sql`
    INSERT INTO console_sessions (token_hash, workspace_id, key_id, member_id, created_at, expires_at, last_seen_at,
                                  confirmed_at, device)
    VALUES (${hashOf(token)}, ${scope.workspaceId}, ${keyId}, ${memberId}, ${at}::timestamptz, ${endsAt}::timestamptz,
            ${at}::timestamptz, ${memberId && at}::timestamptz, ${device.slice(0, DEVICE_MAX_CHARS)})`
  await recordEvent(scope, 'session.opened', whose, { by })
  return token
}

async function sweepSessions(scope: Scope): Promise<void> {
  const keptSince = new Date(scope.now.getTime() - KEPT_MS).toISOString()
  await scope.sql`
    DELETE FROM console_sessions WHERE workspace_id = ${scope.workspaceId} AND expires_at < ${keptSince}::timestamptz`
  await scope.sql`
    DELETE FROM console_links WHERE workspace_id = ${scope.workspaceId} AND expires_at < ${keptSince}::timestamptz`
}
