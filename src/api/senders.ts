import { z } from 'zod'
import { followSender, pauseWithSenders, resumeWithSenders } from '../campaigns/index.ts'
import {
  addSender,
  changeSender,
  channelOf,
  checkSender,
  findSender,
  KEEP_PREVIOUS_HOURS,
  listNotices,
  listSenders,
  type Notice,
  PROVIDERS,
  resumeSender,
  retirePreviousSecrets,
  type Sender,
  type SenderChange,
  stopByHand,
  webhookAddress,
} from '../delivery/index.ts'
import { instant } from '../platform/db.ts'
import { pageOf } from '../platform/page.ts'
import type { Refusal, Result } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import type { ApiHouse } from './house.ts'
import { pageBody, pageQuery, pageSchema, readPage } from './paging.ts'
import { problemOf } from './problem.ts'
import { answer, defineRoute, defineStreamRoute } from './route.ts'
import { idSchema, instantSchema, nameText } from './schemas.ts'

const NAME_MAX_CHARS = 200
const REASON_MAX_CHARS = 500
const KEEP_PREVIOUS_MAX_HOURS = 30 * 24

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
    z.strictObject({
      provider: z.literal('twilio'),
      name: nameText(NAME_MAX_CHARS),
      config: PROVIDERS.twilio.configSchema,
    }),
    z.strictObject({
      provider: z.literal('http_gateway'),
      name: nameText(NAME_MAX_CHARS),
      config: PROVIDERS.http_gateway.configSchema,
    }),
    z.strictObject({
      provider: z.literal('simulator_sms'),
      name: nameText(NAME_MAX_CHARS),
      config: PROVIDERS.simulator_sms.configSchema.optional(),
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
    channel: z.enum(['whatsapp', 'sms']),
    name: z.string(),
    config: z
      .record(z.string(), z.unknown())
      .meta({ description: 'What may be shown of its configuration.' }),
    state: z.enum(['active', 'stopped']),
    stop_reason: z.string().nullable().meta({ description: 'Why it is stopped, and what to do.' }),
    stop_code: z
      .string()
      .nullable()
      .meta({ description: 'The platform’s code; null where a person stopped it.' }),
    stopped_at: instantSchema.nullable(),
    messages_per_second: z.number(),
    lifetime_seconds: z.int(),
    webhook_url: z.string().meta({ description: 'Where the platform reports to. Enter it there.' }),
    previous_secrets_until: instantSchema
      .nullable()
      .meta({ description: 'Until when the secrets before the last change are taken as well.' }),
    checked_at: instantSchema.nullable(),
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
    const { limit, after } = readPage(query, z.tuple([instantSchema, z.uuid()]))
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

export const getSender = defineRoute({
  method: 'get',
  path: '/v1/senders/{id}',
  tag: 'Senders',
  summary: 'A number to send from, and whether it sends',
  permission: 'senders.read',
  responses: { 200: senderSchema },
  refusals: ['not_found'],
  handler: async ({ scope, params, house }) => shown(await findSender(scope, params.id), house),
})

export const patchSender = defineRoute({
  method: 'patch',
  path: '/v1/senders/{id}',
  tag: 'Senders',
  summary: 'Changes a sender; a secret that is replaced stays valid for a while',
  description:
    'Members of `config` that are not given stay. The old `app_secret` and `verify_token` are taken beside the new ones until `previous_secrets_until`, so that no webhook is refused while the platform is told.',
  permission: 'senders.write',
  body: z
    .strictObject({
      name: nameText(NAME_MAX_CHARS).optional(),
      config: z.record(z.string().max(100), z.unknown()).optional(),
      keep_previous_hours: z.int().min(0).max(KEEP_PREVIOUS_MAX_HOURS).optional().meta({
        description: 'How long the secrets that are replaced stay valid.',
        default: KEEP_PREVIOUS_HOURS,
      }),
    })
    .meta({ id: 'SenderChanges' }),
  responses: { 200: senderSchema },
  refusals: ['not_found'],
  handler: async ({ scope, params, body, house }) => {
    const { name, config, keep_previous_hours: keepPreviousHours } = body
    const request = { name, config, keepPreviousHours }
    return shown(await changeSender(scope, house.secrets, params.id, request), house)
  },
})

export const deletePreviousSecrets = defineRoute({
  method: 'delete',
  path: '/v1/senders/{id}/previous-secrets',
  tag: 'Senders',
  summary: 'Gives up the secrets before the last change at once',
  permission: 'senders.write',
  responses: { 200: senderSchema },
  refusals: ['not_found'],
  handler: async ({ scope, params, house }) =>
    shown(await retirePreviousSecrets(scope, house.secrets, params.id), house),
})

export const postSenderPause = defineRoute({
  method: 'post',
  path: '/v1/senders/{id}/pause',
  tag: 'Senders',
  summary: 'Stops a sender, and pauses every campaign that goes out from it',
  permission: 'senders.write',
  body: z.strictObject({ reason: z.string().trim().min(1).max(REASON_MAX_CHARS).optional() }),
  responses: { 200: senderSchema },
  refusals: ['not_found'],
  handler: async ({ scope, params, body, house }) => {
    const reason = body.reason ?? 'stopped by hand'
    return changed(scope, house, params.id, await stopByHand(scope, params.id, reason), pauseWithSenders)
  },
})

export const deleteSenderPause = defineRoute({
  method: 'delete',
  path: '/v1/senders/{id}/pause',
  tag: 'Senders',
  summary: 'Lets a stopped sender go on, and the campaigns that were paused with it; nothing is sent twice',
  permission: 'senders.write',
  responses: { 200: senderSchema },
  refusals: ['not_found'],
  handler: async ({ scope, params, house }) =>
    changed(scope, house, params.id, await resumeSender(scope, params.id), resumeWithSenders),
})

export const postSenderCheck = defineStreamRoute({
  method: 'post',
  path: '/v1/senders/{id}/check',
  tag: 'Senders',
  summary: 'Asks the platform about everything that sending from this number needs',
  description:
    'Token and permissions, number, display name, quality, limits, account, webhook subscription and handshake, app secret, templates, clock: each with how it stands and, where it does not, the mend. Nothing is changed there.',
  permission: 'senders.write',
  responses: {
    200: z
      .strictObject({
        ok: z.boolean().meta({ description: 'Whether nothing failed; a warning is no failure.' }),
        webhook_url: z.string(),
        items: z.array(
          z.strictObject({
            name: z.string(),
            state: z.enum(['passed', 'warned', 'failed']),
            says: z.string(),
            mend: z.string().nullable(),
          }),
        ),
      })
      .meta({ id: 'SenderCheck' }),
  },
  refusals: ['not_found'],
  handler: async ({ cause, params, response, house }) => {
    const checked = await checkSender(
      {
        sql: house.database.sql,
        secrets: house.secrets,
        now: () => house.clock.now(),
        within: (work) => house.database.within(cause, work),
      },
      params.id,
    )
    if (!checked.ok) throw problemOf(checked)
    const { isFit, webhookUrl, items } = checked.value
    const shownItems = items.map((item) => ({ ...item, mend: item.state === 'passed' ? null : item.mend }))
    response.json({ ok: isFit, webhook_url: webhookUrl, items: shownItems })
  },
})

export const getSenderNotices = defineRoute({
  method: 'get',
  path: '/v1/senders/{id}/notices',
  tag: 'Senders',
  summary: 'What the platform reported of the number and its account, newest first',
  permission: 'senders.read',
  query: z.strictObject(pageQuery),
  responses: {
    200: pageSchema(
      z
        .strictObject({
          id: idSchema,
          field: z.string(),
          value: z.unknown().meta({ description: 'As the platform wrote it.' }),
          meaning: z.string().nullable().meta({ description: 'What it means for sending, and what to do.' }),
          occurred_at: instantSchema,
        })
        .meta({ id: 'SenderNotice' }),
    ),
  },
  refusals: ['not_found'],
  handler: async ({ scope, params, query }) => {
    const found = await findSender(scope, params.id)
    if (!found.ok) return found
    const { limit, after } = readPage(query, z.string().regex(/^\d{1,18}$/))
    const rows = await listNotices(scope, params.id, { limit: limit + 1, before: after })
    return answer(
      200,
      pageBody(
        pageOf(rows, limit, (notice) => notice.id),
        showNotice,
      ),
    )
  },
})

function showNotice({ id, field, value, reason, occurredAt }: Notice) {
  return { id, field, value, meaning: reason, occurred_at: instant(occurredAt)! }
}

function shown(found: Result<Sender>, house: ApiHouse) {
  return found.ok ? answer(200, showSender(found.value, house)) : (found as Refusal)
}

async function changed(
  scope: Scope,
  house: ApiHouse,
  id: string,
  change: Result<SenderChange | undefined>,
  tell: (scope: Scope, changes: SenderChange[]) => Promise<void>,
) {
  if (!change.ok) return change
  await followSender(scope, house.nudge, change.value, tell)
  return shown(await findSender(scope, id), house)
}

function showSender(sender: Sender, house: ApiHouse) {
  const { id, provider, name, config, state } = sender
  return {
    id,
    provider,
    channel: channelOf(provider),
    name,
    config,
    state,
    stop_reason: sender.stopReason,
    stop_code: sender.stopCode,
    stopped_at: instant(sender.stoppedAt),
    messages_per_second: sender.messagesPerSecond,
    lifetime_seconds: sender.lifetimeSeconds,
    webhook_url: webhookAddress(house.publicUrl ?? '', channelOf(provider), id),
    previous_secrets_until: instant(sender.previousUntil),
    checked_at: instant(sender.checkedAt),
    created_at: instant(sender.createdAt)!,
  }
}
