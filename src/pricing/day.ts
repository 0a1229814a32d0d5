import { isCalendarDay } from '../platform/calendar.ts'

/** A calendar day in the account's time zone, `2026-10-01`. Days compare as text. */
export type IsoDay = string

const DAY_MS = 86_400_000

/** True for a real calendar day written `YYYY-MM-DD`; false for `2026-02-30`, other orders and anything else. */
export function isIsoDay(text: string): text is IsoDay {
  return isCalendarDay(text)
}

/** The day before: where a change takes effect, this is the last day of the old price. */
export function dayBefore(day: IsoDay): IsoDay {
  return new Date(Date.parse(`${day}T00:00:00Z`) - DAY_MS).toISOString().slice(0, 10)
}
