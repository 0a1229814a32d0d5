import { listOf } from '../platform/db.ts'
import type { Scope } from '../platform/scope.ts'
import type { ChargeReason } from '../pricing/index.ts'

/** What one message costs, in 1/10,000 units, and the sign of the provider that it stands on. */
export type Charge = {
  id: bigint
  amountMinor: bigint
  reason: ChargeReason
  late: boolean
  attemptNo: number
  /** `accepted` is the provider's answer; all others are receipts. */
  status: 'accepted' | 'sent' | 'delivered' | 'read' | 'failed'
}

/** Writes charges that one transfer pays; those of nothing have none. All are late, or none. */
export async function writeCharges(
  scope: Scope,
  campaignId: string,
  charges: readonly Charge[],
  transferId: string | null,
): Promise<void> {
  if (charges.length === 0) return
  await scope.sql`
    INSERT INTO charges (message_id, workspace_id, campaign_id, amount, transfer_id, late, reason, attempt_no, status)
    SELECT c.id, ${scope.workspaceId}::uuid, ${campaignId}::uuid, c.amount,
           CASE WHEN c.amount > 0 THEN ${transferId}::uuid END, ${charges[0]!.late}, c.reason, c.attempt_no, c.status
      FROM unnest(${listOf(charges.map((c) => c.id))}::bigint[], ${listOf(charges.map((c) => c.amountMinor))}::bigint[],
                  ${listOf(charges.map((c) => c.reason))}::text[], ${listOf(charges.map((c) => c.attemptNo))}::smallint[],
                  ${listOf(charges.map((c) => c.status))}::text[]) AS c(id, amount, reason, attempt_no, status)`
}
