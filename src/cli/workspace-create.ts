import { openWorkspace } from '../workspaces/index.ts'
import { failureOf } from './failure.ts'
import { withInstallation } from './installation.ts'
import { printJson, printLine } from './terminal.ts'

export type WorkspaceCreateOptions = {
  readonly name: string
  readonly currency: string
  readonly timeZone?: string
  readonly country?: string
  readonly json?: boolean
}

/** `duecast workspace create`: prints the workspace's id and an owner's key. */
export async function createWorkspace(options: WorkspaceCreateOptions): Promise<void> {
  const { name, currency, timeZone, country: defaultCountry } = options
  const opened = await withInstallation(({ owner }) =>
    openWorkspace(owner, { name, currency, timeZone, defaultCountry }),
  )
  if (!opened.ok) throw failureOf(opened)
  const { workspaceId, key } = opened.value
  if (options.json) return printJson({ workspace_id: workspaceId, api_key: key.apiKey })
  printLine(`workspace  ${workspaceId}`)
  printLine(`owner key  ${key.apiKey}`)
  printLine('The key is shown this once: keep it where secrets are kept.')
}
