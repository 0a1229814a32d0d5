import { describe, expect, test } from 'vitest'
import { parseAmountText, parseNumericAmount, sheetLocale } from '../../src/contacts/index.ts'

const TYPED: readonly (readonly [typed: string, locale: string | undefined, outcome: string])[] = [
  ['1500000', 'id', '1500000'],
  ['1.500', 'id', '1500'],
  ['1.500', 'en', '1.5'],
  ['1,500', 'en', '1500'],
  ['1,5', 'id', '1.5'],
  ['Rp 1.500.000,50', 'id', '1500000.5'],
  ['Rp1.500.000,-', 'id', '1500000'],
  ['Rp. 1.500.000', 'id', '1500000'],
  ['IDR 1.500.000', 'id', '1500000'],
  ['1.500.000 IDR', 'id', '1500000'],
  ['1.500.000 rupiah', 'id', '1500000'],
  ['1 500 000', 'id', '1500000'],
  ['1\u202f500\u00a0000,25', 'es', '1500000.25'],
  ['$1,500.50', 'en', '1500.5'],
  ['US$ 1,500.00', 'en', '1500'],
  ['USD 12.50', 'en', '12.5'],
  ['MX$1,500.00', 'es-MX', '1500'],
  ['1.234,56 €', 'es', '1234.56'],
  ['S/ 1,500.00', 'es-PE', '1500'],
  ['R$ 1.500,00', 'pt-BR', '1500'],
  ['12,34,567.50', 'en-IN', '1234567.5'],
  ['1’234.50', 'de-CH', '1234.5'],
  ['0', 'id', '0'],
  ['007', 'id', '7'],
  ['1.500', undefined, 'amount_ambiguous'],
  ['1,500', undefined, 'amount_ambiguous'],
  ['1,500.50', undefined, '1500.5'],
  ['1.500.000', undefined, '1500000'],
  ['1500000', undefined, '1500000'],
  ['1,500,000', 'id', 'amount_not_in_locale'],
  ['1.500.000', 'en', 'amount_not_in_locale'],
  ['1500.50', 'id', 'amount_not_in_locale'],
  ['1500,50', 'en', 'amount_not_in_locale'],
  ['1.50.000', 'id', 'amount_not_in_locale'],
  ['1.500.00', 'id', 'amount_not_in_locale'],
  ['-500', 'en', 'amount_negative'],
  ['Rp -500', 'id', 'amount_negative'],
  ['($500)', 'en', 'amount_negative'],
  ['500-', 'en', 'amount_negative'],
  ['\u2212500', 'en', 'amount_negative'],
  ['1.5jt', 'id', 'amount_invalid'],
  ['500rb', 'id', 'amount_invalid'],
  ['500 mil', 'es', 'amount_invalid'],
  ['1e5', 'id', 'amount_invalid'],
  ['lunas', 'id', 'amount_invalid'],
  ['1.500 - 2.000', 'id', 'amount_invalid'],
  ['123456789012345', 'id', 'amount_too_large'],
  ['1,23456', 'id', 'amount_too_precise'],
]

const STORED_AS_NUMBER: readonly (readonly [raw: string, outcome: string])[] = [
  ['1500000', '1500000'],
  ['1.5E6', '1500000'],
  ['586.33', '586.33'],
  ['586.33000000000004', '586.33'],
  ['586.3300000000001', '586.33'],
  ['0.30000000000000004', '0.3'],
  ['99.99999999999999', '100'],
  ['4.1399999999999997', '4.14'],
  ['0', '0'],
  ['-5', 'amount_negative'],
  ['33333.3333333333', 'amount_too_precise'],
  ['123456789012345678', 'amount_too_large'],
  ['NaN', 'amount_invalid'],
]

describe('an amount', () => {
  test.each(TYPED)('typed as %j in %s is %s', (typed, tag, outcome) => {
    const amount = parseAmountText(typed, sheetLocale(tag))
    expect(amount.ok ? amount.value : amount.reason).toBe(outcome)
  })

  test.each(STORED_AS_NUMBER)('stored as the number %s is %s', (raw, outcome) => {
    const amount = parseNumericAmount(raw)
    expect(amount.ok ? amount.value : amount.reason).toBe(outcome)
  })
})
