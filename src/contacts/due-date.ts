import { ok, type Result, refuse } from '../platform/result.ts'
import { plainDecimal } from './decimal.ts'
import { type DateOrder, monthKey, type SheetLocale } from './locale.ts'

/** Why a cell is not a day. */
export type DateRefusal = 'date_invalid' | 'date_impossible' | 'date_ambiguous' | 'date_out_of_range'

/** An ISO day such as `2026-12-01`. */
export type Day = Result<string, DateRefusal>

const MS_PER_DAY = 86_400_000
/** Excel's day 0 in the two systems; 1900 counts a 29 February 1900 that never was, as serial 60. */
const EPOCH_1900_MS = Date.UTC(1899, 11, 30)
const EPOCH_1904_MS = Date.UTC(1904, 0, 1)
const FAKE_LEAP_DAY = 60
/** 9999-12-31, the last day that Excel knows. */
const LAST_SERIAL = 2_958_465
/** A bare number in a date column is taken as a serial only within these years. */
const PLAUSIBLE_YEARS = { first: 1990, last: 2099 }
const MAX_CELL_CHARS = 80

const TIME =
  /[\s,]+(?:at|pukul|jam|a las)?\s*\d{1,2}[:.]\d{2}(?:[:.]\d{2}(?:[.,]\d+)?)?\s*(?:[ap]\.?\s?m\.?)?\s*(?:hrs?|wib|wita|wit|utc|gmt)?$/i
const ISO =
  /^(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?:[T\s]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s*(?:Z|[+-]\d{2}:?\d{2})?)?$/i
const COMPACT = /^(\d{4})(\d{2})(\d{2})$/
const NUMERIC = /^(\d{1,4})\s*([-/. ])\s*(\d{1,2})\s*\2\s*(\d{1,4})$/
const SERIAL = /^\d{5}(?:\.\d+)?$/

/**
 * Reads a typed date into an ISO day. ISO dates and dates with a month's name are always taken; `01/02/2026` is read in
 * the order of the locale, and with no locale only if both orders give the same day.
 */
export function parseDueDate(text: string, locale: SheetLocale): Day {
  const typed = text
    .normalize('NFKC')
    .replace(/\p{Cf}/gu, '')
    .replace(/^'/, '')
    .replace(/\s+/g, ' ')
    .trim()
  if (typed.length > MAX_CELL_CHARS) return invalid()
  const day = typed.replace(TIME, '').trim()
  const iso = ISO.exec(typed) ?? ISO.exec(day)
  if (iso) return calendarDay(iso[1]!, iso[3]!, iso[4]!)
  const compact = COMPACT.exec(day)
  if (compact) return calendarDay(compact[1]!, compact[2]!, compact[3]!)
  if (SERIAL.test(day)) return serialInDateColumn(day, false)
  const numeric = NUMERIC.exec(day)
  if (numeric) return inOrders([numeric[1]!, numeric[3]!, numeric[4]!], locale.dateOrders)
  return withMonthName(day, locale)
}

/**
 * The ISO day of a spreadsheet serial (`46327.75`): the time of day is dropped. `date1904` is the workbook's system.
 * Serial 60 of the 1900 system is the 29 February 1900 that never was, and refused.
 */
export function serialDay(rawSerial: string, date1904: boolean): Day {
  const decimal = plainDecimal(rawSerial)
  if (decimal === undefined) return invalid()
  const serial = Number(decimal.split('.')[0])
  const lowest = date1904 ? 0 : 1
  if (decimal.startsWith('-') || serial < lowest || serial > LAST_SERIAL) return outOfRange()
  if (date1904) return ok(isoDay(EPOCH_1904_MS + serial * MS_PER_DAY))
  if (serial === FAKE_LEAP_DAY) {
    return refuse('date_impossible', '29 February 1900 never was. Correct the date in this cell.')
  }
  const shift = serial < FAKE_LEAP_DAY ? 1 : 0
  return ok(isoDay(EPOCH_1900_MS + (serial + shift) * MS_PER_DAY))
}

/**
 * The day of a number that stands in a date column without a date's format: a serial of a plausible year, or
 * `20261201`. Anything else is refused.
 */
export function serialInDateColumn(rawNumber: string, date1904: boolean): Day {
  const decimal = plainDecimal(rawNumber)
  const compact = decimal === undefined ? null : COMPACT.exec(decimal)
  if (compact) return calendarDay(compact[1]!, compact[2]!, compact[3]!)
  const day = serialDay(rawNumber, date1904)
  if (!day.ok) return invalid()
  const year = Number(day.value.slice(0, 4))
  return year >= PLAUSIBLE_YEARS.first && year <= PLAUSIBLE_YEARS.last ? day : invalid()
}

/** The time of day of a serial, as `09:30`; sheets store it as the fraction of a day. */
export function serialTime(rawSerial: string): string | undefined {
  const decimal = plainDecimal(rawSerial)
  if (decimal === undefined || decimal.startsWith('-')) return undefined
  const minutes = Math.round((Number(decimal) % 1) * 1440) % 1440
  return `${pad(Math.floor(minutes / 60), 2)}:${pad(minutes % 60, 2)}`
}

function withMonthName(text: string, locale: SheetLocale): Day {
  const words = text
    .replace(/(\d)(?:st|nd|rd|th|ro|ero|º|ª|°)(?=[\s,]|$)/gi, '$1')
    .split(/[\s,./-]+/)
    .map(monthKey)
    .filter((word) => word !== '' && !IGNORED_WORDS.has(word))
  const named = words.findIndex((word) => locale.months.has(word))
  const numbers = words.filter((word) => /^\d{1,4}$/.test(word))
  if (named < 0 || words.length !== 3 || numbers.length !== 2) return invalid()
  const month = String(locale.months.get(words[named]!))
  const [first, second] = numbers as [string, string]
  if (first.length === 4 && named === 1) return calendarDay(first, month, second)
  if (named === 2 || first.length > 2) return invalid()
  return calendarDay(fullYear(second), month, first)
}

/** Week days and little words that may stand in a written date: `Selasa, 1 de diciembre de 2026`. */
const IGNORED_WORDS = new Set(
  `de del of the el tanggal tgl dia day on
   mon tue tues wed thu thur thurs fri sat sun monday tuesday wednesday thursday friday saturday sunday
   senin selasa rabu kamis jumat jum'at sabtu minggu ahad sen sel rab kam sab min
   lunes martes miercoles jueves viernes sabado domingo lun mie jue vie dom`.split(/\s+/),
)

function inOrders(parts: readonly [string, string, string], orders: readonly DateOrder[]): Day {
  if (parts[0].length > 2) return parts[0].length === 4 ? calendarDay(...parts) : invalid()
  const readings = orders.map((order) => inOrder(parts, order))
  const days = new Set(readings.filter((reading) => reading.ok).map((reading) => reading.value))
  if (days.size > 1) {
    return refuse(
      'date_ambiguous',
      'The day and the month can be read either way. Choose the language of the sheet, or write the date as 2026-12-31.',
    )
  }
  return readings.find((reading) => reading.ok) ?? readings[0]!
}

function inOrder([first, second, third]: readonly [string, string, string], order: DateOrder): Day {
  if (order === 'ymd')
    return third.length > 2 ? calendarDay(third, second, first) : calendarDay(fullYear(first), second, third)
  return order === 'dmy'
    ? calendarDay(fullYear(third), second, first)
    : calendarDay(fullYear(third), first, second)
}

/** `26` is 2026: dates of payment are never a century old. */
function fullYear(year: string): string {
  return year.length <= 2 ? `20${year.padStart(2, '0')}` : year
}

function calendarDay(year: string, month: string, day: string): Day {
  const [y, m, d] = [Number(year), Number(month), Number(day)]
  if (year.length !== 4 || y < 1900) return invalid()
  const atMs = Date.UTC(y, m - 1, d)
  const real = m >= 1 && m <= 12 && d >= 1 && new Date(atMs).getUTCMonth() === m - 1
  if (real) return ok(isoDay(atMs))
  return refuse(
    'date_impossible',
    'There is no such day in the order in which this sheet is read. Correct it, or write it as 2026-12-31.',
  )
}

function isoDay(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10)
}

function pad(value: number, digits: number): string {
  return String(value).padStart(digits, '0')
}

function invalid(): Day {
  return refuse('date_invalid', 'This is not a date we can read exactly. Write it as 2026-12-31.')
}

function outOfRange(): Day {
  return refuse(
    'date_out_of_range',
    'The number in this cell is outside the days a spreadsheet knows. Write the date as 2026-12-31.',
  )
}
