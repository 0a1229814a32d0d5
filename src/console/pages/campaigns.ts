import { CAMPAIGN_STATES, type CampaignState, listCampaigns } from '../../campaigns/index.ts'
import { ok } from '../../platform/result.ts'
import { page, pageHref, pageRequest, UUID_PLACE } from '../page.ts'
import { NO_SUMS, sumsOf } from '../recorded.ts'
import { say } from '../view.ts'

const PATH = '/campaigns'

const campaigns = page(PATH, async (visit) => {
  const state = CAMPAIGN_STATES.find((one) => one === visit.query('state'))
  const request = pageRequest(visit, UUID_PLACE)
  const { items, next } = await listCampaigns(visit.scope, { ...request, state })
  const sums = await sumsOf(
    visit.scope,
    items.map(({ id }) => id),
  )
  return ok({
    name: 'campaigns',
    section: 'campaigns',
    title: say('campaigns.title'),
    data: {
      campaigns: items.map((campaign) => ({ ...campaign, sums: sums.get(campaign.id) ?? NO_SUMS })),
      filters: filters(state),
      filtered: state !== undefined,
      first: request.after === undefined ? undefined : pageHref(PATH, { state }),
      next: next && pageHref(PATH, { state, after: next }),
    },
  })
})

export const campaignsPages = [campaigns]

function filters(chosen: CampaignState | undefined) {
  return CAMPAIGN_STATES.map((state) => ({ state, chosen: state === chosen }))
}
