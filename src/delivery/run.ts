import type { Scope } from '../platform/scope.ts'
import type { Channel } from './provider.ts'
import { channelOf, findProvider } from './providers/index.ts'
import type { Window } from './window.ts'

/** A frozen send-out, as workers need it; it does not change after submission, so that it may be cached. */
export type Run = {
  campaignId: string
  workspaceId: string
  senderId: string
  holdId: bigint
  currency: string
  model: string
  chargeOn: 'delivered' | 'accepted'
  category: string
  template: unknown
  timeWindow: Window | null
  sendBefore: Date
  lifetimeSeconds: number
  provider: string
  channel: Channel
  messagesPerSecond: number
  /** The least time between two messages of the sender to one person; 0 where its channel asks for none. */
  pairSeconds: number
}

/** Loads a run with its sender's pace; undefined when there is none in this workspace. */
export async function findRun(scope: Scope, campaignId: string): Promise<Run | undefined> {
  const [row] = await scope.sql<RunRow[]>`
    SELECT r.campaign_id, r.workspace_id, r.sender_id, r.hold_id, r.currency, r.model, r.charge_on, r.category, r.template,
           r.time_window, r.send_before, r.lifetime_seconds, s.provider, s.messages_per_second,
           (s.config ->> 'pair_seconds')::float8 AS pair_seconds
      FROM runs r JOIN senders s ON s.id = r.sender_id AND s.workspace_id = r.workspace_id
     WHERE r.campaign_id = ${campaignId} AND r.workspace_id = ${scope.workspaceId}`
  return row && toRun(row)
}

type RunRow = {
  campaign_id: string
  workspace_id: string
  sender_id: string
  hold_id: bigint
  currency: string
  model: string
  charge_on: 'delivered' | 'accepted'
  category: string
  template: unknown
  time_window: Window | null
  send_before: string
  lifetime_seconds: number
  provider: string
  messages_per_second: number
  pair_seconds: number | null
}

function toRun(row: RunRow): Run {
  return {
    campaignId: row.campaign_id,
    workspaceId: row.workspace_id,
    senderId: row.sender_id,
    holdId: row.hold_id,
    currency: row.currency,
    model: row.model,
    chargeOn: row.charge_on,
    category: row.category,
    template: row.template,
    timeWindow: row.time_window,
    sendBefore: new Date(row.send_before),
    lifetimeSeconds: row.lifetime_seconds,
    provider: row.provider,
    channel: channelOf(row.provider),
    messagesPerSecond: row.messages_per_second,
    pairSeconds: row.pair_seconds ?? findProvider(row.provider)?.pairSeconds ?? 0,
  }
}
