import type { SqlClient } from '../platform/db.ts'
import type { Actor, Role } from '../platform/scope.ts'
import { parseKey, sameHash } from './key.ts'

/** Who a key belongs to. */
export type Identity = { readonly workspaceId: string; readonly actor: Actor }

const NOBODY = {
  id: '',
  workspace_id: '',
  role: 'viewer' as Role,
  secret_hash: Buffer.alloc(32),
  member_id: null as string | null,
}

/**
 * Finds out who is asking, before any workspace is known. Undefined for a key that is unknown, revoked or wrong;
 * which of them it was is not told, nor does the time it takes.
 */
export async function authenticate(sql: SqlClient, keyText: string): Promise<Identity | undefined> {
  const key = parseKey(keyText)
  if (!key) return undefined
  const [found = NOBODY] = await sql<(typeof NOBODY)[]>`
    SELECT id, workspace_id, role, secret_hash, member_id FROM find_api_key(${key.prefix})`
  if (!sameHash(found.secret_hash, key.secretHash) || found === NOBODY) return undefined
  return { workspaceId: found.workspace_id, actor: actorOfKey(found.id, found.role, found.member_id) }
}

/** As whom a key acts; `memberId` of whoever made it, if a member did. */
export function actorOfKey(id: string, role: Role, memberId: string | null): Actor {
  return { name: `key:${id}`, role, ...(memberId !== null && { person: `member:${memberId}` }) }
}
