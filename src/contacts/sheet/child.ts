/**
 * The process that reads a file: `node - <name> <json options> <path>`, with this program on its standard input. It has
 * a small heap and no secrets, and may be killed at any time. Its lines are `M`eta, `G`o on (progress), `P`roblems,
 * re`X`ected rows, `D`one or `E`rror, each followed by JSON, and `A`ccepted rows, in columns.
 */
import { mappingInUse, type SheetColumn, targetName } from '../columns.ts'
import { sheetLocale } from '../locale.ts'
import { chooseSheet } from './choose.ts'
import { Batches, LineWriter } from './lines.ts'
import { openSheet } from './open.ts'
import { parseSheetOptions, type SheetOptions, type SheetOptionsInput } from './options.ts'
import { type RowReader, rowReader } from './read.ts'
import { paymentReader } from './read-payment.ts'
import { isBlank, type RowSource, SheetRefused, type SheetRow } from './row-source.ts'

type Totals = {
  rows: number
  accepted: number
  duplicates: number
  rejected: number
  hidden_rows: number
  hidden_sheets: number
}

await main(process.argv[3] ?? '{}', process.argv[4] ?? '')

async function main(optionsJson: string, path: string): Promise<void> {
  const out = new LineWriter()
  try {
    const options = parseSheetOptions(JSON.parse(optionsJson) as SheetOptionsInput)
    if (!options.ok) throw new SheetRefused(options.reason, options.message)
    await readFile(path, options.value, out)
  } catch (error) {
    await out.line('E', refusalOf(error))
  }
}

async function readFile(path: string, options: SheetOptions, out: LineWriter): Promise<void> {
  const source = await openSheet(path, () => out.progress(0, 0))
  try {
    const { pageIndex, plan } = await chooseSheet(
      source,
      options.sheet,
      options.mapping,
      options.kind === 'payments' ? 'invoice' : 'phone',
    )
    await out.line('M', {
      format: source.format,
      sheet: source.pages[pageIndex]!.name,
      sheets: source.pages.map((page, index) => ({ ...page, chosen: index === pageIndex })),
      heading_row: plan.headingRow ?? null,
      columns: plan.columns.map(describeColumn),
      mapping: mappingInUse(plan.columns),
      needs_mapping: plan.need !== undefined,
      ...plan.need,
    })
    if (plan.need !== undefined) return
    const makeReader = options.kind === 'payments' ? paymentReader : rowReader
    const read = makeReader({
      kind: options.kind,
      columns: plan.columns,
      locale: sheetLocale(options.locale),
      defaultCountry: options.defaultCountry,
      date1904: source.date1904,
    })
    await readRows(source, pageIndex, plan.headingRow ?? 0, read, out)
  } finally {
    source.close()
  }
}

function describeColumn({ column, heading, target, samples, looksLikePhone }: SheetColumn): object {
  return { column, heading, target: targetName(target), samples, looks_like_phone: looksLikePhone }
}

async function readRows(
  source: RowSource,
  pageIndex: number,
  headingRow: number,
  read: RowReader,
  out: LineWriter,
): Promise<void> {
  const totals: Totals = {
    rows: 0,
    accepted: 0,
    duplicates: 0,
    rejected: 0,
    hidden_rows: 0,
    hidden_sheets: source.pages.filter((page, index) => page.hidden && index !== pageIndex).length,
  }
  const batches = new Batches(out)
  for await (const rows of source.rows(pageIndex)) {
    for (const row of rows) {
      if (row.rowNo <= headingRow) continue
      if (row.hidden) totals.hidden_rows += isBlank(row.cells) ? 0 : 1
      else take(row, read, totals, batches)
    }
    if (batches.full) await batches.flush()
    await out.progress(source.progress(), totals.rows)
  }
  await batches.flush()
  if (totals.rows === 0) throw new SheetRefused('no_rows', nothingRead(totals.hidden_rows))
  await out.line('D', totals)
}

function take(row: SheetRow, read: RowReader, totals: Totals, batches: Batches): void {
  const result = read(row)
  if (result.outcome === 'blank') return
  totals.rows++
  batches.measure(row)
  if (result.outcome === 'accepted') {
    totals.accepted++
    batches.accepted.push(result.row)
  } else if (result.outcome === 'duplicate') {
    totals.duplicates++
    batches.problems.push(result.problem)
  } else {
    totals.rejected++
    batches.problems.push(...result.problems)
    batches.rejected.push(result.row)
  }
}

function nothingRead(hiddenRows: number): string {
  return hiddenRows > 0
    ? `All ${hiddenRows} rows of the sheet are hidden, and hidden rows are not read. Unhide them and upload again.`
    : 'The sheet has headings and no rows below them.'
}

function refusalOf(error: unknown): { code: string; detail: string } {
  if (error instanceof SheetRefused) return { code: error.code, detail: error.message }
  // A message may quote a cell; the name and the place are enough to find the fault.
  if (error instanceof Error) process.stderr.write(`${error.name}\n${framesOf(error)}\n`)
  return {
    code: 'unreadable',
    detail: 'The file could not be read. Copy its rows into a new workbook and upload that.',
  }
}

function framesOf({ stack = '' }: Error): string {
  const lines = stack.split('\n')
  return lines.filter((line) => /^\s+at /.test(line)).join('\n')
}
