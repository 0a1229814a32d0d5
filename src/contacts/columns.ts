import { ok, type Result, refuse } from '../platform/result.ts'
import { shownText } from './cell-text.ts'
import { FIELDS, type Field, headingKey, headingWords, REASON_HEADING, recogniseHeading } from './headings.ts'
import { columnLetters, isBlank, type RawCell, type SheetRow } from './sheet/row-source.ts'

/** What becomes of a column: a field, a variable, or nothing. */
export type Target =
  | { readonly kind: 'field'; readonly field: Field }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'left_out' }

export type SheetColumn = {
  /** Counted from 0. */
  readonly index: number
  /** The letters it has in the sheet. */
  readonly column: string
  /** As it stands in the sheet; empty where there is none. */
  readonly heading: string
  readonly target: Target
  readonly samples: readonly string[]
  readonly looksLikePhone: boolean
}

/** Why a sheet waits for a mapping by hand. */
export type MappingNeed = {
  readonly code: 'phone_column_missing' | 'phone_column_ambiguous' | 'invoice_column_missing'
  readonly detail: string
}

/** The field that no row of a sheet can be without: what contacts and invoices go to, and what a payment is for. */
export type NeededField = 'phone' | 'invoice'

export type ColumnPlan = {
  /** The row of the headings, or undefined if the sheet begins with its contacts. */
  readonly headingRow: number | undefined
  readonly columns: readonly SheetColumn[]
  readonly need: MappingNeed | undefined
}

/** From a heading as it stands (or a column's letters) to a field, a variable's name, or `null` to leave it out. */
export type HandMapping = ReadonlyMap<string, string | null>

/** Rows of the sheet's beginning in which its headings are looked for. */
export const HEADING_SEARCH_ROWS = 40
const MAX_MAPPING_KEYS = 200
const MAX_HEADING_CHARS = 200
const MAX_NAME_CHARS = 40
const SAMPLES = 3
const VARIABLE_NAME = /^[a-z][a-z0-9_]{0,39}$/
/** Names that mean something to JavaScript objects or to templates. */
const RESERVED_NAMES = new Set(
  `constructor prototype proto hasownproperty isprototypeof propertyisenumerable tostring tolocalestring valueof
   this true false null undefined if else unless each with lookup log helpermissing blockhelpermissing`.split(
    /\s+/,
  ),
)

/** Reads a mapping as it comes from outside: a JSON object of strings and nulls. */
export function parseHandMapping(json: unknown): Result<HandMapping, 'mapping_invalid'> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return invalidMapping('The mapping must be a JSON object such as {"No HP":"phone"}.')
  }
  const entries = Object.entries(json).map(([heading, target]): [string, unknown] => [
    heading,
    foldTarget(target),
  ])
  if (entries.length > MAX_MAPPING_KEYS)
    return invalidMapping('The mapping names more columns than a sheet can have.')
  for (const [heading, target] of entries) {
    if (target === null || isTarget(target)) continue
    return invalidMapping(
      `“${heading.slice(0, 60)}” must go to ${FIELDS.join(', ')}, to a variable's name (letters, digits and _), or to null.`,
    )
  }
  const fields = entries.map(([, target]) => target).filter((target) => target !== null)
  const twice = fields.find((target, index) => fields.indexOf(target) !== index)
  if (twice !== undefined)
    return invalidMapping(`Two columns are mapped to ${String(twice)}. Map one of them.`)
  return ok(new Map(entries as [string, string | null][]))
}

/** Names are compared as templates compare them: `Nama Kota` is `nama_kota`. */
function foldTarget(target: unknown): unknown {
  return typeof target === 'string'
    ? target
        .trim()
        .toLowerCase()
        .replace(/[\s-]+/g, '_')
    : target
}

function isTarget(target: unknown): boolean {
  return typeof target === 'string' && isVariableName(target)
}

/** Can a template name it (`kota_asal`)? */
export function isVariableName(name: string): boolean {
  return VARIABLE_NAME.test(name) && !RESERVED_NAMES.has(name)
}

function isField(target: string): target is Field {
  return (FIELDS as readonly string[]).includes(target)
}

/**
 * Decides from the first rows of a sheet which row holds the headings and what each column is. A mapping by hand goes
 * before what is recognised. Where no column, or of phone numbers more than one, can be the needed field, the plan says
 * so in `need`.
 */
export function planColumns(
  firstRows: readonly SheetRow[],
  mapping: HandMapping,
  date1904: boolean,
  needed: NeededField = 'phone',
): Result<ColumnPlan, 'mapping_invalid'> {
  const rows = firstRows.filter((row) => !isBlank(row.cells)).slice(0, HEADING_SEARCH_ROWS)
  const headings = findHeadings(rows, mapping)
  const columns = listColumns(rows, headings, date1904)
  const byHand = assignByHand(columns, mapping)
  if (!byHand.ok) return byHand
  const recognised = recogniseFields(columns, byHand.value, headings !== undefined, needed)
  const targets = nameTheRest(columns, recognised.targets, headings !== undefined)
  return ok({
    headingRow: headings?.rowNo,
    columns: columns.map((column) => ({ ...column, target: targets.get(column.index)! })),
    need: recognised.need,
  })
}

/** The mapping in use, as the user would write it: by heading, or by letters where headings are missing or repeated. */
export function mappingInUse(columns: readonly SheetColumn[]): Record<string, string | null> {
  const keys = columns.map((column) => headingKey(column.heading))
  return Object.fromEntries(
    columns.map(({ column, heading, target }, index) => {
      const unique = keys[index] !== '' && keys.indexOf(keys[index]!) === keys.lastIndexOf(keys[index]!)
      return [unique && heading !== '__proto__' ? heading : column, targetName(target)]
    }),
  )
}

/** A target as one word: the field, the variable's name, or null. */
export function targetName(target: Target): string | null {
  if (target.kind === 'left_out') return null
  return target.kind === 'field' ? target.field : target.name
}

type Headings = { readonly rowNo: number; readonly cells: readonly string[] }

/** The row with the most recognised headings; without one, the first row that is all words and as wide as the rest. */
function findHeadings(rows: readonly SheetRow[], mapping: HandMapping): Headings | undefined {
  const mapped = new Set([...mapping.keys()].map(headingKey))
  const widest = Math.max(0, ...rows.map((row) => filled(row).length))
  let best: { row: SheetRow; score: number } | undefined
  for (const row of rows) {
    const score = headingScore(row, mapped, widest)
    if (score > (best?.score ?? 0)) best = { row, score }
  }
  const row = best?.row ?? wordsOnlyRow(rows, widest)
  return row && { rowNo: row.rowNo, cells: row.cells.map(headingText) }
}

function headingScore(row: SheetRow, mapped: ReadonlySet<string>, widest: number): number {
  const cells = filled(row)
  if (cells.some((cell) => looksLikePhone(cell))) return 0
  const texts = cells.filter((cell) => cell.kind === 'text').map((cell) => cell.text)
  const fields = new Set(
    texts.map((text) => recogniseHeading(text)?.field).filter((field) => field !== undefined),
  )
  const byHand = texts.filter((text) => mapped.has(headingKey(text))).length
  const hasPhone = fields.has('phone')
  if (!hasPhone && byHand === 0 && cells.length * 2 < widest) return 0
  return fields.size + byHand * 2 + (hasPhone ? 3 : 0)
}

function wordsOnlyRow(rows: readonly SheetRow[], widest: number): SheetRow | undefined {
  const first = rows.find((row) => filled(row).length * 2 >= widest)
  if (first === undefined) return undefined
  const isHeading = filled(first).every(
    (cell) => cell.kind === 'text' && !looksLikePhone(cell) && !/^[\d.,\s]+$/.test(cell.text),
  )
  return isHeading ? first : undefined
}

function filled(row: SheetRow): readonly RawCell[] {
  return row.cells.filter((cell) => cell !== undefined && cell.text.trim() !== '') as RawCell[]
}

function headingText(cell: RawCell | undefined): string {
  return shownText(cell, false).replace(/\s+/g, ' ').trim().slice(0, MAX_HEADING_CHARS)
}

/** Eight digits or more, and nothing but what numbers are typed with. */
function looksLikePhone(cell: RawCell): boolean {
  if (cell.kind !== 'text' && cell.kind !== 'number') return false
  const text = cell.text.normalize('NFKC').trim()
  if (/^\d{4}[-/.]\d{1,2}[-/.]\d{1,2}/.test(text) || /^\d{1,2}[-/.]\d{1,2}[-/.]\d{4}/.test(text)) return false
  return /^['+\p{Nd}\s().\-–]{8,}$/u.test(text) && (text.match(/\p{Nd}/gu)?.length ?? 0) >= 8
}

type Column = Omit<SheetColumn, 'target'>

function listColumns(
  rows: readonly SheetRow[],
  headings: Headings | undefined,
  date1904: boolean,
): readonly Column[] {
  const body = headings === undefined ? rows : rows.filter((row) => row.rowNo > headings.rowNo)
  const width = Math.max(headings?.cells.length ?? 0, ...body.map((row) => row.cells.length), 0)
  return Array.from({ length: width }, (_, index) => {
    const values = body
      .map((row) => row.cells[index])
      .filter((cell) => cell !== undefined && cell.text.trim() !== '')
    const phones = values.filter((cell) => looksLikePhone(cell!)).length
    return {
      index,
      column: columnLetters(index),
      heading: headings?.cells[index] ?? '',
      samples: values.slice(0, SAMPLES).map((cell) => shownText(cell, date1904)),
      looksLikePhone: values.length > 0 && phones / values.length >= 0.8,
    }
  })
}

type Targets = Map<number, Target>

function assignByHand(columns: readonly Column[], mapping: HandMapping): Result<Targets, 'mapping_invalid'> {
  const targets: Targets = new Map()
  for (const [key, target] of mapping) {
    const column = findColumn(columns, key)
    if (column === undefined) {
      const known = columns.map(({ column, heading }) => heading || column).join(', ')
      return invalidMapping(`The sheet has no column “${key.slice(0, 60)}”. It has: ${known.slice(0, 500)}.`)
    }
    if (column === 'repeated') {
      return invalidMapping(
        `The sheet has more than one column “${key.slice(0, 60)}”. Use the column's letter instead.`,
      )
    }
    if (targets.has(column.index)) return invalidMapping(`The column “${key.slice(0, 60)}” is mapped twice.`)
    targets.set(column.index, asTarget(target))
  }
  return ok(targets)
}

function findColumn(columns: readonly Column[], key: string): Column | 'repeated' | undefined {
  const exact = columns.filter((column) => column.heading !== '' && column.heading === key.trim())
  const alike = columns.filter(
    (column) => column.heading !== '' && headingKey(column.heading) === headingKey(key),
  )
  const found = exact.length > 0 ? exact : headingKey(key) === '' ? [] : alike
  if (found.length > 1) return 'repeated'
  return found[0] ?? columns.find((column) => column.column === key.trim().toUpperCase())
}

function asTarget(target: string | null): Target {
  if (target === null) return { kind: 'left_out' }
  return isField(target) ? { kind: 'field', field: target } : { kind: 'variable', name: target }
}

/** Gives each field that is not mapped by hand the column that fits best; the phone only if exactly one fits. */
function recogniseFields(
  columns: readonly Column[],
  byHand: Targets,
  hasHeadings: boolean,
  needed: NeededField,
): { targets: Targets; need: MappingNeed | undefined } {
  const targets: Targets = new Map(byHand)
  const free = columns.filter((column) => !byHand.has(column.index))
  for (const column of free) {
    if (headingKey(column.heading) === headingKey(REASON_HEADING))
      targets.set(column.index, { kind: 'left_out' })
  }
  const taken = new Set([...byHand.values()].map(targetName))
  for (const field of FIELDS) {
    if (taken.has(field)) continue
    const fits = hasHeadings
      ? fitting(free, field)
      : field === 'phone'
        ? free.filter((column) => column.looksLikePhone)
        : []
    if (field === 'phone' && needed === 'phone' && fits.length !== 1)
      return { targets, need: phoneNeed(fits) }
    if (field === 'invoice' && needed === 'invoice' && fits.length === 0)
      return { targets, need: INVOICE_NEED }
    if (fits[0]) targets.set(fits[0].index, { kind: 'field', field })
  }
  return { targets, need: undefined }
}

function fitting(columns: readonly Column[], field: Field): readonly Column[] {
  const found = columns
    .map((column) => ({ column, recognition: recogniseHeading(column.heading) }))
    .filter(({ recognition }) => recognition?.field === field)
  return found
    .sort(
      (a, b) =>
        Number(b.recognition!.exact) - Number(a.recognition!.exact) ||
        a.recognition!.rank - b.recognition!.rank,
    )
    .map(({ column }) => column)
}

const INVOICE_NEED: MappingNeed = {
  code: 'invoice_column_missing',
  detail:
    'No column was recognised as the invoice’s number. Say which one it is, for example with the mapping {"No":"invoice"}.',
}

function phoneNeed(fits: readonly Column[]): MappingNeed {
  if (fits.length === 0) {
    return {
      code: 'phone_column_missing',
      detail:
        'No column was recognised as the phone number. Say which one it is, for example with the mapping {"Contact":"phone"}.',
    }
  }
  const names = fits.map((column) => `${column.heading || 'without a heading'} (${column.column})`).join(', ')
  return {
    code: 'phone_column_ambiguous',
    detail: `More than one column can be the phone number: ${names.slice(0, 500)}. Say which one it is, for example with the mapping {"${fits[0]!.column}":"phone"}.`,
  }
}

/** Every other column with a heading becomes a variable of its own name; in a sheet without headings, of its letters. */
function nameTheRest(columns: readonly Column[], assigned: Targets, hasHeadings: boolean): Targets {
  const targets: Targets = new Map(assigned)
  const used = new Set<string>([
    ...FIELDS,
    ...[...assigned.values()].map((target) => targetName(target) ?? ''),
  ])
  for (const column of columns) {
    if (targets.has(column.index)) continue
    if (hasHeadings && column.heading === '') {
      targets.set(column.index, { kind: 'left_out' })
      continue
    }
    const name = uniqueName(variableName(column), used)
    used.add(name)
    targets.set(column.index, { kind: 'variable', name })
  }
  return targets
}

/** `Nama Perusahaan` → `nama_perusahaan`: what can stand between the braces of a template. */
function variableName({ heading, column }: Column): string {
  const words = headingWords(heading)
    .map((word) => word.replace(/[^a-z0-9]/g, ''))
    .filter((word) => word !== '')
  const name = words.join('_').slice(0, MAX_NAME_CHARS).replace(/_+$/, '')
  if (name === '') return `column_${column.toLowerCase()}`
  return /^[a-z]/.test(name) && !RESERVED_NAMES.has(name) ? name : `column_${name}`.slice(0, MAX_NAME_CHARS)
}

function uniqueName(name: string, used: ReadonlySet<string>): string {
  if (!used.has(name)) return name
  for (let n = 2; ; n++) {
    const suffix = `_${n}`
    const candidate = name.slice(0, MAX_NAME_CHARS - suffix.length) + suffix
    if (!used.has(candidate)) return candidate
  }
}

function invalidMapping(message: string): Result<never, 'mapping_invalid'> {
  return refuse('mapping_invalid', message)
}
