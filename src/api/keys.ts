import { z } from 'zod'
import { issueKey, type KeyEntry, listKeys, revokeKey } from '../workspaces/index.ts'
import { pageBody, pageQuery, pageSchema, readPage } from './paging.ts'
import { answer, defineRoute } from './route.ts'
import { idSchema, instantSchema, roleSchema } from './schemas.ts'

const NAME_MAX_CHARS = 200

const keySchema = z
  .strictObject({
    id: idSchema,
    prefix: z.string().meta({ description: 'How the key begins, after `dck_`.' }),
    role: roleSchema,
    name: z.string(),
    created_at: instantSchema,
    revoked_at: instantSchema.nullable(),
  })
  .meta({ id: 'ApiKey' })

export const getKeys = defineRoute({
  method: 'get',
  path: '/v1/keys',
  tag: 'Workspace',
  summary: 'The workspace’s API keys, newest first',
  permission: 'keys.read',
  query: z.strictObject(pageQuery),
  responses: { 200: pageSchema(keySchema) },
  refusals: [],
  handler: async ({ scope, query }) => {
    const page = await listKeys(scope, readPage(query, z.uuid()))
    return answer(200, pageBody(page, showKey))
  },
})

export const postKey = defineRoute({
  method: 'post',
  path: '/v1/keys',
  tag: 'Workspace',
  summary: 'Makes an API key; it is shown this once',
  permission: 'keys.write',
  body: z.strictObject({ role: roleSchema, name: z.string().trim().max(NAME_MAX_CHARS).optional() }),
  responses: { 201: keySchema.extend({ api_key: z.string() }).meta({ id: 'IssuedApiKey' }) },
  refusals: [],
  confidential: true,
  handler: async ({ scope, body }) => {
    const issued = await issueKey(scope, body)
    if (!issued.ok) return issued
    const { apiKey, ...entry } = issued.value
    return answer(201, { ...showKey({ ...entry, revokedAt: null }), api_key: apiKey })
  },
})

export const deleteKey = defineRoute({
  method: 'delete',
  path: '/v1/keys/{id}',
  tag: 'Workspace',
  summary: 'Revokes an API key',
  permission: 'keys.write',
  responses: { 204: null },
  refusals: ['not_found'],
  handler: async ({ scope, params }) => {
    const revoked = await revokeKey(scope, params.id)
    return revoked.ok ? answer(204) : revoked
  },
})

function showKey(key: KeyEntry) {
  const { id, prefix, role, name, createdAt, revokedAt } = key
  return { id, prefix, role, name, created_at: createdAt, revoked_at: revokedAt }
}
