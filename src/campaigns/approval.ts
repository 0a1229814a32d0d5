/** When a campaign needs a second person; amounts in 1/10,000 of a unit, the share as a fraction with four decimals. */
export type ApprovalPolicy = {
  version: number
  maxAmountMinor: bigint | null
  /** In 1/10,000: 5000 is half. */
  maxShareOfAvailable: bigint | null
  maxRecipients: number | null
}

export type ApprovalReason = 'amount' | 'share_of_available' | 'recipients'

const WHOLE_SHARE = 10_000n

/**
 * Why a submission needs approval; an empty list where it does not. A limit is passed only above it. The share is of
 * what was available before the reservation.
 */
export function approvalReasons(
  policy: ApprovalPolicy,
  facts: { amountMinor: bigint; availableMinor: bigint; recipients: number },
): ApprovalReason[] {
  const reasons: ApprovalReason[] = []
  if (policy.maxAmountMinor !== null && facts.amountMinor > policy.maxAmountMinor) reasons.push('amount')
  if (
    policy.maxShareOfAvailable !== null &&
    facts.amountMinor * WHOLE_SHARE > facts.availableMinor * policy.maxShareOfAvailable
  )
    reasons.push('share_of_available')
  if (policy.maxRecipients !== null && facts.recipients > policy.maxRecipients) reasons.push('recipients')
  return reasons
}

/** Whether someone had a hand in what is to be approved; then they may not approve it, whatever their role. */
export function hadAHand(
  campaign: { editors: readonly string[]; submittedBy: string | null },
  actor: string,
): boolean {
  return campaign.editors.includes(actor) || campaign.submittedBy === actor
}
