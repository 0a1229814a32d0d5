import { describe, expect, it } from 'vitest'
import {
  digestOfRecurrence,
  faultsOfRecurrence,
  nextOccurrences,
  occurrencesBetween,
  type RecurrenceWords,
  type Rule,
} from '../../src/reminders/recurrence.ts'

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
      'until a day, of which it has all',
      rrule('FREQ=DAILY;UNTIL=20261128;INTERVAL=1'),
      'Europe/Lisbon',
      '2026-11-26T10:00:00',
      ['2026-11-27T10:00Z', '2026-11-28T10:00Z'],
    ],
    [
      'until the last minute of a day, and not into the next',
      rrule('FREQ=DAILY;BYHOUR=0,23;BYMINUTE=0;UNTIL=20261128'),
      'Europe/Lisbon',
      '2026-11-26T00:00:00',
      ['2026-11-27T23:00Z', '2026-11-28T00:00Z', '2026-11-28T23:00Z'],
    ],
    [
      'until a time of its own clock, which is its last',
      rrule('FREQ=DAILY;UNTIL=20261128T090000'),
      'Asia/Jakarta',
      '2026-11-26T09:00:00',
      ['2026-11-27T02:00Z', '2026-11-28T02:00Z'],
    ],
    [
      'until a second before it',
      rrule('FREQ=DAILY;UNTIL=20261128T085959'),
      'Asia/Jakarta',
      '2026-11-26T09:00:00',
      ['2026-11-27T02:00Z'],
    ],
    [
      'in small letters, with spaces around them',
      rrule('rrule: freq=weekly;byday=mo '),
      'Asia/Jakarta',
      '2026-11-02T09:00:00',
      ['2026-11-30T02:00Z', '2026-12-07T02:00Z', '2026-12-14T02:00Z'],
    ],
    [
      'by cron, from the very minute at which it begins',
      cron(' 0 9 * * * '),
      'Asia/Jakarta',
      '2026-12-13T09:00:00',
      ['2026-12-13T02:00Z', '2026-12-14T02:00Z', '2026-12-15T02:00Z'],
    ],
    [
      'by cron, not at a minute before it begins',
      cron('0 9 * * *'),
      'Asia/Jakarta',
      '2026-12-13T09:00:01',
      ['2026-12-14T02:00Z', '2026-12-15T02:00Z'],
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

  it.each([
    // It is already tomorrow there, and still yesterday there.
    ['Pacific/Kiritimati', '2026-12-01T10:00Z', '2026-12-01T11:00Z', '2026-12-01T10:30Z'],
    ['Pacific/Pago_Pago', '2026-12-01T11:00Z', '2026-12-01T12:00Z', '2026-12-01T11:30Z'],
  ])('is found in %s although its day is another than that of Greenwich', (zone, after, until, at) => {
    for (const rule of [cron('30 0 * * *'), rrule('FREQ=DAILY;BYHOUR=0;BYMINUTE=30')])
      expect(times(rule, zone, '2026-01-01T00:00:00', after, until)).toEqual([at])
  })

  const HOURS = Array.from({ length: 24 }, (_, hour) => hour).join(',')
  it.each([
    ['cron', cron('0 * * * *')],
    ['a rule', rrule(`FREQ=DAILY;BYHOUR=${HOURS};BYMINUTE=0`)],
  ])('each hour by %s, is the earliest where only some are wanted', (_, rule) => {
    const first = (most: number) =>
      times(rule, 'Asia/Jakarta', '2026-01-01T00:00:00', '2026-12-01T09:30:00Z', '2026-12-09T00:00:00Z', most)
    expect(first(0)).toEqual([])
    expect(first(1)).toEqual(['2026-12-01T10:00Z'])
    expect(first(3)).toEqual(['2026-12-01T10:00Z', '2026-12-01T11:00Z', '2026-12-01T12:00Z'])
    expect(first(500)).toHaveLength(183)
  })
})

describe('the next times', () => {
  const next = (startsAt: string, after: string, most: number, rule = cron('0 9 * * *')) =>
    nextOccurrences({ rule, startsAt, timeZone: 'Asia/Jakarta' }, new Date(after), most).map(
      ({ local, at }) => `${local} ${at.toISOString()}`,
    )

  it.each([
    ['of what has begun long ago', '2020-01-01T09:00:00', '2026-12-01T02:00:00Z', '2026-12-02'],
    ['a second before one', '2020-01-01T09:00:00', '2026-12-01T01:59:59Z', '2026-12-01'],
    ['of what begins at that very moment', '2026-12-01T09:00:00', '2026-12-01T02:00:00Z', '2026-12-02'],
    ['of what has not begun', '2026-12-05T09:00:00', '2026-12-01T00:00:00Z', '2026-12-05'],
    ['of what begins in six years', '2032-12-05T09:00:00', '2026-12-01T00:00:00Z', '2032-12-05'],
  ])('%s', (_, startsAt, after, day) => {
    expect(next(startsAt, after, 1)).toEqual([`${day}T09:00:00 ${day}T02:00:00.000Z`])
    expect(next(startsAt, after, 3)).toHaveLength(3)
  })

  it('are none of what is over, nor of what comes in more than five years', () => {
    expect(next('2026-01-01T09:00:00', '2026-12-01T00:00:00Z', 3, rrule('FREQ=DAILY;COUNT=3'))).toEqual([])
    const seldom = (years: number) => rrule(`FREQ=YEARLY;INTERVAL=${years}`)
    expect(next('2026-06-01T09:00:00', '2026-12-01T00:00:00Z', 3, seldom(5))).toHaveLength(1)
    expect(next('2026-06-01T09:00:00', '2026-12-01T00:00:00Z', 3, seldom(6))).toEqual([])
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

  it('that begins nowhere and at no time is told both', () => {
    const nowhere = { rule: cron('never'), startsAt: 'soon', timeZone: 'Mars/Base' }
    expect(faultsOfRecurrence(nowhere)).toEqual([
      {
        path: 'starts_at',
        code: 'invalid',
        message: 'must be a local time without an offset, such as 2026-12-01T09:00:00.',
      },
      { path: 'time_zone', code: 'invalid', message: 'must be a zone such as Asia/Jakarta.' },
    ])
  })

  const faultsOf = (rule: Rule, startsAt = '2026-12-01T09:00:00') =>
    faultsOfRecurrence({ rule, startsAt, timeZone: 'Asia/Jakarta' })

  it.each([
    ['2026-12-01T09:00', true],
    ['2020-01-01T00:00:00', true],
    ['2099-12-31T23:59:59', true],
    ['2019-12-31T23:59:59', false],
    ['2100-01-01T00:00:00', false],
    ['2026-12-01', false],
    ['2026-12-01 09:00:00', false],
    ['2026-12-01T9:00', false],
    ['2026-12-01T25:00:00', false],
    ['2026-12-01T09:60:00', false],
    [' 2026-12-01T09:00:00', false],
    ['+002026-12-01T09:00:00', false],
    ['2026-12-01T09:00:00+07:00', false],
  ])('may begin at %s: %s', (startsAt, expected) => {
    expect(faultsOf(cron('0 9 * * *'), startsAt).length === 0).toBe(expected)
  })

  const PARTS =
    'it is made of FREQ (DAILY, WEEKLY, MONTHLY or YEARLY), INTERVAL, COUNT, UNTIL, BYDAY, BYMONTHDAY, BYMONTH, BYHOUR, BYMINUTE and BYSETPOS.'
  const fields = 'must have five fields: minute, hour, day of the month, month, day of the week.'
  const alone = 'must be a rule alone, such as FREQ=WEEKLY;BYDAY=MO: its beginning is starts_at.'
  const monthly = 'counts days of the month: write FREQ=MONTHLY.'
  it.each<[Rule, string]>([
    [cron(`0 9 * * 1${' '.repeat(492)}`), 'is longer than 500 characters.'],
    [rrule(`FREQ=DAILY${' '.repeat(491)}`), 'is longer than 500 characters.'],
    [cron('0 9 * *'), fields],
    [cron('0 9 * * * *'), fields],
    [cron(''), fields],
    [rrule('FREQ=DAILY;DTSTART=20261201T090000'), alone],
    [rrule('FREQ=DAILY;tzid=Asia/Jakarta'), alone],
    [rrule('FREQ=DAILY;Exdate=20261202'), alone],
    [rrule('FREQ=DAILY\nFREQ=WEEKLY'), alone],
    [rrule(''), `cannot have =: ${PARTS}`],
    [rrule('FREQ'), `cannot have FREQ=: ${PARTS}`],
    [rrule('FREQ=DAI=LY'), `cannot have FREQ=DAI=LY: ${PARTS}`],
    [rrule('FREQ=DAILY;RRULE:COUNT=2'), `cannot have RRULE:COUNT=2: ${PARTS}`],
    [rrule('FREQ=DAILY;X=1;Y=2'), `cannot have X=1: ${PARTS}`],
    [rrule(`FREQ=DAILY;X=${'1'.repeat(80)}`), `cannot have X=${'1'.repeat(58)}: ${PARTS}`],
    [rrule('BYDAY=MO'), `cannot have no FREQ: ${PARTS}`],
    [rrule('FREQ=DAILY;BYMONTHDAY=1'), monthly],
    [rrule('FREQ=DAILY;BYSETPOS=1'), monthly],
    [rrule('FREQ=DAILY;BYDAY=MO;BYSETPOS=1'), monthly],
    [rrule('FREQ=DAILY;INTERVAL=2;BYDAY=MO'), 'names days of the week and an interval: write FREQ=WEEKLY.'],
    [rrule('FREQ=MONTHLY;BYMONTHDAY=1;BYSETPOS=1'), 'has BYSETPOS without BYDAY.'],
    [rrule('FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30'), 'names a day that its months do not have.'],
    [rrule('FREQ=YEARLY;BYMONTH=2,4,11;BYMONTHDAY=31,-31'), 'names a day that its months do not have.'],
    [rrule('FREQ=DAILY;UNTIL=20261130'), 'has no occurrence within 5 years.'],
    [rrule('FREQ=YEARLY;INTERVAL=6;BYMONTH=11'), 'has no occurrence within 5 years.'],
    [cron('0 9 31 4 *'), 'has no occurrence within 5 years.'],
    [rrule('FREQ=DAILY;BYHOUR=23,0;BYMINUTE=30'), 'comes oftener than once an hour.'],
    [cron('0,59 * * * *'), 'comes oftener than once an hour.'],
    [cron('99 9 * * 1'), 'is no cron expression, such as 0 9 * * 1.'],
    [cron('at nine on every Monday'), 'is no cron expression, such as 0 9 * * 1.'],
  ])('%j %s', (rule, message) => {
    expect(faultsOf(rule)).toEqual([{ path: 'rule', code: 'invalid', message }])
  })

  it.each([
    ['FREQ', 'DAILY WEEKLY MONTHLY YEARLY', 'HOURLY XDAILY DAILYX'],
    ['INTERVAL', '1 10 999', '0 01 1000 -1 1.5'],
    ['COUNT', '1 10 9999', '0 01 10000 -1'],
    [
      'UNTIL',
      '20261231 20270101 20271019 20270930T000000 20270101T235959Z 20270101T195959',
      '2027-01-01 20271301 20270001 20270132 20270100 20270101T0900 20270101T240000 20270101T236000 20270101T235960 20270101Z 120270101 20270101T235959ZZ',
    ],
    ['WKST', 'MO TU WE TH FR SA SU', 'XMO MOX 1MO'],
    [
      'BYDAY',
      'MO TU,WE TH,FR,SA SU +1MO -4FR 4SU 1MO,-1MO 1MO,2TU',
      '5MO 0MO MO, XMO MOX MO,X 1,MO --1MO 11MO MO,5MO',
    ],
    ['BYMONTHDAY', '1 9 10 19 29 30 31 -1 -31 1,15,-1', '0 32 40 310 1, ,1 1,0 1,32 x1 --1'],
    ['BYMONTH', '1 9 10 12 1,12', '0 13 20 1, 1,13 -1 112'],
    ['BYHOUR', '0 9 10 19 20 23 0,12,23', '24 30 9, 9,24 -1 123 09'],
    ['BYMINUTE', '0 9 10 59', '60 -1 0,30 123 09x'],
    ['BYSETPOS', '1 4 -1 -4', '0 5 -5 11 --1 1,2'],
  ])('of %s may be %s, and not %s', (name, sound, unsound) => {
    const rest = name === 'FREQ' ? '' : `FREQ=${name === 'BYMONTHDAY' ? 'MONTHLY' : 'YEARLY'};`
    const days = name === 'BYSETPOS' ? ';BYDAY=MO' : ''
    for (const value of sound.split(' '))
      expect([value, faultsOf(rrule(`${rest}${name}=${value}${days}`))]).toEqual([value, []])
    for (const value of unsound.split(' '))
      expect(faultsOf(rrule(`${rest}${name}=${value}${days}`))).toEqual([
        { path: 'rule', code: 'invalid', message: `cannot have ${name}=${value.toUpperCase()}: ${PARTS}` },
      ])
  })

  it.each([31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31].map((days, month) => [month + 1, days]))(
    'that is meant for month %i knows its %i days, also from its end',
    (month, days) => {
      const comes = (day: number) =>
        faultsOf(rrule(`FREQ=YEARLY;BYMONTH=${month};BYMONTHDAY=${day}`)).length === 0
      expect([1, -1, days, -days].map(comes)).toEqual([true, true, true, true])
      expect([days + 1, -days - 1].map(comes)).toEqual([false, false])
    },
  )

  it('that some of its months can keep is sound', () => {
    expect(faultsOf(rrule('FREQ=YEARLY;BYMONTH=2,4;BYMONTHDAY=31,30'))).toEqual([])
    expect(faultsOf(rrule('FREQ=MONTHLY;BYMONTHDAY=31'))).toEqual([])
    expect(faultsOf(rrule('FREQ=YEARLY;INTERVAL=5;BYMONTH=11'))).toEqual([])
  })

  it('that is sound has no fault', () => {
    for (const rule of [
      cron('0 9 * * 1-5'),
      cron(`0 9 * * 1${' '.repeat(491)}`),
      cron(' 0  9 * * 1\n'),
      cron('0 * * * *'),
      rrule('FREQ=DAILY;BYHOUR=9,10;BYMINUTE=0'),
      rrule('FREQ=DAILY;INTERVAL=2'),
      rrule('FREQ=DAILY;BYDAY=MO'),
      rrule('FREQ=WEEKLY;INTERVAL=2;BYDAY=MO'),
      rrule('FREQ=WEEKLY;WKST=SU;BYDAY=MO'),
      rrule('FREQ=MONTHLY;BYMONTHDAY=15,-1'),
      rrule('FREQ=MONTHLY;BYDAY=-1FR'),
      rrule('FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1'),
      rrule('FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29'),
      rrule('FREQ=DAILY;COUNT=1'),
      rrule('RRULE:FREQ=DAILY'),
      rrule('rrule: freq=daily '),
    ])
      expect(faultsOfRecurrence({ rule, startsAt: '2026-12-01T09:00:00', timeZone: 'Asia/Jakarta' })).toEqual(
        [],
      )
  })
})

describe('what an approval of it is given for', () => {
  const words: RecurrenceWords = {
    name: 'Each Monday',
    templateId: 'a template',
    senderId: 'a sender',
    listId: 'a list',
    rule: cron('0 9 * * 1'),
    startsAt: '2026-12-01T09:00:00',
    timeZone: 'Asia/Jakarta',
    whenShort: 'wait',
  }
  const given = digestOfRecurrence('one', 3, words)

  it('is the same tomorrow: what was approved by an earlier release still stands', () => {
    expect(given.toString('hex')).toBe('f487f7bc357e32f83c3756604013da186a2584142e4b6b527cee10917f85bd39')
  })

  it('stays where it only gets another name', () => {
    expect(digestOfRecurrence('one', 3, { ...words, name: 'Every Monday' })).toEqual(given)
  })

  it.each<[string, Partial<RecurrenceWords>]>([
    ['template', { templateId: 'another' }],
    ['sender', { senderId: 'another' }],
    ['list', { listId: 'another' }],
    ['rule', { rule: cron('0 9 * * 2') }],
    ['way to write the rule', { rule: rrule('0 9 * * 1') }],
    ['beginning', { startsAt: '2026-12-02T09:00:00' }],
    ['zone', { timeZone: 'Asia/Makassar' }],
    ['way when money is short', { whenShort: 'block' }],
  ])('is not given for another %s', (_, change) => {
    expect(digestOfRecurrence('one', 3, { ...words, ...change })).not.toEqual(given)
  })

  it('nor for another campaign or version', () => {
    expect(digestOfRecurrence('other', 3, words)).not.toEqual(given)
    expect(digestOfRecurrence('one', 4, words)).not.toEqual(given)
  })
})
