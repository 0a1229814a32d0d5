import { describe, expect, it } from 'vitest'
import { type Category, crossesRateChange, quoteExpiresAt } from '../../src/pricing/index.ts'
import { cards, markets } from './seed.ts'

function basisOf(category: Category, currency: string) {
  return { category, currency, cards, markets }
}

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

  it('knows the midnight of its zone: in Los Angeles the change comes fourteen hours later', () => {
    const timing = { createdAt: beforeChange, timeZone: 'America/Los_Angeles', sendsAtOnce: true }
    expect(quoteExpiresAt(timing, basisOf('utility', 'IDR'))).toEqual(new Date('2026-07-01T00:00:00-07:00'))
  })
})
