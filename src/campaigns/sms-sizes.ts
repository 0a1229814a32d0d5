import type { Scope } from '../platform/scope.ts'
import { type OpenTemplate, smsTextFor } from '../templates/index.ts'
import { type Condition, eachMember } from './fitness.ts'

const ROWS_AT_ONCE = 5_000

/**
 * Fills an SMS for every contact of a list, since its text decides its price.
 * @returns who cannot be sent it and why, and the parts of each that takes more than one, by contact id
 */
export async function smsSizes(
  scope: Scope,
  listId: string,
  template: OpenTemplate,
  among: Condition,
): Promise<{ unfit: Map<bigint, string>; parts: Map<bigint, number> }> {
  const unfit = new Map<bigint, string>()
  const parts = new Map<bigint, number>()
  const isThere = scope.sql`c.erased_at IS NULL ${among}`
  await eachMember(scope, listId, isThere, ROWS_AT_ONCE, ({ id, variables }) => {
    const filled = smsTextFor(template, variables)
    if (!filled.ok) unfit.set(id, filled.reason)
    else if (filled.value.segments > 1) parts.set(id, filled.value.segments)
  })
  return { unfit, parts }
}
