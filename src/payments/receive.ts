import { createHash } from 'node:crypto'
import { newId } from '../platform/ids.ts'
import { formatAmount } from '../platform/money.ts'
import { undoIfRefused } from '../platform/savepoint.ts'
import type { Scope } from '../platform/scope.ts'
import { findInvoice, type Invoice, recordPayment } from '../reminders/index.ts'
import { recordEvent } from '../workspaces/index.ts'
import type { OpenGateway } from './connect.ts'
import type { GatewayEvent, WebhookHeaders } from './gateways/gateway.ts'

export const OUTCOMES = ['recorded', 'known', 'noted', 'nothing', 'unknown_invoice', 'refused'] as const
export type Outcome = (typeof OUTCOMES)[number]

type Came = { outcome: Outcome; detail: string | null; invoiceId: string | null }

/**
 * Takes what a gateway has proved to say, once for each event: a payment is recorded and stops what reminds of it in
 * this transaction; a refund or a chargeback is noted and never makes an invoice unpaid; what names no invoice of this
 * workspace is kept and counted, and taken up when the invoice comes.
 * @returns what became of it, undefined where the event was known already
 */
export async function receiveGatewayEvent(
  scope: Scope,
  opened: Pick<OpenGateway, 'id' | 'gateway'>,
  rawBody: Buffer,
  headers: WebhookHeaders,
): Promise<Outcome | undefined> {
  const digest = createHash('sha256').update(rawBody).digest()
  const event = opened.gateway.read(rawBody, headers)
  const rowId = await keep(scope, opened.id, event ?? unreadable(digest), digest, event !== undefined)
  if (rowId === undefined) return undefined
  if (!event) return 'nothing'
  const came = await apply(scope, opened, event)
  await settle(scope, rowId, came)
  return came.outcome
}

/**
 * Takes up payments that came before their invoices.
 * @returns how many were recorded
 */
export async function claimPayments(scope: Scope): Promise<number> {
  const rows = await scope.sql<KeptRow[]>`
    SELECT e.id, e.gateway_id, e.event_id, e.kind, e.says, e.payment_id, e.reference, e.amount, e.currency, e.at, g.provider
      FROM gateway_events e JOIN payment_gateways g ON g.id = e.gateway_id AND g.workspace_id = e.workspace_id
     WHERE e.workspace_id = ${scope.workspaceId} AND e.outcome = 'unknown_invoice'
       AND EXISTS (SELECT 1 FROM invoices i WHERE i.workspace_id = e.workspace_id AND i.number = e.reference)
     ORDER BY e.id LIMIT ${MOST_CLAIMED} FOR UPDATE OF e SKIP LOCKED`
  let recorded = 0
  for (const row of rows) {
    const came = await apply(scope, { id: row.gateway_id, gateway: { provider: row.provider } }, eventOf(row))
    await settle(scope, row.id, came)
    if (came.outcome === 'recorded') recorded++
  }
  return recorded
}

const MOST_CLAIMED = 200

type KeptRow = {
  id: string
  gateway_id: string
  event_id: string
  kind: GatewayEvent['kind']
  says: string
  payment_id: string | null
  reference: string | null
  amount: bigint | null
  currency: string | null
  at: string | null
  provider: string
}

function eventOf(row: KeptRow): GatewayEvent {
  return {
    eventId: row.event_id,
    kind: row.kind,
    says: row.says,
    paymentId: row.payment_id ?? undefined,
    reference: row.reference ?? undefined,
    amountMinor: row.amount ?? undefined,
    currency: row.currency ?? undefined,
    at: row.at === null ? undefined : new Date(row.at),
  }
}

function unreadable(digest: Buffer): GatewayEvent {
  return {
    eventId: digest.toString('hex'),
    kind: 'other',
    says: 'unreadable',
    paymentId: undefined,
    reference: undefined,
    amountMinor: undefined,
    currency: undefined,
    at: undefined,
  }
}

/** Undefined where this event was kept before: the gateway sent it again. */
async function keep(
  scope: Scope,
  gatewayId: string,
  event: GatewayEvent,
  digest: Buffer,
  isReadable: boolean,
): Promise<string | undefined> {
  const [row] = await scope.sql<{ id: string }[]>`
    INSERT INTO gateway_events (id, workspace_id, gateway_id, event_id, kind, says, payment_id, reference, amount, currency, at,
                                outcome, body_sha256, received_at)
    VALUES (${newId(scope.now.getTime())}, ${scope.workspaceId}, ${gatewayId}, ${event.eventId},
            ${isReadable ? event.kind : 'unreadable'}, ${event.says}, ${event.paymentId ?? null}, ${event.reference ?? null},
            ${event.amountMinor ?? null}, ${event.currency ?? null}, ${event.at?.toISOString() ?? null}::text::timestamptz,
            'nothing', ${digest}, ${scope.now.toISOString()}::timestamptz)
    ON CONFLICT (gateway_id, event_id) DO NOTHING RETURNING id`
  return row?.id
}

async function settle(scope: Scope, rowId: string, came: Came): Promise<void> {
  await scope.sql`
    UPDATE gateway_events SET outcome = ${came.outcome}, detail = ${came.detail}, invoice_id = ${came.invoiceId},
           settled_at = ${scope.now.toISOString()}::timestamptz
     WHERE id = ${rowId} AND workspace_id = ${scope.workspaceId}`
}

type Teller = { readonly id: string; readonly gateway: { readonly provider: string } }

async function apply(scope: Scope, teller: Teller, event: GatewayEvent): Promise<Came> {
  if (event.kind === 'other') return { outcome: 'nothing', detail: null, invoiceId: null }
  const invoice = await invoiceOf(scope, teller, event)
  if (!invoice)
    return { outcome: 'unknown_invoice', detail: 'No invoice bears this reference.', invoiceId: null }
  if (event.kind === 'paid') return pay(scope, teller, event, invoice)
  await recordEvent(scope, `invoice.payment_${event.kind}`, `invoice:${invoice.id}`, {
    gateway: teller.gateway.provider,
    payment_id: event.paymentId ?? null,
    ...(event.amountMinor !== undefined && { amount: formatAmount(event.amountMinor) }),
    currency: event.currency ?? null,
  })
  const detail =
    'Noted in the history. The invoice stays as it is: reopen or enter it anew if it is owed again.'
  return { outcome: 'noted', detail, invoiceId: invoice.id }
}

async function pay(scope: Scope, teller: Teller, event: GatewayEvent, invoice: Invoice): Promise<Came> {
  const refused = (detail: string): Came => ({ outcome: 'refused', detail, invoiceId: invoice.id })
  if (event.amountMinor === undefined || event.paymentId === undefined)
    return refused('The webhook does not say which payment it is, or of how much.')
  const { amountMinor, paymentId } = event
  const recorded = await undoIfRefused(scope, (inner) =>
    recordPayment(inner, {
      invoiceId: invoice.id,
      amountMinor,
      currency: event.currency,
      paidAt: event.at ?? scope.now,
      source: teller.gateway.provider,
      externalId: `${teller.id}:${paymentId}`.slice(0, 300),
    }),
  )
  if (!recorded.ok) return refused(recorded.message)
  return { outcome: recorded.value.known ? 'known' : 'recorded', detail: null, invoiceId: invoice.id }
}

/** Midtrans adds the moment in milliseconds to the order id of a link. */
const ADDED_MOMENT = /-\d{10,13}$/

/**
 * The invoice that an event is about: of a link made here, else by its number, else of the payment that it refunds.
 */
async function invoiceOf(scope: Scope, teller: Teller, event: GatewayEvent): Promise<Invoice | undefined> {
  const { reference } = event
  if (reference !== undefined) {
    const names = [reference, reference.replace(ADDED_MOMENT, '')].filter((name) => name !== '')
    const [link] = await scope.sql<{ invoice_id: string }[]>`
      SELECT invoice_id FROM payment_links
       WHERE workspace_id = ${scope.workspaceId} AND gateway_id = ${teller.id} AND reference IN ${scope.sql(names)} LIMIT 1`
    const found = await findInvoice(scope, link ? { invoiceId: link.invoice_id } : { number: reference })
    if (found.ok) return found.value
  }
  if (event.paymentId === undefined) return undefined
  const [payment] = await scope.sql<{ invoice_id: string }[]>`
    SELECT invoice_id FROM invoice_payments
     WHERE workspace_id = ${scope.workspaceId} AND source = ${teller.gateway.provider}
       AND external_id = ${`${teller.id}:${event.paymentId}`.slice(0, 300)}`
  const found = payment && (await findInvoice(scope, { invoiceId: payment.invoice_id }))
  return found?.ok ? found.value : undefined
}
