import { listOf } from '../platform/db.ts'
import type { Scope } from '../platform/scope.ts'
import { fileReceipts } from './file-receipts.ts'
import type { Provider } from './provider.ts'
import { type ReceiptLine, receiptLines } from './receipt.ts'
import { applyReceipts } from './settle-receipts.ts'

const MOST_WEBHOOKS_AT_ONCE = 200

/**
 * Understands the oldest stored webhooks of one sender: files their receipts, moves messages up, charges each first
 * delivery once, in one transaction with the mark that they are done.
 * @returns how many webhooks were folded, and the campaigns that were touched
 */
export async function foldWebhooks(
  scope: Scope,
  sender: { id: string; provider: Provider },
): Promise<{ webhooks: number; campaignIds: string[] }> {
  const webhooks = await scope.sql<{ id: bigint; body: Buffer }[]>`
    SELECT id, body FROM webhooks WHERE sender_id = ${sender.id} AND workspace_id = ${scope.workspaceId} AND done_at IS NULL
     ORDER BY id LIMIT ${MOST_WEBHOOKS_AT_ONCE} FOR UPDATE SKIP LOCKED`
  if (webhooks.length === 0) return { webhooks: 0, campaignIds: [] }
  const parsed = webhooks.map(({ id, body }) => ({ id, ...sender.provider.parseWebhook(body) }))
  const lines = parsed.flatMap(({ id, statuses }) => receiptLines(id, statuses))
  const campaignIds = await foldReceipts(scope, sender.id, lines)
  await scope.sql`
    UPDATE webhooks w SET done_at = clock_timestamp(), note = n.note
      FROM unnest(${listOf(parsed.map((p) => p.id))}::bigint[],
                  ${parsed.map((p) => noteOf(p.unknownCount)) as string[]}::text[]) AS n(id, note)
     WHERE w.id = n.id AND w.workspace_id = ${scope.workspaceId}`
  return { webhooks: webhooks.length, campaignIds }
}

/** Files and applies receipts, whether they come from a webhook or were parked until now. */
export async function foldReceipts(
  scope: Scope,
  senderId: string,
  lines: readonly ReceiptLine[],
): Promise<string[]> {
  if (lines.length === 0) return []
  const known = await fileReceipts(scope, senderId, lines)
  return applyReceipts(scope, known)
}

function noteOf(unknownCount: number): string | null {
  return unknownCount === 0 ? null : `${unknownCount} shapes not recognised`
}
