import type { Scope } from '../platform/scope.ts'
import { nextDecentMoment, readQuietMark } from './decency.ts'
import { findDecency, ruleFor } from './find-decency.ts'
import { reserveReach } from './reach.ts'
import type { Run } from './run.ts'
import { insideWindow } from './window.ts'
import type { WorkerRows } from './worker-rows.ts'

/** How long a worker may keep a slice without a sign of life. Safety does not rest on it: every dispatch is fenced. */
export const LEASE_SECONDS = 20
/** How far ahead of its pace a sender may be booked, in seconds. */
const BOOK_AHEAD_SECONDS = 1
/** The campaign that booked last steps back for so long, so that others of the same sender come in between. */
const STEP_BACK_SECONDS = 0.5

/**
 * A slice that one worker holds, and which of its messages are due, in order of their numbers. `portfolioKey`: whose
 * reach the people must be in.
 */
export type Slice = {
  kind: 'slice'
  sliceNo: number
  messageIds: bigint[]
  startsInMs: number
  portfolioKey: string | null
}
type Waiting = { kind: 'wait'; forMs: number } | { kind: 'nothing' }
export type Claim = Slice | Waiting

/**
 * Claims the next slice of a campaign that is due, and books its stretch of the sender's time line; its messages stay
 * queued until their attempts are opened, batch by batch. Slices whose worker died are taken over, after their open
 * attempts are resolved: those that were never dispatched may be sent again, those that were are unknown and never
 * sent again.
 */
export function claimSlice(rows: WorkerRows, run: Run): Promise<Claim> {
  return rows.within((scope) => leaseSlice(scope, run, rows.worker))
}

async function leaseSlice(scope: Scope, run: Run, worker: string): Promise<Claim> {
  const slice = await takeSlice(scope, run.campaignId, worker)
  if (!slice) return waitForSlice(scope, run.campaignId)
  if (slice.abandoned) await resolveAbandoned(scope, run.campaignId, slice.sliceNo)
  const opensAt = await opensLater(scope, run, slice.zone)
  if (opensAt) {
    await postpone(scope, run.campaignId, slice.sliceNo, opensAt)
    return { kind: 'wait', forMs: 0 }
  }
  const reached = await reserveReach(scope, run, slice.sliceNo)
  if (reached.kind === 'used_up') {
    await postpone(scope, run.campaignId, slice.sliceNo, reached.until)
    return { kind: 'wait', forMs: 0 }
  }
  const messageIds = await findDue(scope, run.campaignId, slice.sliceNo)
  const start = await bookPace(scope, run, messageIds.length)
  if (start.kind === 'busy') {
    await giveBack(scope, run.campaignId, slice.sliceNo)
    return { kind: 'wait', forMs: start.forMs }
  }
  await noteActive(scope, run)
  const portfolioKey = reached.kind === 'reserved' ? reached.portfolioKey : null
  return { kind: 'slice', sliceNo: slice.sliceNo, messageIds, startsInMs: start.inMs, portfolioKey }
}

/** Lets the other campaigns of the number know that this one may write to the same people. */
async function noteActive(scope: Scope, run: Run): Promise<void> {
  if (run.pairSeconds === 0) return
  await scope.sql`
    UPDATE runs SET active_at = clock_timestamp() WHERE campaign_id = ${run.campaignId} AND workspace_id = ${scope.workspaceId}
       AND (active_at IS NULL OR active_at < clock_timestamp() - interval '1 second')`
}

async function takeSlice(scope: Scope, campaignId: string, worker: string) {
  const [row] = await scope.sql<{ slice_no: number; time_zone: string | null; abandoned: boolean }[]>`
    WITH next AS MATERIALIZED (
      SELECT s.slice_no, s.worker IS NOT NULL AS abandoned FROM slices s
       WHERE s.campaign_id = ${campaignId} AND s.workspace_id = ${scope.workspaceId} AND s.done_at IS NULL
         AND s.due_at <= ${scope.now.toISOString()}::timestamptz
         AND (s.lease_until IS NULL OR s.lease_until < clock_timestamp())
         AND EXISTS (SELECT 1 FROM runs r JOIN senders d ON d.id = r.sender_id
                      WHERE r.campaign_id = s.campaign_id AND r.state = 'running' AND d.state = 'active')
         AND NOT EXISTS (SELECT 1 FROM installation i WHERE i.held_at IS NOT NULL)
       ORDER BY s.due_at, s.slice_no LIMIT 1 FOR UPDATE OF s SKIP LOCKED)
    UPDATE slices s SET worker = ${worker},
           lease_until = clock_timestamp() + make_interval(secs => ${LEASE_SECONDS})
      FROM next WHERE s.campaign_id = ${campaignId} AND s.slice_no = next.slice_no
    RETURNING s.slice_no, s.time_zone, next.abandoned`
  return row && { sliceNo: row.slice_no, zone: row.time_zone, abandoned: row.abandoned }
}

/** Nothing can be claimed now: either the campaign has nothing left, or the next slice is due later. */
async function waitForSlice(scope: Scope, campaignId: string): Promise<Waiting> {
  const [row] = await scope.sql<{ ms: number | null }[]>`
    SELECT (extract(epoch FROM min(due_at) - ${scope.now.toISOString()}::timestamptz) * 1000)::float8 AS ms FROM slices
     WHERE campaign_id = ${campaignId} AND workspace_id = ${scope.workspaceId} AND done_at IS NULL
       AND due_at > ${scope.now.toISOString()}::timestamptz`
  return row?.ms == null ? { kind: 'nothing' } : { kind: 'wait', forMs: Math.ceil(row.ms) }
}

/**
 * Resolves what the worker of a slice left open when it was lost: an attempt that was never dispatched may be made
 * again, one that was is unknown and never sent again by itself.
 */
export async function resolveAbandoned(scope: Scope, campaignId: string, sliceNo: number): Promise<void> {
  await scope.sql`
    WITH left_open AS (
      UPDATE attempts a SET resolved_at = clock_timestamp(),
             outcome = CASE WHEN a.dispatched_at IS NULL THEN 'not_sent' ELSE 'indeterminate' END,
             code = 'worker_lost'
        FROM messages m
       WHERE m.campaign_id = ${campaignId} AND m.slice_no = ${sliceNo} AND m.workspace_id = ${scope.workspaceId}
         AND m.state = 'sending' AND a.message_id = m.id AND a.attempt_no = m.attempts AND a.outcome IS NULL
      RETURNING a.message_id, a.outcome)
    UPDATE messages m SET state = CASE o.outcome WHEN 'not_sent' THEN 'queued' ELSE 'uncertain' END,
           reason = 'worker_lost'
      FROM left_open o WHERE m.id = o.message_id AND m.state = 'sending'`
}

/**
 * When the slice may go, if not now; a pause or an outage may have carried it out of its hours, and rules and calendars
 * may have changed since it was timed. Where it is not known any more when it may go, it is looked at again later.
 */
async function opensLater(scope: Scope, run: Run, mark: string | null): Promise<Date | undefined> {
  if (mark === null) return undefined
  const quiet = readQuietMark(mark)
  const zones = quiet?.zones ?? mark.split(',')
  const inWindow = run.timeWindow
    ? (insideWindow(scope.now, run.timeWindow, zones) ?? run.sendBefore)
    : scope.now
  if (inWindow > scope.now || !quiet) return inWindow > scope.now ? inWindow : undefined
  const rule = ruleFor(await findDecency(scope), quiet.country, quiet.purpose)
  const decent = nextDecentMoment(rule, zones, scope.now)
  if (decent.kind === 'held') return new Date(scope.now.getTime() + LOOK_AGAIN_MS)
  return decent.at > scope.now ? decent.at : undefined
}

const LOOK_AGAIN_MS = 10 * 60 * 1_000

async function postpone(scope: Scope, campaignId: string, sliceNo: number, until: Date): Promise<void> {
  await scope.sql`
    UPDATE slices SET worker = NULL, lease_until = NULL, due_at = ${until.toISOString()}::timestamptz
     WHERE campaign_id = ${campaignId} AND slice_no = ${sliceNo} AND workspace_id = ${scope.workspaceId}`
}

async function findDue(scope: Scope, campaignId: string, sliceNo: number): Promise<bigint[]> {
  const rows = await scope.sql<{ id: bigint }[]>`
    SELECT id FROM messages
     WHERE campaign_id = ${campaignId} AND slice_no = ${sliceNo} AND state = 'queued'
       AND (not_before IS NULL OR not_before <= ${scope.now.toISOString()}::timestamptz)
     ORDER BY id`
  return rows.map((row) => row.id)
}

type Booking = { kind: 'booked'; inMs: number } | { kind: 'busy'; forMs: number }

/**
 * A token bucket of one second, shared by all workers: each books the next stretch of the sender's time line. Campaigns
 * of one sender take turns, because who booked last may book less far ahead.
 */
async function bookPace(scope: Scope, run: Run, n: number): Promise<Booking> {
  const [row] = await scope.sql<{ in_ms: number }[]>`
    WITH p AS (SELECT free_at, last_campaign_id FROM sender_pace WHERE sender_id = ${run.senderId} FOR UPDATE)
    UPDATE sender_pace s SET last_campaign_id = ${run.campaignId},
           free_at = greatest(p.free_at, clock_timestamp()) + make_interval(secs => ${n / run.messagesPerSecond})
      FROM p WHERE s.sender_id = ${run.senderId}
       AND p.free_at <= clock_timestamp() + make_interval(secs => ${BOOK_AHEAD_SECONDS}::float8
             - CASE WHEN p.last_campaign_id = ${run.campaignId} THEN ${STEP_BACK_SECONDS}::float8 ELSE 0 END)
    RETURNING greatest(0, extract(epoch FROM p.free_at - clock_timestamp()) * 1000)::float8 AS in_ms`
  if (row) return { kind: 'booked', inMs: row.in_ms }
  return { kind: 'busy', forMs: await untilFree(scope, run) }
}

async function untilFree(scope: Scope, { senderId, campaignId }: Run): Promise<number> {
  const [busy] = await scope.sql<{ ms: number; was_last: boolean }[]>`
    SELECT (extract(epoch FROM free_at - clock_timestamp()) * 1000)::float8 AS ms,
           last_campaign_id IS NOT DISTINCT FROM ${campaignId} AS was_last FROM sender_pace WHERE sender_id = ${senderId}`
  const aheadSeconds = BOOK_AHEAD_SECONDS - (busy?.was_last ? STEP_BACK_SECONDS : 0)
  return Math.max(50, (busy?.ms ?? 1000) - aheadSeconds * 1000)
}

async function giveBack(scope: Scope, campaignId: string, sliceNo: number): Promise<void> {
  await scope.sql`
    UPDATE slices SET worker = NULL, lease_until = NULL WHERE campaign_id = ${campaignId} AND slice_no = ${sliceNo}`
}
