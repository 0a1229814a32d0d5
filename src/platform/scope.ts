import type { Db, Sql } from './db.ts'
import type { Origin } from './trace.ts'

/** The five roles, most powerful first. */
export const ROLES = ['owner', 'admin', 'approver', 'marketer', 'viewer'] as const
export type Role = (typeof ROLES)[number]

/**
 * Who acts: a member (`member:<id>`), a key (`key:<id>`) or a part of the program itself (`system:settle`). Its name goes
 * into every trace it leaves.
 */
export type Actor = {
  readonly name: string
  readonly role: Role
  /** The member (`member:<id>`) whose key this is; undefined for one that nobody in particular made. */
  readonly person?: string | undefined
  /** A member who has not lately proved who they are: acts that matter ask for it first. */
  readonly mustConfirm?: boolean
}

/** Whose hand it is where two persons are needed: the member behind it, whichever key or session it came by. */
export function handOf(actor: Actor): string {
  return actor.person ?? actor.name
}

export type LastStatement = () => PromiseLike<unknown> | undefined

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
  /** Where in a trace this stands, while traces are kept. */
  readonly traceparent?: string | undefined
  /**
   * A statement, if there is one, to be sent together with the commit, after everything else: what it locks, which others
   * wait for, is locked for as long as the database needs and no longer. Nobody learns what it answers; if it fails, all
   * does.
   */
  withCommit(statement: LastStatement): void
  /** Run after the commit, and only then: nudges to the queue. */
  afterCommit(action: () => void | Promise<void>): void
}

/** On whose behalf a scope's work is done, for whoever goes on with it. */
export function originOf({ requestId, traceparent }: Scope): Origin {
  return { requestId, traceparent }
}
