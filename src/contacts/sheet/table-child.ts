/**
 * The process that reads a workbook as it stands, for tables that are no contact sheets: `node - <name> <json options>
 * <path>`, with this program on its standard input. Its lines are `M`eta, `R`ows of texts, `D`one or `E`rror.
 */
import { cellText } from '../cell-text.ts'
import { LineWriter } from './lines.ts'
import { openSheet } from './open.ts'
import { type RowSource, SheetRefused, type SheetRow } from './row-source.ts'

const out = new LineWriter()
const { mostRows } = JSON.parse(process.argv[3] ?? '{}') as { mostRows: number }
const BATCH_ROWS = 500

try {
  const source = await openSheet(process.argv[4] ?? '', () => out.progress(0, 0))
  try {
    await writeTable(source)
  } finally {
    source.close()
  }
} catch (error) {
  const refused = error instanceof SheetRefused
  const detail = refused ? error.message : 'The file could not be read. Save it anew, as .xlsx or as .csv.'
  await out.line('E', { code: refused ? error.code : 'unreadable', detail })
}

/** The first sheet that is seen, with a row for every row of it, so that they keep their numbers. */
async function writeTable(source: RowSource): Promise<void> {
  await out.line('M', { date1904: source.date1904 })
  const page = Math.max(
    source.pages.findIndex(({ hidden }) => !hidden),
    0,
  )
  let batch: string[][] = []
  let written = 0
  for await (const rows of source.rows(page)) {
    for (const row of rows) {
      if (row.rowNo > mostRows)
        throw new SheetRefused('too_many_rows', `The table has more than ${mostRows} rows.`)
      while (written + batch.length < row.rowNo - 1) batch.push([])
      batch.push(textsOf(row, source.date1904))
    }
    if (batch.length < BATCH_ROWS) continue
    await out.line('R', batch)
    written += batch.length
    batch = []
  }
  await out.line('R', batch)
  await out.line('D', {})
}

function textsOf({ cells }: SheetRow, date1904: boolean): string[] {
  return Array.from(cells, (cell) => {
    if (cell === undefined) return ''
    const text = cellText(cell, date1904)
    return text.ok ? text.value : cell.text
  })
}
