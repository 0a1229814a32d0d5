import type { Scope } from '../platform/scope.ts'

/** What was charged on one day in one category, less what was refunded; in 1/10,000 units. Days as `2026-12-01`. */
export type Spend = {
  readonly day: string
  readonly category: string
  readonly amountMinor: bigint
  readonly messages: number
}

/** What was spent in the last `days` days, by the calendar of `timeZone`, oldest first: from the ledger, not from messages. */
export async function readSpend(
  scope: Scope,
  request: { readonly days: number; readonly timeZone: string },
): Promise<readonly Spend[]> {
  const { sql, workspaceId, now } = scope
  return sql<Spend[]>`
    SELECT (t.created_at AT TIME ZONE ${request.timeZone})::date::text AS day, r.category,
           sum(CASE WHEN t.kind = 'refund' THEN -t.amount ELSE t.amount END)::bigint AS "amountMinor",
           sum(CASE WHEN t.kind = 'refund' THEN 0 ELSE t.n_items END)::int AS messages
      FROM transfers t JOIN runs r ON r.campaign_id = t.campaign_id AND r.workspace_id = t.workspace_id
     WHERE t.workspace_id = ${workspaceId} AND t.kind IN ('capture', 'late_capture', 'refund')
       AND t.created_at > ${now.toISOString()}::timestamptz - make_interval(days => ${request.days}::int)
     GROUP BY 1, 2 ORDER BY 1, 2`
}
