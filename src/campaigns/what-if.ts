import { ok, type Result, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import type { Category } from '../pricing/index.ts'
import { priceAudience } from './audience.ts'
import { findCampaign } from './find-campaign.ts'
import { EDITABLE } from './lifecycle.ts'
import { wrongState } from './move.ts'
import { campaignParts } from './quote.ts'
import type { Schedule } from './schedule.ts'

/** Other terms for the same audience: another time, another category, or both. */
export type OtherTerms = {
  readonly schedule?: Schedule | undefined
  readonly category?: Category | undefined
}

/** What a campaign would cost under other terms. Amounts in 1/10,000 units. */
export type Estimate = {
  readonly currency: string
  readonly category: Category
  readonly priceDay: string
  readonly recipients: number
  readonly excluded: number
  readonly totalMinor: bigint
  /** Its total less what the campaign costs on its own terms: negative where it is cheaper. */
  readonly differenceMinor: bigint
}

/**
 * Prices a campaign's audience under other terms beside its own. Nothing is written down and nothing changes.
 * @returns refused as `not_found`, `wrong_state` once it is submitted, or `no_price` where there are no such prices
 */
export async function whatIfCampaign(
  scope: Scope,
  campaignId: string,
  terms: OtherTerms,
): Promise<Result<Estimate, 'not_found' | 'wrong_state' | 'no_price'>> {
  const found = await findCampaign(scope, campaignId)
  if (!found.ok) return found
  if (!EDITABLE.includes(found.value.state)) return wrongState(found.value, 'draft')
  const { request } = await campaignParts(scope, found.value)
  const own = await sumOf(scope, request)
  const changed = {
    ...request,
    schedule: terms.schedule ?? request.schedule,
    category: terms.category ?? request.category,
  }
  const other = await sumOf(scope, changed)
  if (other.recipients === 0 && own.recipients > 0)
    return refuse(
      'no_price',
      'On these terms nobody on the list can be sent this, or no price is known for them.',
    )
  return ok({
    ...other,
    currency: request.currency,
    category: changed.category,
    differenceMinor: other.totalMinor - own.totalMinor,
  })
}

async function sumOf(scope: Scope, request: Parameters<typeof priceAudience>[1]) {
  const { query, priceDay } = await priceAudience(scope, request)
  const [row] = await scope.sql<{ recipients: number; excluded: number; totalMinor: bigint }[]>`
    SELECT (count(*) FILTER (WHERE excluded IS NULL))::int AS recipients,
           (count(*) FILTER (WHERE excluded IS NOT NULL))::int AS excluded,
           coalesce(sum(price) FILTER (WHERE excluded IS NULL), 0)::bigint AS "totalMinor"
      FROM (${query}) q`
  return { ...row!, priceDay }
}
