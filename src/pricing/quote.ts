import { divideHalfUp } from '../platform/money.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import type { IsoDay } from './day.ts'
import { compileMarkets, type MarketRow } from './market.ts'
import type { Category } from './models/model.ts'
import type { ModelName } from './models/registry.ts'
import { type ChargeOn, type RateRow, ratesInForce } from './rate-card.ts'

/** Contacts whose numbers begin with the same digits (at least MARKET_PREFIX_DIGITS of them). */
export type PrefixGroup = {
  readonly prefix: string
  readonly count: number
  /** How many of them a window open at sending makes free (as decideCharge would say); 0 where absent. */
  readonly freeCount?: number | undefined
}

/** What prices an audience: cards of all owners and dates, markets of all dates, and the day of sending. */
export type PriceBasis = {
  readonly category: Category
  readonly currency: string
  /** The day of sending, in the account's time zone. */
  readonly on: IsoDay
  readonly cards: readonly RateRow[]
  readonly markets: readonly MarketRow[]
}

/** A group with its market and the row that prices it; no row means that these contacts cannot be priced. */
export type PricedGroup = PrefixGroup & { readonly market: string; readonly row: RateRow | undefined }

/** Contacts left out of a quote, and why. */
export type Exclusion = { readonly reason: string; readonly count: number }

export type QuoteLine = {
  readonly market: string
  readonly category: Category
  readonly count: number
  readonly freeCount: number
  readonly unitPriceMinor: bigint
  readonly subtotalMinor: bigint
  readonly model: ModelName
  readonly chargeOn: ChargeOn
  readonly effectiveFrom: IsoDay
  readonly source: string
}

/** A priced audience: every contact is in a line or in an exclusion. */
export type PricedAudience = {
  readonly currency: string
  readonly pricedOn: IsoDay
  /** Dearest first. */
  readonly lines: readonly QuoteLine[]
  readonly recipients: number
  /** The sum of the lines, and what is to be reserved; the same as `maximumMinor`. */
  readonly totalMinor: bigint
  /** What is owed although nothing arrives: the lines charged on acceptance. */
  readonly minimumMinor: bigint
  /** What will likely be charged: without those that are free, times the share that is usually delivered. */
  readonly expectedMinor: bigint
  readonly maximumMinor: bigint
  readonly excluded: readonly Exclusion[]
  /** The markets behind the exclusion `no_price`. */
  readonly unpricedMarkets: readonly { readonly market: string; readonly count: number }[]
  /** The newest effective day among the rows that priced it; undefined where no contact could be priced. */
  readonly rateCardAsOf: IsoDay | undefined
  readonly models: readonly ModelName[]
}

export type QuoteTerms = {
  readonly category: Category
  readonly currency: string
  readonly on: IsoDay
  /** Found by the caller before pricing: suppressed, missing variables and the like. */
  readonly excluded?: readonly Exclusion[] | undefined
  /** The share of messages that this sender usually delivers, in 1/10,000; all where absent. */
  readonly deliveredBasisPoints?: number | undefined
}

/** The exclusion of contacts in a market that no card in force prices in the currency. */
export const NO_PRICE = 'no_price'
/** The exclusion of contacts in a market that a what-if leaves out. */
export const MARKET_LEFT_OUT = 'market_left_out'
export const MAX_WHAT_IF_VARIANTS = 12
const ALL_BASIS_POINTS = 10_000

/**
 * Gives every group its market and its row in force on the day of sending. The answer is in the order of the groups,
 * a row a group, so that a database can join it back on the prefix and price each contact in one pass. Throws on a
 * prefix too short to decide a market, which is a bug of the caller.
 */
export function priceGroups(groups: readonly PrefixGroup[], basis: PriceBasis): PricedGroup[] {
  const marketFor = compileMarkets(basis.markets, basis.on)
  const rates = ratesInForce(basis.cards, basis)
  return groups.map((group) => {
    assertCounts(group)
    const market = marketFor(group.prefix)
    return { ...group, market, row: rates.get(market) }
  })
}

/** Adds priced groups up into a quote. The order of the groups does not matter; every contact is counted once. */
export function quoteLines(priced: readonly PricedGroup[], terms: QuoteTerms): PricedAudience {
  const byMarket = grouped(priced, ({ market }) => market)
  const lines = byMarket.flatMap((groups) => lineOf(groups, terms.category)).sort(byCost)
  const unpricedMarkets = byMarket
    .flatMap(unpricedOf)
    .sort((a, b) => b.count - a.count || order(a.market, b.market))
  const noPrice = { reason: NO_PRICE, count: sumOf(unpricedMarkets, ({ count }) => count) }
  const totalMinor = sumMinor(lines, ({ subtotalMinor }) => subtotalMinor)
  return {
    currency: terms.currency,
    pricedOn: terms.on,
    lines,
    recipients: sumOf(lines, ({ count }) => count),
    totalMinor,
    minimumMinor: owedOn('accepted', lines),
    expectedMinor: expectedOf(lines, terms.deliveredBasisPoints ?? ALL_BASIS_POINTS),
    maximumMinor: totalMinor,
    excluded: merged([...(terms.excluded ?? []), noPrice]),
    unpricedMarkets,
    rateCardAsOf: lines
      .map(({ effectiveFrom }) => effectiveFrom)
      .sort()
      .at(-1),
    models: [...new Set(lines.map(({ model }) => model))].sort(),
  }
}

/** Another day, another category, or without some markets: what a what-if changes. */
export type Variant = {
  readonly on?: IsoDay | undefined
  readonly category?: Category | undefined
  readonly withoutMarkets?: readonly string[] | undefined
}

export type WhatIf = {
  readonly base: PricedAudience
  readonly variants: readonly {
    readonly variant: Variant
    readonly quote: PricedAudience
    /** Its total less the base's: negative where it is cheaper. */
    readonly differenceMinor: bigint
  }[]
}

/**
 * The same audience under other terms, side by side with the terms given. Refuses `too_many_variants`. Free counts
 * hold for the day and category they were counted for; a variant that changes either drops them.
 */
export function whatIf(
  groups: readonly PrefixGroup[],
  variants: readonly Variant[],
  basis: PriceBasis & Pick<QuoteTerms, 'excluded' | 'deliveredBasisPoints'>,
): Result<WhatIf, 'too_many_variants'> {
  if (variants.length > MAX_WHAT_IF_VARIANTS) {
    return refuse('too_many_variants', `Compare at most ${MAX_WHAT_IF_VARIANTS} variants at a time.`)
  }
  const base = quoteLines(priceGroups(groups, basis), basis)
  const compared = variants.map((variant) => {
    const quote = quoteVariant(groups, variant, basis)
    return { variant, quote, differenceMinor: quote.totalMinor - base.totalMinor }
  })
  return ok({ base, variants: compared })
}

function assertCounts({ count, freeCount = 0 }: PrefixGroup): void {
  const isCount = Number.isSafeInteger(count) && Number.isSafeInteger(freeCount)
  if (!isCount || freeCount < 0 || freeCount > count)
    throw new Error('a group counts contacts, some of them free')
}

function lineOf(groups: readonly PricedGroup[], category: Category): QuoteLine[] {
  const { market, row } = groups[0]!
  const count = sumOf(groups, (group) => group.count)
  if (row === undefined || count === 0) return []
  const { priceMinor: unitPriceMinor, model, chargeOn, effectiveFrom, source } = row
  const freeCount = sumOf(groups, (group) => group.freeCount ?? 0)
  const subtotalMinor = unitPriceMinor * BigInt(count)
  const card = { model, chargeOn, effectiveFrom, source }
  return [{ market, category, count, freeCount, unitPriceMinor, subtotalMinor, ...card }]
}

function unpricedOf(groups: readonly PricedGroup[]): { market: string; count: number }[] {
  const { market, row } = groups[0]!
  const count = sumOf(groups, (group) => group.count)
  return row === undefined && count > 0 ? [{ market, count }] : []
}

function owedOn(moment: ChargeOn, lines: readonly QuoteLine[]): bigint {
  const owed = lines.filter(({ chargeOn }) => chargeOn === moment)
  return sumMinor(owed, ({ count, freeCount, unitPriceMinor }) => unitPriceMinor * BigInt(count - freeCount))
}

/** Rounded half-up once, on the sum. */
function expectedOf(lines: readonly QuoteLine[], deliveredBasisPoints: number): bigint {
  const delivered = owedOn('delivered', lines) * BigInt(deliveredBasisPoints)
  return owedOn('accepted', lines) + divideHalfUp(delivered, BigInt(ALL_BASIS_POINTS))
}

function merged(exclusions: readonly Exclusion[]): Exclusion[] {
  return grouped(exclusions, ({ reason }) => reason)
    .map((same) => ({ reason: same[0]!.reason, count: sumOf(same, ({ count }) => count) }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count || order(a.reason, b.reason))
}

function quoteVariant(
  groups: readonly PrefixGroup[],
  variant: Variant,
  basis: PriceBasis & Pick<QuoteTerms, 'excluded' | 'deliveredBasisPoints'>,
): PricedAudience {
  const terms = { ...basis, on: variant.on ?? basis.on, category: variant.category ?? basis.category }
  const isSameCharge = terms.on === basis.on && terms.category === basis.category
  const counted = isSameCharge ? groups : groups.map(({ prefix, count }) => ({ prefix, count }))
  const without = new Set(variant.withoutMarkets)
  const priced = priceGroups(counted, terms)
  const leftOut = priced.filter(({ market }) => without.has(market))
  const exclusion = { reason: MARKET_LEFT_OUT, count: sumOf(leftOut, ({ count }) => count) }
  const kept = priced.filter(({ market }) => !without.has(market))
  return quoteLines(kept, { ...terms, excluded: [...(basis.excluded ?? []), exclusion] })
}

function byCost(a: QuoteLine, b: QuoteLine): number {
  if (a.subtotalMinor !== b.subtotalMinor) return a.subtotalMinor > b.subtotalMinor ? -1 : 1
  return order(a.market, b.market)
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group) group.push(item)
    else groups.set(keyOf(item), [item])
  }
  return [...groups.values()]
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function sumOf<T>(items: readonly T[], count: (item: T) => number): number {
  return items.reduce((sum, item) => sum + count(item), 0)
}

function sumMinor<T>(items: readonly T[], amount: (item: T) => bigint): bigint {
  return items.reduce((sum, item) => sum + amount(item), 0n)
}
