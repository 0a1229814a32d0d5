import type { ImportTotals } from '../contacts/index.ts'
import type { Scope } from '../platform/scope.ts'
import { findWorkspace, recordEvent } from '../workspaces/index.ts'
import { closeMissing, saveInvoices } from './save-invoices.ts'

/** What a sheet of invoices asks for beside its rows. */
export type InvoiceSheet = {
  readonly importId: string
  /** Cancel what earlier sheets had and this one has not. */
  readonly closeMissing: boolean
  /** Whether amounts are what is still owed, and not what the invoice was for. */
  readonly outstanding: boolean
  /** How many rows were not taken: where there are any, nothing is closed, since one of them may be the missing one. */
  readonly rejected: number
}

/**
 * Takes the invoices out of a sheet's staged rows, in the transaction that takes its contacts: the same sheet again
 * updates and adds, and never doubles.
 * @returns figures for the import's totals
 */
export async function takeInvoices(scope: Scope, sheet: InvoiceSheet): Promise<ImportTotals> {
  const { currency } = await findWorkspace(scope)
  const source = `import:${sheet.importId}`
  const incoming = stagedInvoices(scope, currency, sheet.outstanding)
  const saved = await saveInvoices(scope, incoming, source)
  const closes = sheet.closeMissing && sheet.rejected === 0 && saved.made + saved.changed + saved.same > 0
  const closed = closes ? await closeMissing(scope, incoming, source) : 0
  await recordEvent(scope, 'invoices.imported', `import:${sheet.importId}`, { ...saved, closed })
  return {
    new_invoices: saved.made,
    changed_invoices: saved.changed,
    same_invoices: saved.same,
    closed_invoices: closed,
    ...(sheet.closeMissing && !closes && { close_missing_not_done: 1 }),
  }
}

/** Columns that an invoice has of its own; whatever else a sheet has is told with the reminder too. */
const OWN = ['invoice', 'amount', 'due_date', 'pay_link', 'attachment', 'tags', 'currency']

function stagedInvoices({ sql, workspaceId }: Scope, currency: string, outstanding: boolean) {
  return sql`
    SELECT DISTINCT ON (s.number) s.*, s.owed + CASE WHEN ${outstanding} THEN coalesce(k.paid, 0) ELSE 0 END AS amount FROM (
      SELECT r."row", left(r.variables ->> 'invoice', 200) AS number, c.id AS contact_id,
             round((r.variables ->> 'amount')::numeric * 10000)::bigint AS owed,
             CASE WHEN upper(r.variables ->> 'currency') ~ '^[A-Z]{3}$' THEN upper(r.variables ->> 'currency') ELSE ${currency} END AS currency,
             (r.variables ->> 'due_date')::date AS due_date, left(r.variables ->> 'pay_link', 2000) AS pay_link,
             left(r.variables ->> 'attachment', 2000) AS attachment,
             regexp_split_to_array(nullif(trim(r.variables ->> 'tags'), ''), '\\s*[,;]\\s*') AS tags,
             r.variables - ${OWN}::text[] AS variables
        FROM staged_rows r JOIN contacts c ON c.phone = r.phone AND c.workspace_id = ${workspaceId}) s
      LEFT JOIN invoices k ON k.number = s.number AND k.workspace_id = ${workspaceId}
     WHERE s.owed > 0 ORDER BY s.number, s."row"`
}
