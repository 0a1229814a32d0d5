import { ok, type Result, refuse } from '../../platform/result.ts'
import { ROLES, type Role } from '../../platform/scope.ts'
import {
  changeRole,
  invitationLetter,
  inviteMember,
  listInvitations,
  listMembers,
  type Member,
  mayIssue,
  removeMember,
  withdrawInvitation,
} from '../../workspaces/index.ts'
import { linkBase } from '../house.ts'
import { exportsOf, fileClock, type List, lookThrough, soughtWords } from '../list.ts'
import {
  type Again,
  act,
  may,
  mustMay,
  page,
  pageRequest,
  UUID_PLACE,
  type View,
  type Visit,
} from '../page.ts'
import { actorNames } from '../recorded.ts'
import { say } from '../view.ts'

const PATH = '/settings/members'
const MOST_SHOWN = 500

const list: List<Member, string> = {
  path: PATH,
  permission: 'members.read',
  fileName: 'members',
  filters: [],
  read: async (asked, request) =>
    ok(await listMembers(asked.scope, { ...request, words: soughtWords(asked) })),
  columns: ({ workspace: { timeZone } }) => {
    const clock = fileClock(timeZone)
    return [
      { heading: say('col.name'), cell: ({ name }) => name },
      { heading: say('sign_in.email'), cell: ({ email }) => email },
      { heading: say('settings.role'), cell: ({ role }) => say(`role.${role}`) },
      { heading: `${say('members.since')} (${timeZone})`, cell: ({ createdAt }) => clock(createdAt) },
    ]
  },
}

const members = page(PATH, (visit) => showMembers(visit))

const invite = act(
  '/settings/members/invitations',
  async (visit, { fields }) => {
    const { house, scope, workspace } = visit
    const role = roleOf(fields.role)
    const invited = await inviteMember(scope, { email: fields.email ?? '', role })
    if (!invited.ok) return invited
    const { invitation, token } = invited.value
    const url = `${linkBase(house)}/invitation/${token}`
    if (house.mail.isOn) {
      const letter = invitationLetter(invitation.email, { workspaceName: workspace.name, role, url })
      scope.afterCommit(() => house.mail.send(letter, scope.requestId))
    }
    const data = { invitation, url: house.mail.isOn ? undefined : url }
    const view = { name: 'invited', section: 'settings' as const, title: say('invited.title'), data }
    return ok({ to: PATH, view })
  },
  showMembers,
)

const withdraw = act(
  '/settings/members/invitations/:id/withdrawal',
  async (visit) => {
    const withdrawn = await withdrawInvitation(visit.scope, visit.params.id!)
    return withdrawn.ok ? ok({ to: `${PATH}?done=withdrawn` }) : withdrawn
  },
  showMembers,
)

const one = page('/settings/members/:id', (visit) => showMember(visit))

const role = act(
  '/settings/members/:id/role',
  async (visit, { fields }) => {
    const changed = await changeRole(visit.scope, visit.params.id!, roleOf(fields.role))
    return changed.ok ? ok({ to: `${PATH}?done=role` }) : changed
  },
  showMember,
)

const remove = act(
  '/settings/members/:id/removal',
  async (visit) => {
    const removed = await removeMember(visit.scope, visit.params.id!)
    return removed.ok ? ok({ to: `${PATH}?done=removed` }) : removed
  },
  showMember,
)

export const membersPages = [members, ...exportsOf(list), invite, withdraw, one, role, remove]

async function showMembers(visit: Visit, again?: Again): Promise<Result<View>> {
  const refusal = mustMay(visit, 'members.read')
  if (refusal) return refusal
  const { scope, session } = visit
  const read = await lookThrough(visit, list, pageRequest(visit, UUID_PLACE))
  if (!read.ok) return read
  const invitations = (await listInvitations(scope, { limit: MOST_SHOWN })).items
  const nameOf = await actorNames(
    scope,
    invitations.map(({ invitedBy }) => invitedBy),
  )
  return ok({
    name: 'members',
    section: 'settings',
    title: say('members.title'),
    data: {
      ...read.value.facts,
      members: read.value.items.map((member) => ({
        ...member,
        own: member.id === session.member?.id,
        href: mayChange(visit, member.role) ? `${PATH}/${member.id}` : undefined,
      })),
      invitations: invitations.map((invitation) => ({
        ...invitation,
        by: nameOf(invitation.invitedBy),
        over: new Date(invitation.expiresAt) <= scope.now,
      })),
      roles: rolesFor(visit),
      values: again?.fields,
      errors: again?.errors,
      again,
    },
  })
}

async function showMember(visit: Visit, again?: Again): Promise<Result<View>> {
  const refusal = mustMay(visit, 'members.read')
  if (refusal) return refusal
  const { items } = await listMembers(visit.scope, { limit: MOST_SHOWN })
  const member = items.find(({ id }) => id === visit.params.id)
  if (!member) return refuse('not_found', say('member.none'))
  return ok({
    name: 'member',
    section: 'settings',
    title: member.name,
    data: {
      member,
      own: member.id === visit.session.member?.id,
      changeable: mayChange(visit, member.role),
      roles: rolesFor(visit).map((name) => ({ name, current: name === member.role })),
      again,
    },
  })
}

function mayChange(visit: Visit, theirs: Role): boolean {
  return may(visit, 'members.write') && mayIssue(visit.scope.actor.role, theirs)
}

function rolesFor({ scope }: Visit): readonly Role[] {
  return ROLES.filter((other) => mayIssue(scope.actor.role, other)).reverse()
}

/** The least of all where a form says none that we know. */
function roleOf(word: string | undefined): Role {
  return ROLES.find((known) => known === word) ?? 'viewer'
}
