import { DateTime } from 'luxon'
import { type Page, pageOf } from '../platform/page.ts'
import type { Scope } from '../platform/scope.ts'
import type { IsoDay } from './day.ts'
import type { Channel, ModelName } from './models/registry.ts'
import type { ChargeOn, RateOwner } from './rate-card.ts'

/** Which card: whose it is, for which channel, in which currency, and from which day on. */
export type CardKey = {
  readonly owner: RateOwner
  readonly channel: Channel
  readonly currency: string
  readonly from: IsoDay
}

/** The prices of one day, as one card. */
export type RateCard = CardKey & {
  /** The last day on which any of its prices holds; undefined while one has no successor. */
  readonly until: IsoDay | undefined
  readonly prices: number
  /** How many of them this workspace is charged by today. */
  readonly inForce: number
  readonly isAhead: boolean
}

export type CardPrice = {
  readonly market: string
  readonly category: string
  readonly priceMinor: bigint
  readonly model: ModelName
  readonly chargeOn: ChargeOn
  readonly until: IsoDay | undefined
  readonly isInForce: boolean
  readonly source: string
}

export type PricePlace = readonly [market: string, category: string]

/** Today where this workspace is: prices change at its midnight. */
export function cardDay(now: Date, timeZone: string): IsoDay {
  return DateTime.fromJSDate(now, { zone: timeZone }).toISODate() ?? now.toISOString().slice(0, 10)
}

/** Every card that this workspace may be charged by: its own first, then the installation's, the latest first. */
export function listRateCards(scope: Scope, today: IsoDay, limit: number): Promise<RateCard[]> {
  return cards(scope, today, undefined, limit)
}

/** One card that this workspace may see, or undefined. */
export async function findRateCard(
  scope: Scope,
  today: IsoDay,
  card: CardKey,
): Promise<RateCard | undefined> {
  const [found] = await cards(scope, today, card, 1)
  return found
}

/** The prices of a card, by market and category; `market` is a part of a market's name. */
export async function listCardPrices(
  scope: Scope,
  today: IsoDay,
  card: CardKey,
  wanted: {
    readonly market?: string | undefined
    readonly category?: string | undefined
    readonly limit: number
    readonly after?: PricePlace | undefined
  },
): Promise<Page<CardPrice, PricePlace>> {
  const { sql } = scope
  const { market, category, after } = wanted
  const rows = await sql<(Omit<CardPrice, 'until'> & { until: string | null })[]>`
    WITH priced AS (${priced(scope, today)})
    SELECT market, category, price AS "priceMinor", model, charge_on AS "chargeOn", (next - 1)::text AS until,
           holds AS "isInForce", source
      FROM priced
     WHERE ${isOf(scope, card)}
       ${market === undefined ? sql`` : sql`AND position(lower(${market}) IN lower(market)) > 0`}
       ${category === undefined ? sql`` : sql`AND category = ${category}`}
       ${after === undefined ? sql`` : sql`AND (market COLLATE "C", category COLLATE "C") > (${after[0]}, ${after[1]})`}
     ORDER BY market COLLATE "C", category COLLATE "C", model LIMIT ${wanted.limit + 1}`
  const prices = rows.map((row) => ({ ...row, until: row.until ?? undefined }))
  return pageOf(prices, wanted.limit, (price) => [price.market, price.category] as const)
}

async function cards(
  scope: Scope,
  today: IsoDay,
  only: CardKey | undefined,
  limit: number,
): Promise<RateCard[]> {
  const rows = await scope.sql<(Omit<RateCard, 'until'> & { until: string | null })[]>`
    WITH priced AS (${priced(scope, today)})
    SELECT owner, channel, currency, effective_from::text AS "from",
           CASE WHEN bool_and(next IS NOT NULL) THEN (max(next) - 1)::text END AS until,
           count(*)::int AS prices, count(*) FILTER (WHERE holds)::int AS "inForce",
           effective_from > ${today}::date AS "isAhead"
      FROM priced ${only === undefined ? scope.sql`` : scope.sql`WHERE ${isOf(scope, only)}`}
     GROUP BY owner, channel, currency, effective_from
     ORDER BY owner DESC, effective_from DESC, channel DESC, currency LIMIT ${limit}`
  return rows.map((row) => ({ ...row, until: row.until ?? undefined }))
}

/** Each price with the day on which the next one takes its place, and whether it is what counts here today. */
function priced({ sql, workspaceId }: Scope, today: IsoDay) {
  return sql`
    SELECT dated.*, effective_from <= ${today}::date AND coalesce(next > ${today}::date, true)
             AND (owner = 'workspace' OR NOT bool_or(owner = 'workspace' AND effective_from <= ${today}::date)
                    OVER (PARTITION BY channel, currency, market, category)) AS holds
      FROM (SELECT named.*, lead(effective_from) OVER (
                     PARTITION BY owner, channel, currency, market, category ORDER BY effective_from) AS next
              FROM (SELECT r.*, CASE WHEN workspace_id IS NULL THEN 'install' ELSE 'workspace' END AS owner,
                           CASE WHEN model = 'per_segment' THEN 'sms' ELSE 'whatsapp' END AS channel
                      FROM rate_rows r WHERE workspace_id IS NULL OR workspace_id = ${workspaceId}) named) dated`
}

function isOf({ sql }: Scope, { owner, channel, currency, from }: CardKey) {
  return sql`owner = ${owner} AND channel = ${channel} AND currency = ${currency} AND effective_from = ${from}::date`
}
