import { z } from 'zod'
import { findTemplateAccount } from '../delivery/index.ts'
import { pageOf } from '../platform/page.ts'
import {
  type FetchState,
  fetchState,
  findTemplate,
  type PlatformTemplate,
  platformTemplatesOf,
  requestFetch,
  submitTemplate,
  templatesOfAccount,
  withdrawTemplate,
} from '../templates/index.ts'
import { pageBody, pageQuery, pageSchema, readPage } from './paging.ts'
import { answer, defineRoute } from './route.ts'
import { idSchema, instantSchema } from './schemas.ts'

const TTL_SECONDS_MAX = 2_592_000

const category = z.enum(['marketing', 'utility', 'authentication'])

const platformTemplateSchema = z
  .strictObject({
    id: idSchema,
    template_id: idSchema.nullable().meta({ description: 'Which of your templates it is, if any.' }),
    business_account_id: z.string(),
    sender_id: idSchema.nullable(),
    platform_id: z.string().nullable(),
    name: z.string(),
    language: z.string(),
    status: z.string().meta({
      description:
        'submitting, not_taken, pending, in_appeal, approved, flagged, archived, limit_exceeded, paused, locked, rejected, disabled, pending_deletion or deleted.',
    }),
    status_at: instantSchema.nullable(),
    sendable: z.boolean().meta({ description: 'Whether campaigns with it may be sent now.' }),
    detail: z.string().meta({ description: 'How it stands and what to do, in a sentence.' }),
    reason: z.string().nullable().meta({ description: 'The platform’s own words.' }),
    category,
    coming_category: category.nullable().meta({ description: 'Announced by the platform.' }),
    coming_category_at: instantSchema.nullable(),
    quality: z.string().nullable(),
    parameter_format: z.enum(['named', 'positional']),
    message_send_ttl_seconds: z.int().nullable(),
    wish: z
      .enum(['submit', 'delete'])
      .nullable()
      .meta({ description: 'What the platform is still to be told.' }),
  })
  .meta({ id: 'PlatformTemplate', description: 'A template as it stands on a WhatsApp Business account.' })

export const postTemplateSubmission = defineRoute({
  method: 'post',
  path: '/v1/templates/{id}/submit',
  tag: 'Templates',
  summary: 'Submits a template to the business account of a sender, for its approval',
  description:
    'Answered once it is written down; the platform is told within seconds and decides in minutes, or within a day. Follow it at GET /v1/templates/{id}/platform.',
  permission: 'templates.write',
  body: z.strictObject({
    sender_id: idSchema,
    parameter_format: z.enum(['named', 'positional']).optional(),
    message_send_ttl_seconds: z.int().min(30).max(TTL_SECONDS_MAX).nullable().optional().meta({
      description:
        'How long WhatsApp tries to deliver, after which a message is dropped and its money comes back: 30 seconds to 12 hours for utility (12 hours by default), 12 hours to 30 days for marketing. null for WhatsApp’s own 30 days.',
    }),
  }),
  responses: { 202: platformTemplateSchema },
  refusals: ['not_found', 'sender_without_templates', 'wrong_state'],
  handler: async ({ scope, params, body }) => {
    const account = await findTemplateAccount(scope, body.sender_id)
    if (!account.ok) return account
    const submitted = await submitTemplate(scope, params.id, {
      ...account.value,
      parameterFormat: body.parameter_format,
      ttlSeconds: body.message_send_ttl_seconds,
    })
    return submitted.ok ? answer(202, showPlatformTemplate(submitted.value)) : submitted
  },
})

export const getTemplatePlatform = defineRoute({
  method: 'get',
  path: '/v1/templates/{id}/platform',
  tag: 'Templates',
  summary: 'How a template stands on every business account that knows it',
  permission: 'templates.read',
  responses: { 200: z.strictObject({ data: z.array(platformTemplateSchema) }) },
  refusals: ['not_found'],
  handler: async ({ scope, params }) => {
    const found = await findTemplate(scope, params.id)
    if (!found.ok) return found
    const rows = await platformTemplatesOf(scope, [params.id])
    return answer(200, { data: rows.map(showPlatformTemplate) })
  },
})

export const deleteTemplatePlatform = defineRoute({
  method: 'delete',
  path: '/v1/templates/{id}/platform/{sender_id}',
  tag: 'Templates',
  summary: 'Deletes a template from the business account of a sender',
  description:
    'The platform is told within seconds. What is scheduled with it pauses; its name stays taken for 30 days.',
  permission: 'templates.write',
  responses: { 202: platformTemplateSchema },
  refusals: ['not_found', 'sender_without_templates'],
  handler: async ({ scope, params }) => {
    const account = await findTemplateAccount(scope, params.sender_id)
    if (!account.ok) return account
    const withdrawn = await withdrawTemplate(scope, params.id, account.value)
    return withdrawn.ok ? answer(202, showPlatformTemplate(withdrawn.value)) : withdrawn
  },
})

export const getSenderTemplates = defineRoute({
  method: 'get',
  path: '/v1/senders/{id}/templates',
  tag: 'Senders',
  summary: 'Every template that is known of a sender’s business account, by name',
  permission: 'templates.read',
  query: z.strictObject(pageQuery),
  responses: { 200: pageSchema(platformTemplateSchema) },
  refusals: ['not_found', 'sender_without_templates'],
  handler: async ({ scope, params, query }) => {
    const account = await findTemplateAccount(scope, params.id)
    if (!account.ok) return account
    const { limit, after } = readPage(query, z.tuple([z.string(), z.string()]))
    const rows = await templatesOfAccount(scope, account.value.accountId, { limit: limit + 1, after })
    const page = pageOf(rows, limit, ({ name, language }) => [name, language] as const)
    return answer(200, pageBody(page, showPlatformTemplate))
  },
})

const fetchSchema = z
  .strictObject({
    state: z.enum(['never', 'asked', 'done', 'failing']),
    fetched_at: instantSchema.nullable(),
    found: z.int().nullable(),
    problem: z.string().nullable().meta({ description: 'Why the platform did not answer, and what to do.' }),
  })
  .meta({ id: 'TemplateSync' })

export const postTemplateSync = defineRoute({
  method: 'post',
  path: '/v1/senders/{id}/template-sync',
  tag: 'Senders',
  summary: 'Fetches the templates of a sender’s business account',
  description:
    'Answered at once; done within seconds, and again every six hours. Templates of yours that were made there by hand are recognised by name, language and words.',
  permission: 'templates.write',
  responses: { 202: fetchSchema },
  refusals: ['not_found', 'sender_without_templates'],
  handler: async ({ scope, params }) => {
    const account = await findTemplateAccount(scope, params.id)
    if (!account.ok) return account
    const asked = await requestFetch(scope, account.value)
    return asked.ok ? answer(202, showFetch(asked.value)) : asked
  },
})

export const getTemplateSync = defineRoute({
  method: 'get',
  path: '/v1/senders/{id}/template-sync',
  tag: 'Senders',
  summary: 'How the fetching of a sender’s templates stands',
  permission: 'templates.read',
  responses: { 200: fetchSchema },
  refusals: ['not_found', 'sender_without_templates'],
  handler: async ({ scope, params }) => {
    const account = await findTemplateAccount(scope, params.id)
    return account.ok ? answer(200, showFetch(await fetchState(scope, account.value.accountId))) : account
  },
})

function showFetch({ state, fetchedAt, found, problem }: FetchState) {
  return { state, fetched_at: fetchedAt, found, problem }
}

/** Before the platform has said anything its clock stands at the beginning. */
const NEVER = '1970-01-01T00:00:00.000Z'

function showPlatformTemplate(row: PlatformTemplate) {
  return {
    id: row.id,
    template_id: row.templateId,
    business_account_id: row.accountId,
    sender_id: row.senderId,
    platform_id: row.platformId,
    name: row.name,
    language: row.language,
    status: row.status,
    status_at: row.statusAt === NEVER ? null : row.statusAt,
    sendable: row.sendable,
    detail: row.sentence,
    reason: row.reason,
    category: row.category,
    coming_category: row.comingCategory,
    coming_category_at: row.comingCategoryAt,
    quality: row.quality,
    parameter_format: row.parameterFormat,
    message_send_ttl_seconds: row.ttlSeconds,
    wish: row.wish,
  }
}
