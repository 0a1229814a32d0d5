import { instant } from '../platform/db.ts'
import { type Page, type PageRequest, pageOf } from '../platform/page.ts'
import type { Scope } from '../platform/scope.ts'
import type { Outcome } from './receive.ts'

/** A webhook of a gateway and what became of it. Amounts in 1/10,000 of a unit. */
export type KeptEvent = {
  readonly id: string
  readonly eventId: string
  readonly kind: string
  readonly says: string
  readonly paymentId: string | null
  readonly reference: string | null
  readonly amountMinor: bigint | null
  readonly currency: string | null
  readonly outcome: Outcome
  readonly detail: string | null
  readonly invoiceId: string | null
  readonly receivedAt: string
}

/** What a gateway has told, newest first. */
export async function listGatewayEvents(
  scope: Scope,
  gatewayId: string,
  { limit, after }: PageRequest<string>,
  outcome: Outcome | undefined,
): Promise<Page<KeptEvent, string>> {
  const { sql } = scope
  const rows = await sql<
    {
      id: string
      event_id: string
      kind: string
      says: string
      payment_id: string | null
      reference: string | null
      amount: bigint | null
      currency: string | null
      outcome: Outcome
      detail: string | null
      invoice_id: string | null
      received_at: string
    }[]
  >`SELECT id, event_id, kind, says, payment_id, reference, amount, currency, outcome, detail, invoice_id, received_at
      FROM gateway_events
     WHERE workspace_id = ${scope.workspaceId} AND gateway_id = ${gatewayId}
       ${outcome === undefined ? sql`` : sql`AND outcome = ${outcome}`}
       ${after === undefined ? sql`` : sql`AND id < ${after}::text::uuid`}
     ORDER BY id DESC LIMIT ${limit + 1}`
  const events = rows.map((row) => ({
    id: row.id,
    eventId: row.event_id,
    kind: row.kind,
    says: row.says,
    paymentId: row.payment_id,
    reference: row.reference,
    amountMinor: row.amount,
    currency: row.currency,
    outcome: row.outcome,
    detail: row.detail,
    invoiceId: row.invoice_id,
    receivedAt: instant(row.received_at)!,
  }))
  return pageOf(events, limit, (event) => event.id)
}
