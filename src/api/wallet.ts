import { z } from 'zod'
import { moneyJson } from '../platform/money.ts'
import { readBalance, topUp } from '../wallet/index.ts'
import { answer, defineRoute } from './route.ts'
import { idSchema, moneySchema } from './schemas.ts'

const REFERENCE_MAX_CHARS = 200

export const getWallet = defineRoute({
  method: 'get',
  path: '/v1/wallet',
  tag: 'Wallet',
  summary: 'What can be spent, what campaigns hold, what was spent',
  permission: 'wallet.read',
  responses: {
    200: z
      .strictObject({
        currency: z.string(),
        available: moneySchema,
        held: moneySchema,
        spent: moneySchema,
        owed: moneySchema.meta({
          description: 'What late deliveries cost beyond the balance; the next top-up pays it first.',
        }),
      })
      .meta({ id: 'Wallet' }),
  },
  refusals: [],
  handler: async ({ scope }) => {
    const { currency, ...balance } = await readBalance(scope)
    return answer(200, {
      currency,
      available: moneyJson(balance.availableMinor, currency),
      held: moneyJson(balance.heldMinor, currency),
      spent: moneyJson(balance.spentMinor, currency),
      owed: moneyJson(balance.owedMinor, currency),
    })
  },
})

export const postTopUp = defineRoute({
  method: 'post',
  path: '/v1/wallet/top-ups',
  tag: 'Wallet',
  summary: 'Credits the wallet, once for each reference; what is owed is paid of it first',
  permission: 'wallet.top_up',
  body: z.strictObject({
    amount: moneySchema,
    reference: z
      .string()
      .trim()
      .min(1)
      .max(REFERENCE_MAX_CHARS)
      .meta({ description: 'The payment’s own. The same one again is the same top-up.' }),
  }),
  responses: {
    201: z
      .strictObject({
        id: idSchema,
        amount: moneySchema,
        repaid: moneySchema.meta({ description: 'How much of it paid what late deliveries had left owed.' }),
        reference: z.string(),
      })
      .meta({ id: 'TopUp' }),
  },
  refusals: ['currency_mismatch', 'reference_reused'],
  handler: async ({ scope, body }) => {
    const credited = await topUp(scope, body)
    if (!credited.ok) return credited
    const { id, amount, repaid, reference } = credited.value
    return answer(201, { id, amount, repaid, reference })
  },
})
