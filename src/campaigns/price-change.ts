import { createHash } from 'node:crypto'
import { chargeRunAs, countInHand, pauseRun, repriceRun, startRun, waitRun } from '../delivery/index.ts'
import { instant } from '../platform/db.ts'
import { newId } from '../platform/ids.ts'
import { formatAmount } from '../platform/money.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import type { Category } from '../pricing/index.ts'
import { checkFunds, reserve } from '../wallet/index.ts'
import { allow, recordEvent } from '../workspaces/index.ts'
import { askApproval, heldAgainstPolicy } from './approval-request.ts'
import { type Campaign, findCampaign, lockCampaign } from './find-campaign.ts'
import type { CampaignState } from './lifecycle.ts'
import { moveCampaign } from './move.ts'
import type { Quote } from './quote.ts'
import { type Repriced, repriceUnsent, saveRequote } from './reprice.ts'

/** The question whether a campaign goes on at the price of another category. Amounts in 1/10,000 of a unit. */
export type PriceChange = {
  id: string
  state: 'open' | 'accepted' | 'cancelled' | 'withdrawn'
  fromCategory: string
  toCategory: string
  /** What is left at the new price; null while a worker still has messages in hand, or where it cannot be priced. */
  quote: Quote | null
  /** What would be reserved beside what is held. */
  moreMinor: bigint | null
  problem: string | null
  createdAt: string
  decidedAt: string | null
}

/**
 * Meets a category that differs from the one a campaign was approved at: where nothing becomes dearer it is taken over,
 * else the campaign pauses, what is left is priced anew, and somebody is asked.
 * @param category what the platform charges the template as now; undefined where it keeps no such template
 * @returns whether something changed
 */
export async function meetCategory(
  scope: Scope,
  campaign: Campaign,
  category: Category | undefined,
): Promise<boolean> {
  const approved = await approvedCategory(scope, campaign.id)
  const open = await findOpen(scope, campaign.id)
  if (open && open.to_category !== category) {
    await withdraw(scope, campaign, open)
    return true
  }
  if (category === undefined || category === approved) return false
  if (open && (open.quote_id !== null || open.problem !== null)) return false
  const inHand = await countInHand(scope, campaign.id)
  if (inHand > 0) return open ? false : ask(scope, campaign, { approved, category, pricing: undefined })
  const pricing = await repriceUnsent(scope, campaign, category)
  if (pricing.moreMinor === 0n && pricing.problem === undefined && !open) {
    await chargeRunAs(scope, campaign.id, category)
    await recordEvent(scope, 'campaign.category_changed', `campaign:${campaign.id}`, {
      from: approved,
      to: category,
    })
    return true
  }
  return ask(scope, campaign, { approved, category, pricing }, open)
}

async function approvedCategory(scope: Scope, campaignId: string): Promise<string> {
  const [run] = await scope.sql<{ category: string }[]>`
    SELECT category FROM runs WHERE campaign_id = ${campaignId} AND workspace_id = ${scope.workspaceId}`
  return run!.category
}

type OpenRow = {
  id: string
  from_category: string
  to_category: Category
  from_state: CampaignState
  quote_id: string | null
  problem: string | null
}

/** The question that is open about a campaign, if there is one. */
export async function findOpen(scope: Scope, campaignId: string): Promise<OpenRow | undefined> {
  const [row] = await scope.sql<OpenRow[]>`
    SELECT id, from_category, to_category, from_state, quote_id, problem FROM price_changes
     WHERE campaign_id = ${campaignId} AND workspace_id = ${scope.workspaceId} AND state = 'open' FOR UPDATE`
  return row
}

type Question = { approved: string; category: Category; pricing: Repriced | undefined }

async function ask(scope: Scope, campaign: Campaign, question: Question, open?: OpenRow): Promise<boolean> {
  const { approved, category, pricing } = question
  const id = open?.id ?? newId(scope.now.getTime())
  const quoteId =
    pricing && pricing.problem === undefined ? await saveRequote(scope, campaign, pricing, category) : null
  const problem = pricing?.problem ?? null
  if (open) {
    await scope.sql`UPDATE price_changes SET quote_id = ${quoteId}, problem = ${problem} WHERE id = ${id}`
  } else {
    await scope.sql`
      INSERT INTO price_changes (id, workspace_id, campaign_id, from_category, to_category, from_state, state, quote_id, problem, created_at)
      VALUES (${id}, ${scope.workspaceId}, ${campaign.id}, ${approved}, ${category}, ${campaign.state}, 'open', ${quoteId},
              ${problem}, ${scope.now.toISOString()}::timestamptz)`
  }
  const pauseReason = sentenceOf(question)
  const refusal = await moveCampaign(scope, campaign, 'paused', { pauseReason })
  if (refusal) throw new Error(`a campaign that cannot be asked about: ${refusal.message}`)
  await pauseRun(scope, campaign.id, pauseReason)
  await recordEvent(scope, 'campaign.price_changed', `campaign:${campaign.id}`, {
    from: approved,
    to: category,
    quote_id: quoteId,
    more_minor: pricing?.moreMinor.toString() ?? null,
  })
  return true
}

function sentenceOf({ approved, category, pricing }: Question): string {
  const now = `WhatsApp now charges this template as ${category}, and the campaign was approved at the price of ${approved}.`
  if (pricing === undefined) return `${now} What is being sent at this moment comes to its end first.`
  if (pricing.problem !== undefined) return `${now} ${pricing.problem}`
  const money = (minor: bigint) => `${formatAmount(minor)} ${pricing.currency}`
  return `${now} What is not yet sent would cost ${money(pricing.totalMinor)}, ${money(pricing.moreMinor)} more than is held for it: accept the new price, or cancel.`
}

/** The platform took its change back, or made another: nobody need answer any more. */
async function withdraw(scope: Scope, campaign: Campaign, open: OpenRow): Promise<void> {
  await decide(scope, open.id, 'withdrawn')
  if (campaign.state !== 'paused') return
  if (open.from_state === 'pending_approval') {
    await moveCampaign(scope, campaign, 'pending_approval', { pauseReason: null })
    return
  }
  const pauseReason = `WhatsApp charges this template as ${open.from_category} again: resume the campaign to let it go on.`
  await moveCampaign(scope, campaign, 'paused', { pauseReason })
}

async function decide(
  scope: Scope,
  id: string,
  state: 'accepted' | 'cancelled' | 'withdrawn',
): Promise<void> {
  await scope.sql`
    UPDATE price_changes SET state = ${state}, decided_by = ${scope.actor.name}, decided_at = ${scope.now.toISOString()}::timestamptz
     WHERE id = ${id} AND workspace_id = ${scope.workspaceId} AND state = 'open'`
}

/** Closes the question about a campaign that has come to an end. */
export async function dropQuestion(scope: Scope, campaignId: string): Promise<void> {
  const open = await findOpen(scope, campaignId)
  if (open) await decide(scope, open.id, 'cancelled')
}

/** The last question that was asked about a campaign. */
export async function findPriceChange(
  scope: Scope,
  campaignId: string,
): Promise<Result<PriceChange, 'not_found'>> {
  const found = await findCampaign(scope, campaignId)
  if (!found.ok) return found
  const [row] = await scope.sql<ChangeRow[]>`
    SELECT c.id, c.state, c.from_category, c.to_category, c.problem, c.created_at, c.decided_at, q.id AS quote_id, q.currency, q.total,
           q.minimum, q.recipients, q.lines, q.excluded, q.model, q.price_day::text, q.rate_card_as_of::text, q.expires_at,
           (q.total + q.carried - (SELECT coalesce(sum(t.amount), 0)::bigint FROM transfers t WHERE t.campaign_id = c.campaign_id
              AND t.workspace_id = c.workspace_id AND t.kind = 'reserve'))::bigint AS more
      FROM price_changes c LEFT JOIN quotes q ON q.id = c.quote_id AND q.workspace_id = c.workspace_id
     WHERE c.campaign_id = ${campaignId} AND c.workspace_id = ${scope.workspaceId} ORDER BY c.created_at DESC, c.id DESC LIMIT 1`
  if (!row) return refuse('not_found', 'Nobody is asked about the price of this campaign.')
  return ok({
    id: row.id,
    state: row.state,
    fromCategory: row.from_category,
    toCategory: row.to_category,
    quote: row.quote_id === null ? null : quoteOf({ ...row, quote_id: row.quote_id }),
    moreMinor: row.quote_id === null ? null : row.more,
    problem: row.problem,
    createdAt: instant(row.created_at)!,
    decidedAt: row.decided_at === null ? null : instant(row.decided_at)!,
  })
}

type ChangeRow = {
  id: string
  state: PriceChange['state']
  from_category: string
  to_category: string
  problem: string | null
  created_at: string
  decided_at: string | null
  quote_id: string | null
  currency: string
  total: bigint
  minimum: bigint
  recipients: number
  lines: { market: string; category: string; count: number; unitPriceMinor: string; subtotalMinor: string }[]
  excluded: { reason: string; count: number }[]
  model: string
  price_day: string
  rate_card_as_of: string | null
  expires_at: string
  more: bigint
}

function quoteOf(row: ChangeRow & { quote_id: string }): Quote {
  return {
    dailyAllowance: null,
    id: row.quote_id,
    currency: row.currency,
    totalMinor: row.total,
    minimumMinor: row.minimum,
    recipients: row.recipients,
    lines: row.lines.map((line) => ({
      ...line,
      unitPriceMinor: BigInt(line.unitPriceMinor),
      subtotalMinor: BigInt(line.subtotalMinor),
    })),
    excluded: row.excluded,
    model: row.model,
    chargeOn: 'delivered',
    priceDay: row.price_day,
    rateCardAsOf: row.rate_card_as_of ?? row.price_day,
    expiresAt: instant(row.expires_at)!,
  }
}

export type AcceptRefusal =
  | 'forbidden'
  | 'not_found'
  | 'wrong_state'
  | 'quote_not_current'
  | 'quote_expired'
  | 'quote_changed'
  | 'template_not_approved'
  | 'insufficient_funds'
  | 'books_do_not_balance'

/** Prices what is left once more, where the last quote has expired or no longer fits. */
export async function requoteCampaign(
  scope: Scope,
  campaignId: string,
): Promise<Result<PriceChange, 'forbidden' | 'not_found' | 'wrong_state'>> {
  const forbidden = allow(scope.actor, 'campaigns.write')
  if (forbidden) return forbidden
  const found = await lockCampaign(scope, campaignId)
  if (!found.ok) return found
  const open = await findOpen(scope, campaignId)
  if (!open || found.value.state !== 'paused') return NOTHING_ASKED
  if ((await countInHand(scope, campaignId)) > 0) return STILL_SENDING
  const pricing = await repriceUnsent(scope, found.value, open.to_category)
  await ask(scope, found.value, { approved: open.from_category, category: open.to_category, pricing }, open)
  return (await findPriceChange(scope, campaignId)) as Result<PriceChange, 'not_found'>
}

const NOTHING_ASKED = refuse('wrong_state', 'Nobody is asked about the price of this campaign.')
const STILL_SENDING = refuse(
  'wrong_state',
  'Some messages are being sent at this moment: try again in a few seconds.',
)

/**
 * Accepts the new price: what is left is reserved at it, in this transaction, and the campaign goes on, or waits for
 * another person's approval where the policy wants one. What may not be sent as the new category is dropped.
 * `standing` is what the platform says of the template now, held until the transaction ends.
 */
export async function acceptPrice(
  scope: Scope,
  campaign: Campaign,
  quoteId: string,
): Promise<Result<Campaign, AcceptRefusal>> {
  const open = await findOpen(scope, campaign.id)
  if (!open || campaign.state !== 'paused') return NOTHING_ASKED
  if (open.quote_id === null || open.quote_id !== quoteId)
    return refuse('quote_not_current', 'That is not the current price: look at the new one and accept that.')
  if ((await countInHand(scope, campaign.id)) > 0) return STILL_SENDING
  const [quote] = await scope.sql<QuoteRow[]>`
    SELECT total, recipients, audience_hash, carried, expires_at, currency FROM quotes
     WHERE id = ${quoteId} AND workspace_id = ${scope.workspaceId}`
  if (new Date(quote!.expires_at) <= scope.now)
    return refuse(
      'quote_expired',
      'This price has expired, because prices may have changed: ask for a new one.',
    )
  const pricing = await repriceUnsent(scope, campaign, open.to_category)
  if (!isSame(quote!, pricing))
    return refuse('quote_changed', 'What is left, or its price, has changed since: ask for a new price.')
  const funds = await checkFunds(scope, pricing.moreMinor)
  if (!funds.ok) return funds
  return goOn(scope, campaign, { open, quoteId, pricing, availableMinor: funds.value.availableMinor })
}

type QuoteRow = {
  total: bigint
  recipients: number
  audience_hash: Buffer
  carried: bigint
  expires_at: string
  currency: string
}

function isSame(quote: QuoteRow, pricing: Repriced): boolean {
  return (
    quote.total === pricing.totalMinor &&
    quote.recipients === pricing.recipients &&
    quote.audience_hash.toString('hex') === pricing.hash
  )
}

type Accepted = { open: OpenRow; quoteId: string; pricing: Repriced; availableMinor: bigint }

async function goOn(
  scope: Scope,
  campaign: Campaign,
  accepted: Accepted,
): Promise<Result<Campaign, AcceptRefusal>> {
  const { open, quoteId, pricing, availableMinor } = accepted
  const version = campaign.version + 1
  const dearer = await repriceRun(scope, campaign.id, open.to_category, pricing.query)
  await reserve(scope, {
    holdId: campaign.holdId!,
    campaignId: campaign.id,
    version,
    currency: pricing.currency,
    amountMinor: pricing.moreMinor,
    nItems: Math.max(1, dearer),
  })
  const { policy, reasons } = await heldAgainstPolicy(scope, campaign.id, campaign.submittedBy!, {
    amountMinor: pricing.totalMinor,
    availableMinor: availableMinor + pricing.totalMinor - pricing.moreMinor,
    recipients: pricing.recipients,
    categories: [open.to_category],
  })
  const hasBegun = new Date(campaign.startsAt ?? 0) <= scope.now
  const state = reasons.length > 0 ? 'pending_approval' : hasBegun ? 'sending' : 'scheduled'
  const changes = {
    version,
    quoteId,
    digest: nextDigest(campaign, quoteId, pricing),
    editors: [...new Set([...campaign.editors, scope.actor.name])],
    pauseReason: null,
  }
  const refusal = await moveCampaign(scope, campaign, state, changes)
  if (refusal) return refusal
  if (reasons.length > 0) await askApproval(scope, campaign.id, changes.digest, { policy, reasons })
  await decide(scope, open.id, 'accepted')
  if (state === 'sending') await startRun(scope, campaign.id)
  else await waitRun(scope, campaign.id)
  await recordEvent(scope, 'campaign.price_accepted', `campaign:${campaign.id}`, {
    from: open.from_category,
    to: open.to_category,
    state,
    quote_id: quoteId,
    more_minor: pricing.moreMinor.toString(),
    digest: changes.digest.toString('hex'),
    policy_version: policy.version,
    approval_needed_for: reasons,
  })
  return ok({ ...campaign, ...changes, state })
}

/** What is approved from now on: the version before, and what has become of its price. */
function nextDigest(campaign: Campaign, quoteId: string, pricing: Repriced): Buffer {
  const version = {
    before: campaign.digest?.toString('hex'),
    version: campaign.version + 1,
    quote: quoteId,
    audience: [pricing.hash, pricing.recipients],
    ceiling: pricing.totalMinor.toString(),
  }
  return createHash('sha256').update(JSON.stringify(version)).digest()
}
