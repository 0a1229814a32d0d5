import { z } from 'zod'
import { moneyJson } from '../platform/money.ts'
import { auditWorkspace } from '../reports/index.ts'
import { listTransfers, TRANSFER_KINDS, type Transfer } from '../wallet/index.ts'
import { pageBody, pageQuery, pageSchema, readPage } from './paging.ts'
import { answer, defineRoute } from './route.ts'
import { idSchema, instantSchema, moneySchema } from './schemas.ts'

const ACCOUNTS = ['funding', 'wallet', 'hold', 'spent', 'adjustment', 'receivable'] as const
const PLACE = z.tuple([z.string().regex(/^\d{1,19}$/), z.uuid()])

const transferSchema = z
  .strictObject({
    id: idSchema,
    kind: z.enum(TRANSFER_KINDS),
    amount: moneySchema,
    from: z.enum(ACCOUNTS),
    to: z.enum(ACCOUNTS),
    campaign_id: idSchema.nullable(),
    items: z.int().min(1).meta({ description: 'For how many messages, where it is about messages.' }),
    reference: z.string().nullable(),
    reason: z.string().nullable(),
    actor: z.string().meta({ description: 'Whose act it was: a key, or a part of the program.' }),
    created_at: instantSchema,
  })
  .meta({ id: 'Transfer' })

export const getTransfers = defineRoute({
  method: 'get',
  path: '/v1/wallet/transfers',
  tag: 'Wallet',
  summary: 'Every movement of money and what caused it, newest first',
  permission: 'wallet.read',
  query: z.strictObject({ ...pageQuery, campaign_id: z.uuid().optional() }),
  responses: { 200: pageSchema(transferSchema) },
  refusals: [],
  handler: async ({ scope, query }) => {
    const page = await listTransfers(scope, { ...readPage(query, PLACE), campaignId: query.campaign_id })
    return answer(200, pageBody(page, showTransfer))
  },
})

function showTransfer(transfer: Transfer): z.output<typeof transferSchema> {
  const { id, kind, from, to, items, reference, reason, actor } = transfer
  return {
    id,
    kind,
    amount: moneyJson(transfer.amountMinor, transfer.currency),
    from,
    to,
    campaign_id: transfer.campaignId,
    items,
    reference,
    reason,
    actor,
    created_at: transfer.createdAt,
  }
}

const checkSchema = z
  .strictObject({
    name: z.string(),
    says: z.string().meta({ description: 'What must hold, in a sentence.' }),
    ok: z.boolean(),
    figures: z
      .record(z.string(), z.union([z.string(), z.number()]))
      .meta({ description: 'Counts, and amounts as decimals in the workspace’s currency.' }),
    differences: z.array(z.string()).meta({ description: 'What does not hold, by name; the first of them.' }),
  })
  .meta({ id: 'AuditCheck' })

export const getWalletAudit = defineRoute({
  method: 'get',
  path: '/v1/wallet/audit',
  tag: 'Wallet',
  summary: 'Recomputes the books from the ground: every invariant with its figures',
  permission: 'audit.read',
  responses: { 200: z.strictObject({ ok: z.boolean(), checks: z.array(checkSchema) }).meta({ id: 'Audit' }) },
  refusals: [],
  handler: async ({ scope }) => answer(200, await auditWorkspace(scope)),
})
