/** Units of money in one currency unit: all amounts are bigint in 1/10,000 of a unit. */
export const UNITS_PER_CURRENCY_UNIT = 10_000n
const SCALE = 4

/** Money as the API speaks it: a decimal string and an ISO 4217 code. */
export type MoneyJson = { readonly amount: string; readonly currency: string }

const DECIMAL = /^(-?)(\d{1,14})(?:\.(\d{1,4}))?$/

/**
 * Reads a decimal string such as `586.33` into 1/10,000 units, exactly. Returns undefined for anything else:
 * exponents, grouping, more than four decimals or more than fourteen whole digits.
 */
export function parseAmount(text: string): bigint | undefined {
  const match = DECIMAL.exec(text)
  if (!match) return undefined
  const [, sign, whole, fraction = ''] = match
  const units = BigInt(whole!) * UNITS_PER_CURRENCY_UNIT + BigInt(fraction.padEnd(SCALE, '0'))
  return sign === '-' ? -units : units
}

/** Writes 1/10,000 units as a decimal string with at least two decimals and no more than needed (`586.33`, `0.0014`). */
export function formatAmount(amountMinor: bigint): string {
  const sign = amountMinor < 0n ? '-' : ''
  const abs = amountMinor < 0n ? -amountMinor : amountMinor
  const fraction = (abs % UNITS_PER_CURRENCY_UNIT)
    .toString()
    .padStart(SCALE, '0')
    .replace(/0{1,2}$/, '')
  return `${sign}${abs / UNITS_PER_CURRENCY_UNIT}.${fraction}`
}

/** The API's money object from 1/10,000 units. */
export function moneyJson(amountMinor: bigint, currency: string): MoneyJson {
  return { amount: formatAmount(amountMinor), currency }
}

/** Divides rounding half up, away from zero for negatives: the one rounding rule of the house. */
export function divideHalfUp(numerator: bigint, denominator: bigint): bigint {
  if (denominator <= 0n) throw new Error('denominator must be positive')
  const sign = numerator < 0n ? -1n : 1n
  const abs = numerator < 0n ? -numerator : numerator
  return sign * ((abs * 2n + denominator) / (denominator * 2n))
}
