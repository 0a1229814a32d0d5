import type { Stopped } from '../delivery/index.ts'
import { newId } from '../platform/ids.ts'
import { formatAmount } from '../platform/money.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import { allow, recordEvent } from '../workspaces/index.ts'
import { type InvoiceRef, lockInvoice } from './find-invoice.ts'
import { afterPayment, type Invoice, outstandingMinor } from './invoice.ts'
import { NOTHING, noteEvent, stopReminders } from './move-invoice.ts'

/** Money that came in for one invoice, in 1/10,000 of a unit. */
export type Payment = InvoiceRef & {
  /** All that is still owed, where it is left out. */
  readonly amountMinor?: bigint | undefined
  readonly currency?: string | undefined
  readonly paidAt: Date
  /** Who says so: `api`, `sheet`, `console`, `stripe`… */
  readonly source: string
  /** The source's own number of this payment: the same one again is the same payment. */
  readonly externalId: string
}

export type PaymentRecorded = {
  readonly invoice: Invoice
  /** Whether this payment was known already; then nothing has changed. */
  readonly known: boolean
  readonly stopped: Stopped
}

export type PaymentRefusal = 'forbidden' | 'not_found' | 'currency_mismatch' | 'validation_failed'

/** The most one payment may be, in 1/10,000 of a unit. */
const MOST_PAYMENT_MINOR = 10n ** 17n
/** The most that is ever paid on one invoice: its column holds no more than nine times that. */
const MOST_PAID_MINOR = 10n ** 18n

/**
 * Records a payment, once for each source and its own number, and stops in the same transaction what reminds of an
 * invoice that is paid; after a part payment the reminder that waits is stopped and made anew with the rest. Paid is
 * never downgraded, in whichever order the messages of a gateway come.
 */
export async function recordPayment(
  scope: Scope,
  payment: Payment,
): Promise<Result<PaymentRecorded, PaymentRefusal>> {
  const forbidden = allow(scope.actor, 'invoices.write')
  if (forbidden) return forbidden
  const found = await lockInvoice(scope, payment)
  if (!found.ok) return found
  const invoice = found.value
  const amountMinor = payment.amountMinor ?? outstandingMinor(invoice)
  const refusal = refusePayment(invoice, payment)
  if (refusal) return refusal
  if (amountMinor === 0n) return ok({ invoice, known: true, stopped: NOTHING })
  if (!(await insertPayment(scope, invoice, payment, amountMinor)))
    return ok({ invoice, known: true, stopped: NOTHING })
  const after = await applyPayment(scope, invoice, payment, amountMinor)
  if (after.state === 'paid' && invoice.state !== 'paid')
    await recordEvent(scope, 'invoice.paid', `invoice:${invoice.id}`, {
      number: invoice.number,
      amount: formatAmount(amountMinor),
      currency: invoice.currency,
      source: payment.source,
    })
  const reason = after.state === 'paid' ? 'paid' : 'amount_changed'
  return ok({ invoice: after, known: false, stopped: await stopReminders(scope, [invoice.id], reason) })
}

function refusePayment(invoice: Invoice, { amountMinor, currency }: Payment) {
  if (currency !== undefined && currency !== invoice.currency)
    return refuse('currency_mismatch', `This invoice is in ${invoice.currency}.`)
  if (amountMinor === undefined) return undefined
  const isSensible = amountMinor > 0n && amountMinor <= MOST_PAYMENT_MINOR
  if (isSensible && invoice.paidMinor + amountMinor <= MOST_PAID_MINOR) return undefined
  const message = isSensible ? 'More was paid than any invoice is of.' : 'A payment is more than zero.'
  return refuse('validation_failed', message, {
    errors: [{ path: 'amount.amount', code: 'invalid_amount', message }],
  })
}

async function insertPayment(
  scope: Scope,
  invoice: Invoice,
  { source, externalId, paidAt }: Payment,
  amountMinor: bigint,
): Promise<boolean> {
  const written = await scope.sql`
    INSERT INTO invoice_payments (id, workspace_id, invoice_id, amount, source, external_id, paid_at, actor, created_at)
    VALUES (${newId(scope.now.getTime())}, ${scope.workspaceId}, ${invoice.id}, ${amountMinor}, ${source}, ${externalId},
            ${paidAt.toISOString()}::timestamptz, ${scope.actor.name}, ${scope.now.toISOString()}::timestamptz)
    ON CONFLICT (workspace_id, source, external_id) DO NOTHING`
  return written.count > 0
}

async function applyPayment(
  scope: Scope,
  invoice: Invoice,
  { source, externalId, paidAt }: Payment,
  amountMinor: bigint,
): Promise<Invoice> {
  const { state, paidMinor } = afterPayment(invoice, amountMinor)
  const promisedUntil = state === 'promised' ? invoice.promisedUntil : null
  const paidInFullAt = state === 'paid' ? (invoice.paidAt ?? paidAt.toISOString()) : null
  await scope.sql`
    UPDATE invoices SET state = ${state}, gone_from_sheet = gone_from_sheet AND ${state} = 'cancelled', paid = ${paidMinor}, promised_until = ${promisedUntil}::text::date,
           paid_at = ${paidInFullAt}::text::timestamptz, updated_at = ${scope.now.toISOString()}::timestamptz
     WHERE id = ${invoice.id} AND workspace_id = ${scope.workspaceId}`
  const facts = { amount: formatAmount(amountMinor), source, external_id: externalId }
  await noteEvent(scope, invoice.id, { kind: 'payment', from: invoice.state, to: state, facts })
  const updatedAt = scope.now.toISOString()
  return { ...invoice, state, paidMinor, promisedUntil, paidAt: paidInFullAt, updatedAt }
}
