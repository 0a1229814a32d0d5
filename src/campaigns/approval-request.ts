import { instant } from '../platform/db.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import {
  type ApprovalFacts,
  type ApprovalPolicy,
  type ApprovalReason,
  type Asked,
  approvalReasons,
  type Decision,
  lapsesAt,
} from './approval.ts'
import { type Campaign, findCampaign } from './find-campaign.ts'
import { findPolicy } from './policy.ts'

export type RecordedDecision = {
  readonly approver: string
  readonly decision: Decision
  readonly reason: string | null
  readonly at: string
}

/** What was asked about one frozen version of a campaign, by the policy of that moment, and what was answered. */
export type ApprovalRequest = Asked & {
  readonly digest: Buffer
  readonly policyVersion: number
  readonly reasons: readonly ApprovalReason[]
  readonly requestedAt: string
  readonly decisions: readonly RecordedDecision[]
}

/** Holds a submission against the policy in force. What it asks for then stays, whatever becomes of the policy. */
export async function heldAgainstPolicy(
  scope: Scope,
  campaignId: string,
  maker: string,
  facts: Omit<ApprovalFacts, 'isMakersFirst'>,
): Promise<{ policy: ApprovalPolicy; reasons: ApprovalReason[] }> {
  const policy = await findPolicy(scope)
  const isMakersFirst = policy.firstOfMaker && !(await hasBeenTrusted(scope, campaignId, maker))
  return { policy, reasons: approvalReasons(policy, { ...facts, isMakersFirst }) }
}

/**
 * Whether a campaign of this maker has been approved by all who were asked, or another was sent without. One that was
 * withdrawn, rejected or never decided is no ground to trust the next.
 */
async function hasBeenTrusted(scope: Scope, campaignId: string, maker: string): Promise<boolean> {
  const [row] = await scope.sql`
    SELECT 1 FROM campaigns c
     WHERE c.workspace_id = ${scope.workspaceId} AND c.submitted_by = ${maker} AND c.fallback_of IS NULL
       AND (c.id <> ${campaignId} AND c.state IN ('scheduled','sending','completing','settled') OR EXISTS (
         SELECT 1 FROM approval_requests r WHERE r.campaign_id = c.id AND r.quorum <= (
           SELECT count(*) FROM approvals a WHERE a.campaign_id = r.campaign_id AND a.digest = r.digest AND a.decision = 'approve')))
     LIMIT 1`
  return row !== undefined
}

/** Asks for the approval of what a campaign was frozen as. */
export async function askApproval(
  scope: Scope,
  campaignId: string,
  digest: Buffer,
  { policy, reasons }: { policy: ApprovalPolicy; reasons: readonly ApprovalReason[] },
): Promise<void> {
  await scope.sql`
    INSERT INTO approval_requests (campaign_id, digest, workspace_id, policy_version, reasons, quorum, requested_at, expires_at)
    VALUES (${campaignId}, ${digest}, ${scope.workspaceId}, ${policy.version}, ${reasons as string[]}::text[], ${policy.quorum},
            ${scope.now.toISOString()}::timestamptz, ${lapsesAt(policy, scope.now)?.toISOString() ?? null}::timestamptz)`
}

/** What is asked about a campaign as it is frozen now; answers to an earlier version of it are not among these. */
export async function findRequest(
  scope: Scope,
  campaign: Pick<Campaign, 'id' | 'digest'>,
): Promise<ApprovalRequest | undefined> {
  if (campaign.digest === null) return undefined
  const [row] = await scope.sql<RequestRow[]>`
    SELECT digest, policy_version, reasons, quorum, requested_at, expires_at FROM approval_requests
     WHERE campaign_id = ${campaign.id} AND digest = ${campaign.digest} AND workspace_id = ${scope.workspaceId}`
  if (!row) return undefined
  const decisions = await scope.sql<RecordedDecision[]>`
    SELECT approver, decision, reason, created_at AS at FROM approvals
     WHERE campaign_id = ${campaign.id} AND digest = ${campaign.digest} AND workspace_id = ${scope.workspaceId} ORDER BY created_at, id`
  return {
    digest: row.digest,
    policyVersion: row.policy_version,
    reasons: row.reasons,
    quorum: row.quorum,
    requestedAt: instant(row.requested_at)!,
    expiresAt: row.expires_at === null ? null : new Date(row.expires_at),
    decisions: decisions.map((one) => ({ ...one, at: instant(one.at)! })),
  }
}

type RequestRow = {
  digest: Buffer
  policy_version: number
  reasons: ApprovalReason[]
  quorum: number
  requested_at: string
  expires_at: string | null
}

/** The same for showing it, with the campaign it is about. */
export async function viewApproval(
  scope: Scope,
  campaignId: string,
): Promise<Result<{ campaign: Campaign; request: ApprovalRequest }, 'not_found'>> {
  const found = await findCampaign(scope, campaignId)
  if (!found.ok) return found
  const request = await findRequest(scope, found.value)
  return request ? ok({ campaign: found.value, request }) : NEVER_ASKED
}

const NEVER_ASKED = refuse('not_found', 'Nobody was asked to approve this campaign as it is.')

export type ApprovalCount = {
  readonly quorum: number
  readonly approvers: readonly string[]
  readonly expiresAt: string | null
}

/** How far the approval of each of these campaigns has come. */
export async function countApprovals(
  scope: Scope,
  campaignIds: readonly string[],
): Promise<ReadonlyMap<string, ApprovalCount>> {
  const rows = await scope.sql<(ApprovalCount & { id: string })[]>`
    SELECT c.id, r.quorum, r.expires_at AS "expiresAt", ARRAY(
             SELECT a.approver FROM approvals a WHERE a.campaign_id = c.id AND a.digest = c.digest AND a.decision = 'approve') AS approvers
      FROM campaigns c JOIN approval_requests r ON r.campaign_id = c.id AND r.digest = c.digest
     WHERE c.workspace_id = ${scope.workspaceId} AND c.id = ANY(${campaignIds as string[]}::uuid[])`
  return new Map(rows.map(({ id, ...one }) => [id, { ...one, expiresAt: instant(one.expiresAt) }]))
}
