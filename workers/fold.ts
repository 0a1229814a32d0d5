import { foldWebhooks, openSender } from '../src/delivery/index.ts'
import type { House } from '../src/house.ts'
import type { Job } from '../src/platform/queue.ts'
import { nudgeTend } from './send.ts'

/** Folds what a sender's provider has posted, until nothing waits. */
export function foldSender(house: House): (job: Job) => Promise<void> {
  return async ({ data, signal }) => {
    const { senderId } = data as { senderId: string }
    const sender = await openSender(house.database.sql, house.secrets, senderId)
    if (!sender) return
    const touched = new Map<string, string>()
    while (!signal.aborted) {
      const folded = await foldWebhooks((work) => house.asSystem('fold', sender.workspaceId, work), sender)
      if (folded.setAside > 0)
        house.log.error({ senderId, webhooks: folded.setAside }, 'webhooks were set aside: see their notes')
      for (const id of folded.campaignIds) touched.set(id, sender.workspaceId)
      if (folded.webhooks === 0) break
    }
    for (const [campaignId, workspaceId] of touched) await nudgeTend(house, workspaceId, campaignId)
  }
}
