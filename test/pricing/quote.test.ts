import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { unwrap } from '../../src/platform/result.ts'
import {
  MAX_WHAT_IF_VARIANTS,
  type PrefixGroup,
  type PriceBasis,
  parseRateRows,
  priceGroups,
  quoteLines,
  whatIf,
} from '../../src/pricing/index.ts'
import { cards, markets } from './seed.ts'

const november: PriceBasis = { category: 'utility', currency: 'USD', on: '2026-11-22', cards, markets }
const audience: readonly PrefixGroup[] = [
  { prefix: '6281', count: 300 },
  { prefix: '6285', count: 100 },
  { prefix: '6012', count: 50 },
  { prefix: '1202', count: 10 },
]

function quote(
  groups: readonly PrefixGroup[],
  more: Partial<Parameters<typeof quoteLines>[1]> = {},
  basis = november,
) {
  return quoteLines(priceGroups(groups, basis), { ...basis, ...more })
}

/** November with one card, in whole units of one currency. */
function priced(prices: readonly (readonly [market: string, price: string])[]): PriceBasis {
  const heading = 'model,currency,market,category,effective_from,price_per_unit'
  const rows = prices.map(([market, price]) => `per_message,USD,${market},utility,2026-11-01,${price}`)
  const own = { owner: 'install', source: 'own' } as const
  return { ...november, cards: unwrap(parseRateRows([heading, ...rows].join('\n'), own)) }
}

describe('pricing groups', () => {
  it('gives each prefix, in its order, its market and its row', () => {
    const priced = priceGroups(audience, { ...november, currency: 'IDR' })
    expect(priced.map(({ prefix, market, row }) => [prefix, market, row?.priceMinor])).toEqual([
      ['6281', 'Indonesia', 356_6500n],
      ['6285', 'Indonesia', 356_6500n],
      ['6012', 'Malaysia', undefined],
      ['1202', 'North America', undefined],
    ])
  })

  it('prices the day of sending: the market and the price of that day', () => {
    const moroccan = [{ prefix: '2126', count: 1 }]
    const [september] = priceGroups(moroccan, { ...november, on: '2026-09-30' })
    const [october] = priceGroups(moroccan, { ...november, on: '2026-10-01' })
    expect([september?.market, september?.row?.effectiveFrom]).toEqual(['Rest of Africa', '2026-07-01'])
    expect([october?.market, october?.row?.effectiveFrom]).toEqual(['Morocco', '2026-10-01'])
  })

  it.each([
    { prefix: '628', count: 1 },
    { prefix: '+6281', count: 1 },
  ])('throws on %j, which is a bug', (group) => {
    expect(() => priceGroups([group], november)).toThrow(/^a number for a market/)
  })

  it.each([
    { prefix: '6281', count: 1.5 },
    { prefix: '6281', count: -1 },
    { prefix: '6281', count: 1, freeCount: 2 },
    { prefix: '6281', count: 1, freeCount: 0.5 },
    { prefix: '6281', count: 1, freeCount: -1 },
    { prefix: '6281', count: Number.MAX_SAFE_INTEGER + 1 },
    { prefix: '6281', count: 2, freeCount: Number.NaN },
  ])('throws on the count of %j, which is a bug', (group) => {
    expect(() => priceGroups([group], november)).toThrow('a group counts contacts, some of them free')
  })

  it.each([
    { prefix: '6281', count: 0 },
    { prefix: '6281', count: 3, freeCount: 3 },
    { prefix: '6281', count: 3, freeCount: 0 },
  ])('takes %j', (group) => {
    expect(priceGroups([group], november)[0]).toMatchObject({ ...group, market: 'Indonesia' })
  })
})

describe('a quote', () => {
  it('has a line a market, dearest first, and their sum', () => {
    const { lines, ...totals } = quote(audience)
    expect(
      lines.map(({ market, count, unitPriceMinor, subtotalMinor }) => [
        market,
        count,
        unitPriceMinor,
        subtotalMinor,
      ]),
    ).toEqual([
      ['Indonesia', 400, 250n, 100_000n],
      ['Malaysia', 50, 140n, 7_000n],
      ['North America', 10, 34n, 340n],
    ])
    expect(totals).toEqual({
      currency: 'USD',
      pricedOn: '2026-11-22',
      recipients: 460,
      totalMinor: 107_340n,
      minimumMinor: 0n,
      expectedMinor: 107_340n,
      maximumMinor: 107_340n,
      excluded: [],
      unpricedMarkets: [],
      rateCardAsOf: '2026-10-01',
      models: ['per_message'],
    })
  })

  it('excludes what no card prices, beside what the caller has found, and says where', () => {
    const basis = { ...november, currency: 'IDR' }
    const excluded = [
      { reason: 'suppressed', count: 7 },
      { reason: 'suppressed', count: 3 },
      { reason: 'missing_variable', count: 0 },
    ]
    const priced = quoteLines(priceGroups(audience, basis), { ...basis, excluded })
    expect(priced).toMatchObject({
      recipients: 400,
      totalMinor: 142_660_0000n,
      excluded: [
        { reason: 'no_price', count: 60 },
        { reason: 'suppressed', count: 10 },
      ],
      unpricedMarkets: [
        { market: 'Malaysia', count: 50 },
        { market: 'North America', count: 10 },
      ],
      rateCardAsOf: '2026-07-01',
    })
  })

  it('of nobody is a quote of nothing', () => {
    expect(quote([])).toMatchObject({ lines: [], recipients: 0, totalMinor: 0n, excluded: [], models: [] })
    expect(quote([]).rateCardAsOf).toBeUndefined()
    expect(quote([{ prefix: '6281', count: 0 }]).lines).toEqual([])
  })

  it('orders what costs the same by market, whatever the order of the groups', () => {
    const card = priced([
      ['Malaysia', '2.00'],
      ['Indonesia', '1.00'],
      ['India', '2.00'],
    ])
    const groups = [
      { prefix: '6012', count: 5 },
      { prefix: '6281', count: 10 },
      { prefix: '9198', count: 5 },
    ]
    for (const some of [groups, groups.toReversed()]) {
      const { lines } = quote(some, {}, card)
      expect(lines.map(({ market }) => market)).toEqual(['India', 'Indonesia', 'Malaysia'])
    }
  })

  it('orders by what a line costs, not by how many it counts or what one costs', () => {
    const card = priced([
      ['Malaysia', '2.00'],
      ['Indonesia', '1.00'],
      ['India', '5.00'],
    ])
    const groups = [
      { prefix: '9198', count: 1 },
      { prefix: '6281', count: 7 },
      { prefix: '6012', count: 4 },
    ]
    expect(quote(groups, {}, card).lines.map(({ market }) => market)).toEqual([
      'Malaysia',
      'Indonesia',
      'India',
    ])
  })

  it('orders what it leaves out by how many they are, then by name; nobody is not named', () => {
    const groups = [
      { prefix: '6012', count: 5 },
      { prefix: '9198', count: 5 },
      { prefix: '1202', count: 9 },
      { prefix: '5512', count: 0 },
    ]
    const excluded = [
      { reason: 'suppressed', count: 2 },
      { reason: 'duplicate', count: 2 },
      { reason: 'no_price', count: 1 },
      { reason: 'missing_variable', count: 0 },
    ]
    for (const [some, found] of [
      [groups, excluded],
      [groups.toReversed(), excluded.toReversed()],
    ] as const) {
      const left = quote(some, { excluded: found }, { ...november, currency: 'EUR' })
      expect(left.unpricedMarkets).toEqual([
        { market: 'North America', count: 9 },
        { market: 'India', count: 5 },
        { market: 'Malaysia', count: 5 },
      ])
      expect(left.excluded).toEqual([
        { reason: 'no_price', count: 20 },
        { reason: 'duplicate', count: 2 },
        { reason: 'suppressed', count: 2 },
      ])
      expect(left).toMatchObject({ lines: [], recipients: 0, totalMinor: 0n, minimumMinor: 0n, models: [] })
    }
  })

  it('a line says by which card it is priced, and how many of it are free', () => {
    const groups = [
      { prefix: '6281', count: 10, freeCount: 4 },
      { prefix: '6285', count: 5 },
      { prefix: '6282', count: 3, freeCount: 1 },
    ]
    expect(quote(groups).lines).toEqual([
      {
        market: 'Indonesia',
        category: 'utility',
        count: 18,
        freeCount: 5,
        unitPriceMinor: 250n,
        subtotalMinor: 4_500n,
        model: 'per_message',
        chargeOn: 'delivered',
        effectiveFrom: '2026-10-01',
        source: 'seed',
      },
    ])
    expect(quote(groups).expectedMinor).toBe(13n * 250n)
  })

  it('expects the usual share to arrive and the open windows to hold; it reserves for all', () => {
    const groups = [{ prefix: '6281', count: 100, freeCount: 20 }]
    const priced = quote(groups, { deliveredBasisPoints: 9333 })
    expect(priced.maximumMinor).toBe(25_000n)
    expect(priced.expectedMinor).toBe(18_666n)
    expect(priced.minimumMinor).toBe(0n)
  })

  it('owes at least what is charged on acceptance', () => {
    const heading = 'model,currency,market,category,effective_from,price_per_unit,charge_on'
    const csv = `${heading}\nper_message,USD,Malaysia,utility,2026-11-01,0.02,accepted`
    const own = unwrap(parseRateRows(csv, { owner: 'workspace', source: 'own' }))
    const priced = quote(
      audience,
      { deliveredBasisPoints: 5000 },
      {
        ...november,
        cards: [...cards, ...own],
      },
    )
    expect(priced.minimumMinor).toBe(10_000n)
    expect(priced.expectedMinor).toBe(10_000n + 50_170n)
    expect(priced.lines.map(({ chargeOn }) => chargeOn)).toEqual(['delivered', 'accepted', 'delivered'])
  })

  it('names every model that prices it', () => {
    const heading = 'model,currency,market,category,effective_from,price_per_unit'
    const csv = `${heading}\nconversation_24h,USD,Malaysia,utility,2026-11-01,0.02`
    const own = unwrap(parseRateRows(csv, { owner: 'workspace', source: 'own' }))
    const basis = { ...november, cards: [...cards, ...own] }
    expect(quoteLines(priceGroups(audience, basis), basis)).toMatchObject({
      models: ['conversation_24h', 'per_message'],
      rateCardAsOf: '2026-11-01',
    })
  })

  const group = fc.record({ prefix: fc.stringMatching(/^[1-9][0-9]{3}$/), count: fc.nat(100_000) })
  const groups = fc.array(group, { maxLength: 60 })
  const currency = fc.constantFrom('USD', 'IDR', 'INR')
  const on = fc.constantFrom('2023-01-01', '2024-01-01', '2026-07-01', '2026-11-22')

  it('adds up, loses nobody, and is exact', () => {
    fc.assert(
      fc.property(groups, currency, on, (some, money, day) => {
        const basis = { ...november, currency: money, on: day }
        const priced = quoteLines(priceGroups(some, basis), basis)
        const sum = priced.lines.reduce((total, line) => total + line.subtotalMinor, 0n)
        const excluded = priced.excluded.reduce((total, { count }) => total + count, 0)
        expect(priced.totalMinor).toBe(sum)
        expect(priced.recipients + excluded).toBe(some.reduce((total, { count }) => total + count, 0))
        for (const line of priced.lines) {
          expect(line.subtotalMinor).toBe(line.unitPriceMinor * BigInt(line.count))
          expect(typeof line.unitPriceMinor).toBe('bigint')
        }
        expect(new Set(priced.lines.map(({ market }) => market)).size).toBe(priced.lines.length)
      }),
    )
  })

  it('does not depend on the order of groups, nor on how contacts are grouped', () => {
    const shuffled = groups.chain((some) =>
      fc.tuple(fc.constant(some), fc.shuffledSubarray(some, { minLength: some.length })),
    )
    fc.assert(
      fc.property(shuffled, ([some, others]) => {
        const halves = others.flatMap(({ prefix, count }) => [
          { prefix, count: Math.floor(count / 2) },
          { prefix: `${prefix}55`, count: count - Math.floor(count / 2) },
        ])
        expect(quote(others)).toEqual(quote(some))
        expect(quote(halves)).toEqual(quote(some))
      }),
    )
  })
})

describe('what-if', () => {
  it('sets another day, another category and fewer markets beside the quote', () => {
    const variants = [
      { on: '2026-09-30' },
      { category: 'marketing' },
      { withoutMarkets: ['Malaysia'] },
    ] as const
    const { base, variants: compared } = unwrap(whatIf(audience, variants, november))
    expect(base).toEqual(quote(audience))
    expect(compared.map(({ quote, differenceMinor }) => [quote.totalMinor, differenceMinor])).toEqual([
      [107_340n, 0n],
      [400n * 411n + 50n * 860n + 10n * 250n, 400n * 411n + 50n * 860n + 10n * 250n - 107_340n],
      [100_340n, -7_000n],
    ])
    expect(compared[2]?.quote.excluded).toEqual([{ reason: 'market_left_out', count: 50 }])
    expect(compared[0]?.quote).toMatchObject({ pricedOn: '2026-09-30', rateCardAsOf: '2026-07-01' })
  })

  it('keeps the free contacts only where day and category stay', () => {
    const groups = [{ prefix: '6281', count: 10, freeCount: 4 }]
    const { base, variants } = unwrap(
      whatIf(groups, [{ withoutMarkets: ['India'] }, { category: 'marketing' }], november),
    )
    expect(base.expectedMinor).toBe(6n * 250n)
    expect(variants[0]?.quote.expectedMinor).toBe(6n * 250n)
    expect(variants[1]?.quote.expectedMinor).toBe(10n * 411n)
  })

  it('compares a dozen at most', () => {
    const many = Array.from({ length: MAX_WHAT_IF_VARIANTS + 1 }, () => ({ on: '2026-09-30' }))
    expect(whatIf(audience, many, november)).toMatchObject({
      ok: false,
      reason: 'too_many_variants',
      message: 'Compare at most 12 variants at a time.',
    })
    expect(unwrap(whatIf(audience, many.slice(1), november)).variants).toHaveLength(12)
  })

  it('tells beside what it leaves out what was left out before, and counts nobody twice', () => {
    const basis = { ...november, currency: 'IDR', excluded: [{ reason: 'suppressed', count: 7 }] }
    const { base, variants } = unwrap(
      whatIf(audience, [{}, { withoutMarkets: ['Indonesia', 'Atlantis'] }], basis),
    )
    expect(variants[0]).toMatchObject({ variant: {}, differenceMinor: 0n })
    expect(variants[0]?.quote).toEqual(base)
    expect(variants[1]?.quote).toMatchObject({
      lines: [],
      excluded: [
        { reason: 'market_left_out', count: 400 },
        { reason: 'no_price', count: 60 },
        { reason: 'suppressed', count: 7 },
      ],
    })
    expect(variants[1]?.differenceMinor).toBe(-base.totalMinor)
  })

  it.each([
    [{ on: '2026-11-22' }, 6n],
    [{ category: 'utility' }, 6n],
    [{ on: '2026-11-22', category: 'utility' }, 6n],
    [{ on: '2026-11-23' }, 10n],
    [{ on: '2026-11-23', category: 'utility' }, 10n],
  ] as const)('under %j expects to be paid for %i of ten', (variant, paidFor) => {
    const { variants } = unwrap(whatIf([{ prefix: '6281', count: 10, freeCount: 4 }], [variant], november))
    expect(variants[0]?.quote.expectedMinor).toBe(paidFor * 250n)
  })
})
