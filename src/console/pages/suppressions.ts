import { listSuppressions, readPhone, suppress, unsuppress } from '../../contacts/index.ts'
import { ok, type Result } from '../../platform/result.ts'
import {
  type Again,
  act,
  errorsOf,
  may,
  page,
  pageHref,
  pageRequest,
  UUID_PLACE,
  type View,
  type Visit,
} from '../page.ts'
import { say } from '../view.ts'

/** Numbers that are not written to. A number is looked for by a form, so that none stands in an address. */

const PATH = '/contacts/suppressions'

const list = page(PATH, (visit) => showList(visit))

const search = act(
  '/contacts/suppressions/search',
  async (visit, { fields }) => {
    const read = await readPhone(visit.scope, fields.search ?? '')
    const phone = read.ok ? read.value : 'none'
    const shown = await showList(visit, undefined, { phone, typed: fields.search ?? '' })
    return shown.ok ? ok({ to: PATH, view: shown.value }) : shown
  },
  showList,
)

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

export const suppressionsPages = [list, search, add, remove]

async function showList(
  visit: Visit,
  again?: Again,
  sought?: { readonly phone: string; readonly typed: string },
): Promise<Result<View>> {
  const request = pageRequest(visit, UUID_PLACE)
  const { items, next } = await listSuppressions(visit.scope, { ...request, phone: sought?.phone })
  return ok({
    name: 'suppressions',
    section: 'contacts',
    title: say('suppressions.title'),
    data: {
      suppressions: items,
      sought,
      mayWrite: may(visit, 'suppressions.write'),
      first: request.after === undefined ? undefined : PATH,
      next: sought || !next ? undefined : pageHref(PATH, { after: next }),
      values: again?.fields ?? {},
      errors: again && errorsOf(again.refusal, {}),
      again,
    },
  })
}
