import { type CheckedReport, type CheckItem, checkSender } from '../delivery/index.ts'
import { systemClock } from '../platform/clock.ts'
import { isUuid } from '../platform/ids.ts'
import { openSecretBox, secretKeyOf } from '../platform/secrets.ts'
import { CommandFailure, FAILED } from './failure.ts'
import { type Installation, withInstallation, workspaceId } from './installation.ts'
import { paint, printJson, printLine, type Style } from './terminal.ts'

export type SenderCheckOptions = {
  readonly workspace?: string
  readonly sender?: string
  readonly json?: boolean
}

type Checked = { id: string; name: string; provider: string; report: CheckedReport }

/** `duecast sender check`: every item of every sender as passed, warned or failed, with the mend. */
export async function checkSenders(options: SenderCheckOptions): Promise<void> {
  const workspace = options.workspace === undefined ? null : workspaceId(options.workspace)
  if (options.sender !== undefined && !isUuid(options.sender)) throw noSuchSender(options.sender)
  const checked = await withInstallation((installation) =>
    checkAll(installation, workspace, options.sender ?? null),
  )
  if (checked.length === 0) throw noSuchSender(options.sender)
  if (options.json) printJson({ senders: checked.map(shown) })
  else for (const one of checked) printReport(one)
  if (!checked.every(({ report }) => report.isFit)) process.exitCode = FAILED
}

async function checkAll(
  { config, owner, within }: Installation,
  workspace: string | null,
  sender: string | null,
): Promise<Checked[]> {
  const senders = await owner.sql<{ id: string; workspace_id: string; name: string; provider: string }[]>`
    SELECT id, workspace_id, name, provider FROM senders
     WHERE (${workspace}::uuid IS NULL OR workspace_id = ${workspace}::uuid) AND (${sender}::uuid IS NULL OR id = ${sender}::uuid)
     ORDER BY created_at, id`
  const house = { sql: owner.sql, secrets: openSecretBox(secretKeyOf(config)), now: () => systemClock.now() }
  const checked: Checked[] = []
  for (const { id, workspace_id, name, provider } of senders) {
    const report = await checkSender({ ...house, within: (work) => within(workspace_id, work) }, id)
    if (report.ok) checked.push({ id, name, provider, report: report.value })
  }
  return checked
}

function shown({ id, name, provider, report }: Checked) {
  return {
    id,
    name,
    provider,
    ok: report.isFit,
    webhook_url: report.webhookUrl,
    items: report.items.map((item) => ({ ...item, mend: item.state === 'passed' ? null : item.mend })),
  }
}

const STYLES: Readonly<Record<CheckItem['state'], Style>> = {
  passed: 'green',
  warned: 'yellow',
  failed: 'red',
}
const NAME_WIDTH = 22

function printReport({ id, name, provider, report }: Checked): void {
  printLine(paint('bold', `${name}  (${provider}, ${id})`))
  printLine(`webhook address  ${report.webhookUrl}`)
  for (const item of report.items) {
    printLine(`${paint(STYLES[item.state], item.state)}  ${item.name.padEnd(NAME_WIDTH)}  ${item.says}`)
    if (item.state !== 'passed') printLine(`${' '.repeat(8 + NAME_WIDTH)}  → ${item.mend}`)
  }
  printLine()
}

function noSuchSender(sender: string | undefined): CommandFailure {
  const what =
    sender === undefined ? 'There is no sender to check yet' : `There is no sender ${JSON.stringify(sender)}`
  return new CommandFailure('not_found', `${what}: add one with POST /v1/senders.`)
}
