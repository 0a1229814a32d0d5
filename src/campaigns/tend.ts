import { releaseSpare, startRun, stoppedSenderOf, stopRun, waitedUntil } from '../delivery/index.ts'
import type { Scope } from '../platform/scope.ts'
import { recordEvent } from '../workspaces/index.ts'
import { tendFallback } from './fallback.ts'
import { type Campaign, lockCampaign } from './find-campaign.ts'
import { lapseUndecided } from './lapse.ts'
import { moveCampaign } from './move.ts'
import { recheckPrice, recheckTemplate } from './recheck.ts'
import { SEND_WITHIN_MS } from './schedule.ts'
import { closeIfEmpty, endCampaign, pauseCampaign } from './stop.ts'
import { submitWaiting } from './submit.ts'

/**
 * Does for one campaign what is due by now: begin, expire, complete, settle, or pause for its template. Safe to call at
 * any time and any number of times; it acts only on what the rows say.
 * @returns whether something changed, so that the caller may look again at once
 */
export async function tendCampaign(scope: Scope, campaignId: string): Promise<boolean> {
  const found = await lockCampaign(scope, campaignId)
  if (!found.ok) return false
  const campaign = found.value
  if (isOver(campaign, scope.now) && !(await wasHeldUp(scope, campaign))) return expire(scope, campaign)
  switch (campaign.state) {
    case 'waiting_for_funds':
      return (await submitWaiting(scope, campaignId)).ok
    case 'pending_approval':
      return (await lapseUndecided(scope, campaign)) || recheckPrice(scope, campaign)
    case 'scheduled':
      return (await recheckTemplate(scope, campaign)) || begin(scope, campaign)
    case 'sending':
      if (campaign.fallbackOf !== null) return tendFallbackRun(scope, campaign)
      return (await complete(scope, campaign)) || recheckTemplate(scope, campaign)
    case 'paused':
      if (campaign.fallbackOf !== null) return false
      return (await complete(scope, campaign)) || recheckPrice(scope, campaign)
    case 'completing':
      return settle(scope, campaign)
    case 'cancelled':
    case 'expired':
      return clearUp(scope, campaign)
    default:
      return false
  }
}

/** A fall-over completes once its parent is over, and not before: it has nothing to send most of the time. */
async function tendFallbackRun(scope: Scope, campaign: Campaign): Promise<boolean> {
  const found = await tendFallback(scope, campaign)
  if (found === 'over') return complete(scope, campaign)
  return found === 'fell'
}

const ENDS_WITH_TIME = ['waiting_for_funds', 'pending_approval', 'scheduled', 'sending', 'paused']

function isOver(campaign: Campaign, now: Date): boolean {
  return (
    ENDS_WITH_TIME.includes(campaign.state) &&
    campaign.sendBefore !== null &&
    new Date(campaign.sendBefore) <= now
  )
}

/**
 * A campaign that had to wait for its daily allowance has its full time from then on, unless its maker named an end
 * of their own.
 */
async function wasHeldUp(scope: Scope, campaign: Campaign): Promise<boolean> {
  if (campaign.schedule.sendBefore !== undefined) return false
  const waited = await waitedUntil(scope, campaign.id)
  return waited !== undefined && waited.getTime() + SEND_WITHIN_MS > scope.now.getTime()
}

async function begin(scope: Scope, campaign: Campaign): Promise<boolean> {
  if (new Date(campaign.startsAt!) > scope.now) return false
  const refusal = await moveCampaign(scope, campaign, 'sending')
  if (refusal) return false
  await startRun(scope, campaign.id)
  await recordEvent(scope, 'campaign.began', `campaign:${campaign.id}`)
  const stopped = await stoppedSenderOf(scope, campaign.id)
  if (stopped) await pauseCampaign(scope, campaign.id, `Its sender is stopped: ${stopped.reason}`, true)
  return true
}

/**
 * A campaign past its time is never blasted: what is not yet sent expires. One that has sent nothing is expired as a
 * whole; one that was under way completes with what it has.
 */
async function expire(scope: Scope, campaign: Campaign): Promise<boolean> {
  const begun = campaign.holdId !== null && (await hasSent(scope, campaign.id))
  if (campaign.fallbackOf !== null) await releaseSpare(scope, campaign.id)
  if (begun) {
    const ended = await stopRun(scope, campaign.id, 'expired')
    return (await complete(scope, campaign)) || ended.count > 0
  }
  await recordEvent(scope, 'campaign.expired', `campaign:${campaign.id}`)
  return (await endCampaign(scope, campaign, 'expired', 'its time to be sent had passed')).ok
}

async function hasSent(scope: Scope, campaignId: string): Promise<boolean> {
  const [row] = await scope.sql<{ n: bigint }[]>`
    SELECT coalesce(sum(n), 0)::bigint AS n FROM message_counts
     WHERE campaign_id = ${campaignId} AND workspace_id = ${scope.workspaceId} AND state NOT IN ('queued','held','skipped')`
  return row!.n > 0n
}

async function complete(scope: Scope, campaign: Campaign): Promise<boolean> {
  const [open] = await scope.sql`
    SELECT 1 FROM slices WHERE campaign_id = ${campaign.id} AND workspace_id = ${scope.workspaceId} AND done_at IS NULL LIMIT 1`
  if (open) return false
  const refusal = await moveCampaign(scope, campaign, 'completing')
  if (refusal) return false
  return settle(scope, { ...campaign, state: 'completing' }).then(() => true)
}

/** Settled means: every message final, the hold empty, its account closed. The database refuses to close any other. */
async function settle(scope: Scope, campaign: Campaign): Promise<boolean> {
  if (!(await closeIfEmpty(scope, campaign)).closed) return false
  const refusal = await moveCampaign(scope, campaign, 'settled', { settledAt: scope.now.toISOString() })
  if (refusal) throw new Error(`a settled campaign could not be marked: ${refusal.message}`)
  await recordEvent(scope, 'campaign.settled', `campaign:${campaign.id}`)
  return true
}

/** After a cancellation: what workers have put back since is ended too, and the hold closed when it is empty. */
async function clearUp(scope: Scope, campaign: Campaign): Promise<boolean> {
  if (campaign.holdId === null) return false
  const ended = await stopRun(scope, campaign.id, campaign.state === 'expired' ? 'expired' : 'cancelled')
  const { isNews } = await closeIfEmpty(scope, campaign)
  return isNews || ended.count > 0
}
