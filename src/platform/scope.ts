import type { Db, Sql } from './db.ts'

/** The five roles, most powerful first. */
export const ROLES = ['owner', 'admin', 'approver', 'marketer', 'viewer'] as const
export type Role = (typeof ROLES)[number]

/** Who acts: a key or a part of the program itself (`system:settle`). Its name goes into every trace it leaves. */
export type Actor = { readonly name: string; readonly role: Role }

/**
 * What every verb is given: one open transaction, behind the wall of one workspace, at one moment, for one cause.
 * `db` (drizzle) and `sql` (postgres.js) are the same transaction. Over `sql`, instants come as text, `int8` as bigint,
 * and JSON parameters are passed as text with a cast.
 */
export type Scope = {
  readonly db: Db
  readonly sql: Sql
  readonly now: Date
  readonly workspaceId: string
  readonly actor: Actor
  readonly requestId: string
  /** Run after the commit, and only then: nudges to the queue. */
  afterCommit(action: () => void | Promise<void>): void
}
