import { findCampaign } from '../../campaigns/index.ts'
import { MESSAGE_STATES } from '../../delivery/index.ts'
import { formatAmount } from '../../platform/money.ts'
import { ok } from '../../platform/result.ts'
import { listMessages, type MessageLine, type MessagePlace } from '../../reports/index.ts'
import { type Asked, exportsOf, fileClock, type List, lookThrough, soughtWords } from '../list.ts'
import { page } from '../page.ts'
import { explained } from '../sentences.ts'
import { say, sayOr } from '../view.ts'

/** What became of each recipient of a campaign, and why, in a sentence. */

const ROWS = 50
const PLACE = /^(\d{1,9})\.([1-9]\d{0,17})$/

const list: List<MessageLine, MessagePlace> = {
  path: '/campaigns/:id/recipients',
  permission: 'campaigns.read',
  fileName: 'recipients',
  filters: ['state'],
  read: async (asked, request) => {
    const found = await findCampaign(asked.scope, asked.params.id!)
    if (!found.ok) return found
    const sifted = {
      ...request,
      campaignId: found.value.id,
      state: stateOf(asked),
      words: soughtWords(asked),
      timeZone: asked.workspace.timeZone,
      explained: explained(),
    }
    return ok(await listMessages(asked.scope, sifted))
  },
  columns: ({ workspace: { currency, timeZone } }) => {
    const clock = fileClock(timeZone)
    return [
      { heading: say('people.number'), cell: ({ phone }) => phone },
      { heading: say('col.name'), cell: ({ name }) => name },
      { heading: say('col.state'), cell: ({ state }) => sayOr(`state.${state}`, state) },
      { heading: say('col.happened'), cell: ({ explanation }) => explanation },
      {
        heading: `${say('money.charged')} (${currency})`,
        cell: ({ chargedMinor }) => formatAmount(chargedMinor),
      },
      { heading: `${say('state.sent')} (${timeZone})`, cell: ({ sentAt }) => clock(sentAt) },
      { heading: `${say('state.delivered')} (${timeZone})`, cell: ({ deliveredAt }) => clock(deliveredAt) },
      { heading: `${say('state.read')} (${timeZone})`, cell: ({ readAt }) => clock(readAt) },
    ]
  },
}

const recipients = page(list.path, async (visit) => {
  const found = await findCampaign(visit.scope, visit.params.id!)
  if (!found.ok) return found
  const after = placeOf(visit.query('after'))
  const read = await lookThrough(visit, list, { limit: ROWS, after })
  if (!read.ok) return read
  const state = stateOf(visit)
  return ok({
    name: 'recipients',
    section: 'campaigns' as const,
    title: say('recipients.title', { name: found.value.name }),
    data: {
      ...read.value.facts,
      campaign: found.value,
      messages: read.value.items,
      filters: MESSAGE_STATES.map((one) => ({ state: one, chosen: one === state })),
    },
  })
})

export const recipientsPages = [recipients, ...exportsOf(list)]

function stateOf({ query }: Pick<Asked, 'query'>) {
  return MESSAGE_STATES.find((one) => one === query('state'))
}

function placeOf(word: string | undefined): MessagePlace | undefined {
  const match = PLACE.exec(word ?? '')
  return match ? [Number(match[1]), match[2]!] : undefined
}
