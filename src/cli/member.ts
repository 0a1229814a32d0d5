import { findAddresses } from '../house.ts'
import { systemClock } from '../platform/clock.ts'
import type { Config } from '../platform/config.ts'
import type { SqlClient } from '../platform/db.ts'
import type { Role, Scope } from '../platform/scope.ts'
import { openSecretBox, secretKeyOf } from '../platform/secrets.ts'
import {
  findWorkspace,
  inviteMember,
  listInvitations,
  listMembers,
  type Member,
  openReset,
  removeMember,
} from '../workspaces/index.ts'
import { CommandFailure, failureOf } from './failure.ts'
import { type Installation, noSuchWorkspace, withInstallation, workspaceId } from './installation.ts'
import { printJson, printLine, tableLines } from './terminal.ts'

type Common = { readonly workspace: string; readonly json?: boolean }
export type MemberInviteOptions = Common & { readonly email: string; readonly role: Role }
export type MemberRemoveOptions = Common & { readonly email: string }
export type ResetLinkOptions = { readonly email: string; readonly json?: boolean }

const MOST_MEMBERS = 1_000

/** `duecast member invite`: prints a link that makes somebody a member, once. */
export async function invite(options: MemberInviteOptions): Promise<void> {
  const id = workspaceId(options.workspace)
  const { email, role } = options
  const { url, expiresAt } = await withInstallation(async (installation) =>
    installation.within(id, async (scope) => {
      await mustExist(scope, id)
      return linkOf(installation, scope, { email, role })
    }),
  )
  if (options.json) return printJson({ url, expires_at: expiresAt })
  printLine(url)
  printLine('It makes them a member once, within a week.')
}

/** Invites, and gives the address that accepts. */
export async function linkOf(
  { config, owner }: Pick<Installation, 'config' | 'owner'>,
  scope: Scope,
  request: { readonly email: string; readonly role: Role },
): Promise<{ url: string; expiresAt: string }> {
  const invited = await inviteMember(scope, request)
  if (!invited.ok) throw failureOf(invited)
  const { invitation, token } = invited.value
  return { url: `${await baseOf(config, owner.sql)}/invitation/${token}`, expiresAt: invitation.expiresAt }
}

/** `duecast member list`: prints who is a member, and who is invited. */
export async function list(options: Common): Promise<void> {
  const id = workspaceId(options.workspace)
  const { members, invited } = await withInstallation(({ within }) =>
    within(id, async (scope) => {
      await mustExist(scope, id)
      const page = { limit: MOST_MEMBERS }
      return {
        members: (await listMembers(scope, page)).items,
        invited: (await listInvitations(scope, page)).items,
      }
    }),
  )
  if (options.json) return printJson({ members, invitations: invited })
  const rows = [
    ...members.map(({ email, name, role }) => [email, name, role, '']),
    ...invited.map(({ email, role, expiresAt }) => [
      email,
      '',
      role,
      `invited until ${expiresAt.slice(0, 10)}`,
    ]),
  ]
  if (rows.length === 0) return printLine('Nobody yet: "member invite" makes a link.')
  const columns = ['e-mail', 'name', 'role', ''].map((heading) => ({ heading }))
  for (const line of tableLines(columns, rows)) printLine(line)
}

/** `duecast member remove`: ends somebody's membership, their sessions here and the keys they made. */
export async function remove(options: MemberRemoveOptions): Promise<void> {
  const id = workspaceId(options.workspace)
  const removed = await withInstallation(({ within }) =>
    within(id, async (scope) => {
      await mustExist(scope, id)
      const member = await memberWith(scope, options.email)
      return removeMember(scope, member.id)
    }),
  )
  if (!removed.ok) throw failureOf(removed)
  if (options.json) printJson({ removed: options.email })
  else printLine(`${options.email} is removed.`)
}

/** `duecast member reset-link`: prints a link to a new password, for whoever has proved to the operator who they are. */
export async function resetLink(options: ResetLinkOptions): Promise<void> {
  const url = await withInstallation(async ({ config, owner }) => {
    const secrets = openSecretBox(secretKeyOf(config))
    const token = await openReset({ database: owner, clock: systemClock, secrets }, options.email)
    if (token === undefined) throw nobody(options.email)
    return `${await baseOf(config, owner.sql)}/reset/${token}`
  })
  if (options.json) return printJson({ url })
  printLine(url)
  printLine('It sets a new password once, within an hour, and ends every session of theirs.')
}

async function memberWith(scope: Scope, text: string): Promise<Member> {
  const email = text.trim().toLowerCase()
  const { items } = await listMembers(scope, { limit: MOST_MEMBERS })
  const found = items.find((member) => member.email === email)
  if (!found) throw nobody(text)
  return found
}

async function mustExist(scope: Scope, id: string): Promise<void> {
  await findWorkspace(scope).catch(() => {
    throw noSuchWorkspace(id)
  })
}

/** Where people reach the server: as configured, else where it was last started. */
async function baseOf(config: Config, sql: SqlClient): Promise<string> {
  const { serverUrl } = await findAddresses(sql)
  return config.publicUrl ?? serverUrl ?? `http://${config.host}:${config.port}`
}

function nobody(email: string): CommandFailure {
  return new CommandFailure('not_found', `Nobody here has the address ${JSON.stringify(email)}.`)
}
