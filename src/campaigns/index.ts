export { answerPriceChange } from './answer-price.ts'
export {
  APPROVAL_REASONS,
  type ApprovalPolicy,
  type ApprovalReason,
  approvalsOf,
  MOST_APPROVERS,
  MOST_HOURS_TO_DECIDE,
  POLICY_CATEGORIES,
  type PolicyCategory,
} from './approval.ts'
export { type ApprovalCount, type ApprovalRequest, countApprovals, viewApproval } from './approval-request.ts'
export { decideApproval } from './approve.ts'
export { type CampaignWords, draftCampaign, editCampaign } from './draft.ts'
export type { FallbackWords } from './fallback.ts'
export { listCampaigns } from './find.ts'
export { type Campaign, findCampaign } from './find-campaign.ts'
export { CAMPAIGN_MOVES, CAMPAIGN_STATES, type CampaignState } from './lifecycle.ts'
export { hearObstacles, pauseForObstacle, pauseWithSenders, resumeWithSenders } from './obstacle.ts'
export { findOrigins } from './origin.ts'
export { findPolicy, listPolicies, type PolicyVersion, type PolicyWords, setPolicy } from './policy.ts'
export { PREVIEW_FILTERS, type PreviewFilter, type PreviewLine, previewCampaign } from './preview.ts'
export { findPriceChange, type PriceChange, requoteCampaign } from './price-change.ts'
export { type Quote, quoteCampaign } from './quote.ts'
export { dueAt, RECIPIENT_ZONE, type Schedule } from './schedule.ts'
export { cancelCampaign, pauseCampaign, resumeCampaign } from './stop.ts'
export { submitCampaign } from './submit.ts'
export { tendCampaign } from './tend.ts'
export { type CampaignMoney, type CampaignView, type MessageCounts, viewCampaign } from './view.ts'
export { followSender, wakeCampaigns } from './wake.ts'
export { type Estimate, type OtherTerms, whatIfCampaign } from './what-if.ts'
export { possibleZones } from './zones.ts'
