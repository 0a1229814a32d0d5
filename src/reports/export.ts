import { writeXlsxStream } from 'hucre/xlsx'
import { formatAmount } from '../platform/money.ts'
import type { MessageLine } from './messages.ts'
import { writableCell } from './table.ts'

const SHEET_NAME = 'Messages'

type Column = {
  readonly header: string
  readonly width: number
  cell(line: MessageLine): string | number | null
}

/**
 * Writes what became of each recipient as a workbook, row by row as it is read, so that a million rows need no more
 * memory than one; what does not fit on a sheet goes on the next. Texts are written as texts, so that none becomes a
 * formula; amounts as exact decimals, in their own column the currency.
 * @param place the currency, and the zone in which times are told
 */
export function writeReport(
  lines: AsyncIterable<MessageLine>,
  place: { readonly currency: string; readonly timeZone: string },
): ReadableStream<Uint8Array> {
  const columns = columnsFor(place)
  return writeXlsxStream(rowsOf(lines, columns), {
    name: SHEET_NAME,
    freezePane: { rows: 1 },
    columns: columns.map(({ header, width }) => ({ header, width, numFmt: '@' })),
  })
}

function columnsFor({ currency, timeZone }: { currency: string; timeZone: string }): Column[] {
  // The Swedes write 2026-12-01 09:14:03.
  const clock = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' })
  const time = (instant: string | null) => (instant === null ? null : clock.format(new Date(instant)))
  return [
    { header: 'phone', width: 18, cell: (line) => line.phone },
    { header: 'name', width: 24, cell: (line) => line.name },
    { header: 'state', width: 12, cell: (line) => line.state },
    { header: 'price', width: 12, cell: (line) => formatAmount(line.priceMinor) },
    { header: 'charged', width: 12, cell: (line) => formatAmount(line.chargedMinor) },
    { header: 'currency', width: 10, cell: () => currency },
    { header: 'explanation', width: 70, cell: (line) => line.explanation },
    { header: 'attempts', width: 10, cell: (line) => String(line.attempts) },
    { header: 'provider message id', width: 36, cell: (line) => line.providerMessageId },
    { header: 'error', width: 12, cell: (line) => line.error?.code ?? null },
    { header: `sent (${timeZone})`, width: 22, cell: (line) => time(line.sentAt) },
    { header: `delivered (${timeZone})`, width: 22, cell: (line) => time(line.deliveredAt) },
    { header: `read (${timeZone})`, width: 22, cell: (line) => time(line.readAt) },
  ]
}

async function* rowsOf(lines: AsyncIterable<MessageLine>, columns: readonly Column[]) {
  for await (const line of lines) yield columns.map(({ cell }) => writableCell(cell(line)))
}
