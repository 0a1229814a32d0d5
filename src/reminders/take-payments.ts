import { type ImportTotals, refuseStagedRows } from '../contacts/index.ts'
import { formatAmount } from '../platform/money.ts'
import type { Scope } from '../platform/scope.ts'
import { findWorkspace, recordEvent } from '../workspaces/index.ts'
import { stopReminders } from './move-invoice.ts'

const SOURCE = 'sheet'

/**
 * Records the payments of a sheet's staged rows, whatever the size, and stops in the same transaction what reminds of
 * them. A payment is known by its invoice with its reference, or else with its amount and day: the same sheet again
 * changes nothing. A row whose invoice is not in the book is refused, and so is a payment of nothing.
 */
export async function takePayments(
  scope: Scope,
  { importId }: { readonly importId: string },
): Promise<{ totals: ImportTotals; refused: number }> {
  await lockInvoices(scope)
  const refused = await refuseStagedRows(scope, importId, refusedRows(scope))
  const moved = await recordAll(scope)
  const paid = moved.filter(({ to, was }) => to === 'paid' && was !== 'paid')
  const partly = moved.filter(({ to }) => to !== 'paid')
  await stopReminders(
    scope,
    paid.map(({ id }) => id),
    'paid',
  )
  await stopReminders(
    scope,
    partly.map(({ id }) => id),
    'amount_changed',
  )
  for (const { id, number, amount, currency } of paid)
    await recordEvent(scope, 'invoice.paid', `invoice:${id}`, {
      number,
      amount: formatAmount(amount),
      currency,
      source: SOURCE,
    })
  const payments = moved.reduce((sum, one) => sum + one.payments, 0)
  const [known] = await scope.sql<{ n: number }[]>`SELECT count(*)::int AS n FROM staged_rows`
  const totals = {
    new_payments: payments,
    known_payments: known!.n - refused - payments,
    paid_invoices: paid.length,
    partly_paid_invoices: partly.length,
  }
  await recordEvent(scope, 'payments.imported', `import:${importId}`, { ...totals, refused })
  return { totals, refused }
}

/** In the order of their ids, as every other that locks many: neither waits for the other for ever. */
async function lockInvoices({ sql, workspaceId }: Scope): Promise<void> {
  await sql`ANALYZE staged_rows`
  await sql`
    SELECT count(*) FROM (
      SELECT 1 FROM invoices WHERE workspace_id = ${workspaceId}
         AND number IN (SELECT variables ->> 'invoice' FROM staged_rows) ORDER BY id FOR UPDATE) locked`
}

function refusedRows({ sql, workspaceId }: Scope) {
  return sql`
    SELECT s."row", NULL::text AS "column", 'invoice_unknown' AS code,
           'There is no invoice of this number in the book. Correct the number, or enter the invoice first.' AS message,
           left(s.variables ->> 'invoice', 200) AS value
      FROM staged_rows s LEFT JOIN invoices i ON i.number = s.variables ->> 'invoice' AND i.workspace_id = ${workspaceId}
     WHERE i.id IS NULL
    UNION ALL
    SELECT s."row", NULL, 'amount_invalid', 'A payment is more than zero. Correct the amount, or leave it empty where all was paid.',
           s.variables ->> 'amount'
      FROM staged_rows s JOIN invoices i ON i.number = s.variables ->> 'invoice' AND i.workspace_id = ${workspaceId}
     WHERE (s.variables ->> 'amount')::numeric <= 0`
}

type Moved = {
  id: string
  number: string
  currency: string
  was: string
  to: string
  amount: bigint
  payments: number
}

/** The states are those of `afterPayment`: paid in full is paid from wherever, a part leaves a promise or a dispute as it is. */
async function recordAll(scope: Scope): Promise<Moved[]> {
  const { sql, workspaceId, now, actor } = scope
  const at = now.toISOString()
  const { timeZone } = await findWorkspace(scope)
  return sql<Moved[]>`
    WITH said AS MATERIALIZED (
      SELECT i.id AS invoice_id, i.amount - i.paid AS owed, round((s.variables ->> 'amount')::numeric * 10000)::bigint AS amount,
             concat_ws(' ', s.variables ->> 'invoice', coalesce(s.variables ->> 'reference',
               concat_ws(' ', coalesce(s.variables ->> 'amount', 'rest'), s.variables ->> 'paid_on'))) AS external_id,
             coalesce((s.variables ->> 'paid_on')::date::timestamp AT TIME ZONE ${timeZone}, ${at}::timestamptz) AS paid_at, s."row"
        FROM staged_rows s JOIN invoices i ON i.number = s.variables ->> 'invoice' AND i.workspace_id = ${workspaceId}
       WHERE coalesce((s.variables ->> 'amount')::numeric, 1) > 0),
    -- What is owed in the end, for the rows that name no amount: the other rows of the same invoice go first.
    priced AS MATERIALIZED (
      SELECT invoice_id, external_id, paid_at, coalesce(amount, CASE WHEN row_number() OVER (PARTITION BY invoice_id, amount IS NULL ORDER BY "row") = 1
               THEN greatest(owed - coalesce(sum(amount) OVER (PARTITION BY invoice_id), 0), 0) ELSE 0 END) AS amount FROM said),
    written AS (
      INSERT INTO invoice_payments (id, workspace_id, invoice_id, amount, source, external_id, paid_at, actor, created_at)
      SELECT gen_random_uuid(), ${workspaceId}::uuid, invoice_id, amount, ${SOURCE}, left(external_id, 300), least(paid_at, ${at}::timestamptz),
             ${actor.name}, ${at}::timestamptz FROM priced WHERE amount > 0
      ON CONFLICT (workspace_id, source, external_id) DO NOTHING RETURNING invoice_id, amount, paid_at),
    sums AS MATERIALIZED (
      SELECT i.id, i.state AS was, i.paid + sum(w.amount)::bigint AS paid, sum(w.amount)::bigint AS added, count(*)::int AS payments, max(w.paid_at) AS last_at,
             CASE WHEN i.state = 'paid' OR i.paid + sum(w.amount) >= i.amount THEN 'paid'
                  WHEN i.state = 'open' THEN 'partly_paid' ELSE i.state END AS state
        FROM written w JOIN invoices i ON i.id = w.invoice_id GROUP BY i.id),
    moved AS (
      UPDATE invoices i SET state = s.state, paid = s.paid, gone_from_sheet = i.gone_from_sheet AND s.state = 'cancelled',
             promised_until = CASE WHEN s.state = 'promised' THEN i.promised_until END,
             paid_at = CASE WHEN s.state = 'paid' THEN coalesce(i.paid_at, s.last_at) END, updated_at = ${at}::timestamptz
        FROM sums s WHERE i.id = s.id AND i.workspace_id = ${workspaceId}
      RETURNING i.id, i.number, i.currency, s.was, i.state AS "to", s.added AS amount, s.payments),
    noted AS (
      INSERT INTO invoice_events (workspace_id, invoice_id, kind, from_state, to_state, facts, actor, at)
      SELECT ${workspaceId}::uuid, m.id, 'payment', m.was, m."to",
             jsonb_build_object('amount', trim_scale(m.amount / 10000.0)::text, 'source', ${SOURCE}::text, 'payments', m.payments),
             ${actor.name}, ${at}::timestamptz FROM moved m)
    SELECT * FROM moved`
}
