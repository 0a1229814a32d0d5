import { describe, expect, it } from 'vitest'
import { dayBefore } from '../../src/pricing/day.ts'
import { type Category, crossesRateChange, quoteExpiresAt, type RateRow } from '../../src/pricing/index.ts'
import { cards, markets } from './seed.ts'

function basisOf(category: Category, currency: string) {
  return { category, currency, cards, markets }
}

it.each([
  ['2026-03-01', '2026-02-28'],
  ['2028-03-01', '2028-02-29'],
  ['2026-01-01', '2025-12-31'],
  ['2026-07-31', '2026-07-30'],
])('the day before %s is %s', (day, before) => {
  expect(dayBefore(day)).toBe(before)
})

describe('a change of rates', () => {
  it.each<[Category, string, string, string, boolean]>([
    ['utility', 'IDR', '2026-06-30', '2026-07-01', true],
    ['utility', 'IDR', '2026-07-01', '2026-06-30', true],
    ['utility', 'IDR', '2026-07-01', '2026-11-22', false],
    ['service', 'IDR', '2026-09-30', '2026-10-01', true],
    ['marketing', 'USD', '2026-09-30', '2026-10-01', true],
    ['marketing', 'USD', '2026-10-01', '2026-10-01', false],
    ['marketing', 'INR', '2026-09-30', '2026-10-01', false],
    ['marketing', 'EUR', '2026-01-01', '2026-11-22', false],
  ])('of %s in %s between %s and %s: %s', (category, currency, one, other, expected) => {
    expect(crossesRateChange(basisOf(category, currency), one, other)).toBe(expected)
  })

  it("is a number's move to a market of another price, too", () => {
    const row = { owner: 'install', model: 'per_message', currency: 'USD', category: 'utility' } as const
    const card = { ...row, effectiveFrom: '2026-01-01', chargeOn: 'delivered', source: 'test' } as const
    const prices = [
      { ...card, market: 'Rest of Africa', priceMinor: 40n },
      { ...card, market: 'Morocco', priceMinor: 50n },
    ]
    const basis = { ...basisOf('utility', 'USD'), cards: prices }
    expect(crossesRateChange(basis, '2026-09-30', '2026-10-01')).toBe(true)
    expect(crossesRateChange(basis, '2026-10-01', '2026-12-31')).toBe(false)
  })
})

describe('what counts as a change', () => {
  const card = {
    owner: 'install',
    model: 'per_message',
    currency: 'USD',
    market: 'Indonesia',
    category: 'utility',
    effectiveFrom: '2026-01-01',
    priceMinor: 40n,
    chargeOn: 'delivered',
    source: 'test',
  } as const satisfies RateRow
  const crosses = (change: Partial<RateRow>, more: Partial<Parameters<typeof crossesRateChange>[0]> = {}) =>
    crossesRateChange(
      {
        ...basisOf('utility', 'USD'),
        cards: [card, { ...card, effectiveFrom: '2026-05-10', ...change }],
        ...more,
      },
      '2026-05-01',
      '2026-05-31',
    )

  it.each<[string, boolean, Partial<RateRow>]>([
    ['another price', true, { priceMinor: 41n }],
    ['another model', true, { model: 'conversation_24h' }],
    ['another moment', true, { chargeOn: 'accepted' }],
    ['another source', false, { source: 'elsewhere' }],
    ['the same again', false, {}],
    ['the price of another category', false, { priceMinor: 41n, category: 'marketing' }],
    ['the price of another currency', false, { priceMinor: 41n, currency: 'IDR' }],
    ['a market that had no price', true, { priceMinor: 41n, market: 'Malaysia' }],
    ['the price of all other numbers', true, { priceMinor: 41n, market: 'Other' }],
    ['a price of the first day', false, { priceMinor: 41n, effectiveFrom: '2026-05-01' }],
    ['a price of the day after the first', true, { priceMinor: 41n, effectiveFrom: '2026-05-02' }],
    ['a price of the last day', true, { priceMinor: 41n, effectiveFrom: '2026-05-31' }],
    ['a price of the day after the last', false, { priceMinor: 41n, effectiveFrom: '2026-06-01' }],
  ])('%s: %s', (_, expected, change) => {
    expect(crosses(change)).toBe(expected)
  })

  it('a prefix that a market gives up is one, although nobody takes it', () => {
    const given = [{ prefix: '62', country: 'I', market: 'Indonesia', effectiveUntil: '2026-05-20' }]
    expect(crosses({}, { markets: given })).toBe(true)
    expect(crosses({}, { markets: [{ ...given[0]!, effectiveUntil: '2026-06-20' }] })).toBe(false)
  })

  it('a prefix that a market takes is one', () => {
    const taken = [{ prefix: '62', country: 'I', market: 'Indonesia', effectiveFrom: '2026-05-20' }]
    expect(crosses({}, { markets: taken })).toBe(true)
  })

  it('a change that is taken back before the later day is one all the same', () => {
    const cards = [
      card,
      { ...card, effectiveFrom: '2026-05-10', priceMinor: 41n },
      { ...card, effectiveFrom: '2026-05-20' },
    ]
    expect(crosses({}, { cards })).toBe(true)
  })
})

describe('a quote stands', () => {
  const timeZone = 'Asia/Jakarta'
  const beforeChange = new Date('2026-06-30T20:00:00+07:00')
  const dayLater = new Date('2026-07-01T20:00:00+07:00')

  it('for 24 hours where the campaign has its own day', () => {
    const timing = { createdAt: beforeChange, timeZone, sendsAtOnce: false }
    expect(quoteExpiresAt(timing, basisOf('utility', 'IDR'))).toEqual(dayLater)
  })

  it("until the account's midnight where it is sent at once and the rates change then", () => {
    const timing = { createdAt: beforeChange, timeZone, sendsAtOnce: true }
    expect(quoteExpiresAt(timing, basisOf('utility', 'IDR'))).toEqual(new Date('2026-07-01T00:00:00+07:00'))
  })

  it('for 24 hours where it is sent at once and no rate changes', () => {
    const timing = { createdAt: new Date('2026-11-22T20:00:00+07:00'), timeZone, sendsAtOnce: true }
    expect(quoteExpiresAt(timing, basisOf('utility', 'IDR'))).toEqual(new Date('2026-11-23T20:00:00+07:00'))
  })

  it('for 24 hours where the rates have changed on its own day, at a midnight that is past', () => {
    for (const createdAt of [new Date('2026-07-01T00:00:00+07:00'), dayLater]) {
      const expected = new Date(createdAt.getTime() + 24 * 60 * 60 * 1000)
      expect(quoteExpiresAt({ createdAt, timeZone, sendsAtOnce: true }, basisOf('utility', 'IDR'))).toEqual(
        expected,
      )
    }
  })

  it('knows the midnight of its zone: in Los Angeles the change comes fourteen hours later', () => {
    const timing = { createdAt: beforeChange, timeZone: 'America/Los_Angeles', sendsAtOnce: true }
    expect(quoteExpiresAt(timing, basisOf('utility', 'IDR'))).toEqual(new Date('2026-07-01T00:00:00-07:00'))
  })

  it('to the very midnight, where a day later is that midnight', () => {
    const createdAt = new Date('2026-06-30T00:00:00+07:00')
    const expected = new Date('2026-07-01T00:00:00+07:00')
    const basis = basisOf('utility', 'IDR')
    expect(quoteExpiresAt({ createdAt, timeZone, sendsAtOnce: true }, basis)).toEqual(expected)
    const longDay = { createdAt: new Date('2026-10-31T00:00:00-07:00'), timeZone: 'America/Los_Angeles' }
    expect(quoteExpiresAt({ ...longDay, sendsAtOnce: true }, basis)).toEqual(
      new Date('2026-11-01T00:00:00-07:00'),
    )
  })

  it('until the second midnight of a short day, where the rates change only then', () => {
    const timing = {
      createdAt: new Date('2026-03-07T23:59:59-08:00'),
      timeZone: 'America/Los_Angeles',
      sendsAtOnce: true,
    }
    const row = { owner: 'install', model: 'per_message', currency: 'USD', category: 'utility' } as const
    const card = { ...row, market: 'Indonesia', chargeOn: 'delivered', source: 'test' } as const
    const prices = [
      { ...card, effectiveFrom: '2026-01-01', priceMinor: 40n },
      { ...card, effectiveFrom: '2026-03-09', priceMinor: 50n },
    ]
    expect(quoteExpiresAt(timing, { ...basisOf('utility', 'USD'), cards: prices })).toEqual(
      new Date('2026-03-09T00:00:00-07:00'),
    )
  })

  it('in no zone that there is not', () => {
    const timing = { createdAt: beforeChange, timeZone: 'Mars/Olympus', sendsAtOnce: true }
    expect(() => quoteExpiresAt(timing, basisOf('utility', 'IDR'))).toThrow('unknown time zone Mars/Olympus')
  })
})
