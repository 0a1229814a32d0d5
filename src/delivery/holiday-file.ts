import { parse } from 'csv-parse/sync'
import ICAL from 'ical.js'
import { DateTime } from 'luxon'
import { ok, type Result, refuse } from '../platform/result.ts'

/** A day off: an ISO date and what it is called. */
export type Holiday = { readonly day: string; readonly name: string }

export const HOLIDAY_FILE_MAX_CHARS = 1_000_000
const MOST_HOLIDAYS = 5_000
const NAME_MAX_CHARS = 200
/** An event of more days than this is no holiday but a season: half a year off is a mistake in the file. */
const MOST_DAYS_OF_AN_EVENT = 31

/**
 * Reads a holiday calendar: iCalendar (RFC 5545), or a CSV with a date (`2027-03-10`) and a name a line, with or
 * without headings. Only whole days within `years` are taken; recurring events are unfolded within them.
 */
export function readHolidayFile(
  text: string,
  years: readonly number[],
): Result<Holiday[], 'validation_failed'> {
  if (text.length > HOLIDAY_FILE_MAX_CHARS) return fault('The calendar is longer than 1,000,000 characters.')
  const bare = text.replace(/^\uFEFF/, '')
  const read = /^\s*BEGIN:VCALENDAR/i.test(bare) ? readIcs(bare, years) : readCsv(bare)
  if (!read.ok) return read
  const wanted = new Set(years)
  const days = new Map<string, string>()
  for (const { day, name } of read.value) {
    if (wanted.has(Number(day.slice(0, 4))) && !days.has(day)) days.set(day, name.slice(0, NAME_MAX_CHARS))
  }
  if (days.size === 0) return fault(`The calendar has no day in ${years.join(', ')}.`)
  return ok([...days].map(([day, name]) => ({ day, name })).sort((a, b) => (a.day < b.day ? -1 : 1)))
}

function readIcs(text: string, years: readonly number[]): Result<Holiday[], 'validation_failed'> {
  try {
    const calendar = new ICAL.Component(ICAL.parse(text) as ConstructorParameters<typeof ICAL.Component>[0])
    const found: Holiday[] = []
    for (const component of calendar.getAllSubcomponents('vevent')) {
      if (String(component.getFirstPropertyValue('status') ?? '').toUpperCase() === 'CANCELLED') continue
      found.push(...daysOfEvent(new ICAL.Event(component), Math.max(...years)))
      if (found.length > MOST_HOLIDAYS) return fault(`The calendar has more than ${MOST_HOLIDAYS} days.`)
    }
    return ok(found)
  } catch (error) {
    return fault(`The calendar is not iCalendar: ${(error as Error).message.slice(0, 200)}.`)
  }
}

/** Every whole day of an event; one that has a time of day is no holiday. */
function daysOfEvent(event: ICAL.Event, lastYear: number): Holiday[] {
  const start = event.startDate
  if (!start?.isDate) return []
  const name = event.summary || 'Holiday'
  const length = Math.min(MOST_DAYS_OF_AN_EVENT, Math.max(1, daysBetween(start, event.endDate)))
  if (!event.isRecurring()) return stretch(start, length, name)
  const days: Holiday[] = []
  const occurrences = event.iterator()
  for (let n = 0; n < MOST_HOLIDAYS; n++) {
    const next = occurrences.next()
    if (!next || next.year > lastYear) break
    days.push(...stretch(next, length, name))
  }
  return days
}

function daysBetween(start: ICAL.Time, end: ICAL.Time | null): number {
  return end ? Math.round(end.subtractDate(start).toSeconds() / 86_400) : 1
}

function stretch(start: ICAL.Time, days: number, name: string): Holiday[] {
  const first = DateTime.utc(start.year, start.month, start.day)
  return Array.from({ length: days }, (_, n) => ({ day: first.plus({ days: n }).toISODate()!, name }))
}

function readCsv(text: string): Result<Holiday[], 'validation_failed'> {
  const rows = csvRows(text)
  if (!rows) return fault('The calendar is neither iCalendar nor a CSV with a date and a name in each line.')
  if (rows.length > MOST_HOLIDAYS) return fault(`The calendar has more than ${MOST_HOLIDAYS} days.`)
  const found: Holiday[] = []
  for (const [at, row] of rows.entries()) {
    const day = row.find((cell) => isDay(cell))
    if (day !== undefined)
      found.push({ day, name: row.find((cell) => cell !== day && cell !== '') ?? 'Holiday' })
    else if (at > 0) return fault(`Line ${at + 1} of the calendar has no date such as 2027-03-10.`)
  }
  return ok(found)
}

function csvRows(text: string): string[][] | undefined {
  try {
    const options = {
      delimiter: [',', ';', '\t'],
      trim: true,
      skip_empty_lines: true,
      relax_column_count: true,
    }
    return parse(text, options) as string[][]
  } catch {
    return undefined
  }
}

function isDay(cell: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(cell) && DateTime.fromISO(cell, { zone: 'utc' }).isValid
}

function fault(message: string) {
  return refuse('validation_failed', message, { errors: [{ path: 'calendar', code: 'invalid', message }] })
}
