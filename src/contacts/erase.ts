import { isCountedId } from '../platform/ids.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import { allow, recordEvent } from '../workspaces/index.ts'

/** Digits by which a number is found in what people typed: without country code and trunk zero it is still one's own. */
const TELLING_DIGITS = 8

/**
 * Erases a person: the row stays, because messages and charges refer to it, with nothing of the person in it. Lists
 * lose the contact, and sheets that held the number lose what they quoted of it. A block of the number stays, or the
 * next sheet would write to them again.
 */
export async function eraseContact(
  scope: Scope,
  id: string,
): Promise<Result<null, 'forbidden' | 'not_found'>> {
  const refusal = allow(scope.actor, 'contacts.write')
  if (refusal) return refusal
  const phone = isCountedId(id) ? await lockPhone(scope, id) : undefined
  if (phone === undefined) return refuse('not_found', 'There is no such contact.')
  const { sql, workspaceId, now } = scope
  await sql`
    UPDATE contacts SET phone = NULL, name = NULL, email = NULL, time_zone = NULL, variables = '{}',
           erased_at = ${now.toISOString()}::timestamptz, updated_at = ${now.toISOString()}::timestamptz
     WHERE id = ${id}::bigint AND workspace_id = ${workspaceId}`
  await sql`
    DELETE FROM list_members WHERE contact_id = ${id}::bigint AND workspace_id = ${workspaceId}
       AND list_id IN (SELECT id FROM lists WHERE workspace_id = ${workspaceId})`
  await sql`DELETE FROM contact_handles WHERE contact_id = ${id}::bigint AND workspace_id = ${workspaceId}`
  await eraseQuotes(scope, phone)
  await recordEvent(scope, 'contact.erased', `contact:${id}`)
  return ok(null)
}

async function lockPhone({ sql, workspaceId }: Scope, id: string): Promise<string | undefined> {
  const [row] = await sql<{ phone: string }[]>`
    SELECT phone FROM contacts WHERE id = ${id}::bigint AND workspace_id = ${workspaceId} AND erased_at IS NULL FOR UPDATE`
  return row?.phone
}

async function eraseQuotes({ sql, workspaceId }: Scope, phone: string): Promise<void> {
  const ending = `%${phone.slice(-TELLING_DIGITS)}%`
  const rows = await sql<{ import_id: string; row: number }[]>`
    DELETE FROM import_rejected_rows
     WHERE workspace_id = ${workspaceId}
       AND EXISTS (SELECT 1 FROM jsonb_array_elements_text(cells) AS cell
                    WHERE regexp_replace(cell, '[^0-9]', '', 'g') LIKE ${ending})
    RETURNING import_id, "row"`
  await sql`
    UPDATE import_problems SET value = NULL
     WHERE workspace_id = ${workspaceId} AND value IS NOT NULL
       AND (regexp_replace(value, '[^0-9]', '', 'g') LIKE ${ending} OR (import_id, "row") IN
            (SELECT * FROM unnest(${rows.map((row) => row.import_id)}::uuid[], ${rows.map((row) => row.row)}::int[])))`
}
