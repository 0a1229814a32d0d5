import { type Campaign, countApprovals, findPolicy, listCampaigns } from '../../campaigns/index.ts'
import { formatAmount } from '../../platform/money.ts'
import { ok } from '../../platform/result.ts'
import { exportsOf, fileClock, type List, lookThrough, soughtWords } from '../list.ts'
import { page, pageRequest, UUID_PLACE } from '../page.ts'
import { policyFacts } from '../policy-facts.ts'
import { actorNames, NO_SUMS, type Sums, sumsOf } from '../recorded.ts'
import { say } from '../view.ts'
import { countFacts, isOwn } from './approvals.ts'

/** The campaigns that wait for somebody to decide. */

type Line = Campaign & { readonly sums: Sums; readonly maker: string }

const list: List<Line, string> = {
  path: '/approvals',
  permission: 'campaigns.read',
  fileName: 'approvals',
  filters: [],
  read: async (asked, request) => {
    const { scope } = asked
    const sifted = { ...request, state: 'pending_approval', words: soughtWords(asked) } as const
    const { items, next } = await listCampaigns(scope, sifted)
    const sums = await sumsOf(
      scope,
      items.map(({ id }) => id),
    )
    const nameOf = await actorNames(
      scope,
      items.map(({ submittedBy }) => submittedBy ?? ''),
    )
    const lines = items.map((campaign) => ({
      ...campaign,
      sums: sums.get(campaign.id) ?? NO_SUMS,
      maker: nameOf(campaign.submittedBy ?? ''),
    }))
    return ok({ items: lines, next })
  },
  columns: ({ workspace: { currency, timeZone } }) => {
    const clock = fileClock(timeZone)
    return [
      { heading: say('col.name'), cell: ({ name }) => name },
      { heading: say('col.recipients'), cell: ({ sums }) => String(sums.recipients) },
      { heading: `${say('money.reserved')} (${currency})`, cell: ({ sums }) => formatAmount(sums.heldMinor) },
      { heading: say('fact.submitted_by'), cell: ({ maker }) => maker },
      { heading: `${say('fact.ends')} (${timeZone})`, cell: ({ sendBefore }) => clock(sendBefore) },
    ]
  },
}

const queue = page(list.path, async (visit) => {
  const read = await lookThrough(visit, list, pageRequest(visit, UUID_PLACE))
  if (!read.ok) return read
  const { items, facts } = read.value
  const counts = await countApprovals(
    visit.scope,
    items.map(({ id }) => id),
  )
  return ok({
    name: 'approvals',
    section: 'approvals' as const,
    title: say('approvals.title'),
    data: {
      ...facts,
      campaigns: items.map((campaign) => ({
        ...campaign,
        own: isOwn(visit, campaign),
        ...countFacts(visit, campaign, counts.get(campaign.id)),
      })),
      policy: policyFacts(await findPolicy(visit.scope), visit.workspace.currency),
    },
  })
})

export const approvalQueuePages = [queue, ...exportsOf(list)]
