import { CsvError, parse } from 'csv-parse/sync'
import { ok, type Result, refuse } from '../platform/result.ts'

/** A file given as CSV text, or as the cells of a sheet, heading row first. */
export type TableInput = string | readonly (readonly string[])[]

/** One row under its headings; `row` is its number in the user's own file, the heading being row 1. */
export type TableRow = { readonly row: number; readonly cells: Readonly<Record<string, string>> }

/** Why a row cannot be used, said so that its author can mend it. */
export type RowProblem = {
  /** Where, as the API names it: `rows.4.price_per_unit`. */
  readonly path: string
  readonly row: number
  readonly column: string
  readonly code: string
  readonly message: string
  readonly value: string
}

export type TableColumns = { readonly required: readonly string[]; readonly optional: readonly string[] }

/** No published card comes near: 50 markets, 5 categories, 16 currencies and 4 changes a year are 16,000 rows. */
const MAX_TABLE_ROWS = 50_000
const MAX_TABLE_CHARACTERS = 8_000_000
/** Problem values are echoed back; a cell that holds a novel is cut. */
const MAX_ECHOED_CHARACTERS = 80
const DELIMITERS = [',', ';', '\t'] as const

/**
 * Reads a table under known headings. Comma, semicolon and tab separate, whichever the heading line uses; a byte
 * order mark, Excel's `sep=;` line and blank rows are passed over. Headings are compared without case.
 *
 * Refuses `unreadable_table` (broken quoting, too large), `unknown_columns` and `missing_columns`: a heading with a
 * slip of the pen must not be ignored where money is read.
 */
export function readTable(
  input: TableInput,
  columns: TableColumns,
): Result<readonly TableRow[], 'unreadable_table' | 'unknown_columns' | 'missing_columns'> {
  const records = typeof input === 'string' ? recordsOf(input) : ok(input)
  if (!records.ok) return records
  if (records.value.length > MAX_TABLE_ROWS + 1) {
    return refuse(
      'unreadable_table',
      `The file has more than ${MAX_TABLE_ROWS} rows. Split it and import the parts.`,
    )
  }
  const [heading = [], ...body] = records.value
  const names = heading.map((name) => name.trim().toLowerCase())
  return checkHeading(names, columns) ?? ok(rowsUnder(names, body))
}

/** A problem of one cell, its value cut to what a screen can show. */
export function problem(
  row: number,
  column: string,
  code: string,
  message: string,
  value: string,
): RowProblem {
  return {
    path: column === '' ? `rows.${row}` : `rows.${row}.${column}`,
    row,
    column,
    code,
    message,
    value: value.slice(0, MAX_ECHOED_CHARACTERS),
  }
}

function recordsOf(text: string): Result<readonly (readonly string[])[], 'unreadable_table'> {
  if (text.length > MAX_TABLE_CHARACTERS) {
    return refuse('unreadable_table', 'The file is larger than 8 MB. Split it and import the parts.')
  }
  const body = text.replace(/^\uFEFF/, '').replace(/^sep=.\r?\n/i, '')
  try {
    return ok(
      parse(body, { delimiter: delimiterOf(body), relax_column_count: true, skip_empty_lines: false }),
    )
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    return refuse('unreadable_table', `The file cannot be read as CSV: ${error.message}`)
  }
}

function delimiterOf(text: string): string {
  const heading = text.slice(0, text.indexOf('\n') + 1 || text.length)
  const uses = (delimiter: string) => heading.split(delimiter).length
  return DELIMITERS.reduce((best, next) => (uses(next) > uses(best) ? next : best))
}

function checkHeading(names: readonly string[], { required, optional }: TableColumns) {
  const known = [...required, ...optional]
  const strange = names.filter(
    (name, at) => (name !== '' && !known.includes(name)) || names.indexOf(name) !== at,
  )
  const missing = required.filter((name) => !names.includes(name))
  if (missing.length > 0) {
    return refuse(
      'missing_columns',
      `The heading row lacks ${missing.join(', ')}. It needs ${required.join(', ')}.`,
    )
  }
  if (strange.some((name) => name !== '')) {
    return refuse(
      'unknown_columns',
      `Unknown or repeated columns: ${strange.join(', ')}. Known: ${known.join(', ')}.`,
    )
  }
  return undefined
}

function rowsUnder(names: readonly string[], body: readonly (readonly string[])[]): TableRow[] {
  return body
    .map((cells, at) => ({ row: at + 2, cells: cellsUnder(names, cells) }))
    .filter(({ cells }) => Object.values(cells).some((cell) => cell !== ''))
}

/** Cells beyond the last heading are kept under the empty name, so that a shifted row is seen and refused. */
function cellsUnder(names: readonly string[], cells: readonly string[]): Record<string, string> {
  const under: Record<string, string> = {}
  for (const [at, name] of names.entries()) {
    if (name !== '') under[name] = (cells[at] ?? '').trim()
  }
  const beyond = cells.filter((cell, at) => (names[at] ?? '') === '' && cell.trim() !== '').join(' ')
  return beyond === '' ? under : { ...under, '': beyond }
}
