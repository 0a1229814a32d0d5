import { ok, type Result } from '../../platform/result.ts'
import type { SheetColumn } from '../columns.ts'
import { headingKey, headingWords } from '../headings.ts'
import {
  columnName,
  problemOf,
  type ReadingRules,
  type RowOutcome,
  type RowProblem,
  type RowReader,
  readAmount,
  readDueDate,
  readVariable,
  rejected,
  rowCells,
} from './read.ts'
import { isBlank, type RawCell, type SheetRow } from './row-source.ts'

/**
 * The rows of a sheet of paid invoices: which invoice, how much of it (all that is owed where the cell is empty), on
 * which day, and the payment's own reference. Nobody's number is needed.
 */

type Part = 'invoice' | 'amount' | 'paid_on' | 'reference'

/** Headings that tell what was paid, and not what the invoice is for: they go before an amount column beside them. */
const PAID_AMOUNT = keys(`paid amountpaid paidamount paymentamount payment totalpaid received amountreceived
  dibayar jumlahdibayar jumlahbayar terbayar jumlahterbayar totalbayar totalpembayaran jumlahpembayaran pembayaran nominalbayar
  pagado importepagado montopagado pago abono importedelpago montodelpago`)
const REFERENCE =
  keys(`reference ref paymentreference paymentref paymentid transactionid transaction transactionno trxid receipt receiptno
  referensi noreferensi nomorreferensi idtransaksi notransaksi nomortransaksi
  referencia numerodereferencia idpago idtransaccion operacion numerodeoperacion`)
/** A day in a column about paying; a due date beside it says nothing of the payment. */
const PAYING = keys(
  'paid pay payment received bayar dibayar pembayaran pago pagado abono transfer transaction transaksi',
)
const PLAIN_DAY = keys('date tanggal tgl fecha')

/** Makes the reader of one such sheet's rows. Of two rows that say the same, the first is taken. */
export function paymentReader(rules: ReadingRules): RowReader {
  const parts = partsOf(rules.columns)
  const seen = new Map<string, number>()
  return (row) => {
    if (isBlank(row.cells)) return { outcome: 'blank' }
    const { values, problems } = readParts(row, parts, rules)
    if (values.invoice === undefined && problems.length === 0) problems.push(noInvoice(row, parts.invoice))
    if (problems.length > 0) return rejected(row, problems, rules)
    return taken(row, values, seen, parts, rules)
  }
}

type Parts = { readonly [P in Part]?: SheetColumn | undefined }
type Values = { [P in Part]?: string | undefined }

function partsOf(columns: readonly SheetColumn[]): Parts {
  const field = (name: string) =>
    columns.find(({ target }) => target.kind === 'field' && target.field === name)
  const named = (names: ReadonlySet<string>) => columns.find((column) => isNamed(column, names))
  const days = columns.filter(
    (column) => column.target.kind === 'field' && column.target.field === 'due_date',
  )
  const isPaying = ({ heading }: SheetColumn) => headingWords(heading).some((word) => PAYING.has(word))
  return {
    invoice: field('invoice'),
    amount: named(PAID_AMOUNT) ?? field('amount'),
    paid_on:
      days.find(isPaying) ??
      columns.find((column) => isPaying(column) && isNamed(column, PAID_DAY)) ??
      named(PLAIN_DAY) ??
      byName(columns, 'paid_on'),
    reference: named(REFERENCE) ?? byName(columns, 'reference'),
  }
}

const PAID_DAY =
  keys(`paidon paidat paiddate datepaid paymentdate dateofpayment paydate receivedon transactiondate transferdate
  tanggalbayar tglbayar tanggalpembayaran tglpembayaran tanggaldibayar tanggaltransaksi tanggaltransfer
  fechadepago fechapago pagadoel fechadelpago fechadeabono fechadeoperacion`)

function byName(columns: readonly SheetColumn[], name: string): SheetColumn | undefined {
  return columns.find(({ target }) => target.kind === 'variable' && target.name === name)
}

function isNamed({ heading, target }: SheetColumn, names: ReadonlySet<string>): boolean {
  return target.kind !== 'left_out' && names.has(headingKey(heading.replace(/\([^)]*\)/g, ' ')))
}

function readParts(
  row: SheetRow,
  parts: Parts,
  rules: ReadingRules,
): { values: Values; problems: RowProblem[] } {
  const values: Values = {}
  const problems: RowProblem[] = []
  for (const [part, column] of Object.entries(parts) as [Part, SheetColumn | undefined][]) {
    if (column === undefined) continue
    const reading = readPart(part, row.cells[column.index], rules)
    if (reading.ok) values[part] = reading.value === '' ? undefined : reading.value
    else problems.push(problemOf(row, column, reading.reason, reading.message, rules))
  }
  return { values, problems }
}

function readPart(part: Part, cell: RawCell | undefined, rules: ReadingRules): Result<string | undefined> {
  if (part === 'amount') return readAmount(cell, rules)
  if (part === 'paid_on') return readDueDate(cell, rules)
  const text = readVariable(cell, rules)
  return text.ok ? ok(text.value?.trim()) : text
}

function noInvoice(row: SheetRow, column: SheetColumn | undefined): RowProblem {
  return {
    row: row.rowNo,
    column: column ? columnName(column) : null,
    code: 'invoice_missing',
    message: 'A payment needs the number of its invoice. Fill it in and upload again.',
    value: '',
  }
}

function taken(
  row: SheetRow,
  values: Values,
  seen: Map<string, number>,
  parts: Parts,
  rules: ReadingRules,
): RowOutcome {
  const key = JSON.stringify([values.invoice, values.amount, values.paid_on, values.reference])
  const first = seen.get(key)
  if (first !== undefined) {
    const message = `The same payment stands in row ${first}, which was taken. Delete one of the two rows, or give each its reference.`
    return {
      outcome: 'duplicate',
      problem: problemOf(row, parts.invoice!, 'duplicate_in_sheet', message, rules),
    }
  }
  seen.set(key, row.rowNo)
  const variables = Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
  return {
    outcome: 'accepted',
    row: {
      row: row.rowNo,
      phone: '',
      name: undefined,
      email: undefined,
      time_zone: undefined,
      variables,
      cells: rowCells(row, rules),
    },
  }
}

function keys(list: string): ReadonlySet<string> {
  return new Set(list.split(/\s+/).filter((word) => word !== ''))
}
