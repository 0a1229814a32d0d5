import type postgres from 'postgres'
import type { Scope } from '../platform/scope.ts'
import { rowsIn } from './sheet/row-columns.ts'
import type { SheetLine } from './sheet/spawn.ts'

/** Makes the table in which a sheet's rows wait for its end; it goes with the transaction. */
export async function stageTable({ sql }: Scope): Promise<void> {
  await sql`
    CREATE TEMPORARY TABLE staged_rows ("row" int NOT NULL, phone text NOT NULL, name text, email text, time_zone text,
      variables jsonb NOT NULL, cells jsonb) ON COMMIT DROP`
}

/** Writes one batch of the reading process, from its text as it came: rows are not looked at on the way. */
export async function stageLine(
  { sql, workspaceId }: Scope,
  importId: string,
  { kind, text }: SheetLine,
): Promise<void> {
  switch (kind) {
    case 'A':
      await sql`
        INSERT INTO staged_rows SELECT * FROM ${rowsIn(sql, text)}`
      return
    case 'P':
      await sql`
        INSERT INTO import_problems (workspace_id, import_id, "row", "column", code, message, value)
        SELECT ${workspaceId}, ${importId}, r.* FROM jsonb_to_recordset(${text}::text::jsonb)
            AS r("row" int, "column" text, code text, message text, value text)`
      return
    case 'X':
      await sql`
        INSERT INTO import_rejected_rows (workspace_id, import_id, "row", cells)
        SELECT ${workspaceId}, ${importId}, r.* FROM jsonb_to_recordset(${text}::text::jsonb) AS r("row" int, cells jsonb)`
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
