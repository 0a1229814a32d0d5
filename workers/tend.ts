import { findOrigins, tendCampaign } from '../src/campaigns/index.ts'
import type { House } from '../src/house.ts'
import type { Job } from '../src/platform/queue.ts'
import type { Origin } from '../src/platform/trace.ts'
import { inSpan, linksTo, logFor, originIn } from './in-span.ts'

/** How many pumps may work on one campaign at a time, over all workers. */
export const LANES = 4

/** Does what is due for one campaign; when it has begun, wakes those who send. */
export function tendOne(house: House): (job: Job) => Promise<void> {
  return async (job) => {
    const { workspaceId, campaignId } = job.data as { workspaceId: string; campaignId: string }
    const nudged = job.origin
    const submitted = (await findOrigins(house.database.sql, [campaignId])).get(campaignId)
    job.origin = submitted ?? nudged
    const links = linksTo(submitted, nudged)
    const facts = { 'duecast.campaign_id': campaignId }
    await inSpan(house, job, { parent: nudged?.traceparent, links, facts }, async (span) => {
      const changed = await house.asSystem('tend', workspaceId, (scope) => tendCampaign(scope, campaignId))
      span.note({ 'duecast.changed': changed })
      if (!changed) return
      logFor(house, job.origin).info({ campaignId }, 'a campaign has moved')
      await nudgeRun(house, workspaceId, campaignId, originIn(span, job.origin))
    })
  }
}

/** Wakes those who send a campaign. */
export async function nudgeRun(
  house: House,
  workspaceId: string,
  campaignId: string,
  origin?: Origin,
): Promise<void> {
  await house.queues.addMany(
    'send',
    Array.from({ length: LANES }, (_, lane) => ({
      name: 'send',
      data: { workspaceId, campaignId, lane },
      dedupeId: `run-${campaignId}-${lane}`,
      origin,
    })),
  )
}
