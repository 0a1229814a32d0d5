import type { SqlClient } from '../platform/db.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import type { SecretBox } from '../platform/secrets.ts'
import { allow } from '../workspaces/index.ts'
import { keepPortfolio } from './portfolio.ts'
import type { SenderReport } from './provider.ts'
import { connectDeps, findSender, openSender } from './senders.ts'

/** What checking needs of the house; transactions are opened and closed around the calls, never held across them. */
export type CheckHouse = {
  sql: SqlClient
  secrets: SecretBox
  now: () => Date
  within<T>(work: (scope: Scope) => Promise<T>): Promise<T>
}

/** What was found, item by item, and where the platform is to report to. */
export type CheckedReport = {
  items: SenderReport['items']
  webhookUrl: string
  /** No item failed; a warning is no failure. */
  isFit: boolean
}

/**
 * Asks the platform about everything that sending from a number needs, says each in plain words with its mend, and
 * keeps what it said of limits. It changes nothing there.
 */
export async function checkSender(
  house: CheckHouse,
  senderId: string,
): Promise<Result<CheckedReport, 'forbidden' | 'not_found'>> {
  const known = await house.within(
    async (scope) => allow(scope.actor, 'senders.write') ?? findSender(scope, senderId),
  )
  if (!known.ok) return known
  const sender = await openSender(house.sql, house.secrets, senderId)
  if (!sender) return refuse('not_found', 'There is no such sender.')
  const [at] = await house.sql<{ server_url: string | null; simulator_url: string | null }[]>`
    SELECT server_url, simulator_url FROM installation`
  const deps = connectDeps(house.secrets, senderId, {
    serverUrl: at?.server_url ?? 'http://127.0.0.1',
    simulatorUrl: at?.simulator_url ?? 'http://127.0.0.1:9',
  })
  const report = (await sender.provider.check?.(sender.config, deps, house.now)) ?? NOTHING_TO_ASK
  await house.within((scope) => keepPortfolio(scope, senderId, report.facts))
  return ok({
    items: report.items,
    webhookUrl: deps.webhookUrl,
    isFit: report.items.every((item) => item.state !== 'failed'),
  })
}

const NOTHING_TO_ASK: SenderReport = {
  items: [{ name: 'channel', state: 'passed', says: 'This channel has nothing to ask.' }],
  facts: {},
}
