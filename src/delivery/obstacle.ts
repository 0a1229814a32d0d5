import { listOf } from '../platform/db.ts'
import type { Scope } from '../platform/scope.ts'
import type { ErrorAction } from './provider.ts'
import type { KnownReceipt } from './receipt.ts'

/** Something that more than one recipient will meet: the campaign, the sender or the account must stop. */
export type Obstacle = { action: ErrorAction; code: string; message: string }

/** An obstacle that a receipt told of, after the platform had accepted the message. */
export type FailureObstacle = Obstacle & { campaignId: string; at: Date }

/** Actions that concern more than one recipient. */
export const STOPPING: readonly ErrorAction[] = ['campaign', 'sender', 'account']

/** What failed receipts say that concerns more than their own recipient: one for each campaign and code, the latest. */
export async function obstaclesIn(
  scope: Scope,
  receipts: readonly KnownReceipt[],
): Promise<FailureObstacle[]> {
  const failures = receipts.flatMap(({ messageId, update }) =>
    update.error && STOPPING.includes(update.error.action)
      ? [{ messageId, error: update.error, at: new Date(update.occurredAt) }]
      : [],
  )
  if (failures.length === 0) return []
  const rows = await scope.sql<{ id: bigint; campaign_id: string }[]>`
    SELECT id, campaign_id FROM messages WHERE workspace_id = ${scope.workspaceId}
       AND id = ANY(${listOf(failures.map((failure) => failure.messageId))}::bigint[])`
  const campaignOf = new Map(rows.map((row) => [row.id, row.campaign_id]))
  const latest = new Map<string, FailureObstacle>()
  for (const { messageId, error, at } of failures) {
    const campaignId = campaignOf.get(messageId)
    if (campaignId === undefined) continue
    const key = `${campaignId} ${error.code}`
    const known = latest.get(key)
    if (!known || known.at < at)
      latest.set(key, { campaignId, at, action: error.action, code: error.code, message: error.message })
  }
  return [...latest.values()]
}
