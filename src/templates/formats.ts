/** The closed list of helpers: how a value may be shown. `{{name}}` alone is `text`. */
export const HELPERS = {
  money: { second: 'required', example: '{{money amount "IDR"}}' },
  amount: { second: 'none', example: '{{amount total}}' },
  number: { second: 'none', example: '{{number points}}' },
  date: { second: 'none', example: '{{date due_date}}' },
  upper: { second: 'none', example: '{{upper code}}' },
  lower: { second: 'none', example: '{{lower code}}' },
  first_name: { second: 'none', example: '{{first_name name}}' },
  default: { second: 'required', example: '{{default name "customer"}}' },
} as const satisfies Record<string, { second: 'required' | 'none'; example: string }>

export type HelperName = keyof typeof HELPERS

/** True for a word of the helper table; never for what JavaScript's prototypes would answer. */
export function isHelper(name: string): name is HelperName {
  return Object.hasOwn(HELPERS, name)
}

const CURRENCIES = new Set(Intl.supportedValuesOf('currency'))
// Written without decimals by everyone who uses them. ISO 4217 and Intl disagree on some, and Intl with itself over time.
const WHOLE = new Set('BIF CLP DJF GNF IDR ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF'.split(' '))
const PLAIN_DECIMAL = /^-?\d{1,30}(?:\.\d{1,15})?$/
const FRACTION_MAX_DIGITS = 15
const ISO_DAY = /^(\d{4})-(\d{2})-(\d{2})$/

/** The ISO 4217 code as it is written, or undefined for none that is known. */
export function currencyCode(text: string): string | undefined {
  const code = text.trim().toUpperCase()
  return CURRENCIES.has(code) ? code : undefined
}

/**
 * A plain decimal (`1500000`, `12.5`) as money in the reader's language: `Rp 1.500.000`, `US$1,234.50`. Exact to the last
 * digit: the text goes to Intl as text and is never rounded; a currency's usual decimals are filled up, and rupiah and yen
 * show decimals only when there are any. Undefined for a value that is no plain decimal, or an unknown currency.
 */
export function formatMoney(value: string, currency: string, language: string): string | undefined {
  const code = currencyCode(currency)
  if (code === undefined || !PLAIN_DECIMAL.test(value)) return undefined
  return plainSpaces(moneyFormat(language, code, hasFraction(value)).format(value as `${number}`))
}

/** A plain decimal grouped as the language does, with two decimals or none: `1.500.000`, `1,500.50`. */
export function formatAmount(value: string, language: string): string | undefined {
  return PLAIN_DECIMAL.test(value) ? formatDecimal(value, language, hasFraction(value) ? 2 : 0) : undefined
}

/** A plain decimal grouped as the language does, with just the decimals it has: `12.345,678`. */
export function formatNumber(value: string, language: string): string | undefined {
  return PLAIN_DECIMAL.test(value) ? formatDecimal(value, language, 0) : undefined
}

/** An ISO day in full: `1 Desember 2026`, `December 1, 2026`. Undefined for anything but a day that exists. */
export function formatDay(value: string, language: string): string | undefined {
  const key = `${language} ${value}`
  const known = days.get(key)
  if (known !== undefined) return known
  const text = writeDay(value, language)
  if (text === undefined) return undefined
  if (days.size >= DAYS_MAX) days.clear()
  days.set(key, text)
  return text
}

const DAYS_MAX = 1_000
/** A campaign names few days, and most of its messages the same. */
const days = new Map<string, string>()

function writeDay(value: string, language: string): string | undefined {
  const match = ISO_DAY.exec(value)
  if (!match) return undefined
  const [, year, month, day] = match
  const date = new Date(`${year}-${month}-${day}T00:00:00Z`)
  const exists = !Number.isNaN(date.getTime()) && date.getUTCDate() === Number(day)
  return exists ? plainSpaces(dayFormat(language).format(date)) : undefined
}

const TITLES = new Set(
  'mr mrs ms miss mx dr drg drs ir prof h hj bapak bpk pak ibu bu sdr sdri tn ny nn sr sra srta don doña dña'.split(
    ' ',
  ),
)
const FIRMS = new Set('pt cv ud pd fa toko klinik koperasi yayasan'.split(' '))

/** The name to greet by: the first word after titles (`Ibu Siti Aminah` → `Siti`); a firm (`PT Maju Jaya`) whole. */
export function firstName(value: string): string {
  const words = value.split(/\s+/)
  if (FIRMS.has(bareWord(words[0]!))) return value
  const first = words.find((word) => !TITLES.has(bareWord(word))) ?? words.at(-1)!
  return first.replace(/[,;]+$/, '') || value
}

function bareWord(word: string): string {
  return word.toLowerCase().replace(/[.,]+$/, '')
}

/** The tag that Intl reads for a template's language: `pt_BR` → `pt-BR`. */
export function localeOf(language: string): string {
  return language.replaceAll('_', '-')
}

function hasFraction(value: string): boolean {
  return /\.\d*[1-9]/.test(value)
}

function formatDecimal(value: string, language: string, minimumFractionDigits: number): string {
  return plainSpaces(decimalFormat(language, minimumFractionDigits).format(value as `${number}`))
}

// Intl parts its figures with no-break spaces that differ between versions of ICU and are not in the SMS alphabet.
function plainSpaces(text: string): string {
  return text.replace(/[\u00a0\u202f\u2009]/g, ' ')
}

const FORMATS_MAX = 200
const formats = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat>()

function moneyFormat(language: string, currency: string, fraction: boolean): Intl.NumberFormat {
  return cached(`${language} ${currency} ${fraction}`, () => {
    const minimumFractionDigits = fraction || !WHOLE.has(currency) ? usualDecimals(currency) : 0
    return new Intl.NumberFormat(localeOf(language), {
      style: 'currency',
      currency,
      minimumFractionDigits,
      maximumFractionDigits: FRACTION_MAX_DIGITS,
      useGrouping: 'always',
    })
  })
}

function usualDecimals(currency: string): number {
  const usual = new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions()
  return Math.max(2, usual.minimumFractionDigits ?? 2)
}

function decimalFormat(language: string, minimumFractionDigits: number): Intl.NumberFormat {
  return cached(
    `${language} ${minimumFractionDigits}`,
    () =>
      new Intl.NumberFormat(localeOf(language), {
        minimumFractionDigits,
        maximumFractionDigits: FRACTION_MAX_DIGITS,
        useGrouping: 'always',
      }),
  )
}

function dayFormat(language: string): Intl.DateTimeFormat {
  return cached(
    `${language} day`,
    () => new Intl.DateTimeFormat(localeOf(language), { dateStyle: 'long', timeZone: 'UTC' }),
  )
}

function cached<Format extends Intl.NumberFormat | Intl.DateTimeFormat>(
  key: string,
  make: () => Format,
): Format {
  const known = formats.get(key)
  if (known) return known as Format
  if (formats.size >= FORMATS_MAX) formats.clear()
  const format = make()
  formats.set(key, format)
  return format
}
