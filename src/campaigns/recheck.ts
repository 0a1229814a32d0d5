import { pauseRun, startRun, waitRun } from '../delivery/index.ts'
import { type Refusal, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import { recordEvent } from '../workspaces/index.ts'
import type { Campaign } from './find-campaign.ts'
import { moveCampaign } from './move.ts'
import { findOpen, meetCategory } from './price-change.ts'
import { campaignParts, refuseUnapproved } from './quote.ts'

/**
 * Looks at the template of a campaign that is scheduled or sending once more: where it may not be sent, or has become
 * dearer, the campaign pauses and says why. Where news had stopped the run and all is well again, it goes on.
 * @returns whether something changed
 */
export async function recheckTemplate(scope: Scope, campaign: Campaign): Promise<boolean> {
  const halted = await isHalted(scope, campaign)
  // News stops a run by itself, so that one that is under way need not be looked at again and again.
  if (campaign.state === 'sending' && !halted) return false
  const parts = await campaignParts(scope, campaign)
  const unapproved = refuseUnapproved(parts)
  if (unapproved) return pauseFor(scope, campaign, unapproved)
  if (await meetCategory(scope, campaign, parts.standing.onPlatform?.category)) return true
  if (halted) await letGoOn(scope, campaign)
  return halted
}

/** The same for a campaign that waits for a person: only what its template costs matters yet. */
export async function recheckPrice(scope: Scope, campaign: Campaign): Promise<boolean> {
  const parts = await campaignParts(scope, campaign)
  return meetCategory(scope, campaign, parts.standing.onPlatform?.category)
}

async function isHalted(scope: Scope, campaign: Campaign): Promise<boolean> {
  const halted = await scope.sql`
    SELECT 1 FROM runs WHERE campaign_id = ${campaign.id} AND workspace_id = ${scope.workspaceId} AND state = 'paused'`
  return halted.length > 0
}

/**
 * Why this campaign may not go on with its template, or undefined. Holds until the transaction ends, since news of the
 * template waits for it.
 */
export async function templateTrouble(
  scope: Scope,
  campaign: Campaign,
): Promise<Refusal<'template_not_approved' | 'price_changed'> | undefined> {
  const parts = await campaignParts(scope, campaign)
  const unapproved = refuseUnapproved(parts)
  if (unapproved) return unapproved
  await meetCategory(scope, campaign, parts.standing.onPlatform?.category)
  const open = await findOpen(scope, campaign.id)
  if (!open) return undefined
  return refuse(
    'price_changed',
    `WhatsApp now charges this template as ${open.to_category}, and the campaign was approved at the price of ${open.from_category}: look at what it would cost now, then accept that or cancel.`,
    { approved_category: open.from_category, category: open.to_category },
  )
}

async function pauseFor(scope: Scope, campaign: Campaign, trouble: Refusal): Promise<boolean> {
  const refusal = await moveCampaign(scope, campaign, 'paused', { pauseReason: trouble.message })
  if (refusal) return false
  await pauseRun(scope, campaign.id, trouble.message)
  await recordEvent(scope, 'campaign.paused', `campaign:${campaign.id}`, {
    reason: trouble.message,
    code: trouble.reason,
  })
  return true
}

/** The news that stopped the run was taken back before anybody looked. */
async function letGoOn(scope: Scope, campaign: Campaign): Promise<void> {
  if (campaign.state === 'sending') await startRun(scope, campaign.id)
  else await waitRun(scope, campaign.id)
}
