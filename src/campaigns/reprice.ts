import { DateTime } from 'luxon'
import type postgres from 'postgres'
import { audienceHash, findRun, type Run, unsentMessages } from '../delivery/index.ts'
import { listOf } from '../platform/db.ts'
import { newId } from '../platform/ids.ts'
import type { Scope } from '../platform/scope.ts'
import {
  type Category,
  findMarketRows,
  findRateRows,
  MARKET_PREFIX_DIGITS,
  priceGroups,
  quoteExpiresAt,
  type RateRow,
} from '../pricing/index.ts'
import { findWorkspace } from '../workspaces/index.ts'
import type { Campaign } from './find-campaign.ts'
import type { QuoteLine } from './quote.ts'

/** What is left of a campaign at the price of another category; amounts in 1/10,000 of a unit. */
export type Repriced = {
  /** One row a message: id, contact_id, price, excluded. A price never falls below what was reserved for it. */
  query: postgres.PendingQuery<postgres.Row[]>
  currency: string
  totalMinor: bigint
  /** What is to be reserved beside what is held for these messages. */
  moreMinor: bigint
  recipients: number
  lines: QuoteLine[]
  excluded: { reason: string; count: number }[]
  hash: string
  priceDay: string
  rateCardAsOf: string | null
  cards: readonly RateRow[]
  /** Why it cannot be priced, in a sentence; undefined where it can. */
  problem: string | undefined
}

const MIXED =
  'The prices in force charge this category by another model than the campaign was quoted by: cancel it, and make a new one.'

/** Prices what is not yet sent of a submitted campaign as if its template were of this category, on the day it is due. */
export async function repriceUnsent(scope: Scope, campaign: Campaign, category: Category): Promise<Repriced> {
  const run = await findRun(scope, campaign.id)
  if (!run) throw new Error('a submitted campaign without its run')
  const { timeZone } = await findWorkspace(scope)
  const cards = await findRateRows(scope, run.currency)
  const terms = await termsOf(scope, run, category, cards, timeZone)
  const priced = terms.filter((one) => one.row !== undefined)
  const query = pricedMessages(scope, run, category, terms)
  const sums = await sumUp(scope, query)
  const sent = sums.filter((sum) => sum.excluded === null)
  const total = sent.reduce((all, sum) => all + sum.price! * BigInt(sum.count), 0n)
  const isMixed = run.model !== 'per_message' || priced.some(({ row }) => row!.model !== 'per_message')
  return {
    query,
    currency: run.currency,
    totalMinor: total,
    moreMinor: total - sent.reduce((all, sum) => all + sum.price_was, 0n),
    recipients: sent.reduce((all, sum) => all + sum.count, 0),
    lines: sent
      .map((sum) => ({
        market: sum.market!,
        category,
        count: sum.count,
        unitPriceMinor: sum.price!,
        subtotalMinor: sum.price! * BigInt(sum.count),
      }))
      .sort((a, b) => (a.subtotalMinor < b.subtotalMinor ? 1 : -1)),
    excluded: exclusions(sums),
    hash: xorOf(sent),
    priceDay: priced.map(({ day }) => day).sort()[0] ?? dayOf(scope.now, timeZone),
    rateCardAsOf:
      priced
        .map(({ row }) => row!.effectiveFrom)
        .sort()
        .at(-1) ?? null,
    cards,
    problem: isMixed ? MIXED : undefined,
  }
}

/** Writes such a price down as a quote of the campaign's next version. @returns its id */
export async function saveRequote(scope: Scope, campaign: Campaign, repriced: Repriced, category: Category) {
  const id = newId(scope.now.getTime())
  const { timeZone } = await findWorkspace(scope)
  const basis = {
    category,
    currency: repriced.currency,
    cards: repriced.cards,
    markets: await findMarketRows(scope.sql),
  }
  const expiresAt = quoteExpiresAt({ createdAt: scope.now, timeZone, sendsAtOnce: false }, basis)
  const [reserved] = await scope.sql<{ amount: bigint }[]>`
    SELECT coalesce(sum(amount), 0)::bigint AS amount FROM transfers
     WHERE campaign_id = ${campaign.id} AND workspace_id = ${scope.workspaceId} AND kind = 'reserve'`
  const carried = reserved!.amount - (repriced.totalMinor - repriced.moreMinor)
  await scope.sql`
    INSERT INTO quote_exclusions (quote_id, workspace_id, contact_id, reason)
    SELECT ${id}::uuid, ${scope.workspaceId}::uuid, contact_id, excluded FROM (${repriced.query}) q WHERE excluded IS NOT NULL`
  await scope.sql`
    INSERT INTO quotes (id, workspace_id, campaign_id, version, currency, total, minimum, recipients, audience_hash, carried,
                        price_day, rate_card_as_of, model, lines, excluded, created_at, expires_at)
    VALUES (${id}, ${scope.workspaceId}, ${campaign.id}, ${campaign.version + 1}, ${repriced.currency}, ${repriced.totalMinor},
            ${repriced.totalMinor}, ${repriced.recipients}, ${Buffer.from(repriced.hash, 'hex')}, ${carried},
            ${repriced.priceDay}::text::date, ${repriced.rateCardAsOf}::text::date, 'per_message',
            ${JSON.stringify(repriced.lines, bigintAsText)}::text::jsonb, ${JSON.stringify(repriced.excluded)}::text::jsonb,
            ${scope.now.toISOString()}::timestamptz, ${expiresAt.toISOString()}::timestamptz)`
  return id
}

type Group = { prefix: string; due: string; count: number }
type Terms = Group & { day: string; market: string; row: RateRow | undefined }

/** Messages that share a number's lead and a moment share a market and a price. */
async function termsOf(
  scope: Scope,
  run: Run,
  category: Category,
  cards: readonly RateRow[],
  zone: string,
): Promise<Terms[]> {
  const groups = await scope.sql<Group[]>`
    SELECT substr(u.phone, 2, ${MARKET_PREFIX_DIGITS}::int) AS prefix, u.due_at::text AS due, count(*)::int AS count
      FROM (${unsentMessages(scope, run.campaignId, category)}) u WHERE u.phone IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2`
  const markets = await findMarketRows(scope.sql)
  const dated = groups.map((group) => ({
    ...group,
    day: dayOf(laterOf(new Date(group.due), scope.now), zone),
  }))
  return [...new Set(dated.map(({ day }) => day))].flatMap((on) => {
    const sameDay = dated.filter(({ day }) => day === on)
    const priced = priceGroups(sameDay, { category, currency: run.currency, on, cards, markets })
    return sameDay.map((group, index) => ({
      ...group,
      market: priced[index]!.market,
      row: priced[index]!.row,
    }))
  })
}

function pricedMessages(scope: Scope, run: Run, category: Category, terms: readonly Terms[]) {
  return scope.sql`
    SELECT u.id, u.contact_id, u.price_was, t.market, greatest(t.price, u.price_was) AS price,
           coalesce(u.unfit, CASE WHEN t.price IS NULL THEN 'no_price' END) AS excluded,
           hash_record_extended(ROW(u.id, u.phone, greatest(t.price, u.price_was)), 1) AS mark,
           hash_record_extended(ROW(u.id, u.phone, greatest(t.price, u.price_was)), 2) AS other_mark
      FROM (${unsentMessages(scope, run.campaignId, category)}) u
      LEFT JOIN unnest(${listOf(terms.map((t) => t.prefix))}::text[], ${listOf(terms.map((t) => t.due))}::text[]::timestamptz[],
             ${listOf(terms.map((t) => t.market))}::text[], ${listOf(terms.map((t) => t.row?.priceMinor ?? null))}::bigint[])
             AS t(prefix, due_at, market, price)
        ON t.prefix = substr(u.phone, 2, ${MARKET_PREFIX_DIGITS}::int) AND t.due_at = u.due_at`
}

type Sum = {
  market: string | null
  price: bigint | null
  excluded: string | null
  count: number
  price_was: bigint
  hash: string
}

function sumUp(scope: Scope, query: Repriced['query']): PromiseLike<Sum[]> {
  return scope.sql<Sum[]>`
    SELECT CASE WHEN excluded IS NULL THEN market END AS market, CASE WHEN excluded IS NULL THEN price END AS price, excluded,
           count(*)::int AS count, sum(price_was)::bigint AS price_was, ${audienceHash(scope)} AS hash
      FROM (${query}) q GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`
}

function exclusions(sums: readonly Sum[]): { reason: string; count: number }[] {
  return sums
    .flatMap(({ excluded, count }) => (excluded === null ? [] : [{ reason: excluded, count }]))
    .sort((a, b) => b.count - a.count)
}

function xorOf(sums: readonly Sum[]): string {
  const xor = sums.reduce((all, sum) => all ^ BigInt(`0x${sum.hash}`), 0n)
  return xor.toString(16).padStart(32, '0')
}

function laterOf(one: Date, other: Date): Date {
  return one > other ? one : other
}

function dayOf(at: Date, zone: string): string {
  return DateTime.fromJSDate(at, { zone }).toISODate()!
}

function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value
}
