import { z } from 'zod'
import type { Scope } from '../platform/scope.ts'
import {
  type AuditEvent,
  changeWorkspace,
  findWorkspace,
  LANGUAGES,
  listEvents,
  type Workspace,
} from '../workspaces/index.ts'
import { pageBody, pageQuery, pageSchema, readPage } from './paging.ts'
import { answer, defineRoute } from './route.ts'
import { idSchema, instantSchema, nameText, roleSchema } from './schemas.ts'

const NAME_MAX_CHARS = 200
const ZONE_MAX_CHARS = 64

const workspaceSchema = z
  .strictObject({
    id: idSchema,
    name: z.string(),
    currency: z.string(),
    time_zone: z.string(),
    default_country: z.string(),
    language: z.enum(LANGUAGES).nullable().meta({
      description: 'What the console speaks to whoever has chosen nothing; null for each browser’s own.',
    }),
    frozen_at: instantSchema.nullable().meta({ description: 'Since when nothing new is reserved.' }),
    frozen_reason: z.string().nullable(),
    created_at: instantSchema,
    role: roleSchema,
  })
  .meta({ id: 'Workspace' })

export const getWorkspace = defineRoute({
  method: 'get',
  path: '/v1/workspace',
  tag: 'Workspace',
  summary: 'The workspace of this key, and the key’s role in it',
  permission: 'workspace.read',
  responses: { 200: workspaceSchema },
  refusals: [],
  handler: async ({ scope }) => answer(200, showWorkspace(await findWorkspace(scope), scope)),
})

export const patchWorkspace = defineRoute({
  method: 'patch',
  path: '/v1/workspace',
  tag: 'Workspace',
  summary: 'Changes the workspace’s name, zone or language; its currency stays for good',
  description:
    'Prices, allowances and reminders go by the new zone’s days from now on; what has its own zone or moment keeps it.',
  permission: 'workspace.write',
  body: z
    .strictObject({
      name: nameText(NAME_MAX_CHARS).optional(),
      time_zone: z
        .string()
        .max(ZONE_MAX_CHARS)
        .optional()
        .meta({
          description: 'An IANA time zone.',
          examples: ['Asia/Jakarta'],
        }),
      language: z.enum(LANGUAGES).nullable().optional().meta({
        description: 'What the console speaks to whoever has chosen nothing; null for each browser’s own.',
      }),
    })
    .meta({ id: 'WorkspaceChanges' }),
  responses: { 200: workspaceSchema },
  refusals: [],
  handler: async ({ scope, body }) => {
    const { name, time_zone: timeZone, language } = body
    const changed = await changeWorkspace(scope, { name, timeZone, language })
    return changed.ok ? answer(200, showWorkspace(changed.value, scope)) : changed
  },
})

function showWorkspace(workspace: Workspace, scope: Scope) {
  const { id, name, currency, language, ...found } = workspace
  return {
    id,
    name,
    currency,
    time_zone: found.timeZone,
    default_country: found.defaultCountry,
    language,
    frozen_at: found.frozenAt,
    frozen_reason: found.frozenReason,
    created_at: found.createdAt,
    role: scope.actor.role,
  }
}

const DIGITS = z.string().regex(/^\d{1,19}$/)

export const getAuditEvents = defineRoute({
  method: 'get',
  path: '/v1/audit-events',
  tag: 'Workspace',
  summary: 'Who did what, newest first',
  permission: 'audit.read',
  query: z.strictObject({
    ...pageQuery,
    about: z
      .string()
      .regex(/^[a-z_]{1,40}$/)
      .optional()
      .meta({ description: 'Only what begins so: `campaign` for `campaign.approved`.' }),
    until: instantSchema.optional().meta({ description: 'Nothing later.' }),
  }),
  responses: {
    200: pageSchema(
      z
        .strictObject({
          id: idSchema,
          actor: z.string(),
          action: z.string(),
          subject: z.string(),
          facts: z.record(z.string(), z.unknown()),
          request_id: z.string().nullable(),
          at: instantSchema,
        })
        .meta({ id: 'AuditEvent' }),
    ),
  },
  refusals: [],
  handler: async ({ scope, query }) => {
    const until = query.until === undefined ? undefined : new Date(query.until)
    const place = readPage(query, z.tuple([DIGITS, z.uuid()]))
    const page = await listEvents(scope, { ...place, about: query.about, until })
    return answer(200, pageBody(page, showEvent))
  },
})

function showEvent(event: AuditEvent) {
  const { id, actor, action, subject, facts, requestId, at } = event
  return { id, actor, action, subject, facts: { ...facts }, request_id: requestId, at }
}
