import { createHash } from 'node:crypto'
import type { RunTemplate } from '../delivery/index.ts'
import { materialise, openFallOver } from '../delivery/index.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import { undoIfRefused } from '../platform/savepoint.ts'
import { handOf, type Scope } from '../platform/scope.ts'
import { checkFunds, openHold, reserve, seeFunds } from '../wallet/index.ts'
import { allow, recordEvent } from '../workspaces/index.ts'
import { askApproval, heldAgainstPolicy } from './approval-request.ts'
import { type Audience, priceAudience } from './audience.ts'
import { findFallback, keptFor, lineUpFallback } from './fallback.ts'
import { type Campaign, lockCampaign } from './find-campaign.ts'
import { moveCampaign, refuseFallback, wrongState } from './move.ts'
import { submittedIn } from './origin.ts'
import { type CampaignParts, campaignParts, refuseUnapproved } from './quote.ts'
import { latestStart, SEND_WITHIN_MS } from './schedule.ts'

export type SubmitRefusal =
  | 'forbidden'
  | 'not_found'
  | 'wrong_state'
  | 'quote_not_current'
  | 'quote_expired'
  | 'quote_changed'
  | 'no_recipients'
  | 'template_not_approved'
  | 'sender_stopped'
  | 'schedule_in_past'
  | 'insufficient_funds'
  | 'books_do_not_balance'

type QuoteRow = {
  id: string
  version: number
  total: bigint
  recipients: number
  audience_hash: Buffer
  price_day: string
  expires_at: string
  model: string
  charge_on: 'delivered' | 'accepted'
  currency: string
}

/** What the program itself may say of a campaign that it makes. */
export type SubmitTerms = {
  /** The most that a campaign with `insufficientFunds: 'partial'` may cost, in 1/10,000 of a unit. */
  ceilingMinor?: bigint
  /** It may go out now although its time has begun, as long as `sendBefore` has not come. */
  mayHaveBegun?: boolean
}

/**
 * Freezes the audience, checks that it still costs what was quoted, reserves the money and moves the state, all in
 * this transaction: afterwards either all of it is so, or nothing has changed.
 */
export async function submitCampaign(
  scope: Scope,
  campaignId: string,
  request: { quoteId: string } & SubmitTerms,
): Promise<Result<Campaign, SubmitRefusal>> {
  const forbidden = allow(scope.actor, 'campaigns.submit')
  if (forbidden) return forbidden
  const found = await lockCampaign(scope, campaignId)
  if (!found.ok) return found
  const campaign = found.value
  if (campaign.state !== 'quoted') return wrongState(campaign, 'scheduled')
  const partOfAnother = refuseFallback(campaign)
  if (partOfAnother) return partOfAnother
  const quote = await findQuote(scope, campaign, request.quoteId)
  if (!quote.ok) return quote
  const submitted = await freezeOrUndo(scope, campaign, quote.value, handOf(scope.actor), request)
  if (!submitted.ok && submitted.reason === 'insufficient_funds' && campaign.insufficientFunds === 'wait') {
    return waitForFunds(scope, campaign)
  }
  return submitted
}

/** Tries a campaign that waits for money again, with the quote it was submitted with, in its maker's name. */
export async function submitWaiting(
  scope: Scope,
  campaignId: string,
): Promise<Result<Campaign, SubmitRefusal>> {
  const found = await lockCampaign(scope, campaignId)
  if (!found.ok) return found
  const campaign = found.value
  if (campaign.state !== 'waiting_for_funds' || !campaign.quoteId || !campaign.submittedBy)
    return wrongState(campaign, 'scheduled')
  const quote = await findQuote(scope, campaign, campaign.quoteId)
  const submitted = quote.ok ? await freezeOrUndo(scope, campaign, quote.value, campaign.submittedBy) : quote
  if (!submitted.ok && ['quote_expired', 'quote_changed', 'no_recipients'].includes(submitted.reason)) {
    await moveCampaign(scope, campaign, 'quoted', { pauseReason: submitted.message, submittedBy: null })
  }
  return submitted
}

async function findQuote(
  scope: Scope,
  campaign: Campaign,
  quoteId: string,
): Promise<Result<QuoteRow, SubmitRefusal>> {
  if (campaign.quoteId !== quoteId) {
    return refuse(
      'quote_not_current',
      'That is not the campaign’s current quote: quote it again and submit that one.',
    )
  }
  const [quote] = await scope.sql<QuoteRow[]>`
    SELECT id, version, total, recipients, audience_hash, price_day::text, expires_at, model, charge_on, currency FROM quotes
     WHERE id = ${quoteId} AND campaign_id = ${campaign.id} AND workspace_id = ${scope.workspaceId}`
  if (!quote || quote.version !== campaign.version) {
    return refuse('quote_not_current', 'The campaign was changed after this quote: quote it again.')
  }
  if (new Date(quote.expires_at) <= scope.now) {
    return refuse('quote_expired', 'This quote has expired, because prices may have changed: quote it again.')
  }
  return ok(quote)
}

async function freezeOrUndo(
  scope: Scope,
  campaign: Campaign,
  quote: QuoteRow,
  maker: string,
  terms: SubmitTerms = {},
) {
  const submitted = await undoIfRefused(scope, (inner) =>
    freezeAndReserve(inner, campaign, quote, maker, terms),
  )
  return submitted as Result<Campaign, SubmitRefusal>
}

async function freezeAndReserve(
  scope: Scope,
  campaign: Campaign,
  quote: QuoteRow,
  maker: string,
  { ceilingMinor, mayHaveBegun = false }: SubmitTerms,
): Promise<Result<Campaign, SubmitRefusal>> {
  if (quote.recipients === 0)
    return refuse(
      'no_recipients',
      'Nobody on this list can be sent this: see what the quote excludes and why.',
    )
  const ready = await readyParts(scope, campaign, 'The sender')
  if (!ready.ok) return ready
  const parts = ready.value
  if (isPast(campaign, scope.now, mayHaveBegun))
    return refuse('schedule_in_past', 'The time of sending has passed: change the schedule and quote again.')
  const fallback = await quotedFallback(scope, campaign)
  if (fallback && !fallback.ok) return fallback
  const keptMinor = fallback?.value.keptMinor ?? 0n
  const partial = campaign.insufficientFunds === 'partial'
  const seen = await seeFunds(scope, partial ? 0n : quote.total + keptMinor)
  if (!seen.ok) return seen
  const audience = await priceAudience(scope, parts.request)
  const budgetMinor = partial ? budgetOf(seen.value.availableMinor, ceilingMinor, quote.total) : undefined
  const holdId = await openHold(scope, campaign.id, quote.currency)
  const times = timesOf(campaign, audience, scope.now)
  const frozen = await materialise(
    scope,
    runOf(campaign, quote, parts, holdId, times),
    included(scope, audience, budgetMinor),
  )
  const changed = budgetMinor === undefined && !sameAudience(quote, frozen)
  if (changed) return refuse('quote_changed', CHANGED)
  if (frozen.count === 0)
    return refuse(
      'insufficient_funds',
      'The balance does not suffice for a single message.',
      await shortfall(scope, quote),
    )
  const funds = await checkFunds(scope, frozen.totalMinor + keptMinor)
  if (!funds.ok) return funds
  await reserve(scope, {
    holdId,
    campaignId: campaign.id,
    version: campaign.version,
    currency: quote.currency,
    amountMinor: frozen.totalMinor,
    nItems: frozen.count,
  })
  const other = fallback && (await freezeFallback(scope, fallback.value, times))
  if (other && !other.ok) return other
  return enterLine(
    scope,
    campaign,
    { holdId, digest: digestOf(campaign, quote, parts, frozen, other?.value.digest), ...times },
    {
      amountMinor: frozen.totalMinor + keptMinor,
      availableMinor: funds.value.availableMinor,
      recipients: frozen.count,
      categories: [parts.category, ...(other ? [other.value.category] : [])],
    },
    maker,
  )
}

/** What may be spent, where it is less than the whole costs. */
function budgetOf(availableMinor: bigint, ceilingMinor: bigint | undefined, totalMinor: bigint) {
  const mostMinor =
    ceilingMinor !== undefined && ceilingMinor < availableMinor ? ceilingMinor : availableMinor
  return mostMinor < totalMinor ? mostMinor : undefined
}

type QuotedFallback = { campaign: Campaign; quote: QuoteRow; keptMinor: bigint }

/** The fall-over with the quote that was made beside its parent's; undefined where there is none. */
async function quotedFallback(
  scope: Scope,
  parent: Campaign,
): Promise<Result<QuotedFallback, SubmitRefusal> | undefined> {
  const campaign = await findFallback(scope, parent.id)
  if (!campaign) return undefined
  const quote = await findQuote(scope, campaign, campaign.quoteId ?? '')
  return quote.ok
    ? ok({ campaign, quote: quote.value, keptMinor: keptFor(campaign, quote.value.total) })
    : quote
}

/** What a campaign is sent with, if its template and its sender may be used at this moment. */
async function readyParts(
  scope: Scope,
  campaign: Campaign,
  whose: string,
): Promise<Result<CampaignParts, 'template_not_approved' | 'sender_stopped'>> {
  const parts = await campaignParts(scope, campaign)
  const unapproved = refuseUnapproved(parts)
  if (unapproved) return unapproved
  const { state, stopReason } = parts.sender
  if (state === 'active') return ok(parts)
  return refuse('sender_stopped', `${whose} is stopped: ${stopReason ?? 'no reason was given'}.`)
}

/** Reserves the fall-over's ceiling in a hold of its own, in the transaction that submits its parent. */
async function freezeFallback(
  scope: Scope,
  { campaign, quote, keptMinor }: QuotedFallback,
  times: { startsAt: Date; sendBefore: Date },
): Promise<Result<{ digest: Buffer; category: string }, SubmitRefusal>> {
  const ready = await readyParts(scope, campaign, 'The sender of the fall-over')
  if (!ready.ok) return ready
  const parts = ready.value
  const audience = await priceAudience(scope, parts.request)
  const holdId = await openHold(scope, campaign.id, quote.currency)
  const run = runOf(campaign, quote, parts, holdId, times)
  const frozen = await openFallOver(scope, run, keptMinor, included(scope, audience, undefined))
  if (!sameAudience(quote, frozen)) return refuse('quote_changed', CHANGED)
  await reserve(scope, {
    holdId,
    campaignId: campaign.id,
    version: campaign.version,
    currency: quote.currency,
    amountMinor: keptMinor,
    nItems: Math.max(1, frozen.count),
  })
  const digest = digestOf(campaign, quote, parts, { ...frozen, totalMinor: keptMinor })
  await lineUpFallback(scope, campaign, { holdId, digest, ...times })
  return ok({ digest, category: parts.category })
}

const CHANGED =
  'The list, its contacts or the prices have changed since this quote: quote again and look at the new figures. Nothing was reserved.'

async function shortfall(scope: Scope, quote: QuoteRow) {
  const refusal = await seeFunds(scope, quote.total)
  return refusal.ok ? {} : (refusal.facts ?? {})
}

/** A time that has passed is chosen anew, not sent late; one that passed while waiting for money is still meant. */
function isPast(campaign: Campaign, now: Date, mayHaveBegun: boolean): boolean {
  const { schedule } = campaign
  if (schedule.sendBefore !== undefined && new Date(schedule.sendBefore) <= now) return true
  return !mayHaveBegun && campaign.state === 'quoted' && !('now' in schedule) && latestStart(schedule) < now
}

function timesOf(campaign: Campaign, audience: Audience, now: Date): { startsAt: Date; sendBefore: Date } {
  const startsAt = audience.firstDueAt ?? now
  const ownEnd = campaign.schedule.sendBefore
  const lastDueMs = (audience.lastDueAt ?? now).getTime()
  return {
    startsAt,
    sendBefore: ownEnd === undefined ? new Date(lastDueMs + SEND_WITHIN_MS) : new Date(ownEnd),
  }
}

/** The contacts that are sent to; within a budget, in the list's own order or theirs until the money ends. */
function included(scope: Scope, audience: Audience, budgetMinor: bigint | undefined) {
  if (budgetMinor === undefined) return scope.sql`SELECT * FROM (${audience.query}) q WHERE excluded IS NULL`
  return scope.sql`
    SELECT * FROM (SELECT q.*, sum(price) OVER (ORDER BY rank NULLS LAST, contact_id) AS running FROM (${audience.query}) q WHERE excluded IS NULL) r
     WHERE running <= ${budgetMinor}`
}

function runOf(
  campaign: Campaign,
  quote: QuoteRow,
  parts: CampaignParts,
  holdId: bigint,
  times: { startsAt: Date; sendBefore: Date },
) {
  const template: RunTemplate = {
    platformName: parts.standing.onPlatform?.name ?? parts.template.platformName,
    language: parts.template.language,
    words: parts.words,
    ...(parts.standing.onPlatform && { parameterFormat: parts.standing.onPlatform.parameterFormat }),
  }
  const { schedule } = campaign
  return {
    campaignId: campaign.id,
    senderId: campaign.senderId,
    holdId,
    currency: quote.currency,
    model: quote.model,
    chargeOn: quote.charge_on,
    category: parts.category,
    templateId: parts.template.id,
    accountId: parts.accountId,
    template,
    timeWindow: 'now' in schedule ? null : (schedule.window ?? null),
    ...times,
    lifetimeSeconds: lifetimeOf(parts),
    messagesPerSecond: parts.sender.messagesPerSecond,
    recipients: quote.recipients,
  }
}

/** A message is dropped by the platform when its time to live is over: its money is held for as long, and no longer. */
function lifetimeOf({ sender, standing }: CampaignParts): number {
  const ttlSeconds = standing.onPlatform?.ttlSeconds ?? sender.lifetimeSeconds
  return Math.min(sender.lifetimeSeconds, ttlSeconds)
}

function sameAudience(
  quote: QuoteRow,
  frozen: { count: number; totalMinor: bigint; audienceHash: string },
): boolean {
  return (
    quote.recipients === frozen.count &&
    quote.total === frozen.totalMinor &&
    quote.audience_hash.toString('hex') === frozen.audienceHash
  )
}

/** What is approved: the frozen version in one hash. Any change makes another, and so voids every approval. */
function digestOf(
  campaign: Campaign,
  quote: QuoteRow,
  parts: CampaignParts,
  frozen: { count: number; totalMinor: bigint; audienceHash: string },
  fallback?: Buffer,
): Buffer {
  const version = {
    campaign: campaign.id,
    version: campaign.version,
    audience: [frozen.audienceHash, frozen.count],
    template: [parts.template.id, parts.category, parts.words],
    sender: campaign.senderId,
    schedule: campaign.schedule,
    prices: [quote.model, quote.charge_on, quote.currency, quote.price_day],
    ceiling: frozen.totalMinor.toString(),
    ...(fallback ? { fallback: fallback.toString('hex') } : {}),
  }
  return createHash('sha256').update(JSON.stringify(version)).digest()
}

async function enterLine(
  scope: Scope,
  campaign: Campaign,
  frozen: { holdId: bigint; digest: Buffer; startsAt: Date; sendBefore: Date },
  facts: Parameters<typeof heldAgainstPolicy>[3],
  maker: string,
): Promise<Result<Campaign, SubmitRefusal>> {
  const { policy, reasons } = await heldAgainstPolicy(scope, campaign.id, maker, facts)
  const state = reasons.length > 0 ? 'pending_approval' : 'scheduled'
  const changes = {
    holdId: frozen.holdId,
    digest: frozen.digest,
    submittedBy: maker,
    // One that has waited for money keeps the request that it was submitted by.
    ...(campaign.state === 'quoted' && submittedIn(scope)),
    submittedAt: scope.now.toISOString(),
    startsAt: frozen.startsAt.toISOString(),
    sendBefore: frozen.sendBefore.toISOString(),
    pauseReason: null,
  }
  const refusal = await moveCampaign(scope, campaign, state, changes)
  if (refusal) return refusal
  if (reasons.length > 0) await askApproval(scope, campaign.id, frozen.digest, { policy, reasons })
  await recordEvent(scope, 'campaign.submitted', `campaign:${campaign.id}`, {
    state,
    recipients: facts.recipients,
    amount_minor: facts.amountMinor.toString(),
    digest: frozen.digest.toString('hex'),
    policy_version: policy.version,
    approval_needed_for: reasons,
  })
  return ok({ ...campaign, ...changes, state })
}

async function waitForFunds(scope: Scope, campaign: Campaign): Promise<Result<Campaign, SubmitRefusal>> {
  const { schedule } = campaign
  const startMs = 'now' in schedule ? scope.now.getTime() : latestStart(schedule).getTime()
  const sendBefore = schedule.sendBefore ?? new Date(startMs + SEND_WITHIN_MS).toISOString()
  const changes = {
    submittedBy: handOf(scope.actor),
    ...submittedIn(scope),
    submittedAt: scope.now.toISOString(),
    sendBefore,
  }
  const refusal = await moveCampaign(scope, campaign, 'waiting_for_funds', changes)
  if (refusal) return refusal
  await recordEvent(scope, 'campaign.waits_for_funds', `campaign:${campaign.id}`)
  return ok({ ...campaign, ...changes, state: 'waiting_for_funds' })
}
