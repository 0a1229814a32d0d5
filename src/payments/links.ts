import { instant, listOf } from '../platform/db.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import { awaitLinks, findInvoice, linkInvoice, outstandingMinor } from '../reminders/index.ts'
import { allow } from '../workspaces/index.ts'

/** A link by which an invoice is paid. Amounts in 1/10,000 of a unit of `currency`. */
export type PaymentLink = {
  readonly id: string
  readonly invoiceId: string
  readonly gatewayId: string
  readonly reference: string
  readonly amountMinor: bigint
  readonly currency: string
  readonly state: 'wanted' | 'made' | 'failed'
  readonly url: string | null
  readonly detail: string | null
  readonly createdAt: string
  readonly madeAt: string | null
}

/** Links are made this long before an invoice is due: before the first step of any usual ladder is planned. */
const DAYS_AHEAD = 30
const MOST_WANTED_AT_ONCE = 500
const MOST_LISTED = 100

/**
 * Wants a link for every unpaid invoice that is due soon and has none, or one made for another amount; what a sheet or
 * a program gave as its link stays. One link for an invoice and amount: a link of that amount made before serves again.
 * @returns how many are wanted now
 */
export async function wantLinks(scope: Scope): Promise<number> {
  const { sql, workspaceId, now } = scope
  const today = now.toISOString().slice(0, 10)
  const wanted = await sql<{ id: string }[]>`
    SELECT i.id FROM invoices i JOIN payment_gateways g ON g.workspace_id = i.workspace_id AND g.makes_links AND g.removed_at IS NULL
     WHERE i.workspace_id = ${workspaceId} AND i.state IN ('open','partly_paid','promised') AND i.link_wanted_at IS NULL
       AND i.amount > i.paid AND i.due_date <= ${today}::text::date + ${DAYS_AHEAD}::int
       AND (i.pay_link IS NULL OR EXISTS (SELECT 1 FROM payment_links l WHERE l.invoice_id = i.id AND l.workspace_id = ${workspaceId}
              AND l.url = i.pay_link AND l.amount <> i.amount - i.paid))
       AND NOT EXISTS (SELECT 1 FROM payment_links f WHERE f.invoice_id = i.id AND f.workspace_id = ${workspaceId} AND f.gateway_id = g.id
              AND f.state = 'failed' AND f.amount = i.amount - i.paid AND f.created_at > ${now.toISOString()}::timestamptz - interval '1 day')
     ORDER BY i.due_date, i.id LIMIT ${MOST_WANTED_AT_ONCE}`
  const ids = wanted.map(({ id }) => id)
  if (ids.length === 0) return 0
  await awaitLinks(scope, ids)
  await writeWanted(scope, ids)
  await serveAgain(scope, ids)
  return ids.length
}

async function writeWanted(scope: Scope, invoiceIds: readonly string[]): Promise<void> {
  const { sql, workspaceId, now } = scope
  const at = now.toISOString()
  await sql`
    INSERT INTO payment_links (id, workspace_id, invoice_id, gateway_id, reference, amount, currency, state, try_at, created_at)
    SELECT n.id, ${workspaceId}::uuid, i.id, g.id, 'dc' || replace(n.id::text, '-', ''), i.amount - i.paid, i.currency, 'wanted',
           ${at}::timestamptz, ${at}::timestamptz
      FROM invoices i JOIN payment_gateways g ON g.workspace_id = i.workspace_id AND g.makes_links AND g.removed_at IS NULL
      CROSS JOIN LATERAL (SELECT gen_random_uuid() AS id WHERE i.id IS NOT NULL) n
     WHERE i.id = ANY(${listOf(invoiceIds)}::uuid[]) AND i.workspace_id = ${workspaceId} AND i.amount > i.paid
    ON CONFLICT (invoice_id, gateway_id, amount) WHERE state <> 'failed' DO NOTHING`
}

/** Where an amount is owed again that there is a link for, as after a payment that was taken back. */
async function serveAgain(scope: Scope, invoiceIds: readonly string[]): Promise<void> {
  const made = await scope.sql<{ invoice_id: string; url: string }[]>`
    SELECT l.invoice_id, l.url FROM payment_links l JOIN invoices i ON i.id = l.invoice_id
      JOIN payment_gateways g ON g.id = l.gateway_id AND g.makes_links AND g.removed_at IS NULL
     WHERE l.invoice_id = ANY(${listOf(invoiceIds)}::uuid[]) AND l.workspace_id = ${scope.workspaceId} AND l.state = 'made'
       AND l.amount = i.amount - i.paid`
  for (const { invoice_id, url } of made) await linkInvoice(scope, invoice_id, url)
}

/** Asks for a link of one invoice now, whenever it is due. Refuses where no gateway makes links, or nothing is owed. */
export async function wantLink(
  scope: Scope,
  invoiceId: string,
): Promise<Result<PaymentLink, 'forbidden' | 'not_found' | 'wrong_state' | 'no_link_maker'>> {
  const forbidden = allow(scope.actor, 'invoices.write')
  if (forbidden) return forbidden
  const found = await findInvoice(scope, { invoiceId })
  if (!found.ok) return found
  const invoice = found.value
  if (invoice.state === 'cancelled' || outstandingMinor(invoice) === 0n)
    return refuse('wrong_state', 'Nothing is owed on this invoice.', { state: invoice.state })
  const maker = await scope.sql`
    SELECT 1 FROM payment_gateways WHERE workspace_id = ${scope.workspaceId} AND makes_links AND removed_at IS NULL`
  if (maker.length === 0)
    return refuse(
      'no_link_maker',
      'No payment gateway makes links: connect one, and let it make them (PUT /v1/payment-gateways/{id}/links).',
    )
  await awaitLinks(scope, [invoice.id])
  await writeWanted(scope, [invoice.id])
  await serveAgain(scope, [invoice.id])
  return ok((await listLinks(scope, invoice.id))[0]!)
}

/** The links of an invoice, newest first. */
export async function listLinks(scope: Scope, invoiceId: string): Promise<PaymentLink[]> {
  const rows = await scope.sql<
    {
      id: string
      invoice_id: string
      gateway_id: string
      reference: string
      amount: bigint
      currency: string
      state: PaymentLink['state']
      url: string | null
      detail: string | null
      created_at: string
      made_at: string | null
    }[]
  >`
    SELECT id, invoice_id, gateway_id, reference, amount, currency, state, url, detail, created_at, made_at FROM payment_links
     WHERE invoice_id = ${invoiceId} AND workspace_id = ${scope.workspaceId} ORDER BY created_at DESC, id DESC LIMIT ${MOST_LISTED}`
  return rows.map((row) => ({
    id: row.id,
    invoiceId: row.invoice_id,
    gatewayId: row.gateway_id,
    reference: row.reference,
    amountMinor: row.amount,
    currency: row.currency,
    state: row.state,
    url: row.url,
    detail: row.detail,
    createdAt: instant(row.created_at)!,
    madeAt: instant(row.made_at),
  }))
}
