import { inOnePass, listOf, sharedRows } from '../platform/db.ts'
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
  const rows = await inOnePass(scope.sql, fileThem(scope, lines))
  const known = rows.filter((row) => row.is_known)
  await hearOfAttempts(
    scope,
    known.map((row) => lines[row.i]!),
  )
  return new Set(rows.filter((row) => !row.is_known).map((row) => row.i))
}

type Filed = { i: number; is_known: boolean }

/** Tells of those that are known and bring news of their attempt, and of those that are not known. */
function fileThem({ sql, workspaceId }: Scope, lines: readonly KnownReceipt[]) {
  const kinds = sharedRows<Kind>()
  const kindNos = listOf(lines.map((line) => kinds.numberOf(...kindOf(line))))
  return sql<Filed[]>`
    WITH wanted AS MATERIALIZED (SELECT ${listOf(lines.map((line) => line.messageId))}::bigint[] AS ids),
    u AS MATERIALIZED (
      SELECT l.line_no, l.message_id, l.webhook_id, k.*,
             a.message_id IS NOT NULL AS is_known, a.outcome IS NULL OR a.outcome = 'indeterminate' AS is_news
        FROM unnest((SELECT ids FROM wanted), ${listOf(lines.map((line) => line.webhookId))}::bigint[], ${kindNos}::bigint[])
             WITH ORDINALITY AS l(message_id, webhook_id, kind_no, line_no)
        JOIN unnest(${kinds.column(0)}::smallint[], ${kinds.column(1)}::text[], ${kinds.column(2)}::timestamptz[],
                    ${kinds.column(3)}::text[], ${kinds.column(4)}::text[], ${kinds.column(5)}::text[]::jsonb[])
             WITH ORDINALITY AS k(attempt_no, status, occurred_at, code, detail, pricing, kind_no) USING (kind_no)
        LEFT JOIN attempts a ON a.message_id = l.message_id AND a.attempt_no = k.attempt_no
             AND a.message_id = ANY((SELECT ids FROM wanted)::bigint[])
             AND a.workspace_id = ${workspaceId} AND a.dispatched_at IS NOT NULL),
    stored AS (
      INSERT INTO receipts (message_id, attempt_no, status, workspace_id, occurred_at, webhook_id, code, detail, pricing)
      SELECT DISTINCT ON (message_id, attempt_no, status) message_id, attempt_no, status, ${workspaceId}::uuid,
             occurred_at, webhook_id, code, detail, pricing
        FROM u WHERE is_known ORDER BY message_id, attempt_no, status, occurred_at
      ON CONFLICT DO NOTHING)
    SELECT line_no::int - 1 AS i, is_known FROM u WHERE is_news OR NOT is_known`
}

/** What receipts that come together have in common, as a rule. */
type Kind = [
  attemptNo: number,
  status: string,
  occurredAt: string,
  code: string | null,
  detail: string | null,
  pricing: string | null,
]

function kindOf({ attemptNo, update: { status, occurredAt, error, pricing } }: KnownReceipt): Kind {
  return [
    attemptNo,
    status,
    occurredAt,
    error?.code ?? null,
    error?.message.slice(0, 500) ?? null,
    pricing === undefined ? null : JSON.stringify(pricing),
  ]
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

async function park(scope: Scope, senderId: string, lines: readonly ReceiptLine[]): Promise<void> {
  if (lines.length === 0) return
  await scope.sql`
    INSERT INTO parked_receipts (workspace_id, sender_id, webhook_id, provider_message_id, status_update)
    SELECT ${scope.workspaceId}::uuid, ${senderId}::uuid, p.webhook_id, p.provider_message_id, p.status_update::jsonb
      FROM unnest(${listOf(lines.map((line) => line.webhookId))}::bigint[],
                  ${listOf(lines.map((line) => line.update.providerMessageId ?? null))}::text[],
                  ${listOf(lines.map((line) => JSON.stringify(line.update)))}::text[]) AS p(webhook_id, provider_message_id, status_update)`
}
