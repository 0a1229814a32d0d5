import { z } from 'zod'
import { findPolicy, setPolicy } from '../campaigns/index.ts'
import { moneyJson } from '../platform/money.ts'
import { readBalance, topUp } from '../wallet/index.ts'
import { findWorkspace } from '../workspaces/index.ts'
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
        owed: moneySchema.meta({ description: 'What late deliveries cost beyond the balance.' }),
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
  summary: 'Credits the wallet, once for each reference',
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
    201: z.strictObject({ id: idSchema, amount: moneySchema, reference: z.string() }).meta({ id: 'TopUp' }),
  },
  refusals: ['currency_mismatch', 'reference_reused'],
  handler: async ({ scope, body }) => {
    const credited = await topUp(scope, body)
    if (!credited.ok) return credited
    const { id, amount, reference } = credited.value
    return answer(201, { id, amount, reference })
  },
})

const SHARE_UNITS = 10_000
const shareSchema = z
  .number()
  .min(0)
  .max(1)
  .refine((share) => Math.abs(share * SHARE_UNITS - Math.round(share * SHARE_UNITS)) < 1e-9, {
    message: 'must have at most four decimals.',
  })
const MOST_RECIPIENTS = 2_147_483_647

const policySchema = z
  .strictObject({
    max_amount: moneySchema.nullable(),
    max_share_of_available: shareSchema.nullable(),
    max_recipients: z.int().min(0).max(MOST_RECIPIENTS).nullable(),
  })
  .meta({
    id: 'ApprovalPolicy',
    description: 'Above any of these a campaign needs a second person; null sets no limit.',
  })

export const getPolicy = defineRoute({
  method: 'get',
  path: '/v1/approval-policy',
  tag: 'Approval',
  summary: 'When a campaign needs approval',
  permission: 'policy.read',
  responses: { 200: policySchema },
  refusals: [],
  handler: async ({ scope }) => {
    const { currency } = await findWorkspace(scope)
    return answer(200, showPolicy(await findPolicy(scope), currency))
  },
})

export const putPolicy = defineRoute({
  method: 'put',
  path: '/v1/approval-policy',
  tag: 'Approval',
  summary: 'Sets when a campaign needs approval, as a new version of the policy',
  permission: 'policy.write',
  body: policySchema.partial().meta({ id: 'ApprovalPolicyInput' }),
  responses: { 200: policySchema },
  refusals: ['currency_mismatch'],
  handler: async ({ scope, body }) => {
    const set = await setPolicy(scope, {
      maxAmount: body.max_amount,
      maxShareOfAvailable: body.max_share_of_available,
      maxRecipients: body.max_recipients,
    })
    if (!set.ok) return set
    const { currency } = await findWorkspace(scope)
    return answer(200, showPolicy(set.value, currency))
  },
})

function showPolicy(policy: Awaited<ReturnType<typeof findPolicy>>, currency: string) {
  const { maxAmountMinor, maxShareOfAvailable, maxRecipients } = policy
  return {
    max_amount: maxAmountMinor === null ? null : moneyJson(maxAmountMinor, currency),
    max_share_of_available: maxShareOfAvailable === null ? null : Number(maxShareOfAvailable) / SHARE_UNITS,
    max_recipients: maxRecipients,
  }
}
