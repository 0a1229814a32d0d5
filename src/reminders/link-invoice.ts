import { listOf } from '../platform/db.ts'
import type { Scope } from '../platform/scope.ts'
import { stopReminders } from './move-invoice.ts'

/** The links by which invoices are paid, where they are made for us: whoever makes them says here what became of them. */

/**
 * Notes that a link is being made for these invoices, and takes an older one out of their words: a link to another
 * amount is never told. Their reminders wait meanwhile.
 */
export async function awaitLinks(scope: Scope, invoiceIds: readonly string[]): Promise<void> {
  if (invoiceIds.length === 0) return
  const { sql, workspaceId, now } = scope
  const stale = await sql<{ id: string }[]>`
    WITH had AS (
      SELECT id, pay_link FROM invoices WHERE id = ANY(${listOf(invoiceIds)}::uuid[]) AND workspace_id = ${workspaceId}
       ORDER BY id FOR UPDATE)
    UPDATE invoices i SET pay_link = NULL, link_wanted_at = ${now.toISOString()}::timestamptz
      FROM had WHERE i.id = had.id RETURNING i.id, had.pay_link IS NOT NULL AS told`
  await stopReminders(
    scope,
    stale.map(({ id }) => id),
    'amount_changed',
  )
}

/**
 * Gives an invoice its link, or, where `url` is undefined, says that none will come. A message that waits to go without
 * it is made anew.
 */
export async function linkInvoice(scope: Scope, invoiceId: string, url: string | undefined): Promise<void> {
  const { sql, workspaceId, now } = scope
  await sql`
    UPDATE invoices SET pay_link = coalesce(${url ?? null}, pay_link), link_wanted_at = NULL, updated_at = ${now.toISOString()}::timestamptz
     WHERE id = ${invoiceId} AND workspace_id = ${workspaceId}`
  if (url !== undefined) await stopReminders(scope, [invoiceId], 'amount_changed')
}
