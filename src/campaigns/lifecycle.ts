/** The states of a campaign. */
export const CAMPAIGN_STATES = [
  'draft',
  'quoted',
  'pending_approval',
  'scheduled',
  'sending',
  'paused',
  'completing',
  'settled',
  'rejected',
  'cancelled',
  'expired',
  'waiting_for_funds',
] as const
export type CampaignState = (typeof CAMPAIGN_STATES)[number]

/** Where a campaign may go from each state; the database repeats this table in `campaign_moves`. */
export const CAMPAIGN_MOVES: Readonly<Record<CampaignState, readonly CampaignState[]>> = {
  draft: ['quoted', 'cancelled'],
  quoted: ['draft', 'pending_approval', 'scheduled', 'waiting_for_funds', 'cancelled'],
  waiting_for_funds: ['quoted', 'pending_approval', 'scheduled', 'cancelled', 'expired'],
  pending_approval: ['scheduled', 'rejected', 'cancelled', 'expired', 'paused'],
  scheduled: ['sending', 'paused', 'cancelled', 'expired'],
  sending: ['paused', 'completing', 'cancelled', 'expired'],
  paused: ['sending', 'scheduled', 'cancelled', 'expired', 'completing', 'pending_approval'],
  completing: ['settled'],
  settled: [],
  rejected: [],
  cancelled: [],
  expired: [],
}

/** Whether a campaign may go from one state to another. */
export function mayMove(from: CampaignState, to: CampaignState): boolean {
  return CAMPAIGN_MOVES[from].includes(to)
}

/** The states in which what was written may still be changed. */
export const EDITABLE: readonly CampaignState[] = ['draft', 'quoted']
