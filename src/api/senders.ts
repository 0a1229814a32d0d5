import { z } from 'zod'
import { addSender, listSenders, PROVIDERS, type Sender } from '../delivery/index.ts'
import { instant } from '../platform/db.ts'
import { pageOf } from '../platform/page.ts'
import type { ApiHouse } from './house.ts'
import { pageBody, pageQuery, pageSchema, readPage } from './paging.ts'
import { answer, defineRoute } from './route.ts'
import { idSchema, instantSchema, nameText } from './schemas.ts'

const NAME_MAX_CHARS = 200

const senderInput = z
  .discriminatedUnion('provider', [
    z.strictObject({
      provider: z.literal('simulator'),
      name: nameText(NAME_MAX_CHARS),
      config: PROVIDERS.simulator.configSchema.optional(),
    }),
    z.strictObject({
      provider: z.literal('whatsapp_cloud'),
      name: nameText(NAME_MAX_CHARS),
      config: PROVIDERS.whatsapp_cloud.configSchema,
    }),
  ])
  .meta({
    id: 'SenderInput',
    description: 'A number to send from. Secrets are encrypted and never shown again.',
  })

const senderSchema = z
  .strictObject({
    id: idSchema,
    provider: z.string(),
    name: z.string(),
    config: z
      .record(z.string(), z.unknown())
      .meta({ description: 'What may be shown of its configuration.' }),
    state: z.enum(['active', 'stopped']),
    stop_reason: z.string().nullable(),
    messages_per_second: z.number(),
    lifetime_seconds: z.int(),
    webhook_url: z.string().meta({ description: 'Where the platform reports to. Enter it there.' }),
    created_at: instantSchema,
  })
  .meta({ id: 'Sender' })

export const getSenders = defineRoute({
  method: 'get',
  path: '/v1/senders',
  tag: 'Senders',
  summary: 'Numbers to send from, newest first',
  permission: 'senders.read',
  query: z.strictObject(pageQuery),
  responses: { 200: pageSchema(senderSchema) },
  refusals: [],
  handler: async ({ scope, query, house }) => {
    const { limit, after } = readPage(query, z.tuple([z.iso.datetime(), z.uuid()]))
    const before = after && { createdAt: after[0], id: after[1] }
    const rows = await listSenders(scope, { limit: limit + 1, before })
    const page = pageOf(rows, limit, (sender) => [instant(sender.createdAt), sender.id])
    return answer(
      200,
      pageBody(page, (sender) => showSender(sender, house)),
    )
  },
})

export const postSender = defineRoute({
  method: 'post',
  path: '/v1/senders',
  tag: 'Senders',
  summary: 'Adds a number to send from',
  permission: 'senders.write',
  body: senderInput,
  responses: { 201: senderSchema },
  refusals: [],
  handler: async ({ scope, body, house }) => {
    const added = await addSender(scope, house.secrets, { ...body, config: { ...body.config } })
    return added.ok ? answer(201, showSender(added.value, house)) : added
  },
})

function showSender(sender: Sender, house: ApiHouse) {
  const { id, provider, name, config, state } = sender
  return {
    id,
    provider,
    name,
    config,
    state,
    stop_reason: sender.stopReason,
    messages_per_second: sender.messagesPerSecond,
    lifetime_seconds: sender.lifetimeSeconds,
    webhook_url: `${house.publicUrl ?? ''}/webhooks/whatsapp/${id}`,
    created_at: instant(sender.createdAt)!,
  }
}
