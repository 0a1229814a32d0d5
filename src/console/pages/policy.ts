import {
  findPolicy,
  listPolicies,
  MOST_APPROVERS,
  MOST_HOURS_TO_DECIDE,
  POLICY_CATEGORIES,
  type PolicyWords,
  setPolicy,
} from '../../campaigns/index.ts'
import { formatAmount } from '../../platform/money.ts'
import { ok, type Result } from '../../platform/result.ts'
import { fault, refuseFields } from '../faults.ts'
import type { Form } from '../form.ts'
import {
  type Again,
  act,
  COUNTED_PLACE,
  errorsOf,
  mustMay,
  page,
  pageHref,
  pageRequest,
  type View,
  type Visit,
} from '../page.ts'
import { policyFacts } from '../policy-facts.ts'
import { actorNames } from '../recorded.ts'
import { say } from '../view.ts'

const PATH = '/settings/policy'
const SHARE_UNITS_IN_PERCENT = 100
const MOST_VERSION = 2_147_483_647
const MOST_RECIPIENTS = 2_147_483_647

const show = page(PATH, (visit) => showPolicy(visit))

const change = act(
  PATH,
  async (visit, { fields }) => {
    const words = readWords(fields, visit.workspace.currency)
    if (!words.ok) return words
    const set = await setPolicy(visit.scope, words.value)
    return set.ok ? ok({ to: `${PATH}?done=policy` }) : set
  },
  showPolicy,
)

export const policyPages = [show, change]

type Fields = Form['fields']

/** What the form says; of an older form, which knows no more than the limits, one approver suffices. */
function readWords(fields: Fields, currency: string): Result<PolicyWords, 'validation_failed'> {
  const text = (name: string) => (fields[name] ?? '').trim()
  const [amount, share, recipients] = [text('max_amount'), text('max_share'), text('max_recipients')]
  const [quorum, hours] = [text('quorum') || '1', text('expires_after_hours')]
  const faults = [
    ...faultIf(!/^(\d{1,14}(\.\d{1,4})?)?$/.test(amount), 'max_amount', 'wallet.amount.fault'),
    ...faultIf(share !== '' && !isPercent(share), 'max_share', 'policy.share.fault'),
    ...faultIf(
      recipients !== '' && !isCount(recipients, 0, MOST_RECIPIENTS),
      'max_recipients',
      'policy.recipients.fault',
    ),
    ...faultIf(!isCount(quorum, 1, MOST_APPROVERS), 'quorum', 'policy.quorum.fault'),
    ...faultIf(
      hours !== '' && !isCount(hours, 1, MOST_HOURS_TO_DECIDE),
      'expires_after_hours',
      'policy.hours.fault',
    ),
  ]
  if (faults.length > 0) return refuseFields(faults)
  return ok({
    maxAmount: amount === '' ? null : { amount, currency },
    maxShareOfAvailable: share === '' ? null : Number(share) / SHARE_UNITS_IN_PERCENT,
    maxRecipients: recipients === '' ? null : Number(recipients),
    categories: POLICY_CATEGORIES.filter((category) => fields[`category_${category}`] === '1'),
    firstOfMaker: fields.first_of_maker === '1',
    quorum: Number(quorum),
    expiresAfterHours: hours === '' ? null : Number(hours),
  })
}

async function showPolicy(visit: Visit, again?: Again): Promise<Result<View>> {
  const refusal = mustMay(visit, 'policy.read')
  if (refusal) return refusal
  const { scope, workspace } = visit
  const values = again?.fields ?? (await policyWords(visit))
  const { after, limit } = pageRequest(visit, COUNTED_PLACE)
  const before = after === undefined ? undefined : Math.min(Number(after), MOST_VERSION)
  const { items, next } = await listPolicies(scope, { limit, after: before })
  const nameOf = await actorNames(
    scope,
    items.map(({ createdBy }) => createdBy),
  )
  return ok({
    name: 'policy',
    section: 'settings',
    title: say('settings.policy'),
    data: {
      policy: policyFacts(await findPolicy(scope), workspace.currency),
      values,
      categories: POLICY_CATEGORIES.map((name) => ({ name, chosen: values[`category_${name}`] === '1' })),
      quorums: Array.from({ length: MOST_APPROVERS }, (_, n) => ({
        n: n + 1,
        chosen: values.quorum === String(n + 1),
      })),
      versions: items.map((one) => ({
        version: one.version,
        createdAt: one.createdAt,
        by: nameOf(one.createdBy),
        policy: policyFacts(one, workspace.currency),
      })),
      next: next && pageHref(PATH, { after: String(next) }),
      errors: again && errorsOf(again.refusal, { 'max_amount.amount': 'max_amount' }),
      again,
    },
  })
}

/** The policy in force, as its form says it. */
async function policyWords({ scope }: Visit): Promise<Fields> {
  const policy = await findPolicy(scope)
  const { maxAmountMinor, maxShareOfAvailable, maxRecipients, expiresAfterHours } = policy
  const percent =
    maxShareOfAvailable === null ? '' : String(Number(maxShareOfAvailable) / SHARE_UNITS_IN_PERCENT)
  return {
    max_amount: maxAmountMinor === null ? '' : formatAmount(maxAmountMinor),
    max_share: percent,
    max_recipients: maxRecipients === null ? '' : String(maxRecipients),
    ...Object.fromEntries(policy.categories.map((category) => [`category_${category}`, '1'])),
    ...(policy.firstOfMaker && { first_of_maker: '1' }),
    quorum: String(policy.quorum),
    expires_after_hours: expiresAfterHours === null ? '' : String(expiresAfterHours),
  }
}

function isPercent(text: string): boolean {
  return /^\d{1,3}(\.\d{1,2})?$/.test(text) && Number(text) <= 100
}

function isCount(text: string, least: number, most: number): boolean {
  return /^\d{1,10}$/.test(text) && Number(text) >= least && Number(text) <= most
}

function faultIf(isWrong: boolean, path: string, sentence: string) {
  return isWrong ? [fault(path, say(sentence))] : []
}
