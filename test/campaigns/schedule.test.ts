import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dueAt, RECIPIENT_ZONE } from '../../src/campaigns/index.ts'
import { insideWindow, instantOf, type Window } from '../../src/delivery/index.ts'

const at = (text: string) => new Date(text)
const iso = (date: Date | undefined) => date?.toISOString().replace(':00.000Z', 'Z')

describe('the instant of a wall-clock time', () => {
  it.each([
    // Indonesia has three zones and no summer time.
    ['Asia/Jakarta', '2026-12-01T09:00', '2026-12-01T02:00Z', 'nine in Jakarta'],
    ['Asia/Makassar', '2026-12-01T09:00', '2026-12-01T01:00Z', 'nine in Makassar'],
    ['Asia/Jayapura', '2026-12-01T09:00', '2026-12-01T00:00Z', 'nine in Jayapura'],
    // New York: forward on 8 March 2026 at two, back on 1 November 2026 at two.
    ['America/New_York', '2026-03-08T01:59', '2026-03-08T06:59Z', 'a minute before the gap'],
    ['America/New_York', '2026-03-08T02:00', '2026-03-08T07:00Z', 'the first minute that is skipped'],
    ['America/New_York', '2026-03-08T02:30', '2026-03-08T07:00Z', 'inside the gap: the next valid minute'],
    ['America/New_York', '2026-03-08T02:59', '2026-03-08T07:00Z', 'the last minute that is skipped'],
    ['America/New_York', '2026-03-08T03:00', '2026-03-08T07:00Z', 'the first minute after the gap'],
    ['America/New_York', '2026-11-01T00:59', '2026-11-01T04:59Z', 'a minute before the overlap'],
    ['America/New_York', '2026-11-01T01:00', '2026-11-01T05:00Z', 'the overlap: the first of two'],
    ['America/New_York', '2026-11-01T01:30', '2026-11-01T05:30Z', 'inside the overlap: the first of two'],
    [
      'America/New_York',
      '2026-11-01T02:00',
      '2026-11-01T07:00Z',
      'after the overlap, which is two hours long',
    ],
    // Lisbon changes at one, Madrid at the same moment at two.
    ['Europe/Lisbon', '2027-03-28T01:30', '2027-03-28T01:00Z', 'the gap in Lisbon'],
    ['Europe/Lisbon', '2026-10-25T01:30', '2026-10-25T00:30Z', 'the overlap in Lisbon'],
    ['Europe/Lisbon', '2026-10-25T02:00', '2026-10-25T02:00Z', 'after the overlap in Lisbon'],
    ['Europe/Madrid', '2027-03-28T02:30', '2027-03-28T01:00Z', 'the gap in Madrid'],
    ['Europe/Madrid', '2026-10-25T02:30', '2026-10-25T00:30Z', 'the overlap in Madrid'],
    ['Europe/Madrid', '2026-10-25T03:00', '2026-10-25T02:00Z', 'after the overlap in Madrid'],
    // São Paulo changed at midnight, so that a day began at one; it has kept its winter since 2019.
    ['America/Sao_Paulo', '2018-11-04T00:00', '2018-11-04T03:00Z', 'a midnight that was skipped'],
    [
      'America/Sao_Paulo',
      '2018-11-04T00:30',
      '2018-11-04T03:00Z',
      'the hour after midnight that was skipped',
    ],
    [
      'America/Sao_Paulo',
      '2018-02-17T23:30',
      '2018-02-18T01:30Z',
      'the hour before midnight that came twice',
    ],
    ['America/Sao_Paulo', '2026-11-01T00:30', '2026-11-01T03:30Z', 'no gap any more'],
    // Odd ones.
    ['Australia/Lord_Howe', '2026-10-04T02:15', '2026-10-03T15:30Z', 'a gap of half an hour'],
    ['Asia/Kathmandu', '2026-12-01T09:00', '2026-12-01T03:15Z', 'a quarter of an hour'],
    ['Pacific/Kiritimati', '2026-12-01T00:00', '2026-11-30T10:00Z', 'the first place of the day'],
    ['Pacific/Pago_Pago', '2026-12-01T00:00', '2026-12-01T11:00Z', 'the last place of the day'],
    ['Pacific/Apia', '2011-12-30T12:00', '2011-12-30T10:00Z', 'a whole day that was skipped'],
    ['Asia/Jakarta', '2028-02-29T09:00', '2028-02-29T02:00Z', 'a leap day'],
  ])('%s %s is %s: %s', (zone, wall, instant) => {
    expect(iso(instantOf(wall, zone))).toBe(instant)
  })

  it('of one day each comes once, and in order, in zones that change and zones that do not', () => {
    const zones = [
      'America/New_York',
      'Europe/Lisbon',
      'America/Sao_Paulo',
      'Asia/Jakarta',
      'Australia/Lord_Howe',
    ]
    const minute = fc.integer({ min: 0, max: 525_600 * 3 })
    fc.assert(
      fc.property(fc.constantFrom(...zones), minute, minute, (zone, a, b) => {
        const wall = (n: number) => new Date(Date.UTC(2025, 0, 1) + n * 60_000).toISOString().slice(0, 16)
        const [first, last] = a < b ? [a, b] : [b, a]
        const before = instantOf(wall(first), zone)
        const after = instantOf(wall(last), zone)
        expect(before.getTime()).toBeLessThanOrEqual(after.getTime())
        expect(instantOf(wall(first), zone)).toEqual(before)
      }),
      { numRuns: 300 },
    )
  })
})

const DAYTIME: Window = { from: '08:00', to: '20:00' }
const NIGHT: Window = { from: '22:00', to: '06:00' }
/** Collection in Indonesia: Monday to Saturday. */
const COLLECTION: Window = { ...DAYTIME, days: [1, 2, 3, 4, 5, 6] }
const FRIDAY_NIGHT: Window = { ...NIGHT, days: [5] }

describe('a window', () => {
  it.each([
    ['inside', DAYTIME, '2026-12-01T03:00Z', ['Asia/Jakarta'], '2026-12-01T03:00Z'],
    ['before it opens', DAYTIME, '2026-12-01T00:59Z', ['Asia/Jakarta'], '2026-12-01T01:00Z'],
    ['the minute it opens', DAYTIME, '2026-12-01T01:00Z', ['Asia/Jakarta'], '2026-12-01T01:00Z'],
    ['the last minute', DAYTIME, '2026-12-01T12:59Z', ['Asia/Jakarta'], '2026-12-01T12:59Z'],
    ['the minute it closes', DAYTIME, '2026-12-01T13:00Z', ['Asia/Jakarta'], '2026-12-02T01:00Z'],
    ['over midnight, before midnight', NIGHT, '2026-12-01T16:00Z', ['Asia/Jakarta'], '2026-12-01T16:00Z'],
    ['over midnight, after midnight', NIGHT, '2026-12-01T20:00Z', ['Asia/Jakarta'], '2026-12-01T20:00Z'],
    ['over midnight, by day', NIGHT, '2026-12-01T05:00Z', ['Asia/Jakarta'], '2026-12-01T15:00Z'],
    ['over midnight, as it closes', NIGHT, '2026-12-01T23:00Z', ['Asia/Jakarta'], '2026-12-02T15:00Z'],
    [
      'the whole day',
      { from: '08:00', to: '08:00' },
      '2026-12-01T18:00Z',
      ['Asia/Jakarta'],
      '2026-12-01T18:00Z',
    ],
    ['Saturday evening', COLLECTION, '2026-12-05T13:00Z', ['Asia/Jakarta'], '2026-12-07T01:00Z'],
    ['Sunday', COLLECTION, '2026-12-06T03:00Z', ['Asia/Jakarta'], '2026-12-07T01:00Z'],
    [
      'a night that belongs to Friday, on Saturday',
      FRIDAY_NIGHT,
      '2026-12-04T20:00Z',
      ['Asia/Jakarta'],
      '2026-12-04T20:00Z',
    ],
    [
      'a night that would belong to Saturday',
      FRIDAY_NIGHT,
      '2026-12-05T16:00Z',
      ['Asia/Jakarta'],
      '2026-12-11T15:00Z',
    ],
    [
      'in the east and the west of Indonesia',
      DAYTIME,
      '2026-11-30T22:30Z',
      ['Asia/Jakarta', 'Asia/Makassar', 'Asia/Jayapura'],
      '2026-12-01T01:00Z',
    ],
    [
      'in the east when it has closed',
      DAYTIME,
      '2026-12-01T11:30Z',
      ['Asia/Jakarta', 'Asia/Makassar', 'Asia/Jayapura'],
      '2026-12-02T01:00Z',
    ],
    [
      'from coast to coast',
      DAYTIME,
      '2026-12-01T05:00Z',
      ['America/New_York', 'Pacific/Honolulu'],
      '2026-12-01T18:00Z',
    ],
    [
      'where no hour suits all',
      { from: '08:00', to: '09:00' },
      '2026-12-01T00:00Z',
      ['Asia/Jakarta', 'Asia/Jayapura'],
      undefined,
    ],
    [
      'that opens in the gap of spring',
      { from: '02:30', to: '05:00' },
      '2026-03-08T05:00Z',
      ['America/New_York'],
      '2026-03-08T07:00Z',
    ],
    [
      'that opens in the overlap of autumn',
      { from: '01:30', to: '05:00' },
      '2026-11-01T05:00Z',
      ['America/New_York'],
      '2026-11-01T05:30Z',
    ],
  ] as [string, Window, string, string[], string | undefined][])('%s', (_, window, start, zones, opens) => {
    expect(iso(insideWindow(at(start), window, zones))).toBe(opens)
  })

  it('opens at the very first minute that suits all zones, as the clock on the wall says', () => {
    const hours = ['00:00', '06:00', '08:00', '09:30', '12:00', '17:00', '20:00', '22:00']
    const zones = ['Asia/Jakarta', 'Asia/Jayapura', 'Europe/Madrid', 'America/New_York', 'America/Sao_Paulo']
    const quarter = 15 * 60_000
    fc.assert(
      fc.property(
        fc.constantFrom(...hours),
        fc.constantFrom(...hours),
        fc.option(fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), { nil: undefined }),
        fc.uniqueArray(fc.constantFrom(...zones), { minLength: 1, maxLength: 2 }),
        fc.integer({ min: 0, max: 4 * 365 * 24 }),
        (from, to, days, where, quarters) => {
          const window = days ? { from, to, days } : { from, to }
          const start = new Date(Date.UTC(2026, 0, 1) + quarters * quarter)
          const opens = insideWindow(start, window, where)
          const seen = firstOpen(start, window, where, quarter)
          if (seen ?? !opens) expect(opens).toEqual(seen)
          // Summer time may bring together, weeks later, what does not meet now.
          else expect(where.every((zone) => isOpen(opens!, window, zone))).toBe(true)
        },
      ),
      { numRuns: 300 },
    )
  })
})

/** Looks at the clock on the wall every quarter of an hour, for nine days: all that windows and zones here are made of. */
function firstOpen(start: Date, window: Window, zones: readonly string[], stepMs: number): Date | undefined {
  for (let ms = start.getTime(); ms < start.getTime() + 9 * 24 * 3_600_000; ms += stepMs) {
    if (zones.every((zone) => isOpen(new Date(ms), window, zone))) return new Date(ms)
  }
  return undefined
}

const clocks = new Map<string, Intl.DateTimeFormat>()
const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']

function isOpen(moment: Date, { from, to, days }: Window, zone: string): boolean {
  const clock =
    clocks.get(zone) ??
    new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    })
  clocks.set(zone, clock)
  const parts = Object.fromEntries(clock.formatToParts(moment).map(({ type, value }) => [type, value]))
  const wall = `${parts.hour}:${parts.minute}`
  const today = WEEKDAYS.indexOf(parts.weekday!) + 1
  const yesterday = today === 1 ? 7 : today - 1
  const may = (day: number) => !days || days.includes(day)
  if (from < to) return may(today) && wall >= from && wall < to
  return (may(today) && wall >= from) || (may(yesterday) && wall < to)
}

describe('when a recipient is due', () => {
  const now = at('2026-11-23T02:00Z')
  const own = { at: '2026-12-01T09:00:00', timeZone: RECIPIENT_ZONE }
  it.each([
    ['now, whoever and wherever', { now: true } as const, [], '2026-11-23T02:00Z'],
    [
      'at the time of a named zone, wherever he is',
      { at: own.at, timeZone: 'Asia/Jakarta' },
      ['America/New_York'],
      '2026-12-01T02:00Z',
    ],
    ['at his own time', own, ['Asia/Jayapura'], '2026-12-01T00:00Z'],
    [
      'at the last of his times, if he may be in several',
      own,
      ['Asia/Jakarta', 'Asia/Makassar', 'Asia/Jayapura'],
      '2026-12-01T02:00Z',
    ],
    ['never, if nobody knows what time it is for him', own, [], undefined],
    [
      'now, if the time has passed',
      { at: '2026-11-22T09:00:00', timeZone: 'Asia/Jakarta' },
      [],
      '2026-11-23T02:00Z',
    ],
    [
      'inside the window by the clock of the named zone',
      { at: '2026-12-01T21:00:00', timeZone: 'Asia/Jakarta', window: DAYTIME },
      ['America/New_York'],
      '2026-12-02T01:00Z',
    ],
    [
      'inside the window by each of his own clocks',
      { ...own, at: '2026-12-01T06:00:00', window: DAYTIME },
      ['Asia/Jakarta', 'Asia/Jayapura'],
      '2026-12-01T01:00Z',
    ],
    [
      'on a working day',
      { ...own, at: '2026-12-06T09:00:00', window: COLLECTION },
      ['Asia/Jakarta'],
      '2026-12-07T01:00Z',
    ],
    [
      'never, if no hour suits all of his clocks',
      { ...own, window: { from: '09:00', to: '10:00' } },
      ['Asia/Jakarta', 'Asia/Jayapura'],
      undefined,
    ],
  ])('%s', (_, schedule, zones, instant) => {
    expect(iso(dueAt(schedule, zones, now))).toBe(instant)
  })
})
