import type { CountryCode } from 'libphonenumber-js/max'
import { ok, type Result, refuse } from '../../platform/result.ts'
import { type HandMapping, parseHandMapping } from '../columns.ts'
import { isSheetLocale } from '../locale.ts'
import { isPhoneCountry } from '../phone.ts'
import { SHEET_KINDS, type SheetKind } from './kinds.ts'

/** What a user may say about a sheet, as it comes from outside. */
export type SheetOptionsInput = {
  /** A sheet's name, or its number counted from 1. */
  readonly sheet?: string | undefined
  readonly mapping?: unknown
  readonly default_country?: string | undefined
  readonly locale?: string | undefined
  readonly kind?: string | undefined
  /** `true`: invoices of earlier sheets that this one no longer has are cancelled. */
  readonly close_missing?: string | undefined
  /** Whether an invoice's amount is its `total`, or what is still `outstanding` of it. */
  readonly amounts?: string | undefined
}

export type SheetOptions = {
  readonly sheet: string | undefined
  readonly mapping: HandMapping
  readonly defaultCountry: CountryCode | undefined
  readonly locale: string | undefined
  readonly kind: SheetKind
}

const MAX_SHEET_NAME_CHARS = 100
const MAX_LOCALE_CHARS = 35

/** Checks the options before a file is stored or read; a refusal names the option in `facts.option`. */
export function parseSheetOptions(
  input: SheetOptionsInput,
): Result<SheetOptions, 'options_invalid' | 'mapping_invalid'> {
  const mapping = parseHandMapping(input.mapping ?? {})
  if (!mapping.ok) return { ...mapping, facts: { option: 'mapping' } }
  const country = input.default_country?.trim().toUpperCase() || undefined
  if (country !== undefined && !isPhoneCountry(country)) {
    return refuse(
      'options_invalid',
      'default_country must be a two-letter country code such as ID, MX or US.',
    )
  }
  const locale = input.locale?.trim().replaceAll('_', '-') || undefined
  if (locale !== undefined && (locale.length > MAX_LOCALE_CHARS || !isSheetLocale(locale))) {
    return invalid('locale', 'locale must be a language tag such as en, id, es or en-GB.')
  }
  const kind = SHEET_KINDS.find((one) => one === (input.kind || 'contacts'))
  if (kind === undefined) return invalid('kind', 'kind must be contacts, invoices or payments.')
  if (!['true', 'false', undefined].includes(input.close_missing))
    return invalid('close_missing', 'close_missing must be true or false.')
  if (!['total', 'outstanding', undefined].includes(input.amounts))
    return invalid('amounts', 'amounts must be total or outstanding.')
  const sheet = input.sheet?.trim() || undefined
  if (sheet !== undefined && sheet.length > MAX_SHEET_NAME_CHARS) {
    return invalid('sheet', 'sheet must be the name of a sheet, or its number counted from 1.')
  }
  return ok({ sheet, mapping: mapping.value, defaultCountry: country, locale, kind })
}

function invalid(option: string, message: string): Result<never, 'options_invalid'> {
  return refuse('options_invalid', message, { option })
}
