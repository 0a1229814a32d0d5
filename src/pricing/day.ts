/** A calendar day in the account's time zone, `2026-10-01`. Days compare as text. */
export type IsoDay = string

const ISO_DAY = /^\d{4}-\d{2}-\d{2}$/
const DAY_MS = 86_400_000

/** True for a real calendar day written `YYYY-MM-DD`; false for `2026-02-30`, other orders and anything else. */
export function isIsoDay(text: string): text is IsoDay {
  if (!ISO_DAY.test(text)) return false
  const at = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text)
}

/** The day before: where a change takes effect, this is the last day of the old price. */
export function dayBefore(day: IsoDay): IsoDay {
  return new Date(Date.parse(`${day}T00:00:00Z`) - DAY_MS).toISOString().slice(0, 10)
}
