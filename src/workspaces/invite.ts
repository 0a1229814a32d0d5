import { and, desc, eq, isNull, lt, sql } from 'drizzle-orm'
import { instant } from '../platform/db.ts'
import { isUuid, newId } from '../platform/ids.ts'
import { type Page, type PageRequest, pageOf } from '../platform/page.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import type { Role, Scope } from '../platform/scope.ts'
import { recordEvent } from './audit-trail.ts'
import { readEmail } from './email.ts'
import { allow, mayIssue } from './role.ts'
import { invitations, members } from './tables.ts'
import { hashOf, newToken } from './token.ts'

const INVITATION_MS = 7 * 24 * 60 * 60 * 1000

export type Invitation = {
  readonly id: string
  readonly email: string
  readonly role: Role
  readonly invitedBy: string
  readonly createdAt: string
  readonly expiresAt: string
}

export type InviteRefusal = 'forbidden' | 'validation_failed' | 'already_member'

/**
 * Invites an address to the workspace, for a week. An earlier invitation to the same address is void.
 * @returns the invitation and its token, which is shown or mailed this once and stored nowhere
 */
export async function inviteMember(
  scope: Scope,
  request: { readonly email: string; readonly role: Role },
): Promise<Result<{ invitation: Invitation; token: string }, InviteRefusal>> {
  const refusal = allow(scope.actor, 'members.write')
  if (refusal) return refusal
  if (!mayIssue(scope.actor.role, request.role))
    return refuse('forbidden', 'Nobody invites anybody above their own role.')
  const email = readEmail(request.email)
  if (email === undefined) return badEmail()
  if (await isMember(scope, email))
    return refuse('already_member', 'This address belongs to a member already.')
  const at = scope.now.toISOString()
  await withdrawOpen(scope, email)
  const token = newToken()
  const invitation = {
    id: newId(scope.now.getTime()),
    email,
    role: request.role,
    invitedBy: scope.actor.name,
    createdAt: at,
    expiresAt: new Date(scope.now.getTime() + INVITATION_MS).toISOString(),
  }
  await scope.db
    .insert(invitations)
    .values({ ...invitation, workspaceId: scope.workspaceId, tokenHash: hashOf(token) })
  await recordEvent(scope, 'member.invited', `invitation:${invitation.id}`, { role: request.role })
  return ok({ invitation, token })
}

/** Takes an invitation back: its link opens nothing from now on. Taking back what is over changes nothing. */
export async function withdrawInvitation(
  scope: Scope,
  id: string,
): Promise<Result<undefined, 'forbidden' | 'not_found'>> {
  const refusal = allow(scope.actor, 'members.write')
  if (refusal) return refusal
  const here = and(eq(invitations.id, id), eq(invitations.workspaceId, scope.workspaceId))
  const found = isUuid(id) ? await scope.db.select({ id: invitations.id }).from(invitations).where(here) : []
  if (found.length === 0) return refuse('not_found', 'There is no such invitation.')
  const withdrawn = await scope.db
    .update(invitations)
    .set({ withdrawnAt: scope.now.toISOString() })
    .where(and(here, isNull(invitations.acceptedAt), isNull(invitations.withdrawnAt)))
    .returning({ id: invitations.id })
  if (withdrawn.length > 0) await recordEvent(scope, 'invitation.withdrawn', `invitation:${id}`)
  return ok(undefined)
}

/** Invitations that nobody has accepted or taken back, newest first; those that are over included. */
export async function listInvitations(
  scope: Scope,
  page: PageRequest<string>,
): Promise<Page<Invitation, string>> {
  const rows = await scope.db
    .select({
      id: invitations.id,
      email: invitations.email,
      role: invitations.role,
      invitedBy: invitations.invitedBy,
      createdAt: invitations.createdAt,
      expiresAt: invitations.expiresAt,
    })
    .from(invitations)
    .where(
      and(
        eq(invitations.workspaceId, scope.workspaceId),
        isNull(invitations.acceptedAt),
        isNull(invitations.withdrawnAt),
        page.after ? lt(invitations.id, page.after) : undefined,
      ),
    )
    .orderBy(desc(invitations.id))
    .limit(page.limit + 1)
  const shown = rows.map((row) => ({
    ...row,
    createdAt: instant(row.createdAt)!,
    expiresAt: instant(row.expiresAt)!,
  }))
  return pageOf(shown, page.limit, ({ id }) => id)
}

async function isMember(scope: Scope, email: string): Promise<boolean> {
  const found = await scope.db
    .select({ id: members.id })
    .from(members)
    .where(
      and(eq(members.workspaceId, scope.workspaceId), eq(members.email, email), isNull(members.removedAt)),
    )
  return found.length > 0
}

async function withdrawOpen(scope: Scope, email: string): Promise<void> {
  // Two who invite the same address at once: the second waits here and voids the first.
  await scope.db.execute(
    sql`SELECT pg_advisory_xact_lock(hashtextextended(${`invite ${scope.workspaceId} ${email}`}, 0))`,
  )
  await scope.db
    .update(invitations)
    .set({ withdrawnAt: scope.now.toISOString() })
    .where(
      and(
        eq(invitations.workspaceId, scope.workspaceId),
        eq(invitations.email, email),
        isNull(invitations.acceptedAt),
        isNull(invitations.withdrawnAt),
      ),
    )
}

function badEmail() {
  const message = 'This is not an e-mail address, such as siti@example.com.'
  return refuse('validation_failed', message, { errors: [{ path: 'email', code: 'invalid_value', message }] })
}
