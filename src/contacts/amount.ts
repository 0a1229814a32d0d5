import { ok, type Result, refuse } from '../platform/result.ts'
import { plainDecimal, sheetDecimal, wholeDigits } from './decimal.ts'
import type { NumberMarks, SheetLocale } from './locale.ts'

/** Why a cell is not an amount of money. */
export type AmountRefusal =
  | 'amount_invalid'
  | 'amount_ambiguous'
  | 'amount_not_in_locale'
  | 'amount_negative'
  | 'amount_too_large'
  | 'amount_too_precise'

/** A plain decimal such as `1500000` or `586.33`. */
export type Amount = Result<string, AmountRefusal>

/** The house counts in 1/10,000 and holds fourteen whole digits. */
const MAX_WHOLE_DIGITS = 14
const MAX_DECIMALS = 4
const MAX_CELL_CHARS = 60
/** `Rp`, `Rp.`, `US$`, `S/`, `IDR`: before the digits no letters can mean thousands or millions. */
const CURRENCY_BEFORE = /^(?:[a-z]{1,3}[./]{0,2})?\s*\p{Sc}?\s*/iu
/** After them they can (`500 mil`, `1,5 jt`), so only a currency is taken away. */
const CURRENCY_AFTER = /\s*(?:\p{Sc}|([a-z]{3})|rp\.?|rupiah|pesos?|d[oó]lar(?:es)?|euros?)$/iu
const CURRENCY_CODES = new Set(Intl.supportedValuesOf('currency'))

/**
 * Reads a typed amount (`Rp 1.500.000,50`, `$1,500.50`) into a plain decimal, by the marks of the locale. With no
 * locale it is taken only if it reads the same in every one. What does not fit the locale is refused, never guessed.
 */
export function parseAmountText(text: string, locale: SheetLocale): Amount {
  const typed = text
    .normalize('NFKC')
    .replace(/\p{Cf}/gu, '')
    .replace(/\u2212/g, '-')
    .trim()
  if (typed.length > MAX_CELL_CHARS || !/\d/.test(typed)) return invalid()
  if (/^\(.*\)$/.test(typed) || /^\D{0,5}-|-$/.test(withoutEmptyCents(typed))) return negative()
  const digits = withoutEmptyCents(withoutCurrency(typed)).replace(/^\+/, '')
  if (!/^\d[\d.,'’\s]*$/.test(digits)) return invalid()
  const readings = locale.numberMarks.map((marks) => readWith(digits, marks))
  const found = new Set(readings.filter((reading) => reading !== undefined))
  if (found.size === 0) return notInLocale()
  if (found.size > 1) return ambiguous()
  return withinLimits([...found][0]!)
}

/**
 * The amount of a cell stored as a number, from its text in the file: to fifteen significant digits, which is what a
 * spreadsheet promises (`586.33000000000004` is 586.33).
 */
export function parseNumericAmount(rawNumber: string): Amount {
  const decimal = sheetDecimal(rawNumber)
  if (decimal === undefined) return invalid()
  if (decimal.startsWith('-')) return negative()
  return withinLimits(decimal)
}

function withoutCurrency(typed: string): string {
  const before = typed.replace(CURRENCY_BEFORE, '')
  return before
    .replace(CURRENCY_AFTER, (word, code?: string) =>
      code === undefined || CURRENCY_CODES.has(code.toUpperCase()) ? '' : word,
    )
    .trim()
}

/** `1.500.000,-` is how Indonesians close a round amount. */
function withoutEmptyCents(typed: string): string {
  return typed.replace(/\s*[,.]\s*[-–—]{1,2}$/, '')
}

function readWith(digits: string, marks: NumberMarks): string | undefined {
  const [whole = '', fraction, ...rest] = digits.split(marks.decimal)
  if (rest.length > 0 || (fraction !== undefined && !/^\d+$/.test(fraction))) return undefined
  const joined = ungroup(whole.trim(), marks)
  if (joined === undefined) return undefined
  return plainDecimal(fraction === undefined ? joined : `${joined}.${fraction}`)
}

/** Groups are of three (of two above the last three in India); spaces group in every language. */
function ungroup(whole: string, { group, indian }: NumberMarks): string | undefined {
  if (/^\d+$/.test(whole)) return whole
  for (const mark of [group, ' ']) {
    const [first = '', ...others] = whole.replace(/\s/g, ' ').replace(/’/g, "'").split(mark)
    const last = others.pop()
    if (last === undefined || !/^\d{3}$/.test(last)) continue
    if (/^\d{1,3}$/.test(first) && others.every((part) => /^\d{3}$/.test(part)))
      return first + others.join('') + last
    if (indian && /^\d{1,2}$/.test(first) && others.every((part) => /^\d{2}$/.test(part))) {
      return first + others.join('') + last
    }
  }
  return undefined
}

function withinLimits(decimal: string): Amount {
  if (wholeDigits(decimal) > MAX_WHOLE_DIGITS) {
    return refuse('amount_too_large', 'The amount has more than 14 digits before the decimal mark. Check it.')
  }
  if ((decimal.split('.')[1]?.length ?? 0) > MAX_DECIMALS) {
    return refuse(
      'amount_too_precise',
      'The amount has more than 4 decimals. Round it to what is to be paid.',
    )
  }
  return ok(decimal)
}

function invalid(): Amount {
  return refuse('amount_invalid', 'This is not an amount. Write digits only, for example 1500000.')
}

function negative(): Amount {
  return refuse(
    'amount_negative',
    'The amount is negative. Write what is to be paid as a positive number, or leave it empty.',
  )
}

function notInLocale(): Amount {
  return refuse(
    'amount_not_in_locale',
    'The points and commas do not fit the language of the sheet. Choose another language, or write digits only.',
  )
}

function ambiguous(): Amount {
  return refuse(
    'amount_ambiguous',
    'The point or comma can mean thousands or decimals. Choose the language of the sheet, or write digits only.',
  )
}
