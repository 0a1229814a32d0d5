import { ok, type Result, refuse } from '../../platform/result.ts'
import { readLines, type SheetLimits } from './spawn.ts'

/** The cells of a workbook's first sheet as plain texts: numbers to the digit, days as ISO days where the sheet knows them as such. */
export type SheetTable = { readonly rows: readonly (readonly string[])[]; readonly date1904: boolean }

/** A table is small, and somebody waits for it. */
const LIMITS: SheetLimits = { heapMb: 128, residentMb: 400, silenceMs: 20_000, totalMs: 30_000 }

/** Reads a workbook in a process of its own, as contact sheets are: whoever made the file may mean ill. */
export async function readSheetTable(
  path: string,
  mostRows: number,
): Promise<Result<SheetTable, 'unreadable_table'>> {
  const rows: string[][] = []
  let date1904 = false
  let isWhole = false
  const request = { path, options: { mostRows }, script: 'table-child.ts', limits: LIMITS } as const
  for await (const { kind, text } of readLines(request)) {
    if (kind === 'E') return refuse('unreadable_table', (JSON.parse(text) as { detail: string }).detail)
    if (kind === 'M') date1904 = (JSON.parse(text) as { date1904: boolean }).date1904
    if (kind === 'R') rows.push(...(JSON.parse(text) as string[][]))
    if (kind === 'D') isWhole = true
  }
  return isWhole
    ? ok({ rows, date1904 })
    : refuse('unreadable_table', 'The file could not be read to its end.')
}
