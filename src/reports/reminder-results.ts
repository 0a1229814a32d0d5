import { writeXlsxStream } from 'hucre/xlsx'
import { formatAmount } from '../platform/money.ts'
import type { Scope } from '../platform/scope.ts'

/**
 * What a step of a sequence has done, by template and by the currency of the invoices. Amounts in 1/10,000 of a unit:
 * what came back in the invoices' currency, what it cost and what was saved in the wallet's.
 */
export type StepResult = {
  readonly step: string
  readonly templateId: string
  readonly currency: string
  /** Invoices whose reminder was delivered. */
  readonly reminded: number
  /** Invoices whose last payment, which closed them, came after this step and before the next. */
  readonly recovered: number
  readonly recoveredMinor: bigint
  /** From the delivery of the reminder to each payment, on average. */
  readonly daysToPayment: number | null
  readonly costMinor: bigint
  readonly costPerRecoveredMinor: bigint | null
  /** Numbers that were blocked within a week after this step and before the next. */
  readonly optOuts: number
  /** Reminders that a payment stopped before they left, and what they would have cost. */
  readonly stopped: number
  readonly savedMinor: bigint
}

type Row = {
  step_key: string
  template_id: string
  currency: string
  reminded: number
  recovered: number
  recovered_amount: bigint
  days: number | null
  cost: bigint
  opt_outs: number
  stopped: number
  saved: bigint
}

/**
 * Did it help: each payment is credited to the last reminder of its invoice that was delivered before it, and to no
 * other; what was paid before any reminder is credited to none.
 */
export async function readResults(scope: Scope, sequenceId: string): Promise<readonly StepResult[]> {
  const { sql, workspaceId } = scope
  const rows = await sql<Row[]>`
    WITH told AS MATERIALIZED (
      SELECT r.step_key, c.template_id, i.currency, r.invoice_id, r.contact_id, m.id AS message_id, m.state, m.stopped, m.price,
             coalesce(m.delivered_at, m.read_at) AS at,
             CASE WHEN row_number() OVER (PARTITION BY m.id ORDER BY r.invoice_id) = 1 THEN coalesce(h.amount, 0) ELSE 0 END AS cost
        FROM reminders r JOIN invoices i ON i.id = r.invoice_id JOIN campaigns c ON c.id = r.campaign_id
        JOIN messages m ON m.campaign_id = r.campaign_id AND m.contact_id = r.contact_id
        LEFT JOIN charges h ON h.message_id = m.id
       WHERE r.sequence_id = ${sequenceId} AND r.workspace_id = ${workspaceId}),
    delivered AS MATERIALIZED (SELECT * FROM told WHERE state IN ('delivered','read')),
    credited AS (
      SELECT t.step_key, t.template_id, t.currency, p.amount, p.invoice_id, extract(epoch FROM p.paid_at - t.at) / 86400 AS days,
             i.state = 'paid' AND p.id = (SELECT l.id FROM invoice_payments l WHERE l.invoice_id = i.id ORDER BY l.paid_at DESC, l.id DESC LIMIT 1) AS closes
        FROM invoice_payments p JOIN invoices i ON i.id = p.invoice_id
        CROSS JOIN LATERAL (SELECT * FROM delivered t WHERE t.invoice_id = p.invoice_id AND t.at <= p.paid_at ORDER BY t.at DESC LIMIT 1) t
       WHERE p.workspace_id = ${workspaceId}),
    left_us AS (
      SELECT DISTINCT ON (s.id) t.step_key, t.template_id, t.currency FROM suppressions s
        JOIN contacts c ON c.phone = s.phone AND c.workspace_id = s.workspace_id
        JOIN delivered t ON t.contact_id = c.id AND t.at <= s.created_at AND s.created_at < t.at + interval '7 days'
       WHERE s.workspace_id = ${workspaceId} ORDER BY s.id, t.at DESC)
    SELECT t.step_key, t.template_id, t.currency,
           (count(*) FILTER (WHERE t.state IN ('delivered','read')))::int AS reminded,
           (SELECT count(*)::int FROM credited k WHERE k.closes AND (k.step_key, k.template_id, k.currency) = (t.step_key, t.template_id, t.currency)) AS recovered,
           (SELECT coalesce(sum(k.amount), 0)::bigint FROM credited k WHERE (k.step_key, k.template_id, k.currency) = (t.step_key, t.template_id, t.currency)) AS recovered_amount,
           (SELECT avg(k.days)::float8 FROM credited k WHERE (k.step_key, k.template_id, k.currency) = (t.step_key, t.template_id, t.currency)) AS days,
           sum(t.cost)::bigint AS cost,
           (SELECT count(*)::int FROM left_us o WHERE (o.step_key, o.template_id, o.currency) = (t.step_key, t.template_id, t.currency)) AS opt_outs,
           (count(*) FILTER (WHERE t.stopped = 'paid' AND t.state = 'skipped'))::int AS stopped,
           coalesce(sum(t.price) FILTER (WHERE t.stopped = 'paid' AND t.state = 'skipped'), 0)::bigint AS saved
      FROM told t GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`
  return rows.map(toResult)
}

function toResult(row: Row): StepResult {
  return {
    step: row.step_key,
    templateId: row.template_id,
    currency: row.currency,
    reminded: row.reminded,
    recovered: row.recovered,
    recoveredMinor: row.recovered_amount,
    daysToPayment: row.days === null ? null : Math.round(row.days * 10) / 10,
    costMinor: row.cost,
    costPerRecoveredMinor: row.recovered === 0 ? null : row.cost / BigInt(row.recovered),
    optOuts: row.opt_outs,
    stopped: row.stopped,
    savedMinor: row.saved,
  }
}

/** The same as a workbook; amounts as exact decimals, each with its currency beside it. */
export function writeResults(
  results: readonly StepResult[],
  walletCurrency: string,
): ReadableStream<Uint8Array> {
  const headers = [
    'step',
    'template',
    'invoices reminded',
    'invoices recovered',
    'money recovered',
    'currency',
    'days to payment',
    'cost',
    'cost per recovered invoice',
    'opt-outs',
    'stopped by payment',
    'saved',
    'wallet currency',
  ]
  const rows = results.map((one) => [
    one.step,
    one.templateId,
    String(one.reminded),
    String(one.recovered),
    formatAmount(one.recoveredMinor),
    one.currency,
    one.daysToPayment === null ? null : String(one.daysToPayment),
    formatAmount(one.costMinor),
    one.costPerRecoveredMinor === null ? null : formatAmount(one.costPerRecoveredMinor),
    String(one.optOuts),
    String(one.stopped),
    formatAmount(one.savedMinor),
    walletCurrency,
  ])
  return writeXlsxStream(inTurn(rows), {
    name: 'Results',
    freezePane: { rows: 1 },
    columns: headers.map((header) => ({ header, width: 18, numFmt: '@' })),
  })
}

async function* inTurn<Row>(rows: readonly Row[]): AsyncGenerator<Row> {
  yield* rows
}
