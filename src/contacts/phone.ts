import {
  type CountryCode,
  getCountryCallingCode,
  isSupportedCountry,
  parsePhoneNumberFromString,
} from 'libphonenumber-js/max'
import { ok, type Result, refuse } from '../platform/result.ts'
import { plainDecimal } from './decimal.ts'
import { plainMobile } from './plain-phone.ts'

/** Why a cell is not a phone number we may write to. */
export type PhoneRefusal =
  | 'phone_missing'
  | 'phone_invalid'
  | 'phone_too_short'
  | 'phone_too_long'
  | 'phone_lost_digits'
  | 'phone_two_numbers'
  | 'phone_no_country'
  | 'phone_ambiguous'

export type Phone = Result<string, PhoneRefusal>

/** The longest cell worth looking at: a number with its label, or two, fits in a fraction of it. */
const MAX_CELL_CHARS = 120
/** E.164: a country code and a subscriber number have at most 15 digits; so does a number in Excel. */
const MAX_DIGITS = 15
/** Excel writes numbers of twelve digits and more as `6.28123E+12`, which keeps six digits and loses the rest. */
const LOST_DIGITS = /^\d{6,}000000$/
const SCIENTIFIC = /^[+-]?\d+(?:[.,]\d+)?\s*e\s*[+-]?\s*\d+$/i
const SEPARATORS = /[\s().\-/]/g

/** Is this an ISO 3166 country that numbers can be read in (`ID`, `MX`, `US`)? */
export function isPhoneCountry(country: string): country is CountryCode {
  return isSupportedCountry(country)
}

/**
 * Reads a typed phone number into E.164 (`+6281234567890`). A number without `+` is read in `defaultCountry`.
 * A number is never completed or shortened by a guess: lost digits, two numbers in a cell, and a number that can be
 * read in two ways are refused.
 */
export function parsePhone(text: string, defaultCountry?: CountryCode): Phone {
  if (BARE.test(text)) return resolve(withPlus(text), defaultCountry)
  const typed = tidy(text)
  if (typed === '')
    return refuse('phone_missing', 'There is no phone number in this row. Add one and upload again.')
  if (typed.length > MAX_CELL_CHARS) return invalid()
  if (SCIENTIFIC.test(typed)) return lostDigits()
  if (holdsTwoNumbers(typed)) return twoNumbers()
  const dialled = dial(typed)
  return dialled === undefined ? invalid() : resolve(dialled, defaultCountry)
}

/**
 * Reads a phone number that a sheet stored as a number. `rawNumber` is the text in the file (`6281234567890`,
 * `6.28123456789E12`), never the displayed one.
 */
export function parseNumericPhone(rawNumber: string, defaultCountry?: CountryCode): Phone {
  const digits = plainDecimal(rawNumber)
  if (digits === undefined || !/^\d+$/.test(digits)) return invalid()
  if (digits.length > MAX_DIGITS) {
    return refuse(
      'phone_lost_digits',
      'This number has more than 15 digits, of which a spreadsheet keeps only 15. Format the column as text and type it again.',
    )
  }
  if (LOST_DIGITS.test(digits)) return lostDigits()
  return resolve(digits, defaultCountry)
}

/** Digits alone: nothing to tidy, and one number only. */
const BARE = /^\+?\d{1,17}$/
const PLAIN = /^\+?\d[\d -]*\d$/

/** Plain characters: full-width and other scripts' digits, invisible marks, a text quote, a link or a `tel:` prefix. */
function tidy(text: string): string {
  if (PLAIN.test(text)) return text
  return asciiDigits(text.normalize('NFKC'))
    .replace(/[\p{Cf}\u00ad]/gu, '')
    .replace(/[\u2010-\u2015\u2212\u30fc]/g, '-')
    .trim()
    .replace(/^="?([^"]*)"?$/, '$1')
    .replace(/^['’‘`"]+|['"]+$/g, '')
    .replace(/^(?:tel|whatsapp|wa):\s*/i, '')
    .replace(/^(?:https?:\/\/)?(?:wa\.me|api\.whatsapp\.com\/send\/?\?phone=)\/?\+?(\d+)\S*$/i, '+$1')
    .replace(/^(\d{6,})\.0+$/, '$1')
    .trim()
}

function asciiDigits(text: string): string {
  return text.replace(/\p{Nd}/gu, (digit) =>
    digit <= '9' ? digit : String(digitValue(digit.codePointAt(0)!)),
  )
}

/** Unicode lays decimal digits out in runs of ten, from zero: the value is the distance from the run's start. */
function digitValue(codePoint: number): number {
  let start = codePoint
  while (start > codePoint - 10 && /\p{Nd}/u.test(String.fromCodePoint(start - 1))) start--
  return (codePoint - start) % 10
}

/** `0812 8200 0003 / 4` would be read as one longer and valid number; whose it is nobody knows. */
function holdsTwoNumbers(typed: string): boolean {
  if (isGroupedThousands(typed)) return false
  const parts = typed
    .split(/[/;,|&\\\n]|\s(?:or|atau|dan|and|o|y|e|u|ou)\s/i)
    .filter((part) => /\d/.test(part))
  if (parts.length > 1) return true
  if ((typed.match(/\+/g) ?? []).length > 1 && !/^\+{2,}/.test(typed)) return true
  const runs = typed.split(/\s-\s|\s+/).filter((run) => run.replace(/\D/g, '').length >= 9)
  return runs.length > 1
}

/** `62,812,345,678`: one number in the dress of an amount. */
function isGroupedThousands(typed: string): boolean {
  return /^\d{1,3}(?:,\d{3}){2,}$/.test(typed)
}

/** The digits to dial, with a leading `+` if the number says its country; undefined if it holds anything else. */
function dial(typed: string): string | undefined {
  const compact = typed
    .replace(/^\(\s*\+/, '+(')
    .replace(/^\++/, '+')
    .replace(/^(\+[^(]*\d\s*)\(0\)/, '$1')
    .replace(/^(00\s*[1-9][^(]*)\(0\)/, '$1')
    .replace(SEPARATORS, '')
    .replace(/,/g, '')
  if (!/^\+?\d+$/.test(compact)) return undefined
  return withPlus(compact)
}

/** `0062…` is `+62…`. */
function withPlus(digits: string): string {
  return digits.replace(/^00(?=[1-9])/, '+')
}

function resolve(dialled: string, defaultCountry?: CountryCode): Phone {
  const digits = dialled.replace('+', '')
  if (digits.length > MAX_DIGITS + 2) return tooLong()
  if (digits.length < 5) return tooShort()
  const plain = defaultCountry === undefined ? undefined : plainMobile(dialled, defaultCountry)
  if (plain !== undefined) return ok(plain)
  if (dialled.startsWith('+')) return international(digits)
  if (defaultCountry === undefined) {
    return refuse(
      'phone_no_country',
      'The number does not say its country. Write it with + and the country code, or choose a default country for the sheet.',
    )
  }
  return national(digits, defaultCountry)
}

function international(digits: string): Phone {
  const reading = read(`+${withoutMexicanMobilePrefix(digits)}`)
  return reading.valid ? ok(reading.number!.number) : refusalFor(reading.number, 'with its country code')
}

type Parsed = ReturnType<typeof parsePhoneNumberFromString>
/** `valid` tells a number that its country has given out, as far as its plan says. */
type Reading = { readonly number: Parsed; readonly isMobile: boolean; readonly valid: boolean }

function read(dialled: string, defaultCountry?: CountryCode): Reading {
  const number =
    defaultCountry === undefined
      ? parsePhoneNumberFromString(dialled)
      : parsePhoneNumberFromString(dialled, { defaultCountry })
  // With full metadata a number of a known type is valid; asking for both would match every pattern twice.
  const type = number?.getType()
  return { number, isMobile: isMobile(type), valid: type !== undefined || number?.isValid() === true }
}

/** Mexico dropped the mobile 1 after +52 in 2019; sheets still carry it, and no metadata accepts it. */
function withoutMexicanMobilePrefix(digits: string): string {
  return /^521\d{10}$/.test(digits) ? `52${digits.slice(3)}` : digits
}

/**
 * A bare number may be national (`0812…`, or `812…` after a sheet ate the zero) or carry the country code without
 * its plus (`62812…`). If it can be both, it is refused, unless only one of the readings is a mobile number.
 */
function national(digits: string, country: CountryCode): Phone {
  const code = getCountryCallingCode(country)
  if (digits.startsWith(code)) return eitherReading(digits, digits.slice(code.length), code, country)
  const reading = read(withoutMexicanTrunk(digits, country), country)
  return reading.valid ? ok(reading.number!.number) : refusalFor(reading.number, `for ${country}`)
}

/** `01`, `044` and `045` before the ten digits were Mexico's prefixes until 2019. */
function withoutMexicanTrunk(digits: string, country: CountryCode): string {
  return country === 'MX' ? digits.replace(/^(?:01|044|045)(?=\d{10}$)/, '') : digits
}

function eitherReading(digits: string, rest: string, code: string, country: CountryCode): Phone {
  const withCode = read(`+${withoutMexicanMobilePrefix(digits)}`)
  if (withCode.isMobile) return ok(withCode.number!.number)
  const without = read(`+${code}${digits}`)
  if (withCode.valid && !without.valid) return ok(withCode.number!.number)
  if (!withCode.valid && without.isMobile) return ok(without.number!.number)
  if (!withCode.valid && !without.valid) return refusalFor(withCode.number, `for ${country}`)
  return refuse(
    'phone_ambiguous',
    `The number can be read as +${code} ${rest} or as +${code} ${digits}. Write it with + and the country code.`,
  )
}

function isMobile(type: string | undefined): boolean {
  return type === 'MOBILE' || type === 'FIXED_LINE_OR_MOBILE'
}

function refusalFor(number: Parsed, where: string): Phone {
  const length = number?.nationalNumber.length ?? 0
  if (number !== undefined && !number.isPossible()) {
    return length < 8 ? tooShort() : length > 11 ? tooLong() : invalid(where)
  }
  return invalid(where)
}

function invalid(where = 'here'): Phone {
  const reading = where === 'here' ? '' : ` ${where}`
  return refuse(
    'phone_invalid',
    `This is not a phone number in use${reading}. Check its digits, or write it with + and the country code.`,
  )
}

function tooShort(): Phone {
  return refuse(
    'phone_too_short',
    'The number has too few digits. Check it against the original and type it in full.',
  )
}

function tooLong(): Phone {
  return refuse(
    'phone_too_long',
    'The number has too many digits. Keep one number, with its country code, in the cell.',
  )
}

function lostDigits(): Phone {
  return refuse(
    'phone_lost_digits',
    'A spreadsheet shortened this number (as in 6.28E+12) and its last digits are lost. Format the column as text and type the number again.',
  )
}

function twoNumbers(): Phone {
  return refuse('phone_two_numbers', 'The cell seems to hold two numbers. Keep one of them.')
}
