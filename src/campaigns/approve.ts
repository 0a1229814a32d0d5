import { newId } from '../platform/ids.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import { handOf, type Scope } from '../platform/scope.ts'
import { allow, recordEvent } from '../workspaces/index.ts'
import { hadAHand } from './approval.ts'
import { type Campaign, lockCampaign } from './find-campaign.ts'
import { moveCampaign, wrongState } from './move.ts'
import { findPolicy } from './policy.ts'
import { endCampaign } from './stop.ts'

export type ApproveRefusal = 'forbidden' | 'not_found' | 'wrong_state' | 'self_approval' | 'approval_expired'

/**
 * Decides on a campaign that waits for approval. Whoever made, edited or submitted it may not, whatever their role.
 * What is approved is the digest of the frozen version; the database checks the same once more.
 */
export async function decideApproval(
  scope: Scope,
  campaignId: string,
  request: { decision: 'approve' | 'reject'; reason?: string | undefined },
): Promise<Result<Campaign, ApproveRefusal>> {
  const forbidden = allow(scope.actor, 'campaigns.approve')
  if (forbidden) return forbidden
  const found = await lockCampaign(scope, campaignId)
  if (!found.ok) return found
  const campaign = found.value
  const to = request.decision === 'approve' ? 'scheduled' : 'rejected'
  if (campaign.state !== 'pending_approval') return wrongState(campaign, to)
  if (hadAHand(campaign, handOf(scope.actor))) return refuse('self_approval', SELF_APPROVAL)
  if (request.decision === 'approve' && new Date(campaign.sendBefore!) <= scope.now) {
    return refuse(
      'approval_expired',
      'The time in which this campaign may be sent has passed; its money goes back.',
    )
  }
  await recordApproval(scope, campaign, request)
  return request.decision === 'approve'
    ? approve(scope, campaign)
    : endCampaign(scope, campaign, 'rejected', request.reason)
}

const SELF_APPROVAL =
  'Whoever made, edited or submitted a campaign may not approve it: ask another member with the role approver, admin or owner.'

async function recordApproval(
  scope: Scope,
  campaign: Campaign,
  request: { decision: 'approve' | 'reject'; reason?: string | undefined },
): Promise<void> {
  const policy = await findPolicy(scope)
  await scope.sql`
    INSERT INTO approvals (id, workspace_id, campaign_id, digest, approver, decision, reason, policy_version, created_at)
    VALUES (${newId(scope.now.getTime())}, ${scope.workspaceId}, ${campaign.id}, ${campaign.digest}, ${handOf(scope.actor)},
            ${request.decision}, ${request.reason ?? null}, ${policy.version}, ${scope.now.toISOString()}::timestamptz)`
  await recordEvent(
    scope,
    request.decision === 'approve' ? 'campaign.approved' : 'campaign.rejected',
    `campaign:${campaign.id}`,
    {
      digest: campaign.digest?.toString('hex'),
      reason: request.reason ?? null,
    },
  )
}

async function approve(scope: Scope, campaign: Campaign): Promise<Result<Campaign, ApproveRefusal>> {
  const refusal = await moveCampaign(scope, campaign, 'scheduled')
  return refusal ?? ok({ ...campaign, state: 'scheduled' })
}
