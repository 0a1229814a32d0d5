import { readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import type { CellObject, WorkSheet } from 'xlsx'
import { serialDay } from '../contacts/index.ts'
import {
  publishCommonRates,
  publishRates,
  RATE_CARD_NOTICE,
  RATE_COLUMNS,
  type RateCardRequest,
} from '../pricing/index.ts'
import { findWorkspace } from '../workspaces/index.ts'
import { CommandFailure, failureOf } from './failure.ts'
import { type Installation, noSuchWorkspace, withInstallation, workspaceId } from './installation.ts'
import { printJson, printLine } from './terminal.ts'

export type RatesImportOptions = {
  readonly workspace?: string
  readonly markupPercent?: string
  readonly json?: boolean
}

const MAX_FILE_BYTES = 8 * 1024 * 1024
/** One more than a card may have, so that what is too long is refused and not cut. */
const MAX_ROWS = 50_002

/** `duecast rates import`: an operator's card, for all workspaces or for one. All of it is taken, or nothing. */
export async function importRates(path: string, options: RatesImportOptions): Promise<void> {
  const id = options.workspace === undefined ? undefined : workspaceId(options.workspace)
  const { markupPercent } = options
  const request = { table: await readCard(path), fileName: basename(path), markupPercent }
  const published = await withInstallation((installation) => publish(installation, id, request))
  if (!published.ok) throw failureOf(published)
  const { rows, currencies } = published.value
  if (options.json) return printJson({ rows, currencies })
  printLine(`${rows} dated prices in ${currencies.join(', ')} are in force from their days on.`)
  printLine(RATE_CARD_NOTICE)
}

async function publish({ owner, within }: Installation, id: string | undefined, request: RateCardRequest) {
  if (id === undefined) return publishCommonRates(owner.sql, request)
  return within(id, async (scope) => {
    await findWorkspace(scope).catch(() => Promise.reject(noSuchWorkspace(id)))
    return publishRates(scope, request)
  })
}

async function readCard(path: string): Promise<RateCardRequest['table']> {
  const bytes = await readLimited(path)
  return isWorkbook(bytes) ? readWorkbook(bytes) : decode(bytes)
}

async function readLimited(path: string): Promise<Buffer> {
  const found = await stat(path).catch(() => undefined)
  if (!found?.isFile())
    throw new CommandFailure('file_not_found', `There is no file ${JSON.stringify(path)}.`)
  if (found.size > MAX_FILE_BYTES)
    throw new CommandFailure('file_too_large', `A rate card has at most ${MAX_FILE_BYTES / 1024 ** 2} MB.`)
  return readFile(path)
}

function isWorkbook(bytes: Buffer): boolean {
  const head = bytes.subarray(0, 4).toString('latin1')
  return head === 'PK\u0003\u0004' || head === '\u00d0\u00cf\u0011\u00e0'
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new CommandFailure(
      'unreadable_table',
      'The file is not UTF-8 text: save it as "CSV UTF-8" or as .xlsx.',
    )
  }
}

/** The first sheet, its cells as their plain text: prices as they were typed, days as ISO days whatever their format. */
async function readWorkbook(bytes: Buffer): Promise<string[][]> {
  const { read, utils } = await import('xlsx')
  const book = attempt(() => read(bytes, { dense: true, cellNF: true, sheetRows: MAX_ROWS }))
  const sheet = book.Sheets[book.SheetNames[0] ?? '']
  if (!sheet?.['!ref'])
    throw new CommandFailure('unreadable_table', 'The first sheet of the workbook is empty.')
  const { e: end } = utils.decode_range(sheet['!ref'])
  const date1904 = book.Workbook?.WBProps?.date1904 === true
  const rows = cellsOf(sheet).map((row) => Array.from({ length: end.c + 1 }, (_, at) => row?.[at]))
  const days = (rows[0] ?? []).findIndex(
    (cell) =>
      String(cell?.v ?? '')
        .trim()
        .toLowerCase() === DAY_COLUMN,
  )
  return rows.map((row) => row.map((cell, at) => textOf(cell, at === days, date1904)))
}

const DAY_COLUMN = RATE_COLUMNS.required[4]

function cellsOf(sheet: WorkSheet): readonly (readonly (CellObject | undefined)[] | undefined)[] {
  const rows = (sheet as { '!data'?: (CellObject | undefined)[][] })['!data'] ?? []
  return Array.from(rows)
}

function attempt<T>(read: () => T): T {
  try {
    return read()
  } catch {
    throw new CommandFailure(
      'unreadable_table',
      'The file is not a workbook that can be read: save it as .xlsx or .csv.',
    )
  }
}

function textOf(cell: CellObject | undefined, isDay: boolean, date1904: boolean): string {
  if (cell?.v === undefined || cell.v === null) return ''
  if (cell.t === 'e') return cell.w ?? '#ERROR'
  if (cell.t === 'n' && isDay) return dayOf(String(cell.v), date1904)
  return String(cell.v)
}

function dayOf(serial: string, date1904: boolean): string {
  const day = serialDay(serial, date1904)
  return day.ok ? day.value : serial
}
