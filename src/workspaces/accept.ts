import { newId } from '../platform/ids.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import { undoIfRefused } from '../platform/savepoint.ts'
import type { Role, Scope } from '../platform/scope.ts'
import { beginAttempt, endAttempt } from './attempt.ts'
import { recordEvent } from './audit-trail.ts'
import { hashPassword, isPassword, refusePassword } from './password.ts'
import { findPerson, type Membership, type PeopleEntrance, type PeopleHouse } from './person.ts'
import { useCode } from './second-factor.ts'
import { hashOf, isToken } from './token.ts'

const NAME_MAX_CHARS = 200

/** What an invitation says to whoever holds its link. */
export type OpenInvitation = {
  readonly id: string
  readonly workspaceId: string
  readonly workspaceName: string
  readonly email: string
  readonly role: Role
  /** Whether the address has a password here already, from another workspace: then that one is asked for. */
  readonly known: boolean
}

/** The invitation of a link; undefined for one that is used, taken back, over or made up. */
export async function findInvitation(
  { database, clock }: PeopleHouse,
  token: string,
): Promise<OpenInvitation | undefined> {
  if (!isToken(token)) return undefined
  const [row] = await database.sql<OpenInvitation[]>`
    SELECT id, workspace_id AS "workspaceId", workspace_name AS "workspaceName", email, role, known
      FROM find_invitation(${hashOf(token)}, ${clock.now().toISOString()}::timestamptz)`
  return row
}

export type AcceptRefusal = 'link_over' | 'validation_failed' | 'wrong_password' | 'too_many'

/**
 * Accepts an invitation, once. Who is new chooses a name and a password; who has an account already proves with its
 * password (and code, where the second factor is on) that it is theirs, so that a link alone opens nobody's account.
 */
export async function acceptInvitation(
  house: PeopleEntrance,
  asked: {
    readonly token: string
    readonly name: string
    readonly password: string
    readonly code?: string | undefined
  },
  requestId: string,
): Promise<Result<Membership, AcceptRefusal>> {
  const invitation = await findInvitation(house, asked.token)
  if (!invitation) return over()
  const person = invitation.known
    ? await provenPerson(house, invitation, asked)
    : await newPerson(house, invitation, asked)
  if (!person.ok) return person
  const { workspaceId } = invitation
  const cause = { workspaceId, actor: { name: 'invitation', role: invitation.role }, requestId }
  return house.database.within(cause, async (scope) => {
    const joined = await undoIfRefused(scope, (inner) => join(inner, invitation, person.value))
    return joined as Result<Membership, AcceptRefusal>
  })
}

/** Writes a member down, or takes one back who was removed; whoever is a member already only changes the role. */
export async function addMember(
  scope: Scope,
  person: { readonly id: string; readonly email: string; readonly name: string },
  role: Role,
): Promise<string> {
  const [row] = await scope.sql<{ id: string }[]>`
    INSERT INTO members (id, workspace_id, person_id, email, name, role, created_at)
    VALUES (${newId(scope.now.getTime())}, ${scope.workspaceId}, ${person.id}, ${person.email}, ${person.name}, ${role},
            ${scope.now.toISOString()}::timestamptz)
    ON CONFLICT (workspace_id, person_id) DO UPDATE SET role = excluded.role, removed_at = NULL
    RETURNING id`
  await recordEvent(scope, 'member.joined', `member:${row!.id}`, { role })
  return row!.id
}

type Joining = {
  readonly id: string
  readonly email: string
  readonly name: string
  readonly passwordHash?: string
}

/** Somebody with a password, whose address is nobody's yet; not written down. */
export async function newPerson(
  house: PeopleHouse,
  { email }: { readonly email: string },
  asked: { readonly name: string; readonly password: string },
): Promise<Result<Joining, 'validation_failed'>> {
  const name = asked.name.trim()
  if (name.length < 1 || name.length > NAME_MAX_CHARS) return badName()
  const weak = refusePassword(asked.password, { email, name })
  if (weak) return weak
  const passwordHash = await hashPassword(asked.password)
  return ok({ id: newId(house.clock.now().getTime()), email, name, passwordHash })
}

/** Writes a new person down; false where the address has become somebody's in the meantime. */
export async function savePerson(scope: Scope, person: Joining): Promise<boolean> {
  if (person.passwordHash === undefined) return true
  const [row] = await scope.sql<{ added: boolean }[]>`
    SELECT add_person(${person.id}, ${person.email}, ${person.name}, ${person.passwordHash},
                      ${scope.now.toISOString()}::timestamptz) AS added`
  return row!.added
}

async function provenPerson(
  house: PeopleHouse,
  { email }: OpenInvitation,
  asked: { readonly password: string; readonly code?: string | undefined },
): Promise<Result<Joining, AcceptRefusal>> {
  const subject = ['account', email] as const
  const seconds = await beginAttempt(house.database.sql, subject, house.clock.now())
  if (seconds > 0) return refuse('too_many', `Too many failed attempts. Try again in ${seconds} seconds.`)
  const person = await findPerson(house, email)
  const isTheirs = await isPassword(person?.passwordHash, asked.password)
  if (!person || !isTheirs) return wrongPassword()
  if (person.totpSecret !== null && !(await useCode(house, person, asked.code ?? ''))) return wrongPassword()
  await endAttempt(house.database.sql, subject)
  return ok({ id: person.id, email: person.email, name: person.name })
}

/** The invitation is taken by a conditional update: of two who accept at once, the second finds it over. */
async function join(
  scope: Scope,
  invitation: OpenInvitation,
  person: Joining,
): Promise<Result<Membership, AcceptRefusal>> {
  const at = scope.now.toISOString()
  const taken = await scope.sql`
    UPDATE invitations SET accepted_at = ${at}::timestamptz
     WHERE id = ${invitation.id} AND workspace_id = ${scope.workspaceId} AND accepted_at IS NULL
       AND withdrawn_at IS NULL AND expires_at > ${at}::timestamptz RETURNING id`
  if (taken.length === 0) return over()
  if (!(await savePerson(scope, person)))
    return refuse('wrong_password', 'This address has just got an account here. Open the link again.')
  const memberId = await addMember(scope, person, invitation.role)
  const { workspaceId, workspaceName, role } = invitation
  return ok({ workspaceId, workspaceName, memberId, role })
}

function over() {
  return refuse(
    'link_over',
    'This invitation was used or taken back, or its week is over. Ask for a new one.',
  )
}

function wrongPassword() {
  const message =
    'This is not the password of this address (or the code of its app). It is the one you sign in with.'
  return refuse('wrong_password', message, { errors: [{ path: 'password', code: 'wrong', message }] })
}

function badName() {
  const message = `Write a name of 1 to ${NAME_MAX_CHARS} characters.`
  return refuse('validation_failed', message, { errors: [{ path: 'name', code: 'invalid_value', message }] })
}
