import { newId } from '../../src/platform/ids.ts'
import type { Firm } from './cast.ts'
import type { Stack } from './stack.ts'

export type Contact = {
  phone: string
  name?: string
  timeZone?: string
  variables?: Record<string, string>
}

/** Patients with Indonesian mobile numbers that differ from those of every other `from`. */
export function patients(count: number, from = 0): Contact[] {
  return Array.from({ length: count }, (_, n) => ({
    phone: `+6281${String(200_000_000 + from + n)}`,
    name: `Patient ${from + n}`,
    variables: { invoice: `INV-${from + n}`, amount: '150000', due_date: '2026-12-01' },
  }))
}

/** Writes contacts and a list of them straight into the rows, for tests that are not about sheets. */
export async function makeList(stack: Stack, firm: Firm, contacts: readonly Contact[]): Promise<string> {
  const listId = newId()
  await stack.house.asSystem('test', firm.workspaceId, async ({ sql, workspaceId, now }) => {
    const at = now.toISOString()
    await sql`INSERT INTO lists (id, workspace_id, name, created_at)
      VALUES (${listId}, ${workspaceId}, ${listId}, ${at}::timestamptz)`
    await sql`
      WITH c AS (
        INSERT INTO contacts (workspace_id, phone, name, time_zone, variables, created_at, updated_at)
        SELECT ${workspaceId}::uuid, phone, name, zone, variables::jsonb, ${at}::timestamptz, ${at}::timestamptz
          FROM unnest(${contacts.map((c) => c.phone)}::text[],
                      ${contacts.map((c) => c.name ?? null) as string[]}::text[],
                      ${contacts.map((c) => c.timeZone ?? null) as string[]}::text[],
                      ${contacts.map((c) => JSON.stringify(c.variables ?? {}))}::text[]) AS u(phone, name, zone, variables)
        ON CONFLICT (workspace_id, phone) DO UPDATE SET updated_at = excluded.updated_at
        RETURNING id)
      INSERT INTO list_members (workspace_id, list_id, contact_id)
      SELECT ${workspaceId}::uuid, ${listId}::uuid, id FROM c`
  })
  return listId
}
