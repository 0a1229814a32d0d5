import { z } from 'zod'
import {
  CAMPAIGN_STATES,
  type Campaign,
  type CampaignMoney,
  type CampaignView,
  type CampaignWords,
  cancelCampaign,
  decideApproval,
  draftCampaign,
  editCampaign,
  findCampaign,
  listCampaigns,
  pauseCampaign,
  type Quote,
  quoteCampaign,
  resumeCampaign,
  submitCampaign,
  viewCampaign,
  wakeCampaigns,
} from '../campaigns/index.ts'
import { MESSAGE_STATES, WAITS, type Wait } from '../delivery/index.ts'
import { instant } from '../platform/db.ts'
import { moneyJson, parseAmount } from '../platform/money.ts'
import { type Refusal, type Result, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import { RATE_CARD_NOTICE } from '../pricing/index.ts'
import { findWorkspace } from '../workspaces/index.ts'
import type { ApiHouse } from './house.ts'
import { pageBody, pageQuery, pageSchema, readPage } from './paging.ts'
import { answer, defineRoute } from './route.ts'
import { readSchedule, scheduleSchema, showSchedule } from './schedule.ts'
import { idSchema, instantSchema, moneySchema, nameText } from './schemas.ts'

const NAME_MAX_CHARS = 200
const REASON_MAX_CHARS = 500
const DIGEST_MAX_CHARS = 128

const stateSchema = z.enum(CAMPAIGN_STATES)
const countSchema = z.int().min(0)
const reasonSchema = z.string().trim().max(REASON_MAX_CHARS).optional()

const fallbackInput = z
  .strictObject({
    sender_id: idSchema.meta({ description: 'A sender of SMS.' }),
    template_id: idSchema.meta({ description: 'A template of the channel `sms`.' }),
    ceiling: moneySchema.meta({ description: 'The most that is reserved and spent on it.' }),
  })
  .meta({
    id: 'FallbackInput',
    description: 'By SMS to whom WhatsApp could not reach: never to whom has opted out, and once to each.',
  })

const campaignInput = z.strictObject({
  fallback: fallbackInput.nullable().optional(),
  name: nameText(NAME_MAX_CHARS),
  template_id: idSchema,
  sender_id: idSchema,
  audience: z.strictObject({ list_id: idSchema }),
  schedule: scheduleSchema,
  insufficient_funds: z.enum(['block', 'wait', 'partial']).optional().meta({
    description: 'If the wallet does not suffice: refuse, wait for money, or send what it pays for.',
  }),
})

const campaignChanges = campaignInput.partial().meta({ id: 'CampaignChanges' })

const moneyOfCampaign = z.strictObject({
  held: moneySchema.meta({ description: 'What was reserved at submission.' }),
  captured: moneySchema.meta({ description: 'What delivered messages cost.' }),
  released: moneySchema.meta({ description: 'What went back to the wallet.' }),
  remaining: moneySchema.meta({ description: 'What is still held: held less captured less released.' }),
  late_captured: moneySchema.meta({ description: 'Charged for deliveries reported after settlement.' }),
})

const countsSchema = z.strictObject({
  total: countSchema,
  ...Object.fromEntries(MESSAGE_STATES.map((state) => [state, countSchema])),
})

const listedSchema = z
  .strictObject({
    id: idSchema,
    name: z.string(),
    state: stateSchema,
    template_id: idSchema,
    sender_id: idSchema,
    audience: z.strictObject({ list_id: idSchema }),
    schedule: scheduleSchema,
    insufficient_funds: z.enum(['block', 'wait', 'partial']),
    quote_id: idSchema.nullable().meta({ description: 'The current quote.' }),
    reason: z.string().nullable().meta({ description: 'Why it is paused, waits or was ended.' }),
    starts_at: instantSchema.nullable(),
    send_before: instantSchema.nullable(),
    created_at: instantSchema,
    submitted_at: instantSchema.nullable(),
    settled_at: instantSchema.nullable(),
    again_of: idSchema
      .nullable()
      .meta({ description: 'The campaign that lapsed undecided and stands again as this one.' }),
  })
  .meta({ id: 'ListedCampaign' })

export const campaignSchema = listedSchema
  .extend({
    counts: countsSchema,
    money: moneyOfCampaign,
    fallback: z
      .strictObject({
        campaign_id: idSchema.meta({ description: 'Read it like every campaign: messages, report, events.' }),
        sender_id: idSchema,
        template_id: idSchema,
        state: stateSchema,
        ceiling: moneySchema,
        counts: countsSchema,
        money: moneyOfCampaign,
      })
      .nullable()
      .meta({ description: 'The other leg: by SMS to whom this one could not reach.' }),
    fallback_of: idSchema.nullable().meta({ description: 'The campaign whose fall-over this is.' }),
    eta: instantSchema
      .nullable()
      .meta({ description: 'When the last message will have been sent, at this rate.' }),
    rate_per_second: z.number().min(0),
    waiting: z
      .strictObject({ for: z.enum(WAITS), until: instantSchema, detail: z.string() })
      .nullable()
      .meta({ description: 'What it waits for by itself; nothing has to be done.' }),
  })
  .meta({ id: 'Campaign' })

export const quoteSchema = z
  .strictObject({
    id: idSchema,
    total: moneySchema.meta({ description: 'What is reserved at submission, and the most this can cost.' }),
    minimum: moneySchema.meta({ description: 'What it costs if every open window makes its message free.' }),
    recipients: countSchema,
    lines: z.array(
      z.strictObject({
        market: z.string(),
        category: z.string(),
        count: countSchema,
        unit_price: moneySchema.meta({ description: 'Of one message, all parts of an SMS together.' }),
        segments: z.int().optional().meta({ description: 'The parts of each message, of an SMS.' }),
        subtotal: moneySchema,
      }),
    ),
    excluded: z.array(z.strictObject({ reason: z.string(), count: countSchema })),
    model: z.string(),
    charge_on: z.enum(['delivered', 'accepted']).meta({
      description: 'When a message is charged: on its delivery, or as soon as the provider takes it.',
    }),
    price_day: z.iso.date().meta({ description: 'The day whose prices these are: the day of sending.' }),
    rate_card_as_of: z.iso.date(),
    expires_at: instantSchema,
    fallback: z
      .strictObject({
        total: moneySchema.meta({ description: 'What it costs if everyone falls over.' }),
        reserved: moneySchema.meta({
          description: 'What is reserved beside the total: that, or the ceiling.',
        }),
        recipients: countSchema,
        charge_on: z.enum(['delivered', 'accepted']),
      })
      .optional(),
    daily_allowance: z
      .strictObject({
        tier: z.string(),
        limit: countSchema.meta({ description: 'People whom the business may reach in 24 hours.' }),
        used: countSchema.meta({ description: 'Of them, taken when this was quoted.' }),
        days: z.array(z.strictObject({ date: z.iso.date(), recipients: countSchema })),
        detail: z.string(),
      })
      .nullable()
      .meta({ description: 'On which days the recipients can be reached; null where there is no limit.' }),
    notice: z.string().meta({ description: 'What to know of the prices before relying on them.' }),
  })
  .meta({ id: 'Quote' })

export const getCampaigns = defineRoute({
  method: 'get',
  path: '/v1/campaigns',
  tag: 'Campaigns',
  summary: 'The workspace’s campaigns, newest first',
  permission: 'campaigns.read',
  query: z.strictObject({ ...pageQuery, state: stateSchema.optional() }),
  responses: { 200: pageSchema(listedSchema) },
  refusals: [],
  handler: async ({ scope, query }) => {
    const page = await listCampaigns(scope, { ...readPage(query, z.uuid()), state: query.state })
    return answer(200, pageBody(page, listedCampaign))
  },
})

export const postCampaign = defineRoute({
  method: 'post',
  path: '/v1/campaigns',
  tag: 'Campaigns',
  summary: 'Drafts a campaign; nothing is priced, reserved or sent yet',
  permission: 'campaigns.write',
  body: campaignInput.meta({ id: 'CampaignInput' }),
  responses: { 201: campaignSchema },
  refusals: [],
  handler: async ({ scope, body }) => {
    const fault = await currencyFault(scope, body.fallback)
    if (fault) return fault
    const words = { insufficientFunds: 'block' as const, ...wordsOf(body) } as CampaignWords
    const drafted = await draftCampaign(scope, words)
    return drafted.ok ? answer(201, await showCampaign(scope, drafted.value)) : drafted
  },
})

export const getCampaign = defineRoute({
  method: 'get',
  path: '/v1/campaigns/{id}',
  tag: 'Campaigns',
  summary: 'One campaign with its counts and its money at this moment',
  permission: 'campaigns.read',
  responses: { 200: campaignSchema },
  refusals: ['not_found'],
  handler: async ({ scope, params }) => shown(scope, await findCampaign(scope, params.id)),
})

export const patchCampaign = defineRoute({
  method: 'patch',
  path: '/v1/campaigns/{id}',
  tag: 'Campaigns',
  summary: 'Changes a campaign that is not yet submitted; its quote is void',
  permission: 'campaigns.write',
  body: campaignChanges,
  responses: { 200: campaignSchema },
  refusals: ['not_found', 'wrong_state'],
  handler: async ({ scope, params, body }) => {
    const fault = await currencyFault(scope, body.fallback)
    return fault ?? shown(scope, await editCampaign(scope, params.id, wordsOf(body)))
  },
})

export const postQuote = defineRoute({
  method: 'post',
  path: '/v1/campaigns/{id}/quote',
  tag: 'Campaigns',
  summary: 'Prices the audience as it is now: every contact in a line or excluded with a reason',
  permission: 'campaigns.write',
  responses: { 200: quoteSchema },
  refusals: [
    'not_found',
    'wrong_state',
    'mixed_models',
    'charge_moment_not_supported',
    'template_not_approved',
  ],
  handler: async ({ scope, params }) => {
    const quoted = await quoteCampaign(scope, params.id)
    return quoted.ok ? answer(200, showQuote(quoted.value)) : quoted
  },
})

export const postSubmission = defineRoute({
  method: 'post',
  path: '/v1/campaigns/{id}/submission',
  tag: 'Campaigns',
  summary: 'Freezes what was quoted and reserves its money, at once or not at all',
  permission: 'campaigns.submit',
  body: z.strictObject({ quote_id: idSchema }),
  responses: { 201: campaignSchema },
  refusals: [
    'insufficient_funds',
    'not_found',
    'wrong_state',
    'quote_not_current',
    'quote_expired',
    'quote_changed',
    'no_recipients',
    'template_not_approved',
    'sender_stopped',
    'schedule_in_past',
    'books_do_not_balance',
  ],
  handler: async ({ scope, params, body, house }) => {
    const submitted = await submitCampaign(scope, params.id, { quoteId: body.quote_id })
    if (!submitted.ok) return submitted
    wakeCampaigns(scope, house.nudge, [params.id])
    return answer(201, await showCampaign(scope, submitted.value))
  },
})

export const postApproval = defineRoute({
  method: 'post',
  path: '/v1/campaigns/{id}/approval',
  tag: 'Approval',
  summary:
    'Approves or rejects what was submitted; never one’s own. The last approval that is needed schedules it',
  permission: 'campaigns.approve',
  body: z.strictObject({
    decision: z.enum(['approve', 'reject']),
    reason: reasonSchema,
    digest: z.string().max(DIGEST_MAX_CHARS).optional().meta({
      description:
        'Of what was looked at, as `GET …/approval` gives it: where it is no longer what is asked about, nothing is decided.',
    }),
  }),
  responses: { 200: campaignSchema },
  refusals: [
    'not_found',
    'wrong_state',
    'self_approval',
    'approval_expired',
    'approval_outdated',
    'already_decided',
  ],
  handler: async ({ scope, params, body, house }) =>
    moved(house, scope, await decideApproval(scope, params.id, body)),
})

export const postPause = defineRoute({
  method: 'post',
  path: '/v1/campaigns/{id}/pause',
  tag: 'Campaigns',
  summary: 'Stops what is not yet sent, until the pause is taken back',
  permission: 'campaigns.stop',
  body: z.strictObject({ reason: reasonSchema }),
  responses: { 200: campaignSchema },
  refusals: ['not_found', 'wrong_state'],
  handler: async ({ scope, params, body }) =>
    shown(scope, await pauseCampaign(scope, params.id, body.reason || undefined)),
})

export const deletePause = defineRoute({
  method: 'delete',
  path: '/v1/campaigns/{id}/pause',
  tag: 'Campaigns',
  summary: 'Takes a pause back: the campaign goes on, or waits for its time',
  permission: 'campaigns.stop',
  responses: { 200: campaignSchema },
  refusals: ['not_found', 'wrong_state', 'template_not_approved', 'price_changed', 'sender_stopped'],
  handler: async ({ scope, params, house }) => moved(house, scope, await resumeCampaign(scope, params.id)),
})

export const postCancellation = defineRoute({
  method: 'post',
  path: '/v1/campaigns/{id}/cancellation',
  tag: 'Campaigns',
  summary: 'Ends a campaign; the money of what is not sent goes back at once',
  permission: 'campaigns.stop',
  body: z.strictObject({ reason: reasonSchema }),
  responses: { 200: campaignSchema },
  refusals: ['not_found', 'wrong_state'],
  handler: async ({ scope, params, body, house }) =>
    moved(house, scope, await cancelCampaign(scope, params.id, body.reason || undefined)),
})

/** A campaign as the API shows it, with its counts and its money as this transaction sees them. */
export async function showCampaign(scope: Scope, campaign: Campaign) {
  const { currency } = await findWorkspace(scope)
  return campaignBody(await viewCampaign(scope, campaign, currency))
}

async function shown(scope: Scope, found: Result<Campaign>) {
  return found.ok ? answer(200, await showCampaign(scope, found.value)) : (found as Refusal)
}

export async function moved(house: ApiHouse, scope: Scope, result: Result<Campaign>) {
  if (result.ok) wakeCampaigns(scope, house.nudge, [result.value.id])
  return shown(scope, result)
}

/** A ceiling is in the money of the wallet. */
async function currencyFault(
  scope: Scope,
  fallback: z.output<typeof fallbackInput> | null | undefined,
): Promise<Refusal<'validation_failed'> | undefined> {
  if (!fallback) return undefined
  const { currency } = await findWorkspace(scope)
  if (fallback.ceiling.currency === currency) return undefined
  const message = `This wallet is in ${currency}: give the ceiling in ${currency}.`
  const errors = [{ path: 'fallback.ceiling.currency', code: 'currency_mismatch', message }]
  return refuse('validation_failed', message, { errors })
}

function wordsOf(body: z.output<typeof campaignChanges>): Partial<CampaignWords> {
  const words = {
    name: body.name,
    templateId: body.template_id,
    senderId: body.sender_id,
    listId: body.audience?.list_id,
    schedule: body.schedule && readSchedule(body.schedule),
    insufficientFunds: body.insufficient_funds,
    fallback: body.fallback && {
      senderId: body.fallback.sender_id,
      templateId: body.fallback.template_id,
      ceilingMinor: parseAmount(body.fallback.ceiling.amount) ?? 0n,
    },
  }
  return Object.fromEntries(Object.entries(words).filter(([, word]) => word !== undefined))
}

function listedCampaign(campaign: Campaign): z.output<typeof listedSchema> {
  const { id, name, state } = campaign
  return {
    id,
    name,
    state,
    template_id: campaign.templateId,
    sender_id: campaign.senderId,
    audience: { list_id: campaign.listId },
    schedule: showSchedule(campaign.schedule),
    insufficient_funds: campaign.insufficientFunds,
    quote_id: campaign.quoteId,
    reason: campaign.pauseReason,
    starts_at: instant(campaign.startsAt),
    send_before: instant(campaign.sendBefore),
    created_at: instant(campaign.createdAt)!,
    submitted_at: instant(campaign.submittedAt),
    settled_at: instant(campaign.settledAt),
    again_of: campaign.againOf,
  }
}

function campaignBody({
  campaign,
  fallback,
  counts,
  money,
  eta,
  ratePerSecond,
  wait,
}: CampaignView): z.output<typeof campaignSchema> {
  const { currency } = money
  return {
    ...listedCampaign(campaign),
    counts,
    money: moneyBody(money),
    fallback: fallback
      ? {
          campaign_id: fallback.campaign.id,
          sender_id: fallback.campaign.senderId,
          template_id: fallback.campaign.templateId,
          state: fallback.campaign.state,
          ceiling: moneyJson(fallback.campaign.ceiling!, currency),
          counts: fallback.counts,
          money: moneyBody(fallback.money),
        }
      : null,
    fallback_of: campaign.fallbackOf,
    eta,
    rate_per_second: ratePerSecond,
    waiting: wait ? waitBody(wait) : null,
  }
}

const WAIT_DETAILS: Readonly<Record<Wait['for'], (until: string) => string>> = {
  daily_allowance: (until) =>
    `WhatsApp’s daily allowance of people is used up. Sending goes on by itself from ${until}.`,
  provider_away: (until) =>
    `The provider gives no clear answer, so sending rests. One message tries again from ${until}; with the first clear answer it goes on by itself.`,
}

function waitBody(wait: Wait): NonNullable<z.output<typeof campaignSchema>['waiting']> {
  const until = wait.until.toISOString()
  return { for: wait.for, until, detail: WAIT_DETAILS[wait.for](until) }
}

function moneyBody(money: CampaignMoney): z.output<typeof moneyOfCampaign> {
  const { currency } = money
  return {
    held: moneyJson(money.heldMinor, currency),
    captured: moneyJson(money.capturedMinor, currency),
    released: moneyJson(money.releasedMinor, currency),
    remaining: moneyJson(money.remainingMinor, currency),
    late_captured: moneyJson(money.lateCapturedMinor, currency),
  }
}

export function showQuote(quote: Quote): z.output<typeof quoteSchema> {
  const money = (amountMinor: bigint) => moneyJson(amountMinor, quote.currency)
  return {
    id: quote.id,
    total: money(quote.totalMinor),
    minimum: money(quote.minimumMinor),
    recipients: quote.recipients,
    lines: quote.lines.map(({ market, category, count, unitPriceMinor, segments, subtotalMinor }) => ({
      market,
      category,
      count,
      unit_price: money(unitPriceMinor),
      ...(segments === undefined ? {} : { segments }),
      subtotal: money(subtotalMinor),
    })),
    excluded: quote.excluded,
    model: quote.model,
    charge_on: quote.chargeOn,
    price_day: quote.priceDay,
    rate_card_as_of: quote.rateCardAsOf,
    expires_at: quote.expiresAt,
    ...(quote.fallback === undefined
      ? {}
      : {
          fallback: {
            total: money(quote.fallback.quote.totalMinor),
            reserved: money(quote.fallback.keptMinor),
            recipients: quote.fallback.quote.recipients,
            charge_on: quote.fallback.quote.chargeOn,
          },
        }),
    daily_allowance: quote.dailyAllowance,
    notice: RATE_CARD_NOTICE,
  }
}
