import {
  type ColumnPlan,
  type HandMapping,
  HEADING_SEARCH_ROWS,
  type NeededField,
  planColumns,
} from '../columns.ts'
import { isBlank, type RowSource, SheetRefused, type SheetRow } from './row-source.ts'

export type Choice = { readonly pageIndex: number; readonly plan: ColumnPlan }

/** Sheets looked into before the user is asked to name one. */
const MAX_PROBED_PAGES = 30

/**
 * Chooses the sheet to read: the one that is named (hidden or not), or else the first visible one whose
 * needed column is clear, or else the first visible one with anything in it. Throws `SheetRefused`.
 */
export async function chooseSheet(
  source: RowSource,
  wanted: string | undefined,
  mapping: HandMapping,
  needed: NeededField,
): Promise<Choice> {
  if (wanted !== undefined) return chooseNamed(source, wanted, mapping, needed)
  let fallback: Choice | undefined
  let fault: SheetRefused | undefined
  for (const pageIndex of visiblePages(source)) {
    const firstRows = await readFirstRows(source, pageIndex)
    if (firstRows.length === 0) continue
    const plan = planColumns(firstRows, mapping, source.date1904, needed)
    if (!plan.ok) fault ??= new SheetRefused(plan.reason, plan.message)
    else if (plan.value.need === undefined) return { pageIndex, plan: plan.value }
    else fallback ??= { pageIndex, plan: plan.value }
  }
  if (fallback === undefined) throw fault ?? noRows(source)
  if (fault !== undefined && mapping.size > 0) throw fault
  return fallback
}

async function chooseNamed(
  source: RowSource,
  wanted: string,
  mapping: HandMapping,
  needed: NeededField,
): Promise<Choice> {
  const pageIndex = findPage(source, wanted)
  const firstRows = await readFirstRows(source, pageIndex)
  if (firstRows.length === 0)
    throw new SheetRefused('no_rows', `The sheet “${source.pages[pageIndex]!.name}” is empty.`)
  const plan = planColumns(firstRows, mapping, source.date1904, needed)
  if (!plan.ok) throw new SheetRefused(plan.reason, plan.message)
  return { pageIndex, plan: plan.value }
}

function findPage(source: RowSource, wanted: string): number {
  const same = (name: string) => name.trim().toLowerCase() === wanted.trim().toLowerCase()
  const exact = source.pages.findIndex(({ name }) => name === wanted)
  const named = exact >= 0 ? exact : source.pages.findIndex(({ name }) => same(name))
  if (named >= 0) return named
  const number = /^\d{1,4}$/.test(wanted) ? Number(wanted) - 1 : -1
  if (source.pages[number] !== undefined) return number
  const names = source.pages.map(({ name }) => name).join(', ')
  throw new SheetRefused(
    'sheet_not_found',
    `The file has no sheet “${wanted.slice(0, 60)}”. It has: ${names.slice(0, 500)}.`,
  )
}

function visiblePages(source: RowSource): number[] {
  return [...source.pages.keys()].filter((index) => !source.pages[index]!.hidden).slice(0, MAX_PROBED_PAGES)
}

async function readFirstRows(source: RowSource, pageIndex: number): Promise<readonly SheetRow[]> {
  const first: SheetRow[] = []
  for await (const rows of source.rows(pageIndex)) {
    first.push(...rows.filter((row) => !row.hidden && !isBlank(row.cells)))
    if (first.length >= HEADING_SEARCH_ROWS) break
  }
  return first
}

function noRows(source: RowSource): SheetRefused {
  const hidden = source.pages.filter((page) => page.hidden).length
  const hint =
    hidden > 0
      ? ` It has ${hidden} hidden ${hidden === 1 ? 'sheet' : 'sheets'}: unhide the one to read, or name it.`
      : ''
  return new SheetRefused('no_rows', `The file has no rows to read.${hint}`)
}
