import { readFile } from 'node:fs/promises'
import { type CellObject, read, type WorkBook, type WorkSheet } from 'xlsx'
import { customStyle } from './number-style.ts'
import {
  assertCell,
  MAX_PAGES,
  MAX_ROWS,
  type RawCell,
  type RowSource,
  type SheetFormat,
  SheetRefused,
  type SheetRow,
} from './row-source.ts'

/** These formats are read whole, into memory: larger ones are to be saved as .xlsx. */
const MAX_LEGACY_BYTES = 20 * 1024 * 1024
/** Rows handed over at once. */
const HANDFUL = 500
const PASSWORD = /password|encrypt/i

/** Reads .xls and .xlsb, formats that only a whole-file reader understands. Throws `SheetRefused`. */
export async function openLegacy(path: string, format: SheetFormat, sizeBytes: number): Promise<RowSource> {
  if (sizeBytes > MAX_LEGACY_BYTES) {
    throw new SheetRefused(
      'file_too_large',
      `Files of this older format are read up to ${MAX_LEGACY_BYTES / 1024 ** 2} MB. Save it as .xlsx and upload that.`,
    )
  }
  const book = parse(await readFile(path))
  const pages = book.SheetNames.slice(0, MAX_PAGES).map((name, index) => ({
    name,
    hidden: (book.Workbook?.Sheets?.[index]?.Hidden ?? 0) !== 0,
  }))
  let progress = 0
  return {
    format,
    pages,
    date1904: book.Workbook?.WBProps?.date1904 === true,
    async *rows(pageIndex) {
      const sheet = book.Sheets[book.SheetNames[pageIndex]!]
      for (const handful of sheetRows(sheet)) {
        progress = handful.done
        yield handful.rows
      }
    },
    progress: () => progress,
    close: () => {},
  }
}

/** `cellNF` keeps the number formats, which tell dates; `cellStyles` the hidden rows; the displayed texts are not read. */
function parse(bytes: Buffer): WorkBook {
  try {
    return read(bytes, {
      type: 'buffer',
      dense: true,
      raw: true,
      cellDates: false,
      cellNF: true,
      cellText: false,
      cellHTML: false,
      cellStyles: true,
      cellFormula: false,
      bookVBA: false,
      sheetRows: MAX_ROWS,
    })
  } catch (error) {
    if (error instanceof Error && PASSWORD.test(error.message)) {
      throw new SheetRefused(
        'encrypted',
        'The file is protected by a password. Save it without one and upload it again.',
      )
    }
    throw new SheetRefused(
      'file_damaged',
      'The file is damaged. Open it in Excel, save it as .xlsx and upload that.',
    )
  }
}

function* sheetRows(sheet: WorkSheet | undefined): Generator<{ rows: SheetRow[]; done: number }> {
  const grid = ((sheet as { '!data'?: (CellObject | undefined)[][] } | undefined)?.['!data'] ?? []) as (
    | (CellObject | undefined)[]
    | undefined
  )[]
  let rows: SheetRow[] = []
  for (const [index, line] of grid.entries()) {
    if (line === undefined) continue
    const rowNo = index + 1
    rows.push({ rowNo, hidden: sheet?.['!rows']?.[index]?.hidden === true, cells: cellsOf(line, rowNo) })
    if (rows.length === HANDFUL) {
      yield { rows, done: index / grid.length }
      rows = []
    }
  }
  if (rows.length > 0) yield { rows, done: 1 }
}

function cellsOf(line: readonly (CellObject | undefined)[], rowNo: number): (RawCell | undefined)[] {
  const cells: (RawCell | undefined)[] = []
  for (const [column, cell] of line.entries()) {
    const raw = cell === undefined ? undefined : cellOf(cell)
    if (raw === undefined) continue
    assertCell(rowNo, column, raw.text.length)
    while (cells.length < column) cells.push(undefined)
    cells[column] = raw
  }
  return cells
}

/** `raw` numbers are doubles here, in which every whole number of a sheet is exact. */
function cellOf(cell: CellObject): RawCell | undefined {
  if (cell.v === undefined || cell.v === null || cell.v === '') return undefined
  switch (cell.t) {
    case 'n':
      return { kind: customStyle(String(cell.z ?? '')), text: String(cell.v) }
    case 's':
      return { kind: 'text', text: String(cell.v) }
    case 'b':
      return { kind: 'boolean', text: cell.v ? 'TRUE' : 'FALSE' }
    case 'e':
      return { kind: 'error', text: cell.w ?? '#ERROR' }
    case 'd':
      return { kind: 'day', text: (cell.v as Date).toISOString() }
    default:
      return undefined
  }
}
