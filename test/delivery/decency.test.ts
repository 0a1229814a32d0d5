import { describe, expect, it } from 'vitest'
import {
  type Holidays,
  nextDecentMoment,
  PURPOSES,
  type Purpose,
  readHolidayFile,
  ruleFor,
  shippedDecency,
} from '../../src/delivery/index.ts'

const { rules, calendars } = shippedDecency()

function holidaysOf(country: string): Holidays {
  const own = calendars.filter((calendar) => calendar.country === country)
  return {
    years: new Set(own.map(({ year }) => year)),
    days: new Map(own.flatMap(({ days }) => days.map(({ day, name }) => [day, name] as const))),
  }
}

const BOOK = {
  rules: rules.map((rule) => ({ ...rule, isOwn: false })),
  calendars: calendars.map((calendar) => ({ ...calendar, isOwn: false })),
}

const shippedRule = (country: string, purpose: Purpose) => ruleFor(BOOK, country, purpose)

const ID = shippedRule('ID', 'collection')

/** What is wanted at the first moment goes out at the second; instants are UTC, Jakarta is seven hours ahead. */
describe('collection in Indonesia', () => {
  it.each([
    ['inside the hours', 'Asia/Jakarta', '2026-11-23T03:00:00Z', '2026-11-23T03:00:00Z', undefined],
    ['at 08:00 sharp', 'Asia/Jakarta', '2026-11-23T01:00:00Z', '2026-11-23T01:00:00Z', undefined],
    [
      'a millisecond before 08:00',
      'Asia/Jakarta',
      '2026-11-23T00:59:59.999Z',
      '2026-11-23T01:00:00Z',
      'hours',
    ],
    [
      'a millisecond before 20:00',
      'Asia/Jakarta',
      '2026-11-23T12:59:59.999Z',
      '2026-11-23T12:59:59.999Z',
      undefined,
    ],
    ['at 20:00 sharp', 'Asia/Jakarta', '2026-11-23T13:00:00Z', '2026-11-24T01:00:00Z', 'hours'],
    [
      'in Makassar an hour earlier',
      'Asia/Makassar',
      '2026-11-23T00:30:00Z',
      '2026-11-23T00:30:00Z',
      undefined,
    ],
    [
      'in Jayapura it is past 20:00',
      'Asia/Jayapura',
      '2026-11-23T11:30:00Z',
      '2026-11-23T23:00:00Z',
      'hours',
    ],
    ['on a Sunday', 'Asia/Jakarta', '2026-11-22T03:00:00Z', '2026-11-23T01:00:00Z', 'weekday'],
    ['on Saturday night', 'Asia/Jakarta', '2026-11-21T13:30:00Z', '2026-11-23T01:00:00Z', 'hours'],
    [
      'on Christmas Eve, a cuti bersama, to Saturday',
      'Asia/Jakarta',
      '2026-12-24T03:00:00Z',
      '2026-12-26T01:00:00Z',
      'holiday',
    ],
    [
      'over Idul Fitri 2026, seven days',
      'Asia/Jakarta',
      '2026-03-18T02:00:00Z',
      '2026-03-25T01:00:00Z',
      'holiday',
    ],
    [
      'over Idul Fitri 2027, with Nyepi and the Sunday',
      'Asia/Jakarta',
      '2027-03-08T02:00:00Z',
      '2027-03-13T01:00:00Z',
      'holiday',
    ],
    [
      'over Idul Adha and Waisak 2027',
      'Asia/Jakarta',
      '2027-05-17T02:00:00Z',
      '2027-05-21T01:00:00Z',
      'holiday',
    ],
    ['on New Year 2027', 'Asia/Jakarta', '2026-12-31T14:00:00Z', '2027-01-02T01:00:00Z', 'hours'],
  ])('%s', (_name, zone, wanted, goes, movedBy) => {
    expect(nextDecentMoment(ID, zone, new Date(wanted))).toEqual({
      kind: 'moment',
      at: new Date(goes),
      movedBy,
    })
  })

  it('holds what falls into a year whose calendar is not known, and says what to do', () => {
    const held = nextDecentMoment(ID, 'Asia/Jakarta', new Date('2027-12-31T14:00:00Z'))
    expect(held).toMatchObject({ kind: 'held', reason: 'missing_calendar' })
    expect(held.kind === 'held' && held.message).toContain('2028')
  })

  it('holds for a zone that is unknown, empty or invented', () => {
    for (const zone of ['', 'Asia/Jakata', 'WIB+', []]) {
      const held = nextDecentMoment(ID, zone, new Date('2026-11-23T03:00:00Z'))
      expect(held).toMatchObject({ kind: 'held', reason: 'unknown_zone' })
    }
  })

  it('suits all places where the person may be', () => {
    const zones = ['Asia/Jakarta', 'Asia/Makassar', 'Asia/Jayapura']
    expect(nextDecentMoment(ID, zones, new Date('2026-11-22T23:30:00Z'))).toMatchObject({
      at: new Date('2026-11-23T01:00:00Z'),
    })
    expect(nextDecentMoment(ID, zones, new Date('2026-11-23T11:00:00Z'))).toMatchObject({
      at: new Date('2026-11-24T01:00:00Z'),
    })
  })
})

describe('clocks that change', () => {
  const US = shippedRule('US', 'collection')
  const BR = shippedRule('BR', 'collection')
  it.each([
    [
      'New York springs forward: 08:00 is an hour earlier',
      US,
      'America/New_York',
      '2027-03-14T10:00:00Z',
      '2027-03-14T12:00:00Z',
    ],
    ['New York the day before', US, 'America/New_York', '2027-03-13T10:00:00Z', '2027-03-13T13:00:00Z'],
    ['New York falls back', US, 'America/New_York', '2027-11-07T10:00:00Z', '2027-11-07T13:00:00Z'],
    [
      'São Paulo, Saturday after 14:00',
      BR,
      'America/Sao_Paulo',
      '2026-11-28T17:00:00Z',
      '2026-11-30T12:00:00Z',
    ],
    ['São Paulo, Saturday morning', BR, 'America/Sao_Paulo', '2026-11-28T16:59:00Z', '2026-11-28T16:59:00Z'],
    ['São Paulo, 20 November', BR, 'America/Sao_Paulo', '2026-11-20T15:00:00Z', '2026-11-21T12:00:00Z'],
    [
      'Madrid in summer',
      shippedRule('ES', 'collection'),
      'Europe/Madrid',
      '2026-07-01T06:00:00Z',
      '2026-07-01T07:00:00Z',
    ],
    [
      'Madrid in winter',
      shippedRule('ES', 'collection'),
      'Europe/Madrid',
      '2026-12-01T06:00:00Z',
      '2026-12-01T08:00:00Z',
    ],
    [
      'Kolkata after 19:00',
      shippedRule('IN', 'collection'),
      'Asia/Kolkata',
      '2026-11-23T13:30:00Z',
      '2026-11-24T02:30:00Z',
    ],
    [
      'Mexico City, third Monday of November',
      shippedRule('MX', 'reminder'),
      'America/Mexico_City',
      '2026-11-16T16:00:00Z',
      '2026-11-17T14:00:00Z',
    ],
  ])('%s', (_name, rule, zone, wanted, goes) => {
    expect(nextDecentMoment(rule, zone, new Date(wanted))).toMatchObject({
      kind: 'moment',
      at: new Date(goes),
    })
  })

  it('finds that a rule and its zones never fit', () => {
    const short = { ...US, hours: [{ days: [1], from: '09:00', to: '10:00' }] }
    const zones = ['Pacific/Kiritimati', 'Pacific/Pago_Pago']
    expect(nextDecentMoment(short, zones, new Date('2026-11-23T03:00:00Z'))).toMatchObject({
      kind: 'held',
      reason: 'no_hour_fits',
    })
  })
})

describe('what is shipped', () => {
  it('has a rule for each purpose in each country and one for all others, with a source and its date', () => {
    for (const country of ['ID', 'IN', 'MX', 'ES', 'US', 'BR', '*']) {
      for (const purpose of PURPOSES) {
        const rule = shippedRule(country, purpose)
        expect(rule.hours.length, `${country} ${purpose}`).toBeGreaterThan(0)
        expect(rule.source.length).toBeGreaterThan(10)
        expect(rule.asOf).toMatch(/^\d{4}-\d{2}-\d{2}$/)
      }
    }
  })

  it('has Indonesia’s decrees in full: 17 and 8 days of 2026, 18 and 8 of 2027', () => {
    const count = (year: number, joint: boolean) =>
      calendars
        .find((calendar) => calendar.country === 'ID' && calendar.year === year)!
        .days.filter(({ name }) => name.startsWith('Cuti bersama') === joint).length
    expect([count(2026, false), count(2026, true), count(2027, false), count(2027, true)]).toEqual([
      17, 8, 18, 8,
    ])
  })

  it('has the calendar of every country whose rule keeps holidays', () => {
    const needed = rules
      .filter((rule) => rule.keepsHolidays && rule.country !== '*')
      .map((rule) => rule.country)
    for (const country of new Set(needed)) expect([...holidaysOf(country).years]).toEqual([2026, 2027])
  })
})

describe('the rule for a country', () => {
  it('without one of its own is the careful default, with its own holidays', () => {
    expect(ruleFor(BOOK, 'DE', 'collection')).toMatchObject({
      country: 'DE',
      hours: [{ days: [1, 2, 3, 4, 5] }],
    })
    const monday = new Date('2026-11-23T10:00:00Z')
    expect(nextDecentMoment(ruleFor(BOOK, 'DE', 'reminder'), 'Europe/Berlin', monday)).toMatchObject({
      at: monday,
    })
    expect(nextDecentMoment(ruleFor(BOOK, 'DE', 'collection'), 'Europe/Berlin', monday)).toMatchObject({
      kind: 'held',
      reason: 'missing_calendar',
    })
    expect(nextDecentMoment(ruleFor(BOOK, undefined, 'collection'), [], monday)).toMatchObject({
      reason: 'unknown_zone',
    })
  })
})

describe('a holiday calendar', () => {
  const ICS = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//x//EN',
    'BEGIN:VEVENT',
    'UID:1',
    'DTSTART;VALUE=DATE:20270310',
    'DTEND;VALUE=DATE:20270312',
    'SUMMARY:Idul Fitri',
    'END:VEVENT',
    'BEGIN:VEVENT',
    'UID:2',
    'DTSTART;VALUE=DATE:20200817',
    'RRULE:FREQ=YEARLY',
    'SUMMARY:Kemerdekaan',
    'END:VEVENT',
    'BEGIN:VEVENT',
    'UID:3',
    'DTSTART:20270501T090000Z',
    'SUMMARY:A meeting',
    'END:VEVENT',
    'BEGIN:VEVENT',
    'UID:4',
    'STATUS:CANCELLED',
    'DTSTART;VALUE=DATE:20270601',
    'SUMMARY:Gone',
    'END:VEVENT',
    'BEGIN:VEVENT',
    'UID:5',
    'DTSTART;VALUE=DATE:20260101',
    'SUMMARY:Another year',
    'END:VEVENT',
    'END:VCALENDAR',
    '',
  ].join('\r\n')

  it('is read from iCalendar: whole days, stretches, what recurs; no meetings, nothing cancelled', () => {
    expect(readHolidayFile(ICS, [2027])).toEqual({
      ok: true,
      value: [
        { day: '2027-03-10', name: 'Idul Fitri' },
        { day: '2027-03-11', name: 'Idul Fitri' },
        { day: '2027-08-17', name: 'Kemerdekaan' },
      ],
    })
  })

  it.each([
    ['date,name\n2027-03-10,Idul Fitri\n'],
    ['2027-03-10;Idul Fitri'],
    ['\uFEFFName\tDate\nIdul Fitri\t2027-03-10\n2026-01-01\tOther year'],
  ])('is read from a CSV: %#', (text) => {
    expect(readHolidayFile(text, [2027])).toEqual({
      ok: true,
      value: [{ day: '2027-03-10', name: 'Idul Fitri' }],
    })
  })

  it.each([
    ['BEGIN:VCALENDAR\nnonsense'],
    ['date,name\n10.3.2027,Idul Fitri'],
    ['2027-02-30,never'],
    ['2026-01-01,another year'],
    [''],
    ['"open quote'],
  ])('that is none is refused: %#', (text) => {
    expect(readHolidayFile(text, [2027])).toMatchObject({ ok: false, reason: 'validation_failed' })
  })
})
