import { tendCampaign } from '../src/campaigns/index.ts'
import type { House } from '../src/house.ts'
import type { Job } from '../src/platform/queue.ts'

/** How many pumps may work on one campaign at a time, over all workers. */
export const LANES = 4

/** Does what is due for one campaign; when it has begun, wakes those who send. */
export function tendOne(house: House): (job: Job) => Promise<void> {
  return async ({ data }) => {
    const { workspaceId, campaignId } = data as { workspaceId: string; campaignId: string }
    const changed = await house.asSystem('tend', workspaceId, (scope) => tendCampaign(scope, campaignId))
    if (changed) await nudgeRun(house, workspaceId, campaignId)
  }
}

/**
 * Wakes those who send a campaign.
 * @param by names the nudges: a worker that was killed holds its own for some seconds, and the sweep must not wait for them
 */
export async function nudgeRun(
  house: House,
  workspaceId: string,
  campaignId: string,
  by = 'run',
): Promise<void> {
  await house.queues.addMany(
    'send',
    Array.from({ length: LANES }, (_, lane) => ({
      name: 'send',
      data: { workspaceId, campaignId, lane },
      dedupeId: `${by}-${campaignId}-${lane}`,
    })),
  )
}
