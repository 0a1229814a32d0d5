import { listOf } from '../platform/db.ts'
import type { Scope } from '../platform/scope.ts'
import { applyWishes } from './wish.ts'

/** Another name by which the platform knows a contact: its own writing of the number, or an id without one. */
export type Handle = { contactId: bigint; kind: 'wa_id' | 'user_id'; handle: string }

/**
 * Keeps by which names contacts are known. The latest word counts: a number that changed hands takes its handle along.
 * What somebody wished under a name that nobody knew yet is done now.
 */
export async function rememberHandles(scope: Scope, handles: readonly Handle[]): Promise<void> {
  const latest = [...new Map(handles.map((one) => [`${one.kind} ${one.handle}`, one])).values()]
  if (latest.length === 0) return
  latest.sort((a, b) => (`${a.kind} ${a.handle}` < `${b.kind} ${b.handle}` ? -1 : 1))
  const news = await scope.sql<{ handle: string }[]>`
    INSERT INTO contact_handles AS h (workspace_id, contact_id, kind, handle, heard_at)
    SELECT ${scope.workspaceId}::uuid, n.contact_id, n.kind, n.handle, ${scope.now.toISOString()}::timestamptz
      FROM unnest(${listOf(latest.map((one) => one.contactId))}::bigint[], ${listOf(latest.map((one) => one.kind))}::text[],
                  ${listOf(latest.map((one) => one.handle))}::text[]) AS n(contact_id, kind, handle)
    ON CONFLICT (workspace_id, kind, handle) DO UPDATE SET contact_id = excluded.contact_id, heard_at = excluded.heard_at
     WHERE h.contact_id <> excluded.contact_id
    RETURNING h.handle`
  if (news.length > 0)
    await applyWishes(
      scope,
      news.map((row) => row.handle),
    )
}

/** A person as the platform names them: digits of a number, an id, or both. */
export type NamedPerson = { number?: string | undefined; userId?: string | undefined }

/** @returns the contact of each person, in the same order; undefined for strangers */
export async function findPeople(
  scope: Scope,
  people: readonly NamedPerson[],
): Promise<(bigint | undefined)[]> {
  if (people.length === 0) return []
  const rows = await scope.sql<{ i: number; contact_id: bigint }[]>`
    SELECT DISTINCT ON (p.i) p.i, c.id AS contact_id
      FROM unnest(${listOf(people.map((_, index) => index))}::int[], ${listOf(people.map((p) => p.number ?? null))}::text[],
                  ${listOf(people.map((p) => p.userId ?? null))}::text[]) AS p(i, number, user_id)
      JOIN contacts c ON c.workspace_id = ${scope.workspaceId} AND c.erased_at IS NULL AND (
           c.phone = '+' || p.number
           OR c.id IN (SELECT h.contact_id FROM contact_handles h WHERE h.workspace_id = ${scope.workspaceId}
                        AND ((h.kind = 'wa_id' AND h.handle = p.number) OR (h.kind = 'user_id' AND h.handle = p.user_id))))
     ORDER BY p.i, (c.phone = '+' || p.number) DESC NULLS LAST, c.id`
  const found = new Map(rows.map((row) => [row.i, row.contact_id]))
  return people.map((_, index) => found.get(index))
}
