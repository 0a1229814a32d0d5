import { ok, type Result, refuse } from '../platform/result.ts'
import { type IsoDay, isIsoDay } from './day.ts'
import { problem, type RowProblem, readTable, type TableInput, type TableRow } from './table.ts'

/** A calling-code prefix and its market, from `effectiveFrom` until the day before `effectiveUntil`; open-ended where absent. */
export type MarketRow = {
  readonly prefix: string
  readonly country: string
  readonly market: string
  readonly effectiveFrom?: IsoDay | undefined
  readonly effectiveUntil?: IsoDay | undefined
}

/** So many leading digits of a number decide its market, whatever the table: parseMarketRows refuses longer prefixes. */
export const MARKET_PREFIX_DIGITS = 4

/** The platform's market for every calling code that no row names. */
export const OTHER_MARKET = 'Other'

const MARKET_COLUMNS = {
  required: ['calling_code_prefix', 'country', 'market', 'effective_from', 'effective_until'],
  optional: [],
} as const
const PREFIX = new RegExp(`^[1-9][0-9]{0,${MARKET_PREFIX_DIGITS - 1}}$`)
const FIRST_DAY: IsoDay = '0001-01-01'
const LAST_DAY: IsoDay = '9999-12-31'

/** From a number's digits (E.164 without the plus, at least four) to its market. */
export type MarketLookup = (digits: string) => string

/**
 * Reads the table of markets (CSV with the columns of the seed). Refuses `invalid_markets` with `errors`, and what
 * readTable refuses. Two rows may share a prefix only where they agree on the market or do not overlap in time.
 */
export function parseMarketRows(input: TableInput): Result<readonly MarketRow[]> {
  const table = readTable(input, MARKET_COLUMNS)
  if (!table.ok) return table
  const rows = table.value.map(({ cells }) => marketRow(cells))
  const errors = [...table.value.flatMap(rowProblems), ...conflicts(rows, table.value)]
  if (errors.length === 0) return ok(rows)
  const first = errors[0]!
  return refuse('invalid_markets', `Row ${first.row}, ${first.column}: ${first.message}`, { errors })
}

/**
 * The market of a number on a day: the longest prefix valid that day, else `Other`. The country of the recipient's
 * calling code decides, never that of the business. For one number; many are looked up by compileMarkets.
 */
export function marketOf(digits: string, onDay: IsoDay, rows: readonly MarketRow[]): string {
  if (!/^\d{4,}$/.test(digits)) throw notDigits()
  const matches = rows.filter((row) => isValidOn(row, onDay) && digits.startsWith(row.prefix))
  return matches.reduce((best, row) => (row.prefix.length > best.prefix.length ? row : best), NO_ROW).market
}

/**
 * The markets of a day as a lookup by the first four digits, in constant time. Throws where two rows claim one
 * prefix for different markets: a table that parseMarketRows would have refused.
 */
export function compileMarkets(rows: readonly MarketRow[], onDay: IsoDay): MarketLookup {
  const byLead = marketsByLead(rows.filter((row) => isValidOn(row, onDay)))
  return (digits) => byLead[leadOf(digits)]!
}

export type MarketCoverage = {
  /** Markets that have a price but no calling code: their price can never be used. */
  readonly withoutPrefix: readonly string[]
  /** Markets that have a calling code but no price: their contacts are excluded from every quote. */
  readonly withoutPrice: readonly string[]
}

/** Compares the markets of a card with those of the table, for whoever imports one. `Other` needs no prefix. */
export function marketCoverage(priced: Iterable<string>, rows: readonly MarketRow[]): MarketCoverage {
  const prices = new Set(priced)
  const markets = new Set([...rows.map(({ market }) => market), OTHER_MARKET])
  return {
    withoutPrefix: [...prices].filter((market) => !markets.has(market)).sort(),
    withoutPrice: [...markets].filter((market) => !prices.has(market)).sort(),
  }
}

const NO_ROW: MarketRow = { prefix: '', country: '', market: OTHER_MARKET }

function isValidOn(
  { effectiveFrom = FIRST_DAY, effectiveUntil = LAST_DAY }: MarketRow,
  day: IsoDay,
): boolean {
  return effectiveFrom <= day && day < effectiveUntil
}

/** Shorter prefixes are filled in first, so that longer ones overwrite their share. */
function marketsByLead(rows: readonly MarketRow[]): string[] {
  const byLead = new Array<string>(10 ** MARKET_PREFIX_DIGITS).fill(OTHER_MARKET)
  const marketByPrefix = new Map<string, string>()
  for (const { prefix, market } of rows.toSorted((a, b) => a.prefix.length - b.prefix.length)) {
    const rival = marketByPrefix.get(prefix)
    if (rival !== undefined && rival !== market)
      throw new Error(`+${prefix} is claimed by ${rival} and ${market}`)
    marketByPrefix.set(prefix, market)
    const share = 10 ** (MARKET_PREFIX_DIGITS - prefix.length)
    byLead.fill(market, Number(prefix) * share, (Number(prefix) + 1) * share)
  }
  return byLead
}

const ZERO = 48

/** The first four digits as a number, by hand: this runs once a contact. */
function leadOf(digits: string): number {
  let lead = 0
  for (let at = 0; at < MARKET_PREFIX_DIGITS; at += 1) {
    const digit = digits.charCodeAt(at) - ZERO
    if (!(digit >= 0 && digit <= 9)) throw notDigits()
    lead = lead * 10 + digit
  }
  return lead
}

/** The number itself is not in the message: it would end up in a log. */
function notDigits(): Error {
  return new Error(`a number for a market is at least ${MARKET_PREFIX_DIGITS} digits without a plus`)
}

function marketRow(cells: TableRow['cells']): MarketRow {
  return {
    prefix: cells.calling_code_prefix ?? '',
    country: cells.country ?? '',
    market: cells.market ?? '',
    ...(cells.effective_from ? { effectiveFrom: cells.effective_from } : {}),
    ...(cells.effective_until ? { effectiveUntil: cells.effective_until } : {}),
  }
}

function rowProblems({ row, cells }: TableRow): RowProblem[] {
  const {
    calling_code_prefix: prefix = '',
    market = '',
    effective_from: from,
    effective_until: until,
  } = cells
  const problems: RowProblem[] = []
  if (!PREFIX.test(prefix)) {
    const sentence = `A prefix is 1 to ${MARKET_PREFIX_DIGITS} digits without a plus or a leading zero.`
    problems.push(problem(row, 'calling_code_prefix', 'bad_prefix', sentence, prefix))
  }
  if (market === '') problems.push(problem(row, 'market', 'missing', 'A market needs a name.', market))
  for (const [column, day] of [['effective_from', from] as const, ['effective_until', until] as const]) {
    if (day && !isIsoDay(day))
      problems.push(problem(row, column, 'bad_day', 'A day is written YYYY-MM-DD.', day))
  }
  if (from && until && from >= until) {
    problems.push(problem(row, 'effective_until', 'bad_period', 'The period ends before it begins.', until))
  }
  return problems
}

function conflicts(rows: readonly MarketRow[], table: readonly TableRow[]): RowProblem[] {
  const earlier = new Map<string, { row: MarketRow; number: number }[]>()
  return rows.flatMap((row, at) => {
    const { row: number } = table[at]!
    const namesakes = earlier.get(row.prefix) ?? []
    earlier.set(row.prefix, [...namesakes, { row, number }])
    const rival = namesakes.find((other) => isConflict(row, other.row))
    if (!rival) return []
    const sentence = `Row ${rival.number} gives this prefix to another market on the same days.`
    return [problem(number, 'calling_code_prefix', 'conflict', sentence, row.prefix)]
  })
}

function isConflict(row: MarketRow, other: MarketRow): boolean {
  const { effectiveFrom: from = FIRST_DAY, effectiveUntil: until = LAST_DAY } = row
  const { effectiveFrom: otherFrom = FIRST_DAY, effectiveUntil: otherUntil = LAST_DAY } = other
  return row.market !== other.market && from < otherUntil && otherFrom < until
}
