import { writeXlsxStream } from 'hucre/xlsx'

/** A column of a list that is taken away as a file. */
export type TableColumn<Row> = {
  readonly heading: string
  cell(row: Row): string | null
}

export const TABLE_FORMATS = ['xlsx', 'csv'] as const
export type TableFormat = (typeof TABLE_FORMATS)[number]

const WIDTH = 22
const MAX_CELL_CHARS = 32_767
/** Text goes out in pieces of about this size: a row each would be a system call each. */
const CHUNK_CHARS = 32 * 1024

/**
 * Writes rows as a workbook or as comma-separated values, as they are read, so that a million rows need no more memory
 * than one. A workbook's texts are written as texts; in the other, a text that a spreadsheet would run as a formula gets
 * an apostrophe before it.
 */
export function writeTable<Row>(
  format: TableFormat,
  columns: readonly TableColumn<Row>[],
  rows: AsyncIterable<Row>,
): AsyncIterable<Uint8Array | string> {
  if (format === 'csv') return inChunks(linesOf(columns, rows))
  const sheet = writeXlsxStream(cellsOf(columns, rows), {
    name: 'List',
    freezePane: { rows: 1 },
    columns: columns.map(({ heading }) => ({ header: heading, width: WIDTH, numFmt: '@' })),
  })
  return sheet as unknown as AsyncIterable<Uint8Array>
}

async function* cellsOf<Row>(columns: readonly TableColumn<Row>[], rows: AsyncIterable<Row>) {
  for await (const row of rows) yield columns.map(({ cell }) => writableCell(cell(row)))
}

/** The mark says UTF-8 to those who would guess otherwise. */
async function* linesOf<Row>(columns: readonly TableColumn<Row>[], rows: AsyncIterable<Row>) {
  yield `\ufeff${lineOf(columns.map(({ heading }) => heading))}`
  for await (const row of rows) yield lineOf(columns.map(({ cell }) => cell(row)))
}

function lineOf(cells: readonly (string | null)[]): string {
  return `${cells.map((cell) => quoted(harmless(cell ?? ''))).join(',')}\r\n`
}

const RUNS_AS_FORMULA = /^[=+\-@\t\r\n]/

function harmless(cell: string): string {
  return RUNS_AS_FORMULA.test(cell) ? `'${cell}` : cell
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell
}

async function* inChunks(lines: AsyncIterable<string>): AsyncGenerator<string> {
  let chunk = ''
  for await (const line of lines) {
    chunk += line
    if (chunk.length < CHUNK_CHARS) continue
    yield chunk
    chunk = ''
  }
  if (chunk !== '') yield chunk
}

/** Characters that XML has no place for would make the whole workbook unreadable. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones meant.
const NOT_IN_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu

/** A text as a workbook may hold it. */
export function writableCell<T>(cell: T): T | string {
  return typeof cell === 'string' ? cell.replaceAll(NOT_IN_XML, '\ufffd').slice(0, MAX_CELL_CHARS) : cell
}
