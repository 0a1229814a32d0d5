import {
  pauseRun,
  releaseSpare,
  resumeStoppedSender,
  startRun,
  stoppedSenderOf,
  stopRun,
  waitRun,
} from '../delivery/index.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import { closeHold } from '../wallet/index.ts'
import { allow, recordEvent } from '../workspaces/index.ts'
import { findFallback } from './fallback.ts'
import { type Campaign, lockCampaign } from './find-campaign.ts'
import type { CampaignState } from './lifecycle.ts'
import { moveCampaign, wrongState } from './move.ts'
import { dropQuestion } from './price-change.ts'
import { templateTrouble } from './recheck.ts'

export type StopRefusal = 'forbidden' | 'not_found' | 'wrong_state'
export type ResumeRefusal = StopRefusal | 'template_not_approved' | 'price_changed'

const BEGINS: readonly CampaignState[] = ['scheduled', 'sending']
const SUBMITTED: readonly CampaignState[] = ['pending_approval', 'scheduled', 'sending', 'paused']

/** Stops what is not yet sent, until it is resumed. Its money stays held. Pausing again changes nothing. */
export async function pauseCampaign(
  scope: Scope,
  id: string,
  reason = 'paused by hand',
  withSender = false,
): Promise<Result<Campaign, StopRefusal>> {
  const found = await lockedFor(scope, id)
  if (!found.ok) return found
  const campaign = found.value
  if (campaign.state === 'paused') return ok(campaign)
  // It stands still as it is, and taking such a pause back would be a way around its approval.
  if (campaign.state === 'pending_approval') return wrongState(campaign, 'paused')
  const refusal = await moveCampaign(scope, campaign, 'paused', { pauseReason: reason })
  if (refusal) return refusal
  await pauseRun(scope, id, reason, withSender)
  await recordEvent(scope, 'campaign.paused', `campaign:${id}`, { reason })
  const fallback = await findFallback(scope, id)
  if (fallback && BEGINS.includes(fallback.state)) await pauseCampaign(scope, fallback.id, reason)
  return ok({ ...campaign, state: 'paused', pauseReason: reason })
}

/**
 * Takes a pause back: the campaign goes on, or waits for its time if that is still to come. Refused while its template
 * may not be sent, or costs another price than was approved. Where the platform had stopped its sender, that goes on
 * too: the next message tells whether the fault was mended. A sender that a person stopped is that person's to resume.
 */
export async function resumeCampaign(
  scope: Scope,
  id: string,
): Promise<Result<Campaign, ResumeRefusal | 'sender_stopped'>> {
  const found = await lockedFor(scope, id)
  if (!found.ok) return found
  const campaign = found.value
  if (campaign.state === 'sending' || campaign.state === 'scheduled') return ok(campaign)
  const state = new Date(campaign.startsAt ?? 0) <= scope.now ? 'sending' : 'scheduled'
  if (campaign.state !== 'paused') return wrongState(campaign, state)
  const trouble = await templateTrouble(scope, campaign)
  if (trouble) return trouble
  const stopped = await stoppedSenderOf(scope, id)
  if (stopped?.code === null)
    return refuse('sender_stopped', `The sender is stopped: ${stopped.reason}. Resume the sender first.`)
  if (stopped) await resumeStoppedSender(scope, stopped.senderId)
  const refusal = await moveCampaign(scope, campaign, state, { pauseReason: null })
  if (refusal) return refusal
  if (state === 'sending') await startRun(scope, id)
  else await waitRun(scope, id)
  await recordEvent(scope, 'campaign.resumed', `campaign:${id}`)
  const fallback = await findFallback(scope, id)
  if (fallback?.state === 'paused') await resumeCampaign(scope, fallback.id)
  return ok({ ...campaign, state, pauseReason: null })
}

/** Ends a campaign before it is all sent: the money of what is not sent goes back at once. */
export async function cancelCampaign(
  scope: Scope,
  id: string,
  reason?: string,
): Promise<Result<Campaign, StopRefusal>> {
  const found = await lockedFor(scope, id)
  if (!found.ok) return found
  if (found.value.state === 'cancelled') return ok(found.value)
  await recordEvent(scope, 'campaign.cancelled', `campaign:${id}`, { reason: reason ?? null })
  return endCampaign(scope, found.value, 'cancelled', reason)
}

async function lockedFor(scope: Scope, id: string): Promise<Result<Campaign, StopRefusal>> {
  const forbidden = allow(scope.actor, 'campaigns.stop')
  return forbidden ?? lockCampaign(scope, id)
}

/**
 * Moves a campaign to an end other than settled. What is with the provider at this moment still counts; the hold is
 * closed once nothing is left in it.
 */
export async function endCampaign(
  scope: Scope,
  campaign: Campaign,
  state: 'cancelled' | 'rejected' | 'expired',
  reason?: string,
): Promise<Result<Campaign, 'wrong_state'>> {
  const changes = { pauseReason: reason ?? campaign.pauseReason }
  const refusal = await moveCampaign(scope, campaign, state, changes)
  if (refusal) return refusal
  await endFallback(scope, campaign, state)
  if (SUBMITTED.includes(campaign.state)) {
    if (campaign.fallbackOf !== null) await releaseSpare(scope, campaign.id)
    await stopRun(scope, campaign.id, state === 'expired' ? 'expired' : 'cancelled')
    await dropQuestion(scope, campaign.id)
    await closeIfEmpty(scope, campaign)
  }
  return ok({ ...campaign, ...changes, state })
}

/** Nobody falls over from a campaign that was ended. */
async function endFallback(
  scope: Scope,
  parent: Campaign,
  state: 'cancelled' | 'rejected' | 'expired',
): Promise<void> {
  const fallback = await findFallback(scope, parent.id)
  if (!fallback || fallback.state === 'completing' || fallback.state === 'settled') return
  const isLined = state === 'expired' && SUBMITTED.includes(fallback.state)
  await endCampaign(scope, fallback, isLined ? 'expired' : 'cancelled', 'its campaign was ended')
}

/**
 * Closes a hold in which no message's money is undecided and of whose messages none is still on its way: what was charged
 * on acceptance may still be heard of.
 * @returns whether it is closed, and whether that is news
 */
export async function closeIfEmpty(
  scope: Scope,
  campaign: Campaign,
): Promise<{ closed: boolean; isNews: boolean }> {
  const [held] = await scope.sql`
    SELECT 1 FROM message_counts WHERE campaign_id = ${campaign.id} AND workspace_id = ${scope.workspaceId} AND state IN ('held','sent') AND n > 0 LIMIT 1`
  if (held || campaign.holdId === null) return { closed: false, isNews: false }
  return { closed: true, isNews: await closeHold(scope, campaign.holdId) }
}
