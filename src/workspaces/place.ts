import { IANAZone } from 'luxon'
import { type Refusal, refuse } from '../platform/result.ts'

export const NAME_MAX_CHARS = 200

/** Where a workspace does business, unless it says otherwise: by its currency. */
export type Place = { readonly currency: string; readonly timeZone: string; readonly defaultCountry: string }

const PLACES: Readonly<Record<string, readonly [timeZone: string, country: string]>> = {
  IDR: ['Asia/Jakarta', 'ID'],
  INR: ['Asia/Kolkata', 'IN'],
  MXN: ['America/Mexico_City', 'MX'],
  EUR: ['Europe/Madrid', 'ES'],
  BRL: ['America/Sao_Paulo', 'BR'],
  USD: ['America/New_York', 'US'],
  GBP: ['Europe/London', 'GB'],
  COP: ['America/Bogota', 'CO'],
  PEN: ['America/Lima', 'PE'],
  ARS: ['America/Argentina/Buenos_Aires', 'AR'],
  MYR: ['Asia/Kuala_Lumpur', 'MY'],
  SGD: ['Asia/Singapore', 'SG'],
  PHP: ['Asia/Manila', 'PH'],
  THB: ['Asia/Bangkok', 'TH'],
  AED: ['Asia/Dubai', 'AE'],
  SAR: ['Asia/Riyadh', 'SA'],
  ZAR: ['Africa/Johannesburg', 'ZA'],
  NGN: ['Africa/Lagos', 'NG'],
  KES: ['Africa/Nairobi', 'KE'],
}

const CURRENCIES = new Set(Intl.supportedValuesOf('currency'))
const COUNTRY_NAMES = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' })
/** Currencies that several countries share begin with X; they name no country. */
const COUNTRY_UNKNOWN = 'US'

/** Completes what a new workspace said of itself. Refuses unknown currencies, zones and countries, all at once. */
export function placeOf(asked: {
  currency: string
  timeZone?: string | undefined
  defaultCountry?: string | undefined
}): Place | Refusal<'validation_failed'> {
  const currency = asked.currency.trim().toUpperCase()
  const [zone, country] = PLACES[currency] ?? ['UTC', currency.slice(0, 2)]
  const place = {
    currency,
    timeZone: asked.timeZone ?? zone,
    defaultCountry: asked.defaultCountry?.toUpperCase() ?? (isCountry(country) ? country : COUNTRY_UNKNOWN),
  }
  const errors = faultsOf(place)
  return errors.length === 0 ? place : refuse('validation_failed', errors[0]!.message, { errors })
}

function faultsOf(place: Place): { path: string; code: string; message: string }[] {
  const faults = [
    !CURRENCIES.has(place.currency) && ['currency', 'is not an ISO 4217 currency code, such as IDR.'],
    !isTimeZone(place.timeZone) && ['time_zone', 'is not an IANA time zone, such as Asia/Jakarta.'],
    !isCountry(place.defaultCountry) && ['default_country', 'is not an ISO 3166 country code, such as ID.'],
  ]
  return faults.flatMap((fault) =>
    fault ? [{ path: fault[0]!, code: 'invalid_value', message: `${fault[0]} ${fault[1]}` }] : [],
  )
}

/** A zone by its name. Offsets are none: they know no summer, and databases read their sign either way. */
export function isTimeZone(name: string): boolean {
  return /^[A-Za-z]/.test(name) && IANAZone.isValidZone(name)
}

function isCountry(code: string): boolean {
  return /^[A-Z]{2}$/.test(code) && code !== 'ZZ' && COUNTRY_NAMES.of(code) !== undefined
}
