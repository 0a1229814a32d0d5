import type postgres from 'postgres'
import { newId } from '../platform/ids.ts'
import type { Scope } from '../platform/scope.ts'
import { stopReminders } from './move-invoice.ts'

/**
 * A query giving one row for each invoice, each number once: number, contact_id, amount (1/10,000 of a unit), currency,
 * due_date, pay_link, attachment, tags, variables. A null of the last four leaves what is known.
 */
export type IncomingInvoices = postgres.PendingQuery<postgres.Row[]>

export type SavedInvoices = {
  readonly made: number
  readonly changed: number
  readonly same: number
}

/**
 * Brings the book up to date, whatever the size, in set-based statements: a known number is updated, a new one added,
 * and nothing ever doubled. What is paid stays as it is; what was cancelled by a person too. A message that waits to
 * tell an old figure is stopped, and made anew with the new one.
 * @param source who says so: `import:<id>`, `api`, `console`
 */
export async function saveInvoices(
  scope: Scope,
  incoming: IncomingInvoices,
  source: string,
): Promise<SavedInvoices> {
  await lockKnown(scope, incoming)
  const changed = await changeKnown(scope, incoming, source)
  const made = await addNew(scope, incoming, source)
  const stale = changed.filter(({ told_anew }) => told_anew).map(({ id }) => id)
  if (stale.length > 0) await stopReminders(scope, stale, 'amount_changed')
  const [all] = await scope.sql<{ n: number }[]>`SELECT count(*)::int AS n FROM (${incoming}) n`
  return { made, changed: changed.length, same: all!.n - made - changed.length }
}

async function lockKnown({ sql, workspaceId }: Scope, incoming: IncomingInvoices): Promise<void> {
  await sql`
    SELECT count(*) FROM (
      SELECT 1 FROM invoices WHERE workspace_id = ${workspaceId} AND number IN (SELECT number FROM (${incoming}) n)
       ORDER BY id FOR UPDATE) locked`
}

type Changed = { id: string; told_anew: boolean }

async function changeKnown(scope: Scope, incoming: IncomingInvoices, source: string): Promise<Changed[]> {
  const { sql, workspaceId, now } = scope
  const at = now.toISOString()
  return sql<Changed[]>`
    WITH wanted AS MATERIALIZED (
      SELECT i.id, i.state AS was, i.amount AS old_amount, i.due_date AS old_due, n.contact_id, n.amount, n.currency, n.due_date,
             coalesce(n.pay_link, i.pay_link) AS pay_link, coalesce(n.attachment, i.attachment) AS attachment,
             coalesce(n.tags, i.tags) AS tags, i.variables || coalesce(n.variables, '{}') AS variables,
             CASE WHEN i.paid >= n.amount THEN 'paid'
                  WHEN i.state IN ('open','partly_paid') OR i.gone_from_sheet THEN CASE WHEN i.paid > 0 THEN 'partly_paid' ELSE 'open' END
                  ELSE i.state END AS state,
             (i.contact_id, i.amount, i.due_date, i.pay_link, i.attachment, i.variables) IS DISTINCT FROM
               (n.contact_id, n.amount, n.due_date, coalesce(n.pay_link, i.pay_link), coalesce(n.attachment, i.attachment),
                i.variables || coalesce(n.variables, '{}')) AS told_anew
        FROM invoices i JOIN (${incoming}) n ON n.number = i.number
       WHERE i.workspace_id = ${workspaceId} AND i.state <> 'paid' AND (i.state <> 'cancelled' OR i.gone_from_sheet)),
    changed AS (
      UPDATE invoices i SET contact_id = w.contact_id, amount = w.amount, currency = w.currency, due_date = w.due_date,
             pay_link = w.pay_link, attachment = w.attachment, tags = w.tags, variables = w.variables, state = w.state,
             promised_until = CASE WHEN w.state = 'promised' THEN i.promised_until END,
             paid_at = CASE WHEN w.state = 'paid' THEN ${at}::timestamptz END,
             gone_from_sheet = false, source = ${source}, updated_at = ${at}::timestamptz
        FROM wanted w
       WHERE i.id = w.id AND (w.told_anew OR i.gone_from_sheet OR (i.currency, i.tags, i.state) IS DISTINCT FROM (w.currency, w.tags, w.state))
      RETURNING i.id, w.was, w.state, w.old_amount, w.amount, w.old_due, w.due_date, w.told_anew),
    noted AS (
      INSERT INTO invoice_events (workspace_id, invoice_id, kind, from_state, to_state, facts, actor, at)
      SELECT ${workspaceId}::uuid, c.id, CASE WHEN c.was = 'cancelled' THEN 'reopened' ELSE 'changed' END, c.was, c.state,
             jsonb_strip_nulls(jsonb_build_object('source', ${source}::text,
               'amount', CASE WHEN c.amount <> c.old_amount THEN jsonb_build_array(trim_scale(c.old_amount / 10000.0), trim_scale(c.amount / 10000.0)) END,
               'due_date', CASE WHEN c.due_date <> c.old_due THEN jsonb_build_array(c.old_due, c.due_date) END)),
             ${scope.actor.name}, ${at}::timestamptz FROM changed c)
    SELECT id, told_anew FROM changed`
}

async function addNew(scope: Scope, incoming: IncomingInvoices, source: string): Promise<number> {
  const { sql, workspaceId, now } = scope
  const at = now.toISOString()
  const [made] = await sql<{ n: number }[]>`
    WITH made AS (
      INSERT INTO invoices (id, workspace_id, number, contact_id, currency, amount, due_date, state, pay_link, attachment,
                            tags, variables, source, created_at, updated_at)
      SELECT ${invoiceId(scope)}, ${workspaceId}::uuid, n.number, n.contact_id, n.currency, n.amount, n.due_date, 'open', n.pay_link,
             n.attachment, coalesce(n.tags, '{}'), coalesce(n.variables, '{}'), ${source}, ${at}::timestamptz, ${at}::timestamptz
        FROM (${incoming}) n
      ON CONFLICT (workspace_id, number) DO NOTHING RETURNING id, amount, due_date),
    noted AS (
      INSERT INTO invoice_events (workspace_id, invoice_id, kind, from_state, to_state, facts, actor, at)
      SELECT ${workspaceId}::uuid, m.id, 'created', NULL, 'open',
             jsonb_build_object('source', ${source}::text, 'amount', trim_scale(m.amount / 10000.0), 'due_date', m.due_date),
             ${scope.actor.name}, ${at}::timestamptz FROM made m)
    SELECT count(*)::int AS n FROM made`
  return made!.n
}

/** An id that sorts by time, made by the database where a statement makes many rows. */
function invoiceId({ sql, now }: Scope) {
  const time = newId(now.getTime()).slice(0, 13)
  return sql`(${time} || '-7' || substr(gen_random_uuid()::text, 16, 21))::uuid`
}

/**
 * Cancels the invoices of earlier sheets that this one no longer has, because the business has asked for it.
 * @returns how many were closed
 */
export async function closeMissing(
  scope: Scope,
  incoming: IncomingInvoices,
  source: string,
): Promise<number> {
  const { sql, workspaceId, now } = scope
  const at = now.toISOString()
  const gone = await sql<{ id: string }[]>`
    WITH gone AS MATERIALIZED (
      SELECT i.id, i.state FROM invoices i
       WHERE i.workspace_id = ${workspaceId} AND i.state NOT IN ('paid','cancelled') AND i.source LIKE 'import:%'
         AND NOT EXISTS (SELECT 1 FROM (${incoming}) n WHERE n.number = i.number)
       ORDER BY i.id FOR UPDATE),
    closed AS (
      UPDATE invoices i SET state = 'cancelled', gone_from_sheet = true, promised_until = NULL, updated_at = ${at}::timestamptz
        FROM gone g WHERE i.id = g.id RETURNING i.id, g.state),
    noted AS (
      INSERT INTO invoice_events (workspace_id, invoice_id, kind, from_state, to_state, facts, actor, at)
      SELECT ${workspaceId}::uuid, c.id, 'cancelled', c.state, 'cancelled',
             jsonb_build_object('reason', 'not_in_sheet', 'source', ${source}::text), ${scope.actor.name}, ${at}::timestamptz FROM closed c)
    SELECT id FROM closed`
  const ids = gone.map(({ id }) => id)
  if (ids.length > 0) await stopReminders(scope, ids, 'invoice_cancelled')
  return ids.length
}
