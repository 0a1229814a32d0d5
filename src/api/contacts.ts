import { z } from 'zod'
import {
  type Contact,
  changeContact,
  eraseContact,
  findContact,
  type List,
  listContacts,
  listLists,
  listSuppressions,
  readPhone,
  type Suppression,
  suppress,
  unsuppress,
} from '../contacts/index.ts'
import { forgetCustomer } from '../conversations/index.ts'
import { forgetRecipient } from '../delivery/index.ts'
import type { Scope } from '../platform/scope.ts'
import { forgetDebtor } from '../reminders/index.ts'
import { invalid } from './input.ts'
import { pageBody, pageQuery, pageSchema, readPage } from './paging.ts'
import { answer, defineRoute } from './route.ts'
import { idSchema, instantSchema } from './schemas.ts'

const COUNTED_ID = z.string().regex(/^[1-9]\d{0,17}$/)
const PHONE_MAX_CHARS = 64
const TEXT_MAX_CHARS = 10_000
const REASON_MAX_CHARS = 500
const REASON_UNSAID = 'no reason given'

const textSchema = z.string().max(TEXT_MAX_CHARS)
const phoneSchema = z
  .string()
  .min(1)
  .max(PHONE_MAX_CHARS)
  .meta({
    description: 'With country code, or as it is dialled in the workspace’s country.',
    examples: ['+6281234567890'],
  })

const contactSchema = z
  .strictObject({
    id: idSchema,
    phone: z.string().meta({ description: 'E.164.' }),
    name: z.string().nullable(),
    email: z.string().nullable(),
    time_zone: z.string().nullable(),
    variables: z.record(z.string(), z.string()).meta({
      description: 'Dates as ISO days, amounts as plain decimals, all other text as it stood.',
    }),
    created_at: instantSchema,
    updated_at: instantSchema,
  })
  .meta({ id: 'Contact' })

const suppressionSchema = z
  .strictObject({
    id: idSchema,
    phone: z.string(),
    scope: z.enum(['all', 'marketing']),
    reason: z.string(),
    expires_at: instantSchema.nullable(),
    created_by: z.string(),
    created_at: instantSchema,
  })
  .meta({ id: 'Suppression' })

export const getContacts = defineRoute({
  method: 'get',
  path: '/v1/contacts',
  tag: 'Contacts',
  summary: 'Contacts in the order in which they came, of one list or with one number',
  permission: 'contacts.read',
  query: z.strictObject({ ...pageQuery, list_id: idSchema.optional(), phone: phoneSchema.optional() }),
  responses: { 200: pageSchema(contactSchema) },
  refusals: [],
  handler: async ({ scope, query }) => {
    const phone = await phoneOfQuery(scope, query.phone)
    const page = await listContacts(scope, { ...readPage(query, COUNTED_ID), listId: query.list_id, phone })
    return answer(200, pageBody(page, showContact))
  },
})

export const getContact = defineRoute({
  method: 'get',
  path: '/v1/contacts/{id}',
  tag: 'Contacts',
  summary: 'One contact',
  permission: 'contacts.read',
  responses: { 200: contactSchema },
  refusals: ['not_found'],
  handler: async ({ scope, params }) => {
    const found = await findContact(scope, params.id)
    return found.ok ? answer(200, showContact(found.value)) : found
  },
})

export const patchContact = defineRoute({
  method: 'patch',
  path: '/v1/contacts/{id}',
  tag: 'Contacts',
  summary: 'Changes a contact; null empties a field or takes a variable away',
  permission: 'contacts.write',
  body: z
    .strictObject({
      name: textSchema.nullable().optional(),
      email: textSchema.nullable().optional(),
      time_zone: textSchema.nullable().optional(),
      variables: z.record(z.string(), textSchema.nullable()).optional(),
    })
    .meta({ id: 'ContactChanges' }),
  responses: { 200: contactSchema },
  refusals: ['not_found'],
  handler: async ({ scope, params, body }) => {
    const { time_zone: timeZone, ...rest } = body
    const changed = await changeContact(scope, params.id, { ...rest, timeZone })
    return changed.ok ? answer(200, showContact(changed.value)) : changed
  },
})

export const deleteContact = defineRoute({
  method: 'delete',
  path: '/v1/contacts/{id}',
  tag: 'Contacts',
  summary: 'Erases a person; what was charged stays, without them',
  permission: 'contacts.write',
  responses: { 204: null },
  refusals: ['not_found'],
  handler: async ({ scope, params }) => {
    const erased = await eraseContact(scope, params.id)
    if (!erased.ok) return erased
    await forgetRecipient(scope, BigInt(params.id))
    await forgetDebtor(scope, BigInt(params.id))
    await forgetCustomer(scope, BigInt(params.id))
    return answer(204)
  },
})

export const getLists = defineRoute({
  method: 'get',
  path: '/v1/lists',
  tag: 'Contacts',
  summary: 'Lists and how many are in each, newest first',
  permission: 'contacts.read',
  query: z.strictObject(pageQuery),
  responses: {
    200: pageSchema(
      z
        .strictObject({ id: idSchema, name: z.string(), members: z.int().min(0), created_at: instantSchema })
        .meta({ id: 'List' }),
    ),
  },
  refusals: [],
  handler: async ({ scope, query }) =>
    answer(200, pageBody(await listLists(scope, readPage(query, z.uuid())), showList)),
})

export const getSuppressions = defineRoute({
  method: 'get',
  path: '/v1/suppressions',
  tag: 'Contacts',
  summary: 'Blocked numbers, newest first',
  permission: 'suppressions.read',
  query: z.strictObject({ ...pageQuery, phone: phoneSchema.optional() }),
  responses: { 200: pageSchema(suppressionSchema) },
  refusals: [],
  handler: async ({ scope, query }) => {
    const phone = await phoneOfQuery(scope, query.phone)
    const page = await listSuppressions(scope, { ...readPage(query, z.uuid()), phone })
    return answer(200, pageBody(page, showSuppression))
  },
})

export const postSuppression = defineRoute({
  method: 'post',
  path: '/v1/suppressions',
  tag: 'Contacts',
  summary: 'Blocks a number, for all messages or for marketing; again, it changes the block',
  permission: 'suppressions.write',
  body: z
    .strictObject({
      phone: phoneSchema,
      scope: z.enum(['all', 'marketing']).optional().meta({ description: '`all` where it is left out.' }),
      reason: z.string().trim().min(1).max(REASON_MAX_CHARS).optional(),
      expires_at: instantSchema
        .nullable()
        .optional()
        .meta({ description: 'The block’s end; none otherwise.' }),
    })
    .meta({ id: 'SuppressionInput' }),
  responses: { 201: suppressionSchema },
  refusals: [],
  handler: async ({ scope, body }) => {
    const blocked = await suppress(scope, {
      phone: body.phone,
      scope: body.scope ?? 'all',
      reason: body.reason ?? REASON_UNSAID,
      expiresAt: body.expires_at ? new Date(body.expires_at) : undefined,
    })
    return blocked.ok ? answer(201, showSuppression(blocked.value)) : blocked
  },
})

export const deleteSuppression = defineRoute({
  method: 'delete',
  path: '/v1/suppressions/{id}',
  tag: 'Contacts',
  summary: 'Unblocks a number',
  permission: 'suppressions.write',
  responses: { 204: null },
  refusals: ['not_found'],
  handler: async ({ scope, params }) => {
    const lifted = await unsuppress(scope, params.id)
    return lifted.ok ? answer(204) : lifted
  },
})

/** A number in an address: a plus sign that was not encoded arrives as a space. */
async function phoneOfQuery(scope: Scope, typed: string | undefined): Promise<string | undefined> {
  if (typed === undefined) return undefined
  const phone = await readPhone(scope, typed.replace(/^ (?=\d)/, '+'))
  if (phone.ok) return phone.value
  throw invalid([{ path: 'phone', code: phone.reason, message: phone.message }])
}

function showContact(contact: Contact): z.output<typeof contactSchema> {
  const { id, phone, name, email, timeZone, variables, createdAt, updatedAt } = contact
  return {
    id,
    phone,
    name,
    email,
    time_zone: timeZone,
    variables: { ...variables },
    created_at: createdAt,
    updated_at: updatedAt,
  }
}

function showList({ id, name, members, createdAt }: List) {
  return { id, name, members, created_at: createdAt }
}

function showSuppression(one: Suppression): z.output<typeof suppressionSchema> {
  const { id, phone, scope, reason, expiresAt, createdBy, createdAt } = one
  return { id, phone, scope, reason, expires_at: expiresAt, created_by: createdBy, created_at: createdAt }
}
