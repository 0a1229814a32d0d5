import { z } from 'zod'
import { listLinks, type PaymentLink, wantLink } from '../payments/index.ts'
import { moneyJson } from '../platform/money.ts'
import { findInvoice } from '../reminders/index.ts'
import { answer, defineRoute } from './route.ts'
import { idSchema, instantSchema, moneySchema } from './schemas.ts'

const linkSchema = z
  .strictObject({
    id: idSchema,
    gateway_id: idSchema,
    reference: z.string().meta({ description: 'By which the gateway knows it.' }),
    amount: moneySchema.meta({ description: 'What was owed when it was asked for.' }),
    state: z.enum(['wanted', 'made', 'failed']),
    url: z.string().nullable(),
    detail: z.string().nullable().meta({ description: 'Why it is not made, or not yet.' }),
    created_at: instantSchema,
    made_at: instantSchema.nullable(),
  })
  .meta({ id: 'PaymentLink' })

export const getPaymentLinks = defineRoute({
  method: 'get',
  path: '/v1/invoices/{id}/payment-links',
  tag: 'Payments',
  summary: 'The links made for an invoice, newest first',
  permission: 'invoices.read',
  responses: { 200: z.strictObject({ data: z.array(linkSchema) }) },
  refusals: ['not_found'],
  handler: async ({ scope, params }) => {
    const found = await findInvoice(scope, { invoiceId: params.id })
    if (!found.ok) return found
    return answer(200, { data: (await listLinks(scope, found.value.id)).map(showLink) })
  },
})

export const postPaymentLink = defineRoute({
  method: 'post',
  path: '/v1/invoices/{id}/payment-links',
  tag: 'Payments',
  summary:
    'Has a link made for what is owed of an invoice now; the one there is for that amount is given again',
  permission: 'invoices.write',
  body: z.strictObject({}),
  responses: { 202: linkSchema },
  refusals: ['not_found', 'wrong_state', 'no_link_maker'],
  handler: async ({ scope, params }) => {
    const wanted = await wantLink(scope, params.id)
    return wanted.ok ? answer(202, showLink(wanted.value)) : wanted
  },
})

function showLink(link: PaymentLink): z.output<typeof linkSchema> {
  return {
    id: link.id,
    gateway_id: link.gatewayId,
    reference: link.reference,
    amount: moneyJson(link.amountMinor, link.currency),
    state: link.state,
    url: link.url,
    detail: link.detail,
    created_at: link.createdAt,
    made_at: link.madeAt,
  }
}
