import { ok, type Result, refuse } from '../platform/result.ts'
import { SHEET_SIGNIFICANT_DIGITS, sheetDecimal, wholeDigits } from './decimal.ts'
import { serialDay, serialTime } from './due-date.ts'
import type { RawCell } from './sheet/row-source.ts'

/** Why a cell has no text to speak of. */
export type CellRefusal = 'cell_error' | 'formula_not_calculated' | 'number_lost_digits' | 'date_impossible'

/**
 * A cell as a variable holds it: dates as ISO days, times as `09:30`, numbers as plain decimals, all other text as it
 * stood, without the spaces around it. Numbers of more than fifteen digits are refused: the sheet has lost the rest.
 */
export function cellText(cell: RawCell, date1904: boolean): Result<string, CellRefusal> {
  switch (cell.kind) {
    case 'number':
      return numberText(cell.text)
    case 'date':
      return dateText(cell.text, date1904)
    case 'time':
      return ok(serialTime(cell.text) ?? cell.text)
    case 'day':
      return ok(writtenDay(cell.text))
    case 'error':
      return refuse(
        'cell_error',
        `The cell shows an error (${cell.text.slice(0, 20)}). Correct the formula, or type the value.`,
      )
    case 'uncalculated':
      return refuse(
        'formula_not_calculated',
        'The cell holds a formula without its result. Open the file in Excel, save it and upload it again.',
      )
    default:
      return ok(cleanText(cell.text))
  }
}

/** A cell as it is shown to a person beside a problem: never refused, and shortened. */
export function shownText(cell: RawCell | undefined, date1904: boolean): string {
  if (cell === undefined) return ''
  const text = cellText(cell, date1904)
  return (text.ok ? text.value : cell.text).slice(0, MAX_SHOWN_CHARS)
}

const MAX_SHOWN_CHARS = 200

/** Trims a text and takes away what no cell shows and no database stores: control characters and half characters. */
export function cleanText(text: string): string {
  const trimmed = text.trim()
  if (!MAYBE_UNSTORABLE.test(trimmed)) return trimmed
  return trimmed
    .replace(/\r\n?/g, '\n')
    .replace(/[\p{Cc}\p{Cs}]/gu, (char) => (char === '\n' || char === '\t' ? char : ''))
    .trim()
}

/** Half characters, and whole ones of two halves too: a text without either, as most are, is told in a glance. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const MAYBE_UNSTORABLE = /[\x00-\x1f\x7f-\x9f\ud800-\udfff]/

function numberText(raw: string): Result<string, CellRefusal> {
  const decimal = sheetDecimal(raw)
  if (decimal === undefined) return ok(cleanText(raw))
  if (wholeDigits(decimal) <= SHEET_SIGNIFICANT_DIGITS) return ok(decimal)
  return refuse(
    'number_lost_digits',
    'A spreadsheet keeps 15 digits of a number and this one has more. Format the column as text and type it again.',
  )
}

function dateText(raw: string, date1904: boolean): Result<string, CellRefusal> {
  const day = serialDay(raw, date1904)
  if (day.ok) return ok(day.value)
  return day.reason === 'date_impossible' ? refuse('date_impossible', day.message) : numberText(raw)
}

function writtenDay(text: string): string {
  return /^\d{4}-\d{2}-\d{2}(?:$|T)/.test(text) ? text.slice(0, 10) : cleanText(text)
}
