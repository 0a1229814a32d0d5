import { followSender, pauseWithSenders, resumeWithSenders } from '../../campaigns/index.ts'
import {
  changeSender,
  checkSender,
  findAllowance,
  findSender,
  KEEP_PREVIOUS_HOURS,
  listNotices,
  PROVIDERS,
  resumeSender,
  retirePreviousSecrets,
  type Sender,
  type SenderChange,
  stopByHand,
} from '../../delivery/index.ts'
import { ok, type Result } from '../../platform/result.ts'
import type { Scope } from '../../platform/scope.ts'
import { type Again, act, errand, type Found, may, page, type View, type Visit } from '../page.ts'
import { say, sayOr } from '../view.ts'
import { fieldsIn, groupsOf, type ProviderKind, providerKind, shownGroups } from './sender-fields.ts'
import {
  asFields,
  bothOf,
  configWords,
  isCount,
  newVerifyToken,
  readConfig,
  readName,
  senderWords,
} from './sender-form.ts'
import { mustRole, SENDERS, tokenShown, webhookOf } from './senders.ts'

/** One sender: whether it sends, what the platform says of it, its secrets and its limits. */

const NOTICES_SHOWN = 20
const REASON_MAX_CHARS = 500
const KEEP_CHOICES_HOURS = [0, 24, KEEP_PREVIOUS_HOURS, 30 * 24] as const

const one = page('/settings/senders/:id', (visit) => showSender(visit))

const check = errand(
  '/settings/senders/:id/check',
  async ({ house, params, within }) => {
    const { sql } = house.database
    const now = () => house.clock.now()
    const checked = await checkSender({ sql, secrets: house.secrets, now, within }, params.id!)
    return checked.ok ? ok({ found: checked.value }) : checked
  },
  showSender,
)

const stop = act(
  '/settings/senders/:id/pause',
  async (visit, { fields }) => {
    const reason = (fields.reason ?? '').trim().slice(0, REASON_MAX_CHARS) || say('sender.stop.by_hand')
    return followed(visit, await stopByHand(visit.scope, visit.params.id!, reason), pauseWithSenders)
  },
  showSender,
)

const resume = act(
  '/settings/senders/:id/resume',
  async (visit) =>
    followed(visit, await resumeSender(visit.scope, visit.params.id!), resumeWithSenders, 'sender_resumed'),
  showSender,
)

const form = page('/settings/senders/:id/edit', (visit) => showForm(visit))

const edit = act(
  '/settings/senders/:id/edit',
  async (visit, { fields }) => {
    const found = await findKnown(visit)
    if (!found.ok) return found
    const { sender, kind } = found.value
    const read = bothOf(readName(fields.sender_name), readConfig(kind, groupsOf(kind, 'open'), fields, true))
    if (!read.ok) return mustRole(visit) ?? read
    const [name, typed] = read.value
    const config = differing(typed, sender.config)
    const changed = await changeSender(visit.scope, visit.house.secrets, sender.id, { name, config })
    return changed.ok ? ok({ to: `${SENDERS}/${sender.id}?done=sender_changed` }) : asFields(kind, changed)
  },
  showForm,
)

const secrets = act(
  '/settings/senders/:id/secrets',
  async (visit, { fields }) => {
    const found = await findKnown(visit)
    if (!found.ok) return found
    const { sender, kind } = found.value
    const read = readConfig(kind, groupsOf(kind, 'secrets'), fields, true)
    if (!read.ok) return mustRole(visit) ?? read
    const madeUp = kind === 'whatsapp_cloud' && fields.new_token === 'true' ? newVerifyToken() : undefined
    const config = madeUp === undefined ? read.value : { ...read.value, verify_token: madeUp }
    const hours = isCount(fields.keep_hours ?? '') ? Number(fields.keep_hours) : KEEP_PREVIOUS_HOURS
    const keepPreviousHours = KEEP_CHOICES_HOURS.find((known) => known === hours) ?? KEEP_PREVIOUS_HOURS
    const changed = await changeSender(visit.scope, visit.house.secrets, sender.id, {
      config,
      keepPreviousHours,
    })
    if (!changed.ok) return asFields(kind, changed)
    const to = `${SENDERS}/${sender.id}?done=secrets`
    return ok(madeUp === undefined ? { to } : { to, view: tokenShown(visit, sender.id, madeUp) })
  },
  showSender,
)

const retire = act(
  '/settings/senders/:id/previous-secrets',
  async (visit) => {
    const retired = await retirePreviousSecrets(visit.scope, visit.house.secrets, visit.params.id!)
    return retired.ok ? ok({ to: `${SENDERS}/${retired.value.id}?done=secrets_retired` }) : retired
  },
  showSender,
)

export const senderPages = [form, edit, one, check, stop, resume, secrets, retire]

async function followed(
  visit: Visit,
  change: Result<SenderChange | undefined>,
  tell: (scope: Scope, changes: SenderChange[]) => Promise<void>,
  done = 'sender_stopped',
) {
  if (!change.ok) return change
  await followSender(visit.scope, visit.house.nudge, change.value, tell)
  return ok({ to: `${SENDERS}/${visit.params.id}?done=${done}` })
}

async function findKnown(visit: Visit): Promise<Result<{ sender: Sender; kind: ProviderKind }>> {
  const found = await findSender(visit.scope, visit.params.id!)
  if (!found.ok) return found
  return ok({ sender: found.value, kind: providerKind(found.value.provider) ?? 'simulator' })
}

/** Only what is other than before, so that the audit trail names what was changed and nothing else. */
function differing(typed: Record<string, unknown>, before: Readonly<Record<string, unknown>>) {
  const same = (name: string) => JSON.stringify(typed[name]) === JSON.stringify(before[name])
  return Object.fromEntries(Object.entries(typed).filter(([name]) => !same(name)))
}

async function showForm(visit: Visit, again?: Again): Promise<Result<View>> {
  const found = await findKnown(visit)
  if (!found.ok) return found
  const refusal = mustRole(visit)
  if (refusal) return refusal
  const { sender, kind } = found.value
  const values = again?.fields ?? senderWords(kind, sender)
  return ok({
    name: 'sender-edit',
    section: 'settings',
    title: sender.name,
    data: {
      sender,
      groups: shownGroups(groupsOf(kind, 'open'), values, again, true),
      values,
      errors: again?.errors,
      again,
    },
  })
}

async function showSender(visit: Visit, again?: Again, report?: Found): Promise<Result<View>> {
  const found = await findKnown(visit)
  if (!found.ok) return found
  const { sender, kind } = found.value
  const { scope } = visit
  const groups = groupsOf(kind, 'secrets')
  return ok({
    name: 'sender',
    section: 'settings',
    title: sender.name,
    data: {
      sender,
      facts: factsOf(kind, sender),
      isCloud: kind === 'whatsapp_cloud',
      webhook: kind === 'whatsapp_cloud' ? webhookOf(visit, sender.id) : undefined,
      lifetime: lifetimeWords(sender.lifetimeSeconds),
      allowance: await findAllowance(scope, sender.id),
      notices: await listNotices(scope, sender.id, { limit: NOTICES_SHOWN }),
      // Of senders that are told what to do, nothing is asked.
      isChecked: 'check' in PROVIDERS[kind],
      report: report && reportWords(report),
      groups:
        may(visit, 'senders.write') && groups.length > 0
          ? shownGroups(groups, {}, again, true).map((group) => ({ ...group, isBare: true }))
          : undefined,
      keepsTwo: Object.keys(PROVIDERS[kind].replaceableSecrets).length > 0,
      previous: isAhead(sender.previousUntil, scope.now) ? sender.previousUntil : undefined,
      keepHours: KEEP_CHOICES_HOURS.map((hours) => ({ hours, chosen: isKeptSo(hours, again) })),
      again,
    },
  })
}

function isKeptSo(hours: number, again: Again | undefined): boolean {
  return String(hours) === (again?.fields.keep_hours ?? String(KEEP_PREVIOUS_HOURS))
}

function isAhead(instant: string | null, now: Date): boolean {
  return instant !== null && new Date(instant) > now
}

/** What is open of its configuration, where something is said of it. */
function factsOf(kind: ProviderKind, sender: Sender) {
  const words = configWords(kind, sender.config)
  const shown = fieldsIn(groupsOf(kind, 'open')).filter(({ name }) => !PACE_NAMES.has(name))
  return shown
    .map(({ name, kind: asked }) => ({
      label: say(`sender.${name}`),
      isLines: asked === 'lines',
      value: asked === 'flag' && words[name] !== '' ? say(`choice.${words[name]}`) : words[name],
    }))
    .filter(({ value }) => value !== '' && value !== 'none')
}

const PACE_NAMES: ReadonlySet<string> = new Set(['messages_per_second', 'lifetime_seconds'])
const DAY_SECONDS = 86_400
const HOUR_SECONDS = 3_600

function lifetimeWords(seconds: number): string {
  if (seconds % DAY_SECONDS === 0) return say('sender.days', { n: seconds / DAY_SECONDS })
  if (seconds % HOUR_SECONDS === 0) return say('sender.hours', { n: seconds / HOUR_SECONDS })
  return say('sender.seconds', { n: seconds })
}

type Item = { readonly name: string; readonly state: string; readonly says: string; readonly mend?: string }

function reportWords(report: Found) {
  const items = report.items as readonly Item[]
  return {
    isFit: report.isFit,
    failed: items.filter(({ state }) => state === 'failed').length,
    items: items.map((item) => ({ ...item, name: sayOr(`check.${item.name}`, item.name) })),
  }
}
