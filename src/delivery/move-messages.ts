import { listOf } from '../platform/db.ts'
import type { Scope } from '../platform/scope.ts'
import type { Heard } from './receipt.ts'

type Money = 'held' | 'captured' | 'released'

/** A message that what was heard of it has moved; `moneyWas` is where its money stood before. */
export type Moved = {
  id: bigint
  campaign_id: string
  contact_id: bigint
  price: bigint
  money_was: Money
  money: Money
  free: boolean
}

/**
 * Moves a batch of messages up. Those whose money is still held, nearly all in life, take one statement that finds and
 * writes each row once; the others take a second one. Money only goes from held onwards, so that whatever another
 * worker moves in between is met by the second.
 */
export async function moveMessages(scope: Scope, heard: readonly Heard[]): Promise<Moved[]> {
  const held = await moveHeld(scope, heard)
  if (held.length === heard.length) return held
  const done = new Set(held.map((row) => row.id))
  return [
    ...held,
    ...(await moveOthers(
      scope,
      heard.filter((h) => !done.has(h.messageId)),
    )),
  ]
}

/**
 * Of a message whose money is held and that has left, everything that is heard says what it becomes. The rows are
 * written in the order of the batch, which is that of their ids, so that two workers meet in one order.
 */
async function moveHeld({ sql, workspaceId }: Scope, heard: readonly Heard[]): Promise<Moved[]> {
  return sql<Moved[]>`
    UPDATE messages m SET state = h.next,
           money = CASE WHEN h.next IN ('delivered','read') OR (m.on_acceptance AND h.next IN ('sent','failed')) THEN 'captured'
                        WHEN h.next = 'failed' THEN 'released' ELSE m.money END,
           free = m.free OR h.free,
           sent_at = coalesce(m.sent_at, h.sent_at, h.delivered_at, h.read_at),
           delivered_at = coalesce(m.delivered_at, h.delivered_at),
           read_at = coalesce(m.read_at, h.read_at),
           failed_at = CASE WHEN h.next = 'failed' THEN coalesce(m.failed_at, h.failed_at) ELSE m.failed_at END,
           reason = CASE WHEN h.next = 'failed' THEN h.code WHEN h.next <> m.state THEN NULL ELSE m.reason END
      FROM unnest(
             ${listOf(heard.map((h) => h.messageId))}::bigint[], ${listOf(heard.map(nextOfHeld))}::text[],
             ${listOf(heard.map(isFree))}::boolean[], ${listOf(heard.map((h) => h.code))}::text[],
             ${listOf(heard.map((h) => h.sentAt))}::timestamptz[], ${listOf(heard.map((h) => h.deliveredAt))}::timestamptz[],
             ${listOf(heard.map((h) => h.readAt))}::timestamptz[], ${listOf(heard.map((h) => h.failedAt))}::timestamptz[])
           AS h(id, next, free, code, sent_at, delivered_at, read_at, failed_at)
     WHERE m.id = h.id AND m.workspace_id = ${workspaceId} AND m.money = 'held' AND m.state IN ('sending','sent','uncertain')
       AND (m.state <> h.next OR (h.free AND NOT m.free))
    RETURNING m.id, m.campaign_id, m.contact_id, m.price, 'held' AS money_was, m.money, m.free`
}

function nextOfHeld({ rank, failed }: Heard): string {
  if (rank >= 2) return rank === 3 ? 'read' : 'delivered'
  return failed ? 'failed' : 'sent'
}

/** Where what a message becomes depends on what it is: rows that would not rise are neither locked nor written. */
async function moveOthers({ sql, workspaceId }: Scope, heard: readonly Heard[]): Promise<Moved[]> {
  return sql<Moved[]>`
    WITH h AS MATERIALIZED (
      SELECT * FROM unnest(
        ${listOf(heard.map((h) => h.messageId))}::bigint[], ${listOf(heard.map((h) => h.rank))}::int[], ${listOf(heard.map((h) => h.failed))}::boolean[],
        ${listOf(heard.map(isFree))}::boolean[], ${listOf(heard.map((h) => h.code))}::text[],
        ${listOf(heard.map((h) => h.sentAt))}::timestamptz[], ${listOf(heard.map((h) => h.deliveredAt))}::timestamptz[],
        ${listOf(heard.map((h) => h.readAt))}::timestamptz[], ${listOf(heard.map((h) => h.failedAt))}::timestamptz[])
      AS h(id, rank, failed, free, code, sent_at, delivered_at, read_at, failed_at)),
    locked AS MATERIALIZED (
      SELECT m.id, m.money AS money_was, h.free, h.code, h.sent_at, h.delivered_at, h.read_at, h.failed_at, n.next
        FROM h JOIN messages m ON m.id = h.id AND m.workspace_id = ${workspaceId}
       CROSS JOIN LATERAL (SELECT CASE
               WHEN h.rank = 3 AND m.state NOT IN ('queued','cancelled','skipped') THEN 'read'
               WHEN h.rank = 2 AND m.state NOT IN ('queued','cancelled','skipped','read') THEN 'delivered'
               WHEN h.failed AND m.state IN ('sending','sent','uncertain','expired') THEN 'failed'
               WHEN h.rank = 1 AND m.state IN ('sending','uncertain') AND (m.money = 'held' OR m.on_acceptance) THEN 'sent'
               ELSE m.state END AS next) n
       WHERE m.state <> n.next OR (h.free AND NOT m.free) OR (m.delivered_at IS NULL AND h.delivered_at IS NOT NULL)
       ORDER BY m.id FOR NO KEY UPDATE OF m)
    UPDATE messages m SET state = l.next,
           money = CASE WHEN l.next IN ('delivered','read') OR (m.on_acceptance AND l.next IN ('sent','failed')) THEN 'captured'
                        WHEN l.next = 'failed' THEN 'released' ELSE m.money END,
           free = m.free OR l.free,
           sent_at = coalesce(m.sent_at, l.sent_at, l.delivered_at, l.read_at),
           delivered_at = coalesce(m.delivered_at, l.delivered_at),
           read_at = coalesce(m.read_at, l.read_at),
           failed_at = CASE WHEN l.next = 'failed' THEN coalesce(m.failed_at, l.failed_at) ELSE m.failed_at END,
           reason = CASE WHEN l.next = 'failed' THEN l.code WHEN l.next <> m.state THEN NULL ELSE m.reason END
      FROM locked l
     WHERE m.id = l.id
    RETURNING m.id, m.campaign_id, m.contact_id, m.price, l.money_was, m.money, m.free`
}

function isFree({ pricingType }: Heard): boolean {
  return pricingType?.startsWith('free_') ?? false
}
