import { z } from 'zod'
import {
  addEndpoint,
  type Endpoint,
  listDeliveries,
  listEndpoints,
  NOTICE_NAMES,
  ping,
  replayDelivery,
  rotateSecret,
  setEndpointState,
} from '../notices/index.ts'
import { isUuid } from '../platform/ids.ts'
import { refuse } from '../platform/result.ts'
import { pageBody, pageQuery, pageSchema, readPage } from './paging.ts'
import { answer, defineRoute } from './route.ts'
import { idSchema, instantSchema } from './schemas.ts'

const NOT_FOUND = refuse('not_found', 'There is no such endpoint.')
const typesSchema = z
  .array(z.enum(NOTICE_NAMES))
  .max(NOTICE_NAMES.length)
  .meta({ description: 'Of what to tell; of everything where it is empty.' })

const endpointSchema = z
  .strictObject({
    id: idSchema,
    kind: z.enum(['webhook', 'email']),
    target: z.string(),
    types: typesSchema,
    state: z.enum(['active', 'disabled']),
    disabled_reason: z.string().nullable(),
    created_at: instantSchema,
  })
  .meta({ id: 'NoticeEndpoint' })

const newEndpointSchema = endpointSchema
  .extend({
    secret: z
      .string()
      .nullable()
      .meta({ description: 'Shown this once: verify webhooks with it (Standard Webhooks 1.0).' }),
  })
  .meta({ id: 'NewNoticeEndpoint' })

const deliverySchema = z
  .strictObject({
    id: idSchema,
    notice_id: idSchema.meta({ description: 'The webhook-id; the same in every try.' }),
    type: z.enum(NOTICE_NAMES),
    state: z.enum(['waiting', 'delivered', 'failed']),
    attempts: z.int(),
    try_at: instantSchema,
    last_status: z.int().nullable(),
    last_error: z.string().nullable(),
    last_at: instantSchema.nullable(),
    created_at: instantSchema,
  })
  .meta({ id: 'NoticeDelivery' })

export const getEndpoints = defineRoute({
  method: 'get',
  path: '/v1/notice-endpoints',
  tag: 'Notices',
  summary: 'Who is told of events: webhooks and mail addresses',
  permission: 'notices.read',
  responses: { 200: z.strictObject({ data: z.array(endpointSchema) }) },
  refusals: [],
  handler: async ({ scope }) => answer(200, { data: (await listEndpoints(scope)).map(showEndpoint) }),
})

export const postEndpoint = defineRoute({
  method: 'post',
  path: '/v1/notice-endpoints',
  tag: 'Notices',
  summary: 'Tells somebody of events from now on',
  description:
    'Webhooks follow Standard Webhooks 1.0 (`webhook-id`, `webhook-timestamp`, `webhook-signature`) and go to https ' +
    'addresses of the public Internet. Tried again after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h and 10 h; 410 disables.',
  permission: 'notices.write',
  body: z
    .discriminatedUnion('kind', [
      z.strictObject({
        kind: z.literal('webhook'),
        target: z.string().max(2_000),
        types: typesSchema.optional(),
      }),
      z.strictObject({ kind: z.literal('email'), target: z.email().max(254), types: typesSchema.optional() }),
    ])
    .meta({ id: 'NoticeEndpointInput' }),
  responses: { 201: newEndpointSchema },
  refusals: [],
  confidential: true,
  handler: async ({ scope, body, house }) => {
    const added = await addEndpoint(scope, house.secrets, { ...body, types: body.types ?? [] })
    if (!added.ok) return added
    return answer(201, { ...showEndpoint(added.value.endpoint), secret: added.value.secret })
  },
})

export const postEndpointRotation = defineRoute({
  method: 'post',
  path: '/v1/notice-endpoints/{id}/rotation',
  tag: 'Notices',
  summary: 'Makes a new secret; for a day webhooks are signed with the old one as well',
  permission: 'notices.write',
  responses: { 200: newEndpointSchema },
  refusals: ['not_found', 'wrong_state'],
  confidential: true,
  handler: async ({ scope, params, house }) => {
    if (!isUuid(params.id)) return NOT_FOUND
    const rotated = await rotateSecret(scope, house.secrets, params.id)
    if (!rotated.ok) return rotated
    return answer(200, { ...showEndpoint(rotated.value.endpoint), secret: rotated.value.secret })
  },
})

export const deleteEndpoint = defineRoute({
  method: 'delete',
  path: '/v1/notice-endpoints/{id}',
  tag: 'Notices',
  summary: 'Tells them nothing any more',
  permission: 'notices.write',
  responses: { 204: null },
  refusals: ['not_found'],
  handler: async ({ scope, params }) => {
    if (!isUuid(params.id)) return NOT_FOUND
    const removed = await setEndpointState(scope, params.id, 'removed')
    return removed.ok ? answer(204) : removed
  },
})

export const postEndpointEnabling = defineRoute({
  method: 'post',
  path: '/v1/notice-endpoints/{id}/enabling',
  tag: 'Notices',
  summary: 'Enables one that was disabled because nobody answered',
  permission: 'notices.write',
  responses: { 204: null },
  refusals: ['not_found'],
  handler: async ({ scope, params }) => {
    if (!isUuid(params.id)) return NOT_FOUND
    const enabled = await setEndpointState(scope, params.id, 'active')
    return enabled.ok ? answer(204) : enabled
  },
})

export const postEndpointTest = defineRoute({
  method: 'post',
  path: '/v1/notice-endpoints/{id}/test',
  tag: 'Notices',
  summary: 'Sends a notice of type `ping`',
  permission: 'notices.write',
  responses: { 202: z.strictObject({ notice_id: idSchema }) },
  refusals: ['not_found'],
  handler: async ({ scope, params }) => {
    if (!isUuid(params.id)) return NOT_FOUND
    const told = await ping(scope, params.id)
    return told.ok ? answer(202, { notice_id: told.value.noticeId }) : told
  },
})

export const getDeliveries = defineRoute({
  method: 'get',
  path: '/v1/notice-endpoints/{id}/deliveries',
  tag: 'Notices',
  summary: 'What was told, and how it went, newest first',
  permission: 'notices.read',
  query: z.strictObject(pageQuery),
  responses: { 200: pageSchema(deliverySchema) },
  refusals: ['not_found'],
  handler: async ({ scope, params, query }) => {
    if (!isUuid(params.id) || !(await listEndpoints(scope)).some(({ id }) => id === params.id))
      return NOT_FOUND
    const page = await listDeliveries(scope, params.id, readPage(query, z.tuple([instantSchema, z.uuid()])))
    return answer(
      200,
      pageBody(page, (delivery) => ({
        id: delivery.id,
        notice_id: delivery.noticeId,
        type: delivery.type,
        state: delivery.state,
        attempts: delivery.attempts,
        try_at: delivery.tryAt,
        last_status: delivery.lastStatus,
        last_error: delivery.lastError,
        last_at: delivery.lastAt,
        created_at: delivery.createdAt,
      })),
    )
  },
})

export const postReplay = defineRoute({
  method: 'post',
  path: '/v1/notice-deliveries/{id}/replay',
  tag: 'Notices',
  summary: 'Tells it again, under the same id',
  permission: 'notices.write',
  responses: { 202: null },
  refusals: ['not_found', 'wrong_state'],
  handler: async ({ scope, params }) => {
    if (!isUuid(params.id)) return refuse('not_found', 'There is no such delivery.')
    const replayed = await replayDelivery(scope, params.id)
    return replayed.ok ? answer(202) : replayed
  },
})

function showEndpoint(endpoint: Endpoint) {
  return {
    id: endpoint.id,
    kind: endpoint.kind,
    target: endpoint.target,
    types: [...endpoint.types],
    state: endpoint.state,
    disabled_reason: endpoint.disabledReason,
    created_at: endpoint.createdAt,
  }
}
