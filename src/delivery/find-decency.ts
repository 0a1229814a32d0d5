import type { Scope } from '../platform/scope.ts'
import type { DecencyRule, Holidays, Hours, Purpose } from './decency.ts'
import { type Calendar, type PlainRule, shippedDecency } from './decency-seed.ts'
import type { Holiday } from './holiday-file.ts'

/** What a workspace has said: by which rules its campaigns go, and how often one person may be written to. */
export type DecencySettings = {
  readonly campaignsPurpose: Purpose | null
  readonly cap: { readonly messages: number; readonly days: number } | null
}

/** The most that a cap can say. */
export const CAP_MAX = { messages: 10_000, days: 366 } as const

/** Everything that decides when people may be written to; `isOwn` tells the workspace's own from what is shipped. */
export type DecencyBook = {
  readonly rules: readonly (PlainRule & { readonly isOwn: boolean })[]
  readonly calendars: readonly (Calendar & { readonly isOwn: boolean })[]
}

/** The workspace's rules and calendars, in order, its own in the place of shipped ones. */
export async function findDecency(scope: Scope): Promise<DecencyBook> {
  const [rules, calendars] = [await ownRules(scope), await ownCalendars(scope)]
  const shipped = shippedDecency()
  const isReplaced = new Set(rules.map(ruleKey))
  const isCovered = new Set(calendars.map(calendarKey))
  return {
    rules: [
      ...rules.map((rule) => ({ ...rule, isOwn: true })),
      ...shipped.rules
        .filter((rule) => !isReplaced.has(ruleKey(rule)))
        .map((rule) => ({ ...rule, isOwn: false })),
    ].sort((a, b) => (ruleKey(a) < ruleKey(b) ? -1 : 1)),
    calendars: [
      ...calendars.map((calendar) => ({ ...calendar, isOwn: true })),
      ...shipped.calendars
        .filter((calendar) => !isCovered.has(calendarKey(calendar)))
        .map((calendar) => ({ ...calendar, isOwn: false })),
    ].sort((a, b) => (calendarKey(a) < calendarKey(b) ? -1 : 1)),
  }
}

/**
 * The rule for people of a country: the country's own, else that of `*`, with the holidays of the country itself.
 * @param country ISO 3166, undefined where it is not known
 */
export function ruleFor(book: DecencyBook, country: string | undefined, purpose: Purpose): DecencyRule {
  const rule =
    book.rules.find((one) => one.country === country && one.purpose === purpose) ??
    book.rules.find((one) => one.country === '*' && one.purpose === purpose)
  if (!rule) throw new Error(`no rule is shipped for ${purpose}`)
  return {
    country: country ?? '*',
    purpose,
    hours: rule.hours,
    holidays: rule.keepsHolidays ? holidaysOf(book, country) : undefined,
    source: rule.source,
    asOf: rule.asOf,
  }
}

function holidaysOf(book: DecencyBook, country: string | undefined): Holidays {
  const own = book.calendars.filter((calendar) => calendar.country === country)
  return {
    years: new Set(own.map(({ year }) => year)),
    days: new Map(own.flatMap(({ days }) => days.map(({ day, name }) => [day, name] as const))),
  }
}

/** What the workspace has said of its campaigns; a new one has said nothing. */
export async function findDecencySettings(
  scope: Pick<Scope, 'sql' | 'workspaceId'>,
): Promise<DecencySettings> {
  const [row] = await scope.sql<
    { campaigns_purpose: Purpose | null; cap_messages: number | null; cap_days: number | null }[]
  >`
    SELECT campaigns_purpose, cap_messages, cap_days FROM decency_settings WHERE workspace_id = ${scope.workspaceId}`
  const cap =
    row?.cap_messages == null || row.cap_days == null
      ? null
      : { messages: row.cap_messages, days: row.cap_days }
  return { campaignsPurpose: row?.campaigns_purpose ?? null, cap }
}

async function ownRules(scope: Scope): Promise<PlainRule[]> {
  const rows = await scope.sql<
    {
      country: string
      purpose: Purpose
      hours: Hours[]
      keeps_holidays: boolean
      source: string
      as_of: string
    }[]
  >`SELECT country, purpose, hours, keeps_holidays, source, as_of::text AS as_of
      FROM decency_rules WHERE workspace_id = ${scope.workspaceId}`
  return rows.map((row) => ({
    country: row.country,
    purpose: row.purpose,
    hours: row.hours,
    keepsHolidays: row.keeps_holidays,
    source: row.source,
    asOf: row.as_of,
  }))
}

async function ownCalendars(scope: Scope): Promise<Calendar[]> {
  const rows = await scope.sql<
    { country: string; year: number; source: string; days: Holiday[]; updated_at: string }[]
  >`SELECT country, year, source, days FROM holiday_calendars WHERE workspace_id = ${scope.workspaceId}`
  return [...rows]
}

function ruleKey(rule: { country: string; purpose: string }): string {
  return `${rule.country} ${rule.purpose}`
}

function calendarKey(calendar: { country: string; year: number }): string {
  return `${calendar.country} ${calendar.year}`
}
