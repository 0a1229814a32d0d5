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

const REFRESH_AFTER = '1 hour'
const REFRESHED_AT_ONCE = 100

/**
 * Takes the senders that the platform was last asked about an hour ago, each for one caller alone: they count as asked
 * from now on, so that one that cannot be reached is asked again in an hour and not at every turn.
 */
export async function takeForRefresh({ sql, workspaceId, now }: Scope): Promise<string[]> {
  const at = now.toISOString()
  const rows = await sql<{ id: string }[]>`
    UPDATE senders s SET checked_at = ${at}::timestamptz
      FROM (SELECT id FROM senders WHERE workspace_id = ${workspaceId}
               AND coalesce(checked_at, created_at) <= ${at}::timestamptz - ${REFRESH_AFTER}::interval
             ORDER BY id LIMIT ${REFRESHED_AT_ONCE} FOR UPDATE SKIP LOCKED) due
     WHERE s.id = due.id AND s.workspace_id = ${workspaceId}
    RETURNING s.id`
  return rows.map(({ id }) => id)
}

const NOTHING_TO_ASK: SenderReport = {
  items: [{ name: 'channel', state: 'passed', says: 'This channel has nothing to ask.' }],
  facts: {},
}
