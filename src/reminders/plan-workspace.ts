import type { Scope } from '../platform/scope.ts'
import { type Planned, planSequence } from './plan.ts'
import { planRecurrence } from './plan-recurrence.ts'

/** Plans every active ladder of a workspace and every campaign that comes again, each in a transaction of its own. */
export async function planWorkspace(
  within: <T>(work: (scope: Scope) => Promise<T>) => Promise<T>,
): Promise<Planned> {
  const ids = await within(
    ({ sql, workspaceId }) => sql<{ id: string }[]>`
      SELECT id FROM sequences WHERE workspace_id = ${workspaceId} AND state = 'active' ORDER BY id`,
  )
  const sum = { planned: 0, held: 0, skipped: 0, campaigns: 0 }
  for (const { id } of ids) {
    const one = await within((scope) => planSequence(scope, id))
    for (const key of ['planned', 'held', 'skipped', 'campaigns'] as const) sum[key] += one[key]
  }
  const recurring = await within(
    ({ sql, workspaceId }) => sql<{ id: string }[]>`
      SELECT id FROM recurrences WHERE workspace_id = ${workspaceId} AND state = 'active' ORDER BY id`,
  )
  for (const { id } of recurring)
    sum.campaigns += (await within((scope) => planRecurrence(scope, id))).campaigns
  return sum
}
