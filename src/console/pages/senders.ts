import { addSender, listSenders, webhookAddress } from '../../delivery/index.ts'
import { ok, type Result, refuse } from '../../platform/result.ts'
import { linkBase } from '../house.ts'
import { type Again, act, mustMay, page, type View, type Visit } from '../page.ts'
import { say } from '../view.ts'
import { groupsOf, PROVIDER_KINDS, providerKind, shownGroups } from './sender-fields.ts'
import { asFields, bothOf, configWords, newVerifyToken, readConfig, readName } from './sender-form.ts'

/** The numbers that messages go out from, and the form by which another is connected. */

export const SENDERS = '/settings/senders'
const MOST_SHOWN = 200

const list = page(SENDERS, async (visit) =>
  ok({
    name: 'senders',
    section: 'settings' as const,
    title: say('settings.senders'),
    data: { senders: await listSenders(visit.scope, { limit: MOST_SHOWN }) },
  }),
)

const form = page('/settings/senders/new', (visit) => showForm(visit))

const add = act(
  '/settings/senders/new',
  async (visit, { fields }) => {
    const kind = providerKind(fields.kind)
    if (!kind) return refuse('validation_failed', say('sender.kind.fault'))
    const { scope, house } = visit
    const read = bothOf(readName(fields.sender_name), readConfig(kind, groupsOf(kind, 'all'), fields, false))
    // Who may not is told so, and not first made to mend the form.
    if (!read.ok) return mustRole(visit) ?? read
    const [name, typed] = read.value
    const madeUp =
      kind === 'whatsapp_cloud' && typed.verify_token === undefined ? newVerifyToken() : undefined
    const config = madeUp === undefined ? typed : { ...typed, verify_token: madeUp }
    const added = await addSender(scope, house.secrets, { provider: kind, name, config })
    if (!added.ok) return asFields(kind, added)
    const to = `${SENDERS}/${added.value.id}?done=sender`
    if (madeUp === undefined) return ok({ to })
    return ok({ to, view: tokenShown(visit, added.value.id, madeUp) })
  },
  showForm,
)

export const sendersPages = [list, form, add]

/** The word for the handshake, which is shown this once. */
export function tokenShown(visit: Visit, senderId: string, token: string): View {
  return {
    name: 'sender-token',
    section: 'settings',
    title: say('sender.token.title'),
    data: { token, webhook: webhookOf(visit, senderId), sender: `${SENDERS}/${senderId}` },
  }
}

/** Where the platform reports to, as it is to be pasted there. */
export function webhookOf({ house }: Visit, senderId: string): string {
  return webhookAddress(linkBase(house), 'whatsapp', senderId)
}

async function showForm(visit: Visit, again?: Again): Promise<Result<View>> {
  const refusal = mustRole(visit)
  if (refusal) return refusal
  const kind = providerKind(again?.fields.kind ?? visit.query('kind'))
  const values = { ...(kind && configWords(kind, {})), ...again?.fields }
  return ok({
    name: 'sender-new',
    section: 'settings',
    title: say('sender.new'),
    data: {
      kind,
      kinds: PROVIDER_KINDS.map((one) => ({ one, href: `${SENDERS}/new?kind=${one}` })),
      groups: kind && shownGroups(groupsOf(kind, 'all'), values, again),
      values,
      errors: again?.errors,
      again,
    },
  })
}

/** The form is shown to whose role may send it, though they may have to prove who they are when they do. */
export function mustRole(visit: Visit) {
  const refusal = mustMay(visit, 'senders.write')
  return refusal?.facts?.confirm === true ? undefined : refusal
}
