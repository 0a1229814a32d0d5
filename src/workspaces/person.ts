import type { AnySql, Database } from '../platform/db.ts'
import type { Role } from '../platform/scope.ts'
import type { SecretBox } from '../platform/secrets.ts'

/**
 * What is needed to deal with people. Before any workspace is known `sql` is the pool; within a transaction it is that
 * transaction's own, since whoever holds one connection and waits for another may wait for ever.
 */
export type PeopleHouse = {
  readonly database: { readonly sql: AnySql }
  readonly clock: { now(): Date }
  readonly secrets: SecretBox
}

/** The same before any workspace is known, for what opens a transaction in the one that it finds. */
export type PeopleEntrance = Omit<PeopleHouse, 'database'> & { readonly database: Database }

export type Person = {
  readonly id: string
  readonly email: string
  readonly name: string
  readonly passwordHash: string
  /** Sealed; null where the second factor is off. */
  readonly totpSecret: Buffer | null
}

export type Account = Person & { readonly totpPending: Buffer | null; readonly codesLeft: number }

/** One of the workspaces that a person belongs to, and as whom. */
export type Membership = {
  readonly workspaceId: string
  readonly workspaceName: string
  readonly memberId: string
  readonly role: Role
}

export async function findPerson({ database }: PeopleHouse, email: string): Promise<Person | undefined> {
  const [row] = await database.sql<Person[]>`
    SELECT id, email, name, password_hash AS "passwordHash", totp_secret AS "totpSecret" FROM find_person(${email})`
  return row
}

export async function readAccount({ database }: PeopleHouse, personId: string): Promise<Account> {
  const [row] = await database.sql<Account[]>`
    SELECT id, email, name, password_hash AS "passwordHash", totp_secret AS "totpSecret",
           totp_pending AS "totpPending", codes_left AS "codesLeft" FROM read_person(${personId})`
  if (!row) throw new Error('the person of this session does not exist')
  return row
}

/** Where a person may go, by the names of the workspaces. */
export function listMemberships({ database }: PeopleHouse, personId: string): Promise<readonly Membership[]> {
  return database.sql<Membership[]>`
    SELECT workspace_id AS "workspaceId", workspace_name AS "workspaceName", member_id AS "memberId", role
      FROM person_workspaces(${personId})`
}
