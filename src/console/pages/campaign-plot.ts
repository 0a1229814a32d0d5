import { findCampaign } from '../../campaigns/index.ts'
import { ok } from '../../platform/result.ts'
import { readTimeline, type Timeline } from '../../reports/index.ts'
import { stream } from '../page.ts'

/** The curves of a campaign's plot, as JSON: fetched by the page once it stands, so that no page waits for them. */

/** Looking may cost a twentieth of the time at most: what took long to find is kept for twenty times as long. */
const KEPT_FOR_TIMES = 20
const MOST_KEPT = 500

type Kept = { readonly timeline: Timeline; readonly untilMs: number }
const kept = new Map<string, Kept>()

const plot = stream('/campaigns/:id/plot.json', async ({ house, params, response, within }) => {
  const found = await within(async (scope) => {
    const campaign = await findCampaign(scope, params.id!)
    if (!campaign.ok) return campaign
    const name = `${scope.workspaceId} ${campaign.value.id}`
    const known = kept.get(name)
    if (known && known.untilMs > house.clock.now().getTime()) return ok(known.timeline)
    const beganMs = performance.now()
    const timeline = await readTimeline(scope, campaign.value.id)
    keep(name, {
      timeline,
      untilMs: house.clock.now().getTime() + (performance.now() - beganMs) * KEPT_FOR_TIMES,
    })
    return ok(timeline)
  })
  if (!found.ok) return found
  response.json(found.value)
  return undefined
})

export const campaignPlotPages = [plot]

function keep(name: string, timeline: Kept): void {
  kept.delete(name)
  if (kept.size >= MOST_KEPT) kept.delete(kept.keys().next().value!)
  kept.set(name, timeline)
}
