import { listOf, sharedValues } from '../platform/db.ts'
import type { Scope } from '../platform/scope.ts'
import type { Heard } from './receipt.ts'
import { isFree, type Moved, rise, type Standing } from './rise.ts'

/**
 * What becomes of messages by what was heard of them, with their rows locked until it is written. They are locked in the
 * order of their ids, so that two workers meet in one order; those that are known to have been sent, and of which no
 * more is heard, nearly half in life, are not locked.
 */
export async function lockMoves({ sql, workspaceId }: Scope, heard: readonly Heard[]): Promise<Moved[]> {
  const rows = await sql<Standing[]>`
    SELECT m.id, m.campaign_id, m.contact_id, m.price, m.state, m.money, m.free, m.on_acceptance, m.delivered_at IS NOT NULL AS is_dated
      FROM unnest(${listOf(heard.map((h) => h.messageId))}::bigint[], ${listOf(heard.map(isPlainlySent))}::boolean[]) AS h(id, plainly_sent)
      JOIN messages m ON m.id = ANY(ARRAY[h.id])
     WHERE m.workspace_id = ${workspaceId} AND NOT (h.plainly_sent AND m.state NOT IN ('sending','uncertain'))
     ORDER BY h.id FOR NO KEY UPDATE OF m`
  const byId = new Map(heard.map((h) => [h.messageId, h]))
  return rows.flatMap((row) => rise(row, byId.get(row.id)!) ?? [])
}

function isPlainlySent(heard: Heard): boolean {
  return heard.rank === 1 && !heard.failed && !isFree(heard)
}

/** The statement that writes what `lockMoves` found, by itself or as a part of a larger one. */
export function movesOf({ sql, workspaceId }: Scope, moved: readonly Moved[]) {
  const moments = sharedValues()
  const momentNos = (read: (heard: Heard) => string | null) =>
    listOf(moved.map(({ heard }) => moments.placeOf(read(heard))))
  const [sent, delivered] = [momentNos(({ sentAt }) => sentAt), momentNos(({ deliveredAt }) => deliveredAt)]
  const [read, failed] = [momentNos(({ readAt }) => readAt), momentNos(({ failedAt }) => failedAt)]
  return sql`
    UPDATE messages m SET state = h.next, money = h.money, free = h.free,
           sent_at = coalesce(m.sent_at, t.moments[coalesce(h.sent, h.delivered, h.read)]),
           delivered_at = coalesce(m.delivered_at, t.moments[h.delivered]),
           read_at = coalesce(m.read_at, t.moments[h.read]),
           failed_at = CASE WHEN h.next = 'failed' THEN coalesce(m.failed_at, t.moments[h.failed]) ELSE m.failed_at END,
           reason = CASE WHEN h.next = 'failed' THEN h.code WHEN h.next <> m.state THEN NULL ELSE m.reason END
      FROM unnest(
             ${listOf(moved.map(({ was }) => was.id))}::bigint[], ${listOf(moved.map(({ state }) => state))}::text[],
             ${listOf(moved.map(({ money }) => money))}::text[], ${listOf(moved.map(({ free }) => free))}::boolean[],
             ${listOf(moved.map(({ heard }) => heard.code))}::text[], ${sent}::int[], ${delivered}::int[], ${read}::int[], ${failed}::int[])
           AS h(id, next, money, free, code, sent, delivered, read, failed),
           (SELECT ${moments.values()}::timestamptz[] AS moments) t
     WHERE m.id = ANY(ARRAY[h.id]) AND m.workspace_id = ${workspaceId}`
}
