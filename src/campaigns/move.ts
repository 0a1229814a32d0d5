import { and, eq } from 'drizzle-orm'
import { type Refusal, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import type { Campaign } from './find-campaign.ts'
import { type CampaignState, mayMove } from './lifecycle.ts'
import { campaigns } from './tables.ts'

/**
 * Moves a locked campaign to another state by a conditional update.
 * @returns the refusal `wrong_state`, which says what the campaign is now, or undefined
 */
export async function moveCampaign(
  scope: Scope,
  campaign: Campaign,
  to: CampaignState,
  changes: Partial<Campaign> = {},
): Promise<Refusal<'wrong_state'> | undefined> {
  if (!mayMove(campaign.state, to) && campaign.state !== to) return wrongState(campaign, to)
  const moved = await scope.db
    .update(campaigns)
    .set({ ...changes, state: to })
    .where(
      and(
        eq(campaigns.id, campaign.id),
        eq(campaigns.workspaceId, scope.workspaceId),
        eq(campaigns.state, campaign.state),
      ),
    )
    .returning({ id: campaigns.id })
  return moved.length === 1 ? undefined : wrongState(campaign, to)
}

/** A fall-over is written, quoted and submitted as a part of its parent, and not by itself. */
export function refuseFallback(campaign: Campaign): Refusal<'wrong_state'> | undefined {
  if (campaign.fallbackOf === null) return undefined
  const message = 'This is the fall-over of another campaign: change, quote and submit that one.'
  return refuse('wrong_state', message, { state: campaign.state, fallback_of: campaign.fallbackOf })
}

export function wrongState(campaign: Campaign, to: string): Refusal<'wrong_state'> {
  return refuse('wrong_state', `The campaign is ${words(campaign.state)} and cannot become ${words(to)}.`, {
    state: campaign.state,
  })
}

function words(state: string): string {
  return state.replaceAll('_', ' ')
}
