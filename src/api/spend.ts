import { z } from 'zod'
import { moneyJson } from '../platform/money.ts'
import { readSpend } from '../reports/index.ts'
import { findWorkspace } from '../workspaces/index.ts'
import { answer, defineRoute } from './route.ts'
import { moneySchema } from './schemas.ts'

const DAYS = 30
const MOST_DAYS = 366

export const getSpend = defineRoute({
  method: 'get',
  path: '/v1/wallet/spend',
  tag: 'Wallet',
  summary: 'What was spent a day and category, from the ledger, oldest first',
  permission: 'wallet.read',
  query: z.strictObject({
    days: z.coerce.number().int().min(1).max(MOST_DAYS).default(DAYS).meta({ description: 'How far back.' }),
  }),
  responses: {
    200: z
      .strictObject({
        data: z.array(
          z.strictObject({
            day: z.iso.date().meta({ description: 'In the workspace’s time zone.' }),
            category: z.string(),
            amount: moneySchema.meta({ description: 'Less what was refunded on that day.' }),
            messages: z.int().min(0),
          }),
        ),
      })
      .meta({ id: 'Spend' }),
  },
  refusals: [],
  handler: async ({ scope, query }) => {
    const { currency, timeZone } = await findWorkspace(scope)
    const spent = await readSpend(scope, { days: query.days, timeZone })
    const data = spent.map(({ amountMinor, ...rest }) => ({
      ...rest,
      amount: moneyJson(amountMinor, currency),
    }))
    return answer(200, { data })
  },
})
