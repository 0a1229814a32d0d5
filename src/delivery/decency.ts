import { DateTime, IANAZone } from 'luxon'
import { instantOf } from './window.ts'

/** Why somebody is written to; the law knows collection best. */
export const PURPOSES = ['collection', 'reminder', 'marketing'] as const
export type Purpose = (typeof PURPOSES)[number]

/** For every country without a rule of its own. */
export const EVERYWHERE = '*'
const COUNTRY = /^[A-Z]{2}$/
const YEAR = /^2[01]\d\d$/

/** Where a rule stands, as somebody has written it; undefined where that is no country, or no known purpose. */
export function readRulePlace(
  country: string,
  purpose: string | undefined,
): { country: string; purpose: Purpose } | undefined {
  const known = PURPOSES.find((one) => one === purpose)
  return known && (country === EVERYWHERE || COUNTRY.test(country)) ? { country, purpose: known } : undefined
}

/** Where a calendar of holidays stands, as somebody has written it; undefined where that is no country, or no year. */
export function readCalendarPlace(
  country: string,
  year: string,
): { country: string; year: number } | undefined {
  return COUNTRY.test(country) && YEAR.test(year) ? { country, year: Number(year) } : undefined
}

/** A stretch of some weekdays, on the recipient's clock: 1 is Monday, `to` is after `from` and may be `24:00`. */
export type Hours = { readonly days: readonly number[]; readonly from: string; readonly to: string }

/** Days on which nobody is disturbed, as ISO dates with their names; only of the years that are known. */
export type Holidays = {
  readonly years: ReadonlySet<number>
  readonly days: ReadonlyMap<string, string>
}

/** When people of a country may be written to, for a purpose. */
export type DecencyRule = {
  /** ISO 3166, or `*` where no rule of the country is known. */
  readonly country: string
  readonly purpose: Purpose
  readonly hours: readonly Hours[]
  /** Undefined: this rule does not look at holidays. */
  readonly holidays: Holidays | undefined
  /** Where the rule comes from, and the day of that source. */
  readonly source: string
  readonly asOf: string
}

export const HOLD_REASONS = ['unknown_zone', 'missing_calendar', 'no_hour_fits'] as const
export type HoldReason = (typeof HOLD_REASONS)[number]

/** The moment at which to write, and why it is later than was asked for; or why it is not known when. */
export type Decency =
  | { readonly kind: 'moment'; readonly at: Date; readonly movedBy: MovedBy | undefined }
  | { readonly kind: 'held'; readonly reason: HoldReason; readonly message: string }

export type MovedBy = 'hours' | 'weekday' | 'holiday'

/** No rule closes for longer than this; one that never opens is found out here. */
const MOST_DAYS = 62
/** Zones that are never open together are found out after this many steps. */
const MOST_SHIFTS = 64

/**
 * The first moment, from `instant` on, that the rule allows in every zone where the recipient may be. A zone that is
 * not known, or a day whose calendar is not, holds the message: it is never guessed.
 */
export function nextDecentMoment(
  rule: DecencyRule,
  zone: string | readonly string[],
  instant: Date,
): Decency {
  const zones = typeof zone === 'string' ? [zone] : zone
  const unknown = zones.find((name) => !IANAZone.isValidZone(name))
  if (zones.length === 0 || unknown !== undefined) return hold('unknown_zone', unknownZone(unknown))
  let atMs = instant.getTime()
  let movedBy: MovedBy | undefined
  for (let shifts = 0; shifts < MOST_SHIFTS; shifts++) {
    let latest: Opening = { kind: 'open', atMs, movedBy: undefined }
    for (const name of zones) {
      const next = nextOpening(rule, name, atMs)
      if (next.kind === 'held') return next
      if (next.atMs > latest.atMs) latest = next
    }
    if (latest.atMs === atMs) return { kind: 'moment', at: new Date(atMs), movedBy }
    atMs = latest.atMs
    movedBy ??= latest.movedBy
  }
  return hold('no_hour_fits', 'There is no hour that suits every place where this person may be.')
}

type Opening = { kind: 'open'; atMs: number; movedBy: MovedBy | undefined }

/** `atMs` itself where the rule allows it in that zone, else the beginning of the next stretch. */
function nextOpening(
  rule: DecencyRule,
  zone: string,
  atMs: number,
): Opening | Extract<Decency, { kind: 'held' }> {
  const today = DateTime.fromMillis(atMs, { zone })
  let movedBy: MovedBy | undefined
  for (let offset = 0; offset < MOST_DAYS; offset++) {
    const date = today.startOf('day').plus({ days: offset })
    const stretches = stretchesOf(rule, date, zone).filter(({ closesMs }) => closesMs > atMs)
    if (stretches.length === 0) {
      movedBy ??= rule.hours.some(({ days }) => days.includes(date.weekday)) ? 'hours' : 'weekday'
      continue
    }
    if (rule.holidays && !rule.holidays.years.has(date.year))
      return hold('missing_calendar', missingCalendar(rule, date.year))
    if (rule.holidays?.days.has(date.toISODate()!)) {
      movedBy ??= 'holiday'
      continue
    }
    const first = stretches[0]!
    return first.opensMs <= atMs
      ? { kind: 'open', atMs, movedBy: undefined }
      : { kind: 'open', atMs: first.opensMs, movedBy: movedBy ?? 'hours' }
  }
  return hold('no_hour_fits', 'The rule has no hour in which this may be sent.')
}

function stretchesOf(rule: DecencyRule, date: DateTime, zone: string) {
  return rule.hours
    .filter(({ days }) => days.includes(date.weekday))
    .map(({ from, to }) => ({ opensMs: clockMs(date, from, zone), closesMs: clockMs(date, to, zone) }))
    .sort((a, b) => a.opensMs - b.opensMs)
}

function clockMs(date: DateTime, clock: string, zone: string): number {
  const [day, time] = clock === '24:00' ? [date.plus({ days: 1 }), '00:00'] : [date, clock]
  return instantOf(`${day.toISODate()}T${time}`, zone).getTime()
}

function hold(reason: HoldReason, message: string): Extract<Decency, { kind: 'held' }> {
  return { kind: 'held', reason, message }
}

function unknownZone(zone: string | undefined): string {
  const what =
    zone === undefined ? 'It is not known in which time zone' : `“${zone}” is no time zone, so that`
  const rest = zone === undefined ? ' this person is' : ' it is not known what time it is for this person'
  return `${what}${rest}: give the contact a time zone such as Asia/Jakarta.`
}

function missingCalendar(rule: DecencyRule, year: number): string {
  const country = rule.country === EVERYWHERE ? 'this country' : rule.country
  return `The holidays of ${country} in ${year} are not known: import its calendar for ${year}, and this goes out.`
}

/** What is wrong with the hours of a rule, in words for its author; undefined where nothing is. */
export function faultOfHours(hours: readonly Hours[]): { path: string; message: string } | undefined {
  if (hours.length === 0) return { path: 'hours', message: 'must have at least one stretch of hours.' }
  for (const [at, { days, from, to }] of hours.entries()) {
    if (days.length === 0) return { path: `hours[${at}].days`, message: 'must name at least one weekday.' }
    if (from >= to)
      return {
        path: `hours[${at}].to`,
        message: 'must be later than from; over midnight takes two stretches.',
      }
  }
  return undefined
}

/** By which rule and on whose clocks a slice was timed, so that its claim can look again. */
export type QuietHours = {
  readonly purpose: Purpose
  readonly country: string | undefined
  readonly zones: readonly string[]
}

/** The same as one word: `reminder/ID:Asia/Jakarta,Asia/Makassar`. */
export function quietMark({ purpose, country, zones }: QuietHours): string {
  return `${purpose}/${country ?? EVERYWHERE}:${zones.join(',')}`
}

/** Reads it back; undefined for a plain list of zones. */
export function readQuietMark(mark: string): QuietHours | undefined {
  const [, purpose, country, zones] = /^([a-z]+)\/([A-Z]{2}|\*):(.*)$/.exec(mark) ?? []
  const known = PURPOSES.find((one) => one === purpose)
  if (!known || zones === undefined) return undefined
  return { purpose: known, country: country === EVERYWHERE ? undefined : country, zones: zones.split(',') }
}
