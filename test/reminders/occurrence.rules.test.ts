import { describe, expect, it } from 'vitest'
import type { DecencyRule, Hours } from '../../src/delivery/index.ts'
import { type DaysOff, isOvertaken, nominalDay, slotOf } from '../../src/reminders/occurrence.ts'

describe('the day that a ladder names', () => {
  /** Christmas 2026 is a Friday, and New Year's Day of 2028 a Saturday. */
  const off: DaysOff = { years: new Set([2026, 2027]), days: new Set(['2026-12-24', '2026-12-25']) }

  it.each<[number, 'days' | 'working_days', string, string | undefined]>([
    [0, 'days', '2026-12-25', '2026-12-25'],
    [1, 'days', '2026-12-31', '2027-01-01'],
    [-31, 'days', '2026-12-31', '2026-11-30'],
    [1, 'days', '2028-02-28', '2028-02-29'],
    [0, 'working_days', '2026-12-02', '2026-12-02'],
    [0, 'working_days', '2026-11-27', '2026-11-27'],
    [0, 'working_days', '2026-11-28', '2026-11-30'],
    [0, 'working_days', '2026-11-29', '2026-11-30'],
    [0, 'working_days', '2026-12-24', '2026-12-28'],
    [1, 'working_days', '2026-11-26', '2026-11-27'],
    [1, 'working_days', '2026-11-27', '2026-11-30'],
    [1, 'working_days', '2026-11-28', '2026-11-30'],
    [1, 'working_days', '2026-12-23', '2026-12-28'],
    [5, 'working_days', '2026-11-30', '2026-12-07'],
    [-1, 'working_days', '2026-11-30', '2026-11-27'],
    [-1, 'working_days', '2026-11-29', '2026-11-27'],
    [-1, 'working_days', '2026-12-28', '2026-12-23'],
    [-3, 'working_days', '2026-12-02', '2026-11-27'],
    // Nobody needs a calendar to know that a Saturday is off.
    [-1, 'working_days', '2028-01-01', '2027-12-31'],
    [0, 'working_days', '2028-01-01', undefined],
    [1, 'working_days', '2027-12-31', undefined],
    [-1, 'working_days', '2026-01-01', undefined],
    // Whether that day counts is not known, although the next one is.
    [0, 'working_days', '2025-12-31', undefined],
    [1, 'working_days', '2025-12-31', undefined],
  ])('%i %s from %s is %s', (offset, unit, dueDate, day) => {
    expect(nominalDay({ offset, unit }, dueDate, off)).toBe(day)
  })

  it('is none where every day is off', () => {
    const days = Array.from({ length: 3_000 }, (_, n) => new Date(Date.UTC(2026, 0, n + 1)))
    const never: DaysOff = {
      years: new Set(days.map((day) => day.getUTCFullYear())),
      days: new Set(days.map((day) => day.toISOString().slice(0, 10))),
    }
    expect(nominalDay({ offset: 1, unit: 'working_days' }, '2026-01-01', never)).toBeUndefined()
  })
})

describe('the stretch in which a step may go', () => {
  const WORKDAYS = [1, 2, 3, 4, 5]
  const rule = (hours: readonly Hours[], holidays?: DecencyRule['holidays']): DecencyRule => ({
    country: 'ID',
    purpose: 'reminder',
    hours,
    holidays,
    source: 'a law',
    asOf: '2026-01-01',
  })
  const office = rule([{ days: WORKDAYS, from: '08:00', to: '17:00' }])
  const siesta = rule([
    { days: WORKDAYS, from: '16:00', to: '19:00' },
    { days: WORKDAYS, from: '09:00', to: '13:00' },
    { days: [6], from: '10:00', to: '24:00' },
  ])
  const inOrder = rule(siesta.hours.toReversed())
  const jakarta = ['Asia/Jakarta']
  const indonesia = ['Asia/Jakarta', 'Asia/Jayapura', 'Asia/Makassar']

  function say(
    [time, until]: readonly [string, string],
    nominal: string,
    zones: readonly string[],
    own: DecencyRule,
  ): string {
    const found = slotOf({ time, until }, nominal, zones, own)
    if (found.kind === 'held') return found.reason
    expect(found.kind).toBe('slot')
    const { sendDay, from, until: end, opensAt, closesAt } = found.slot
    const [opens, closes] = [opensAt, closesAt].map((at) => at.toISOString().slice(5, 16))
    return `${sendDay} ${from}-${end}, ${opens} to ${closes}`
  }

  // 27 November 2026 is a Friday.
  it.each<[string, [string, string], string, readonly string[], DecencyRule, string]>([
    [
      'its own hours where they are decent',
      ['09:00', '12:00'],
      '2026-11-27',
      jakarta,
      office,
      '2026-11-27 09:00-12:00, 11-27T02:00 to 11-27T05:00',
    ],
    [
      'what is decent of hours that begin too early and end too late',
      ['06:00', '22:00'],
      '2026-11-27',
      jakarta,
      office,
      '2026-11-27 08:00-17:00, 11-27T01:00 to 11-27T10:00',
    ],
    [
      'the next decent day after a day that has none',
      ['09:00', '12:00'],
      '2026-11-28',
      jakarta,
      office,
      '2026-11-30 09:00-12:00, 11-30T02:00 to 11-30T05:00',
    ],
    [
      'the next day where its time comes after the last decent hour, and that day’s hours where its own are not decent',
      ['17:00', '18:00'],
      '2026-11-26',
      jakarta,
      office,
      '2026-11-27 08:00-17:00, 11-27T01:00 to 11-27T10:00',
    ],
    [
      'the last decent minute',
      ['16:59', '18:00'],
      '2026-11-26',
      jakarta,
      office,
      '2026-11-26 16:59-17:00, 11-26T09:59 to 11-26T10:00',
    ],
    [
      'all of the day’s hours where its own end as they begin',
      ['06:00', '08:00'],
      '2026-11-26',
      jakarta,
      office,
      '2026-11-26 08:00-17:00, 11-26T01:00 to 11-26T10:00',
    ],
    [
      'the first of two stretches that fits, in whatever order the rule has them',
      ['09:00', '18:00'],
      '2026-11-26',
      jakarta,
      siesta,
      '2026-11-26 09:00-13:00, 11-26T02:00 to 11-26T06:00',
    ],
    [
      'that first one also where the rule has it first',
      ['09:00', '18:00'],
      '2026-11-26',
      jakarta,
      inOrder,
      '2026-11-26 09:00-13:00, 11-26T02:00 to 11-26T06:00',
    ],
    [
      'the second where the first is over',
      ['13:00', '18:00'],
      '2026-11-26',
      jakarta,
      siesta,
      '2026-11-26 16:00-18:00, 11-26T09:00 to 11-26T11:00',
    ],
    [
      'the first of the day where neither fits',
      ['06:00', '08:00'],
      '2026-11-26',
      jakarta,
      siesta,
      '2026-11-26 09:00-13:00, 11-26T02:00 to 11-26T06:00',
    ],
    [
      'the day’s last minute where its end is midnight',
      ['22:00', '24:00'],
      '2026-11-28',
      jakarta,
      siesta,
      '2026-11-28 22:00-23:59, 11-28T15:00 to 11-28T16:59',
    ],
    [
      'what all zones share, from where the sun rises last to where it sets first',
      ['09:00', '12:00'],
      '2026-11-27',
      indonesia,
      office,
      '2026-11-27 09:00-12:00, 11-27T02:00 to 11-27T03:00',
    ],
    [
      'none where what one zone allows is over in another',
      ['09:00', '11:00'],
      '2026-11-27',
      indonesia,
      office,
      'no_hour_fits',
    ],
    ['none without a zone', ['09:00', '11:00'], '2026-11-27', [], office, 'unknown_zone'],
    [
      'none where a zone is not known',
      ['09:00', '11:00'],
      '2026-11-27',
      [...jakarta, 'Mars/Base'],
      office,
      'unknown_zone',
    ],
    [
      'none without the calendar of its year',
      ['09:00', '11:00'],
      '2026-11-27',
      jakarta,
      rule(office.hours, { years: new Set([2025]), days: new Map() }),
      'missing_calendar',
    ],
    [
      'the day after a holiday',
      ['09:00', '12:00'],
      '2026-11-26',
      jakarta,
      rule(office.hours, { years: new Set([2026]), days: new Map([['2026-11-26', 'a feast']]) }),
      '2026-11-27 09:00-12:00, 11-27T02:00 to 11-27T05:00',
    ],
    ['none where the rule never opens', ['09:00', '12:00'], '2026-11-26', jakarta, rule([]), 'no_hour_fits'],
  ])('is %s', (_, own, nominal, zones, decency, says) => {
    expect(say(own, nominal, zones, decency)).toBe(says)
  })
})

it.each<[string, string, readonly string[], boolean]>([
  ['2026-11-26', '2026-11-26', [], false],
  ['2026-11-26', '2026-11-30', [], false],
  ['2026-11-26', '2026-11-30', ['2026-11-26'], false],
  ['2026-11-26', '2026-11-30', ['2026-11-25', '2026-12-01'], false],
  ['2026-11-26', '2026-11-30', ['2026-11-27'], true],
  ['2026-11-26', '2026-11-30', ['2026-12-05', '2026-11-30'], true],
  ['2026-11-26', '2026-11-26', ['2026-11-27'], false],
])(
  'a step of %s that could go on %s is overtaken by steps of %j: %s',
  (nominal, sendDay, others, expected) => {
    expect(isOvertaken(nominal, sendDay, others)).toBe(expected)
  },
)
