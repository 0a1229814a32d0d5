import type { House } from '../src/house.ts'
import { forewarn } from '../src/reminders/index.ts'

/** Looks ahead in each workspace with reminders; one that fails does not keep the others waiting. */
export async function forewarnAll(house: House): Promise<void> {
  const due = await house.database.sql<
    { workspace_id: string }[]
  >`SELECT workspace_id FROM workspaces_to_remind()`
  for (const { workspace_id } of due) {
    try {
      await house.asSystem('forewarn', workspace_id, forewarn)
    } catch (error) {
      house.log.warn(
        { err: error, workspaceId: workspace_id },
        'what is coming was not looked at; the next turn tries again',
      )
    }
  }
}
