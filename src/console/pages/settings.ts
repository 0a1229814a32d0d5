import { findPolicy, setPolicy } from '../../campaigns/index.ts'
import { addSender, listSenders } from '../../delivery/index.ts'
import { formatAmount } from '../../platform/money.ts'
import { ok, type Result, refuse } from '../../platform/result.ts'
import { ROLES } from '../../platform/scope.ts'
import { issueKey, listKeys, mayIssue, revokeKey } from '../../workspaces/index.ts'
import { type Again, act, errorsOf, may, page, type View, type Visit } from '../page.ts'
import { say } from '../view.ts'

const PATH = '/settings'
const MOST_SHOWN = 200
const NAME_MAX_CHARS = 200
const SHARE_UNITS_IN_PERCENT = 100
const MOST_RECIPIENTS = 2_147_483_647

const settings = page(PATH, (visit) => showSettings(visit))

const sender = act(
  '/settings/senders',
  async (visit, { fields }) => {
    const name = (fields.sender_name ?? '').trim()
    if (name === '' || name.length > NAME_MAX_CHARS) return badName('sender_name')
    const added = await addSender(visit.scope, visit.house.secrets, {
      provider: 'simulator',
      name,
      config: {},
    })
    return added.ok ? ok({ to: `${PATH}?done=sender` }) : added
  },
  showSettings,
)

const key = act(
  '/settings/keys',
  async (visit, { fields }) => {
    const name = (fields.key_name ?? '').trim()
    if (name === '' || name.length > NAME_MAX_CHARS) return badName('key_name')
    const role = ROLES.find((one) => one === fields.role) ?? 'viewer'
    const issued = await issueKey(visit.scope, { role, name })
    if (!issued.ok) return issued
    const data = { issued: issued.value }
    return ok({
      to: `${PATH}?done=key`,
      view: { name: 'key', section: 'settings' as const, title: say('key.title'), data },
    })
  },
  showSettings,
)

const revoke = act(
  '/settings/keys/:id/revocation',
  async (visit) => {
    const revoked = await revokeKey(visit.scope, visit.params.id!)
    return revoked.ok ? ok({ to: `${PATH}?done=revoked` }) : revoked
  },
  showSettings,
)

const policy = act(
  '/settings/policy',
  async (visit, { fields }) => {
    const amount = (fields.max_amount ?? '').trim()
    const share = (fields.max_share ?? '').trim()
    const recipients = (fields.max_recipients ?? '').trim()
    const faults = [
      ...(amount === '' || /^\d{1,14}(\.\d{1,4})?$/.test(amount)
        ? []
        : [fault('max_amount', say('wallet.amount.fault'))]),
      ...(share === '' || isPercent(share) ? [] : [fault('max_share', say('policy.share.fault'))]),
      ...(recipients === '' || isCount(recipients)
        ? []
        : [fault('max_recipients', say('policy.recipients.fault'))]),
    ]
    if (faults.length > 0) return refuse('validation_failed', say('refused.check_fields'), { errors: faults })
    const { currency } = visit.workspace
    const set = await setPolicy(visit.scope, {
      maxAmount: amount === '' ? null : { amount, currency },
      maxShareOfAvailable: share === '' ? null : Number(share) / SHARE_UNITS_IN_PERCENT,
      maxRecipients: recipients === '' ? null : Number(recipients),
    })
    return set.ok ? ok({ to: `${PATH}?done=policy` }) : set
  },
  showSettings,
)

export const settingsPages = [settings, sender, key, revoke, policy]

async function showSettings(visit: Visit, again?: Again): Promise<Result<View>> {
  const { scope } = visit
  const { role } = scope.actor
  const keys = may(visit, 'keys.read') ? (await listKeys(scope, { limit: MOST_SHOWN })).items : undefined
  return ok({
    name: 'settings',
    section: 'settings',
    title: say('settings.title'),
    data: {
      senders: await listSenders(scope, { limit: MOST_SHOWN }),
      keys: keys?.map((one) => ({
        ...one,
        revocable: one.revokedAt === null && may(visit, 'keys.write') && mayIssue(role, one.role),
        own: scope.actor.name === `key:${one.id}`,
      })),
      roles: ROLES.filter((other) => mayIssue(role, other)).reverse(),
      values: again?.fields ?? (await policyWords(visit)),
      errors: again && errorsOf(again.refusal, { 'max_amount.amount': 'max_amount' }),
      again,
    },
  })
}

/** The policy in force, as its form says it. */
async function policyWords({ scope }: Visit): Promise<Record<string, string>> {
  const { maxAmountMinor, maxShareOfAvailable, maxRecipients } = await findPolicy(scope)
  const share =
    maxShareOfAvailable === null ? '' : String(Number(maxShareOfAvailable) / SHARE_UNITS_IN_PERCENT)
  return {
    max_amount: maxAmountMinor === null ? '' : formatAmount(maxAmountMinor),
    max_share: share,
    max_recipients: maxRecipients === null ? '' : String(maxRecipients),
  }
}

function isPercent(text: string): boolean {
  return /^\d{1,3}(\.\d{1,2})?$/.test(text) && Number(text) <= 100
}

function isCount(text: string): boolean {
  return /^\d{1,10}$/.test(text) && Number(text) <= MOST_RECIPIENTS
}

function badName(field: string) {
  const message = say('refused.name', { n: NAME_MAX_CHARS })
  return refuse('validation_failed', message, { errors: [fault(field, message)] })
}

function fault(path: string, message: string) {
  return { path, code: 'invalid', message }
}
