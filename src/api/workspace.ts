import { z } from 'zod'
import { type AuditEvent, findWorkspace, listEvents } from '../workspaces/index.ts'
import { pageBody, pageQuery, pageSchema, readPage } from './paging.ts'
import { answer, defineRoute } from './route.ts'
import { idSchema, instantSchema, roleSchema } from './schemas.ts'

export const getWorkspace = defineRoute({
  method: 'get',
  path: '/v1/workspace',
  tag: 'Workspace',
  summary: 'The workspace of this key, and the key’s role in it',
  permission: 'workspace.read',
  responses: {
    200: z
      .strictObject({
        id: idSchema,
        name: z.string(),
        currency: z.string(),
        time_zone: z.string(),
        default_country: z.string(),
        frozen_at: instantSchema.nullable().meta({ description: 'Since when nothing new is reserved.' }),
        frozen_reason: z.string().nullable(),
        created_at: instantSchema,
        role: roleSchema,
      })
      .meta({ id: 'Workspace' }),
  },
  refusals: [],
  handler: async ({ scope }) => {
    const { id, name, currency, ...found } = await findWorkspace(scope)
    const body = {
      id,
      name,
      currency,
      time_zone: found.timeZone,
      default_country: found.defaultCountry,
      frozen_at: found.frozenAt,
      frozen_reason: found.frozenReason,
      created_at: found.createdAt,
      role: scope.actor.role,
    }
    return answer(200, body)
  },
})

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
