import { newId } from '../platform/ids.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import { addMember, newPerson, savePerson } from './accept.ts'
import { readEmail } from './email.ts'
import { furnish, type NewWorkspace, readWorkspace } from './open-workspace.ts'
import type { Membership, PeopleEntrance, PeopleHouse } from './person.ts'
import type { Place } from './place.ts'

export type FirstWorkspace = NewWorkspace & {
  readonly email: string
  readonly personName: string
  readonly password: string
}

/** Whether anybody has begun here; while nobody has, the console offers to. */
export async function hasWorkspace({ database }: PeopleHouse): Promise<boolean> {
  const [row] = await database.sql<{ any: boolean }[]>`SELECT any_workspace() AS any`
  return row!.any
}

/**
 * Makes the first workspace of an installation with its first owner. Of two who try at once, one does; afterwards it is
 * refused for ever, and further workspaces are the operator's to make.
 */
export async function openFirstWorkspace(
  house: PeopleEntrance,
  asked: FirstWorkspace,
  requestId: string,
): Promise<Result<Membership, 'validation_failed' | 'already_set_up'>> {
  if (await hasWorkspace(house)) return alreadySetUp()
  const read = readWorkspace(asked)
  if (!read.ok) return read
  const email = readEmail(asked.email)
  if (email === undefined) return badEmail()
  const person = await newPerson(house, { email }, { name: asked.personName, password: asked.password })
  if (!person.ok) return person
  const workspaceId = newId(house.clock.now().getTime())
  const cause = { workspaceId, actor: { name: 'operator', role: 'owner' }, requestId } as const
  const { name, place } = read.value
  return house.database.within(cause, async (scope) => {
    if (!(await insertFirst(scope, name, place))) return alreadySetUp()
    await furnish(scope, name, place)
    if (!(await savePerson(scope, person.value)))
      throw new Error('a person was there before the first workspace')
    const memberId = await addMember(scope, person.value, 'owner')
    return ok({ workspaceId, workspaceName: name, memberId, role: 'owner' as const })
  })
}

async function insertFirst(scope: Scope, name: string, place: Place): Promise<boolean> {
  const { currency, timeZone, defaultCountry } = place
  const [row] = await scope.sql<{ opened: boolean }[]>`
    SELECT open_first_workspace(${scope.workspaceId}, ${name}, ${currency}, ${timeZone}, ${defaultCountry},
                                ${scope.now.toISOString()}::timestamptz) AS opened`
  return row!.opened
}

function alreadySetUp() {
  return refuse('already_set_up', 'This installation has a workspace already. Sign in, or ask to be invited.')
}

function badEmail() {
  const message = 'This is not an e-mail address, such as siti@example.com.'
  return refuse('validation_failed', message, { errors: [{ path: 'email', code: 'invalid_value', message }] })
}
