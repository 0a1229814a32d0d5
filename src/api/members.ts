import { z } from 'zod'
import {
  changeRole,
  findWorkspace,
  type Invitation,
  invitationLetter,
  inviteMember,
  listInvitations,
  listMembers,
  type Member,
  removeMember,
  withdrawInvitation,
} from '../workspaces/index.ts'
import type { ApiHouse } from './house.ts'
import { pageBody, pageQuery, pageSchema, readPage } from './paging.ts'
import { answer, defineRoute } from './route.ts'
import { idSchema, instantSchema, roleSchema } from './schemas.ts'

const EMAIL_MAX_CHARS = 254

const memberSchema = z
  .strictObject({
    id: idSchema,
    email: z.string(),
    name: z.string(),
    role: roleSchema,
    created_at: instantSchema,
  })
  .meta({ id: 'Member' })

const invitationSchema = z
  .strictObject({
    id: idSchema,
    email: z.string(),
    role: roleSchema,
    invited_by: z.string().meta({ description: 'As in the audit trail.' }),
    created_at: instantSchema,
    expires_at: instantSchema,
  })
  .meta({ id: 'Invitation' })

export const getMembers = defineRoute({
  method: 'get',
  path: '/v1/members',
  tag: 'Workspace',
  summary: 'The people of the workspace, those who joined last first',
  permission: 'members.read',
  query: z.strictObject(pageQuery),
  responses: { 200: pageSchema(memberSchema) },
  refusals: [],
  handler: async ({ scope, query }) => {
    const page = await listMembers(scope, readPage(query, z.uuid()))
    return answer(200, pageBody(page, showMember))
  },
})

export const patchMember = defineRoute({
  method: 'patch',
  path: '/v1/members/{id}',
  tag: 'Workspace',
  summary: 'Gives a member another role; their sessions end',
  permission: 'members.write',
  body: z.strictObject({ role: roleSchema }),
  responses: { 200: memberSchema },
  refusals: ['not_found', 'last_owner'],
  handler: async ({ scope, params, body }) => {
    const changed = await changeRole(scope, params.id, body.role)
    return changed.ok ? answer(200, showMember(changed.value)) : changed
  },
})

export const deleteMember = defineRoute({
  method: 'delete',
  path: '/v1/members/{id}',
  tag: 'Workspace',
  summary: 'Removes a member; their sessions and the keys they made end',
  permission: 'members.write',
  responses: { 204: null },
  refusals: ['not_found', 'last_owner'],
  handler: async ({ scope, params }) => {
    const removed = await removeMember(scope, params.id)
    return removed.ok ? answer(204) : removed
  },
})

export const getInvitations = defineRoute({
  method: 'get',
  path: '/v1/invitations',
  tag: 'Workspace',
  summary: 'Invitations that nobody has accepted yet, newest first',
  permission: 'members.read',
  query: z.strictObject(pageQuery),
  responses: { 200: pageSchema(invitationSchema) },
  refusals: [],
  handler: async ({ scope, query }) => {
    const page = await listInvitations(scope, readPage(query, z.uuid()))
    return answer(200, pageBody(page, showInvitation))
  },
})

export const postInvitation = defineRoute({
  method: 'post',
  path: '/v1/invitations',
  tag: 'Workspace',
  summary: 'Invites somebody to the workspace, for a week',
  description:
    'Where the server sends letters, the link goes to the address alone and `url` is null. Else it is in the answer, this once. An earlier invitation to the same address is void.',
  permission: 'members.write',
  body: z.strictObject({ email: z.string().max(EMAIL_MAX_CHARS), role: roleSchema }),
  responses: {
    201: invitationSchema.extend({ url: z.string().nullable() }).meta({ id: 'IssuedInvitation' }),
  },
  refusals: ['already_member'],
  confidential: true,
  handler: async ({ scope, body, house }) => {
    const invited = await inviteMember(scope, body)
    if (!invited.ok) return invited
    const { invitation, token } = invited.value
    const url = `${baseOf(house)}/invitation/${token}`
    if (house.mail.isOn) {
      const { name: workspaceName } = await findWorkspace(scope)
      const letter = invitationLetter(invitation.email, { workspaceName, role: invitation.role, url })
      scope.afterCommit(() => house.mail.send(letter, scope.requestId))
    }
    return answer(201, { ...showInvitation(invitation), url: house.mail.isOn ? null : url })
  },
})

export const deleteInvitation = defineRoute({
  method: 'delete',
  path: '/v1/invitations/{id}',
  tag: 'Workspace',
  summary: 'Takes an invitation back',
  permission: 'members.write',
  responses: { 204: null },
  refusals: ['not_found'],
  handler: async ({ scope, params }) => {
    const withdrawn = await withdrawInvitation(scope, params.id)
    return withdrawn.ok ? answer(204) : withdrawn
  },
})

function baseOf(house: ApiHouse): string {
  return house.publicUrl ?? house.listensOn?.() ?? 'http://localhost'
}

function showMember({ id, email, name, role, createdAt }: Member) {
  return { id, email, name, role, created_at: createdAt }
}

function showInvitation({ id, email, role, invitedBy, createdAt, expiresAt }: Invitation) {
  return { id, email, role, invited_by: invitedBy, created_at: createdAt, expires_at: expiresAt }
}
