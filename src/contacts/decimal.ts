/** A number as sheets store it: `1500000`, `-0.5`, `6.28E+12`. */
const NUMBER = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/
/** Spreadsheets store binary doubles, of which they show and promise fifteen significant decimal digits. */
export const SHEET_SIGNIFICANT_DIGITS = 15
/** Beyond this a "number" is not one that a person typed. */
const MAX_EXPONENT = 400
/** Nearly every number of a sheet: nothing to rewrite and nothing to round. */
const PLAIN_WHOLE = /^[1-9]\d{0,14}$/

/**
 * Writes a stored number as a plain decimal (`1.5E6` → `1500000`), digit for digit and without a float between.
 * Returns undefined for text that is no number.
 */
export function plainDecimal(rawNumber: string): string | undefined {
  if (PLAIN_WHOLE.test(rawNumber)) return rawNumber
  const parts = split(rawNumber)
  return parts === undefined ? undefined : join(parts)
}

/**
 * The same, rounded to the fifteen significant digits a spreadsheet promises, half away from zero: the stored
 * `586.33000000000004` is what a person sees as 586.33. Whole numbers of more than fifteen digits are left alone.
 */
export function sheetDecimal(rawNumber: string): string | undefined {
  if (PLAIN_WHOLE.test(rawNumber)) return rawNumber
  const parts = split(rawNumber)
  if (parts === undefined) return undefined
  const excess = parts.digits.length - SHEET_SIGNIFICANT_DIGITS
  if (excess <= 0 || parts.exponent >= 0) return join(parts)
  const dropped = Math.min(excess, -parts.exponent)
  const kept = BigInt(parts.digits.slice(0, -dropped) || '0')
  const rounded = kept + (parts.digits[parts.digits.length - dropped]! >= '5' ? 1n : 0n)
  return join({ ...parts, digits: rounded.toString(), exponent: parts.exponent + dropped })
}

/** The number of digits before the point of a plain decimal, leading zeros aside. */
export function wholeDigits(decimal: string): number {
  if (PLAIN_WHOLE.test(decimal)) return decimal.length
  return decimal.replace(/^[+-]?0*/, '').split('.')[0]!.length
}

/** value = ± digits × 10^exponent, with no zeros at either end of the digits. */
type Parts = { readonly negative: boolean; readonly digits: string; readonly exponent: number }

function split(rawNumber: string): Parts | undefined {
  const match = NUMBER.exec(rawNumber.trim())
  if (!match) return undefined
  const [, sign, whole = '', fraction = '', power = '0'] = match
  if (whole === '' && fraction === '') return undefined
  const exponent = Number(power)
  if (Math.abs(exponent) > MAX_EXPONENT) return undefined
  const digits = (whole + fraction).replace(/^0+/, '')
  return { negative: sign === '-', digits, exponent: exponent - fraction.length }
}

function join({ negative, digits, exponent }: Parts): string {
  if (/^0*$/.test(digits)) return '0'
  const sign = negative ? '-' : ''
  if (exponent >= 0) return sign + digits + '0'.repeat(exponent)
  const padded = digits.padStart(1 - exponent, '0')
  const fraction = padded.slice(exponent).replace(/0+$/, '')
  const whole = padded.slice(0, exponent)
  return sign + (fraction === '' ? whole : `${whole}.${fraction}`)
}
