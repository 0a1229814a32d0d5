import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import {
  publishCommonRates,
  publishRates,
  RATE_CARD_NOTICE,
  type RateCardRequest,
  readCardFile,
} from '../pricing/index.ts'
import { findWorkspace } from '../workspaces/index.ts'
import { CommandFailure, failureOf } from './failure.ts'
import { type Installation, noSuchWorkspace, withInstallation, workspaceId } from './installation.ts'
import { printJson, printLine } from './terminal.ts'

export type RatesImportOptions = {
  readonly workspace?: string
  readonly markupPercent?: string
  readonly effectiveFrom?: string
  readonly json?: boolean
}

/** `duecast rates import`: an operator's card, for all workspaces or for one. All of it is taken, or nothing. */
export async function importRates(path: string, options: RatesImportOptions): Promise<void> {
  const id = options.workspace === undefined ? undefined : workspaceId(options.workspace)
  const { markupPercent, effectiveFrom } = options
  const request = { table: await readCard(path), fileName: basename(path), markupPercent, effectiveFrom }
  const published = await withInstallation((installation) => publish(installation, id, request))
  if (!published.ok) throw failureOf(published)
  const { rows, currencies } = published.value
  if (options.json) return printJson({ rows, currencies })
  printLine(`${rows} dated prices in ${currencies.join(', ')} are in force from their days on.`)
  printLine(RATE_CARD_NOTICE)
}

async function publish({ owner, within }: Installation, id: string | undefined, request: RateCardRequest) {
  if (id === undefined) return publishCommonRates(owner.sql, request)
  return within(id, async (scope) => {
    await findWorkspace(scope).catch(() => Promise.reject(noSuchWorkspace(id)))
    return publishRates(scope, request)
  })
}

async function readCard(path: string): Promise<RateCardRequest['table']> {
  const found = await stat(path).catch(() => undefined)
  if (!found?.isFile())
    throw new CommandFailure('file_not_found', `There is no file ${JSON.stringify(path)}.`)
  const card = await readCardFile(path)
  if (!card.ok) throw failureOf(card)
  return card.value
}
