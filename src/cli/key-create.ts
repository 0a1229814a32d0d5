import type { Role } from '../platform/scope.ts'
import { issueKey } from '../workspaces/index.ts'
import { failureOf } from './failure.ts'
import { noSuchWorkspace, withInstallation, workspaceId } from './installation.ts'
import { printJson, printLine } from './terminal.ts'

export type KeyCreateOptions = {
  readonly workspace: string
  readonly role: Role
  readonly name?: string
  readonly json?: boolean
}

/** `duecast key create`: prints an API key of a role. */
export async function createKey(options: KeyCreateOptions): Promise<void> {
  const id = workspaceId(options.workspace)
  const { role, name } = options
  const issued = await withInstallation(({ within }) =>
    within(id, (scope) => issueKey(scope, { role, name })),
  )
  if (!issued.ok) throw issued.reason === 'not_found' ? noSuchWorkspace(id) : failureOf(issued)
  if (options.json) return printJson({ api_key: issued.value.apiKey })
  printLine(`${role} key  ${issued.value.apiKey}`)
  printLine('The key is shown this once: keep it where secrets are kept.')
}
