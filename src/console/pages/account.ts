import { ok, type Refusal, type Result, refuse } from '../../platform/result.ts'
import {
  changePassword,
  listMemberships,
  PASSWORD_MIN_CHARS,
  proposeSecondFactor,
  readAccount,
  recordEvent,
  startSecondFactor,
  stopSecondFactor,
} from '../../workspaces/index.ts'
import { type Again, act, page, peopleOf, type View, type Visit } from '../page.ts'
import { endSessionOf, listSessions, openMemberSessionIn } from '../session.ts'
import { say } from '../view.ts'

const PATH = '/account'

const account = page(PATH, (visit) => showAccount(visit))

const password = act(
  '/account/password',
  async (visit, { fields }) => {
    const member = memberOf(visit) ?? noMember()
    if ('ok' in member) return member
    const unproved = mustProve(visit)
    if (unproved) return unproved
    const { personId } = member
    const changed = await changePassword(peopleOf(visit), personId, fields.password ?? '', visit.session.id)
    if (!changed.ok) return changed
    await recordEvent(visit.scope, 'password.changed', visit.scope.actor.name)
    return ok({ to: `${PATH}?done=password` })
  },
  showAccount,
)

const startFactor = act(
  '/account/second-factor',
  async (visit, { fields }) => {
    const member = memberOf(visit) ?? noMember()
    if ('ok' in member) return member
    const { personId } = member
    const started = await startSecondFactor(peopleOf(visit), visit.scope, personId, fields.code ?? '')
    if (!started.ok) return started
    const data = { codes: started.value }
    return ok({ to: PATH, view: { name: 'recovery-codes', title: say('factor.codes.title'), data } })
  },
  showAccount,
)

const stopFactor = act(
  '/account/second-factor/off',
  async (visit) => {
    const member = memberOf(visit) ?? noMember()
    if ('ok' in member) return member
    const unproved = mustProve(visit)
    if (unproved) return unproved
    await stopSecondFactor(visit.scope, member.personId)
    return ok({ to: `${PATH}?done=second_factor_off` })
  },
  showAccount,
)

const endOne = act(
  '/account/sessions/:id/end',
  async (visit) => {
    const member = memberOf(visit) ?? noMember()
    if ('ok' in member) return member
    const ended = await endSessionOf(visit.scope, member.id, visit.params.id!)
    return ended ? ok({ to: `${PATH}?done=session` }) : refuse('not_found', say('account.no_session'))
  },
  showAccount,
)

/** To another of one's workspaces: a session there, beside the one here. */
const change = act(
  '/account/workspace',
  async (visit, { fields }) => {
    const member = memberOf(visit) ?? noMember()
    if ('ok' in member) return member
    const memberships = await listMemberships(peopleOf(visit), member.personId)
    const there = memberships.find(({ workspaceId }) => workspaceId === fields.workspace_id)
    if (!there) return refuse('not_found', say('account.no_workspace'))
    const token = await openMemberSessionIn(visit.scope, visit.session, there)
    return ok({ to: '/', token })
  },
  showAccount,
)

export const accountPages = [account, password, startFactor, stopFactor, endOne, change]

async function showAccount(visit: Visit, again?: Again): Promise<Result<View>> {
  const member = memberOf(visit)
  if (!member) return noMember()
  const { scope, session } = visit
  const people = peopleOf(visit)
  const person = await readAccount(people, member.personId)
  const isOn = person.totpSecret !== null
  const sessions = await listSessions(scope, member.id)
  const memberships = await listMemberships(people, member.personId)
  return ok({
    name: 'account',
    title: say('account.title'),
    data: {
      person: { name: person.name, email: person.email, codesLeft: person.codesLeft },
      isOn,
      proposed: isOn ? undefined : await proposeSecondFactor(people, member.personId),
      sessions: sessions.map((one) => ({ ...one, own: one.id === session.id })),
      workspaces: memberships.filter(({ workspaceId }) => workspaceId !== scope.workspaceId),
      passwordMin: PASSWORD_MIN_CHARS,
      errors: again?.errors,
      again,
    },
  })
}

function memberOf({ session }: Visit) {
  return session.member
}

function noMember(): Refusal {
  return refuse('not_found', say('account.only_members'))
}

/** What guards the account itself takes a proof with the very form, however fresh the session. */
function mustProve({ justConfirmed }: Visit): Refusal | undefined {
  return justConfirmed ? undefined : refuse('forbidden', say('confirm.say'), { confirm: true })
}
