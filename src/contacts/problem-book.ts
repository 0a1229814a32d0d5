import { writeXlsxStream } from 'hucre/xlsx'
import { REASON_HEADING } from './headings.ts'

/** A column of the user's sheet, as the workbook to mend repeats it. */
export type BookColumn = { readonly column: string; readonly heading: string; readonly target: string | null }

/** A refused row: its cells as they stood, by column, and what is wrong with them, as sentences. */
export type BookRow = {
  readonly cells: readonly (string | number | null)[]
  readonly reasons: readonly string[]
}

const SHEET_NAME = 'Rows to mend'
const MAX_CELL_CHARS = 32_767
const MIN_WIDTH = 12
const REASON_WIDTH = 80

/**
 * Writes the rejected rows as a workbook to mend and upload again: the user's own headings and cells, and a last column
 * that says why, which is left out when the workbook comes back. Texts are written as texts, so that none becomes a
 * formula and no number typed into them loses its zero.
 */
export function writeProblemBook(
  columns: readonly BookColumn[],
  rows: AsyncIterable<BookRow> | Iterable<BookRow>,
): ReadableStream<Uint8Array> {
  const hasHeadings = columns.some(({ heading }) => heading !== '')
  const kept = columns
    .map((column, index) => ({
      index,
      heading: hasHeadings ? column.heading : headingOf(column),
      isText: column.target === 'phone',
    }))
    .filter(({ heading }) => heading !== REASON_HEADING)
  const positions = kept.map(({ index }) => index)
  return writeXlsxStream(bookRows(rows, positions), {
    name: SHEET_NAME,
    freezePane: { rows: 1 },
    columns: [
      ...kept.map(({ heading, isText }) => ({
        header: heading,
        width: Math.max(MIN_WIDTH, Math.min(40, heading.length + 2)),
        ...(isText ? { numFmt: '@' } : {}),
      })),
      { header: REASON_HEADING, width: REASON_WIDTH },
    ],
  })
}

/** A sheet without headings gets those that it is read by. */
function headingOf({ column, target }: BookColumn): string {
  return target ?? column
}

async function* bookRows(
  rows: AsyncIterable<BookRow> | Iterable<BookRow>,
  positions: readonly number[],
): AsyncGenerator<(string | number | null)[]> {
  for await (const { cells, reasons } of rows) {
    const kept = positions.map((index) => limited(cells[index] ?? null))
    yield [...kept, limited(reasons.join(' '))]
  }
}

function limited<T>(cell: T): T | string {
  return typeof cell === 'string' ? cell.slice(0, MAX_CELL_CHARS) : cell
}
