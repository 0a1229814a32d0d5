import { readFile, stat } from 'node:fs/promises'
import { readSheetTable, serialDay } from '../contacts/index.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import { RATE_COLUMNS } from './rate-card.ts'
import type { TableInput } from './table.ts'

export const RATE_CARD_MAX_BYTES = 8 * 1024 * 1024
/** One more than a card may have, so that what is too long is refused and not cut. */
const MAX_ROWS = 50_002
const DAY_COLUMN = RATE_COLUMNS.required[4]
const SERIAL = /^\d{4,6}(\.\d+)?$/

/** Reads a rate card's file: CSV in UTF-8, or the first sheet of a workbook with its cells as their plain text. */
export async function readCardFile(
  path: string,
): Promise<Result<TableInput, 'file_too_large' | 'unreadable_table'>> {
  const { size } = await stat(path)
  if (size > RATE_CARD_MAX_BYTES)
    return refuse('file_too_large', `A rate card has at most ${RATE_CARD_MAX_BYTES / 1024 ** 2} MB.`)
  const bytes = await readFile(path)
  return isWorkbook(bytes) ? readWorkbook(path) : decode(bytes)
}

function isWorkbook(bytes: Buffer): boolean {
  const head = bytes.subarray(0, 4).toString('latin1')
  return head === 'PK\u0003\u0004' || head === '\u00d0\u00cf\u0011\u00e0'
}

function decode(bytes: Buffer): Result<string, 'unreadable_table'> {
  try {
    return ok(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return refuse('unreadable_table', 'The file is not UTF-8 text: save it as "CSV UTF-8" or as .xlsx.')
  }
}

async function readWorkbook(path: string): Promise<Result<string[][], 'unreadable_table'>> {
  const read = await readSheetTable(path, MAX_ROWS)
  if (!read.ok) return read
  const { rows, date1904 } = read.value
  const days = (rows[0] ?? []).findIndex((heading) => heading.trim().toLowerCase() === DAY_COLUMN)
  return ok(rows.map((row) => row.map((text, at) => (at === days ? dayOf(text, date1904) : text))))
}

/** A day that lost its format is a serial number, and a day all the same. */
function dayOf(text: string, date1904: boolean): string {
  if (!SERIAL.test(text)) return text
  const day = serialDay(text, date1904)
  return day.ok ? day.value : text
}
