import { createHash } from 'node:crypto'
import { z } from 'zod'
import { isSafeBaseUrl } from '../../platform/base-url.ts'
import { isCalendarDay, isCalendarInstant } from '../../platform/calendar.ts'
import { formatAmount, parseAmount, UNITS_PER_CURRENCY_UNIT } from '../../platform/money.ts'

/** JSON of a webhook, undefined for anything that is not an object. */
export function jsonOf(rawBody: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(rawBody.toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

/** The largest amount of the house, some hundred thousand milliards: no gateway moves as much in one payment. */
const MOST_AMOUNT_MINOR = parseAmount('99999999999999.9999')!

/** A decimal amount, as text or as a number; undefined unless it is exact and above zero. */
export function amountOf(value: unknown): bigint | undefined {
  const text = typeof value === 'number' ? String(value) : value
  const amount = typeof text === 'string' ? parseAmount(text) : undefined
  return amount !== undefined && amount > 0n ? amount : undefined
}

/** ISO 4217 exponents that are not two, as payment gateways count their smallest units. */
const EXPONENTS: Readonly<Record<string, number>> = {
  ...Object.fromEntries(
    'BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF'.split(' ').map((code) => [code, 0]),
  ),
  ...Object.fromEntries('BHD JOD KWD OMR TND'.split(' ').map((code) => [code, 3])),
}

/** Smallest units of a currency (cents, paise) in 1/10,000 of a unit; undefined unless whole, above zero and sensible. */
export function fromSmallest(value: unknown, currency: string | undefined): bigint | undefined {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value <= 0) return undefined
  if (currency === undefined) return undefined
  const amount = BigInt(value) * (UNITS_PER_CURRENCY_UNIT / 10n ** BigInt(exponentOf(currency)))
  return amount <= MOST_AMOUNT_MINOR ? amount : undefined
}

/** 1/10,000 of a unit in smallest units of the currency, rounded up so that a link never asks for less than is owed. */
export function toSmallest(amountMinor: bigint, currency: string): bigint {
  const size = UNITS_PER_CURRENCY_UNIT / 10n ** BigInt(exponentOf(currency))
  return (amountMinor + size - 1n) / size
}

/** Whole units as a JSON number's text, for gateways that know no decimals; rounded up. */
export function wholeUnits(amountMinor: bigint): string {
  return String((amountMinor + UNITS_PER_CURRENCY_UNIT - 1n) / UNITS_PER_CURRENCY_UNIT)
}

/** A decimal for a JSON number without loss: `1500000`, `12.5`. */
export function decimalText(amountMinor: bigint): string {
  return formatAmount(amountMinor).replace(/\.?0+$/, '')
}

/** A JSON body with an amount as an exact number, wherever the body says `AMOUNT`. */
export const AMOUNT = '\u0000amount\u0000'
export function jsonWith(amountText: string, body: object): string {
  return JSON.stringify(body).replaceAll(JSON.stringify(AMOUNT), amountText)
}

function exponentOf(currency: string): number {
  return EXPONENTS[currency] ?? 2
}

/** An upper-case currency code, undefined for anything else. */
export function currencyOf(value: unknown): string | undefined {
  return typeof value === 'string' && /^[A-Za-z]{3}$/.test(value) ? value.toUpperCase() : undefined
}

const ID_MAX_CHARS = 250

/** An id, a reference or a word of at most 250 characters; undefined for what no database text can hold. */
export function idOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || value === '' || value.length > ID_MAX_CHARS) return undefined
  return NOT_IN_IDS.test(value) ? undefined : value
}

const NOT_IN_IDS = /[\p{Cc}\p{Surrogate}]/u

/** An event's name as it is kept: as it was made, or by its hash where it is longer than an id. */
export function eventIdOf(made: string): string {
  return made.length <= ID_MAX_CHARS ? made : createHash('sha256').update(made).digest('hex')
}

/** A member of an object, however deep; undefined where a step is missing. */
export function member(value: unknown, ...path: readonly string[]): unknown {
  let at = value
  for (const name of path) {
    if (typeof at !== 'object' || at === null) return undefined
    at = Object.hasOwn(at, name) ? (at as Record<string, unknown>)[name] : undefined
  }
  return at
}

/** An instant from seconds since 1970, or from text that names its zone; undefined for days that no calendar has. */
export function instantOfText(value: unknown): Date | undefined {
  if (typeof value === 'number') return inCalendar(new Date(value * 1_000))
  if (typeof value !== 'string' || !/(Z|[+-]\d\d:?\d\d)$/.test(value)) return undefined
  return isCalendarDay(value.slice(0, 10)) ? inCalendar(new Date(value)) : undefined
}

/** The date, unless it lies in a year that the house cannot hold. */
export function inCalendar(date: Date): Date | undefined {
  return isCalendarInstant(date) ? date : undefined
}

/** Where a gateway's API is: https, or plain http on this machine. */
export const baseUrlSchema = z.string().max(2048).refine(isSafeBaseUrl, {
  error: 'api_base_url is an https address, or plain http on this machine (127.0.0.1, localhost).',
})

/** A secret as it was copied: printable, without spaces. */
export const secretSchema = z
  .string()
  .min(8, 'A secret has at least 8 characters; copy it again.')
  .max(512)
  .regex(/^[\x21-\x7e]+$/, 'A secret has no spaces; copy it again.')
  .meta({ writeOnly: true })

/** `Basic` authorisation of a user without a colon and a password. */
export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}

/** An API's address without a slash at its end, and a path behind it. */
export function under(baseUrl: string | undefined, usual: string, path: string): string {
  return `${(baseUrl ?? usual).replace(/\/+$/, '')}${path}`
}
