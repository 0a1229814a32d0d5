import type { Scope } from '../platform/scope.ts'
import { release } from '../wallet/index.ts'
import { foldReceipts } from './fold.ts'
import type { StatusUpdate } from './provider.ts'
import { receiptLines } from './receipt.ts'
import { findRun } from './run.ts'

/**
 * Closes a slice whose lifetime has passed: a message that was sent and never heard of again is expired, one whose
 * sending is unknown stays listed as uncertain; the money of both goes back, unless it was owed on acceptance. A receipt that comes later still counts.
 * @returns how many messages were closed
 */
export async function closeSlice(scope: Scope, campaignId: string, sliceNo: number): Promise<number> {
  const run = await findRun(scope, campaignId)
  if (!run) return 0
  const [slice] = await scope.sql`
    UPDATE slices SET closed_at = ${scope.now.toISOString()}::timestamptz
     WHERE campaign_id = ${campaignId} AND slice_no = ${sliceNo} AND workspace_id = ${scope.workspaceId}
       AND done_at IS NOT NULL AND closed_at IS NULL
       AND done_at < ${new Date(scope.now.getTime() - run.lifetimeSeconds * 1000).toISOString()}::timestamptz
    RETURNING slice_no`
  if (!slice) return 0
  const [closed] = await scope.sql<{ count: number; released: number; total: bigint }[]>`
    WITH due AS MATERIALIZED (
      SELECT id FROM messages WHERE campaign_id = ${campaignId} AND slice_no = ${sliceNo}
         AND (money = 'held' OR (on_acceptance AND state = 'sent')) AND state IN ('sent','uncertain') ORDER BY id FOR NO KEY UPDATE),
    closed AS (
      UPDATE messages m SET money = CASE m.money WHEN 'held' THEN 'released' ELSE m.money END, state = CASE m.state WHEN 'sent' THEN 'expired' ELSE m.state END,
             reason = CASE m.state WHEN 'sent' THEN 'no_receipt' ELSE coalesce(m.reason, 'no_receipt') END
        FROM due d WHERE m.id = d.id RETURNING m.price, m.money)
    SELECT count(*)::int AS count, (count(*) FILTER (WHERE money = 'released'))::int AS released,
           coalesce(sum(price) FILTER (WHERE money = 'released'), 0)::bigint AS total FROM closed`
  await release(scope, { ...run, amountMinor: closed!.total, nItems: closed!.released, reason: 'expired' })
  return closed!.count
}

const MOST_PARKED_AT_ONCE = 1_000
/** Meta sends again for seven days and delivers for up to thirty; after that a parked receipt is only a record. */
const PARKED_DAYS = 40

/** Tries parked receipts again whose message has become known since. @returns the campaigns that were touched */
export async function replayParked(scope: Scope): Promise<string[]> {
  const rows = await scope.sql<
    { id: bigint; sender_id: string; webhook_id: bigint; status_update: StatusUpdate }[]
  >`
    DELETE FROM parked_receipts p WHERE p.id IN (
      SELECT q.id FROM parked_receipts q JOIN attempts a
          ON a.workspace_id = q.workspace_id AND a.provider_message_id = q.provider_message_id
       WHERE q.workspace_id = ${scope.workspaceId}
         AND q.parked_at > ${scope.now.toISOString()}::timestamptz - make_interval(days => ${PARKED_DAYS})
       ORDER BY q.id LIMIT ${MOST_PARKED_AT_ONCE} FOR UPDATE OF q SKIP LOCKED)
    RETURNING p.id, p.sender_id, p.webhook_id, p.status_update`
  const touched: string[] = []
  for (const senderId of new Set(rows.map((row) => row.sender_id))) {
    const own = rows.filter((row) => row.sender_id === senderId)
    const lines = own.flatMap((row) => receiptLines(row.webhook_id, [withoutRef(row.status_update)]))
    touched.push(...(await foldReceipts(scope, senderId, lines)))
  }
  return touched
}

/** A parked receipt was not found by its attempt's name, so that only the provider's id can find it now. */
function withoutRef({ attemptRef: _ref, ...update }: StatusUpdate): StatusUpdate {
  return update
}
