import type { CountryCode } from 'libphonenumber-js/max'
import { IANAZone } from 'luxon'
import { ok, type Result, refuse } from '../../platform/result.ts'
import { parseAmountText, parseNumericAmount } from '../amount.ts'
import { cellText, cleanText, shownText } from '../cell-text.ts'
import type { SheetColumn } from '../columns.ts'
import { sheetDecimal } from '../decimal.ts'
import { parseDueDate, serialDay, serialInDateColumn } from '../due-date.ts'
import type { Field } from '../headings.ts'
import type { SheetLocale } from '../locale.ts'
import { parseNumericPhone, parsePhone } from '../phone.ts'
import type { SheetKind } from './kinds.ts'
import { PhoneIndex } from './phone-index.ts'
import { isBlank, type RawCell, type SheetRow } from './row-source.ts'

/** How the rows of one sheet are to be read. */
export type ReadingRules = {
  readonly kind: SheetKind
  readonly columns: readonly SheetColumn[]
  readonly locale: SheetLocale
  readonly defaultCountry: CountryCode | undefined
  readonly date1904: boolean
}

/** A row as the database takes it; what is undefined does not travel. `variables` hold text only. */
export type AcceptedRow = {
  readonly row: number
  readonly phone: string
  readonly name: string | undefined
  readonly email: string | undefined
  readonly time_zone: string | undefined
  readonly variables: Readonly<Record<string, string>>
  /** As it stood, where a row may still be refused once the book has been looked into. */
  readonly cells?: RejectedRow['cells']
}

/** One fault of one row, for a person to mend. `column` is the heading as it stands in the sheet, or its letters. */
export type RowProblem = {
  readonly row: number
  readonly column: string | null
  readonly code: string
  readonly message: string
  readonly value: string
}

/** A refused row as it stood: numbers stay numbers, dates become ISO days, which read the same in every language. */
export type RejectedRow = { readonly row: number; readonly cells: readonly (string | number | null)[] }

export type RowOutcome =
  | { readonly outcome: 'blank' }
  | { readonly outcome: 'accepted'; readonly row: AcceptedRow }
  | { readonly outcome: 'duplicate'; readonly problem: RowProblem }
  | { readonly outcome: 'rejected'; readonly problems: readonly RowProblem[]; readonly row: RejectedRow }

export type RowReader = (row: SheetRow) => RowOutcome

export const MAX_NAME_CHARS = 200
const MAX_EMAIL_CHARS = 254
export const MAX_VARIABLE_CHARS = 1_024
const EMAIL = /^[^\s@,;<>()]+@[^\s@,;<>()]+\.[^\s@.,;<>()]{2,}$/
/** What people type where there is nothing to say. */
const NOTHING = /^(?:-+|–|—|n\/?a|none|null|nil|tidak ada|kosong|ninguno|sin dato)$/i
const MAX_REMEMBERED = 1_000
const MAX_REMEMBERED_CHARS = 100
const INDONESIAN_ZONES: Readonly<Record<string, string>> = {
  WIB: 'Asia/Jakarta',
  WITA: 'Asia/Makassar',
  WIT: 'Asia/Jayapura',
}
const INVOICE_FIELDS: readonly Field[] = ['invoice', 'amount', 'due_date']

/**
 * Makes the reader of one sheet's rows. It remembers the numbers it has seen: of two rows with the same number the
 * first is taken (of two invoices, if the invoice is the same too).
 */
export function rowReader(rules: ReadingRules): RowReader {
  const seen = duplicateFinder(rules.kind)
  const memory = { zones: new Map(), days: new Map() }
  const phoneColumn = rules.columns.find(
    (column) => column.target.kind === 'field' && column.target.field === 'phone',
  )
  return (row) => {
    if (isBlank(row.cells)) return { outcome: 'blank' }
    const draft = readCells(row, rules, memory)
    if (draft.problems.length > 0) return rejected(row, draft.problems, rules)
    const first = seen(draft, row.rowNo)
    if (first !== undefined) {
      return { outcome: 'duplicate', problem: duplicateProblem(row, phoneColumn!, first, rules) }
    }
    return { outcome: 'accepted', row: acceptedRow(row.rowNo, draft) }
  }
}

/** What was read of a text before. */
type Known = Map<string, Reading>
type Memory = { readonly zones: Known; readonly days: Known }

type Draft = {
  readonly fields: Partial<Record<Field, string>>
  readonly variables: Record<string, string>
  readonly problems: RowProblem[]
}

/** A value, or undefined for an empty cell, or why it was refused. */
type Reading = Result<string | undefined>

function readCells(row: SheetRow, rules: ReadingRules, memory: Memory): Draft {
  const draft: Draft = { fields: {}, variables: {}, problems: [] }
  for (const column of rules.columns) {
    const { target } = column
    if (target.kind === 'left_out') continue
    const cell = row.cells[column.index]
    const reading =
      target.kind === 'field' ? readField(target.field, cell, rules, memory) : readVariable(cell, rules)
    if (!reading.ok) draft.problems.push(problemOf(row, column, reading.reason, reading.message, rules))
    else if (reading.value === undefined || reading.value === '') continue
    else if (target.kind === 'field') draft.fields[target.field] = reading.value
    else draft.variables[target.name] = reading.value
  }
  if (rules.kind === 'invoices') requireInvoice(row, draft, rules)
  return draft
}

function readField(field: Field, cell: RawCell | undefined, rules: ReadingRules, memory: Memory): Reading {
  switch (field) {
    case 'phone':
      return readPhone(cell, rules)
    case 'amount':
      return readAmount(cell, rules)
    case 'due_date':
      return readKnownDay(cell, rules, memory.days)
    case 'name':
      return limited(cell, rules, MAX_NAME_CHARS)
    case 'email':
      return optional(cell, rules, readEmail)
    case 'time_zone':
      return optional(cell, rules, (text) => readTimeZone(text, memory.zones))
    case 'pay_link':
      return optional(cell, rules, readPayLink)
    case 'invoice':
      return readVariable(cell, rules)
  }
}

function readPhone(cell: RawCell | undefined, { defaultCountry, date1904 }: ReadingRules): Reading {
  if (isEmpty(cell)) return parsePhone('', defaultCountry)
  if (cell.kind === 'text') return parsePhone(cell.text, defaultCountry)
  if (cell.kind === 'number') return parseNumericPhone(cell.text, defaultCountry)
  const text = cellText(cell, date1904)
  return text.ok
    ? refuse(
        'phone_invalid',
        'The cell holds a date or a truth value, and no phone number. Format the column as text and type the number.',
      )
    : text
}

export function readAmount(cell: RawCell | undefined, rules: ReadingRules): Reading {
  if (isEmpty(cell)) return ok(undefined)
  if (cell.kind === 'text') return parseAmountText(cell.text, rules.locale)
  if (cell.kind === 'number') return parseNumericAmount(cell.text)
  const text = cellText(cell, rules.date1904)
  if (!text.ok) return text
  return refuse(
    'amount_invalid',
    'The cell holds a date or a truth value, and no amount. Type the amount as a number.',
  )
}

export function readDueDate(cell: RawCell | undefined, { locale, date1904 }: ReadingRules): Reading {
  if (isEmpty(cell)) return ok(undefined)
  switch (cell.kind) {
    case 'text':
    case 'day':
      return parseDueDate(cell.text, locale)
    case 'date':
      return serialDay(cell.text, date1904)
    case 'number':
    case 'time':
      return serialInDateColumn(cell.text, date1904)
    case 'boolean':
      return parseDueDate('', locale)
    default:
      return cellText(cell, date1904)
  }
}

function isEmpty(cell: RawCell | undefined): cell is undefined {
  return (
    cell === undefined ||
    (cell.kind === 'text' && (cell.text.trim() === '' || NOTHING.test(cell.text.trim())))
  )
}

function optional(cell: RawCell | undefined, rules: ReadingRules, read: (text: string) => Reading): Reading {
  if (isEmpty(cell)) return ok(undefined)
  const text = limited(cell, rules, MAX_VARIABLE_CHARS)
  return text.ok && text.value !== undefined && text.value !== '' ? read(text.value) : text
}

export function readVariable(cell: RawCell | undefined, rules: ReadingRules): Reading {
  return limited(cell, rules, MAX_VARIABLE_CHARS)
}

function limited(cell: RawCell | undefined, { date1904 }: ReadingRules, maxChars: number): Reading {
  if (cell === undefined) return ok(undefined)
  const text = cellText(cell, date1904)
  if (!text.ok || text.value.length <= maxChars) return text
  return refuse('value_too_long', `The text is longer than ${maxChars} characters. Shorten it.`)
}

function readEmail(text: string): Reading {
  const address = text.replace(/^mailto:/i, '')
  if (isEmail(address)) return ok(address)
  return refuse('email_invalid', 'This is not an e-mail address. Correct it, or leave the cell empty.')
}

/** A light check: an address that a person would call one. */
export function isEmail(address: string): boolean {
  return address.length <= MAX_EMAIL_CHARS && EMAIL.test(address)
}

/** Checking a zone costs more than reading the rest of the row, and a sheet has a handful of them. */
function readTimeZone(text: string, zones: Known): Reading {
  return remembered(zones, text, checkTimeZone)
}

/** Nor has a sheet many different days. */
function readKnownDay(cell: RawCell | undefined, rules: ReadingRules, days: Known): Reading {
  if (cell?.kind !== 'text') return readDueDate(cell, rules)
  return remembered(days, cell.text, (text) => readDueDate({ kind: 'text', text }, rules))
}

function remembered(known: Known, text: string, read: (text: string) => Reading): Reading {
  const before = known.get(text)
  if (before !== undefined) return before
  if (known.size >= MAX_REMEMBERED || text.length > MAX_REMEMBERED_CHARS) return read(text)
  const own = ownText(text)
  const reading = read(own)
  known.set(own, reading)
  return reading
}

/** A piece of a text keeps all of it in memory; this is a copy that does not. */
function ownText(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le')
}

function checkTimeZone(text: string): Reading {
  const indonesian = INDONESIAN_ZONES[text.toUpperCase()]
  if (indonesian !== undefined) return ok(indonesian)
  if (isTimeZone(text)) return ok(text)
  return refuse(
    'time_zone_invalid',
    'This is not a time zone. Write its name, such as Asia/Jakarta or America/Mexico_City.',
  )
}

/** An IANA name; abbreviations and offsets, which do not say when summer time is, are none. */
export function isTimeZone(text: string): boolean {
  return /^(?:UTC|GMT|[A-Za-z_]+\/[A-Za-z0-9_+\-/]+)$/.test(text) && IANAZone.isValidZone(text)
}

function readPayLink(text: string): Reading {
  const link = /^[a-z][a-z0-9+.-]*:/i.test(text) && !/^[^/]+:\d/.test(text) ? text : `https://${text}`
  const isWeb = URL.canParse(link) && /^https?:\/\/[^\s/]+\.[^\s]+$/i.test(link)
  if (isWeb) return ok(text)
  return refuse('pay_link_invalid', 'This is not a link. Write it in full, beginning with https://.')
}

/** An invoice is not an invoice without its number, its amount and its day. */
function requireInvoice(row: SheetRow, draft: Draft, rules: ReadingRules): void {
  for (const field of INVOICE_FIELDS) {
    if (draft.fields[field] !== undefined) continue
    const column = rules.columns.find(({ target }) => target.kind === 'field' && target.field === field)
    const failed =
      column !== undefined && draft.problems.some((problem) => problem.column === columnName(column))
    if (failed) continue
    draft.problems.push({
      row: row.rowNo,
      column: column ? columnName(column) : null,
      code: `${field}_missing`,
      message: `An invoice needs ${MISSING[field]}. Fill it in and upload again.`,
      value: '',
    })
  }
}

const MISSING: Readonly<Partial<Record<Field, string>>> = {
  invoice: 'its number',
  amount: 'an amount',
  due_date: 'a due date',
}

type DuplicateFinder = (draft: Draft, rowNo: number) => number | undefined

function duplicateFinder(kind: SheetKind): DuplicateFinder {
  if (kind === 'contacts') {
    const phones = new PhoneIndex()
    return (draft, rowNo) => phones.firstRow(draft.fields.phone!, rowNo)
  }
  const invoices = new Map<string, number>()
  return (draft, rowNo) => {
    const key = `${draft.fields.phone} ${draft.fields.invoice}`
    const first = invoices.get(key)
    if (first === undefined) invoices.set(key, rowNo)
    return first
  }
}

function duplicateProblem(
  row: SheetRow,
  column: SheetColumn,
  first: number,
  rules: ReadingRules,
): RowProblem {
  const message =
    rules.kind === 'contacts'
      ? `The same number stands in row ${first}, which was taken. Delete one of the two rows.`
      : `The same invoice of the same number stands in row ${first}, which was taken. Delete one of the two rows.`
  return problemOf(row, column, 'duplicate_in_sheet', message, rules)
}

export function problemOf(
  row: SheetRow,
  column: SheetColumn,
  code: string,
  message: string,
  { date1904 }: ReadingRules,
): RowProblem {
  const value = cleanText(shownText(row.cells[column.index], date1904))
  return { row: row.rowNo, column: columnName(column), code, message, value }
}

export function columnName({ heading, column }: SheetColumn): string {
  return heading === '' ? column : heading
}

export function rejected(
  row: SheetRow,
  problems: readonly RowProblem[],
  rules: ReadingRules,
): Extract<RowOutcome, { outcome: 'rejected' }> {
  return { outcome: 'rejected', problems, row: { row: row.rowNo, cells: rowCells(row, rules) } }
}

export function rowCells(row: SheetRow, { columns, date1904 }: ReadingRules): RejectedRow['cells'] {
  return columns.map(({ index }) => keptCell(row.cells[index], date1904))
}

function keptCell(cell: RawCell | undefined, date1904: boolean): string | number | null {
  if (cell === undefined) return null
  if (cell.kind === 'number') return keptNumber(cell.text)
  if (cell.kind === 'date' || cell.kind === 'time' || cell.kind === 'day') return shownText(cell, date1904)
  return cell.kind === 'uncalculated' ? null : cleanText(cell.text)
}

/** Longer numbers would be changed by the next program that opens the workbook, so they are kept as text. */
function keptNumber(raw: string): string | number {
  const decimal = sheetDecimal(raw)
  return decimal === undefined || decimal.replace(/\D/g, '').length > 15 ? cleanText(raw) : Number(decimal)
}

function acceptedRow(row: number, { fields, variables }: Draft): AcceptedRow {
  for (const field of VARIABLE_FIELDS) {
    const value = fields[field]
    if (value !== undefined) variables[field] = value
  }
  return {
    row,
    phone: fields.phone!,
    name: fields.name,
    email: fields.email,
    time_zone: fields.time_zone,
    variables,
  }
}

const VARIABLE_FIELDS: readonly Field[] = ['amount', 'due_date', 'invoice', 'pay_link']
