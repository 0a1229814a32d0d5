import type { House } from '../src/house.ts'
import { watchLedger } from '../src/reports/index.ts'

/** Checks every ledger by itself; one that does not balance takes no new reservation, and says so loudly. */
export async function watch(house: House): Promise<void> {
  const workspaces = await house.database.sql<
    { workspace_id: string }[]
  >`SELECT workspace_id FROM all_workspaces()`
  for (const { workspace_id } of workspaces) {
    const differences = await house.asSystem('watch', workspace_id, watchLedger)
    if (differences.length > 0) {
      house.log.error(
        { workspaceId: workspace_id, differences },
        'the books do not balance: no new reservations',
      )
    }
  }
}
