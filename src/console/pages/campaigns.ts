import { CAMPAIGN_STATES, type Campaign, type CampaignState, listCampaigns } from '../../campaigns/index.ts'
import { formatAmount } from '../../platform/money.ts'
import { ok } from '../../platform/result.ts'
import { type Asked, exportsOf, fileClock, type List, lookThrough, soughtWords } from '../list.ts'
import { page, pageRequest, UUID_PLACE } from '../page.ts'
import { NO_SUMS, type Sums, sumsOf } from '../recorded.ts'
import { say, sayOr } from '../view.ts'

type Line = Campaign & { readonly sums: Sums }

const list: List<Line, string> = {
  path: '/campaigns',
  permission: 'campaigns.read',
  fileName: 'campaigns',
  filters: ['state'],
  read: async (asked, request) => {
    const words = soughtWords(asked)
    const { items, next } = await listCampaigns(asked.scope, { ...request, state: stateOf(asked), words })
    const sums = await sumsOf(
      asked.scope,
      items.map(({ id }) => id),
    )
    return ok({ items: items.map((one) => ({ ...one, sums: sums.get(one.id) ?? NO_SUMS })), next })
  },
  columns: ({ workspace: { currency, timeZone } }) => {
    const clock = fileClock(timeZone)
    return [
      { heading: say('col.name'), cell: ({ name }) => name },
      { heading: say('col.state'), cell: ({ state }) => sayOr(`state.${state}`, state) },
      { heading: say('col.recipients'), cell: ({ sums }) => String(sums.recipients) },
      { heading: `${say('money.reserved')} (${currency})`, cell: ({ sums }) => formatAmount(sums.heldMinor) },
      {
        heading: `${say('money.charged')} (${currency})`,
        cell: ({ sums }) => formatAmount(sums.capturedMinor),
      },
      { heading: `${say('col.made')} (${timeZone})`, cell: ({ createdAt }) => clock(createdAt) },
    ]
  },
}

const campaigns = page(list.path, async (visit) => {
  const read = await lookThrough(visit, list, pageRequest(visit, UUID_PLACE))
  if (!read.ok) return read
  return ok({
    name: 'campaigns',
    section: 'campaigns' as const,
    title: say('campaigns.title'),
    data: {
      ...read.value.facts,
      campaigns: read.value.items,
      filters: filters(stateOf(visit)),
    },
  })
})

export const campaignsPages = [campaigns, ...exportsOf(list)]

function stateOf({ query }: Pick<Asked, 'query'>): CampaignState | undefined {
  return CAMPAIGN_STATES.find((one) => one === query('state'))
}

function filters(chosen: CampaignState | undefined) {
  return CAMPAIGN_STATES.map((state) => ({ state, chosen: state === chosen }))
}
