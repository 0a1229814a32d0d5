import { divideHalfUp, formatAmount, parseAmount } from '../platform/money.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import { type IsoDay, isIsoDay } from './day.ts'
import { CATEGORIES, type Category } from './models/model.ts'
import { channelOf, MODEL_NAMES, type ModelName } from './models/registry.ts'
import { problem, type RowProblem, readTable, type TableInput, type TableRow } from './table.ts'

/** When the channel charges: on delivery, or already when it takes the message (SMS). */
export const CHARGE_MOMENTS = ['delivered', 'accepted'] as const
export type ChargeOn = (typeof CHARGE_MOMENTS)[number]

/** Whose price it is: the installation's (the seed, the operator) or one workspace's own. */
export type RateOwner = 'install' | 'workspace'

/** One dated price. In force from `effectiveFrom`, 00:00 in the account's time zone, until a later row. */
export type RateRow = {
  readonly owner: RateOwner
  readonly model: ModelName
  readonly currency: string
  readonly market: string
  readonly category: Category
  readonly effectiveFrom: IsoDay
  /** Price of one message, conversation or part of an SMS, in 1/10,000 units. */
  readonly priceMinor: bigint
  readonly chargeOn: ChargeOn
  /** Where the price was read, for whoever checks it. */
  readonly source: string
}

export type RateKey = {
  readonly currency: string
  readonly market: string
  readonly category: Category
  readonly on: IsoDay
}

export type RateImport = {
  readonly owner: RateOwner
  readonly source: string
  /** Added to every price, `12.5` for 12.5 %, rounded half-up once. */
  readonly markupPercent?: string | undefined
  /** The day of rows that name none, for a card that says it once and not in each row. */
  readonly effectiveFrom?: string | undefined
  /** Where given, a market outside it is refused: a slip of the pen would never match a number. */
  readonly knownMarkets?: Iterable<string> | undefined
}

export const RATE_COLUMNS = {
  required: ['model', 'currency', 'market', 'category', 'effective_from', 'price_per_unit'],
  optional: ['charge_on'],
} as const

/** The same of a card whose day is said beside it. */
const UNDATED_COLUMNS = {
  required: RATE_COLUMNS.required.filter((column) => column !== 'effective_from'),
  optional: [...RATE_COLUMNS.optional, 'effective_from'],
}

/** Far above any message price in any currency, and low enough that ten million of them fit a database bigint. */
export const MAX_PRICE_MINOR = 1_000_000n * 10_000n
const MAX_MARKUP_PERCENT_MINOR = 1_000n * 10_000n
const MAX_MARKET_CHARACTERS = 80
const MARKET_SENTENCE =
  'No calling code belongs to a market of this name; the names are those of the platform.'
const HUNDRED_PERCENT_MINOR = 100n * 10_000n

/** Said wherever a price is shown: the seeded ones come from public and, for IDR and INR, secondary sources. */
export const RATE_CARD_NOTICE =
  'Prices were collected from public sources. Check every card against your own contract before you rely on it.'

/**
 * Reads a rate card: CSV text, or the cells of a sheet with the heading row first, in the columns of RATE_COLUMNS.
 * All or nothing. Refuses `invalid_rate_card` with `errors: RowProblem[]`, every bad row named by its number in the
 * file; `invalid_markup`; `invalid_day`; and what readTable refuses. Prices are decimals with a point and at most four places.
 */
export function parseRateRows(input: TableInput, options: RateImport): Result<readonly RateRow[]> {
  const markupMinor = parseMarkup(options.markupPercent)
  if (markupMinor === undefined) {
    return refuse('invalid_markup', 'A markup is a percentage from 0 to 1000 with a point, such as 12.5.')
  }
  const { effectiveFrom } = options
  if (effectiveFrom !== undefined && !isIsoDay(effectiveFrom))
    return refuse('invalid_day', 'A day is written YYYY-MM-DD, such as 2026-12-01.')
  const table = readTable(input, effectiveFrom === undefined ? RATE_COLUMNS : UNDATED_COLUMNS)
  if (!table.ok) return table
  const markets =
    options.knownMarkets && new Map([...options.knownMarkets].map((name) => [folded(name), name]))
  const rows = table.value.map((row) => dated(row, effectiveFrom))
  const read = rows.map((row) => readRow(row, { ...options, markupMinor, markets }))
  const errors = [...read.flatMap((row) => row.problems), ...repetitions(rows)]
  if (table.value.length === 0) errors.push(problem(2, 'model', 'no_rows', 'The file has no rows.', ''))
  return errors.length > 0 ? refusal(errors, table.value.length) : ok(read.map((row) => row.rate!))
}

/**
 * The row in force for a key: a workspace's own rows, if any is in force, before the installation's, whatever their
 * dates, since a workspace's card is its contract; among those of one owner the latest `effectiveFrom` not after the
 * day, over all models, so that the row names the model. Undefined where there is none: no price is not a zero price.
 */
export function priceOn(rows: readonly RateRow[], { market, ...key }: RateKey): RateRow | undefined {
  return ratesInForce(rows, key).get(market)
}

/** As priceOn, for every market at once. */
export function ratesInForce(
  rows: readonly RateRow[],
  { currency, category, on }: Omit<RateKey, 'market'>,
): ReadonlyMap<string, RateRow> {
  const inForce = new Map<string, RateRow>()
  for (const row of rows) {
    if (row.currency !== currency || row.category !== category || row.effectiveFrom > on) continue
    const rival = inForce.get(row.market)
    if (rival === undefined || prevails(row, rival)) inForce.set(row.market, row)
  }
  return inForce
}

/** An import refuses two models on one day; should two imports bring them, the order of the registry decides. */
function prevails(row: RateRow, rival: RateRow): boolean {
  if (row.owner !== rival.owner) return row.owner === 'workspace'
  if (row.effectiveFrom !== rival.effectiveFrom) return row.effectiveFrom > rival.effectiveFrom
  return MODEL_NAMES.indexOf(row.model) < MODEL_NAMES.indexOf(rival.model)
}

function dated(row: TableRow, day: IsoDay | undefined): TableRow {
  if (day === undefined || (row.cells.effective_from ?? '') !== '') return row
  return { ...row, cells: { ...row.cells, effective_from: day } }
}

function parseMarkup(text = '0'): bigint | undefined {
  const percentMinor = parseAmount(text.trim())
  if (percentMinor === undefined || percentMinor < 0n || percentMinor > MAX_MARKUP_PERCENT_MINOR)
    return undefined
  return percentMinor
}

type RowContext = Omit<RateImport, 'knownMarkets' | 'effectiveFrom'> & {
  readonly markupMinor: bigint
  readonly markets: ReadonlyMap<string, string> | undefined
}
type ReadRow = { readonly rate?: RateRow; readonly problems: readonly RowProblem[] }

function readRow({ row, cells }: TableRow, { owner, source, markupMinor, markets }: RowContext): ReadRow {
  const problems: RowProblem[] = []
  const read = <T>(
    column: string,
    parse: (text: string) => T | undefined,
    code: string,
    sentence: string,
  ) => {
    const value = parse(cells[column] ?? '')
    if (value === undefined) problems.push(problem(row, column, code, sentence, cells[column] ?? ''))
    return value
  }
  const model = read('model', among(MODEL_NAMES), 'unknown_model', `Known: ${MODEL_NAMES.join(', ')}.`)
  const currency = read(
    'currency',
    parseCurrency,
    'bad_currency',
    'A currency is three letters, such as IDR.',
  )
  const market = read('market', marketAmong(markets), 'unknown_market', MARKET_SENTENCE)
  const category = read('category', among(CATEGORIES), 'unknown_category', `Known: ${CATEGORIES.join(', ')}.`)
  const effectiveFrom = read('effective_from', parseDay, 'bad_day', 'A day is written YYYY-MM-DD.')
  const listMinor = read('price_per_unit', parsePrice, 'bad_price', priceSentence(cells.price_per_unit ?? ''))
  const chargeOn = read('charge_on', parseChargeOn, 'bad_charge_on', `Known: ${CHARGE_MOMENTS.join(', ')}.`)
  if (cells[''] !== undefined) {
    problems.push(problem(row, '', 'too_many_cells', 'The row has more cells than the heading.', cells['']))
  }
  if (problems.length > 0) return { problems }
  const priceMinor = markedUp(listMinor!, markupMinor)
  const key = { model: model!, currency: currency!, market: market!, category: category! }
  return {
    problems,
    rate: { owner, ...key, effectiveFrom: effectiveFrom!, priceMinor, chargeOn: chargeOn!, source },
  }
}

function among<Word extends string>(words: readonly Word[]): (text: string) => Word | undefined {
  return (text) => words.find((word) => word === text.toLowerCase())
}

function parseCurrency(text: string): string | undefined {
  return /^[A-Za-z]{3}$/.test(text) ? text.toUpperCase() : undefined
}

function marketAmong(markets: ReadonlyMap<string, string> | undefined): (text: string) => string | undefined {
  if (markets) return (text) => markets.get(folded(text))
  return (text) => (text !== '' && text.length <= MAX_MARKET_CHARACTERS ? text : undefined)
}

function parseDay(text: string): IsoDay | undefined {
  return isIsoDay(text) ? text : undefined
}

function parsePrice(text: string): bigint | undefined {
  const priceMinor = parseAmount(text)
  return priceMinor !== undefined && priceMinor >= 0n && priceMinor <= MAX_PRICE_MINOR
    ? priceMinor
    : undefined
}

function priceSentence(text: string): string {
  if (/^(n\/?a|-)?$/i.test(text)) return 'No price is not a price of zero: leave the row out.'
  return `A price is a decimal with a point and at most four places, from 0 to ${formatAmount(MAX_PRICE_MINOR)}.`
}

function parseChargeOn(text: string): ChargeOn | undefined {
  return text === '' ? 'delivered' : among(CHARGE_MOMENTS)(text)
}

function markedUp(priceMinor: bigint, markupMinor: bigint): bigint {
  return divideHalfUp(priceMinor * (HUNDRED_PERCENT_MINOR + markupMinor), HUNDRED_PERCENT_MINOR)
}

/** The same channel, currency, market, category and day twice, be it of two models: which one holds could not be told. */
function repetitions(rows: readonly TableRow[]): RowProblem[] {
  const seen = new Map<string, number>()
  return rows.flatMap(({ row, cells }) => {
    const model = MODEL_NAMES.find((name) => name === folded(cells.model ?? ''))
    const words = [
      model && channelOf(model),
      cells.currency,
      cells.market,
      cells.category,
      cells.effective_from,
    ]
    const key = words.map((word) => folded(word ?? '')).join('|')
    const first = seen.get(key)
    if (first === undefined) seen.set(key, row)
    if (first === undefined) return []
    const sentence = `Row ${first} already has a price for this currency, market, category and day.`
    return [problem(row, 'effective_from', 'repeated', sentence, cells.effective_from ?? '')]
  })
}

function folded(text: string): string {
  return text.trim().toLowerCase()
}

function refusal(errors: RowProblem[], rows: number) {
  errors.sort((a, b) => a.row - b.row)
  const first = errors[0]!
  const bad = new Set(errors.map(({ row }) => row)).size
  const message = `${bad} of ${rows} rows cannot be used, so nothing was imported. Row ${first.row}, ${first.column}: ${first.message}`
  return refuse('invalid_rate_card', message, { errors })
}
