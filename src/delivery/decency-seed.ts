import { readFileSync } from 'node:fs'
import { parse } from 'csv-parse/sync'
import type { Hours, Purpose } from './decency.ts'
import type { Holiday } from './holiday-file.ts'

/** A rule as it is kept: whether it keeps holidays, and not yet which they are. */
export type PlainRule = {
  readonly country: string
  readonly purpose: Purpose
  readonly hours: readonly Hours[]
  readonly keepsHolidays: boolean
  readonly source: string
  readonly asOf: string
}

/** The holidays of one country in one year. */
export type Calendar = {
  readonly country: string
  readonly year: number
  readonly source: string
  readonly days: readonly Holiday[]
}

const FOLDER = new URL('../../drizzle/seed/', import.meta.url)

type Shipped = { readonly rules: readonly PlainRule[]; readonly calendars: readonly Calendar[] }
let shipped: Shipped | undefined

/** The rules and the calendars that come with the program, read once. */
export function shippedDecency(): Shipped {
  shipped ??= { rules: readRules(), calendars: readCalendars() }
  return shipped
}

function readRules(): PlainRule[] {
  const rules = new Map<string, PlainRule>()
  for (const row of rowsOf('decency-rules.csv')) {
    const { country, purpose, source, as_of: asOf } = row
    const key = `${country} ${purpose}`
    const before = rules.get(key)
    const hours = [...(before?.hours ?? []), { days: daysOf(row.days!), from: row.from!, to: row.to! }]
    const sources = [before?.source, source].filter((text) => text !== undefined).join('; ')
    rules.set(key, {
      country: country!,
      purpose: purpose as Purpose,
      hours,
      keepsHolidays: row.holidays === 'kept',
      source: sources,
      asOf: asOf!,
    })
  }
  return [...rules.values()]
}

/** `1-6` or `6`. */
function daysOf(text: string): number[] {
  const [first, last = first] = text.split('-').map(Number)
  return Array.from({ length: last! - first! + 1 }, (_, n) => first! + n)
}

function readCalendars(): Calendar[] {
  const calendars = new Map<string, Calendar & { days: Holiday[] }>()
  for (const { country, day, name, source } of rowsOf('holidays.csv')) {
    const year = Number(day!.slice(0, 4))
    const key = `${country} ${year}`
    const calendar = calendars.get(key) ?? { country: country!, year, source: source!, days: [] }
    calendar.days.push({ day: day!, name: name! })
    calendars.set(key, calendar)
  }
  return [...calendars.values()]
}

function rowsOf(file: string): Record<string, string>[] {
  return parse(readFileSync(new URL(file, FOLDER)), { columns: true }) as Record<string, string>[]
}
