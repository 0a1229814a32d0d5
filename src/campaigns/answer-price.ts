import type { Result } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import { allow } from '../workspaces/index.ts'
import { type Campaign, lockCampaign } from './find-campaign.ts'
import { type AcceptRefusal, acceptPrice } from './price-change.ts'
import { campaignParts, refuseUnapproved } from './quote.ts'
import { cancelCampaign } from './stop.ts'

/**
 * Answers the question about a campaign whose template became dearer: `accept` the quote that was shown, or `cancel` the
 * campaign, whose money then goes back at once.
 */
export async function answerPriceChange(
  scope: Scope,
  campaignId: string,
  answer: { decision: 'accept'; quoteId: string } | { decision: 'cancel' },
): Promise<Result<Campaign, AcceptRefusal>> {
  if (answer.decision === 'cancel') return cancelCampaign(scope, campaignId, 'the new price was not accepted')
  const forbidden = allow(scope.actor, 'campaigns.submit')
  if (forbidden) return forbidden
  const found = await lockCampaign(scope, campaignId)
  if (!found.ok) return found
  const unapproved = refuseUnapproved(await campaignParts(scope, found.value))
  return unapproved ?? acceptPrice(scope, found.value, answer.quoteId)
}
