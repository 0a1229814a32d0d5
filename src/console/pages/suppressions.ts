import { listSuppressions, type Suppression, suppress, unsuppress } from '../../contacts/index.ts'
import { ok, type Result } from '../../platform/result.ts'
import { exportsOf, fileClock, type List, lookThrough, soughtWords } from '../list.ts'
import {
  type Again,
  act,
  errorsOf,
  may,
  page,
  pageRequest,
  UUID_PLACE,
  type View,
  type Visit,
} from '../page.ts'
import { say } from '../view.ts'

/** Numbers that are not written to. */

const PATH = '/contacts/suppressions'

const blocked: List<Suppression, string> = {
  path: PATH,
  permission: 'suppressions.read',
  fileName: 'blocked-numbers',
  filters: [],
  read: async (asked, request) =>
    ok(await listSuppressions(asked.scope, { ...request, words: soughtWords(asked) })),
  columns: ({ workspace: { timeZone } }) => {
    const clock = fileClock(timeZone)
    return [
      { heading: say('suppressions.number'), cell: ({ phone }) => phone },
      { heading: say('suppressions.scope'), cell: ({ scope }) => say(`block.${scope}`) },
      { heading: say('field.reason'), cell: ({ reason }) => reason },
      { heading: `${say('col.when')} (${timeZone})`, cell: ({ createdAt }) => clock(createdAt) },
      { heading: `${say('suppressions.until')} (${timeZone})`, cell: ({ expiresAt }) => clock(expiresAt) },
    ]
  },
}

const list = page(PATH, (visit) => showList(visit))

const add = act(
  PATH,
  async (visit, { fields }) => {
    const added = await suppress(visit.scope, {
      phone: fields.phone ?? '',
      scope: fields.scope === 'marketing' ? 'marketing' : 'all',
      reason: fields.reason ?? '',
    })
    return added.ok ? ok({ to: `${PATH}?done=blocked` }) : added
  },
  showList,
)

const remove = act(
  '/contacts/suppressions/:id/removal',
  async (visit) => {
    const removed = await unsuppress(visit.scope, visit.params.id!)
    return removed.ok ? ok({ to: `${PATH}?done=unblocked` }) : removed
  },
  showList,
)

export const suppressionsPages = [list, ...exportsOf(blocked), add, remove]

async function showList(visit: Visit, again?: Again): Promise<Result<View>> {
  const read = await lookThrough(visit, blocked, pageRequest(visit, UUID_PLACE))
  if (!read.ok) return read
  return ok({
    name: 'suppressions',
    section: 'contacts',
    title: say('suppressions.title'),
    data: {
      ...read.value.facts,
      suppressions: read.value.items,
      mayWrite: may(visit, 'suppressions.write'),
      values: again?.fields ?? {},
      errors: again && errorsOf(again.refusal, {}),
      again,
    },
  })
}
