import { inOnePass, listOf, sharedRows } from '../platform/db.ts'
import type { Scope } from '../platform/scope.ts'
import type { Heard } from './receipt.ts'
import { isFree, type Moved, rise, type Standing } from './rise.ts'

/**
 * What becomes of messages by what was heard of them, with their rows locked until it is written. They are locked in the
 * order of their ids, so that two workers meet in one order; those that are known to have been sent, and of which no
 * more is heard, nearly half in life, are not locked.
 */
export async function lockMoves({ sql, workspaceId }: Scope, heard: readonly Heard[]): Promise<Moved[]> {
  const locking = sql<Standing[]>`
    WITH wanted AS MATERIALIZED (SELECT ${listOf(heard.map((h) => h.messageId))}::bigint[] AS ids)
    SELECT m.id, m.campaign_id, m.contact_id, m.price, m.state, m.money, m.free, m.on_acceptance, m.delivered_at IS NOT NULL AS is_dated
      FROM unnest((SELECT ids FROM wanted), ${listOf(heard.map(isPlainlySent))}::boolean[]) AS h(id, plainly_sent)
      JOIN messages m ON m.id = h.id
     WHERE m.id = ANY((SELECT ids FROM wanted)::bigint[])
       AND m.workspace_id = ${workspaceId} AND NOT (h.plainly_sent AND m.state NOT IN ('sending','uncertain'))
     ORDER BY m.id FOR NO KEY UPDATE OF m`
  const rows = await inOnePass(sql, locking)
  const byId = new Map(heard.map((h) => [h.messageId, h]))
  return rows.flatMap((row) => rise(row, byId.get(row.id)!) ?? [])
}

function isPlainlySent(heard: Heard): boolean {
  return heard.rank === 1 && !heard.failed && !isFree(heard)
}

/** The statement that writes what `lockMoves` found, by itself or as a part of a larger one; to be sent in one pass. */
export function movesOf({ sql, workspaceId }: Scope, moved: readonly Moved[]) {
  const kinds = sharedRows<Kind>()
  const kindNos = listOf(moved.map((one) => kinds.numberOf(...kindOf(one))))
  return sql`
    WITH wanted AS MATERIALIZED (SELECT ${listOf(moved.map(({ was }) => was.id))}::bigint[] AS ids)
    UPDATE messages m SET state = k.next, money = k.money, free = k.free,
           sent_at = coalesce(m.sent_at, k.sent, k.delivered, k.read),
           delivered_at = coalesce(m.delivered_at, k.delivered), read_at = coalesce(m.read_at, k.read),
           failed_at = CASE WHEN k.next = 'failed' THEN coalesce(m.failed_at, k.failed) ELSE m.failed_at END,
           reason = CASE WHEN k.next = 'failed' THEN k.code WHEN k.next <> m.state THEN NULL ELSE m.reason END
      FROM unnest((SELECT ids FROM wanted), ${kindNos}::bigint[]) AS h(id, kind_no)
      JOIN unnest(${kinds.column(0)}::text[], ${kinds.column(1)}::text[], ${kinds.column(2)}::boolean[], ${kinds.column(3)}::text[],
                  ${kinds.column(4)}::timestamptz[], ${kinds.column(5)}::timestamptz[], ${kinds.column(6)}::timestamptz[],
                  ${kinds.column(7)}::timestamptz[])
           WITH ORDINALITY AS k(next, money, free, code, sent, delivered, read, failed, kind_no) USING (kind_no)
     WHERE m.id = h.id AND m.id = ANY((SELECT ids FROM wanted)::bigint[]) AND m.workspace_id = ${workspaceId}`
}

/** What messages that move together have in common, as a rule. */
type Kind = [
  state: string,
  money: string,
  free: boolean,
  code: string | null,
  sent: string | null,
  delivered: string | null,
  read: string | null,
  failed: string | null,
]

function kindOf({ state, money, free, heard }: Moved): Kind {
  return [state, money, free, heard.code, heard.sentAt, heard.deliveredAt, heard.readAt, heard.failedAt]
}
