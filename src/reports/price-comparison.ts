import { goByKeys } from '../platform/db.ts'
import { formatAmount } from '../platform/money.ts'
import { type Page, type PageRequest, pageOf } from '../platform/page.ts'
import type { Scope } from '../platform/scope.ts'
import type { MessagePlace } from './messages.ts'

/** In what the platform’s words about a message’s price may differ from our charge. */
export const PRICE_DIFFERENCES = [
  'charged_but_free',
  'free_but_billed',
  'other_category',
  'other_model',
] as const
export type PriceDifference = (typeof PRICE_DIFFERENCES)[number]

/** A campaign’s charges beside what the platform’s receipts said of price, in messages. */
export type PriceComparison = {
  readonly charged: number
  /** Of the charged: those of whose price the platform has said nothing. */
  readonly silent: number
  readonly agreed: number
  readonly differing: number
  /** A message may differ in more than one way. */
  readonly byDifference: Readonly<Record<PriceDifference, number>>
}

/** A message of which the platform said another price than ours; amounts in 1/10,000 units. */
export type PricedOtherwise = {
  readonly id: string
  readonly phone: string | null
  readonly chargedMinor: bigint
  readonly category: string
  readonly differences: readonly PriceDifference[]
  /** The platform’s own words, as they came. */
  readonly platform: unknown
  readonly says: string
}

/**
 * Counts how many of a campaign’s charges agree with what the platform’s receipts said of price. What it says is free
 * decides the charge while it is made; what is told afterwards, and every other difference, is only listed.
 */
export async function comparePrices(scope: Scope, campaignId: string): Promise<PriceComparison> {
  await goByKeys(scope.sql)
  const [row] = await scope.sql<(Record<PriceDifference, number> & Omit<PriceComparison, 'byDifference'>)[]>`
    WITH compared AS (${comparedCharges(scope, campaignId)})
    SELECT count(*)::int AS charged, (count(*) FILTER (WHERE pricing IS NULL))::int AS silent,
           (count(*) FILTER (WHERE pricing IS NOT NULL AND cardinality(differences) = 0))::int AS agreed,
           (count(*) FILTER (WHERE cardinality(differences) > 0))::int AS differing,
           (count(*) FILTER (WHERE 'charged_but_free' = ANY(differences)))::int AS charged_but_free,
           (count(*) FILTER (WHERE 'free_but_billed' = ANY(differences)))::int AS free_but_billed,
           (count(*) FILTER (WHERE 'other_category' = ANY(differences)))::int AS other_category,
           (count(*) FILTER (WHERE 'other_model' = ANY(differences)))::int AS other_model
      FROM compared`
  const { charged, silent, agreed, differing, ...byDifference } = row!
  return { charged, silent, agreed, differing, byDifference }
}

type Row = {
  id: bigint
  slice_no: number
  phone: string | null
  amount: bigint
  category: string
  currency: string
  differences: PriceDifference[]
  pricing: Record<string, unknown>
}

/** A page of the messages that the platform priced otherwise, in the order in which they are sent. */
export async function listPricedOtherwise(
  scope: Scope,
  request: PageRequest<MessagePlace> & { campaignId: string; difference?: PriceDifference | undefined },
): Promise<Page<PricedOtherwise, MessagePlace>> {
  const { sql } = scope
  const { campaignId, after, limit, difference } = request
  await goByKeys(sql)
  const rows = await sql<Row[]>`
    WITH compared AS (${comparedCharges(scope, campaignId, after)})
    SELECT c.*, r.phone FROM compared c LEFT JOIN recipients r ON r.message_id = c.id
     WHERE ${difference === undefined ? sql`cardinality(c.differences) > 0` : sql`${difference} = ANY(c.differences)`}
     ORDER BY c.slice_no, c.id LIMIT ${limit + 1}`
  const { items, next } = pageOf(rows, limit, (row): MessagePlace => [row.slice_no, row.id.toString()])
  return { items: items.map(toLine), next }
}

/**
 * Each charge with the most telling of its receipts: one that says free before any other, since a later one may be
 * silent on it. International authentication and marketing by its own API are the same categories to a rate card.
 */
function comparedCharges({ sql, workspaceId }: Scope, campaignId: string, after?: MessagePlace) {
  return sql`
    SELECT m.id, m.slice_no, c.amount - c.refunded AS amount, run.category, run.currency, said.pricing,
           array_remove(ARRAY[
             CASE WHEN said.free AND c.amount > c.refunded THEN 'charged_but_free' END,
             CASE WHEN NOT said.free AND c.amount = 0 AND m.price > 0 THEN 'free_but_billed' END,
             CASE WHEN said.category <> run.category THEN 'other_category' END,
             CASE WHEN (said.model = 'PMP' AND run.model = 'conversation_24h')
                    OR (said.model = 'CBP' AND run.model = 'per_message') THEN 'other_model' END], NULL) AS differences
      FROM messages m
      JOIN charges c ON c.message_id = m.id
      JOIN runs run ON run.campaign_id = m.campaign_id
      LEFT JOIN LATERAL (
        SELECT r.pricing, p.free, upper(r.pricing ->> 'pricing_model') AS model,
               CASE lower(r.pricing ->> 'category') WHEN 'marketing_lite' THEN 'marketing'
                 WHEN 'authentication-international' THEN 'authentication'
                 WHEN 'authentication_international' THEN 'authentication'
                 ELSE lower(r.pricing ->> 'category') END AS category
          FROM receipts r
         CROSS JOIN LATERAL (SELECT coalesce(lower(r.pricing ->> 'type') LIKE 'free@_%' ESCAPE '@',
                                             r.pricing ->> 'billable' = 'false', false) AS free) p
         WHERE r.message_id = m.id AND jsonb_typeof(r.pricing) = 'object'
         ORDER BY p.free DESC, r.attempt_no DESC, r.status LIMIT 1) said ON true
     WHERE m.campaign_id = ${campaignId} AND m.workspace_id = ${workspaceId}
       ${after === undefined ? sql`` : sql`AND (m.slice_no, m.id) > (${after[0]}::int, ${after[1]}::bigint)`}`
}

function toLine(row: Row): PricedOtherwise {
  return {
    id: row.id.toString(),
    phone: row.phone,
    chargedMinor: row.amount,
    category: row.category,
    differences: row.differences,
    platform: row.pricing,
    says: sentence(row),
  }
}

function sentence({ amount, category, currency, differences, pricing }: Row): string {
  const named = typeof pricing.category === 'string' ? pricing.category.slice(0, 60) : 'another category'
  const ours =
    amount === 0n
      ? `Not charged here (${category})`
      : `Charged ${currency} ${formatAmount(amount)} (${category})`
  const theirs = differences.map((difference) => PLATFORM_SAYS[difference](named))
  return `${ours}; the platform says that ${theirs.join(' and ')}.`
}

const PLATFORM_SAYS: Readonly<Record<PriceDifference, (category: string) => string>> = {
  charged_but_free: () => 'it was free',
  free_but_billed: () => 'it is billed',
  other_category: (category) => `its category was ${category}`,
  other_model: () => 'another pricing model holds than the rate card’s',
}
