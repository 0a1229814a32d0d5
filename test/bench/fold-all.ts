import { foldSender } from '../../workers/fold.ts'
import type { Stage } from './stage.ts'

/** Folds all that waits of a sender, turn after turn, as a worker would that has nothing else to do. */
export async function foldAll(stage: Stage, senderId: string): Promise<void> {
  const fold = foldSender(stage.house)
  const signal = new AbortController().signal
  for (let again = false; await somethingWaits(stage, senderId); again = true)
    await fold({ name: 'fold', data: { senderId, again }, signal })
}

async function somethingWaits(stage: Stage, senderId: string): Promise<boolean> {
  const rows = await stage.as(
    ({ sql }) => sql`SELECT 1 FROM webhooks WHERE sender_id = ${senderId} AND done_at IS NULL LIMIT 1`,
  )
  return rows.length > 0
}
