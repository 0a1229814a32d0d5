import type { Scope } from '../platform/scope.ts'
import { recordEvent } from '../workspaces/index.ts'
import { approvalsOf, hasLapsed } from './approval.ts'
import { type ApprovalRequest, findRequest } from './approval-request.ts'
import { draftAgain } from './draft.ts'
import type { Campaign } from './find-campaign.ts'
import { endCampaign } from './stop.ts'

/**
 * Ends a campaign on which nobody decided in time: its money goes back, and what it said stands again as a draft of its
 * own, to be priced and submitted anew. What the program itself had made for a certain day is not drafted again.
 * @returns whether its time had come
 */
export async function lapseUndecided(scope: Scope, campaign: Campaign): Promise<boolean> {
  const request = await findRequest(scope, campaign)
  if (!request || !hasLapsed(request, scope.now)) return false
  const isMachines = campaign.submittedBy?.startsWith('system:') ?? false
  const draft = isMachines ? undefined : await draftAgain(scope, campaign)
  await recordEvent(scope, 'campaign.approval_lapsed', `campaign:${campaign.id}`, {
    digest: request.digest.toString('hex'),
    approvals: approvalsOf(request),
    quorum: request.quorum,
    policy_version: request.policyVersion,
    requested_at: request.requestedAt,
    drafted_again_as: draft?.id ?? null,
  })
  const ended = await endCampaign(scope, campaign, 'expired', sentenceOf(request, draft !== undefined))
  if (!ended.ok) throw new Error(`a campaign could not lapse: ${ended.message}`)
  return true
}

const HOUR_MS = 3_600_000

function sentenceOf({ requestedAt, expiresAt, quorum, decisions }: ApprovalRequest, again: boolean): string {
  const hours = Math.round((expiresAt!.getTime() - new Date(requestedAt).getTime()) / HOUR_MS)
  const who = quorum === 1 ? 'Nobody' : `Only ${approvalsOf({ decisions })} of ${quorum}`
  const then = again ? 'Its money went back, and it stands again as a draft.' : 'Its money went back.'
  return `${who} approved it within ${hours} hours. ${then}`
}
