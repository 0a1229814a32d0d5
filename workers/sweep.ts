import { tendCampaign } from '../src/campaigns/index.ts'
import { closeSlice, replayParked } from '../src/delivery/index.ts'
import type { House } from '../src/house.ts'
import { claimPayments } from '../src/payments/index.ts'
import { nudgePlatform } from './platform.ts'
import { nudgeTend } from './send.ts'
import { nudgeRun } from './tend.ts'

const MOST_AT_ONCE = 200
/** A run that no sweep has looked at for so long is woken: its nudge was lost, or its worker died. */
const IDLE_SECONDS = 1

/**
 * Finds by state what a lost nudge has left: the rows say what is due, whatever became of the queue. Every part stands
 * alone, so that one that fails does not keep the others from their work.
 */
export async function sweep(house: House): Promise<void> {
  await part(house, 'campaigns', () => sweepCampaigns(house))
  await part(house, 'templates', () => sweepTemplates(house))
  await part(house, 'platform', () => sweepPlatform(house))
  await part(house, 'runs', () => sweepRuns(house))
  await part(house, 'webhooks', () => sweepWebhooks(house))
  await part(house, 'lifetimes', () => sweepLifetimes(house))
  await part(house, 'parked', () => sweepParked(house))
  await part(house, 'imports', () => sweepImports(house))
  await part(house, 'payments', () => sweepPayments(house))
}

async function part(house: House, name: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    house.log.warn({ err: error, part: name }, 'a part of the sweep failed; the next one tries again')
  }
}

async function sweepCampaigns(house: House): Promise<void> {
  const due = await house.database.sql<{ workspace_id: string; campaign_id: string }[]>`
    SELECT workspace_id, campaign_id FROM campaigns_to_tend(${house.clock.now().toISOString()}::timestamptz, ${MOST_AT_ONCE})`
  for (const { workspace_id, campaign_id } of due) {
    const changed = await house.asSystem('sweep', workspace_id, (scope) => tendCampaign(scope, campaign_id))
    if (changed) await nudgeRun(house, workspace_id, campaign_id)
  }
}

/** Campaigns whose template has changed on the platform since they were submitted. */
async function sweepTemplates(house: House): Promise<void> {
  const due = await house.database.sql<{ workspace_id: string; campaign_id: string }[]>`
    SELECT workspace_id, campaign_id FROM campaigns_to_recheck(${MOST_AT_ONCE})`
  for (const { workspace_id, campaign_id } of due) {
    const changed = await house.asSystem('sweep', workspace_id, (scope) => tendCampaign(scope, campaign_id))
    if (changed) await nudgeRun(house, workspace_id, campaign_id)
  }
}

/** Senders with something to say to their platform about templates, or to ask of it. */
async function sweepPlatform(house: House): Promise<void> {
  const due = await house.database.sql<{ workspace_id: string; sender_id: string }[]>`
    SELECT workspace_id, sender_id FROM template_work(${house.clock.now().toISOString()}::timestamptz, ${MOST_AT_ONCE})`
  for (const { workspace_id, sender_id } of due) await nudgePlatform(house, workspace_id, sender_id)
}

async function sweepRuns(house: House): Promise<void> {
  const idle = await house.database.sql<{ workspace_id: string; campaign_id: string }[]>`
    SELECT workspace_id, campaign_id FROM runs_to_nudge(${house.clock.now().toISOString()}::timestamptz,
      make_interval(secs => ${IDLE_SECONDS}), ${MOST_AT_ONCE})`
  for (const { workspace_id, campaign_id } of idle) await wakeRun(house, workspace_id, campaign_id)
}

/** Nudges of the sweep are equal within this time only: one that the queue holds by a wrong clock keeps no other away. */
const SAME_NUDGE_MS = 20_000

function lately(house: House): number {
  return Math.floor(house.clock.now().getTime() / SAME_NUDGE_MS)
}

/** On a lane of this process's own: the queue holds the lanes of a killed worker for some twenty seconds. */
async function wakeRun(house: House, workspaceId: string, campaignId: string): Promise<void> {
  const data = { workspaceId, campaignId, lane: house.worker }
  await house.queues.add('send', 'send', data, { dedupeId: `${campaignId}-${house.worker}-${lately(house)}` })
}

async function sweepWebhooks(house: House): Promise<void> {
  const waiting = await house.database.sql<
    { sender_id: string }[]
  >`SELECT sender_id FROM webhooks_waiting(${MOST_AT_ONCE})`
  await house.queues.addMany(
    'receipts',
    waiting.map(({ sender_id }) => ({
      name: 'fold',
      data: { senderId: sender_id },
      dedupeId: `fold-${sender_id}-${house.worker}-${lately(house)}`,
    })),
  )
}

async function sweepLifetimes(house: House): Promise<void> {
  const past = await house.database.sql<{ workspace_id: string; campaign_id: string; slice_no: number }[]>`
    SELECT workspace_id, campaign_id, slice_no
      FROM slices_past_lifetime(${house.clock.now().toISOString()}::timestamptz, ${MOST_AT_ONCE})`
  const touched = new Map<string, string>()
  for (const { workspace_id, campaign_id, slice_no } of past) {
    const closed = await house.asSystem('close', workspace_id, (scope) =>
      closeSlice(scope, campaign_id, slice_no),
    )
    if (closed > 0) touched.set(campaign_id, workspace_id)
  }
  for (const [campaignId, workspaceId] of touched) await nudgeTend(house, workspaceId, campaignId)
}

async function sweepParked(house: House): Promise<void> {
  const parked = await house.database.sql<
    { workspace_id: string }[]
  >`SELECT workspace_id FROM parked_waiting(${MOST_AT_ONCE})`
  for (const { workspace_id } of parked) {
    const touched = await house.asSystem('replay', workspace_id, (scope) => replayParked(scope))
    for (const campaignId of new Set(touched)) await nudgeTend(house, workspace_id, campaignId)
  }
}

async function sweepImports(house: House): Promise<void> {
  const waiting = await house.database.sql<{ workspace_id: string; import_id: string }[]>`
    SELECT workspace_id, import_id FROM imports_to_read(${house.clock.now().toISOString()}::timestamptz, ${MOST_AT_ONCE})`
  await house.queues.addMany(
    'chores',
    waiting.map(({ workspace_id, import_id }) => ({
      name: 'import',
      data: { workspaceId: workspace_id, importId: import_id },
      dedupeId: `sweep-import-${import_id}`,
    })),
  )
}

/** Payments that came before their invoices. */
async function sweepPayments(house: House): Promise<void> {
  const waiting = await house.database.sql<
    { workspace_id: string }[]
  >`SELECT workspace_id FROM payments_to_claim(${MOST_AT_ONCE})`
  for (const { workspace_id } of waiting) await house.asSystem('payments', workspace_id, claimPayments)
}
