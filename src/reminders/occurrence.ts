import { DateTime } from 'luxon'
import { type DecencyRule, type HoldReason, instantOf, nextDecentMoment } from '../delivery/index.ts'
import type { Step } from './sequence.ts'

/** When a step may go to somebody: a stretch of one day, on their own clock. */
export type Slot = {
  /** ISO day on the debtor's clock. */
  readonly sendDay: string
  readonly from: string
  readonly until: string
  readonly opensAt: Date
  /** From here on it is late, and never sent. */
  readonly closesAt: Date
}

export type SlotOrHold =
  | { readonly kind: 'slot'; readonly slot: Slot }
  | { readonly kind: 'held'; readonly reason: HoldReason }

/** Days off by ISO day, and the years whose days off are known. */
export type DaysOff = { readonly years: ReadonlySet<number>; readonly days: ReadonlySet<string> }

const MOST_DAYS = 2_000

/**
 * The day that a ladder names for an invoice; undefined where working days need a calendar that is not known. A step
 * of zero working days on a day off is the next working day.
 * @param dueDate ISO day
 */
export function nominalDay(
  step: Pick<Step, 'offset' | 'unit'>,
  dueDate: string,
  off: DaysOff,
): string | undefined {
  let day = DateTime.fromISO(dueDate, { zone: 'utc' })
  if (step.unit === 'days') return day.plus({ days: step.offset }).toISODate()!
  const stride = step.offset < 0 ? -1 : 1
  for (let left = Math.abs(step.offset), walked = 0; walked < MOST_DAYS; walked++) {
    const working = isWorkingDay(day, off)
    if (working === undefined) return undefined
    if (walked > 0 && working) left -= 1
    if (left <= 0 && working) return day.toISODate()!
    day = day.plus({ days: stride })
  }
  return undefined
}

function isWorkingDay(day: DateTime, off: DaysOff): boolean | undefined {
  if (day.weekday > 5) return false
  return off.years.has(day.year) ? !off.days.has(day.toISODate()!) : undefined
}

/**
 * The stretch in which a step may go: from its own time on its own day, or, where that is no decent moment, on the next
 * day that has one; until its own end, or where the decent hours of that day end earlier.
 * @param zones all in which the debtor may be; none where that is not known
 */
export function slotOf(
  step: Pick<Step, 'time' | 'until'>,
  nominal: string,
  zones: readonly string[],
  rule: DecencyRule,
): SlotOrHold {
  const asked = latest(zones, (zone) => instantOf(`${nominal}T${step.time}`, zone))
  const decent = nextDecentMoment(rule, zones, asked ?? new Date(0))
  if (decent.kind === 'held') return decent
  const sendDay = zones.map((zone) => DateTime.fromJSDate(decent.at, { zone }).toISODate()!).sort()[0]!
  return stretch(step, sendDay, zones, rule)
}

function stretch(
  step: Pick<Step, 'time' | 'until'>,
  sendDay: string,
  zones: readonly string[],
  rule: DecencyRule,
): SlotOrHold {
  const weekday = DateTime.fromISO(sendDay, { zone: 'utc' }).weekday
  const hours = rule.hours
    .filter(({ days }) => days.includes(weekday))
    .map(({ from, to }) => ({
      from: later(from, step.time),
      until: earlier(to, step.until),
      opens: from,
      closes: to,
    }))
    .sort((a, b) => (a.opens < b.opens ? -1 : 1))
  // Where the step's own hours lie outside the decent ones of that day, it goes in the decent ones.
  const fits = hours.find(({ from, until }) => from < until)
  const own = fits ?? hours.map(({ opens, closes }) => ({ from: opens, until: closes }))[0]
  if (!own) return { kind: 'held', reason: 'no_hour_fits' }
  const until = own.until === '24:00' ? '23:59' : own.until
  const opensAt = latest(zones, (zone) => instantOf(`${sendDay}T${own.from}`, zone))!
  const closesAt = earliest(zones, (zone) => instantOf(`${sendDay}T${until}`, zone))!
  if (opensAt >= closesAt) return { kind: 'held', reason: 'no_hour_fits' }
  return { kind: 'slot', slot: { sendDay, from: own.from, until, opensAt, closesAt } }
}

/**
 * Whether a later step of the ladder is due by the day on which this one could go at last: then only that one goes.
 * @param others the nominal days of the steps that come after this one
 */
export function isOvertaken(nominal: string, sendDay: string, others: readonly string[]): boolean {
  return others.some((other) => other > nominal && other <= sendDay)
}

function later(one: string, other: string): string {
  return one > other ? one : other
}

function earlier(one: string, other: string): string {
  return one < other ? one : other
}

function latest(zones: readonly string[], at: (zone: string) => Date): Date | undefined {
  return zones.length === 0 ? undefined : new Date(Math.max(...zones.map((zone) => at(zone).getTime())))
}

function earliest(zones: readonly string[], at: (zone: string) => Date): Date | undefined {
  return zones.length === 0 ? undefined : new Date(Math.min(...zones.map((zone) => at(zone).getTime())))
}
