import { newId } from '../platform/ids.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import { handOf, type Scope } from '../platform/scope.ts'
import { allow, recordEvent } from '../workspaces/index.ts'
import { approvalsOf, type Decision, hadAHand, weigh } from './approval.ts'
import { type ApprovalRequest, findRequest } from './approval-request.ts'
import { type Campaign, lockCampaign } from './find-campaign.ts'
import { moveCampaign, wrongState } from './move.ts'
import { endCampaign } from './stop.ts'

export type ApproveRefusal =
  | 'forbidden'
  | 'not_found'
  | 'wrong_state'
  | 'self_approval'
  | 'approval_expired'
  | 'approval_outdated'
  | 'already_decided'

type Answer = {
  decision: Decision
  reason?: string | undefined
  /** What the decider looked at, in hex; where it is no longer what is asked about, nothing is decided. */
  digest?: string | undefined
}

/**
 * Decides on a campaign that waits for approval. Whoever made, edited or submitted it may not, whatever their role. One
 * rejection ends it; it is scheduled by the last of as many approvals as the policy of its submission asks for. What is
 * approved is the digest of the frozen version; the database checks the same once more.
 */
export async function decideApproval(
  scope: Scope,
  campaignId: string,
  answer: Answer,
): Promise<Result<Campaign, ApproveRefusal>> {
  const forbidden = allow(scope.actor, 'campaigns.approve')
  if (forbidden) return forbidden
  const found = await lockCampaign(scope, campaignId)
  if (!found.ok) return found
  const campaign = found.value
  if (campaign.state !== 'pending_approval')
    return wrongState(campaign, answer.decision === 'approve' ? 'scheduled' : 'rejected')
  if (hadAHand(campaign, handOf(scope.actor))) return refuse('self_approval', SELF_APPROVAL)
  const request = await findRequest(scope, campaign)
  if (!request) throw new Error(`campaign ${campaign.id} waits for an approval that nobody asked for`)
  if (answer.digest !== undefined && answer.digest !== request.digest.toString('hex'))
    return refuse('approval_outdated', OUTDATED)
  if (answer.decision === 'approve' && new Date(campaign.sendBefore!) <= scope.now)
    return refuse('approval_expired', TOO_LATE_TO_SEND)
  return decide(scope, campaign, request, answer)
}

const SELF_APPROVAL =
  'Whoever made, edited or submitted a campaign may not approve it: ask another member with the role approver, admin or owner.'
const OUTDATED =
  'What is to be approved has changed since you looked: look at it once more, and decide on that.'
const TOO_LATE_TO_SEND = 'The time in which this campaign may be sent has passed; its money goes back.'
const TOO_LATE_TO_DECIDE = 'The time to decide on this campaign has passed; its money goes back.'
const ALREADY_DECIDED =
  'You have approved this already, and nobody approves twice. Others may still reject it, and its maker may cancel it.'

async function decide(
  scope: Scope,
  campaign: Campaign,
  request: ApprovalRequest,
  answer: Answer,
): Promise<Result<Campaign, ApproveRefusal>> {
  const outcome = weigh(request, { approver: handOf(scope.actor), decision: answer.decision }, scope.now)
  switch (outcome) {
    case 'already_decided':
      return refuse('already_decided', ALREADY_DECIDED)
    case 'lapsed':
      return refuse('approval_expired', TOO_LATE_TO_DECIDE)
    case 'rejected':
      await recordDecision(scope, campaign, request, answer, 'campaign.rejected')
      return endCampaign(scope, campaign, 'rejected', answer.reason)
    case 'waits':
      await recordDecision(scope, campaign, request, answer, 'campaign.approval_given')
      return ok(campaign)
    case 'granted':
      await recordDecision(scope, campaign, request, answer, 'campaign.approved')
      return schedule(scope, campaign)
  }
}

/** Under the version of the policy that asked for it, whichever is in force by now. */
async function recordDecision(
  scope: Scope,
  campaign: Campaign,
  request: ApprovalRequest,
  { decision, reason = undefined }: Answer,
  action: string,
): Promise<void> {
  await scope.sql`
    INSERT INTO approvals (id, workspace_id, campaign_id, digest, approver, decision, reason, policy_version, created_at)
    VALUES (${newId(scope.now.getTime())}, ${scope.workspaceId}, ${campaign.id}, ${request.digest}, ${handOf(scope.actor)},
            ${decision}, ${reason ?? null}, ${request.policyVersion}, ${scope.now.toISOString()}::timestamptz)`
  await recordEvent(scope, action, `campaign:${campaign.id}`, {
    digest: request.digest.toString('hex'),
    reason: reason ?? null,
    approvals: approvalsOf(request) + (decision === 'approve' ? 1 : 0),
    quorum: request.quorum,
    policy_version: request.policyVersion,
  })
}

async function schedule(scope: Scope, campaign: Campaign): Promise<Result<Campaign, ApproveRefusal>> {
  const refusal = await moveCampaign(scope, campaign, 'scheduled')
  return refusal ?? ok({ ...campaign, state: 'scheduled' })
}
