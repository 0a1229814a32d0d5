import { listOf } from '../platform/db.ts'
import type { Scope } from '../platform/scope.ts'
import { release } from '../wallet/index.ts'
import { resolveAbandoned } from './claim.ts'
import { findRun, type Run } from './run.ts'

/** Lets workers claim the campaign's slices, from the beginning or after a pause. */
export async function startRun(scope: Scope, campaignId: string): Promise<void> {
  await scope.sql`
    UPDATE runs SET state = 'running', pause_reason = NULL, paused_with_sender = false,
           resumed_at = CASE WHEN state = 'paused' THEN ${scope.now.toISOString()}::timestamptz ELSE resumed_at END
     WHERE campaign_id = ${campaignId} AND workspace_id = ${scope.workspaceId} AND state IN ('waiting','paused')`
}

/**
 * Stops claiming and dispatching; what is already with the provider finishes.
 * @param withSender paused because its sender is stopped: it goes on when the sender does
 */
export async function pauseRun(
  scope: Scope,
  campaignId: string,
  reason: string,
  withSender = false,
): Promise<void> {
  await scope.sql`
    UPDATE runs SET state = 'paused', pause_reason = ${reason}, paused_with_sender = ${withSender}
     WHERE campaign_id = ${campaignId} AND workspace_id = ${scope.workspaceId} AND state IN ('waiting','running')`
}

/** Takes a pause back before the campaign has begun: it waits for its time again. */
export async function waitRun(scope: Scope, campaignId: string): Promise<void> {
  await scope.sql`
    UPDATE runs SET state = 'waiting', pause_reason = NULL, paused_with_sender = false
     WHERE campaign_id = ${campaignId} AND workspace_id = ${scope.workspaceId} AND state = 'paused'`
}

/**
 * Ends a run for good: what is not yet sent becomes `as` and its money goes back at once. Workers open attempts with their
 * slice locked, so that slices are locked here first, too; calling again is harmless.
 * @returns how many messages were ended now
 */
export async function stopRun(
  scope: Scope,
  campaignId: string,
  as: 'cancelled' | 'expired',
): Promise<{ count: number; releasedMinor: bigint }> {
  const run = await findRun(scope, campaignId)
  if (!run) return { count: 0, releasedMinor: 0n }
  const lost = await lockSlices(scope, campaignId)
  await scope.sql`
    UPDATE runs SET state = 'stopped' WHERE campaign_id = ${campaignId} AND workspace_id = ${scope.workspaceId}`
  for (const sliceNo of lost) await resolveAbandoned(scope, campaignId, sliceNo)
  const ended = await endQueued(scope, run, as)
  await scope.sql`
    UPDATE slices s SET done_at = ${scope.now.toISOString()}::timestamptz
     WHERE s.campaign_id = ${campaignId} AND s.workspace_id = ${scope.workspaceId} AND s.done_at IS NULL
       AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.campaign_id = s.campaign_id AND m.slice_no = s.slice_no
                        AND m.state IN ('queued','sending'))`
  return ended
}

/** @returns those of lost workers: a stopped run is claimed by nobody, so that what they left open is resolved by the stop */
async function lockSlices(scope: Scope, campaignId: string): Promise<number[]> {
  const slices = await scope.sql<{ slice_no: number; is_lost: boolean }[]>`
    SELECT slice_no, worker IS NOT NULL AND lease_until < clock_timestamp() AS is_lost FROM slices
     WHERE campaign_id = ${campaignId} AND workspace_id = ${scope.workspaceId} AND done_at IS NULL
     ORDER BY slice_no FOR NO KEY UPDATE`
  return slices.filter(({ is_lost }) => is_lost).map(({ slice_no }) => slice_no)
}

async function endQueued(
  scope: Scope,
  run: Run,
  as: 'cancelled' | 'expired',
): Promise<{ count: number; releasedMinor: bigint }> {
  const [ended] = await scope.sql<{ count: number; total: bigint }[]>`
    WITH ended AS (
      UPDATE messages SET state = ${as}, money = 'released', reason = ${as === 'cancelled' ? 'cancelled' : 'send_before'}
       WHERE campaign_id = ${run.campaignId} AND workspace_id = ${scope.workspaceId} AND state = 'queued'
      RETURNING price)
    SELECT count(*)::int AS count, coalesce(sum(price), 0)::bigint AS total FROM ended`
  await release(scope, { ...run, amountMinor: ended!.total, nItems: ended!.count, reason: as })
  return { count: ended!.count, releasedMinor: ended!.total }
}

/** Those of some campaigns that were paused only because their sender was stopped. */
export async function pausedWithSender(scope: Scope, campaignIds: readonly string[]): Promise<string[]> {
  const rows = await scope.sql<{ campaign_id: string }[]>`
    SELECT campaign_id FROM runs WHERE workspace_id = ${scope.workspaceId} AND paused_with_sender
       AND campaign_id = ANY(${listOf(campaignIds)}::uuid[]) ORDER BY campaign_id`
  return rows.map((row) => row.campaign_id)
}
