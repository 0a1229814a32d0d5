/** The categories that a policy may name; every other is one that the platform alone decides on. */
export const POLICY_CATEGORIES = ['marketing', 'utility', 'authentication'] as const
export type PolicyCategory = (typeof POLICY_CATEGORIES)[number]

/** As many different people may be asked for; the database keeps the same limits. */
export const MOST_APPROVERS = 5
/** Thirty days. */
export const MOST_HOURS_TO_DECIDE = 720

/** When a campaign needs a second person; amounts in 1/10,000 of a unit, the share as a fraction with four decimals. */
export type ApprovalPolicy = {
  version: number
  maxAmountMinor: bigint | null
  /** In 1/10,000: 5000 is half. */
  maxShareOfAvailable: bigint | null
  maxRecipients: number | null
  /** Every campaign that is charged as one of these is asked about. */
  categories: readonly PolicyCategory[]
  /** Who has had no campaign approved or sent yet is asked about. */
  firstOfMaker: boolean
  /** How many different people must approve. */
  quorum: number
  /** After how many hours an undecided request lapses; null: only with the campaign's own time. */
  expiresAfterHours: number | null
}

export const APPROVAL_REASONS = [
  'amount',
  'share_of_available',
  'recipients',
  'category',
  'first_of_maker',
] as const
export type ApprovalReason = (typeof APPROVAL_REASONS)[number]

/** What a policy is held against. */
export type ApprovalFacts = {
  readonly amountMinor: bigint
  readonly availableMinor: bigint
  readonly recipients: number
  /** As what the campaign is charged, and its fall-over beside it. */
  readonly categories: readonly string[]
  readonly isMakersFirst: boolean
}

const WHOLE_SHARE = 10_000n
const HOUR_MS = 3_600_000

/**
 * Why a submission needs approval; an empty list where it does not. A limit is passed only above it. The share is of
 * what was available before the reservation.
 */
export function approvalReasons(policy: ApprovalPolicy, facts: ApprovalFacts): ApprovalReason[] {
  const reasons: ApprovalReason[] = []
  if (policy.maxAmountMinor !== null && facts.amountMinor > policy.maxAmountMinor) reasons.push('amount')
  if (
    policy.maxShareOfAvailable !== null &&
    facts.amountMinor * WHOLE_SHARE > facts.availableMinor * policy.maxShareOfAvailable
  )
    reasons.push('share_of_available')
  if (policy.maxRecipients !== null && facts.recipients > policy.maxRecipients) reasons.push('recipients')
  if (policy.categories.some((category) => facts.categories.includes(category))) reasons.push('category')
  if (policy.firstOfMaker && facts.isMakersFirst) reasons.push('first_of_maker')
  return reasons
}

/** When a request that is made now lapses; null where the policy sets no time. */
export function lapsesAt(policy: ApprovalPolicy, now: Date): Date | null {
  return policy.expiresAfterHours === null
    ? null
    : new Date(now.getTime() + policy.expiresAfterHours * HOUR_MS)
}

export type Decision = 'approve' | 'reject'

/** What was asked about one frozen version, and who has answered. */
export type Asked = {
  readonly quorum: number
  readonly expiresAt: Date | null
  readonly decisions: readonly { readonly approver: string; readonly decision: Decision }[]
}

/**
 * What one more answer makes of a request: one rejection ends it, the last approval that is needed grants it, and nobody
 * answers twice or approves too late. Too late to approve is not too late to reject.
 */
export function weigh(
  asked: Asked,
  answer: { readonly approver: string; readonly decision: Decision },
  now: Date,
): 'already_decided' | 'lapsed' | 'rejected' | 'granted' | 'waits' {
  if (asked.decisions.some(({ approver }) => approver === answer.approver)) return 'already_decided'
  if (answer.decision === 'reject') return 'rejected'
  if (hasLapsed(asked, now)) return 'lapsed'
  return approvalsOf(asked) + 1 >= asked.quorum ? 'granted' : 'waits'
}

/** Whether the time to decide has passed. */
export function hasLapsed({ expiresAt }: Pick<Asked, 'expiresAt'>, now: Date): boolean {
  return expiresAt !== null && expiresAt <= now
}

/** How many have approved so far. */
export function approvalsOf({ decisions }: Pick<Asked, 'decisions'>): number {
  return decisions.filter(({ decision }) => decision === 'approve').length
}

/** Whether someone had a hand in what is to be approved; then they may not approve it, whatever their role. */
export function hadAHand(
  campaign: { editors: readonly string[]; submittedBy: string | null },
  actor: string,
): boolean {
  return campaign.editors.includes(actor) || campaign.submittedBy === actor
}
