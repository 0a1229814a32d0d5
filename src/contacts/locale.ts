/** The order in which a language writes the parts of a date. */
export type DateOrder = 'dmy' | 'mdy' | 'ymd'
/** The two marks a language writes numbers with: `1.500,50` or `1,500.50`. */
export type NumberMarks = {
  readonly group: string
  readonly decimal: '.' | ','
  /** Groups of two above the thousands: `12,34,567`. */
  readonly indian: boolean
}

/**
 * How to read text dates and amounts. With no locale chosen every order and both marks are possible, and a text is
 * taken only if all possible readings agree.
 */
export type SheetLocale = {
  readonly dateOrders: readonly DateOrder[]
  readonly numberMarks: readonly NumberMarks[]
  /** Month names and their abbreviations, lower case and without accents, to 1–12. */
  readonly months: ReadonlyMap<string, number>
}

const COMMA_DECIMAL: NumberMarks = { group: '.', decimal: ',', indian: false }
const POINT_DECIMAL: NumberMarks = { group: ',', decimal: '.', indian: false }

/** Abbreviations that people type and that no locale table holds. */
const TYPED_MONTHS: Readonly<Record<string, number>> = {
  sept: 9,
  pebruari: 2,
  peb: 2,
  nopember: 11,
  nop: 11,
  agt: 8,
  ags: 8,
  agus: 8,
  agst: 8,
  agustos: 8,
  setiembre: 9,
  set: 9,
  mrt: 3,
  okt: 10,
  des: 12,
  dic: 12,
  ene: 1,
  abr: 4,
  jan: 1,
  dec: 12,
  oct: 10,
  aug: 8,
}

/** Is this a well-formed language tag that dates and numbers are known for (`id`, `en-GB`, `pt-BR`)? */
export function isSheetLocale(tag: string): boolean {
  try {
    return Intl.DateTimeFormat.supportedLocalesOf(tag).length === 1
  } catch {
    return false
  }
}

/**
 * The reading rules of a language tag, from the runtime's own locale data (CLDR): `en` is American, `en-GB` British.
 * Month names in English, Indonesian and Spanish are understood whatever the tag.
 */
export function sheetLocale(tag?: string): SheetLocale {
  const months = monthNames(tag === undefined ? ['en', 'id', 'es'] : [tag, 'en', 'id', 'es'])
  if (tag === undefined) {
    return { dateOrders: ['dmy', 'mdy'], numberMarks: [COMMA_DECIMAL, POINT_DECIMAL], months }
  }
  return { dateOrders: [dateOrder(tag)], numberMarks: [numberMarks(tag)], months }
}

function dateOrder(tag: string): DateOrder {
  const parts = new Intl.DateTimeFormat(tag, { calendar: 'gregory', timeZone: 'UTC' }).formatToParts(0)
  const order = parts.map((part) => ({ day: 'd', month: 'm', year: 'y' })[part.type as string] ?? '').join('')
  return order === 'mdy' || order === 'ymd' ? order : 'dmy'
}

function numberMarks(tag: string): NumberMarks {
  const parts = new Intl.NumberFormat(tag, { numberingSystem: 'latn' }).formatToParts(1_234_567.5)
  const decimal = parts.find((part) => part.type === 'decimal')?.value === ',' ? ',' : '.'
  const group = parts
    .find((part) => part.type === 'group')
    ?.value.trim()
    .replace('’', "'")
  const indian = parts.some((part, index) => index > 0 && part.type === 'integer' && part.value.length === 2)
  return { group: group || (decimal === ',' ? '.' : ','), decimal, indian }
}

function monthNames(tags: readonly string[]): ReadonlyMap<string, number> {
  const names = new Map<string, number>(Object.entries(TYPED_MONTHS))
  for (const tag of [...tags].reverse()) {
    for (const style of ['long', 'short'] as const) {
      const format = new Intl.DateTimeFormat(tag, { calendar: 'gregory', month: style, timeZone: 'UTC' })
      for (let month = 1; month <= 12; month++) {
        const name = monthKey(format.format(Date.UTC(2026, month - 1, 15)))
        if (/^\p{L}+$/u.test(name)) names.set(name, month)
      }
    }
  }
  return names
}

/** A month name as it is looked up: lower case, no accents, no point. */
export function monthKey(name: string): string {
  return name
    .normalize('NFKD')
    .replace(/[\p{M}.]/gu, '')
    .toLowerCase()
}
