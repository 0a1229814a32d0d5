import { setTimeout as sleep } from 'node:timers/promises'
import type { Stage } from './stage.ts'

/** Campaigns that follow each other, so that there is always something to send. */
export type Load = {
  /** Starts no more of them. */
  stop(): Promise<void>
}

const CAMPAIGN = 1_000
/** A campaign follows while fewer wait than this; those that a killed worker has in hand do not count. */
const LEAST_WAITING = 1_000
const LOOK_AGAIN_MS = 250

/** The number of the first contact of the next campaign: nobody ever gets two messages. */
let nextNumber = 1_000_000

export function keepSending(stage: Stage): Load {
  let stopped = false
  const keep = async () => {
    while (!stopped) {
      try {
        if ((await countWaiting(stage)) < LEAST_WAITING) {
          // Where the database goes away at the commit nobody knows of the campaign: its contacts are not used again.
          const from = nextNumber
          nextNumber += CAMPAIGN
          await stage.startCampaign(from, CAMPAIGN)
        }
      } catch {
        // The database is away: that is what it is about.
      }
      await sleep(LOOK_AGAIN_MS)
    }
  }
  const keeping = keep()
  return {
    async stop() {
      stopped = true
      await keeping
    },
  }
}

async function countWaiting(stage: Stage): Promise<number> {
  return stage.within(async ({ sql, workspaceId }) => {
    const [row] = await sql<{ n: number }[]>`
      SELECT coalesce(sum(c.n), 0)::int AS n FROM message_counts c JOIN campaigns p ON p.id = c.campaign_id
       WHERE p.workspace_id = ${workspaceId} AND p.state IN ('scheduled','sending') AND c.state = 'queued'`
    return row!.n
  })
}
