import { and, asc, desc, eq, gt, lt } from 'drizzle-orm'
import { instant } from '../platform/db.ts'
import { isCountedId, isUuid } from '../platform/ids.ts'
import { type Page, type PageRequest, pageOf } from '../platform/page.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import { type BookColumn, type BookRow, writeProblemBook } from './problem-book.ts'
import type { SheetKind } from './sheet/kinds.ts'
import { importProblems, imports } from './tables.ts'

/** A column as the user sees it: what it is read as, and a few of its values to decide by. */
export type ImportColumn = BookColumn & {
  readonly samples: readonly string[]
  readonly looks_like_phone: boolean
}

export type ImportState = (typeof imports.$inferSelect)['state']

/** A sheet on its way into the contacts. Instants in RFC 3339. */
export type Import = {
  readonly id: string
  readonly state: ImportState
  readonly kind: SheetKind
  readonly fileName: string
  readonly byteSize: number
  readonly columns: readonly ImportColumn[]
  /** From the heading, or the column's letters, to what it is read as. */
  readonly mapping: Readonly<Record<string, string | null>>
  readonly sheets: readonly { name: string; hidden: boolean; chosen: boolean }[]
  readonly rows: number
  readonly accepted: number
  readonly duplicates: number
  readonly rejected: number
  readonly totals: ImportTotals
  /** How much of the file is read, from 0 to 1. */
  readonly progress: number
  readonly listId: string | null
  /** An earlier import of the very same file. */
  readonly sameAs: string | null
  /** Why it failed, or what it waits for. */
  readonly code: string | null
  readonly detail: string | null
  readonly createdAt: string
  readonly finishedAt: string | null
}

/** What else there is to say of a finished import. */
export type ImportTotals = {
  readonly hidden_rows?: number
  readonly hidden_sheets?: number
  /** Contacts that this import made, and those it found and brought up to date. */
  readonly new_contacts?: number
  readonly updated_contacts?: number
  /** Of them, those that were in the list already. */
  readonly already_in_list?: number
  /** Of a sheet of invoices: those that were new, those that it changed, those that stood as they were, those it closed. */
  readonly new_invoices?: number
  readonly changed_invoices?: number
  readonly same_invoices?: number
  readonly closed_invoices?: number
  /** 1 where closing was asked for and left undone, because rows were rejected or there was no invoice at all. */
  readonly close_missing_not_done?: number
  /** Of a sheet of paid invoices: payments that were new and those that were known, and what they made of their invoices. */
  readonly new_payments?: number
  readonly known_payments?: number
  readonly paid_invoices?: number
  readonly partly_paid_invoices?: number
}

/** One thing wrong with one row of the user's own sheet. */
export type ImportProblem = {
  readonly id: string
  readonly row: number
  readonly column: string | null
  readonly code: string
  readonly message: string
  readonly value: string | null
}

/** One import of this workspace; another's does not exist here. */
export async function findImport(scope: Scope, id: string): Promise<Result<Import, 'not_found'>> {
  const [row] = isUuid(id)
    ? await scope.db
        .select()
        .from(imports)
        .where(and(eq(imports.workspaceId, scope.workspaceId), eq(imports.id, id)))
    : []
  return row ? ok(readImport(row)) : refuse('not_found', 'There is no such import.')
}

/** The workspace's imports, newest first; a page ends at an id. */
export async function listImports(scope: Scope, page: PageRequest<string>): Promise<Page<Import, string>> {
  const rows = await scope.db
    .select()
    .from(imports)
    .where(
      and(
        eq(imports.workspaceId, scope.workspaceId),
        page.after === undefined ? undefined : lt(imports.id, page.after),
      ),
    )
    .orderBy(desc(imports.id))
    .limit(page.limit + 1)
  return pageOf(rows.map(readImport), page.limit, ({ id }) => id)
}

/** What is wrong with an import's rows, in the order of the sheet; a page ends at a problem's id. */
export async function listProblems(
  scope: Scope,
  importId: string,
  page: PageRequest<string>,
): Promise<Result<Page<ImportProblem, string>, 'not_found'>> {
  const found = await findImport(scope, importId)
  if (!found.ok) return found
  const after = page.after !== undefined && isCountedId(page.after) ? Number(page.after) : 0
  const rows = await scope.db
    .select()
    .from(importProblems)
    .where(
      and(
        eq(importProblems.workspaceId, scope.workspaceId),
        eq(importProblems.importId, importId),
        gt(importProblems.id, after),
      ),
    )
    .orderBy(asc(importProblems.id))
    .limit(page.limit + 1)
  const problems = rows.map(({ id, row, column, code, message, value }) => ({
    id: String(id),
    row,
    column,
    code,
    message,
    value,
  }))
  return ok(pageOf(problems, page.limit, ({ id }) => id))
}

/**
 * The user's own rejected rows as a workbook to mend and upload again. The stream reads on in this transaction, so it
 * is to be taken before that ends.
 */
export async function openProblemBook(
  scope: Scope,
  importId: string,
): Promise<Result<{ fileName: string; stream: ReadableStream<Uint8Array> }, 'not_found'>> {
  const found = await findImport(scope, importId)
  if (!found.ok) return found
  const { fileName, columns } = found.value
  return ok({
    fileName: `${fileName.replace(/\.[^.]*$/, '')} - rows to mend.xlsx`,
    stream: writeProblemBook(columns, rejectedRows(scope, importId)),
  })
}

const BOOK_PAGE_ROWS = 1_000

async function* rejectedRows(scope: Scope, importId: string): AsyncGenerator<BookRow> {
  for (let after = 0; ; ) {
    const rows = await scope.sql<{ row: number; cells: BookRow['cells']; reasons: string[] }[]>`
      SELECT r."row", r.cells, array_agg(coalesce(p."column" || ': ', '') || p.message ORDER BY p.id) AS reasons
        FROM (SELECT "row", cells FROM import_rejected_rows
               WHERE workspace_id = ${scope.workspaceId} AND import_id = ${importId} AND "row" > ${after}
               ORDER BY "row" LIMIT ${BOOK_PAGE_ROWS}) r
        LEFT JOIN import_problems p ON p.workspace_id = ${scope.workspaceId} AND p.import_id = ${importId} AND p."row" = r."row"
       GROUP BY r."row", r.cells ORDER BY r."row"`
    for (const { cells, reasons } of rows)
      yield { cells, reasons: reasons.filter((reason) => reason !== null) }
    if (rows.length < BOOK_PAGE_ROWS) return
    after = rows.at(-1)!.row
  }
}

/** A row as the rest of the program knows it. */
export function readImport(row: typeof imports.$inferSelect): Import {
  const { id, state, kind, fileName, byteSize, rows, accepted, duplicates, rejected } = row
  return {
    id,
    state,
    kind,
    fileName,
    byteSize,
    columns: row.columns as Import['columns'],
    mapping: row.mapping as Import['mapping'],
    sheets: row.sheets as Import['sheets'],
    rows,
    accepted,
    duplicates,
    rejected,
    totals: row.totals as ImportTotals,
    progress: state === 'done' ? 1 : (row.progress ?? 0),
    listId: row.listId,
    sameAs: row.sameAs,
    code: row.code,
    detail: row.detail,
    createdAt: instant(row.createdAt)!,
    finishedAt: instant(row.finishedAt),
  }
}
