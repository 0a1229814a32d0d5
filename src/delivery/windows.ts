import { listOf } from '../platform/db.ts'
import type { Scope } from '../platform/scope.ts'
import { CONVERSATION_MS, type OpenWindow } from '../pricing/index.ts'

export type WindowsByContact = ReadonlyMap<bigint, readonly OpenWindow[]>

/**
 * The conversation windows of some contacts that may still matter, with the contacts locked, so that two campaigns
 * that reach one person at the same moment cannot both open one.
 */
export async function openWindows(scope: Scope, contactIds: readonly bigint[]): Promise<WindowsByContact> {
  const ids = [...new Set(contactIds)].sort((a, b) => (a < b ? -1 : 1))
  // By each id and not by a list of them: a plan that is made while there are few contacts would go by the workspace, and is kept.
  await scope.sql`
    SELECT 1 FROM unnest(${listOf(ids)}::bigint[]) AS wanted(id) JOIN contacts c ON c.id = wanted.id AND c.workspace_id = ${scope.workspaceId}
     ORDER BY c.id FOR NO KEY UPDATE OF c`
  const since = new Date(scope.now.getTime() - 3 * CONVERSATION_MS).toISOString()
  const rows = await scope.sql<
    { contact_id: bigint; category: OpenWindow['category']; opened_at: string; expires_at: string }[]
  >`
    SELECT contact_id, category, opened_at, expires_at FROM conversation_windows
     WHERE contact_id = ANY(${listOf(ids)}::bigint[]) AND workspace_id = ${scope.workspaceId} AND expires_at > ${since}::timestamptz`
  const windows = new Map<bigint, OpenWindow[]>()
  for (const row of rows) {
    const window = {
      category: row.category,
      openedAt: new Date(row.opened_at),
      expiresAt: new Date(row.expires_at),
    }
    windows.set(row.contact_id, [...(windows.get(row.contact_id) ?? []), window])
  }
  return windows
}

/** Stores the windows that charges have opened, in their transaction. */
export async function rememberWindows(
  scope: Scope,
  opened: { contactId: bigint; messageId: bigint; window: OpenWindow }[],
): Promise<void> {
  if (opened.length === 0) return
  await scope.sql`
    INSERT INTO conversation_windows (workspace_id, contact_id, category, message_id, opened_at, expires_at)
    SELECT ${scope.workspaceId}::uuid, w.contact_id, w.category, w.message_id, w.opened_at, w.expires_at
      FROM unnest(${listOf(opened.map((o) => o.contactId))}::bigint[], ${listOf(opened.map((o) => o.window.category))}::text[],
                  ${listOf(opened.map((o) => o.messageId))}::bigint[],
                  ${listOf(opened.map((o) => o.window.openedAt.toISOString()))}::text[]::timestamptz[],
                  ${listOf(opened.map((o) => o.window.expiresAt.toISOString()))}::text[]::timestamptz[])
           AS w(contact_id, category, message_id, opened_at, expires_at)`
}
