import { type Stopped, stopMessages } from '../delivery/index.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import { allow } from '../workspaces/index.ts'
import { type InvoiceRef, lockInvoice } from './find-invoice.ts'
import { INVOICE_MOVES, type Invoice, type InvoiceState, stateByFigures } from './invoice.ts'

export type MoveRefusal = 'forbidden' | 'not_found' | 'wrong_state' | 'validation_failed'

/** An invoice after it was moved, and the messages that this has stopped. */
export type MovedInvoice = { readonly invoice: Invoice; readonly stopped: Stopped }

/** Notes that payment was promised until an ISO day: no reminder goes before that day has passed. */
export async function promiseInvoice(
  scope: Scope,
  ref: InvoiceRef,
  until: string,
): Promise<Result<MovedInvoice, MoveRefusal>> {
  return moveByHand(scope, ref, 'promised', { promisedUntil: until, kind: 'promised', stop: 'promised' })
}

/** Notes that the debtor disputes the invoice: reminders stop until it is opened again. */
export async function disputeInvoice(
  scope: Scope,
  ref: InvoiceRef,
  reason?: string,
): Promise<Result<MovedInvoice, MoveRefusal>> {
  return moveByHand(scope, ref, 'disputed', { reason, kind: 'disputed', stop: 'disputed' })
}

/** Cancels what is no longer owed. */
export async function cancelInvoice(
  scope: Scope,
  ref: InvoiceRef,
  reason?: string,
): Promise<Result<MovedInvoice, MoveRefusal>> {
  return moveByHand(scope, ref, 'cancelled', { reason, kind: 'cancelled', stop: 'invoice_cancelled' })
}

/** Takes a promise, a dispute or a cancellation back; what has been paid meanwhile counts. */
export async function reopenInvoice(
  scope: Scope,
  ref: InvoiceRef,
): Promise<Result<MovedInvoice, MoveRefusal>> {
  return moveByHand(scope, ref, 'reopened', { kind: 'reopened' })
}

type Move = {
  readonly kind: string
  readonly promisedUntil?: string
  readonly reason?: string | undefined
  readonly stop?: string
}

async function moveByHand(
  scope: Scope,
  ref: InvoiceRef,
  wanted: InvoiceState | 'reopened',
  move: Move,
): Promise<Result<MovedInvoice, MoveRefusal>> {
  const forbidden = allow(scope.actor, 'invoices.write')
  if (forbidden) return forbidden
  const found = await lockInvoice(scope, ref)
  if (!found.ok) return found
  const invoice = found.value
  const to = wanted === 'reopened' ? stateByFigures(invoice) : wanted
  if (to === invoice.state && wanted !== 'promised') return ok({ invoice, stopped: NOTHING })
  if (!INVOICE_MOVES[invoice.state].includes(to)) return wrongState(invoice, wanted)
  const moved = await writeMove(scope, invoice, { ...move, to })
  return ok({
    invoice: moved,
    stopped: move.stop ? await stopReminders(scope, [invoice.id], move.stop) : NOTHING,
  })
}

export const NOTHING: Stopped = { count: 0, releasedMinor: 0n }

function wrongState(invoice: Invoice, wanted: string) {
  const words = (state: string) => state.replaceAll('_', ' ')
  return refuse('wrong_state', `The invoice is ${words(invoice.state)} and cannot be ${words(wanted)}.`, {
    state: invoice.state,
  })
}

async function writeMove(
  scope: Scope,
  invoice: Invoice,
  move: Move & { to: InvoiceState },
): Promise<Invoice> {
  const promisedUntil = move.promisedUntil ?? null
  await scope.sql`
    UPDATE invoices SET state = ${move.to}, gone_from_sheet = false, promised_until = ${promisedUntil}::text::date,
           updated_at = ${scope.now.toISOString()}::timestamptz
     WHERE id = ${invoice.id} AND workspace_id = ${scope.workspaceId}`
  const facts = {
    ...(promisedUntil !== null && { promised_until: promisedUntil }),
    ...(move.reason !== undefined && { reason: move.reason }),
  }
  await noteEvent(scope, invoice.id, { kind: move.kind, from: invoice.state, to: move.to, facts })
  return { ...invoice, state: move.to, promisedUntil, updatedAt: scope.now.toISOString() }
}

/** Appends to an invoice's history. */
export async function noteEvent(
  scope: Scope,
  invoiceId: string,
  event: {
    kind: string
    from: InvoiceState | null
    to: InvoiceState
    facts?: Readonly<Record<string, unknown>>
  },
): Promise<void> {
  await scope.sql`
    INSERT INTO invoice_events (workspace_id, invoice_id, kind, from_state, to_state, facts, actor, at)
    VALUES (${scope.workspaceId}, ${invoiceId}, ${event.kind}, ${event.from}, ${event.to},
            ${JSON.stringify(event.facts ?? {})}::text::jsonb, ${scope.actor.name}, ${scope.now.toISOString()}::timestamptz)`
}

/**
 * Stops every message that speaks of one of these invoices and has not left, and whatever would take its place by SMS. The invoices must be locked: a plan locks
 * them too while it makes their messages, so that none is made unseen.
 */
export async function stopReminders(
  scope: Scope,
  invoiceIds: readonly string[],
  reason: string,
): Promise<Stopped> {
  const rows = await scope.sql<{ id: bigint }[]>`
    SELECT m.id FROM reminders r JOIN messages m ON m.campaign_id = r.campaign_id AND m.contact_id = r.contact_id
     WHERE r.invoice_id = ANY(${`{${invoiceIds.join(',')}}`}::uuid[]) AND r.workspace_id = ${scope.workspaceId}
       AND m.state IN ('queued','sending','sent','failed','uncertain')`
  return stopMessages(
    scope,
    rows.map(({ id }) => id),
    reason,
  )
}
