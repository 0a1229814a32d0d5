import { refusedBy } from '../platform/db.ts'
import { openSavepoint, type Savepoint } from '../platform/savepoint.ts'
import type { Scope } from '../platform/scope.ts'
import { rowsIn } from './sheet/row-columns.ts'

/** Batches under one savepoint: PostgreSQL keeps 64 savepoints of a transaction at hand, and a sheet may have a million rows. */
const BATCHES_AT_ONCE = 20
const NUMBER_IS_KNOWN = 'contacts_workspace_id_phone_key'

/**
 * Makes contacts, and members of a list, of those rows whose numbers are new; the others are staged. Whether a number is
 * known is asked as long as there are such: afterwards rows are written in good faith, which costs a fifth less, and
 * should one be known after all, what was so written since the last savepoint is undone and done again with the question.
 */
export class NewContacts {
  /** How many contacts were new so far. */
  made = 0
  /** How many of the staged rows are of numbers that were known. */
  known = 0
  readonly #scope: Scope
  readonly #listId: string
  #trusts = false
  #inGoodFaith: Savepoint | undefined
  #batches: string[] = []
  /** What `made` goes back to when what was written in good faith is undone. */
  #madeBefore = 0

  constructor(scope: Scope, listId: string) {
    this.#scope = scope
    this.#listId = listId
  }

  /** @param packed rows as the reading process gives them (`packRows`); no number twice among all that are taken */
  async take(packed: string): Promise<void> {
    if (!this.#trusts) return this.#takeAsking(packed)
    this.#inGoodFaith ??= await openSavepoint(this.#scope)
    this.#batches.push(packed)
    try {
      this.made += await insertAll(this.#inGoodFaith.scope, this.#listId, packed)
    } catch (error) {
      if (refusedBy(error) !== NUMBER_IS_KNOWN) throw error
      return this.#takeAgain(this.#inGoodFaith)
    }
    if (this.#batches.length === BATCHES_AT_ONCE) await this.keep()
  }

  /** From here on nothing of it is undone alone. */
  async keep(): Promise<void> {
    await this.#inGoodFaith?.keep()
    this.#inGoodFaith = undefined
    this.#batches = []
    this.#madeBefore = this.made
  }

  async #takeAgain(savepoint: Savepoint): Promise<void> {
    const batches = this.#batches
    await savepoint.undo()
    this.made = this.#madeBefore
    this.#inGoodFaith = undefined
    this.#batches = []
    for (const packed of batches) await this.#takeAsking(packed)
  }

  async #takeAsking(packed: string): Promise<void> {
    const { made, known } = await insertNew(this.#scope, this.#listId, packed)
    this.made += made
    this.known += known
    this.#madeBefore = this.made
    this.#trusts = known === 0
  }
}

/** Makes contacts of all rows of `from`, as a part of a query. */
function contactsOf({ sql, workspaceId, now }: Scope, from: ReturnType<typeof rowsIn>) {
  const at = now.toISOString()
  return sql`
    INSERT INTO contacts (workspace_id, phone, name, email, time_zone, variables, created_at, updated_at)
    SELECT ${workspaceId}::uuid, phone, name, email, time_zone, variables, ${at}::timestamptz, ${at}::timestamptz FROM ${from}`
}

async function insertAll(scope: Scope, listId: string, packed: string): Promise<number> {
  const { sql, workspaceId } = scope
  const { count } = await sql`
    WITH made AS (${contactsOf(scope, rowsIn(sql, packed))} RETURNING id)
    INSERT INTO list_members (workspace_id, list_id, contact_id) SELECT ${workspaceId}::uuid, ${listId}::uuid, id FROM made`
  return count
}

async function insertNew(
  scope: Scope,
  listId: string,
  packed: string,
): Promise<{ readonly made: number; readonly known: number }> {
  const { sql, workspaceId } = scope
  const [counts] = await sql<{ made: number; known: number }[]>`
    WITH rows AS MATERIALIZED (SELECT * FROM ${rowsIn(sql, packed)}),
    made AS (${contactsOf(scope, sql`rows`)} ON CONFLICT (workspace_id, phone) DO NOTHING RETURNING id, phone),
    joined AS (
      INSERT INTO list_members (workspace_id, list_id, contact_id) SELECT ${workspaceId}::uuid, ${listId}::uuid, id FROM made),
    known AS (
      INSERT INTO staged_rows SELECT * FROM rows WHERE phone NOT IN (SELECT phone FROM made) RETURNING phone)
    SELECT (SELECT count(*)::int FROM made) AS made, (SELECT count(*)::int FROM known) AS known`
  return counts!
}
