import { readFile } from 'node:fs/promises'
import type { Sql, SqlClient } from '../platform/db.ts'
import { ok, type Result, unwrap } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import { allow, recordEvent } from '../workspaces/index.ts'
import { findMarketRows } from './find.ts'
import { type MarketRow, parseMarketRows } from './market.ts'
import { parseRateRows, type RateRow } from './rate-card.ts'
import type { TableInput } from './table.ts'

/** A rate card that an operator brings: the table, the file's name, and what he adds to it if he resells. */
export type RateCardRequest = {
  readonly table: TableInput
  readonly fileName: string
  readonly markupPercent?: string | undefined
  /** The day of rows that name none. */
  readonly effectiveFrom?: string | undefined
}

export type PublishedRates = { readonly rows: number; readonly currencies: readonly string[] }

const SEED_FOLDER = new URL('../../drizzle/seed/', import.meta.url)
/** Rows whose source begins so are the program's, and follow its releases; all others are the operator's and stay. */
const SEED = 'seed: '
const MAX_FILE_NAME_CHARACTERS = 200

/**
 * Brings the installation's prices and markets up to the seed of this release; to be run after every migration, as
 * the database's owner. Doing it again changes nothing. An operator's own row is never touched, and a seed row for
 * the same currency, market, category and day stays away from it.
 */
export async function publishSeed(sql: SqlClient): Promise<{ rates: number; markets: number }> {
  const markets = unwrap(parseMarketRows(await seedText('whatsapp-markets.csv')))
  const knownMarkets = markets.map(({ market }) => market)
  const card = parseRateRows(await seedText('rate-cards.csv'), {
    owner: 'install',
    source: SEED,
    knownMarkets,
  })
  const rates = unwrap(card).map((row) => ({ ...row, source: seedSource(row) }))
  await sql.begin(async (transaction) => {
    await replaceMarkets(transaction, markets)
    await mergeSeed(transaction, rates)
  })
  return { rates: rates.length, markets: markets.length }
}

/** Adds an operator's card to the installation's prices, for every workspace, as the database's owner. */
export async function publishCommonRates(
  sql: SqlClient,
  request: RateCardRequest,
): Promise<Result<PublishedRates>> {
  return sql.begin((transaction) => publish(transaction, null, request)) as Promise<Result<PublishedRates>>
}

/**
 * Adds a card to the prices of one workspace, where it goes before the installation's. Rows for a currency, market,
 * category and day that it already has take the place of the old ones; all others stay, so that history does. Refuses
 * `forbidden` and as parseRateRows does, and then nothing has changed.
 */
export async function publishRates(scope: Scope, request: RateCardRequest): Promise<Result<PublishedRates>> {
  const refusal = allow(scope.actor, 'rates.write')
  if (refusal) return refusal
  const published = await publish(scope.sql, scope.workspaceId, request)
  if (!published.ok) return published
  const { fileName, markupPercent = '0' } = request
  await recordEvent(scope, 'rates.published', 'rates', { ...published.value, file: fileName, markupPercent })
  return published
}

async function publish(
  sql: Sql,
  workspaceId: string | null,
  { table, fileName, markupPercent, effectiveFrom }: RateCardRequest,
): Promise<Result<PublishedRates>> {
  const markets = await findMarketRows(sql)
  const parsed = parseRateRows(table, {
    owner: workspaceId === null ? 'install' : 'workspace',
    source: `import: ${fileName.slice(0, MAX_FILE_NAME_CHARACTERS)}`,
    markupPercent,
    effectiveFrom,
    knownMarkets: markets.map(({ market }) => market),
  })
  if (!parsed.ok) return parsed
  await replaceRates(sql, workspaceId, parsed.value)
  const currencies = [...new Set(parsed.value.map(({ currency }) => currency))].sort()
  return ok({ rows: parsed.value.length, currencies })
}

function seedText(name: string): Promise<string> {
  return readFile(new URL(name, SEED_FOLDER), 'utf8')
}

function seedSource({ currency }: RateRow): string {
  return `${SEED}${currency === 'USD' ? "transcribed from the platform's card" : 'secondary sources'}`
}

async function replaceMarkets(sql: Sql, rows: readonly MarketRow[]): Promise<void> {
  await sql`
    WITH given AS (
      SELECT prefix, country, market, coalesce("effectiveFrom", '-infinity') AS effective_from,
             coalesce("effectiveUntil", 'infinity') AS effective_until
        FROM jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) AS g(
             prefix text, country text, market text, "effectiveFrom" date, "effectiveUntil" date)),
    withdrawn AS (
      DELETE FROM market_rows m WHERE NOT EXISTS (
        SELECT FROM given g WHERE (g.prefix, g.country, g.effective_from)
                                = (m.calling_code_prefix, m.country, m.effective_from)))
    INSERT INTO market_rows AS m (calling_code_prefix, country, market, effective_from, effective_until)
    SELECT prefix, country, market, effective_from, effective_until FROM given
    ON CONFLICT (calling_code_prefix, country, effective_from)
    DO UPDATE SET market = excluded.market, effective_until = excluded.effective_until
     WHERE (m.market, m.effective_until) IS DISTINCT FROM (excluded.market, excluded.effective_until)`
}

async function mergeSeed(sql: Sql, rows: readonly RateRow[]): Promise<void> {
  await sql`
    WITH given AS (${givenRates(sql, rows)}),
    withdrawn AS (
      DELETE FROM rate_rows r
       WHERE workspace_id IS NULL AND starts_with(source, ${SEED}) AND NOT EXISTS (
             SELECT FROM given g WHERE g.model = r.model AND ${sameKey(sql)})),
    wanted AS (
      SELECT * FROM given g WHERE NOT EXISTS (
        SELECT FROM rate_rows r
         WHERE r.workspace_id IS NULL AND NOT starts_with(r.source, ${SEED}) AND ${sameKey(sql)}))
    ${storeRates(sql, null, 'wanted')}`
}

/** A row of another model of the same channel on the same day goes with the old: the day has one price, and the row names its model. */
async function replaceRates(sql: Sql, workspaceId: string | null, rows: readonly RateRow[]): Promise<void> {
  await sql`
    WITH given AS (${givenRates(sql, rows)}),
    superseded AS (
      DELETE FROM rate_rows r USING given g
       WHERE r.workspace_id IS NOT DISTINCT FROM ${workspaceId}::uuid AND r.model <> g.model AND ${sameKey(sql)})
    ${storeRates(sql, workspaceId, 'given')}`
}

function givenRates(sql: Sql, rows: readonly RateRow[]) {
  const texts = rows.map((row) => ({ ...row, priceMinor: row.priceMinor.toString() }))
  return sql`
    SELECT model, currency, market, category, "effectiveFrom" AS effective_from, "priceMinor" AS price,
           "chargeOn" AS charge_on, source
      FROM jsonb_to_recordset(${JSON.stringify(texts)}::text::jsonb) AS g(
           model text, currency char(3), market text, category text, "effectiveFrom" date, "priceMinor" bigint,
           "chargeOn" text, source text)`
}

function sameKey(sql: Sql) {
  return sql`(r.currency, r.market, r.category, r.effective_from) = (g.currency, g.market, g.category, g.effective_from)
    AND (r.model = 'per_segment') = (g.model = 'per_segment')`
}

function storeRates(sql: Sql, workspaceId: string | null, from: 'given' | 'wanted') {
  return sql`
    INSERT INTO rate_rows AS r (workspace_id, model, currency, market, category, effective_from, price, charge_on, source)
    SELECT ${workspaceId}::uuid, model, currency, market, category, effective_from, price, charge_on, source
      FROM ${sql(from)}
    ON CONFLICT (coalesce(workspace_id, '00000000-0000-0000-0000-000000000000'), model, currency, market, category,
                 effective_from)
    DO UPDATE SET price = excluded.price, charge_on = excluded.charge_on, source = excluded.source
     WHERE (r.price, r.charge_on, r.source) IS DISTINCT FROM (excluded.price, excluded.charge_on, excluded.source)`
}
