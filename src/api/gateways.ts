import { z } from 'zod'
import {
  connectGateway,
  GATEWAY_NAMES,
  GATEWAYS,
  type GatewayConnection,
  listGatewayEvents,
  listGateways,
  OUTCOMES,
  removeGateway,
  rotateGateway,
  setLinkMaker,
} from '../payments/index.ts'
import { isUuid } from '../platform/ids.ts'
import { moneyJson } from '../platform/money.ts'
import { refuse } from '../platform/result.ts'
import type { ApiHouse } from './house.ts'
import { pageBody, pageQuery, pageSchema, readPage } from './paging.ts'
import { answer, defineRoute } from './route.ts'
import { idSchema, instantSchema, moneySchema, nameText } from './schemas.ts'

const NAME_MAX_CHARS = 200
const NOT_FOUND = refuse('not_found', 'There is no such payment gateway.')

const inputOf = <Name extends keyof typeof GATEWAYS>(provider: Name) =>
  z.strictObject({
    provider: z.literal(provider),
    name: nameText(NAME_MAX_CHARS),
    config: GATEWAYS[provider].configSchema,
  })

const gatewayInput = z
  .discriminatedUnion('provider', [
    inputOf('midtrans'),
    inputOf('xendit'),
    inputOf('razorpay'),
    inputOf('stripe'),
  ])
  .meta({
    id: 'PaymentGatewayInput',
    description: 'A payment gateway. Secrets are encrypted and never shown again.',
  })

const gatewaySchema = z
  .strictObject({
    id: idSchema,
    provider: z.enum(GATEWAY_NAMES),
    name: z.string(),
    config: z.record(z.string(), z.string()),
    webhook_url: z.string().meta({ description: 'Enter this address at the gateway.' }),
    events: z.record(z.string(), z.int()).meta({
      description:
        'How many webhooks came to what: recorded, known, noted, nothing, unknown_invoice, refused.',
    }),
    makes_links: z.boolean().meta({ description: 'Whether it makes the links by which invoices are paid.' }),
    created_at: instantSchema,
    rotated_at: instantSchema.nullable(),
  })
  .meta({ id: 'PaymentGateway' })

const eventSchema = z
  .strictObject({
    id: idSchema,
    event_id: z.string(),
    kind: z.string(),
    says: z.string().meta({ description: 'The gateway’s own word.' }),
    payment_id: z.string().nullable(),
    reference: z.string().nullable(),
    amount: moneySchema.nullable(),
    outcome: z.enum(OUTCOMES),
    detail: z.string().nullable(),
    invoice_id: idSchema.nullable(),
    received_at: instantSchema,
  })
  .meta({ id: 'PaymentGatewayEvent' })

export const getGateways = defineRoute({
  method: 'get',
  path: '/v1/payment-gateways',
  tag: 'Payments',
  summary: 'Payment gateways, newest first, and the address to paste at each',
  permission: 'gateways.read',
  responses: { 200: z.strictObject({ data: z.array(gatewaySchema) }) },
  refusals: [],
  handler: async ({ scope, house }) => {
    const connections = await listGateways(scope)
    return answer(200, { data: connections.map((one) => showGateway(one, house)) })
  },
})

export const postGateway = defineRoute({
  method: 'post',
  path: '/v1/payment-gateways',
  tag: 'Payments',
  summary: 'Connects a payment gateway: what is paid there stops the reminders here',
  permission: 'gateways.write',
  body: gatewayInput,
  responses: { 201: gatewaySchema },
  refusals: [],
  handler: async ({ scope, body, house }) => {
    const connected = await connectGateway(scope, house.secrets, body)
    return connected.ok ? answer(201, showGateway(connected.value, house)) : connected
  },
})

export const postRotation = defineRoute({
  method: 'post',
  path: '/v1/payment-gateways/{id}/rotation',
  tag: 'Payments',
  summary: 'Replaces the secrets; the webhook secret before counts for another day',
  permission: 'gateways.write',
  body: z.strictObject({ config: z.record(z.string().max(100), z.string().max(4096)) }),
  responses: { 200: gatewaySchema },
  refusals: ['not_found'],
  handler: async ({ scope, params, body, house }) => {
    if (!isUuid(params.id)) return NOT_FOUND
    const rotated = await rotateGateway(scope, house.secrets, params.id, body.config)
    return rotated.ok ? answer(200, showGateway(rotated.value, house)) : rotated
  },
})

export const putLinks = defineRoute({
  method: 'put',
  path: '/v1/payment-gateways/{id}/links',
  tag: 'Payments',
  summary: 'Lets this gateway make the payment links of invoices, or no longer; one of a workspace does',
  permission: 'gateways.write',
  body: z.strictObject({ enabled: z.boolean() }).meta({ id: 'LinkMakerInput' }),
  responses: { 200: gatewaySchema },
  refusals: ['not_found'],
  handler: async ({ scope, params, body, house }) => {
    if (!isUuid(params.id)) return NOT_FOUND
    const set = await setLinkMaker(scope, house.secrets, params.id, body.enabled)
    return set.ok ? answer(200, showGateway(set.value, house)) : set
  },
})

export const deleteGateway = defineRoute({
  method: 'delete',
  path: '/v1/payment-gateways/{id}',
  tag: 'Payments',
  summary: 'Takes a gateway away; what it has told stays',
  permission: 'gateways.write',
  responses: { 204: null },
  refusals: ['not_found'],
  handler: async ({ scope, params }) => {
    if (!isUuid(params.id)) return NOT_FOUND
    const removed = await removeGateway(scope, params.id)
    return removed.ok ? answer(204) : removed
  },
})

export const getGatewayEvents = defineRoute({
  method: 'get',
  path: '/v1/payment-gateways/{id}/events',
  tag: 'Payments',
  summary: 'What a gateway has told and what became of it, newest first',
  permission: 'gateways.read',
  query: z.strictObject({ ...pageQuery, outcome: z.enum(OUTCOMES).optional() }),
  responses: { 200: pageSchema(eventSchema) },
  refusals: ['not_found'],
  handler: async ({ scope, params, query }) => {
    if (!isUuid(params.id) || !(await listGateways(scope)).some(({ id }) => id === params.id))
      return NOT_FOUND
    const page = await listGatewayEvents(scope, params.id, readPage(query, z.uuid()), query.outcome)
    return answer(
      200,
      pageBody(page, (event) => ({
        id: event.id,
        event_id: event.eventId,
        kind: event.kind,
        says: event.says,
        payment_id: event.paymentId,
        reference: event.reference,
        amount:
          event.amountMinor === null || event.currency === null
            ? null
            : moneyJson(event.amountMinor, event.currency),
        outcome: event.outcome,
        detail: event.detail,
        invoice_id: event.invoiceId,
        received_at: event.receivedAt,
      })),
    )
  },
})

function showGateway(connection: GatewayConnection, house: ApiHouse) {
  return {
    id: connection.id,
    provider: connection.provider,
    name: connection.name,
    config: { ...connection.config },
    webhook_url: `${house.publicUrl ?? ''}/webhooks/payments/${connection.id}`,
    events: { ...connection.outcomes },
    makes_links: connection.makesLinks,
    created_at: connection.createdAt,
    rotated_at: connection.rotatedAt,
  }
}
