import {
  type FailureObstacle,
  findRun,
  pausedWithSender,
  type SenderChange,
  sendersConcerned,
  stopSenders,
} from '../delivery/index.ts'
import type { Scope } from '../platform/scope.ts'
import { pauseCampaign, resumeCampaign } from './stop.ts'

type Obstacle = { action: string; code: string; message: string; at?: Date }

/**
 * Stops what an obstacle concerns, and says in plain words what to do: the campaign alone, or its sender, or all
 * senders of the account with everything that goes out from them. Nothing is lost: what was not sent stays queued.
 */
export async function pauseForObstacle(scope: Scope, campaignId: string, obstacle: Obstacle): Promise<void> {
  const reason = `${obstacle.message} (${obstacle.code})`
  if (obstacle.action === 'campaign') {
    await pauseCampaign(scope, campaignId, reason)
    return
  }
  const run = await findRun(scope, campaignId)
  if (!run) return
  const concerned = await sendersConcerned(scope, run.senderId, obstacle.action === 'account')
  const stop = { code: obstacle.code, message: obstacle.message, ...(obstacle.at ? { at: obstacle.at } : {}) }
  await pauseWithSenders(scope, await stopSenders(scope, concerned, stop), reason)
  // The sender may have been stopped a moment ago by another campaign, or been resumed since: this one met it anyhow.
  if (obstacle.at === undefined) await pauseCampaign(scope, campaignId, reason, true)
}

/** Pauses every campaign of senders that were stopped; they go on with them. */
export async function pauseWithSenders(
  scope: Scope,
  stopped: readonly SenderChange[],
  reason?: string,
): Promise<void> {
  for (const { campaignIds, reason: why } of stopped)
    for (const id of campaignIds) await pauseCampaign(scope, id, reason ?? why, true)
}

/** Lets the campaigns go on that were paused with their sender; those that a person paused stay so. */
export async function resumeWithSenders(scope: Scope, resumed: readonly SenderChange[]): Promise<void> {
  const ids = resumed.flatMap(({ campaignIds }) => campaignIds)
  if (ids.length === 0) return
  for (const id of await pausedWithSender(scope, ids)) await resumeCampaign(scope, id)
}

/** Acts on what receipts told after the messages were accepted; what was mended since stops nothing any more. */
export async function hearObstacles(scope: Scope, obstacles: readonly FailureObstacle[]): Promise<void> {
  for (const obstacle of obstacles) {
    if (await isMended(scope, obstacle)) continue
    await pauseForObstacle(scope, obstacle.campaignId, obstacle)
  }
}

async function isMended(scope: Scope, { campaignId, at }: FailureObstacle): Promise<boolean> {
  const [row] = await scope.sql<{ mended: boolean }[]>`
    SELECT coalesce(greatest(r.resumed_at, s.resumed_at) > ${at.toISOString()}::timestamptz, false) AS mended
      FROM runs r JOIN senders s ON s.id = r.sender_id
     WHERE r.campaign_id = ${campaignId} AND r.workspace_id = ${scope.workspaceId}`
  return row?.mended ?? true
}
