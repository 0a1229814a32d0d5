import { describe, expect, it } from 'vitest'
import {
  type DecencyRule,
  faultOfHours,
  nextDecentMoment,
  quietMark,
  readQuietMark,
} from '../../src/delivery/decency.ts'
import {
  attemptRef,
  MESSAGE_MOVES,
  MESSAGE_STATES,
  MOST_ATTEMPTS,
  parseAttemptRef,
  retryDelaySeconds,
} from '../../src/delivery/lifecycle.ts'
import type { StatusUpdate } from '../../src/delivery/provider.ts'
import { heardByMessage, type KnownReceipt, pricingTypeOf, receiptLines } from '../../src/delivery/receipt.ts'
import { rise, type Standing } from '../../src/delivery/rise.ts'
import { insideWindow, instantOf } from '../../src/delivery/window.ts'

/** Every way that there is; all that is not here is none. */
const WAYS = `
  queued sending, queued cancelled, queued skipped, queued expired, sending queued, sending sent, sending delivered,
  sending read, sending failed, sending uncertain, sent delivered, sent read, sent failed, sent expired,
  delivered read, failed delivered, failed read, expired delivered, expired read, expired failed, uncertain sent,
  uncertain delivered, uncertain read, uncertain failed`

describe('a message', () => {
  it('goes the ways that the table names and no other', () => {
    const all = MESSAGE_STATES.flatMap((from) => MESSAGE_MOVES[from].map((to) => `${from} ${to}`))
    expect(all.sort()).toEqual(
      WAYS.split(',')
        .map((way) => way.trim())
        .sort(),
    )
    expect(MOST_ATTEMPTS).toBe(12)
  })

  it.each([
    [0, 2],
    [1, 2],
    [2, 4],
    [3, 8],
    [8, 256],
    [9, 300],
    [30, 300],
  ])('after attempt %i waits %i seconds', (attemptNo, seconds) => {
    expect(retryDelaySeconds(attemptNo)).toBe(seconds)
  })

  it.each([
    [1, { leastSeconds: 1 }, 2],
    [1, { leastSeconds: 60 }, 60],
    [6, { leastSeconds: 60 }, 64],
    [9, { leastSeconds: 400 }, 400],
    [1, { leastSeconds: 4, factor: 4 }, 4],
    [2, { leastSeconds: 4, factor: 4 }, 16],
    [5, { leastSeconds: 4, factor: 4 }, 300],
    [3, { leastSeconds: 400, factor: 4 }, 400],
    [1, { factor: 4 }, 2],
    [2, { factor: 4 }, 8],
    [0, { leastSeconds: 1, factor: 4 }, 2],
  ])('after attempt %i, asked for %j, waits %i seconds', (attemptNo, asked, seconds) => {
    expect(retryDelaySeconds(attemptNo, asked)).toBe(seconds)
  })

  it('bears a name that is read back, and no other is', () => {
    expect(attemptRef(17n, 3)).toBe('dc.17.3')
    expect(parseAttemptRef('dc.17.3')).toEqual({ messageId: 17n, attemptNo: 3 })
    expect(parseAttemptRef('dc.999999999999999999.9999')).toEqual({
      messageId: 999_999_999_999_999_999n,
      attemptNo: 9_999,
    })
    const foreign = [
      '',
      'dc.0.1',
      'dc.1.0',
      'dc.01.1',
      'dc.1',
      'xdc.1.1',
      'dc.1.1x',
      'dc.1.12345',
      'dc.a.1',
      'dc-1-1',
    ]
    for (const ref of [...foreign, 'dc.1234567890123456789.1']) expect(parseAttemptRef(ref)).toBeUndefined()
  })
})

const update = (status: StatusUpdate['status'], second: number, more: object = {}) =>
  ({ status, occurredAt: `2026-12-01T00:00:0${second}.000Z`, ...more }) as unknown as StatusUpdate
const receipt = (
  messageId: bigint,
  status: StatusUpdate['status'],
  second: number,
  more: object = {},
  attemptNo = 1,
): KnownReceipt => ({ webhookId: 1n, messageId, attemptNo, update: update(status, second, more) })

describe('receipts', () => {
  it('are named by the attempt they bear, or not at all', () => {
    const lines = receiptLines(9n, [
      update('sent', 1, { attemptRef: 'dc.5.2' }),
      update('sent', 1),
      update('sent', 1, { attemptRef: 'foreign' }),
    ])
    expect(lines.map(({ webhookId, messageId, attemptNo }) => [webhookId, messageId, attemptNo])).toEqual([
      [9n, 5n, 2],
      [9n, undefined, undefined],
      [9n, undefined, undefined],
    ])
  })

  const nothing = {
    sentAt: null,
    deliveredAt: null,
    readAt: null,
    failedAt: null,
    code: null,
    pricingType: null,
  }
  const at = (second: number) => `2026-12-01T00:00:0${second}.000Z`

  it('of one message say together the highest, each thing at its earliest, in whatever order', () => {
    const all = [
      receipt(1n, 'read', 5, {}, 3),
      receipt(1n, 'sent', 2, { pricing: { type: 'Regular' } }, 1),
      receipt(1n, 'delivered', 4, { pricing: { type: 'free' } }, 2),
      receipt(1n, 'delivered', 3, {}, 2),
      receipt(1n, 'sent', 1, {}, 1),
      receipt(1n, 'read', 6, {}, 4),
    ]
    const heard = { messageId: 1n, attemptNo: 3, rank: 3, failed: false }
    const times = { sentAt: at(1), deliveredAt: at(3), readAt: at(5) }
    expect(heardByMessage(all)).toEqual([{ ...nothing, ...heard, ...times, pricingType: 'regular' }])
    expect(heardByMessage([...all].reverse())[0]).toMatchObject({ rank: 3, ...times })
  })

  it('of a failure keep its reason and rise no higher', () => {
    const failed = receipt(2n, 'failed', 4, { error: { code: '131026', message: 'x' } })
    const twice = [failed, receipt(2n, 'failed', 3), receipt(2n, 'sent', 1)]
    expect(heardByMessage(twice)).toEqual([
      {
        ...nothing,
        messageId: 2n,
        attemptNo: 1,
        rank: 1,
        failed: true,
        failedAt: at(3),
        sentAt: at(1),
        code: '131026',
      },
    ])
    expect(heardByMessage([receipt(2n, 'failed', 4, { pricing: { type: 'free_x' } })])[0]).toMatchObject({
      rank: 0,
      code: null,
      pricingType: 'free_x',
    })
  })

  it('come out sorted by message, so that all lock in one order', () => {
    const ids = heardByMessage([9n, 10n, 2n].map((id) => receipt(id, 'sent', 1))).map(
      ({ messageId }) => messageId,
    )
    expect(ids).toEqual([2n, 9n, 10n])
  })

  it.each([
    [undefined, null],
    [null, null],
    ['regular', null],
    [{}, null],
    [{ type: 3 }, null],
    [{ type: 'REGULAR' }, 'regular'],
    [{ type: 'regular', billable: false }, 'regular'],
    [{ billable: false }, 'free_unnamed'],
    [{ billable: true }, null],
    [{ billable: 'false' }, null],
    [false, null],
    [{ type: 'x'.repeat(70) }, 'x'.repeat(60)],
  ])('with the pricing %j are of the type %j', (pricing, type) => {
    expect(pricingTypeOf(pricing)).toBe(type)
  })
})

describe('a time on a wall', () => {
  it.each([
    ['2026-12-01T09:00', 'Asia/Jakarta', '2026-12-01T02:00:00.000Z'],
    ['2026-12-01T09:00:30', 'Asia/Jakarta', '2026-12-01T02:00:30.000Z'],
    // Spring: 02:30 is not there, so 03:00 is meant. Autumn: 01:30 is there twice, the first is meant.
    ['2026-03-08T02:30', 'America/New_York', '2026-03-08T07:00:00.000Z'],
    ['2026-03-08T01:59', 'America/New_York', '2026-03-08T06:59:00.000Z'],
    ['2026-03-08T03:00', 'America/New_York', '2026-03-08T07:00:00.000Z'],
    ['2026-11-01T01:30', 'America/New_York', '2026-11-01T05:30:00.000Z'],
    ['2026-11-01T02:00', 'America/New_York', '2026-11-01T07:00:00.000Z'],
    ['2026-03-29T01:30', 'Europe/Lisbon', '2026-03-29T01:00:00.000Z'],
  ])('%s in %s is %s', (wall, zone, instant) => {
    expect(instantOf(wall, zone).toISOString()).toBe(instant)
  })

  const open = (start: string, window: { from: string; to: string; days?: number[] }, zones: string[]) =>
    insideWindow(new Date(start), window, zones)?.toISOString()
  const day = { from: '08:00', to: '20:00' }

  it.each([
    ['2026-12-01T03:00:00Z', day, ['Asia/Jakarta'], '2026-12-01T03:00:00.000Z'],
    ['2026-11-30T20:00:00Z', day, ['Asia/Jakarta'], '2026-12-01T01:00:00.000Z'],
    ['2026-12-01T13:00:00Z', day, ['Asia/Jakarta'], '2026-12-02T01:00:00.000Z'],
    ['2026-12-01T12:59:59Z', day, ['Asia/Jakarta'], '2026-12-01T12:59:59.000Z'],
    ['2026-12-01T12:30:00Z', day, ['Asia/Jakarta', 'Asia/Jayapura'], '2026-12-02T01:00:00.000Z'],
    // Sunday the 6th is no day of it.
    [
      '2026-12-06T03:00:00Z',
      { ...day, days: [1, 2, 3, 4, 5, 6] },
      ['Asia/Jakarta'],
      '2026-12-07T01:00:00.000Z',
    ],
    // Past midnight a window belongs to the day on which it opened.
    ['2026-12-01T17:30:00Z', { from: '22:00', to: '02:00' }, ['Asia/Jakarta'], '2026-12-01T17:30:00.000Z'],
    ['2026-12-01T19:00:00Z', { from: '22:00', to: '02:00' }, ['Asia/Jakarta'], '2026-12-02T15:00:00.000Z'],
    [
      '2026-12-06T18:00:00Z',
      { from: '22:00', to: '02:00', days: [7] },
      ['Asia/Jakarta'],
      '2026-12-06T18:00:00.000Z',
    ],
    [
      '2026-12-05T18:00:00Z',
      { from: '22:00', to: '02:00', days: [7] },
      ['Asia/Jakarta'],
      '2026-12-06T15:00:00.000Z',
    ],
  ])('from %s in %o of %j opens at %s', (start, window, zones, opens) => {
    expect(open(start, window, zones)).toBe(opens)
  })

  it('that never comes in all zones at once is none', () => {
    const apart = ['Asia/Jakarta', 'America/New_York']
    expect(open('2026-12-01T00:00:00Z', { from: '12:00', to: '12:30' }, apart)).toBeUndefined()
    expect(() => open('2026-12-01T00:00:00Z', { ...day, days: [] }, ['Asia/Jakarta'])).toThrow('without days')
  })
})

describe('quiet hours', () => {
  it.each([
    ['reminder/ID:Asia/Jakarta,Asia/Makassar', 'reminder', 'ID', ['Asia/Jakarta', 'Asia/Makassar']],
    ['marketing/*:Europe/Paris', 'marketing', undefined, ['Europe/Paris']],
    ['collection/MX:', 'collection', 'MX', ['']],
  ] as const)('are told to a slice as %s, and read back', (mark, purpose, country, zones) => {
    expect(readQuietMark(mark)).toEqual({ purpose, country, zones })
    expect(quietMark({ purpose, country, zones })).toBe(mark)
  })

  it.each([
    'Asia/Jakarta',
    'rumour/ID:Asia/Jakarta',
    'reminder/I:x',
    'reminder/IDN:x',
    'xx reminder/ID:x',
    '',
  ])('are not in %j', (mark) => {
    expect(readQuietMark(mark)).toBeUndefined()
  })

  const day = { days: [1], from: '08:00', to: '20:00' }
  it.each([
    [[day], undefined],
    [[], { path: 'hours', message: 'must have at least one stretch of hours.' }],
    [[day, { ...day, days: [] }], { path: 'hours[1].days', message: 'must name at least one weekday.' }],
    [
      [{ ...day, to: '08:00' }],
      { path: 'hours[0].to', message: 'must be later than from; over midnight takes two stretches.' },
    ],
  ])('of %j have the fault %j', (hours, fault) => {
    expect(faultOfHours(hours)).toEqual(fault)
  })

  const rule: DecencyRule = {
    country: 'ID',
    purpose: 'collection',
    hours: [day],
    holidays: undefined,
    source: 'law',
    asOf: '2026-01-01',
  }
  const sunday = new Date('2026-11-29T00:00:00Z')
  const known = { years: new Set<number>(), days: new Map<string, string>() }
  it.each([
    [
      rule,
      [],
      'unknown_zone',
      'It is not known in which time zone this person is: give the contact a time zone such as Asia/Jakarta.',
    ],
    [
      rule,
      ['Asia/Jakarta', 'Mars/Olympus'],
      'unknown_zone',
      '“Mars/Olympus” is no time zone, so that it is not known what time it is for this person: give the contact a time zone such as Asia/Jakarta.',
    ],
    [
      { ...rule, holidays: known },
      ['Asia/Jakarta'],
      'missing_calendar',
      'The holidays of ID in 2026 are not known: import its calendar for 2026, and this goes out.',
    ],
    [
      { ...rule, country: '*', holidays: known },
      ['Asia/Jakarta'],
      'missing_calendar',
      'The holidays of this country in 2026 are not known: import its calendar for 2026, and this goes out.',
    ],
    [
      { ...rule, hours: [] },
      ['Asia/Jakarta'],
      'no_hour_fits',
      'The rule has no hour in which this may be sent.',
    ],
    [
      { ...rule, hours: [{ days: [1], from: '12:00', to: '12:30' }] },
      ['Asia/Jakarta', 'America/New_York'],
      'no_hour_fits',
      'There is no hour that suits every place where this person may be.',
    ],
  ])('%#: hold what nobody knows a moment for, and say why', (of, zones, reason, message) => {
    expect(nextDecentMoment(of, zones, sunday)).toEqual({ kind: 'held', reason, message })
  })
})

/** Money where a message stands, what is heard of it (rank, failed), and where state and money therefore stand; empty: as they were. */
const RISES = `
  held sending | sent | sent held
  held sending | failed | failed released
  held sending | delivered | delivered captured
  held uncertain | sent | sent held
  held uncertain | read | read captured
  held sent | sent |
  held sent | failed | failed released
  held sent | sent failed | failed released
  held sent | delivered failed | delivered captured
  held sent | read | read captured
  captured delivered | sent |
  captured delivered | delivered |
  captured delivered | failed |
  captured delivered | read | read captured
  captured read | delivered |
  captured read | failed |
  released uncertain | sent |
  released uncertain | delivered | delivered captured
  released expired | sent |
  released expired | failed | failed released
  released expired | read | read captured
  released failed | failed |
  released failed | delivered | delivered captured
  released cancelled | delivered |
  released skipped | read |
  held queued | delivered |
  held queued | failed |`

/** The same where the card charges on acceptance. */
const RISES_ON_ACCEPTANCE = `
  held sending | sent | sent captured
  held sending | failed | failed captured
  held sending | delivered | delivered captured
  captured sent | failed | failed captured
  captured sent | delivered | delivered captured
  released uncertain | sent | sent captured
  captured failed | failed |`

describe('what is heard of a message', () => {
  const cases = (table: string, isOnAcceptance: boolean) =>
    table
      .trim()
      .split('\n')
      .map((line) => line.split('|').map((cell) => cell.trim()))
      .map(([was, said, then]) => [was!, said!, then!, isOnAcceptance] as const)

  it.each([...cases(RISES, false), ...cases(RISES_ON_ACCEPTANCE, true)])(
    'takes %s by %s to “%s” (charged on acceptance: %s)',
    (was, said, then, isOnAcceptance) => {
      const moved = rise(standing(was, isOnAcceptance), heardOf(said))
      expect(moved ? `${moved.state} ${moved.money}` : '').toBe(then)
    },
  )

  it.each([...MESSAGE_STATES])('never takes one that is %s where the table of states has no way', (state) => {
    for (const money of ['held', 'captured', 'released'])
      for (const said of ['sent', 'delivered', 'read', 'failed', 'sent failed']) {
        const moved = rise(standing(`${money} ${state}`, false), heardOf(said))
        if (moved && moved.state !== state) expect(MESSAGE_MOVES[state]).toContain(moved.state)
      }
  })

  it('is kept where only that it was free, or when it was delivered, is news', () => {
    const free = rise(standing('captured delivered', false), { ...heardOf('sent'), pricingType: 'free_x' })
    expect(free).toMatchObject({ state: 'delivered', money: 'captured', free: true })
    const undated = { ...standing('captured read', false), is_dated: false }
    expect(rise(undated, heardOf('delivered'))).toMatchObject({ state: 'read', free: false })
    expect(rise(undated, heardOf('read'))).toBeUndefined()
  })
})

function standing(words: string, isOnAcceptance: boolean): Standing {
  const [money, state] = words.split(' ') as [Standing['money'], Standing['state']]
  const facts = { id: 1n, campaign_id: 'c', contact_id: 1n, price: 1n, free: false, is_dated: true }
  return { ...facts, money, state, on_acceptance: isOnAcceptance }
}

function heardOf(said: string) {
  const lines = said.split(' ').map((status, i) => receipt(1n, status as StatusUpdate['status'], i + 1))
  return heardByMessage(lines)[0]!
}
