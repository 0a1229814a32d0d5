/**
 * The days and instants that every part of the house can hold: years 1 to 9999. PostgreSQL knows no year 0, and what
 * lies beyond 9999 is written with a sign that only JavaScript understands.
 */

const DAY = /^\d{4}-\d\d-\d\d$/
const FIRST_MS = Date.parse('0001-01-01T00:00:00.000Z')
const LAST_MS = Date.parse('9999-12-31T23:59:59.999Z')

/** Whether it is a real day of the calendar, as `2026-12-01`; false for 30 February, year 0 and anything else. */
export function isCalendarDay(text: string): boolean {
  if (!DAY.test(text)) return false
  const at = new Date(`${text}T00:00:00Z`)
  return isCalendarInstant(at) && at.toISOString().startsWith(text)
}

/** Whether it is an instant, in UTC, of one of these years. */
export function isCalendarInstant(at: Date): boolean {
  return at.getTime() >= FIRST_MS && at.getTime() <= LAST_MS
}

/** Whether it is a real time on some clock, as `2026-12-01T09:00` or with seconds; not on the first day or the last. */
export function isWallClock(text: string): boolean {
  const match = /^(\d{4}-\d\d-\d\d)T(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?$/.exec(text)
  return match !== null && isCalendarDay(match[1]!) && match[1] !== FIRST_DAY && match[1] !== LAST_DAY
}

/** Zones are up to a day apart: on these a local time may lie in another year than its instant. */
const FIRST_DAY = '0001-01-01'
const LAST_DAY = '9999-12-31'
