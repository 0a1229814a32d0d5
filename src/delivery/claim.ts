import { listOf, type StatementScope } from '../platform/db.ts'
import type { Scope } from '../platform/scope.ts'
import { release } from '../wallet/index.ts'
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

export type ClaimedMessage = {
  messageId: bigint
  attemptNo: number
  phone: string
  variables: Record<string, string>
}

export type Claim =
  | { kind: 'slice'; sliceNo: number; messages: ClaimedMessage[]; startsInMs: number }
  | { kind: 'wait'; forMs: number }
  | { kind: 'nothing' }

/**
 * Claims the next slice of a campaign that is due: books the sender's pace, skips who opted out since, and commits an
 * attempt for each message before anything is sent. Slices whose worker died are taken over, after their open attempts
 * are resolved: those that were never dispatched may be sent again, those that were are unknown and never sent again.
 */
export async function claimSlice(rows: WorkerRows, run: Run): Promise<Claim> {
  const { worker } = rows
  const taken = await rows.within((scope) => leaseSlice(scope, run, worker))
  if (taken.kind !== 'leased') return taken
  const { sliceNo, startsInMs } = taken
  const opened = await rows.once((scope) => openAttempts(scope, run, taken, worker))
  const tooSoon = opened.filter((row) => row.unfit === TOO_SOON)
  if (tooSoon.length > 0) await rows.once((scope) => putOff(scope, run, tooSoon))
  const unfit = opened.filter((row) => row.unfit !== null && row.unfit !== TOO_SOON)
  if (unfit.length > 0) await rows.within((scope) => skip(scope, run, unfit))
  return { kind: 'slice', sliceNo, messages: opened.flatMap(claimedMessage), startsInMs }
}

type Waiting = Exclude<Claim, { kind: 'slice' }>
/** `neighbours`: other campaigns of this sender that are being sent now; `portfolioKey`: whose reach the people must be in. */
type Lease = {
  kind: 'leased'
  sliceNo: number
  startsInMs: number
  neighbours: string[]
  portfolioKey: string | null
}
type Leased = Lease | Waiting

/** Takes a slice and its stretch of the sender's time line; both are free again for others before any row is opened. */
async function leaseSlice(scope: Scope, run: Run, worker: string): Promise<Leased> {
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
  const size = await countQueued(scope, run.campaignId, slice.sliceNo)
  const start = await bookPace(scope, run, size)
  if (start.kind === 'busy') {
    await giveBack(scope, run.campaignId, slice.sliceNo)
    return { kind: 'wait', forMs: start.forMs }
  }
  return {
    kind: 'leased',
    sliceNo: slice.sliceNo,
    startsInMs: start.inMs,
    neighbours: await findNeighbours(scope, run),
    portfolioKey: reached.kind === 'reserved' ? reached.portfolioKey : null,
  }
}

const TOO_SOON = 'too_soon'
/** A campaign that has taken up a slice within this time may have written to the same people just now. */
const NEIGHBOUR_SECONDS = 60

/** Within a campaign nobody is written to twice, so that only other campaigns of the number can come too soon. */
async function findNeighbours(scope: Scope, run: Run): Promise<string[]> {
  if (run.pairSeconds === 0) return []
  const rows = await scope.sql<{ campaign_id: string }[]>`
    WITH active AS (
      UPDATE runs SET active_at = clock_timestamp() WHERE campaign_id = ${run.campaignId} AND workspace_id = ${scope.workspaceId}
         AND (active_at IS NULL OR active_at < clock_timestamp() - interval '1 second'))
    SELECT campaign_id FROM runs WHERE sender_id = ${run.senderId} AND workspace_id = ${scope.workspaceId}
       AND campaign_id <> ${run.campaignId} AND active_at > clock_timestamp() - make_interval(secs => ${NEIGHBOUR_SECONDS})`
  return rows.map((row) => row.campaign_id)
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

async function countQueued(scope: Scope, campaignId: string, sliceNo: number): Promise<number> {
  const [row] = await scope.sql<{ n: number }[]>`
    SELECT count(*)::int AS n FROM messages
     WHERE campaign_id = ${campaignId} AND slice_no = ${sliceNo} AND state = 'queued'
       AND (not_before IS NULL OR not_before <= ${scope.now.toISOString()}::timestamptz)`
  return row!.n
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

/**
 * One statement opens an attempt for each message of the slice, committed before the provider is called. Who opted out
 * since the campaign was submitted, or was erased, or whose message was stopped, gets none and is named. When a neighbour
 * wrote to somebody is asked message by message: joined, all attempts could be gone through for each of them.
 */
function openAttempts(
  scope: StatementScope,
  run: Run,
  { sliceNo, neighbours, portfolioKey }: Lease,
  worker: string,
) {
  const nowText = scope.now.toISOString()
  return scope.sql<OpenedRow[]>`
    WITH due AS MATERIALIZED (
      SELECT m.id, r.phone, r.variables,
             CASE WHEN m.stopped IS NOT NULL THEN m.stopped
                  WHEN r.phone IS NULL THEN 'erased'
                  WHEN EXISTS (
                    SELECT 1 FROM suppressions s WHERE s.workspace_id = ${scope.workspaceId} AND s.phone = r.phone
                       AND (s.scope = 'all' OR s.scope = (SELECT category FROM runs WHERE campaign_id = ${run.campaignId}))
                       AND (s.expires_at IS NULL OR s.expires_at > ${nowText}::timestamptz)) THEN 'opted_out'
                  WHEN EXISTS (
                    SELECT 1 FROM messages o
                     WHERE o.campaign_id = ANY(${listOf(neighbours)}::uuid[]) AND o.contact_id = m.contact_id
                       AND (SELECT coalesce(a.dispatched_at, a.claimed_at) FROM attempts a
                             WHERE a.message_id = o.id AND a.attempt_no = o.attempts)
                           > clock_timestamp() - make_interval(secs => ${run.pairSeconds}::float8))
                    THEN ${TOO_SOON}::text END AS unfit
        FROM messages m LEFT JOIN recipients r ON r.message_id = m.id
       WHERE m.campaign_id = ${run.campaignId} AND m.slice_no = ${sliceNo} AND m.state = 'queued'
         AND (m.not_before IS NULL OR m.not_before <= ${nowText}::timestamptz)
         AND (${portfolioKey}::text IS NULL OR EXISTS (
           SELECT 1 FROM portfolio_reach p WHERE p.workspace_id = ${scope.workspaceId} AND p.portfolio_key = ${portfolioKey}::text
              AND p.contact_id = m.contact_id))
         AND EXISTS (SELECT 1 FROM slices l WHERE l.campaign_id = ${run.campaignId} AND l.slice_no = ${sliceNo} AND l.worker = ${worker})
       ORDER BY m.id FOR NO KEY UPDATE OF m),
    moved AS (
      UPDATE messages m SET state = 'sending', reason = NULL, attempts = m.attempts + 1
        FROM due d WHERE m.id = d.id AND d.unfit IS NULL
      RETURNING m.id, m.attempts, d.phone, d.variables),
    opened AS (
      INSERT INTO attempts (message_id, attempt_no, workspace_id, worker)
      SELECT id, attempts, ${scope.workspaceId}, ${worker} FROM moved)
    SELECT id, attempts, phone, variables, NULL AS unfit FROM moved
    UNION ALL SELECT id, 0, NULL, NULL, unfit FROM due WHERE unfit IS NOT NULL
    ORDER BY id`
}

type OpenedRow = { id: bigint } & (
  | { unfit: null; attempts: number; phone: string; variables: Record<string, string> }
  /** `erased`, `opted_out`, or why the message was stopped. */
  | { unfit: string }
)

function claimedMessage(row: OpenedRow): ClaimedMessage[] {
  if (row.unfit !== null) return []
  return [{ messageId: row.id, attemptNo: row.attempts, phone: row.phone, variables: row.variables }]
}

/** Whom another campaign of the number wrote to a moment ago waits a moment; the others go. */
function putOff(scope: StatementScope, run: Run, tooSoon: readonly OpenedRow[]) {
  const until = new Date(scope.now.getTime() + run.pairSeconds * 1000).toISOString()
  return scope.sql`
    UPDATE messages SET not_before = ${until}::timestamptz
     WHERE id = ANY(${listOf(tooSoon.map((row) => row.id))}::bigint[]) AND workspace_id = ${scope.workspaceId} AND state = 'queued'`
}

async function skip(scope: Scope, run: Run, unfit: readonly OpenedRow[]): Promise<void> {
  const [skipped] = await scope.sql<{ count: number; total: bigint }[]>`
    WITH due AS MATERIALIZED (
      SELECT m.id, u.reason FROM messages m
        JOIN unnest(${listOf(unfit.map((row) => row.id))}::bigint[], ${listOf(unfit.map((row) => row.unfit!))}::text[]) AS u(id, reason) ON u.id = m.id
       WHERE m.workspace_id = ${scope.workspaceId} AND m.state = 'queued' ORDER BY m.id FOR NO KEY UPDATE OF m),
    skipped AS (
      UPDATE messages m SET state = 'skipped', money = 'released', reason = d.reason FROM due d WHERE m.id = d.id
      RETURNING m.price)
    SELECT count(*)::int AS count, coalesce(sum(price), 0)::bigint AS total FROM skipped`
  await release(scope, { ...run, amountMinor: skipped!.total, nItems: skipped!.count, reason: 'skipped' })
}
