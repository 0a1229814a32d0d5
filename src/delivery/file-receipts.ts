import { listOf, sharedValues } from '../platform/db.ts'
import type { Scope } from '../platform/scope.ts'
import type { KnownReceipt, ReceiptLine } from './receipt.ts'

/**
 * Stores receipts beside the attempts they belong to and parks those that name nothing this workspace has sent: an
 * account's numbers may share one address, so that a receipt may come to another number's. An attempt that was open,
 * or unknown, is hereby known to have been accepted: a receipt may come before the answer.
 * @returns the receipts whose message is known, old ones included: applying them again changes nothing
 */
export async function fileReceipts(
  scope: Scope,
  senderId: string,
  lines: readonly ReceiptLine[],
): Promise<KnownReceipt[]> {
  const named = await nameByProviderId(scope, lines)
  const candidates = named.filter((line): line is KnownReceipt => line.messageId !== undefined)
  const foreign = await file(scope, candidates)
  await park(scope, senderId, [
    ...named.filter((line) => line.messageId === undefined),
    ...candidates.filter((_, index) => foreign.has(index)),
  ])
  return candidates.filter((_, index) => !foreign.has(index))
}

/** Receipts without an attempt's name are found by the provider's id. */
async function nameByProviderId(scope: Scope, lines: readonly ReceiptLine[]): Promise<ReceiptLine[]> {
  const ids = lines.flatMap((line) =>
    line.messageId === undefined && line.update.providerMessageId ? [line.update.providerMessageId] : [],
  )
  if (ids.length === 0) return [...lines]
  const rows = await scope.sql<{ provider_message_id: string; message_id: bigint; attempt_no: number }[]>`
    SELECT provider_message_id, message_id, attempt_no FROM attempts
     WHERE workspace_id = ${scope.workspaceId} AND provider_message_id = ANY(${ids}::text[])`
  const found = new Map(rows.map((row) => [row.provider_message_id, row]))
  return lines.map((line) => {
    const row = line.messageId === undefined ? found.get(line.update.providerMessageId ?? '') : undefined
    return row ? { ...line, messageId: row.message_id, attemptNo: row.attempt_no } : line
  })
}

/** @returns the positions of those that belong to no attempt that was dispatched here */
async function file(scope: Scope, lines: readonly KnownReceipt[]): Promise<Set<number>> {
  if (lines.length === 0) return new Set()
  const prices = sharedValues()
  const moments = sharedValues()
  const priceNos = listOf(lines.map((line) => prices.placeOf(pricingText(line.update.pricing))))
  const momentNos = listOf(lines.map((line) => moments.placeOf(line.update.occurredAt)))
  const rows = await scope.sql<{ i: number; is_known: boolean }[]>`
    WITH u AS MATERIALIZED (
      SELECT * FROM unnest(
        ${listOf(lines.map((_, index) => index))}::int[],
        ${listOf(lines.map((line) => line.messageId))}::bigint[],
        ${listOf(lines.map((line) => line.attemptNo))}::smallint[],
        ${listOf(lines.map((line) => line.update.status))}::text[],
        ${momentNos}::int[],
        ${listOf(lines.map((line) => line.webhookId))}::bigint[],
        ${listOf(lines.map((line) => line.update.error?.code ?? null))}::text[],
        ${listOf(lines.map((line) => line.update.error?.message.slice(0, 500) ?? null))}::text[],
        ${priceNos}::int[])
      AS u(i, message_id, attempt_no, status, moment_no, webhook_id, code, detail, price_no)),
    p AS MATERIALIZED (SELECT ${prices.values()}::text[]::jsonb[] AS prices, ${moments.values()}::timestamptz[] AS moments),
    known AS MATERIALIZED (
      SELECT u.*, a.outcome IS NULL OR a.outcome = 'indeterminate' AS is_news FROM u
        JOIN attempts a ON a.message_id = ANY(ARRAY[u.message_id]) AND a.attempt_no = u.attempt_no
       WHERE a.workspace_id = ${scope.workspaceId} AND a.dispatched_at IS NOT NULL),
    stored AS (
      INSERT INTO receipts (message_id, attempt_no, status, workspace_id, occurred_at, webhook_id, code, detail, pricing)
      SELECT DISTINCT ON (message_id, attempt_no, status) message_id, attempt_no, status, ${scope.workspaceId}::uuid,
             moments[moment_no], webhook_id, code, detail, prices[price_no]
        FROM known, p ORDER BY message_id, attempt_no, status, moments[moment_no]
      ON CONFLICT DO NOTHING)
    SELECT i, true AS is_known FROM known WHERE is_news
    UNION ALL SELECT i, false FROM u WHERE i NOT IN (SELECT i FROM known)`
  await hearOfAttempts(
    scope,
    rows.filter((row) => row.is_known).map((row) => lines[row.i]!),
  )
  return new Set(rows.filter((row) => !row.is_known).map((row) => row.i))
}

/** An attempt that was open, or unknown, is hereby known to have been accepted. */
async function hearOfAttempts({ sql, workspaceId }: Scope, lines: readonly KnownReceipt[]): Promise<void> {
  const named = lines.filter((line) => line.update.providerMessageId !== undefined)
  if (named.length === 0) return
  await sql`
    WITH unheard AS MATERIALIZED (
      SELECT a.message_id, a.attempt_no, k.provider_message_id
        FROM (SELECT message_id, attempt_no, min(provider_message_id) AS provider_message_id
                FROM unnest(${listOf(named.map((line) => line.messageId))}::bigint[], ${listOf(named.map((line) => line.attemptNo))}::smallint[],
                            ${listOf(named.map((line) => line.update.providerMessageId!))}::text[])
                     AS u(message_id, attempt_no, provider_message_id) GROUP BY 1, 2) k
        JOIN attempts a ON a.message_id = ANY(ARRAY[k.message_id]) AND a.attempt_no = k.attempt_no
       WHERE a.workspace_id = ${workspaceId} AND (a.outcome IS NULL OR a.outcome = 'indeterminate')
       ORDER BY k.message_id FOR NO KEY UPDATE OF a)
    UPDATE attempts a SET outcome = 'accepted', provider_message_id = h.provider_message_id, resolved_at = clock_timestamp()
      FROM (SELECT DISTINCT ON (provider_message_id) * FROM unheard ORDER BY provider_message_id, message_id) h
     WHERE a.message_id = ANY(ARRAY[h.message_id]) AND a.attempt_no = h.attempt_no
       AND (a.outcome IS NULL OR a.outcome = 'indeterminate')
       AND NOT EXISTS (SELECT 1 FROM attempts t WHERE t.workspace_id = ${workspaceId}
                         AND t.provider_message_id = h.provider_message_id)`
}

function pricingText(pricing: unknown): string | null {
  return pricing === undefined ? null : JSON.stringify(pricing)
}

async function park(scope: Scope, senderId: string, lines: readonly ReceiptLine[]): Promise<void> {
  if (lines.length === 0) return
  await scope.sql`
    INSERT INTO parked_receipts (workspace_id, sender_id, webhook_id, provider_message_id, status_update)
    SELECT ${scope.workspaceId}::uuid, ${senderId}::uuid, p.webhook_id, p.provider_message_id, p.status_update::jsonb
      FROM unnest(${listOf(lines.map((line) => line.webhookId))}::bigint[],
                  ${listOf(lines.map((line) => line.update.providerMessageId ?? null))}::text[],
                  ${listOf(lines.map((line) => JSON.stringify(line.update)))}::text[]) AS p(webhook_id, provider_message_id, status_update)`
}
