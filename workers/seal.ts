import type { House } from '../src/house.ts'
import { type Stream, sealStream } from '../src/wallet/index.ts'

const MOST_AT_ONCE = 500

/** Chains what was written since the last time, workspace by workspace. */
export async function seal(house: House): Promise<void> {
  const waiting = await house.database.sql<{ workspace_id: string; stream: Stream }[]>`
    SELECT workspace_id, stream FROM workspaces_to_seal(${MOST_AT_ONCE})`
  for (const { workspace_id, stream } of waiting) {
    await house.asSystem('seal', workspace_id, (scope) => sealStream(scope, stream))
  }
}
