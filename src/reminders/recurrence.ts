import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import { Cron } from 'croner'
import { DateTime, IANAZone } from 'luxon'
import { instantOf } from '../delivery/index.ts'
import type { WhenShort } from './sequence.ts'

// Its module for import names no exports that Node can see.
const { RRule } = createRequire(import.meta.url)('rrule') as typeof import('rrule')

/**
 * When a campaign comes again: an RRULE (RFC 5545 §3.3.10) from its first time on, or a cron expression of five fields;
 * both on the clock of a named zone.
 */
export type Rule = { readonly kind: 'rrule' | 'cron'; readonly text: string }

/** A campaign that comes again, as it is written. */
export type RecurrenceWords = {
  readonly name: string
  readonly templateId: string
  readonly senderId: string
  readonly listId: string
  readonly rule: Rule
  /** Local time of the first occurrence at the earliest: `2026-12-01T09:00:00`. */
  readonly startsAt: string
  /** IANA. */
  readonly timeZone: string
  readonly whenShort: WhenShort
}

/** An occurrence: what its zone's clock shows, and when that is. */
export type Occurrence = { readonly local: string; readonly at: Date }

const RULE_MAX_CHARS = 500
/** Occurrences are at least so far apart: a campaign that comes oftener is a mistake. */
const LEAST_APART_MS = 60 * 60 * 1000
const LOOKED_AT = 50
/** A rule that has no occurrence for so long has none. */
const LONGEST_YEARS = 5
const LOCAL = /^20[2-9]\d-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/

type Fault = { readonly path: string; readonly code: string; readonly message: string }

/** What is wrong with the rule of a campaign that comes again, each with its place. */
export function faultsOfRecurrence({
  rule,
  startsAt,
  timeZone,
}: Pick<RecurrenceWords, 'rule' | 'startsAt' | 'timeZone'>): Fault[] {
  const faults: Fault[] = []
  if (!LOCAL.test(startsAt) || !DateTime.fromISO(startsAt, { zone: 'utc' }).isValid)
    faults.push({
      path: 'starts_at',
      code: 'invalid',
      message: 'must be a local time without an offset, such as 2026-12-01T09:00:00.',
    })
  if (!IANAZone.isValidZone(timeZone))
    faults.push({ path: 'time_zone', code: 'invalid', message: 'must be a zone such as Asia/Jakarta.' })
  if (faults.length > 0) return faults
  const message = faultOfRule(rule, startsAt)
  return message === undefined ? [] : [{ path: 'rule', code: 'invalid', message }]
}

function faultOfRule(rule: Rule, startsAt: string): string | undefined {
  if (rule.text.length > RULE_MAX_CHARS) return `is longer than ${RULE_MAX_CHARS} characters.`
  if (rule.kind === 'cron' && rule.text.trim().split(/\s+/).length !== 5)
    return 'must have five fields: minute, hour, day of the month, month, day of the week.'
  if (rule.kind === 'rrule' && /DTSTART|TZID|EXDATE|\n/i.test(rule.text))
    return 'must be a rule alone, such as FREQ=WEEKLY;BYDAY=MO: its beginning is starts_at.'
  const unsound = rule.kind === 'rrule' ? faultOfParts(rule.text) : undefined
  if (unsound) return unsound
  try {
    const until = plusYears(startsAt, LONGEST_YEARS)
    const first = localsBetween(rule, startsAt, startsAt, until, LOOKED_AT)
    if (first.length === 0) return `has no occurrence within ${LONGEST_YEARS} years.`
    return areTooClose(first) ? 'comes oftener than once an hour.' : undefined
  } catch {
    return rule.kind === 'cron'
      ? 'is no cron expression, such as 0 9 * * 1.'
      : 'is no RRULE, such as FREQ=MONTHLY;BYMONTHDAY=-1.'
  }
}

/** What a rule may be made of. Of anything else a library would look for an occurrence until the year 9999. */
const PARTS: Readonly<Record<string, RegExp>> = {
  FREQ: /^(DAILY|WEEKLY|MONTHLY|YEARLY)$/,
  INTERVAL: /^[1-9]\d{0,2}$/,
  COUNT: /^[1-9]\d{0,3}$/,
  UNTIL: /^\d{4}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(T([01]\d|2[0-3])[0-5]\d[0-5]\dZ?)?$/,
  WKST: /^(MO|TU|WE|TH|FR|SA|SU)$/,
  BYDAY: /^([+-]?[1-4])?(MO|TU|WE|TH|FR|SA|SU)(,([+-]?[1-4])?(MO|TU|WE|TH|FR|SA|SU))*$/,
  BYMONTHDAY: /^-?([1-9]|[12]\d|3[01])(,-?([1-9]|[12]\d|3[01]))*$/,
  BYMONTH: /^([1-9]|1[0-2])(,([1-9]|1[0-2]))*$/,
  BYHOUR: /^(\d|1\d|2[0-3])(,(\d|1\d|2[0-3]))*$/,
  BYMINUTE: /^[1-5]?\d$/,
  BYSETPOS: /^-?[1-4]$/,
}
const DAYS_OF_MONTH = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

function faultOfParts(text: string): string | undefined {
  const parts = new Map(
    text
      .replace(/^RRULE:/i, '')
      .trim()
      .toUpperCase()
      .split(';')
      .map((part): [string, string] => [part.split('=')[0]!, part.split('=').slice(1).join('=')]),
  )
  const strange = [...parts].find(([name, value]) => !PARTS[name]?.test(value))
  if (strange || !parts.has('FREQ'))
    return `cannot have ${strange ? strange.join('=').slice(0, 60) : 'no FREQ'}: it is made of FREQ (DAILY, WEEKLY, MONTHLY or YEARLY), INTERVAL, COUNT, UNTIL, BYDAY, BYMONTHDAY, BYMONTH, BYHOUR, BYMINUTE and BYSETPOS.`
  const isDaily = parts.get('FREQ') === 'DAILY'
  if (isDaily && (parts.has('BYMONTHDAY') || parts.has('BYSETPOS')))
    return 'counts days of the month: write FREQ=MONTHLY.'
  if (isDaily && parts.has('BYDAY') && parts.has('INTERVAL'))
    return 'names days of the week and an interval: write FREQ=WEEKLY.'
  if (parts.has('BYSETPOS') && !parts.has('BYDAY')) return 'has BYSETPOS without BYDAY.'
  return comesNever(parts) ? 'names a day that its months do not have.' : undefined
}

function comesNever(parts: ReadonlyMap<string, string>): boolean {
  const days = parts
    .get('BYMONTHDAY')
    ?.split(',')
    .map((day) => Math.abs(Number(day)))
  const months = parts.get('BYMONTH')?.split(',').map(Number)
  if (!days || !months) return false
  return !months.some((month) => days.some((day) => day <= DAYS_OF_MONTH[month - 1]!))
}

function areTooClose(locals: readonly string[]): boolean {
  return locals.some((local, n) => n > 0 && wallMs(local) - wallMs(locals[n - 1]!) < LEAST_APART_MS)
}

/**
 * The occurrences after one moment and up to another, earliest first. A time that spring skips comes at the next valid
 * minute, one that autumn repeats at the first of the two.
 * @param most at most so many, the earliest
 */
export function occurrencesBetween(
  { rule, startsAt, timeZone }: Pick<RecurrenceWords, 'rule' | 'startsAt' | 'timeZone'>,
  after: Date,
  until: Date,
  most: number,
): Occurrence[] {
  // A day more on both sides: a zone's clock may be half a day from UTC's, and an hour from its own.
  const from = plainIso(after.getTime() - DAY_MS)
  const to = plainIso(until.getTime() + DAY_MS)
  return localsBetween(rule, startsAt, from > startsAt ? from : startsAt, to, most + EXTRA)
    .map((local) => ({ local, at: instantOf(local, timeZone) }))
    .filter(({ at }) => at > after && at <= until)
    .slice(0, most)
}

/** The next occurrences after a moment, earliest first; of a rule that has not begun yet, its first ones. */
export function nextOccurrences(
  words: Pick<RecurrenceWords, 'rule' | 'startsAt' | 'timeZone'>,
  after: Date,
  most: number,
): Occurrence[] {
  const begins = instantOf(words.startsAt, words.timeZone)
  const from = begins > after ? begins : after
  const until = DateTime.fromJSDate(from).plus({ years: LONGEST_YEARS }).toJSDate()
  return occurrencesBetween(words, after, until, most)
}

const DAY_MS = 24 * 60 * 60 * 1000
/** What may lie in the two days beyond. */
const EXTRA = 100

/** Local times, as they would be if every day had 24 hours. */
function localsBetween(rule: Rule, startsAt: string, from: string, to: string, most: number): string[] {
  return rule.kind === 'cron'
    ? byCron(rule.text, from, to, most)
    : byRRule(rule.text, startsAt, from, to, most)
}

function byCron(text: string, from: string, to: string, most: number): string[] {
  const cron = new Cron(text.trim(), { timezone: 'UTC' })
  const found: string[] = []
  let at = new Date(wallMs(from) - 1_000)
  while (found.length < most) {
    const next = cron.nextRun(at)
    if (next === null || next.getTime() > wallMs(to)) break
    found.push(plainIso(next.getTime()))
    at = next
  }
  return found
}

function byRRule(text: string, startsAt: string, from: string, to: string, most: number): string[] {
  const given = RRule.parseString(
    text
      .replace(/^RRULE:/i, '')
      .trim()
      .toUpperCase(),
  )
  const last = new Date(wallMs(to))
  const end = given.until && endOf(given.until, text)
  const until = end && end < last ? end : last
  const found: string[] = []
  const rule = new RRule({ ...given, dtstart: new Date(wallMs(startsAt)), tzid: null, until })
  rule.between(new Date(wallMs(from)), until, true, (date, n) => {
    if (n < most) found.push(plainIso(date.getTime()))
    return n + 1 < most
  })
  return found
}

/** `UNTIL` a day is to its end: whoever names the last day means to have it. */
function endOf(until: Date, text: string): Date {
  return /UNTIL=\d{8}(?!T)/i.test(text) ? new Date(until.getTime() + DAY_MS - 1_000) : until
}

function wallMs(local: string): number {
  return DateTime.fromISO(local, { zone: 'utc' }).toMillis()
}

function plainIso(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19)
}

function plusYears(local: string, years: number): string {
  return DateTime.fromISO(local, { zone: 'utc' })
    .plus({ years })
    .toISO({ includeOffset: false })!
    .slice(0, 19)
}

/** What a standing approval of it is given for: who is told what, when and from where. */
export function digestOfRecurrence(id: string, version: number, words: RecurrenceWords): Buffer {
  const { templateId, senderId, listId, rule, startsAt, timeZone, whenShort } = words
  const frozen = [id, version, { templateId, senderId, listId, rule, startsAt, timeZone, whenShort }]
  return createHash('sha256').update(JSON.stringify(frozen)).digest()
}
