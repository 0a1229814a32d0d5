import { DateTime } from 'luxon'

/** How many people are reached on a day, by the account's own calendar. */
export type AllowanceDay = { readonly date: string; readonly recipients: number }

const DAYS_MAX = 60

/**
 * On which days a campaign's recipients can be reached under a daily limit: what is left of it on the first day, all
 * of it on each day after. Pure; the limit rolls over 24 hours, so that a day here is 24 hours from the start.
 * @returns at most sixty days; nobody where the limit is nothing
 */
export function planDays(
  recipients: number,
  allowance: { limit: number; used: number },
  startsAt: Date,
  timeZone: string,
): AllowanceDay[] {
  const days: AllowanceDay[] = []
  let left = recipients
  for (let day = 0; left > 0 && day < DAYS_MAX; day++) {
    const free = day === 0 ? Math.max(0, allowance.limit - allowance.used) : allowance.limit
    const now = Math.min(left, free)
    if (now > 0) days.push({ date: localDate(startsAt, day, timeZone), recipients: now })
    left -= now
    if (allowance.limit === 0) break
  }
  return days
}

function localDate(startsAt: Date, day: number, timeZone: string): string {
  return DateTime.fromJSDate(startsAt, { zone: timeZone }).plus({ days: day }).toISODate() ?? ''
}

/** The same in a sentence: `Of 12,000 recipients 10,000 go today, 2,000 on Tuesday.` */
export function describeDays(
  recipients: number,
  limit: number,
  days: readonly AllowanceDay[],
  today: string,
): string {
  const reach = `WhatsApp lets your business reach ${count(limit)} people in 24 hours.`
  if (days.length === 0) return `${reach} Nobody can be reached now.`
  const parts = days.map(
    ({ date, recipients: n }, index) => `${count(n)}${index === 0 ? ' go' : ''} ${dayName(date, today)}`,
  )
  const shown =
    parts.length > DAYS_SHOWN
      ? [...parts.slice(0, DAYS_SHOWN - 1), `the rest by ${days.at(-1)!.date}`]
      : parts
  return `${reach} Of ${count(recipients)} recipients ${shown.join(', ')}.`
}

const DAYS_SHOWN = 7

function dayName(date: string, today: string): string {
  if (date === today) return 'today'
  const day = DateTime.fromISO(date, { zone: 'utc' })
  const away = day.diff(DateTime.fromISO(today, { zone: 'utc' }), 'days').days
  return away > 0 && away < 7 ? `on ${day.setLocale('en').toFormat('cccc')}` : `on ${date}`
}

function count(n: number): string {
  return n.toLocaleString('en-US')
}
