import { isCalendarDay } from '../platform/calendar.ts'
import type { Recurrence, Rule } from '../reminders/index.ts'
import { type Fault, fault } from './faults.ts'
import { dayOf } from './show.ts'
import { say } from './view.ts'

/** The rule of a campaign that comes again, as a form asks for it and as a sentence says it. */

type Fields = Readonly<Record<string, string | undefined>>
type Timed = Pick<Recurrence, 'rule' | 'startsAt'>

export const WAYS = ['day', 'week', 'month', 'month_last', 'own'] as const
export const WEEK = [1, 2, 3, 4, 5, 6, 7] as const

const DAY_NAMES = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU']
const FREQUENCIES = { day: 'DAILY', week: 'WEEKLY', month: 'MONTHLY', month_last: 'MONTHLY' } as const
const EVERY = /^[1-9]\d?$/
const MONTH_DAY = /^([1-9]|[12]\d|3[01])$/
const YEARS = /^20[2-9]\d-/
const TIME = /^([01]\d|2[0-3]):[0-5]\d$/
const OWN_MAX_CHARS = 500

/** What the form says of the rule and its beginning, or what is wrong in it, each next to its field. */
export function ruleOf(fields: Fields): Timed | { readonly faults: readonly Fault[] } {
  const way = wayOf(fields)
  const { every = '1', month_day: monthDay = '', starts_on: on = '', time = '', ends_on: end = '' } = fields
  const own = (fields.own ?? '').trim()
  const days = WEEK.filter((day) => fields[`day_${day}`] === '1')
  const faults = [
    ...(way !== 'own' && !EVERY.test(every) ? [fault('every', say('recur.every.fault'))] : []),
    ...(way === 'week' && days.length === 0 ? [fault('days', say('schedule.days.fault'))] : []),
    ...(way === 'month' && !MONTH_DAY.test(monthDay)
      ? [fault('month_day', say('recur.month_day.fault'))]
      : []),
    ...(way === 'own' && (own === '' || own.length > OWN_MAX_CHARS)
      ? [fault('own', say('recur.own.fault'))]
      : []),
    ...(isDay(on) ? [] : [fault('starts_on', say('invoice.new.day.fault'))]),
    ...(TIME.test(time) ? [] : [fault('time', say('recur.time.fault'))]),
    ...(end === '' || way === 'own' || (isDay(end) && end >= on)
      ? []
      : [fault('ends_on', say('recur.ends.fault'))]),
  ]
  if (faults.length > 0) return { faults }
  const startsAt = `${on}T${time}:00`
  if (way === 'own') return { rule: ownRule(own), startsAt }
  const parts = [
    `FREQ=${FREQUENCIES[way]}`,
    every !== '1' && `INTERVAL=${every}`,
    way === 'week' && `BYDAY=${days.map((day) => DAY_NAMES[day - 1]).join(',')}`,
    way === 'month' && `BYMONTHDAY=${monthDay}`,
    way === 'month_last' && 'BYMONTHDAY=-1',
    end !== '' && `UNTIL=${end.replaceAll('-', '')}T235959Z`,
  ].filter((part) => typeof part === 'string')
  return { rule: { kind: 'rrule', text: parts.join(';') }, startsAt }
}

function ownRule(text: string): Rule {
  return /^(RRULE:)?FREQ=/i.test(text) ? { kind: 'rrule', text } : { kind: 'cron', text }
}

/** The form's fields for a rule; what no field can say is left as it is written. */
export function ruleFields({ rule, startsAt }: Timed): Record<string, string> {
  const begins = { starts_on: startsAt.slice(0, 10), time: startsAt.slice(11, 16) }
  return { ...begins, ...(plainFields(rule) ?? { each: 'own', own: rule.text }) }
}

const KNOWN = new Set(['FREQ', 'INTERVAL', 'BYDAY', 'BYMONTHDAY', 'UNTIL'])

function plainFields({ kind, text }: Rule): Record<string, string> | undefined {
  const parts = new Map(
    text
      .toUpperCase()
      .split(';')
      .map((part): [string, string] => [part.split('=')[0]!, part.split('=')[1] ?? '']),
  )
  if (kind !== 'rrule' || [...parts.keys()].some((name) => !KNOWN.has(name))) return undefined
  const until = /^(\d{4})(\d\d)(\d\d)(T235959Z)?$/.exec(parts.get('UNTIL') ?? '')
  const common = {
    every: parts.get('INTERVAL') ?? '1',
    ...(until && { ends_on: `${until[1]}-${until[2]}-${until[3]}` }),
  }
  if (!EVERY.test(common.every) || parts.has('UNTIL') !== (until !== null)) return undefined
  const way = plainWay(parts)
  return way && { ...common, ...way }
}

function plainWay(parts: ReadonlyMap<string, string>): Record<string, string> | undefined {
  const days = (parts.get('BYDAY') ?? '').split(',').map((name) => DAY_NAMES.indexOf(name) + 1)
  const monthDay = parts.get('BYMONTHDAY')
  switch (parts.get('FREQ')) {
    case 'DAILY':
      return parts.has('BYDAY') || monthDay !== undefined ? undefined : { each: 'day' }
    case 'WEEKLY':
      if (monthDay !== undefined || days.includes(0)) return undefined
      return { each: 'week', ...Object.fromEntries(days.map((day) => [`day_${day}`, '1'])) }
    case 'MONTHLY':
      if (parts.has('BYDAY') || monthDay === undefined) return undefined
      if (monthDay === '-1') return { each: 'month_last' }
      return MONTH_DAY.test(monthDay) ? { each: 'month', month_day: monthDay } : undefined
    default:
      return undefined
  }
}

/** The rule as a sentence. */
export function ruleInWords(timed: Timed): string {
  const fields: Fields = ruleFields(timed)
  const way = wayOf(fields)
  if (way === 'own') return say('recur.in.own', { rule: timed.rule.text })
  const days = WEEK.filter((day) => fields[`day_${day}`] === '1').map((day) => say(`day.${day}`))
  const words = say(`recur.in.${way}`, {
    every: Number(fields.every),
    time: fields.time,
    ...(way === 'week' && { days: days.join(', ') }),
    ...(way === 'month' && { day: fields.month_day }),
  })
  return fields.ends_on === undefined ? words : say('recur.until', { words, day: dayOf(fields.ends_on) })
}

function wayOf({ each }: Fields): (typeof WAYS)[number] {
  return WAYS.find((way) => way === each) ?? 'week'
}

function isDay(text: string): boolean {
  return YEARS.test(text) && isCalendarDay(text)
}
