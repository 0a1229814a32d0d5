import { eq } from 'drizzle-orm'
import {
  type Allowance,
  type AllowanceDay,
  audienceHash,
  channelOf,
  describeDays,
  findAllowance,
  planDays,
  templateAccount,
} from '../delivery/index.ts'
import { senders } from '../delivery/tables.ts'
import { listOf } from '../platform/db.ts'
import { newId } from '../platform/ids.ts'
import { ok, type Refusal, type Result, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import { type Category, type ChargeOn, findMarketRows, quoteExpiresAt } from '../pricing/index.ts'
import { openTemplate, type Standing, standingOf, type TemplateWords } from '../templates/index.ts'
import { templates } from '../templates/tables.ts'
import { allow, findWorkspace } from '../workspaces/index.ts'
import { type Audience, type AudienceRequest, priceAudience } from './audience.ts'
import { findFallback, keptFor } from './fallback.ts'
import { type Campaign, lockCampaign } from './find-campaign.ts'
import { moveCampaign, refuseFallback, wrongState } from './move.ts'

/** A priced audience. Amounts in 1/10,000 of a unit; the total is what will be reserved. */
export type Quote = {
  id: string
  currency: string
  totalMinor: bigint
  /** What is owed if every open conversation window makes its message free. */
  minimumMinor: bigint
  recipients: number
  lines: QuoteLine[]
  excluded: { reason: string; count: number }[]
  model: string
  chargeOn: ChargeOn
  priceDay: string
  rateCardAsOf: string
  expiresAt: string
  /** What it costs if everyone falls over, and what of that is reserved beside the total. */
  fallback?: { quote: Quote; keptMinor: bigint }
  /** On which days the platform lets the recipients be reached; null where there is no limit. */
  dailyAllowance: (Allowance & { days: AllowanceDay[]; detail: string }) | null
}

export type QuoteLine = {
  market: string
  category: string
  count: number
  /** Of one message, all its parts together. */
  unitPriceMinor: bigint
  /** The parts of each, of an SMS. */
  segments?: number
  subtotalMinor: bigint
}

type PricedQuote = Omit<Quote, 'dailyAllowance'>

export type QuoteRefusal =
  | 'forbidden'
  | 'not_found'
  | 'wrong_state'
  | 'mixed_models'
  | 'charge_moment_not_supported'
  | 'template_not_approved'

/**
 * Prices the whole list as it is now: every contact in a line or in an exclusion with its reason. The campaign is
 * quoted from then on, by this quote and no earlier one.
 */
export async function quoteCampaign(scope: Scope, campaignId: string): Promise<Result<Quote, QuoteRefusal>> {
  const forbidden = allow(scope.actor, 'campaigns.write')
  if (forbidden) return forbidden
  const found = await lockCampaign(scope, campaignId)
  if (!found.ok) return found
  const campaign = found.value
  if (campaign.state !== 'draft' && campaign.state !== 'quoted') return wrongState(campaign, 'quoted')
  const partOfAnother = refuseFallback(campaign)
  if (partOfAnother) return partOfAnother
  const fallback = await findFallback(scope, campaign.id)
  const own = await price(scope, campaign)
  if (!own.ok) return own
  const other = fallback && (await price(scope, fallback))
  if (other && !other.ok) return other
  const quote = await enter(scope, campaign, own.value)
  if (!quote.ok || !fallback || !other) return quote
  const second = await enter(scope, fallback, other.value)
  if (!second.ok) return second
  return ok({
    ...quote.value,
    expiresAt: [quote.value.expiresAt, second.value.expiresAt].sort()[0]!,
    fallback: { quote: second.value, keptMinor: keptFor(fallback, second.value.totalMinor) },
  })
}

type Priced = { parts: CampaignParts; audience: Audience }

async function price(scope: Scope, campaign: Campaign): Promise<Result<Priced, QuoteRefusal>> {
  const parts = await campaignParts(scope, campaign)
  const unapproved = refuseUnapproved(parts)
  if (unapproved) return unapproved
  const audience = await priceAudience(scope, parts.request)
  if (audience.models.length > 1) return refuse('mixed_models', MIXED_MODELS)
  if (audience.chargeMoments.length > 1) return refuse('mixed_models', MIXED_MOMENTS)
  if (audience.chargeMoments[0] === 'accepted' && audience.models[0] === 'conversation_24h')
    return refuse('charge_moment_not_supported', CHARGED_ON_ACCEPTANCE)
  return ok({ parts, audience })
}

async function enter(
  scope: Scope,
  campaign: Campaign,
  { parts, audience }: Priced,
): Promise<Result<Quote, QuoteRefusal>> {
  const quote = await saveQuote(scope, campaign, parts.request, audience)
  const refusal = await moveCampaign(scope, campaign, 'quoted', { quoteId: quote.id })
  if (refusal) return refusal
  const startsAt = audience.firstDueAt ?? scope.now
  return ok({ ...quote, dailyAllowance: await spread(scope, parts, quote.recipients, startsAt) })
}

const DAY_MS = 24 * 60 * 60 * 1_000

/** What is taken of the allowance now is free again when a campaign begins a day later or more. */
async function spread(
  scope: Scope,
  { sender, request }: CampaignParts,
  recipients: number,
  startsAt: Date,
): Promise<Quote['dailyAllowance']> {
  const allowance = await findAllowance(scope, sender.id)
  if (!allowance) return null
  const isSoon = startsAt.getTime() - scope.now.getTime() < DAY_MS
  const days = planDays(
    recipients,
    { ...allowance, used: isSoon ? allowance.used : 0 },
    startsAt,
    request.accountZone,
  )
  const today = planDays(1, { limit: 1, used: 0 }, scope.now, request.accountZone)[0]!.date
  return { ...allowance, days, detail: describeDays(recipients, allowance.limit, days, today) }
}

const MIXED_MODELS =
  'The prices in force charge some markets by message and others by conversation. Split the list by market and send each part as a campaign of its own.'

const CHARGED_ON_ACCEPTANCE =
  'A price in force charges conversations on acceptance, and a conversation begins when a message is delivered. Import that price again with charge_on delivered.'

const MIXED_MOMENTS =
  'The prices in force charge some markets on delivery and others on acceptance. Split the list by market and send each part as a campaign of its own.'

export type CampaignParts = {
  request: AudienceRequest
  template: typeof templates.$inferSelect
  words: TemplateWords
  /** As what it is charged: the platform may have put it into another category than its writer. */
  category: Category
  standing: Standing
  accountId: string | null
  sender: typeof senders.$inferSelect
}

/** Loads what a campaign refers to; it exists, because the campaign's foreign keys say so. */
export async function campaignParts(scope: Scope, campaign: Campaign): Promise<CampaignParts> {
  const [template] = await scope.db.select().from(templates).where(eq(templates.id, campaign.templateId))
  const [sender] = await scope.db.select().from(senders).where(eq(senders.id, campaign.senderId))
  if (!template || !sender) throw new Error('a campaign without its template or sender')
  const workspace = await findWorkspace(scope)
  const words = wordsOf(template)
  const account = templateAccount(sender)
  const standing = await standingOf(scope, template.id, account)
  const category = standing.onPlatform?.category ?? template.category
  return {
    template,
    words,
    category,
    standing,
    accountId: account?.accountId ?? null,
    sender,
    request: {
      channel: channelOf(sender.provider),
      listId: campaign.listId,
      category,
      currency: workspace.currency,
      accountZone: workspace.timeZone,
      schedule: campaign.schedule,
      template: openTemplate(words),
    },
  }
}

/** A template that the platform has not approved, or has paused, is not sent. */
export function refuseUnapproved({
  template,
  standing,
}: CampaignParts): Refusal<'template_not_approved'> | undefined {
  if (template.state !== 'approved')
    return refuse('template_not_approved', 'The template is not approved for sending.')
  return standing.sendable ? undefined : refuse('template_not_approved', standing.sentence)
}

function wordsOf(template: typeof templates.$inferSelect): TemplateWords {
  return {
    language: template.language,
    body: template.body,
    header: (template.header ?? undefined) as TemplateWords['header'],
    footer: template.footer ?? undefined,
    buttons: template.buttons as TemplateWords['buttons'],
  }
}

type Sum = {
  market: string | null
  price: bigint | null
  excluded: string | null
  count: number
  segments: number
  free: number
  hash: string
  /** The contacts of a group that is excluded, as PostgreSQL writes a list: there may be a million, and nobody reads them here. */
  left_out: string | null
}

async function saveQuote(
  scope: Scope,
  campaign: Campaign,
  request: AudienceRequest,
  audience: Audience,
): Promise<PricedQuote> {
  const id = newId(scope.now.getTime())
  const basis = {
    category: request.category,
    currency: request.currency,
    cards: audience.cards,
    markets: await findMarketRows(scope.sql),
  }
  const expiresAt = quoteExpiresAt(
    { createdAt: scope.now, timeZone: request.accountZone, sendsAtOnce: 'now' in request.schedule },
    basis,
  )
  const sums = await sumAudience(scope, request, audience)
  const quote = totals(id, request, audience, sums, expiresAt)
  await saveExclusions(scope, id, sums)
  await scope.sql`
    INSERT INTO quotes (id, workspace_id, campaign_id, version, currency, total, minimum, recipients, audience_hash,
                        price_day, rate_card_as_of, model, charge_on, lines, excluded, created_at, expires_at)
    VALUES (${id}, ${scope.workspaceId}, ${campaign.id}, ${campaign.version}, ${quote.currency}, ${quote.totalMinor},
            ${quote.minimumMinor}, ${quote.recipients}, ${Buffer.from(combined(sums), 'hex')}, ${quote.priceDay}::text::date,
            ${audience.rateCardAsOf}::text::date, ${quote.model}, ${quote.chargeOn},
            ${JSON.stringify(quote.lines, bigintAsText)}::text::jsonb, ${JSON.stringify(quote.excluded)}::text::jsonb,
            ${scope.now.toISOString()}::timestamptz, ${quote.expiresAt}::timestamptz)`
  return quote
}

/** One pass over the list, which only reads so that it may be made by two: the sums of the priced, and who is left out. */
async function sumAudience(scope: Scope, request: AudienceRequest, audience: Audience): Promise<Sum[]> {
  const window =
    audience.models[0] === 'conversation_24h'
      ? scope.sql`EXISTS (SELECT 1 FROM conversation_windows w WHERE w.contact_id = a.contact_id
            AND w.workspace_id = ${scope.workspaceId} AND w.category = ${request.category} AND w.expires_at > a.due_at)`
      : scope.sql`false`
  // OFFSET has every value worked out once, however often it is asked for above.
  return scope.sql<Sum[]>`
    SELECT market, price, excluded, segments, count(*)::int AS count, (count(*) FILTER (WHERE ${window}))::int AS free,
           ${audienceHash(scope)} AS hash, (array_agg(contact_id) FILTER (WHERE excluded IS NOT NULL))::text AS left_out
      FROM (SELECT contact_id, market, segments, CASE WHEN excluded IS NULL THEN price END AS price, due_at, excluded, mark, other_mark
              FROM (${audience.query}) q OFFSET 0) a
     GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`
}

/** Writes down who is left out, and why: before the quote, which must say how many they are. */
async function saveExclusions({ sql, workspaceId }: Scope, quoteId: string, sums: Sum[]): Promise<void> {
  const excluded = sums.filter((sum) => sum.excluded !== null)
  if (excluded.length === 0) return
  await sql`
    INSERT INTO quote_exclusions (quote_id, workspace_id, contact_id, reason)
    SELECT ${quoteId}::uuid, ${workspaceId}::uuid, unnest(contacts::bigint[]), reason
      FROM unnest(${listOf(excluded.map((sum) => sum.left_out))}::text[], ${listOf(excluded.map((sum) => sum.excluded))}::text[])
           AS e(contacts, reason)`
}

function totals(
  id: string,
  request: AudienceRequest,
  audience: Audience,
  sums: Sum[],
  expiresAt: Date,
): PricedQuote {
  const priced = sums.filter((sum) => sum.excluded === null)
  const lines = priced.map((sum) => ({
    market: sum.market!,
    category: request.category,
    count: sum.count,
    unitPriceMinor: sum.price!,
    ...(request.channel === 'sms' ? { segments: sum.segments } : {}),
    subtotalMinor: sum.price! * BigInt(sum.count),
  }))
  return {
    id,
    currency: request.currency,
    totalMinor: lines.reduce((total, line) => total + line.subtotalMinor, 0n),
    minimumMinor: priced.reduce((total, sum) => total + sum.price! * BigInt(sum.count - sum.free), 0n),
    recipients: priced.reduce((total, sum) => total + sum.count, 0),
    lines: lines.sort((a, b) => (a.subtotalMinor < b.subtotalMinor ? 1 : -1)),
    excluded: exclusions(sums),
    model: audience.models[0] ?? 'per_message',
    chargeOn: audience.chargeMoments[0] ?? 'delivered',
    priceDay: audience.priceDay,
    rateCardAsOf: audience.rateCardAsOf ?? audience.priceDay,
    expiresAt: expiresAt.toISOString(),
  }
}

function exclusions(sums: readonly Sum[]): { reason: string; count: number }[] {
  const counts = new Map<string, number>()
  for (const sum of sums) {
    if (sum.excluded !== null) counts.set(sum.excluded, (counts.get(sum.excluded) ?? 0) + sum.count)
  }
  return [...counts].map(([reason, count]) => ({ reason, count })).sort((a, b) => b.count - a.count)
}

/** The fingerprints of the priced groups, combined as their own aggregate combines rows. */
function combined(sums: readonly Sum[]): string {
  const priced = sums.filter((sum) => sum.excluded === null)
  const xor = priced.reduce((all, sum) => all ^ BigInt(`0x${sum.hash}`), 0n)
  return xor.toString(16).padStart(32, '0')
}

function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value
}
