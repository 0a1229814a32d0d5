import { describe, expect, it } from 'vitest'
import { divideHalfUp, formatAmount, moneyJson, parseAmount } from '../../src/platform/money.ts'
import {
  lateCaptureSource,
  refuseOverdraft,
  repayId,
  repaymentOf,
  reserveId,
  topUpId,
} from '../../src/wallet/ledger.ts'

describe('an amount of money', () => {
  it.each([
    ['586.33', 5_863_300n, '586.33'],
    ['0.0014', 14n, '0.0014'],
    ['0.001', 10n, '0.001'],
    ['1', 10_000n, '1.00'],
    ['-0.5', -5_000n, '-0.50'],
    ['-1.2345', -12_345n, '-1.2345'],
    ['0', 0n, '0.00'],
    ['99999999999999.9999', 999_999_999_999_999_999n, '99999999999999.9999'],
    ['100.10', 1_001_000n, '100.10'],
  ])('%s is %s ten-thousandths, written %s', (text, minor, written) => {
    expect(parseAmount(text)).toBe(minor)
    expect(formatAmount(minor)).toBe(written)
    expect(moneyJson(minor, 'IDR')).toEqual({ amount: written, currency: 'IDR' })
  })

  it.each([
    '',
    '1.',
    '.5',
    '1e3',
    '1,000',
    '1.23456',
    '+1',
    ' 1',
    '1 ',
    '--1',
    '123456789012345',
    '1.2.3',
    'x1',
    '1x',
  ])('%j is none', (text) => expect(parseAmount(text)).toBeUndefined())

  it.each([
    [1n, 2n, 1n],
    [1n, 3n, 0n],
    [2n, 3n, 1n],
    [5n, 2n, 3n],
    [-1n, 2n, -1n],
    [-5n, 2n, -3n],
    [-1n, 3n, 0n],
    [0n, 7n, 0n],
    [7n, 1n, 7n],
    [1n, 1n, 1n],
  ])('%s divided by %s is %s', (numerator, denominator, quotient) => {
    expect(divideHalfUp(numerator, denominator)).toBe(quotient)
  })

  it.each([0n, -1n])('is not divided by %s', (denominator) => {
    expect(() => divideHalfUp(1n, denominator)).toThrow('denominator must be positive')
  })
})

describe('the ledger', () => {
  it('refuses a hold of more than is available, says by how much, and takes one of all of it', () => {
    expect(refuseOverdraft(100n, 100n, 'IDR')).toBeUndefined()
    expect(refuseOverdraft(0n, 0n, 'IDR')).toBeUndefined()
    const refusal = refuseOverdraft(1_000_000n, 1_000_001n, 'IDR')
    expect(refusal).toMatchObject({ ok: false, reason: 'insufficient_funds' })
    expect(refusal?.message).toBe(
      'This needs 100.0001 IDR, and 100.00 is available: top up at least 0.0001 and submit again. Nothing was reserved.',
    )
    expect(refusal?.facts).toEqual({
      available: { amount: '100.00', currency: 'IDR' },
      required: { amount: '100.0001', currency: 'IDR' },
      shortfall: { amount: '0.0001', currency: 'IDR' },
    })
  })

  it('takes a late charge from the wallet where that suffices', () => {
    expect(lateCaptureSource(5n, 5n)).toBe('wallet')
    expect(lateCaptureSource(4n, 5n)).toBe('receivable')
  })

  it('pays what is owed out of a top-up, as far as it reaches', () => {
    expect([repaymentOf(0n, 5n), repaymentOf(4n, 5n), repaymentOf(5n, 5n), repaymentOf(6n, 5n)]).toEqual([
      0n,
      4n,
      5n,
      5n,
    ])
  })

  it('asks for what is owed as well, since the next top-up pays it first', () => {
    expect(refuseOverdraft(10_000n, 30_000n, 'IDR', 5_000n)).toMatchObject({
      message: expect.stringContaining('top up at least 2.50'),
      facts: { shortfall: { amount: '2.50' } },
    })
  })

  it('names a top-up by workspace and reference, a reservation by campaign and version, and neither like the other', () => {
    const ids = [
      topUpId('w1', 'a'),
      topUpId('w1', 'b'),
      topUpId('w2', 'a'),
      reserveId('w1', 1),
      reserveId('w1', 2),
      reserveId('w2', 1),
      topUpId('w1', '1'),
      repayId('w1'),
    ]
    expect(new Set(ids).size).toBe(ids.length)
    expect(topUpId('w1', 'a')).toBe(ids[0])
    expect(reserveId('w1', 2)).toBe(ids[4])
  })
})
