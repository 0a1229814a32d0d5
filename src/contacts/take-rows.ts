import { OneBehind } from '../platform/one-behind.ts'
import type { Scope } from '../platform/scope.ts'
import { type ChosenList, chooseList, type ListWish } from './choose-list.ts'
import type { ImportTotals } from './find-import.ts'
import { NewContacts } from './new-contacts.ts'
import type { SheetLine } from './sheet/spawn.ts'
import { stageLine } from './stage-rows.ts'

/** Fields of their own; every other target of a column is a variable. */
const OWN_FIELDS = ['phone', 'name', 'email', 'time_zone']

export type Taken = { readonly listId: string; readonly totals: ImportTotals }

export type IntakeTerms = {
  readonly importId: string
  readonly wish: ListWish
  /** Something else is made of the rows at the end: all of them wait for it. */
  readonly keepsRows: boolean
}

/**
 * The rows of a sheet on their way to contacts and members of a list. Who is new is written as the rows come, while the
 * rest of the sheet is read; who is known waits among the staged rows for the end, so that a campaign under way is not
 * kept from its contacts for as long as a sheet is read.
 */
export class Intake {
  readonly #scope: Scope
  readonly #terms: IntakeTerms
  readonly #writing = new OneBehind()
  #list: ChosenList | undefined
  #news: NewContacts | undefined

  constructor(scope: Scope, terms: IntakeTerms) {
    this.#scope = scope
    this.#terms = terms
  }

  /**
   * Writes one batch of the reading process, from its text as it came. Returns once the batch before it is written, so
   * that the next is read meanwhile; what goes wrong with a batch is thrown by the call after it.
   */
  async take(line: SheetLine): Promise<void> {
    await this.#writing.follow(() => this.#write(line))
  }

  /** Until all that was taken is written. */
  async settle(): Promise<void> {
    await this.#writing.settle()
  }

  /** Takes in whoever waits, and says what the sheet has brought. */
  async finish(): Promise<Taken> {
    await this.settle()
    await this.#news?.keep()
    const list = await this.#chosen()
    const { made, known, joined } = this.#waits
      ? await takeKnown(this.#scope, this.#terms.importId, list)
      : NOBODY
    return {
      listId: list.listId,
      totals: {
        new_contacts: (this.#news?.made ?? 0) + made,
        updated_contacts: known,
        already_in_list: made + known - joined,
      },
    }
  }

  /** Whether somebody may be among the staged rows; to find that there is nobody takes long in a large workspace. */
  get #waits(): boolean {
    return this.#terms.keepsRows || (this.#news?.known ?? 0) > 0
  }

  async #write(line: SheetLine): Promise<void> {
    if (line.kind !== 'A' || this.#terms.keepsRows) return stageLine(this.#scope, this.#terms.importId, line)
    this.#news ??= new NewContacts(this.#scope, (await this.#chosen()).listId)
    await this.#news.take(line.text)
  }

  async #chosen(): Promise<ChosenList> {
    this.#list ??= await chooseList(this.#scope, this.#terms.wish)
    return this.#list
  }
}

/** Rows that a running campaign may also lock are locked in its order, by id, so that neither waits for the other. */
async function lockKnown({ sql, workspaceId }: Scope): Promise<void> {
  await sql`ANALYZE staged_rows`
  await sql`
    SELECT count(*) FROM (
      SELECT 1 FROM contacts WHERE workspace_id = ${workspaceId} AND phone IN (SELECT phone FROM staged_rows)
       ORDER BY id FOR NO KEY UPDATE) locked`
}

type Counts = { readonly made: number; readonly known: number; readonly joined: number }
const NOBODY: Counts = { made: 0, known: 0, joined: 0 }

/**
 * Makes contacts of the staged rows and members of the list. A contact that is known already is brought up to date: the
 * columns of this sheet replace what it had under their names, an empty cell included, so that no amount of an earlier
 * sheet is ever sent with a later one; variables of other sheets stay.
 */
async function takeKnown(scope: Scope, importId: string, { listId, isNew }: ChosenList): Promise<Counts> {
  const { sql, workspaceId, now } = scope
  const at = now.toISOString()
  await lockKnown(scope)
  // Nobody of these is in a list that this transaction has made, and looking for each costs as much again as writing them.
  const unlessThere = isNew ? sql`` : sql`ON CONFLICT DO NOTHING`
  const [counts] = await sql<Counts[]>`
    WITH columns AS (
      SELECT coalesce(array_agg(value), '{}') AS names FROM imports, jsonb_each_text(mapping)
       WHERE id = ${importId} AND workspace_id = ${workspaceId} AND value IS NOT NULL AND value <> ALL (${OWN_FIELDS}::text[])),
    taken AS (
      INSERT INTO contacts AS c (workspace_id, phone, name, email, time_zone, variables, created_at, updated_at)
      SELECT DISTINCT ON (phone) ${workspaceId}::uuid, phone, name, email, time_zone, variables,
             ${at}::timestamptz, ${at}::timestamptz FROM staged_rows ORDER BY phone, "row" DESC
      ON CONFLICT (workspace_id, phone) DO UPDATE SET
        name = coalesce(excluded.name, c.name), email = coalesce(excluded.email, c.email),
        time_zone = coalesce(excluded.time_zone, c.time_zone),
        variables = (c.variables - (SELECT names FROM columns)) || excluded.variables, updated_at = excluded.updated_at
      RETURNING c.id, c.xmax = 0 AS is_new),
    joined AS (
      INSERT INTO list_members (workspace_id, list_id, contact_id) SELECT ${workspaceId}::uuid, ${listId}::uuid, id FROM taken
      ${unlessThere} RETURNING contact_id)
    SELECT count(*) FILTER (WHERE is_new)::int AS made, count(*) FILTER (WHERE NOT is_new)::int AS known,
           (SELECT count(*)::int FROM joined) AS joined FROM taken`
  return counts!
}
