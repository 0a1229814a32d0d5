import { auditAll, type WorkspaceAudit } from '../reports/index.ts'
import { FAILED } from './failure.ts'
import { noSuchWorkspace, withInstallation, workspaceId } from './installation.ts'
import { grouped, paint, printJson, printLine } from './terminal.ts'

/** `duecast audit`: recomputes the books of every workspace, or of one. Exit code 1 where a check fails. */
export async function audit(options: {
  readonly workspace?: string
  readonly json?: boolean
}): Promise<void> {
  const only = options.workspace === undefined ? undefined : workspaceId(options.workspace)
  const { ok, workspaces } = await withInstallation(({ owner }) => auditAll(owner, only))
  if (only !== undefined && workspaces.length === 0) throw noSuchWorkspace(only)
  if (options.json) printJson(auditJson(ok, workspaces))
  else for (const line of auditLines(ok, workspaces)) printLine(line)
  if (!ok) process.exitCode = FAILED
}

function auditJson(ok: boolean, workspaces: readonly WorkspaceAudit[]) {
  return {
    ok,
    workspaces: workspaces.map(({ workspaceId: id, name, ok: balances }) => ({
      workspace_id: id,
      name,
      ok: balances,
    })),
    checks: workspaces.flatMap(({ workspaceId: id, checks }) =>
      checks.map((check) => ({ workspace_id: id, ...check })),
    ),
  }
}

function auditLines(ok: boolean, workspaces: readonly WorkspaceAudit[]): string[] {
  const verdict = ok
    ? paint(
        'green',
        `The books balance: ${workspaces.length} ${workspaces.length === 1 ? 'workspace' : 'workspaces'}.`,
      )
    : paint('red', 'The books do NOT balance: see the differences above.')
  return [...workspaces.flatMap(workspaceLines), verdict]
}

function workspaceLines({ workspaceId: id, name, checks }: WorkspaceAudit): string[] {
  return [paint('bold', `${name}  ${id}`), ...checkLines(checks), '']
}

type Shown = Pick<WorkspaceAudit['checks'][number], 'says' | 'ok' | 'figures' | 'differences'>

/** Each check in a line with its figures, and each difference in a line below it. */
export function checkLines(checks: readonly Shown[]): string[] {
  return checks.flatMap(({ says, ok, figures, differences }) => [
    `  ${ok ? paint('green', 'holds ') : paint('red', 'BROKEN')}  ${says}`,
    `          ${paint('dim', figuresText(figures))}`,
    ...differences.map((difference) => `          ${paint('red', difference)}`),
  ])
}

/** Counts stand as they are; amounts, which alone have a point, are grouped. */
function figuresText(figures: Shown['figures']): string {
  return Object.entries(figures)
    .map(([name, value]) => [
      name.replaceAll('_', ' '),
      /^-?\d+\.\d+$/.test(`${value}`) ? grouped(`${value}`) : value,
    ])
    .map(([name, value]) => `${name} ${value}`)
    .join(' · ')
}
