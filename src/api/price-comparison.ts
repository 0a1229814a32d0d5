import { z } from 'zod'
import { findCampaign } from '../campaigns/index.ts'
import { moneyJson } from '../platform/money.ts'
import { comparePrices, listPricedOtherwise, PRICE_DIFFERENCES } from '../reports/index.ts'
import { findWorkspace } from '../workspaces/index.ts'
import { MESSAGE_PLACE } from './messages.ts'
import { pageBody, pageQuery, pageSchema, readPage } from './paging.ts'
import { answer, defineRoute } from './route.ts'
import { idSchema, moneySchema } from './schemas.ts'

const count = z.int().min(0)

export const getPriceComparison = defineRoute({
  method: 'get',
  path: '/v1/campaigns/{id}/price-comparison',
  tag: 'Campaigns',
  summary: 'How many charges agree with what the platform said of price',
  description:
    'The platform’s `pricing` in receipts beside each charge. What it says is free decides the charge; every other difference is listed by `price-differences`, and is for the business to settle.',
  permission: 'campaigns.read',
  responses: {
    200: z
      .strictObject({
        charged: count.meta({ description: 'Messages with a charge, one of nothing included.' }),
        silent: count.meta({ description: 'Of these: the platform has said nothing of the price.' }),
        agreed: count,
        differing: count,
        differences: z
          .strictObject({
            charged_but_free: count,
            free_but_billed: count,
            other_category: count,
            other_model: count,
          })
          .meta({ description: 'A message may differ in more than one way.' }),
      })
      .meta({ id: 'PriceComparison' }),
  },
  refusals: ['not_found'],
  handler: async ({ scope, params }) => {
    const found = await findCampaign(scope, params.id)
    if (!found.ok) return found
    const { byDifference, ...counts } = await comparePrices(scope, params.id)
    return answer(200, { ...counts, differences: byDifference })
  },
})

export const getPriceDifferences = defineRoute({
  method: 'get',
  path: '/v1/campaigns/{id}/price-differences',
  tag: 'Campaigns',
  summary: 'The messages whose charge differs from what the platform said of their price',
  permission: 'campaigns.read',
  query: z.strictObject({ ...pageQuery, difference: z.enum(PRICE_DIFFERENCES).optional() }),
  responses: {
    200: pageSchema(
      z
        .strictObject({
          id: idSchema,
          phone: z.string().nullable().meta({ description: 'Null once the contact is erased.' }),
          charged: moneySchema.meta({ description: 'Less what was given back.' }),
          category: z.string().meta({ description: 'By which it was charged here.' }),
          differences: z.array(z.enum(PRICE_DIFFERENCES)),
          platform: z.unknown().meta({ description: 'The platform’s own words, as they came.' }),
          says: z.string(),
        })
        .meta({ id: 'PriceDifference' }),
    ),
  },
  refusals: ['not_found'],
  handler: async ({ scope, params, query }) => {
    const found = await findCampaign(scope, params.id)
    if (!found.ok) return found
    const { currency } = await findWorkspace(scope)
    const page = await listPricedOtherwise(scope, {
      ...readPage(query, MESSAGE_PLACE),
      campaignId: params.id,
      difference: query.difference,
    })
    return answer(
      200,
      pageBody(page, ({ chargedMinor, differences, ...line }) => ({
        ...line,
        charged: moneyJson(chargedMinor, currency),
        differences: [...differences],
      })),
    )
  },
})
