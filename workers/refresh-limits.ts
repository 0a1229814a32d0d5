import { checkSender, takeForRefresh } from '../src/delivery/index.ts'
import type { House } from '../src/house.ts'

/**
 * Asks the platform again about every number that was last asked an hour ago: a limit that has risen or fallen is known
 * even where its webhook never came. One number that cannot be asked does not keep the others waiting.
 */
export async function refreshLimits(house: House): Promise<void> {
  const workspaces = await house.database.sql<
    { workspace_id: string }[]
  >`SELECT workspace_id FROM all_workspaces()`
  for (const { workspace_id: workspaceId } of workspaces) {
    const within = <T>(work: Parameters<typeof house.asSystem<T>>[2]) =>
      house.asSystem('refresh-limits', workspaceId, work)
    for (const senderId of await within(takeForRefresh)) {
      try {
        const { sql } = house.database
        await checkSender({ sql, secrets: house.secrets, now: () => house.clock.now(), within }, senderId)
      } catch (error) {
        house.log.warn(
          { err: error, workspaceId, senderId },
          'the platform could not be asked for its limits',
        )
      }
    }
  }
}
