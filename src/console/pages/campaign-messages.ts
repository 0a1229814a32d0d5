import { findCampaign, PREVIEW_FILTERS, type PreviewLine, previewCampaign } from '../../campaigns/index.ts'
import { formatAmount } from '../../platform/money.ts'
import { ok } from '../../platform/result.ts'
import { type Asked, exportsOf, fileClock, type List, lookThrough, soughtWords } from '../list.ts'
import { COUNTED_PLACE, may, page } from '../page.ts'
import { say, sayOr } from '../view.ts'

/** The second step of a campaign: every message as each contact will read it, and who is left out and why. */

const MESSAGES_SHOWN = 24
/** A page must not look through a whole list for the few that are left out. */
const MOST_LOOKED = 2_000

const list: List<PreviewLine, string> = {
  path: '/campaigns/:id/messages',
  permission: 'campaigns.read',
  fileName: 'messages',
  filters: ['filter'],
  read: (asked, request) =>
    previewCampaign(asked.scope, asked.params.id!, {
      ...request,
      filter: filterOf(asked),
      words: soughtWords(asked),
      mostLooked: MOST_LOOKED,
    }),
  columns: ({ workspace: { currency, timeZone } }) => {
    const clock = fileClock(timeZone)
    return [
      { heading: say('people.number'), cell: ({ phone }) => phone },
      { heading: say('col.name'), cell: ({ name }) => name },
      { heading: say('templates.text'), cell: ({ message }) => message?.body ?? null },
      {
        heading: say('messages.left_out'),
        cell: ({ excluded }) => (excluded === null ? null : sayOr(`excluded.${excluded}`, excluded)),
      },
      {
        heading: `${say('col.amount')} (${currency})`,
        cell: ({ priceMinor }) => (priceMinor === null ? null : formatAmount(priceMinor)),
      },
      { heading: `${say('col.when')} (${timeZone})`, cell: ({ dueAt }) => clock(dueAt) },
    ]
  },
}

const messages = page(list.path, async (visit) => {
  const found = await findCampaign(visit.scope, visit.params.id!)
  if (!found.ok) return found
  const word = visit.query('after')
  const after = word !== undefined && COUNTED_PLACE.test(word) ? word : undefined
  const read = await lookThrough(visit, list, { limit: MESSAGES_SHOWN, after })
  if (!read.ok) return read
  const filter = filterOf(visit)
  return ok({
    name: 'campaign-messages',
    section: 'campaigns' as const,
    title: found.value.name,
    data: {
      ...read.value.facts,
      campaign: found.value,
      step: 'messages',
      lines: read.value.items,
      filters: PREVIEW_FILTERS.map((one) => ({
        value: one === 'all' ? '' : one,
        filter: one,
        chosen: one === filter,
      })),
      mayWrite: may(visit, 'campaigns.write'),
    },
  })
})

export const campaignMessagesPages = [messages, ...exportsOf(list)]

function filterOf({ query }: Pick<Asked, 'query'>) {
  return PREVIEW_FILTERS.find((one) => one === query('filter')) ?? 'all'
}
