import { z } from 'zod'
import { findCampaign } from '../campaigns/index.ts'
import { MESSAGE_STATES } from '../delivery/index.ts'
import { instant } from '../platform/db.ts'
import { moneyJson } from '../platform/money.ts'
import { listMessages, type MessageLine } from '../reports/index.ts'
import { findWorkspace } from '../workspaces/index.ts'
import { pageBody, pageQuery, pageSchema, readPage } from './paging.ts'
import { answer, defineRoute } from './route.ts'
import { idSchema, instantSchema, moneySchema } from './schemas.ts'

/** A place among a campaign’s messages, as a cursor bears it. */
export const MESSAGE_PLACE = z.tuple([z.int().min(0).max(2_147_483_647), z.string().regex(/^[1-9]\d{0,17}$/)])

const messageSchema = z
  .strictObject({
    id: idSchema,
    contact_id: idSchema,
    phone: z.string().nullable().meta({ description: 'Null once the contact is erased.' }),
    state: z.enum(MESSAGE_STATES),
    price: moneySchema.meta({ description: 'As the quote froze it.' }),
    charged: moneySchema,
    explanation: z.string().meta({ description: 'What happened and what it cost, in a sentence.' }),
    attempts: z.int().min(0),
    provider_message_id: z.string().nullable(),
    error: z.strictObject({ code: z.string(), detail: z.string().nullable() }).optional(),
    fallback: z
      .strictObject({
        id: idSchema,
        campaign_id: idSchema,
        state: z.enum(MESSAGE_STATES),
        charged: moneySchema,
      })
      .optional()
      .meta({ description: 'The SMS that took its place, once this one had failed.' }),
    sent_at: instantSchema.nullable(),
    delivered_at: instantSchema.nullable(),
    read_at: instantSchema.nullable(),
  })
  .meta({ id: 'Message' })

export const getMessages = defineRoute({
  method: 'get',
  path: '/v1/campaigns/{id}/messages',
  tag: 'Campaigns',
  summary: 'What became of each recipient’s message, and what it cost',
  permission: 'campaigns.read',
  query: z.strictObject({ ...pageQuery, state: z.enum(MESSAGE_STATES).optional() }),
  responses: { 200: pageSchema(messageSchema) },
  refusals: ['not_found'],
  handler: async ({ scope, params, query }) => {
    const found = await findCampaign(scope, params.id)
    if (!found.ok) return found
    const { currency, timeZone } = await findWorkspace(scope)
    const request = { ...readPage(query, MESSAGE_PLACE), campaignId: params.id, state: query.state, timeZone }
    return answer(
      200,
      pageBody(await listMessages(scope, request), (line) => showMessage(line, currency)),
    )
  },
})

function showMessage(line: MessageLine, currency: string): z.output<typeof messageSchema> {
  return {
    id: line.id,
    contact_id: line.contactId,
    phone: line.phone,
    state: line.state as (typeof MESSAGE_STATES)[number],
    price: moneyJson(line.priceMinor, currency),
    charged: moneyJson(line.chargedMinor, currency),
    ...(line.fallback === null
      ? {}
      : {
          fallback: {
            id: line.fallback.id,
            campaign_id: line.fallback.campaignId,
            state: line.fallback.state as (typeof MESSAGE_STATES)[number],
            charged: moneyJson(line.fallback.chargedMinor, currency),
          },
        }),
    explanation: line.explanation,
    attempts: line.attempts,
    provider_message_id: line.providerMessageId,
    ...(line.error && { error: line.error }),
    sent_at: instant(line.sentAt),
    delivered_at: instant(line.deliveredAt),
    read_at: instant(line.readAt),
  }
}
