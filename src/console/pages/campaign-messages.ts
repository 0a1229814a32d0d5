import { findCampaign, PREVIEW_FILTERS, previewCampaign } from '../../campaigns/index.ts'
import { ok } from '../../platform/result.ts'
import { COUNTED_PLACE, may, page, pageHref } from '../page.ts'

/** The second step of a campaign: every message as each contact will read it, and who is left out and why. */

const MESSAGES_SHOWN = 24

const messages = page('/campaigns/:id/messages', async (visit) => {
  const found = await findCampaign(visit.scope, visit.params.id!)
  if (!found.ok) return found
  const campaign = found.value
  const path = `/campaigns/${campaign.id}/messages`
  const filter = PREVIEW_FILTERS.find((one) => one === visit.query('filter')) ?? 'all'
  const word = visit.query('after')
  const after = word !== undefined && COUNTED_PLACE.test(word) ? word : undefined
  const previewed = await previewCampaign(visit.scope, campaign.id, { limit: MESSAGES_SHOWN, after, filter })
  if (!previewed.ok) return previewed
  const { items, next } = previewed.value
  const kept = filter === 'all' ? undefined : filter
  return ok({
    name: 'campaign-messages',
    section: 'campaigns' as const,
    title: campaign.name,
    data: {
      campaign,
      step: 'messages',
      lines: items,
      filters: PREVIEW_FILTERS.map((one) => ({ filter: one, chosen: one === filter })),
      filtered: kept !== undefined,
      mayWrite: may(visit, 'campaigns.write'),
      first: after === undefined ? undefined : pageHref(path, { filter: kept }),
      next: next && pageHref(path, { filter: kept, after: next }),
    },
  })
})

export const campaignMessagesPages = [messages]
