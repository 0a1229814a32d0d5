import { findWait, MESSAGE_STATES, type MessageState, type Wait } from '../delivery/index.ts'
import type { Scope } from '../platform/scope.ts'
import { seeFallback } from './fallback.ts'
import type { Campaign } from './find-campaign.ts'

export type MessageCounts = Record<MessageState | 'total', number>

/** A campaign's money in 1/10,000 units: held = captured + released + remaining; late charges stand beside it. */
export type CampaignMoney = {
  currency: string
  heldMinor: bigint
  capturedMinor: bigint
  releasedMinor: bigint
  remainingMinor: bigint
  lateCapturedMinor: bigint
}

export type CampaignView = {
  campaign: Campaign
  /** The other leg: whom it reached and what that cost. */
  fallback: { campaign: Campaign; counts: MessageCounts; money: CampaignMoney } | undefined
  counts: MessageCounts
  money: CampaignMoney
  ratePerSecond: number
  eta: string | null
  /** What it waits for by itself, such as tomorrow's allowance. */
  wait: Wait | undefined
}

/** A campaign with its counts and its money as they are at this moment. */
export async function viewCampaign(
  scope: Scope,
  campaign: Campaign,
  currency: string,
): Promise<CampaignView> {
  const counts = await countMessages(scope, campaign.id)
  const money = await readMoney(scope, campaign, currency)
  return {
    campaign,
    fallback: await viewFallback(scope, campaign, currency),
    counts,
    money,
    wait: isSending(campaign, counts) ? await findWait(scope, campaign.id) : undefined,
    ...progress(campaign, counts, await ratePerSecond(scope, campaign), scope.now),
  }
}

/** Whether something is still to go out: nothing waits where all has gone. */
function isSending(campaign: Campaign, { queued, sending }: MessageCounts): boolean {
  return campaign.state === 'sending' && queued + sending > 0
}

async function viewFallback(
  scope: Scope,
  parent: Campaign,
  currency: string,
): Promise<CampaignView['fallback']> {
  const campaign = await seeFallback(scope, parent.id)
  if (!campaign) return undefined
  return {
    campaign,
    counts: await countMessages(scope, campaign.id),
    money: await readMoney(scope, campaign, currency),
  }
}

async function countMessages(scope: Scope, campaignId: string): Promise<MessageCounts> {
  const rows = await scope.sql<{ state: MessageState; n: bigint }[]>`
    SELECT state, n FROM message_counts
     WHERE campaign_id = ${campaignId} AND workspace_id = ${scope.workspaceId} AND state <> 'held'`
  const counts = {
    total: 0,
    ...Object.fromEntries(MESSAGE_STATES.map((state) => [state, 0])),
  } as MessageCounts
  for (const row of rows) {
    counts[row.state] = Number(row.n)
    counts.total += Number(row.n)
  }
  return counts
}

async function readMoney(scope: Scope, campaign: Campaign, currency: string): Promise<CampaignMoney> {
  const rows = await scope.sql<{ kind: string; amount: bigint }[]>`
    SELECT kind, sum(amount)::bigint AS amount FROM transfers
     WHERE campaign_id = ${campaign.id} AND workspace_id = ${scope.workspaceId} GROUP BY kind`
  const of = (kind: string) => rows.find((row) => row.kind === kind)?.amount ?? 0n
  const [held, captured, released] = [of('reserve'), of('capture'), of('release')]
  return {
    currency,
    heldMinor: held,
    capturedMinor: captured,
    releasedMinor: released,
    remainingMinor: held - captured - released,
    lateCapturedMinor: of('late_capture'),
  }
}

const RATE_OVER_SECONDS = 10

/** Messages a second over the slices that were finished in the last ten seconds. */
async function ratePerSecond(scope: Scope, campaign: Campaign): Promise<number> {
  if (campaign.state !== 'sending') return 0
  const [row] = await scope.sql<{ n: number; seconds: number }[]>`
    SELECT count(*)::int AS n,
           least(${RATE_OVER_SECONDS}, greatest(1, extract(epoch FROM ${scope.now.toISOString()}::timestamptz
             - ${campaign.startsAt}::text::timestamptz)))::float8 AS seconds
      FROM slices s JOIN messages m ON m.campaign_id = s.campaign_id AND m.slice_no = s.slice_no
     WHERE s.campaign_id = ${campaign.id} AND s.workspace_id = ${scope.workspaceId}
       AND s.done_at > ${scope.now.toISOString()}::timestamptz - make_interval(secs => ${RATE_OVER_SECONDS})`
  return row ? row.n / row.seconds : 0
}

function progress(campaign: Campaign, counts: MessageCounts, rate: number, now: Date) {
  const left = counts.queued + counts.sending
  if (campaign.state !== 'sending' || rate <= 0 || left === 0)
    return { ratePerSecond: round(rate), eta: null }
  return { ratePerSecond: round(rate), eta: new Date(now.getTime() + (left / rate) * 1000).toISOString() }
}

function round(rate: number): number {
  return Math.round(rate * 10) / 10
}
