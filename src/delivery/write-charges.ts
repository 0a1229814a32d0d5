import { listOf } from '../platform/db.ts'
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
  const groupNos = paid.flatMap(({ charges }, at) => charges.map(() => at + 1))
  const all = paid.flatMap(({ charges }) => charges)
  return sql`
    INSERT INTO charges (message_id, workspace_id, campaign_id, amount, transfer_id, late, reason, attempt_no, status)
    SELECT c.id, ${workspaceId}::uuid, g.campaign_ids[c.group_no], c.amount,
           CASE WHEN c.amount > 0 THEN g.transfer_ids[c.group_no] END, g.late[c.group_no], c.reason, c.attempt_no, c.status
      FROM unnest(${listOf(groupNos)}::int[], ${listOf(all.map((c) => c.id))}::bigint[], ${listOf(all.map((c) => c.amountMinor))}::bigint[],
                  ${listOf(all.map((c) => c.reason))}::text[], ${listOf(all.map((c) => c.attemptNo))}::smallint[],
                  ${listOf(all.map((c) => c.status))}::text[]) AS c(group_no, id, amount, reason, attempt_no, status),
           (SELECT ${listOf(paid.map(({ campaignId }) => campaignId))}::uuid[] AS campaign_ids,
                   ${listOf(paid.map(({ transferId }) => transferId))}::uuid[] AS transfer_ids,
                   ${listOf(paid.map(({ isLate }) => isLate))}::boolean[] AS late) g`
}
