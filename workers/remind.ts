import type { House } from '../src/house.ts'
import { planWorkspace } from '../src/reminders/index.ts'

/** Plans what is due of every ladder; each workspace alone, so that one that fails does not keep the others waiting. */
export async function remind(house: House): Promise<void> {
  const due = await house.database.sql<
    { workspace_id: string }[]
  >`SELECT workspace_id FROM workspaces_to_remind()`
  for (const { workspace_id } of due) {
    try {
      await planWorkspace((work) => house.asSystem('remind', workspace_id, work))
    } catch (error) {
      house.log.warn(
        { err: error, workspaceId: workspace_id },
        'reminders were not planned; the next turn tries again',
      )
    }
  }
}
