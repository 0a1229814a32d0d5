import { listOf, sharedRows } from '../platform/db.ts'
import type { Scope } from '../platform/scope.ts'
import type { ChargeReason } from '../pricing/index.ts'

/** What one message costs, in 1/10,000 units, and the sign of the provider that it stands on. */
export type Charge = {
  id: bigint
  amountMinor: bigint
  reason: ChargeReason
  attemptNo: number
  /** `accepted` is the provider's answer; all others are receipts. */
  status: 'accepted' | 'sent' | 'delivered' | 'read' | 'failed'
}

/** Charges of one campaign that one transfer pays; those of nothing have none. */
export type PaidCharges = {
  campaignId: string
  transferId: string | null
  isLate: boolean
  charges: readonly Charge[]
}

/** The statement that writes charges, by itself or as a part of a larger one. */
export function chargesOf({ sql, workspaceId }: Scope, paid: readonly PaidCharges[]) {
  const kinds = sharedRows<Kind>()
  const kindNos = paid.flatMap((group) =>
    group.charges.map((charge) => kinds.numberOf(...kindOf(group, charge))),
  )
  const ids = paid.flatMap(({ charges }) => charges.map(({ id }) => id))
  return sql`
    INSERT INTO charges (message_id, workspace_id, campaign_id, amount, transfer_id, late, reason, attempt_no, status)
    SELECT c.id, ${workspaceId}::uuid, k.campaign_id, k.amount, k.transfer_id, k.late, k.reason, k.attempt_no, k.status
      FROM unnest(${listOf(ids)}::bigint[], ${listOf(kindNos)}::bigint[]) AS c(id, kind_no)
      JOIN unnest(${kinds.column(0)}::uuid[], ${kinds.column(1)}::bigint[], ${kinds.column(2)}::uuid[], ${kinds.column(3)}::boolean[],
                  ${kinds.column(4)}::text[], ${kinds.column(5)}::smallint[], ${kinds.column(6)}::text[])
           WITH ORDINALITY AS k(campaign_id, amount, transfer_id, late, reason, attempt_no, status, kind_no) USING (kind_no)`
}

/** What charges that are written together have in common, as a rule. */
type Kind = [
  campaignId: string,
  amountMinor: bigint,
  transferId: string | null,
  isLate: boolean,
  reason: string,
  attemptNo: number,
  status: string,
]

function kindOf({ campaignId, transferId, isLate }: PaidCharges, charge: Charge): Kind {
  const { amountMinor, reason, attemptNo, status } = charge
  return [campaignId, amountMinor, amountMinor > 0n ? transferId : null, isLate, reason, attemptNo, status]
}
