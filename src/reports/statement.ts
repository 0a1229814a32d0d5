import { writeXlsxStream } from 'hucre/xlsx'
import { formatAmount } from '../platform/money.ts'
import type { Transfer } from '../wallet/index.ts'
import { writableCell } from './table.ts'

const SHEET_NAME = 'Ledger'
const HEADINGS = [
  'movement',
  'from',
  'to',
  'amount',
  'currency',
  'messages',
  'campaign',
  'reference',
  'reason',
  'by',
] as const

/**
 * Writes the ledger as a workbook, row by row as it is read. Texts are written as texts, so that none becomes a formula;
 * amounts as exact decimals.
 * @param place the zone in which times are told
 */
export function writeStatement(
  transfers: AsyncIterable<Transfer>,
  place: { readonly timeZone: string },
): ReadableStream<Uint8Array> {
  // The Swedes write 2026-12-01 09:14:03.
  const clock = new Intl.DateTimeFormat('sv-SE', {
    timeZone: place.timeZone,
    dateStyle: 'short',
    timeStyle: 'medium',
  })
  const headings = [`when (${place.timeZone})`, ...HEADINGS]
  return writeXlsxStream(rowsOf(transfers, clock), {
    name: SHEET_NAME,
    freezePane: { rows: 1 },
    columns: headings.map((header) => ({ header, width: 22, numFmt: '@' })),
  })
}

async function* rowsOf(transfers: AsyncIterable<Transfer>, clock: Intl.DateTimeFormat) {
  for await (const transfer of transfers) {
    const { kind, from, to, amountMinor, currency, items, campaignId, reference, reason, actor } = transfer
    const when = clock.format(new Date(transfer.createdAt))
    const count = campaignId === null ? null : String(items)
    const cells = [
      when,
      kind,
      from,
      to,
      formatAmount(amountMinor),
      currency,
      count,
      campaignId,
      reference,
      reason,
      actor,
    ]
    yield cells.map((cell) => writableCell(cell))
  }
}
