import type { Database, Statement } from '../platform/db.ts'
import { newId } from '../platform/ids.ts'
import type { Actor, Scope } from '../platform/scope.ts'

/** How a worker reaches the rows of one workspace. */
export type WorkerRows = {
  /** Its name in leases and attempts. */
  readonly worker: string
  /** One transaction. */
  within<T>(work: (scope: Scope) => Promise<T>): Promise<T>
  /** One statement that holds its locks for a moment only; see `Database.once`. */
  once<Rows>(statement: Statement<Rows>): Promise<Rows>
}

const SENDING: Actor = { name: 'system:send', role: 'owner' }

/** The rows of a workspace for what one worker sends. */
export function workerRows(
  house: {
    database: Database
    within<T>(workspaceId: string, work: (scope: Scope) => Promise<T>): Promise<T>
    worker: string
  },
  workspaceId: string,
): WorkerRows {
  const cause = { workspaceId, actor: SENDING, requestId: `send ${newId()}` }
  return {
    worker: house.worker,
    within: (work) => house.within(workspaceId, work),
    once: (statement) => house.database.once(cause, statement),
  }
}
