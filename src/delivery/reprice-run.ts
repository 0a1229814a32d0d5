import type postgres from 'postgres'
import type { Scope } from '../platform/scope.ts'
import { release } from '../wallet/index.ts'
import { findRun } from './run.ts'

/**
 * What is left of a run, one row a message: id, contact_id, phone, due_at, its price as it was frozen, and why it may
 * not be sent, if so (`unfit`). Only messages that wait; those that a worker has in hand are not among them.
 */
export function unsentMessages(scope: Scope, campaignId: string, category: string) {
  return scope.sql`
    SELECT m.id, m.contact_id, m.price AS price_was, r.phone, l.due_at,
           CASE WHEN r.phone IS NULL THEN 'erased'
                WHEN EXISTS (SELECT 1 FROM suppressions s WHERE s.workspace_id = ${scope.workspaceId} AND s.phone = r.phone
                       AND (s.scope = 'all' OR s.scope = ${category})
                       AND (s.expires_at IS NULL OR s.expires_at > ${scope.now.toISOString()}::timestamptz)) THEN 'opted_out' END AS unfit
      FROM messages m JOIN slices l ON l.campaign_id = m.campaign_id AND l.slice_no = m.slice_no
      LEFT JOIN recipients r ON r.message_id = m.id
     WHERE m.campaign_id = ${campaignId} AND m.workspace_id = ${scope.workspaceId} AND m.state = 'queued'`
}

/** How many messages of a run a worker has in hand: what becomes of them is not known yet. */
export async function countInHand(scope: Scope, campaignId: string): Promise<number> {
  const [row] = await scope.sql<{ n: number }[]>`
    SELECT count(*)::int AS n FROM messages
     WHERE campaign_id = ${campaignId} AND workspace_id = ${scope.workspaceId} AND state = 'sending'`
  return row!.n
}

/** One row for each message: id, its new `price`, and why it is `excluded`, if it is. */
export type PricedMessages = postgres.PendingQuery<postgres.Row[]>

/**
 * Gives what is left of a paused run its new prices, drops what is excluded, and has it charged as another category
 * from now on. Reserve the difference in the same transaction.
 * @returns how many messages have a new price
 */
export async function repriceRun(
  scope: Scope,
  campaignId: string,
  category: string,
  priced: PricedMessages,
): Promise<number> {
  const run = await findRun(scope, campaignId)
  if (!run) throw new Error('a campaign to be priced anew without its run')
  const [done] = await scope.sql<{ dearer: number; dropped: number; given_back: bigint }[]>`
    WITH p AS MATERIALIZED (SELECT id, price, excluded FROM (${priced}) q),
    locked AS MATERIALIZED (
      SELECT m.id, p.price, p.excluded FROM messages m JOIN p ON p.id = m.id
       WHERE m.workspace_id = ${scope.workspaceId} AND m.state = 'queued' ORDER BY m.id FOR NO KEY UPDATE OF m),
    dearer AS (
      UPDATE messages m SET price = l.price FROM locked l WHERE m.id = l.id AND l.excluded IS NULL AND l.price <> m.price
      RETURNING m.id),
    dropped AS (
      UPDATE messages m SET state = 'skipped', money = 'released', reason = l.excluded
        FROM locked l WHERE m.id = l.id AND l.excluded IS NOT NULL
      RETURNING m.price)
    SELECT (SELECT count(*) FROM dearer)::int AS dearer, count(*)::int AS dropped,
           coalesce(sum(price), 0)::bigint AS given_back FROM dropped`
  await release(scope, { ...run, amountMinor: done!.given_back, nItems: done!.dropped, reason: 'skipped' })
  await chargeRunAs(scope, campaignId, category)
  return done!.dearer
}

/** Has what is left of a run charged as another category, at the price it has. */
export async function chargeRunAs(scope: Scope, campaignId: string, category: string): Promise<void> {
  await scope.sql`
    UPDATE runs SET category = ${category} WHERE campaign_id = ${campaignId} AND workspace_id = ${scope.workspaceId}`
}
