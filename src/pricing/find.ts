import type { Sql } from '../platform/db.ts'
import type { Scope } from '../platform/scope.ts'
import type { MarketRow } from './market.ts'
import { type Channel, channelOf, MODEL_NAMES } from './models/registry.ts'
import type { RateRow } from './rate-card.ts'

/** Every dated price of a channel and currency that this workspace may be charged by: its own and the installation's. */
export async function findRateRows(
  { sql, workspaceId }: Scope,
  currency: string,
  channel: Channel = 'whatsapp',
): Promise<readonly RateRow[]> {
  const models = MODEL_NAMES.filter((model) => channelOf(model) === channel)
  return sql<RateRow[]>`
    SELECT CASE WHEN workspace_id IS NULL THEN 'install' ELSE 'workspace' END AS "owner", model, currency, market,
           category, effective_from::text AS "effectiveFrom", price AS "priceMinor", charge_on AS "chargeOn", source
      FROM rate_rows
     WHERE currency = ${currency} AND model = ANY(${models})
       AND (workspace_id IS NULL OR workspace_id = ${workspaceId})`
}

type StoredMarketRow = {
  prefix: string
  country: string
  market: string
  effectiveFrom: string | null
  effectiveUntil: string | null
}

/** The table of markets with all its dates; it is the installation's, the same for every workspace. */
export async function findMarketRows(sql: Sql): Promise<readonly MarketRow[]> {
  const stored = await sql<StoredMarketRow[]>`
    SELECT calling_code_prefix AS prefix, country, market,
           nullif(effective_from, '-infinity')::text AS "effectiveFrom",
           nullif(effective_until, 'infinity')::text AS "effectiveUntil"
      FROM market_rows`
  return stored.map(({ effectiveFrom, effectiveUntil, ...row }) => ({
    ...row,
    effectiveFrom: effectiveFrom ?? undefined,
    effectiveUntil: effectiveUntil ?? undefined,
  }))
}
