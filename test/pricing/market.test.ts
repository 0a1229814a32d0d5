import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  compileMarkets,
  MARKET_PREFIX_DIGITS,
  marketCoverage,
  marketOf,
  OTHER_MARKET,
  parseMarketRows,
} from '../../src/pricing/index.ts'
import { cards, markets } from './seed.ts'

const HEADING = 'calling_code_prefix,country,market,effective_from,effective_until'

describe('the market of a number', () => {
  it.each([
    ['628123456789', '2026-11-22', 'Indonesia'],
    ['60123456789', '2026-11-22', 'Malaysia'],
    ['12025550123', '2026-11-22', 'North America'],
    ['14165550123', '2026-11-22', 'North America'],
    ['12425550123', '2026-11-22', 'North America'],
    ['18095550123', '2026-11-22', 'Rest of Latin America'],
    ['18295550123', '2026-11-22', 'Rest of Latin America'],
    ['18495550123', '2026-11-22', 'Rest of Latin America'],
    ['16585550123', '2026-11-22', 'Rest of Latin America'],
    ['18765550123', '2026-11-22', 'Rest of Latin America'],
    ['17875550123', '2026-11-22', 'Rest of Latin America'],
    ['19395550123', '2026-11-22', 'Rest of Latin America'],
    ['390669812345', '2026-11-22', 'Italy'],
    ['379123456', '2026-11-22', 'Other'],
    ['79161234567', '2026-11-22', 'Russia'],
    ['77011234567', '2026-09-30', 'Russia'],
    ['77011234567', '2026-10-01', 'Kazakhstan'],
    ['76011234567', '2026-10-01', 'Kazakhstan'],
    ['85291234567', '2026-06-30', 'Rest of Asia Pacific'],
    ['85291234567', '2026-07-01', 'Hong Kong'],
    ['6591234567', '2026-07-01', 'Singapore'],
    ['212612345678', '2026-09-30', 'Rest of Africa'],
    ['212612345678', '2026-10-01', 'Morocco'],
    ['8801712345678', '2026-10-01', 'Bangladesh'],
    ['380501234567', '2026-10-01', 'Ukraine'],
    ['263712345678', '2025-09-30', 'Other'],
    ['263712345678', '2025-10-01', 'Rest of Africa'],
    ['354612345678', '2026-11-22', 'Other'],
    ['999912345678', '2026-11-22', 'Other'],
  ])('%s on %s is %s', (digits, day, market) => {
    expect(marketOf(digits, day, markets)).toBe(market)
    expect(compileMarkets(markets, day)(digits)).toBe(market)
    expect(compileMarkets(markets, day)(digits.slice(0, MARKET_PREFIX_DIGITS))).toBe(market)
  })

  it('is the same by the table and by the compiled lookup, from four digits as from all', () => {
    const day = fc.constantFrom('2023-06-01', '2025-10-01', '2026-06-30', '2026-07-01', '2026-10-01')
    const digits = fc.stringMatching(/^[1-9][0-9]{6,14}$/)
    fc.assert(
      fc.property(digits, day, (number, on) => {
        const lookup = compileMarkets(markets, on)
        expect(lookup(number)).toBe(marketOf(number, on, markets))
        expect(lookup(number.slice(0, MARKET_PREFIX_DIGITS))).toBe(lookup(number))
      }),
    )
  })

  it('is decided by four digits, since no prefix of the table is longer', () => {
    expect(Math.max(...markets.map(({ prefix }) => prefix.length))).toBe(MARKET_PREFIX_DIGITS)
  })

  it.each(['+628123', '62', '', '62x123', '0x12'])(
    'of %j is a bug, and the message does not repeat it',
    (digits) => {
      expect(() => compileMarkets(markets, '2026-11-22')(digits)).toThrow(/^a number for a market/)
      expect(() => marketOf(digits, '2026-11-22', markets)).toThrow(/^a number for a market/)
    },
  )

  it('of a million numbers is found well within a second of the processor', () => {
    const lookup = compileMarkets(markets, '2026-11-22')
    const numbers = ['628123456789', '12025550123', '18095550123', '212612345678']
    const before = process.cpuUsage()
    let found = 0
    for (let at = 0; at < 1_000_000; at += 1) if (lookup(numbers[at % 4]!) !== OTHER_MARKET) found += 1
    expect(found).toBe(1_000_000)
    expect(process.cpuUsage(before).user).toBeLessThan(1_000_000)
  })
})

describe('the table of markets', () => {
  it('and the seed of prices know the same markets', () => {
    const coverage = marketCoverage(new Set(cards.map(({ market }) => market)), markets)
    expect(coverage).toEqual({ withoutPrefix: [], withoutPrice: [] })
  })

  it('reports, for a card of one market, whose numbers it leaves unpriced', () => {
    const coverage = marketCoverage(['Indonesia', 'Atlantis'], markets)
    expect(coverage.withoutPrefix).toEqual(['Atlantis'])
    expect(coverage.withoutPrice).toContain('Malaysia')
    expect(coverage.withoutPrice).not.toContain('Indonesia')
  })

  it.each([
    ['12345,X,Y,,', 'calling_code_prefix', 'bad_prefix'],
    ['+62,X,Y,,', 'calling_code_prefix', 'bad_prefix'],
    ['062,X,Y,,', 'calling_code_prefix', 'bad_prefix'],
    ['62,X,,,', 'market', 'missing'],
    ['62,X,Y,July,', 'effective_from', 'bad_day'],
    ['62,X,Y,2026-10-01,2026-10-01', 'effective_until', 'bad_period'],
  ])('with the row %s is refused', (row, column, code) => {
    const result = parseMarketRows(`${HEADING}\n${row}`)
    expect(result).toMatchObject({ reason: 'invalid_markets', facts: { errors: [{ row: 2, column, code }] } })
  })

  it('may give a prefix to two markets one after the other, never at once', () => {
    const after = `${HEADING}\n212,M,Rest of Africa,,2026-10-01\n212,M,Morocco,2026-10-01,`
    const atOnce = `${HEADING}\n212,M,Rest of Africa,,2026-10-02\n212,M,Morocco,2026-10-01,`
    expect(parseMarketRows(after).ok).toBe(true)
    expect(parseMarketRows(atOnce)).toMatchObject({ facts: { errors: [{ row: 3, code: 'conflict' }] } })
    const rows = [
      { prefix: '212', country: 'M', market: 'A' },
      { prefix: '212', country: 'M', market: 'B' },
    ]
    expect(() => compileMarkets(rows, '2026-11-22')).toThrow('+212 is claimed by A and B')
  })
})
