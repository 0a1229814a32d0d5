import { and, desc, eq, ilike, isNull, lt, or } from 'drizzle-orm'
import { instant } from '../platform/db.ts'
import { isUuid } from '../platform/ids.ts'
import { type Page, type PageRequest, pageOf } from '../platform/page.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import type { Role, Scope } from '../platform/scope.ts'
import { readSought } from '../platform/sought.ts'
import { recordEvent } from './audit-trail.ts'
import { allow, mayIssue } from './role.ts'
import { members } from './tables.ts'

export type Member = {
  readonly id: string
  readonly email: string
  readonly name: string
  readonly role: Role
  readonly createdAt: string
}

export type MemberRefusal = 'forbidden' | 'not_found' | 'last_owner'

/**
 * The workspace's members, those who joined last first, those with some words in their name or address where given;
 * removed ones are not among them.
 */
export async function listMembers(
  scope: Scope,
  page: PageRequest<string> & { readonly words?: string | undefined },
): Promise<Page<Member, string>> {
  const like = page.words === undefined ? undefined : readSought(page.words).like
  const rows = await scope.db
    .select({
      id: members.id,
      email: members.email,
      name: members.name,
      role: members.role,
      createdAt: members.createdAt,
    })
    .from(members)
    .where(
      and(
        eq(members.workspaceId, scope.workspaceId),
        isNull(members.removedAt),
        like === undefined ? undefined : or(ilike(members.name, like), ilike(members.email, like)),
        page.after ? lt(members.id, page.after) : undefined,
      ),
    )
    .orderBy(desc(members.id))
    .limit(page.limit + 1)
  const shown = rows.map((row) => ({ ...row, createdAt: instant(row.createdAt)! }))
  return pageOf(shown, page.limit, ({ id }) => id)
}

/** Gives a member another role. Their sessions here end, so that nobody goes on under the old one. */
export async function changeRole(
  scope: Scope,
  id: string,
  role: Role,
): Promise<Result<Member, MemberRefusal>> {
  const found = await lockMember(scope, id)
  if (!found.ok) return found
  const member = found.value
  if (!mayIssue(scope.actor.role, role)) return refuse('forbidden', 'Nobody gives a role above their own.')
  if (member.role === role) return ok(member)
  if (member.role === 'owner' && !(await hasOtherOwner(scope, id))) return lastOwner()
  await scope.sql`
    UPDATE members SET role = ${role} WHERE id = ${id} AND workspace_id = ${scope.workspaceId}`
  await endSessions(scope, id)
  await recordEvent(scope, 'member.role_changed', `member:${id}`, { from: member.role, to: role })
  return ok({ ...member, role })
}

/** Removes a member: their sessions here end, and so do the keys they made. What they did stays in the trail. */
export async function removeMember(scope: Scope, id: string): Promise<Result<undefined, MemberRefusal>> {
  const found = await lockMember(scope, id)
  if (!found.ok) return found
  if (found.value.role === 'owner' && !(await hasOtherOwner(scope, id))) return lastOwner()
  const at = scope.now.toISOString()
  await scope.sql`
    UPDATE members SET removed_at = ${at}::timestamptz WHERE id = ${id} AND workspace_id = ${scope.workspaceId}`
  await endSessions(scope, id)
  const keys = await scope.sql`
    UPDATE api_keys SET revoked_at = ${at}::timestamptz
     WHERE member_id = ${id} AND workspace_id = ${scope.workspaceId} AND revoked_at IS NULL RETURNING id`
  await recordEvent(scope, 'member.removed', `member:${id}`, {
    role: found.value.role,
    keys_revoked: keys.length,
  })
  return ok(undefined)
}

/** All owners are locked together, in one order: of two who leave at once, the second sees that they are the last. */
async function lockMember(scope: Scope, id: string): Promise<Result<Member, MemberRefusal>> {
  const refusal = allow(scope.actor, 'members.write')
  if (refusal) return refusal
  const rows = isUuid(id)
    ? await scope.sql<(Omit<Member, 'createdAt'> & { created_at: string })[]>`
        SELECT id, email, name, role, created_at FROM members
         WHERE workspace_id = ${scope.workspaceId} AND removed_at IS NULL AND (id = ${id} OR role = 'owner')
         ORDER BY id FOR UPDATE`
    : []
  const found = rows.find((row) => row.id === id)
  if (!found) return refuse('not_found', 'There is no such member.')
  if (!mayIssue(scope.actor.role, found.role))
    return refuse('forbidden', 'Nobody changes or removes a member above their own role.')
  const { created_at, ...member } = found
  return ok({ ...member, createdAt: instant(created_at)! })
}

async function hasOtherOwner(scope: Scope, id: string): Promise<boolean> {
  const others = await scope.sql`
    SELECT 1 FROM members WHERE workspace_id = ${scope.workspaceId} AND removed_at IS NULL AND role = 'owner' AND id <> ${id}`
  return others.length > 0
}

async function endSessions(scope: Scope, memberId: string): Promise<void> {
  await scope.sql`
    UPDATE console_sessions SET revoked_at = ${scope.now.toISOString()}::timestamptz
     WHERE member_id = ${memberId} AND workspace_id = ${scope.workspaceId} AND revoked_at IS NULL`
}

function lastOwner() {
  return refuse('last_owner', 'This is the last owner: make somebody else an owner first.')
}
