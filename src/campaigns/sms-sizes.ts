import type { Scope } from '../platform/scope.ts'
import { type OpenTemplate, smsTextFor } from '../templates/index.ts'
import { allVariables } from './fitness.ts'

const ROWS_AT_ONCE = 5_000

/**
 * Fills an SMS for every contact of a list, since its text decides its price.
 * @returns who cannot be sent it and why, and the parts of each that takes more than one, by contact id
 */
export async function smsSizes(
  scope: Scope,
  listId: string,
  template: OpenTemplate,
): Promise<{ unfit: Map<bigint, string>; parts: Map<bigint, number> }> {
  const unfit = new Map<bigint, string>()
  const parts = new Map<bigint, number>()
  let after = 0n
  for (;;) {
    const rows = await scope.sql<{ id: bigint; variables: Record<string, string> }[]>`
      SELECT c.id, ${allVariables(scope.sql)} AS variables FROM list_members l
        JOIN contacts c ON c.id = l.contact_id AND c.workspace_id = l.workspace_id
       WHERE l.list_id = ${listId} AND l.workspace_id = ${scope.workspaceId} AND c.id > ${after}
         AND c.erased_at IS NULL
       ORDER BY c.id LIMIT ${ROWS_AT_ONCE}`
    for (const { id, variables } of rows) {
      const filled = smsTextFor(template, variables)
      if (!filled.ok) unfit.set(id, filled.reason)
      else if (filled.value.segments > 1) parts.set(id, filled.value.segments)
    }
    if (rows.length < ROWS_AT_ONCE) return { unfit, parts }
    after = rows.at(-1)!.id
  }
}
