import { unwrap } from '../../src/platform/result.ts'
import type { Role } from '../../src/platform/scope.ts'
import { inviteMember } from '../../src/workspaces/index.ts'
import type { Console, Visitor } from './door.ts'

export const PASSWORD = 'four blue doors open'

/** Invites an address as the operator does. @returns the token of the link */
export async function invite(
  house: Console,
  workspaceId: string,
  email: string,
  role: Role,
): Promise<string> {
  const cause = { workspaceId, actor: { name: 'operator', role: 'owner' }, requestId: 'test' } as const
  const invited = await house.scratch.database.within(cause, (scope) => inviteMember(scope, { email, role }))
  return unwrap(invited).token
}

/** Somebody who was invited, has accepted and is signed in. */
export async function join(
  house: Console,
  workspaceId: string,
  email: string,
  role: Role,
): Promise<Visitor & { cookie: string }> {
  const token = await invite(house, workspaceId, email, role)
  const fields = { token, name: email.split('@')[0]!, password: PASSWORD }
  return signedIn(house, await house.browser().send('/invitation', fields))
}

/** Somebody who signs in with their password. */
export async function enter(house: Console, email: string, password = PASSWORD) {
  return signedIn(house, await house.browser().send('/sign-in', { email, password }))
}

export function signedIn(house: Console, seen: { status: number; text: string; headers: Headers }) {
  const cookie = seen.headers.get('set-cookie')?.split(';')[0]
  if (seen.status !== 303 || cookie === undefined)
    throw new Error(`not signed in: ${seen.status} ${seen.text}`)
  return { ...house.browser(cookie), cookie }
}

let count = 0
/** An address that no other test has. */
export function address(name: string): string {
  return `${name}.${process.pid}.${Date.now()}.${++count}@example.com`
}
