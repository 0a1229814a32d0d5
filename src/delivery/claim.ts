import type { Scope } from '../platform/scope.ts'
import { release } from '../wallet/index.ts'
import type { Run } from './run.ts'
import { insideWindow } from './window.ts'

/** How long a worker may keep a slice without a sign of life. Safety does not rest on it: every dispatch is fenced. */
export const LEASE_SECONDS = 20
/** How far ahead of its pace a sender may be booked, in seconds. */
const BOOK_AHEAD_SECONDS = 1

export type ClaimedMessage = {
  messageId: bigint
  attemptNo: number
  phone: string
  variables: Record<string, string>
}

export type Claim =
  | { kind: 'slice'; sliceNo: number; zone: string | null; messages: ClaimedMessage[]; startsInMs: number }
  | { kind: 'wait'; forMs: number }
  | { kind: 'nothing' }

/**
 * Claims the next slice of a campaign that is due: books the sender's pace, skips who opted out since, and commits an
 * attempt for each message before anything is sent. Slices whose worker died are taken over, after their open attempts
 * are resolved: those that were never dispatched may be sent again, those that were are unknown and never sent again.
 */
export async function claimSlice(scope: Scope, run: Run, worker: string): Promise<Claim> {
  const slice = await takeSlice(scope, run.campaignId, worker)
  if (!slice) return waitForSlice(scope, run.campaignId)
  if (slice.abandoned) await resolveAbandoned(scope, run.campaignId, slice.sliceNo)
  const opensAt = windowOpens(run, slice.zone, scope.now)
  if (opensAt) {
    await postpone(scope, run.campaignId, slice.sliceNo, opensAt)
    return { kind: 'wait', forMs: 0 }
  }
  const size = await countQueued(scope, run.campaignId, slice.sliceNo)
  const start = await bookPace(scope, run.senderId, run.messagesPerSecond, size)
  if (start.kind === 'busy') {
    await giveBack(scope, run.campaignId, slice.sliceNo)
    return { kind: 'wait', forMs: start.forMs }
  }
  const messages = await openAttempts(scope, run, slice.sliceNo, worker)
  return { kind: 'slice', sliceNo: slice.sliceNo, zone: slice.zone, messages, startsInMs: start.inMs }
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
       ORDER BY s.due_at, s.slice_no LIMIT 1 FOR UPDATE OF s SKIP LOCKED)
    UPDATE slices s SET worker = ${worker},
           lease_until = clock_timestamp() + make_interval(secs => ${LEASE_SECONDS})
      FROM next WHERE s.campaign_id = ${campaignId} AND s.slice_no = next.slice_no
    RETURNING s.slice_no, s.time_zone, next.abandoned`
  return row && { sliceNo: row.slice_no, zone: row.time_zone, abandoned: row.abandoned }
}

/** Nothing can be claimed now: either the campaign has nothing left, or the next slice is due later. */
async function waitForSlice(scope: Scope, campaignId: string): Promise<Claim> {
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

/** When the window opens next, if it is closed now; a pause or an outage may have carried a slice out of its hours. */
function windowOpens(run: Run, zones: string | null, now: Date): Date | undefined {
  if (!run.timeWindow || !zones) return undefined
  const opensAt = insideWindow(now, run.timeWindow, zones.split(',')) ?? run.sendBefore
  return opensAt > now ? opensAt : undefined
}

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

/** A token bucket of one second, shared by all workers: each books the next stretch of the sender's time line. */
async function bookPace(scope: Scope, senderId: string, perSecond: number, n: number): Promise<Booking> {
  const [row] = await scope.sql<{ in_ms: number }[]>`
    WITH p AS (SELECT free_at FROM sender_pace WHERE sender_id = ${senderId} FOR UPDATE)
    UPDATE sender_pace s SET free_at = greatest(p.free_at, clock_timestamp()) + make_interval(secs => ${n / perSecond})
      FROM p WHERE s.sender_id = ${senderId}
       AND p.free_at <= clock_timestamp() + make_interval(secs => ${BOOK_AHEAD_SECONDS})
    RETURNING greatest(0, extract(epoch FROM p.free_at - clock_timestamp()) * 1000)::float8 AS in_ms`
  if (row) return { kind: 'booked', inMs: row.in_ms }
  const [busy] = await scope.sql<{ ms: number }[]>`
    SELECT (extract(epoch FROM free_at - clock_timestamp()) * 1000)::float8 AS ms FROM sender_pace
     WHERE sender_id = ${senderId}`
  return { kind: 'busy', forMs: Math.max(50, (busy?.ms ?? 1000) - BOOK_AHEAD_SECONDS * 1000) }
}

async function giveBack(scope: Scope, campaignId: string, sliceNo: number): Promise<void> {
  await scope.sql`
    UPDATE slices SET worker = NULL, lease_until = NULL WHERE campaign_id = ${campaignId} AND slice_no = ${sliceNo}`
}

/**
 * One statement decides for each message of the slice: skipped, because the person opted out since the campaign was
 * submitted, or an attempt, committed before the provider is called.
 */
async function openAttempts(
  scope: Scope,
  run: Run,
  sliceNo: number,
  worker: string,
): Promise<ClaimedMessage[]> {
  const nowText = scope.now.toISOString()
  const rows = await scope.sql<OpenedRow[]>`
    WITH due AS MATERIALIZED (
      SELECT m.id, r.phone, r.variables, EXISTS (
               SELECT 1 FROM suppressions s WHERE s.workspace_id = ${scope.workspaceId} AND s.phone = r.phone
                  AND (s.scope = 'all' OR s.scope = ${run.category})
                  AND (s.expires_at IS NULL OR s.expires_at > ${nowText}::timestamptz)) AS opted_out
        FROM messages m LEFT JOIN recipients r ON r.message_id = m.id
       WHERE m.campaign_id = ${run.campaignId} AND m.slice_no = ${sliceNo} AND m.state = 'queued'
         AND (m.not_before IS NULL OR m.not_before <= ${nowText}::timestamptz)
       ORDER BY m.id FOR NO KEY UPDATE OF m),
    moved AS (
      UPDATE messages m SET
             state = CASE WHEN d.phone IS NULL OR d.opted_out THEN 'skipped' ELSE 'sending' END,
             money = CASE WHEN d.phone IS NULL OR d.opted_out THEN 'released' ELSE m.money END,
             reason = CASE WHEN d.phone IS NULL THEN 'erased' WHEN d.opted_out THEN 'opted_out' END,
             attempts = m.attempts + CASE WHEN d.phone IS NULL OR d.opted_out THEN 0 ELSE 1 END
        FROM due d WHERE m.id = d.id
      RETURNING m.id, m.attempts, m.state, m.price, d.phone, d.variables),
    opened AS (
      INSERT INTO attempts (message_id, attempt_no, workspace_id, worker)
      SELECT id, attempts, ${scope.workspaceId}, ${worker} FROM moved WHERE state = 'sending')
    SELECT * FROM moved ORDER BY id`
  await releaseSkipped(scope, run, rows)
  return rows
    .filter((row) => row.state === 'sending')
    .map((row) => ({
      messageId: row.id,
      attemptNo: row.attempts,
      phone: row.phone,
      variables: row.variables,
    }))
}

type OpenedRow = {
  id: bigint
  attempts: number
  phone: string
  variables: Record<string, string>
  state: string
  price: bigint
}

async function releaseSkipped(scope: Scope, run: Run, rows: readonly OpenedRow[]): Promise<void> {
  const skipped = rows.filter((row) => row.state === 'skipped')
  await release(scope, {
    ...run,
    amountMinor: skipped.reduce((sum, row) => sum + row.price, 0n),
    nItems: skipped.length,
    reason: 'skipped',
  })
}
