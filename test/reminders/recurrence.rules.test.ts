import { describe, expect, it } from 'vitest'
import { faultsOfRecurrence, occurrencesBetween, type Rule } from '../../src/reminders/recurrence.ts'

const rrule = (text: string): Rule => ({ kind: 'rrule', text })
const cron = (text: string): Rule => ({ kind: 'cron', text })

function times(
  rule: Rule,
  timeZone: string,
  startsAt: string,
  from: string,
  to: string,
  most = 20,
): string[] {
  return occurrencesBetween({ rule, startsAt, timeZone }, new Date(from), new Date(to), most).map(
    ({ at }) => `${at.toISOString().slice(0, 16)}Z`,
  )
}

describe('what comes again', () => {
  it.each([
    [
      'each Monday at nine in Jakarta',
      rrule('FREQ=WEEKLY;BYDAY=MO'),
      'Asia/Jakarta',
      '2026-11-02T09:00:00',
      ['2026-11-30T02:00Z', '2026-12-07T02:00Z', '2026-12-14T02:00Z'],
    ],
    [
      'the same as cron',
      cron('0 9 * * 1'),
      'Asia/Jakarta',
      '2026-11-02T09:00:00',
      ['2026-11-30T02:00Z', '2026-12-07T02:00Z', '2026-12-14T02:00Z'],
    ],
    [
      'the last day of each month',
      rrule('FREQ=MONTHLY;BYMONTHDAY=-1'),
      'Asia/Jayapura',
      '2026-01-31T08:00:00',
      ['2026-11-29T23:00Z'],
    ],
    [
      'every other week from its beginning',
      rrule('FREQ=WEEKLY;INTERVAL=2;BYDAY=TU'),
      'Europe/Lisbon',
      '2026-11-17T10:00:00',
      ['2026-12-01T10:00Z', '2026-12-15T10:00Z'],
    ],
    [
      'three times in all',
      rrule('FREQ=DAILY;COUNT=3'),
      'Europe/Lisbon',
      '2026-11-26T10:00:00',
      ['2026-11-27T10:00Z', '2026-11-28T10:00Z'],
    ],
    [
      'until a day',
      rrule('FREQ=DAILY;UNTIL=20261128T235959Z'),
      'Europe/Lisbon',
      '2026-11-26T10:00:00',
      ['2026-11-27T10:00Z', '2026-11-28T10:00Z'],
    ],
    [
      'nothing before it begins',
      rrule('FREQ=DAILY'),
      'Asia/Jakarta',
      '2026-12-13T09:00:00',
      ['2026-12-13T02:00Z', '2026-12-14T02:00Z', '2026-12-15T02:00Z'],
    ],
    [
      'with its name before it',
      rrule('RRULE:FREQ=YEARLY'),
      'Asia/Jakarta',
      '2025-12-01T09:00:00',
      ['2026-12-01T02:00Z'],
    ],
  ])('%s', (_, rule, zone, startsAt, expected) => {
    expect(times(rule, zone, startsAt, '2026-11-27T00:00:00Z', '2026-12-15T12:00:00Z')).toEqual(expected)
  })

  it('keeps its hour when the clocks change, and comes once on either day', () => {
    const around = (day: string) =>
      [
        new Date(`${day}T00:00:00Z`).getTime() - 86_400_000,
        new Date(`${day}T00:00:00Z`).getTime() + 2 * 86_400_000,
      ].map((ms) => new Date(ms).toISOString()) as [string, string]
    // Half past two does not exist on 8 March 2026 in New York, and exists twice on 1 November.
    expect(
      times(cron('30 2 * * *'), 'America/New_York', '2026-01-01T00:00:00', ...around('2026-03-08')),
    ).toEqual(['2026-03-07T07:30Z', '2026-03-08T07:00Z', '2026-03-09T06:30Z'])
    expect(
      times(cron('30 1 * * *'), 'America/New_York', '2026-01-01T00:00:00', ...around('2026-11-01')),
    ).toEqual(['2026-10-31T05:30Z', '2026-11-01T05:30Z', '2026-11-02T06:30Z'])
    expect(
      times(rrule('FREQ=DAILY'), 'Europe/Lisbon', '2026-01-01T09:00:00', ...around('2026-03-29')),
    ).toEqual(['2026-03-28T09:00Z', '2026-03-29T08:00Z', '2026-03-30T08:00Z'])
  })

  it('is looked for after one moment and up to another, never twice where the two meet', () => {
    const rule = cron('0 9 * * *')
    const at = '2026-12-01T02:00:00Z'
    expect(times(rule, 'Asia/Jakarta', '2026-01-01T00:00:00', '2026-11-30T12:00:00Z', at)).toEqual([
      '2026-12-01T02:00Z',
    ])
    expect(times(rule, 'Asia/Jakarta', '2026-01-01T00:00:00', at, '2026-12-02T01:59:59Z')).toEqual([])
  })
})

describe('a rule', () => {
  it.each([
    ['words', rrule('every monday'), 'rule'],
    ['oftener than an hour', rrule('FREQ=MINUTELY'), 'rule'],
    ['oftener by cron', cron('*/10 * * * *'), 'rule'],
    ['two times an hour by its parts', rrule('FREQ=DAILY;BYHOUR=9;BYMINUTE=0,30'), 'rule'],
    ['seconds', cron('0 0 9 * * *'), 'rule'],
    ['a day that never comes', rrule('FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30'), 'rule'],
    ['a day that never comes, day by day', rrule('FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30'), 'rule'],
    ['a day of a week that an interval may miss', rrule('FREQ=DAILY;INTERVAL=7;BYDAY=MO'), 'rule'],
    ['a place that no month has', rrule('FREQ=MONTHLY;BYDAY=MO;BYSETPOS=9'), 'rule'],
    ['weeks of the year', rrule('FREQ=YEARLY;BYWEEKNO=54'), 'rule'],
    ['no frequency', rrule('BYDAY=MO'), 'rule'],
    ['a day that never comes, by cron', cron('0 9 30 2 *'), 'rule'],
    ['a beginning of its own', rrule('DTSTART:20261201T090000\nRRULE:FREQ=DAILY'), 'rule'],
    ['far too much', rrule(`FREQ=DAILY;BYHOUR=${'9,'.repeat(400)}10`), 'rule'],
    ['nothing', cron(''), 'rule'],
  ])('of %s is refused', (_, rule, path) => {
    expect(
      faultsOfRecurrence({ rule, startsAt: '2026-12-01T09:00:00', timeZone: 'Asia/Jakarta' }),
    ).toMatchObject([{ path }])
  })

  it.each([
    ['an instant', { startsAt: '2026-12-01T09:00:00Z' }, 'starts_at'],
    ['no day', { startsAt: '2026-02-31T09:00:00' }, 'starts_at'],
    ['no zone', { timeZone: 'Mars/Base' }, 'time_zone'],
  ])('beginning at %s is refused', (_, wrong, path) => {
    const words = {
      rule: cron('0 9 * * 1'),
      startsAt: '2026-12-01T09:00:00',
      timeZone: 'Asia/Jakarta',
      ...wrong,
    }
    expect(faultsOfRecurrence(words)).toMatchObject([{ path }])
  })

  it('that is sound has no fault', () => {
    for (const rule of [
      cron('0 9 * * 1-5'),
      rrule('FREQ=MONTHLY;BYMONTHDAY=15,-1'),
      rrule('FREQ=MONTHLY;BYDAY=-1FR'),
      rrule('FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1'),
      rrule('FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29'),
      rrule('FREQ=DAILY;COUNT=1'),
    ])
      expect(faultsOfRecurrence({ rule, startsAt: '2026-12-01T09:00:00', timeZone: 'Asia/Jakarta' })).toEqual(
        [],
      )
  })
})
