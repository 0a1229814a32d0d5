import type postgres from 'postgres'
import { isUuid, newId } from '../platform/ids.ts'
import type { Scope } from '../platform/scope.ts'
import type { ImportTotals } from './find-import.ts'
import type { SheetLine } from './sheet/spawn.ts'

const LIST_NAME_MAX_CHARS = 200
/** Fields of their own; every other target of a column is a variable. */
const OWN_FIELDS = ['phone', 'name', 'email', 'time_zone']

/** Makes the table in which a sheet's rows wait for its end; it goes with the transaction. */
export async function stageTable({ sql }: Scope): Promise<void> {
  await sql`
    CREATE TEMPORARY TABLE staged_rows ("row" int NOT NULL, phone text NOT NULL, name text, email text, time_zone text,
      variables jsonb NOT NULL, cells jsonb) ON COMMIT DROP`
}

/** Writes one batch of the reading process, from its JSON as it came: rows are not looked at on the way. */
export async function stageLine(
  { sql, workspaceId }: Scope,
  importId: string,
  { kind, json }: SheetLine,
): Promise<void> {
  switch (kind) {
    case 'R':
      await sql`
        INSERT INTO staged_rows
        SELECT * FROM jsonb_to_recordset(${json}::text::jsonb)
            AS r("row" int, phone text, name text, email text, time_zone text, variables jsonb, cells jsonb)`
      return
    case 'P':
      await sql`
        INSERT INTO import_problems (workspace_id, import_id, "row", "column", code, message, value)
        SELECT ${workspaceId}, ${importId}, r.* FROM jsonb_to_recordset(${json}::text::jsonb)
            AS r("row" int, "column" text, code text, message text, value text)`
      return
    case 'X':
      await sql`
        INSERT INTO import_rejected_rows (workspace_id, import_id, "row", cells)
        SELECT ${workspaceId}, ${importId}, r.* FROM jsonb_to_recordset(${json}::text::jsonb) AS r("row" int, cells jsonb)`
  }
}

/**
 * Refuses rows that could be read and yet cannot be taken, as the reading process refuses others: each is kept as it
 * stood, with its place and the reason.
 * @param refused a query of `row`, `column`, `code`, `message`, `value`
 * @returns how many rows
 */
export async function refuseStagedRows(
  { sql, workspaceId }: Scope,
  importId: string,
  refused: postgres.PendingQuery<postgres.Row[]>,
): Promise<number> {
  const [counts] = await sql<{ n: number }[]>`
    WITH refused AS MATERIALIZED (${refused}),
    told AS (
      INSERT INTO import_problems (workspace_id, import_id, "row", "column", code, message, value)
      SELECT ${workspaceId}::uuid, ${importId}::uuid, f."row", f."column", f.code, f.message, f.value FROM refused f ORDER BY f."row"),
    kept AS (
      INSERT INTO import_rejected_rows (workspace_id, import_id, "row", cells)
      SELECT ${workspaceId}::uuid, ${importId}::uuid, s."row", s.cells FROM staged_rows s WHERE s."row" IN (SELECT "row" FROM refused)
      RETURNING "row")
    SELECT count(*)::int AS n FROM kept`
  return counts!.n
}

export type Taken = { readonly listId: string; readonly totals: ImportTotals }

/**
 * Makes contacts of the staged rows and members of the list. A contact that is known already is brought up to date: the
 * columns of this sheet replace what it had under their names, an empty cell included, so that no amount of an earlier
 * sheet is ever sent with a later one; variables of other sheets stay.
 */
export async function takeStagedRows(
  scope: Scope,
  importId: string,
  target: { list: string | undefined; fileName: string },
): Promise<Taken> {
  const { listId, isNew } = await chooseList(scope, target)
  await lockKnown(scope)
  const { sql, workspaceId, now } = scope
  const at = now.toISOString()
  // Nobody is in a list that this transaction has made, and looking for each costs as much again as writing them.
  const unlessThere = isNew ? sql`` : sql`ON CONFLICT DO NOTHING`
  const [counts] = await sql<{ made: number; known: number; joined: number }[]>`
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
  const { made, known, joined } = counts!
  return {
    listId,
    totals: { new_contacts: made, updated_contacts: known, already_in_list: made + known - joined },
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

type ChosenList = { readonly listId: string; readonly isNew: boolean }

/** The list that was named, made if need be; without a name a new one, so that an upload never joins an older one. */
async function chooseList(
  scope: Scope,
  { list, fileName }: { list: string | undefined; fileName: string },
): Promise<ChosenList> {
  if (list !== undefined && isUuid(list)) return { listId: list, isNew: false }
  if (list !== undefined) {
    const found = await findListNamed(scope, list)
    return found === undefined ? makeList(scope, list) : { listId: found, isNew: false }
  }
  const name = fileName.replace(/\.[A-Za-z0-9]{1,5}$/, '').trim() || 'Contacts'
  for (let n = 1; ; n++) {
    const suffix = n === 1 ? '' : ` (${n})`
    const candidate = name.slice(0, LIST_NAME_MAX_CHARS - suffix.length) + suffix
    if ((await findListNamed(scope, candidate)) === undefined) return makeList(scope, candidate)
  }
}

async function findListNamed({ sql, workspaceId }: Scope, name: string): Promise<string | undefined> {
  const [row] = await sql<
    { id: string }[]
  >`SELECT id FROM lists WHERE workspace_id = ${workspaceId} AND name = ${name}`
  return row?.id
}

/** Another transaction may have made it since it was looked for. */
async function makeList({ sql, workspaceId, now }: Scope, name: string): Promise<ChosenList> {
  const [row] = await sql<{ id: string; is_new: boolean }[]>`
    INSERT INTO lists (id, workspace_id, name, created_at)
    VALUES (${newId(now.getTime())}, ${workspaceId}, ${name}, ${now.toISOString()}::timestamptz)
    ON CONFLICT (workspace_id, name) DO UPDATE SET name = excluded.name RETURNING id, xmax = 0 AS is_new`
  return { listId: row!.id, isNew: row!.is_new }
}
