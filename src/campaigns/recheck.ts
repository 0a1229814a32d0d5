import { pauseRun, startRun, waitRun } from '../delivery/index.ts'
import { type Refusal, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import { recordEvent } from '../workspaces/index.ts'
import type { Campaign } from './find-campaign.ts'
import { moveCampaign } from './move.ts'
import { campaignParts, refuseUnapproved } from './quote.ts'

/**
 * Looks at the template of a campaign that is scheduled or sending once more: where it may not be sent, or is charged as something else than
 * was approved, the campaign pauses and says why. Where news had stopped the run and all is well again, it goes on.
 * @returns whether something changed
 */
export async function recheckTemplate(scope: Scope, campaign: Campaign): Promise<boolean> {
  const halted = await isHalted(scope, campaign)
  // News stops a run by itself, so that one that is under way need not be looked at again and again.
  if (campaign.state === 'sending' && !halted) return false
  const trouble = await templateTrouble(scope, campaign)
  if (trouble) return pauseFor(scope, campaign, trouble)
  if (halted) await letGoOn(scope, campaign)
  return halted
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
  const [run] = await scope.sql<{ category: string }[]>`
    SELECT category FROM runs WHERE campaign_id = ${campaign.id} AND workspace_id = ${scope.workspaceId}`
  if (!run || run.category === parts.category) return undefined
  return refuse(
    'price_changed',
    `WhatsApp now charges this template as ${parts.category}, and the campaign was approved at the price of ${run.category}: look at what it would cost now, then accept that or cancel.`,
    { approved_category: run.category, category: parts.category },
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
