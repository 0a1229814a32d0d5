import type { Sql } from './db.ts'
import type { Result } from './result.ts'
import type { LastStatement, Scope } from './scope.ts'

/**
 * Runs `work` in a savepoint of the scope's transaction: a refusal undoes whatever it wrote and drops the nudges and last
 * statements it asked for, and the transaction itself goes on. A thrown error undoes it too and is thrown on.
 */
export async function undoIfRefused<T>(
  scope: Scope,
  work: (scope: Scope) => Promise<Result<T>>,
): Promise<Result<T>> {
  const nudges: (() => void | Promise<void>)[] = []
  const lastStatements: LastStatement[] = []
  try {
    const result = await scope.db.transaction(async (tx) => {
      const inner = {
        ...scope,
        db: tx,
        sql: clientOf(tx),
        withCommit: (statement: LastStatement) => void lastStatements.push(statement),
        afterCommit: (nudge: () => void) => void nudges.push(nudge),
      }
      const answer = await work(inner)
      if (!answer.ok) throw new Refused(answer)
      return answer
    })
    for (const statement of lastStatements) scope.withCommit(statement)
    for (const nudge of nudges) scope.afterCommit(nudge)
    return result
  } catch (error) {
    if (error instanceof Refused) return error.refusal
    throw error
  }
}

/** A savepoint that was opened, for what is not over within one function. */
export type Savepoint = {
  /** To write under the savepoint; it alone may be used until the savepoint is kept or undone. */
  readonly scope: Scope
  keep(): Promise<void>
  /** Takes back all that was written since, and the error that a statement may have ended in. */
  undo(): Promise<void>
}

/** Opens a savepoint in the scope's transaction; one that is neither kept nor undone goes the way of the transaction. */
export async function openSavepoint(scope: Scope): Promise<Savepoint> {
  return new Promise((opened, failed) => {
    const over = scope.db.transaction(
      (tx) =>
        new Promise<void>((keep, refused) => {
          opened({
            scope: { ...scope, db: tx, sql: clientOf(tx) },
            keep() {
              keep()
              return over
            },
            undo() {
              refused(new Undone())
              return over.catch(unlessUndone)
            },
          })
        }),
    )
    over.catch(failed)
  })
}

class Undone extends Error {}

function unlessUndone(error: unknown): void {
  if (!(error instanceof Undone)) throw error
}

/** Only an error leaves drizzle's callback and rolls back; this one carries the refusal past it. */
class Refused extends Error {
  readonly refusal: Result<never>

  constructor(refusal: Result<never>) {
    super('refused')
    this.refusal = refusal
  }
}

/** The savepoint's own client; see `db.ts` on why drizzle is asked for it this way. */
function clientOf(tx: unknown): Sql {
  return (tx as { session: { client: Sql } }).session.client
}
