import { createHash, randomBytes } from 'node:crypto'
import type { Database, SqlClient } from '../platform/db.ts'
import { newId } from '../platform/ids.ts'
import type { Actor, Role, Scope } from '../platform/scope.ts'
import { authenticate, type Identity, recordEvent } from '../workspaces/index.ts'

const TOKEN_BYTES = 32
const TOKEN = /^[\w-]{43}$/
const DAY_MS = 24 * 60 * 60 * 1000
/** A session ends at the latest after a week, and earlier when nobody has used it for half a day. */
export const SESSION_MS = 7 * DAY_MS
const IDLE = '12 hours'
/** How stale the note of the last visit may be: not every page view writes. */
const SEEN_EVERY_MS = 60_000
/** Sessions that are over are kept this long and swept out at the next sign-in. */
const KEPT_MS = 7 * DAY_MS

/** Somebody at the console: a key's workspace and role, under the key's own name in every trace. */
export type Session = Identity & {
  readonly tokenHash: Buffer
  readonly keyName: string
  readonly seenAtMs: number
}

type House = { readonly database: Database; readonly clock: { now(): Date } }

/**
 * Opens a session for whoever holds an API key.
 * @returns the session's token, which is stored nowhere; undefined for a key that is not known
 */
export async function signInByKey(house: House, key: string, requestId: string): Promise<string | undefined> {
  const identity = await authenticate(house.database.sql, key)
  return identity && openSession(house, identity, requestId, 'key')
}

/** Opens a session by a link that the operator printed, once and while it is fresh. */
export async function signInByLink(
  house: House,
  token: string,
  requestId: string,
): Promise<string | undefined> {
  if (!TOKEN.test(token)) return undefined
  const now = house.clock.now().toISOString()
  const [used] = await house.database.sql<{ workspace_id: string; key_id: string; role: Role }[]>`
    SELECT workspace_id, key_id, role FROM use_console_link(${hashOf(token)}, ${now}::timestamptz)`
  if (!used) return undefined
  const identity = { workspaceId: used.workspace_id, actor: actorOf(used.key_id, used.role) }
  return openSession(house, identity, requestId, 'link')
}

/** Who a cookie belongs to; undefined where its session is over, its key revoked, or where there never was one. */
export async function findSession(house: House, token: string): Promise<Session | undefined> {
  if (!TOKEN.test(token)) return undefined
  const tokenHash = hashOf(token)
  const [row] = await readSession(house.database.sql, tokenHash, house.clock.now())
  if (!row) return undefined
  return {
    workspaceId: row.workspace_id,
    actor: actorOf(row.key_id, row.role),
    tokenHash,
    keyName: row.key_name,
    seenAtMs: new Date(row.last_seen_at).getTime(),
  }
}

/** Notes that the session is in use, at most once a minute, in the transaction of the page itself. */
export async function touchSession(scope: Scope, session: Session): Promise<void> {
  if (scope.now.getTime() - session.seenAtMs < SEEN_EVERY_MS) return
  await scope.sql`
    UPDATE console_sessions SET last_seen_at = ${scope.now.toISOString()}::timestamptz
     WHERE token_hash = ${session.tokenHash} AND workspace_id = ${scope.workspaceId}`
}

/** Ends a session for good. */
export async function endSession(scope: Scope, session: Session): Promise<void> {
  await scope.sql`
    UPDATE console_sessions SET revoked_at = ${scope.now.toISOString()}::timestamptz
     WHERE token_hash = ${session.tokenHash} AND workspace_id = ${scope.workspaceId}`
  await recordEvent(scope, 'session.ended', session.actor.name)
}

export function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

export function newToken(): string {
  return randomBytes(TOKEN_BYTES).toString('base64url')
}

type SessionRow = {
  workspace_id: string
  key_id: string
  key_name: string
  role: Role
  last_seen_at: string
}

function readSession(sql: SqlClient, tokenHash: Buffer, now: Date) {
  return sql<SessionRow[]>`
    SELECT workspace_id, key_id, key_name, role, last_seen_at
      FROM find_console_session(${tokenHash}, ${now.toISOString()}::timestamptz, ${IDLE}::text::interval)`
}

function actorOf(keyId: string, role: Role): Actor {
  return { name: `key:${keyId}`, role }
}

async function openSession(
  house: House,
  identity: Identity,
  requestId: string,
  by: 'key' | 'link',
): Promise<string> {
  const token = newToken()
  await house.database.within({ ...identity, requestId: requestId || newId() }, async (scope) => {
    const at = scope.now.toISOString()
    const endsAt = new Date(scope.now.getTime() + SESSION_MS).toISOString()
    const keptSince = new Date(scope.now.getTime() - KEPT_MS).toISOString()
    const keyId = identity.actor.name.replace(/^key:/, '')
    await scope.sql`
      DELETE FROM console_sessions WHERE workspace_id = ${scope.workspaceId} AND expires_at < ${keptSince}::timestamptz`
    await scope.sql`
      DELETE FROM console_links WHERE workspace_id = ${scope.workspaceId} AND expires_at < ${keptSince}::timestamptz`
    await scope.sql`
      INSERT INTO console_sessions (token_hash, workspace_id, key_id, created_at, expires_at, last_seen_at)
      VALUES (${hashOf(token)}, ${scope.workspaceId}, ${keyId}, ${at}::timestamptz, ${endsAt}::timestamptz, ${at}::timestamptz)`
    await recordEvent(scope, 'session.opened', identity.actor.name, { by })
  })
  return token
}
