import { findOrigins, pauseForObstacle } from '../src/campaigns/index.ts'
import {
  connectDeps,
  type DispatchHouse,
  dispatchSlice,
  findRun,
  openSender,
  type ProviderConnection,
  type Run,
} from '../src/delivery/index.ts'
import { findAddresses, type House } from '../src/house.ts'
import type { Job } from '../src/platform/queue.ts'
import type { Origin } from '../src/platform/trace.ts'
import type { WorkFigures } from './figures.ts'
import { inSpan, linksTo, logFor, originIn } from './in-span.ts'

/** After this long a campaign lets others have their turn: small ones are never stuck behind a large one. */
const TURN_MS = 1_000
/** A wait up to this long is spent here; a longer one is given to the queue. */
const SHORT_WAIT_MS = 1_000
const LONGEST_NUDGE_MS = 60_000
/** A run and its connection are looked up again after this long. */
const REMEMBER_MS = 30_000

/** Sends slices of one campaign, for a turn. */
export function sendCampaign(house: House, figures: WorkFigures): (job: Job) => Promise<void> {
  const runs = rememberRuns(house)
  return async (job) => {
    const { workspaceId, campaignId, lane } = job.data as {
      workspaceId: string
      campaignId: string
      lane: number | string
    }
    const known = await runs.find(workspaceId, campaignId)
    if (!known) return
    const nudged = job.origin
    job.origin = known.origin ?? nudged
    const links = linksTo(known.origin, nudged)
    const facts = { 'duecast.campaign_id': campaignId, 'duecast.lane': lane }
    await inSpan(house, job, { parent: nudged?.traceparent, links, facts }, async (span) => {
      const dispatchHouse: DispatchHouse = {
        database: house.database,
        log: logFor(house, job.origin),
        within: (id, work) => house.asSystem('send', id, work),
        worker: house.worker,
        signal: job.signal,
        span,
        watch: figures.sending,
      }
      const again = await takeTurn(house, dispatchHouse, known, job.signal)
      if (again.kind === 'later') return nudgeSend(house, known.run, lane, again.inMs)
      // Whatever halted it may be mended before it goes on: another token, another template.
      runs.forget(known)
      await nudgeTend(house, workspaceId, campaignId, originIn(span, job.origin))
    })
  }
}

type Again = { kind: 'done' } | { kind: 'later'; inMs: number }
type Known = { run: Run; connection: ProviderConnection; origin: Origin | undefined }

async function takeTurn(
  house: House,
  dispatchHouse: DispatchHouse,
  known: Known,
  signal: AbortSignal,
): Promise<Again> {
  const until = performance.now() + TURN_MS
  while (!signal.aborted && performance.now() < until) {
    const sent = await dispatchSlice(dispatchHouse, known.run, known.connection)
    if (sent.kind === 'nothing') return { kind: 'done' }
    if (sent.kind === 'wait') {
      if (sent.forMs > SHORT_WAIT_MS) return { kind: 'later', inMs: sent.forMs }
      await new Promise((resolve) => setTimeout(resolve, sent.forMs))
    } else if (sent.obstacle) {
      const obstacle = sent.obstacle
      dispatchHouse.log.warn(
        { campaignId: known.run.campaignId, code: obstacle.code },
        'campaign paused by an obstacle',
      )
      await house.asSystem('send', known.run.workspaceId, (scope) =>
        pauseForObstacle(scope, known.run.campaignId, obstacle),
      )
      return { kind: 'done' }
    }
  }
  return { kind: 'later', inMs: 0 }
}

/** Without its place in the trace: what goes on for hours is many traces, each with a link to the submission. */
async function nudgeSend(house: House, run: Run, lane: number | string, inMs: number): Promise<void> {
  const data = { workspaceId: run.workspaceId, campaignId: run.campaignId, lane }
  await house.queues.add('send', 'send', data, {
    dedupeId: `run-${run.campaignId}-${lane}`,
    delayMs: Math.min(LONGEST_NUDGE_MS, Math.ceil(inMs)),
  })
}

export async function nudgeTend(
  house: House,
  workspaceId: string,
  campaignId: string,
  origin?: Origin,
): Promise<void> {
  const data = { workspaceId, campaignId }
  await house.queues.add('chores', 'tend', data, { dedupeId: `tend-${campaignId}`, origin })
}

/** Runs and their senders' open connections, kept while they are in use. */
function rememberRuns(house: House) {
  const runs = new Map<string, { known: Known; untilMs: number }>()
  const connections = new Map<string, { connection: ProviderConnection; key: string }>()
  const find = async (workspaceId: string, campaignId: string): Promise<Known | undefined> => {
    const present = runs.get(campaignId)
    if (present && present.untilMs > performance.now()) return present.known
    forgetOld()
    const run = await house.asSystem('send', workspaceId, (scope) => findRun(scope, campaignId))
    const connection = run && (await connectionOf(house, run, connections))
    if (!run || !connection) return undefined
    const origin = (await findOrigins(house.database.sql, [campaignId])).get(campaignId)
    const known = { run, connection, origin }
    runs.set(campaignId, { known, untilMs: performance.now() + REMEMBER_MS })
    return known
  }
  /** A campaign that ends elsewhere is not asked for again: without this it would be kept for ever. */
  const forgetOld = (): void => {
    const nowMs = performance.now()
    for (const [campaignId, { untilMs }] of runs) if (untilMs <= nowMs) runs.delete(campaignId)
  }
  /** With all that goes out from the same sender, since what halts one may halt all. */
  const forget = ({ run: { senderId } }: Known): void => {
    for (const [campaignId, { known }] of runs) if (known.run.senderId === senderId) runs.delete(campaignId)
  }
  return { find, forget }
}

async function connectionOf(
  house: House,
  run: Run,
  connections: Map<string, { connection: ProviderConnection; key: string }>,
): Promise<ProviderConnection | undefined> {
  const sender = await openSender(house.database.sql, house.secrets, run.senderId)
  const addresses = await findAddresses(house.database.sql)
  if (!sender) return undefined
  const deps = connectDeps(house.secrets, sender.id, {
    serverUrl: addresses.serverUrl ?? '',
    simulatorUrl: house.config.simulatorUrl ?? addresses.simulatorUrl ?? '',
    channel: sender.provider.channel,
    allowLoopback: house.config.gatewaysOnLoopback,
  })
  const key = JSON.stringify([sender.config, deps])
  const present = connections.get(sender.id)
  if (present?.key === key) return present.connection
  if (present) void present.connection.close().catch(() => {})
  const connection = sender.provider.connect(sender.config, deps)
  connections.set(sender.id, { connection, key })
  return connection
}
