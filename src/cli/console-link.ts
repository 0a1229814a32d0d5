import { findAddresses } from '../house.ts'
import { openConsoleLink } from '../main.ts'
import type { Role } from '../platform/scope.ts'
import { CommandFailure, FAILED, failureOf } from './failure.ts'
import { noSuchWorkspace, withInstallation, workspaceId } from './installation.ts'
import { printJson, printLine } from './terminal.ts'

export type ConsoleLinkOptions = { readonly workspace: string; readonly role?: Role; readonly json?: boolean }

/** `duecast console link`: prints an address that signs in to the console of the running server, once. */
export async function linkToConsole(options: ConsoleLinkOptions): Promise<void> {
  const id = workspaceId(options.workspace)
  const opened = await withInstallation(async ({ owner, within }) => {
    const { serverUrl } = await findAddresses(owner.sql)
    if (serverUrl === null) throw new CommandFailure('no_server', NO_SERVER, { exitCode: FAILED })
    return within(id, (scope) => openConsoleLink(scope, { serverUrl, role: options.role }))
  })
  if (!opened.ok) throw opened.reason === 'not_found' ? noSuchWorkspace(id) : failureOf(opened)
  const { url, expiresAt } = opened.value
  if (options.json) return printJson({ url, expires_at: expiresAt })
  printLine(url)
  printLine('It signs in once, within ten minutes.')
}

const NO_SERVER = 'No server has been started here yet: start one with "npm start" and ask again.'
