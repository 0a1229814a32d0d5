import { pauseCampaign } from '../campaigns/index.ts'
import { findHold, type Held, liftHold } from '../platform/recognise.ts'
import { type Installation, withInstallation } from './installation.ts'
import { printJson, printLine } from './terminal.ts'

type Options = { readonly json?: boolean }

/** `duecast installation`: whether messages are sent, and which campaigns wait for that. */
export async function showInstallation(options: Options): Promise<void> {
  const { held, waiting } = await withInstallation(async ({ owner }) => ({
    held: await findHold(owner.sql),
    waiting: await findWaiting(owner),
  }))
  const underWay = waiting.filter((campaign) => campaign.is_under_way)
  if (options.json) return printJson(statusJson(held, waiting))
  if (!held) return printLine('Messages are sent: this installation is where it was.')
  printLine(`Nothing is sent since ${held.since}: ${held.because}.`)
  for (const campaign of waiting) printLine(`  ${line(campaign)}`)
  printLine(
    'Make sure that no other installation works with the same data. Then "duecast installation confirm":',
  )
  printLine(
    `${underWay.length} campaigns that were under way are paused, for what they had left may have been sent since;`,
  )
  printLine(`${waiting.length - underWay.length} that are due later will be sent at their time.`)
}

/** `duecast installation confirm`: lifts the hold. What was under way is paused first, each to be resumed by hand. */
export async function confirmInstallation(options: Options): Promise<void> {
  const paused = await withInstallation(async (installation) => {
    if (!(await findHold(installation.owner.sql))) return []
    const underWay = (await findWaiting(installation.owner)).filter((campaign) => campaign.is_under_way)
    for (const { workspace_id, id } of underWay) {
      await installation.within(workspace_id, (scope) => pauseCampaign(scope, id, PAUSED_BECAUSE))
    }
    await liftHold(installation.owner.sql)
    return underWay
  })
  if (options.json) return printJson({ ok: true, held: false, paused: paused.map(({ id }) => id) })
  printLine(`Messages are sent again. ${paused.length} campaigns that were under way are paused.`)
}

const PAUSED_BECAUSE =
  'this campaign was under way when the database was restored or copied: some of it may have been sent since'

type Waiting = { workspace_id: string; id: string; name: string; state: string; is_under_way: boolean }

/** What would be sent without another word, in all workspaces; under way is what had begun, or was to begin by now. */
function findWaiting(owner: Installation['owner']): Promise<Waiting[]> {
  return owner.sql<Waiting[]>`
    SELECT workspace_id, id, name, state, state = 'sending' OR starts_at <= now() AS is_under_way FROM campaigns
     WHERE state IN ('scheduled', 'sending') ORDER BY is_under_way DESC, starts_at, id`
}

function statusJson(held: Held | undefined, waiting: readonly Waiting[]) {
  return {
    held: held !== undefined,
    ...(held && { because: held.because, since: held.since }),
    campaigns: waiting.map(({ workspace_id, id, state, is_under_way }) => ({
      workspace_id,
      id,
      state,
      under_way: is_under_way,
    })),
  }
}

function line({ id, name, state, is_under_way }: Waiting): string {
  return `${id}  ${state}${is_under_way ? ', under way' : ''}  ${name}`
}
