import { and, desc, eq, ilike, isNull, lt } from 'drizzle-orm'
import { type Page, type PageRequest, pageOf } from '../platform/page.ts'
import type { Scope } from '../platform/scope.ts'
import { readSought } from '../platform/sought.ts'
import type { Campaign } from './find-campaign.ts'
import type { CampaignState } from './lifecycle.ts'
import { campaigns } from './tables.ts'

/**
 * The workspace's campaigns, newest first, of one state or all, those with some words in their name where given; fall-overs
 * are shown with theirs. A page ends at an id.
 */
export async function listCampaigns(
  scope: Scope,
  request: PageRequest<string> & { state?: CampaignState | undefined; words?: string | undefined },
): Promise<Page<Campaign, string>> {
  const rows = await scope.db
    .select()
    .from(campaigns)
    .where(
      and(
        eq(campaigns.workspaceId, scope.workspaceId),
        isNull(campaigns.fallbackOf),
        request.state && eq(campaigns.state, request.state),
        request.words === undefined ? undefined : ilike(campaigns.name, readSought(request.words).like),
        request.after === undefined ? undefined : lt(campaigns.id, request.after),
      ),
    )
    .orderBy(desc(campaigns.id))
    .limit(request.limit + 1)
  return pageOf(rows, request.limit, (campaign) => campaign.id)
}
