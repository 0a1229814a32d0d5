import { describe, expect, it } from 'vitest'
import { parseAmount } from '../../src/platform/money.ts'
import { unwrap } from '../../src/platform/result.ts'
import {
  type Category,
  parseRateRows,
  priceOn,
  type RateRow,
  type RowProblem,
} from '../../src/pricing/index.ts'
import { cards } from './seed.ts'

const HEADING = 'model,currency,market,category,effective_from,price_per_unit'
const GOOD = 'per_message,IDR,Indonesia,utility,2026-11-01,400.00'
const byOperator = { owner: 'install', source: 'card.csv' } as const

function rowsOf(csv: string, options: Partial<Parameters<typeof parseRateRows>[1]> = {}): readonly RateRow[] {
  return unwrap(parseRateRows(csv, { ...byOperator, ...options }))
}

function errorsOf(
  csv: string,
  options: Partial<Parameters<typeof parseRateRows>[1]> = {},
): readonly RowProblem[] {
  const result = parseRateRows(csv, { ...byOperator, ...options })
  if (result.ok) throw new Error('was accepted')
  expect(result.reason).toBe('invalid_rate_card')
  return result.facts!.errors as RowProblem[]
}

describe('the seed', () => {
  it.each<[string, string, Category, string, string | undefined, string | undefined]>([
    ['IDR', 'Indonesia', 'marketing', '2023-05-31', undefined, undefined],
    ['IDR', 'Indonesia', 'marketing', '2023-06-01', '600', 'conversation_24h'],
    ['IDR', 'Indonesia', 'utility', '2023-06-01', '300', 'conversation_24h'],
    ['IDR', 'Indonesia', 'authentication', '2024-02-29', '440', 'conversation_24h'],
    ['IDR', 'Indonesia', 'service', '2026-06-30', '275', 'conversation_24h'],
    ['IDR', 'Indonesia', 'utility', '2026-06-30', '300', 'conversation_24h'],
    ['IDR', 'Indonesia', 'utility', '2026-07-01', '356.65', 'per_message'],
    ['IDR', 'Indonesia', 'marketing', '2026-07-01', '586.33', 'per_message'],
    ['IDR', 'Indonesia', 'authentication', '2026-11-22', '356.65', 'per_message'],
    ['IDR', 'Indonesia', 'service', '2026-09-30', '0', 'per_message'],
    ['IDR', 'Indonesia', 'service', '2026-10-01', '356.65', 'per_message'],
    ['IDR', 'Malaysia', 'utility', '2026-11-22', undefined, undefined],
    ['INR', 'India', 'marketing', '2026-11-22', '0.8631', 'per_message'],
    ['INR', 'India', 'service', '2026-10-01', '0.115', 'per_message'],
    ['EUR', 'Spain', 'marketing', '2026-11-22', undefined, undefined],
    ['USD', 'Mexico', 'marketing', '2026-09-30', '0.0305', 'per_message'],
    ['USD', 'Mexico', 'marketing', '2026-10-01', '0.0397', 'per_message'],
    ['USD', 'Pakistan', 'utility', '2026-09-30', '0.0100', 'per_message'],
    ['USD', 'Pakistan', 'utility', '2026-10-01', '0.0150', 'per_message'],
    ['USD', 'Turkey', 'utility', '2026-11-22', '0.0009', 'per_message'],
    ['USD', 'Morocco', 'utility', '2026-09-30', undefined, undefined],
    ['USD', 'Indonesia', 'authentication_international', '2026-11-22', '0.1360', 'per_message'],
    ['USD', 'Brazil', 'authentication_international', '2026-11-22', undefined, undefined],
    ['USD', 'Other', 'utility', '2026-11-22', '0.0077', 'per_message'],
  ])('%s %s %s on %s costs %s by %s', (currency, market, category, on, price, model) => {
    const row = priceOn(cards, { currency, market, category, on })
    expect(row?.priceMinor).toBe(price === undefined ? undefined : parseAmount(price))
    expect(row?.model).toBe(model)
  })

  it('prices the four template and service categories of all 47 markets in USD', () => {
    const october = cards.filter((row) => row.currency === 'USD' && row.effectiveFrom === '2026-10-01')
    const plain = october.filter((row) => row.category !== 'authentication_international')
    expect(plain).toHaveLength(47 * 4)
    expect(new Set(plain.map(({ market }) => market)).size).toBe(47)
  })
})

describe('which row is in force', () => {
  const key = { currency: 'IDR', market: 'Indonesia', category: 'utility' } as const
  const own = rowsOf(`${HEADING}\nconversation_24h,IDR,Indonesia,utility,2024-01-01,333`, {
    owner: 'workspace',
  })

  it("takes a workspace's own row although the installation's is newer", () => {
    expect(priceOn([...cards, ...own], { ...key, on: '2026-11-22' })?.priceMinor).toBe(333_0000n)
    expect(priceOn([...own, ...cards], { ...key, on: '2026-11-22' })?.model).toBe('conversation_24h')
  })

  it.each([0, 1, 2])('is the latest of one owner, wherever it stands among three (turned by %i)', (by) => {
    const three = ['2026-01-01', '2026-03-01', '2026-02-01'].flatMap((day, at) =>
      rowsOf(`${HEADING}\nper_message,IDR,Indonesia,utility,${day},${at + 1}`),
    )
    const turned = [...three.slice(by), ...three.slice(0, by)]
    const prices = ['2025-12-31', '2026-01-01', '2026-02-28', '2026-03-01'].map(
      (on) => priceOn(turned, { ...key, on })?.priceMinor,
    )
    expect(prices).toEqual([undefined, 1_0000n, 3_0000n, 2_0000n])
  })

  it("falls back on the installation's row before a workspace's own begins and for other keys", () => {
    expect(priceOn([...own, ...cards], { ...key, on: '2023-12-31' })?.priceMinor).toBe(300_0000n)
    expect(priceOn([...own, ...cards], { ...key, category: 'marketing', on: '2026-11-22' })?.priceMinor).toBe(
      586_3300n,
    )
  })

  it('does not depend on the order of rows', () => {
    const on = '2026-11-22'
    expect(priceOn([...cards].reverse(), { ...key, on })).toEqual(priceOn(cards, { ...key, on }))
  })

  it('prefers the newer way of charging where two imports brought two models for one day', () => {
    const one = rowsOf(`${HEADING}\nconversation_24h,IDR,Indonesia,utility,2026-11-01,300`)
    const two = rowsOf(`${HEADING}\nper_message,IDR,Indonesia,utility,2026-11-01,400`)
    expect(priceOn([...one, ...two], { ...key, on: '2026-11-22' })?.model).toBe('per_message')
    expect(priceOn([...two, ...one], { ...key, on: '2026-11-22' })?.model).toBe('per_message')
  })
})

describe("an operator's card", () => {
  it('is read with its moment of charging and its source', () => {
    const [row] = rowsOf(`${HEADING},charge_on\n${GOOD},accepted`)
    expect(row).toEqual({
      owner: 'install',
      model: 'per_message',
      currency: 'IDR',
      market: 'Indonesia',
      category: 'utility',
      effectiveFrom: '2026-11-01',
      priceMinor: 400_0000n,
      chargeOn: 'accepted',
      source: 'card.csv',
    })
  })

  it.each([
    ['a byte order mark and CRLF', `\uFEFF${HEADING}\r\n${GOOD}\r\n`],
    [
      'semicolons, as Excel writes them where the comma is decimal',
      `${HEADING}\n${GOOD}`.replaceAll(',', ';'),
    ],
    ["Excel's sep line", `sep=;\r\n${`${HEADING}\r\n${GOOD}`.replaceAll(',', ';')}`],
    ['tabs', `${HEADING}\n${GOOD}`.replaceAll(',', '\t')],
    ['blank rows', `${HEADING}\n\n${GOOD}\n,,,,,\n\n`],
    [
      'capitals and spaces',
      `${HEADING.toUpperCase()}\nPer_Message, idr , Indonesia ,Utility,2026-11-01, 400 `,
    ],
    ['quotes', `${HEADING}\n"per_message","IDR","Indonesia","utility","2026-11-01","400.00"`],
  ])('may have %s', (_, csv) => {
    expect(rowsOf(csv)).toEqual(rowsOf(`${HEADING}\n${GOOD}`))
  })

  it('may come as the cells of a sheet', () => {
    expect(unwrap(parseRateRows([HEADING.split(','), GOOD.split(',')], byOperator))).toEqual(
      rowsOf(`${HEADING}\n${GOOD}`),
    )
  })

  it('gives a known market its own spelling, and refuses one that no number has', () => {
    const knownMarkets = ['Indonesia', 'India']
    expect(rowsOf(`${HEADING}\n${GOOD.replace('Indonesia', 'INDONESIA')}`, { knownMarkets })[0]?.market).toBe(
      'Indonesia',
    )
    expect(errorsOf(`${HEADING}\n${GOOD.replace('Indonesia', 'Indonesa')}`, { knownMarkets })).toMatchObject([
      { row: 2, column: 'market', code: 'unknown_market', value: 'Indonesa' },
    ])
  })

  it.each([
    ['per_hour', 'model', 'unknown_model'],
    ['Rupiah', 'currency', 'bad_currency'],
    ['promo', 'category', 'unknown_category'],
    ['01/11/2026', 'effective_from', 'bad_day'],
    ['2026-02-30', 'effective_from', 'bad_day'],
    ['400,50', 'price_per_unit', 'bad_price'],
    ['1.000,00', 'price_per_unit', 'bad_price'],
    ['1e3', 'price_per_unit', 'bad_price'],
    ['0.00001', 'price_per_unit', 'bad_price'],
    ['-1', 'price_per_unit', 'bad_price'],
    ['1000000.0001', 'price_per_unit', 'bad_price'],
    ['n/a', 'price_per_unit', 'bad_price'],
    ['', 'price_per_unit', 'bad_price'],
    ['', 'market', 'unknown_market'],
    ['never', 'charge_on', 'bad_charge_on'],
  ])('with "%s" as %s is refused: %s', (value, column, code) => {
    const names = [...HEADING.split(','), 'charge_on']
    const cells = [...GOOD.split(','), 'delivered']
    cells[names.indexOf(column)] = `"${value}"`
    expect(errorsOf(`${names.join(',')}\n${cells.join(',')}`)).toMatchObject([
      { row: 2, column, code, value },
    ])
  })

  it('names every bad row by its number in the file, blank rows counted', () => {
    const errors = errorsOf(
      `${HEADING}\n${GOOD}\n\nper_message,IDR,Malaysia,utility,soon,x\n${GOOD}\n${GOOD},1,2`,
    )
    expect(errors.map(({ row, column, code }) => [row, column, code])).toEqual([
      [4, 'effective_from', 'bad_day'],
      [4, 'price_per_unit', 'bad_price'],
      [5, 'effective_from', 'repeated'],
      [6, '', 'too_many_cells'],
      [6, 'effective_from', 'repeated'],
    ])
  })

  it('with two models on one day is refused, since neither could be chosen', () => {
    const other = GOOD.replace('per_message', 'conversation_24h')
    expect(errorsOf(`${HEADING}\n${GOOD}\n${other}`)).toMatchObject([{ row: 3, code: 'repeated' }])
  })

  it.each([
    ['', 'missing_columns'],
    ['market,price\nIndonesia,1', 'missing_columns'],
    [`${HEADING},charge_no\n${GOOD},accepted`, 'unknown_columns'],
    [`${HEADING},market\n${GOOD},India`, 'unknown_columns'],
    [`${HEADING}\n"per_message`, 'unreadable_table'],
    [HEADING, 'invalid_rate_card'],
  ])('%j as a whole is refused: %s', (csv, reason) => {
    expect(parseRateRows(csv, byOperator)).toMatchObject({ ok: false, reason })
  })

  it.each([
    ['12.5', '401.2313'],
    ['0', '356.6500'],
    ['100', '713.3000'],
  ])('is marked up by %s %% to %s, half-up once', (markupPercent, price) => {
    const csv = `${HEADING}\nper_message,IDR,Indonesia,utility,2026-07-01,356.65`
    expect(rowsOf(csv, { markupPercent })[0]?.priceMinor).toBe(parseAmount(price))
  })

  it('rounds a half unit up', () => {
    const csv = `${HEADING}\nper_message,USD,Turkey,utility,2026-07-01,0.0001`
    expect(rowsOf(csv, { markupPercent: '50' })[0]?.priceMinor).toBe(2n)
    expect(rowsOf(csv, { markupPercent: '49.9999' })[0]?.priceMinor).toBe(1n)
  })

  it.each(['-5', '1000.0001', 'ten', '5%'])('refuses a markup of %s', (markupPercent) => {
    expect(parseRateRows(`${HEADING}\n${GOOD}`, { ...byOperator, markupPercent })).toMatchObject({
      reason: 'invalid_markup',
    })
  })

  it.each(['1000', '0.0001', ' 7.5 '])('takes a markup of %j', (markupPercent) => {
    expect(parseRateRows(`${HEADING}\n${GOOD}`, { ...byOperator, markupPercent }).ok).toBe(true)
  })

  it('may be as dear as a million, and have a market of eighty letters, and no more', () => {
    const market = 'M'.repeat(80)
    const [row] = rowsOf(`${HEADING}\n${GOOD.replace('400.00', '1000000').replace('Indonesia', market)}`)
    expect(row).toMatchObject({ priceMinor: 1_000_000_0000n, market })
    expect(errorsOf(`${HEADING}\n${GOOD.replace('Indonesia', `${market}M`)}`)).toMatchObject([
      { column: 'market', code: 'unknown_market' },
    ])
  })

  it('of SMS may stand beside one of WhatsApp for the same day, but not twice', () => {
    const sms = GOOD.replace('per_message', 'per_segment')
    expect(rowsOf(`${HEADING}\n${GOOD}\n${sms}`).map(({ model }) => model)).toEqual([
      'per_message',
      'per_segment',
    ])
    expect(errorsOf(`${HEADING}\n${GOOD}\n${sms}\n${sms}`)).toMatchObject([{ row: 4, code: 'repeated' }])
  })

  it.each([
    ['currency', GOOD.replace('IDR', 'USD')],
    ['market', GOOD.replace('Indonesia', 'India')],
    ['category', GOOD.replace('utility', 'marketing')],
    ['day', GOOD.replace('2026-11-01', '2026-11-02')],
  ])('with another %s in its second row repeats nothing', (_, second) => {
    expect(rowsOf(`${HEADING}\n${GOOD}\n${second}`)).toHaveLength(2)
  })

  it('written in other letters and spaces is a repetition all the same, of the row that came first', () => {
    const again = 'PER_MESSAGE, idr ,INDONESIA,Utility,2026-11-01,1'
    expect(errorsOf(`${HEADING}\n${GOOD}\n${again}\n${again}`)).toEqual(
      [3, 4].map((row) => ({
        path: `rows.${row}.effective_from`,
        row,
        column: 'effective_from',
        code: 'repeated',
        message: 'Row 2 already has a price for this currency, market, category and day.',
        value: '2026-11-01',
      })),
    )
  })

  it('that names no day takes the day said beside it, and a row that names one keeps its own', () => {
    const dated = { effectiveFrom: '2026-12-01' }
    const [own, said] = rowsOf(`${HEADING}\n${GOOD}\n${GOOD.replace('2026-11-01', '')}`, dated)
    expect([own?.effectiveFrom, said?.effectiveFrom]).toEqual(['2026-11-01', '2026-12-01'])
    const undated = HEADING.replace('effective_from,', '')
    const cells = GOOD.replace('2026-11-01,', '')
    expect(rowsOf(`${undated}\n${cells}`, dated)[0]?.effectiveFrom).toBe('2026-12-01')
    expect(rowsOf(`${undated},charge_on\n${cells},accepted`, dated)[0]?.chargeOn).toBe('accepted')
    expect(parseRateRows(`${undated}\n${cells}`, byOperator)).toMatchObject({ reason: 'missing_columns' })
    expect(
      parseRateRows(`${undated.replace('market,', '')}\n${cells}`, { ...byOperator, ...dated }),
    ).toMatchObject({ reason: 'missing_columns', message: expect.stringContaining('lacks market.') })
    expect(errorsOf(`${undated}\n${cells}\n${cells}`, dated)).toMatchObject([
      { row: 3, code: 'repeated', value: '2026-12-01' },
    ])
    expect(parseRateRows(`${HEADING}\n${GOOD}`, { ...byOperator, effectiveFrom: 'soon' })).toMatchObject({
      reason: 'invalid_day',
      message: 'A day is written YYYY-MM-DD, such as 2026-12-01.',
    })
  })

  const price = 'A price is a decimal with a point and at most four places, from 0 to 1000000.00.'
  const noPrice = 'No price is not a price of zero: leave the row out.'
  it.each([
    ['per_hour', 'model', 'Known: per_message, conversation_24h, per_segment.'],
    ['RP', 'currency', 'A currency is three letters, such as IDR.'],
    ['IDRX', 'currency', 'A currency is three letters, such as IDR.'],
    ['XIDR', 'currency', 'A currency is three letters, such as IDR.'],
    ['ID1', 'currency', 'A currency is three letters, such as IDR.'],
    [
      'Atlantis',
      'market',
      'No calling code belongs to a market of this name; the names are those of the platform.',
    ],
    [
      'promo',
      'category',
      'Known: marketing, utility, authentication, service, authentication_international.',
    ],
    ['soon', 'effective_from', 'A day is written YYYY-MM-DD.'],
    ['-1', 'price_per_unit', price],
    ['12 n/a', 'price_per_unit', price],
    ['n/a 12', 'price_per_unit', price],
    ['--', 'price_per_unit', price],
    ['N/A', 'price_per_unit', noPrice],
    ['na', 'price_per_unit', noPrice],
    ['-', 'price_per_unit', noPrice],
    ['', 'price_per_unit', noPrice],
    ['never', 'charge_on', 'Known: delivered, accepted.'],
  ])('with "%s" as %s says: %s', (value, column, message) => {
    const names = [...HEADING.split(','), 'charge_on']
    const cells = [...GOOD.split(','), 'delivered']
    cells[names.indexOf(column)] = value
    expect(errorsOf(`${names.join(',')}\n${cells.join(',')}`, { knownMarkets: ['Indonesia'] })).toEqual([
      { path: `rows.2.${column}`, row: 2, column, code: expect.any(String), message, value },
    ])
  })

  it('says in one sentence how many rows are bad and what the first of them lacks', () => {
    const csv = `${HEADING}\n${GOOD}\n${GOOD}\nper_message,IDR,Malaysia,utility,soon,x\n${GOOD},1,2`
    expect(parseRateRows(csv, byOperator)).toMatchObject({
      message:
        '3 of 4 rows cannot be used, so nothing was imported. Row 3, effective_from: Row 2 already has a price for this currency, market, category and day.',
      facts: {
        errors: [
          { row: 3 },
          { row: 4, column: 'effective_from' },
          { row: 4, column: 'price_per_unit' },
          { row: 5, column: '', message: 'The row has more cells than the heading.', value: '1 2' },
          { row: 5, column: 'effective_from' },
        ],
      },
    })
    expect(errorsOf(HEADING)).toEqual([
      {
        path: 'rows.2.model',
        row: 2,
        column: 'model',
        code: 'no_rows',
        message: 'The file has no rows.',
        value: '',
      },
    ])
  })

  it('knows its markets in other letters and without the spaces around them', () => {
    const knownMarkets = [' Indonesia ']
    expect(rowsOf(`${HEADING}\n${GOOD.replace('Indonesia', 'iNDONESIA')}`, { knownMarkets })[0]?.market).toBe(
      ' Indonesia ',
    )
  })

  it('with a bad markup says how one is written', () => {
    expect(parseRateRows(`${HEADING}\n${GOOD}`, { ...byOperator, markupPercent: 'ten' })).toMatchObject({
      message: 'A markup is a percentage from 0 to 1000 with a point, such as 12.5.',
    })
  })
})
