import { z } from 'zod'
import { answerPriceChange, findPriceChange, type PriceChange, requoteCampaign } from '../campaigns/index.ts'
import { moneyJson } from '../platform/money.ts'
import { campaignSchema, moved, quoteSchema, showQuote } from './campaigns.ts'
import { answer, defineRoute } from './route.ts'
import { idSchema, instantSchema, moneySchema } from './schemas.ts'

const priceChangeSchema = z
  .strictObject({
    id: idSchema,
    state: z.enum(['open', 'accepted', 'cancelled', 'withdrawn']),
    from_category: z.string().meta({ description: 'As what the campaign was approved.' }),
    to_category: z.string().meta({ description: 'As what the platform charges its template now.' }),
    quote: quoteSchema.nullable().meta({
      description: 'What is not yet sent, at the new price; null while messages are still being sent.',
    }),
    more: moneySchema.nullable().meta({ description: 'What accepting would reserve beside what is held.' }),
    problem: z.string().nullable().meta({ description: 'Why it can only be cancelled.' }),
    created_at: instantSchema,
    decided_at: instantSchema.nullable(),
  })
  .meta({
    id: 'PriceChange',
    description:
      'The platform has moved a campaign’s template to a dearer category: nothing is sent until somebody answers.',
  })

export const getPriceChange = defineRoute({
  method: 'get',
  path: '/v1/campaigns/{id}/price-change',
  tag: 'Campaigns',
  summary: 'What a campaign would cost now that its template is charged as another category',
  permission: 'campaigns.read',
  responses: { 200: priceChangeSchema },
  refusals: ['not_found'],
  handler: async ({ scope, params }) => {
    const found = await findPriceChange(scope, params.id)
    return found.ok ? answer(200, showPriceChange(found.value)) : found
  },
})

export const postPriceChangeQuote = defineRoute({
  method: 'post',
  path: '/v1/campaigns/{id}/price-change/quote',
  tag: 'Campaigns',
  summary: 'Prices what is left once more, where the last price has expired or no longer fits',
  permission: 'campaigns.write',
  responses: { 200: priceChangeSchema },
  refusals: ['not_found', 'wrong_state'],
  handler: async ({ scope, params }) => {
    const quoted = await requoteCampaign(scope, params.id)
    return quoted.ok ? answer(200, showPriceChange(quoted.value)) : quoted
  },
})

export const postPriceChange = defineRoute({
  method: 'post',
  path: '/v1/campaigns/{id}/price-change',
  tag: 'Campaigns',
  summary: 'Accepts the new price, or cancels the campaign',
  description:
    'Accepting reserves the difference at once or not at all, and the campaign goes on, or waits for approval where the policy wants it. Cancelling gives back all that is not sent.',
  permission: 'campaigns.submit',
  body: z.discriminatedUnion('decision', [
    z.strictObject({ decision: z.literal('accept'), quote_id: idSchema }),
    z.strictObject({ decision: z.literal('cancel') }),
  ]),
  responses: { 200: campaignSchema },
  refusals: [
    'not_found',
    'wrong_state',
    'quote_not_current',
    'quote_expired',
    'quote_changed',
    'template_not_approved',
    'insufficient_funds',
    'books_do_not_balance',
  ],
  handler: async ({ scope, params, body, house }) => {
    const decision =
      body.decision === 'accept'
        ? ({ decision: 'accept', quoteId: body.quote_id } as const)
        : ({ decision: 'cancel' } as const)
    return moved(house, scope, await answerPriceChange(scope, params.id, decision))
  },
})

function showPriceChange(change: PriceChange): z.output<typeof priceChangeSchema> {
  const { id, state, fromCategory, toCategory, quote, moreMinor, problem, createdAt, decidedAt } = change
  return {
    id,
    state,
    from_category: fromCategory,
    to_category: toCategory,
    quote: quote && showQuote(quote),
    more: quote === null || moreMinor === null ? null : moneyJson(moreMinor, quote.currency),
    problem,
    created_at: createdAt,
    decided_at: decidedAt,
  }
}
