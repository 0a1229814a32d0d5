import { type AnySql, listOf } from '../platform/db.ts'
import { originOf, type Scope } from '../platform/scope.ts'
import type { Origin } from '../platform/trace.ts'
import type { Campaign } from './find-campaign.ts'

/** What a submission writes down of the request that made it: what is done for the campaign later goes by its id. */
export function submittedIn(scope: Scope): Pick<Campaign, 'submittedRequest' | 'submittedTrace'> {
  const { requestId, traceparent } = originOf(scope)
  return { submittedRequest: requestId, submittedTrace: traceparent ?? null }
}

/** The requests that campaigns were submitted by, by the campaign's id. For the program itself, past all walls. */
export async function findOrigins(
  sql: AnySql,
  campaignIds: readonly string[],
): Promise<ReadonlyMap<string, Origin>> {
  if (campaignIds.length === 0) return new Map()
  const rows = await sql<{ campaign_id: string; request_id: string; traceparent: string | null }[]>`
    SELECT campaign_id, request_id, traceparent FROM origins_of_campaigns(${listOf(campaignIds)}::uuid[])`
  return new Map(
    rows.map(({ campaign_id, request_id, traceparent }) => [
      campaign_id,
      { requestId: request_id, traceparent: traceparent ?? undefined },
    ]),
  )
}
