import { openWorkspace } from '../workspaces/index.ts'
import { failureOf } from './failure.ts'
import { withInstallation } from './installation.ts'
import { linkOf } from './member.ts'
import { printJson, printLine } from './terminal.ts'

export type WorkspaceCreateOptions = {
  readonly name: string
  readonly currency: string
  readonly timeZone?: string
  readonly country?: string
  readonly ownerEmail?: string
  readonly json?: boolean
}

/** `duecast workspace create`: prints the workspace's id and an owner's key, and for an owner a link that lets them in. */
export async function createWorkspace(options: WorkspaceCreateOptions): Promise<void> {
  const { name, currency, timeZone, country: defaultCountry, ownerEmail: email } = options
  const made = await withInstallation(async (installation) => {
    const opened = await openWorkspace(installation.owner, { name, currency, timeZone, defaultCountry })
    if (!opened.ok || email === undefined) return { opened, url: undefined }
    const { url } = await installation.within(opened.value.workspaceId, (scope) =>
      linkOf(installation, scope, { email, role: 'owner' }),
    )
    return { opened, url }
  })
  if (!made.opened.ok) throw failureOf(made.opened)
  const { workspaceId, key } = made.opened.value
  if (options.json)
    return printJson({
      workspace_id: workspaceId,
      api_key: key.apiKey,
      ...(made.url !== undefined && { invitation_url: made.url }),
    })
  printLine(`workspace  ${workspaceId}`)
  printLine(`owner key  ${key.apiKey}`)
  if (made.url !== undefined) printLine(`owner      ${made.url}`)
  printLine('The key is shown this once: keep it where secrets are kept.')
}
