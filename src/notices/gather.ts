import { newId } from '../platform/ids.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import { allow } from '../workspaces/index.ts'
import { findEndpoint } from './endpoints.ts'
import { type Entry, type NoticeType, noticeOf, TOLD_ACTIONS } from './notice.ts'

const ENTRIES_AT_ONCE = 1_000

/**
 * Reads on in the audit trail, as far as no older transaction can still commit, and makes a delivery of each notice
 * for everybody who wants it. Called in two places at once, one of them waits and finds nothing left.
 * @returns how many notices were made
 */
export async function gatherNotices(scope: Scope): Promise<number> {
  const { sql, workspaceId } = scope
  const [cursor] = await sql<{ xid: string; event_id: string }[]>`
    SELECT xid::text, event_id FROM notice_cursors WHERE workspace_id = ${workspaceId} FOR UPDATE`
  if (!cursor) return 0
  const entries = await sql<(Entry & { id: string; at: string; xid: string })[]>`
    SELECT id, action, subject, facts, at, xid::text FROM audit_events
     WHERE workspace_id = ${workspaceId} AND xid < pg_snapshot_xmin(pg_current_snapshot())
       AND (xid, id) > (${cursor.xid}::text::xid8, ${cursor.event_id}::uuid)
     ORDER BY xid, id LIMIT ${ENTRIES_AT_ONCE}`
  const last = entries.at(-1)
  if (!last) return 0
  await sql`
    UPDATE notice_cursors SET xid = ${last.xid}::text::xid8, event_id = ${last.id} WHERE workspace_id = ${workspaceId}`
  let made = 0
  for (const entry of entries) {
    const notice = TOLD_ACTIONS.includes(entry.action) ? noticeOf(entry) : undefined
    if (!notice) continue
    await tell(scope, { id: entry.id, at: entry.at, ...notice }, undefined)
    made++
  }
  return made
}

/** Tells one endpoint something, so that its owner sees whether it arrives. */
export async function ping(
  scope: Scope,
  endpointId: string,
): Promise<Result<{ noticeId: string }, 'forbidden' | 'not_found'>> {
  const forbidden = allow(scope.actor, 'notices.write')
  if (forbidden) return forbidden
  if (!(await findEndpoint(scope, endpointId))) return refuse('not_found', 'There is no such endpoint.')
  const id = newId(scope.now.getTime())
  await tell(scope, { id, at: scope.now.toISOString(), type: 'ping', data: {} }, endpointId)
  return ok({ noticeId: id })
}

type Told = { id: string; at: string; type: NoticeType; data: Readonly<Record<string, unknown>> }

async function tell(scope: Scope, notice: Told, only: string | undefined): Promise<void> {
  const { sql, workspaceId } = scope
  await sql`
    INSERT INTO notices (id, workspace_id, type, data, at)
    VALUES (${notice.id}, ${workspaceId}, ${notice.type}, ${JSON.stringify(notice.data)}::text::jsonb, ${notice.at}::text::timestamptz)
    ON CONFLICT (id) DO NOTHING`
  await sql`
    INSERT INTO notice_deliveries (id, workspace_id, endpoint_id, notice_id, try_at, created_at)
    SELECT gen_random_uuid(), ${workspaceId}::uuid, e.id, ${notice.id}::uuid, ${scope.now.toISOString()}::timestamptz,
           ${scope.now.toISOString()}::timestamptz
      FROM notice_endpoints e
     WHERE e.workspace_id = ${workspaceId} AND e.state = 'active' AND e.created_at <= ${notice.at}::text::timestamptz
       AND ${only === undefined ? sql`(e.types = '{}' OR ${notice.type} = ANY (e.types))` : sql`e.id = ${only}::uuid`}
    ON CONFLICT (endpoint_id, notice_id) DO NOTHING`
}
