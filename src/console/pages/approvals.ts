import {
  type ApprovalCount,
  type ApprovalRequest,
  approvalsOf,
  type Campaign,
  decideApproval,
  findCampaign,
  listPolicies,
  viewApproval,
  viewCampaign,
  wakeCampaigns,
} from '../../campaigns/index.ts'
import { findListName } from '../../contacts/index.ts'
import { findRun, findSender, type RunTemplate } from '../../delivery/index.ts'
import { ok, type Result, refuse } from '../../platform/result.ts'
import { handOf, type Scope } from '../../platform/scope.ts'
import { findTemplate, previewTemplate } from '../../templates/index.ts'
import { readBalance } from '../../wallet/index.ts'
import { type Again, act, may, page, type View, type Visit } from '../page.ts'
import { policyFacts } from '../policy-facts.ts'
import {
  actorNames,
  extremeRecipients,
  findQuote,
  firstRecipients,
  LOOKED_THROUGH,
  lastApproved,
} from '../recorded.ts'
import { groupDigits, grouped, percentOf, scheduleFacts } from '../show.ts'
import { say, sayOr } from '../view.ts'
import { isTooLong, tooLong } from './campaign.ts'

const MESSAGES_SHOWN = 5

const decision = page('/approvals/:id', (visit) => showDecision(visit))

const decide = act(
  '/approvals/:id',
  async (visit, form) => {
    const choice = form.fields.decision === 'approve' ? 'approve' : 'reject'
    const reason = form.fields.reason?.trim() || undefined
    if (isTooLong(reason)) return tooLong()
    const digest = form.fields.digest || undefined
    const decided = await decideApproval(visit.scope, visit.params.id!, { decision: choice, reason, digest })
    if (!decided.ok) return decided
    const { id, state } = decided.value
    if (state === 'pending_approval') return ok({ to: `/approvals/${id}?done=approval_given` })
    wakeCampaigns(visit.scope, visit.house.nudge, [id])
    return ok({ to: `/campaigns/${id}?done=${choice === 'approve' ? 'approved' : 'rejected'}` })
  },
  showDecision,
)

export const approvalsPages = [decision, decide]

async function showDecision(visit: Visit, again?: Again): Promise<Result<View>> {
  const { scope, workspace } = visit
  const found = await findCampaign(scope, visit.params.id!)
  if (!found.ok) return found
  const campaign = found.value
  if (campaign.digest === null) return refuse('not_found', say('approval.never_submitted'))
  const { money, counts } = await viewCampaign(scope, campaign, workspace.currency)
  const balance = await readBalance(scope)
  const waits = campaign.state === 'pending_approval'
  const own = isOwn(visit, campaign)
  const from = await findSender(scope, campaign.senderId)
  const sender = from.ok ? from.value : undefined
  const asked = await viewApproval(scope, campaign.id)
  const request = asked.ok ? asked.value.request : undefined
  const deciders = request?.decisions.map(({ approver }) => approver) ?? []
  const nameOf = await actorNames(scope, [...campaign.editors, campaign.submittedBy ?? '', ...deciders])
  const answered = deciders.includes(handOf(scope.actor))
  const quote = campaign.quoteId === null ? undefined : await findQuote(scope, campaign.quoteId)
  const list = await findListName(scope, campaign.listId)
  return ok({
    name: 'approval',
    section: 'approvals',
    title: say('approval.title', { name: campaign.name }),
    data: {
      campaign,
      money,
      total: counts.total,
      balance,
      share: percentOf(money.heldMinor, balance.availableMinor + money.heldMinor),
      ...(request && (await requestFacts(visit, campaign, request, nameOf))),
      quote,
      last: await comparedWithLast(scope, campaign, { list: list?.name, sender: sender?.name, quote }),
      schedule: scheduleFacts(campaign.schedule),
      list,
      sender,
      madeBy: campaign.editors.map(nameOf).join(', '),
      submittedBy: nameOf(campaign.submittedBy ?? ''),
      ...(await messagesOf(scope, campaign, quote)),
      waits,
      own,
      answered,
      mayDecide: waits && !own && !answered && may(visit, 'campaigns.approve'),
      lacksRole: waits && !own && !may(visit, 'campaigns.approve'),
      again,
    },
  })
}

/** The frozen words filled with the frozen values of the first to be sent: what they will read, to the letter. */
async function messagesOf(scope: Scope, campaign: Campaign, quote: Awaited<ReturnType<typeof findQuote>>) {
  const run = await findRun(scope, campaign.id)
  if (!run) return { messages: [] }
  const { words, language } = run.template as RunTemplate
  const recipients = await firstRecipients(scope, campaign.id, MESSAGES_SHOWN)
  const prices = quote?.lines.map(({ unitPriceMinor }) => unitPriceMinor) ?? []
  const most = prices.reduce<bigint | undefined>((a, b) => (a === undefined || b > a ? b : a), undefined)
  const { longest, dearest } = await extremeRecipients(scope, campaign.id, most)
  const rendered = ({ phone, variables, price }: (typeof recipients)[number]) => {
    const shown = previewTemplate(words as Parameters<typeof previewTemplate>[0], variables)
    return shown.ok ? { phone, price, message: shown.value } : { phone, price, fault: shown.message }
  }
  return {
    longest: longest && rendered(longest),
    dearest: dearest && rendered(dearest),
    lookedThrough: LOOKED_THROUGH,
    language,
    category: run.category,
    messages: recipients.map(rendered),
  }
}

type Parts = {
  readonly list: string | undefined
  readonly sender: string | undefined
  readonly quote: Awaited<ReturnType<typeof findQuote>>
}

/** What is other than in the last campaign that was approved, and what is as it was there. */
async function comparedWithLast(scope: Scope, campaign: Campaign, { list, sender, quote }: Parts) {
  const last = await lastApproved(scope, campaign)
  if (!last) return undefined
  const template = await findTemplate(scope, campaign.templateId)
  const run = await findRun(scope, campaign.id)
  const { body = '–' } = (run?.template as { words: { body?: string } } | undefined)?.words ?? {}
  const rows = [
    { what: 'template', before: last.template, now: template.ok ? template.value.name : '–' },
    { what: 'words', before: last.body ?? '–', now: body },
    {
      what: 'category',
      before: sayOr(`category.${last.category}`, last.category),
      now: template.ok ? sayOr(`category.${template.value.category}`, template.value.category) : '–',
    },
    { what: 'list', before: last.list, now: list ?? '–' },
    { what: 'sender', before: last.sender, now: sender ?? '–' },
    {
      what: 'recipients',
      before: groupDigits(String(last.recipients)),
      now: groupDigits(String(quote?.recipients ?? 0)),
      figure: true,
    },
    { what: 'money', before: grouped(last.total), now: grouped(quote?.totalMinor ?? 0n), figure: true },
  ]
  return {
    id: last.id,
    name: last.name,
    at: last.at,
    changed: rows.filter(({ before, now }) => before !== now),
    same: rows
      .filter(({ before, now }) => before === now)
      .map(({ what }) => say(`differs.${what}`))
      .join(', '),
  }
}

/** Whether the visitor had a hand in it; the verb refuses it all the same. */
export function isOwn({ scope }: Pick<Visit, 'scope'>, { editors, submittedBy }: Campaign): boolean {
  const hand = handOf(scope.actor)
  return editors.includes(hand) || submittedBy === hand
}

/** What was asked, by which version of the policy, who has answered, and by when the rest must. */
async function requestFacts(
  { scope, workspace }: Visit,
  campaign: Campaign,
  request: ApprovalRequest,
  nameOf: (actor: string) => string,
) {
  const approvals = approvalsOf(request)
  const under = await listPolicies(scope, { limit: 1, after: request.policyVersion + 1 })
  const policy = under.items[0]
  const before = earlierOf(request.expiresAt?.toISOString(), campaign.sendBefore)
  return {
    digest: request.digest.toString('hex'),
    reasons: request.reasons,
    version: request.policyVersion,
    policy: policy && policyFacts(policy, workspace.currency),
    count: { approvals, quorum: request.quorum },
    more: request.quorum - approvals - 1,
    decisions: request.decisions.map((one) => ({ ...one, who: nameOf(one.approver) })),
    before,
    lapses: before !== null && before === request.expiresAt?.toISOString(),
  }
}

/** How far its approval has come, and by when the rest must decide. */
export function countFacts({ scope }: Visit, campaign: Campaign, count: ApprovalCount | undefined) {
  return {
    count: count && { approvals: count.approvers.length, quorum: count.quorum },
    answered: count?.approvers.includes(handOf(scope.actor)),
    before: earlierOf(count?.expiresAt, campaign.sendBefore),
  }
}

/** The earlier of two instants of which either may be missing. */
function earlierOf(one: string | null | undefined, other: string | null | undefined): string | null {
  const [first] = [one, other]
    .filter((at) => at != null)
    .map((at) => new Date(at).toISOString())
    .sort()
  return first ?? null
}
