import { listOf } from '../platform/db.ts'
import type { Scope } from '../platform/scope.ts'
import { release } from '../wallet/index.ts'
import { findRun } from './run.ts'

/** What stopping has saved: messages that will not go, and their money, in 1/10,000 of a unit, back in the wallet. */
export type Stopped = { count: number; releasedMinor: bigint }

/**
 * Stops messages that nobody should get any more. Their rows are locked, as a claim locks them: what is not claimed yet
 * is skipped and its money goes back at once, what a worker has in hand is marked and does not leave unless it has left
 * already. So a message was either claimed before this transaction commits, or it does not go. What has left is marked
 * too, so that no other channel takes its place; what has taken it already is stopped likewise.
 * @param reason a word that `explain` knows, such as `paid`
 */
export async function stopMessages(
  scope: Scope,
  messageIds: readonly bigint[],
  reason: string,
): Promise<Stopped> {
  if (messageIds.length === 0) return NOTHING
  const own = await stopThese(scope, messageIds, reason)
  // Looked for after the locks are held: a fall-over that was under way has committed, and one to come finds the mark.
  const next = await scope.sql<{ id: bigint }[]>`
    SELECT next_message_id AS id FROM fallbacks
     WHERE message_id = ANY(${listOf(messageIds)}::bigint[]) AND workspace_id = ${scope.workspaceId}`
  const other =
    next.length === 0
      ? NOTHING
      : await stopThese(
          scope,
          next.map(({ id }) => id),
          reason,
        )
  return { count: own.count + other.count, releasedMinor: own.releasedMinor + other.releasedMinor }
}

const NOTHING: Stopped = { count: 0, releasedMinor: 0n }

async function stopThese(scope: Scope, messageIds: readonly bigint[], reason: string): Promise<Stopped> {
  const rows = await scope.sql<{ campaign_id: string; count: number; total: bigint }[]>`
    WITH mine AS MATERIALIZED (
      SELECT m.id FROM messages m
       WHERE m.id = ANY(${listOf(messageIds)}::bigint[]) AND m.workspace_id = ${scope.workspaceId}
         AND m.state IN ('queued','sending','sent','failed','uncertain') ORDER BY m.id FOR NO KEY UPDATE),
    marked AS (
      UPDATE messages m SET stopped = ${reason},
             state = CASE m.state WHEN 'queued' THEN 'skipped' ELSE m.state END,
             money = CASE m.state WHEN 'queued' THEN 'released' ELSE m.money END,
             reason = CASE m.state WHEN 'queued' THEN ${reason} ELSE m.reason END
        FROM mine WHERE m.id = mine.id
      RETURNING m.campaign_id, m.state, m.price)
    SELECT campaign_id, count(*)::int AS count, coalesce(sum(price), 0)::bigint AS total FROM marked
     WHERE state = 'skipped' GROUP BY 1 ORDER BY 1`
  for (const row of rows) {
    const run = await findRun(scope, row.campaign_id)
    if (!run) throw new Error('a message without its run')
    await release(scope, { ...run, amountMinor: row.total, nItems: row.count, reason: 'skipped' })
  }
  return {
    count: rows.reduce((sum, row) => sum + row.count, 0),
    releasedMinor: rows.reduce((sum, row) => sum + row.total, 0n),
  }
}
