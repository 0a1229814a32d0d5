import { listOf, type StatementScope } from '../platform/db.ts'
import type { Scope } from '../platform/scope.ts'
import { release } from '../wallet/index.ts'
import { LEASE_SECONDS, type Slice } from './claim.ts'
import type { Run } from './run.ts'
import type { WorkerRows } from './worker-rows.ts'

/** A message whose attempt is open and marked: its call must be made now, or what came of it told. */
export type OpenedMessage = {
  messageId: bigint
  attemptNo: number
  phone: string
  variables: Record<string, string>
}

/** A message that may not be called now; `why`: `erased`, `opted_out`, `too_soon`, or why it was stopped. */
export type UnfitMessage = { messageId: bigint; why: string }

/**
 * The fence before every call: opens an attempt, marked as dispatched, for each of these messages that is still queued,
 * as long as the slice is this worker's and the run is not paused. Only what this opens may be sent. Who opted out since
 * the campaign was submitted, or was erased, or whose message was stopped, or whom another campaign of the number wrote
 * to a moment ago, gets none and is named. It also renews the slice's lease.
 * @param messageIds a batch of the slice's
 */
export async function openAttempts(
  rows: WorkerRows,
  run: Run,
  slice: Slice,
  messageIds: readonly bigint[],
): Promise<{ opened: OpenedMessage[]; unfit: UnfitMessage[] }> {
  const found = await rows.once((scope) => open(scope, run, slice, rows.worker, messageIds))
  return { opened: found.flatMap(openedMessage), unfit: found.flatMap(unfitMessage) }
}

/** Skips those who get nothing, and gives their money back; those to whom it is too soon wait a moment. */
export async function passOver(rows: WorkerRows, run: Run, unfit: readonly UnfitMessage[]): Promise<void> {
  const tooSoon = unfit.filter(({ why }) => why === TOO_SOON)
  if (tooSoon.length > 0) await rows.once((scope) => putOff(scope, run, tooSoon))
  const never = unfit.filter(({ why }) => why !== TOO_SOON)
  if (never.length > 0) await rows.within((scope) => skip(scope, run, never))
}

const TOO_SOON = 'too_soon'
/** A campaign that has taken up a slice within this time may have written to the same people just now. */
const NEIGHBOUR_SECONDS = 60

/**
 * One statement, committed before the provider is called. Who renews the lease holds the slice until then, so that nobody
 * takes it over in between; what somebody else stops or cancels meanwhile is asked again when its row is locked, one
 * after the other in the order of their numbers. Within a campaign nobody is written to twice, so that only other
 * campaigns of the number can come too soon.
 */
function open(
  scope: StatementScope,
  run: Run,
  { sliceNo, portfolioKey }: Slice,
  worker: string,
  messageIds: readonly bigint[],
) {
  const nowText = scope.now.toISOString()
  return scope.sql<OpenedRow[]>`
    WITH wanted AS MATERIALIZED (SELECT ${listOf(messageIds)}::bigint[] AS ids),
    mine AS (
      UPDATE slices SET lease_until = clock_timestamp() + make_interval(secs => ${LEASE_SECONDS})
       WHERE campaign_id = ${run.campaignId} AND slice_no = ${sliceNo} AND worker = ${worker}
         AND EXISTS (SELECT 1 FROM runs r JOIN senders s ON s.id = r.sender_id
                      WHERE r.campaign_id = ${run.campaignId} AND r.state = 'running' AND s.state = 'active')
         AND NOT EXISTS (SELECT 1 FROM installation i WHERE i.held_at IS NOT NULL)
      RETURNING slice_no),
    due AS MATERIALIZED (
      SELECT m.id, r.phone, r.variables,
             CASE WHEN m.stopped IS NOT NULL THEN m.stopped
                  WHEN r.phone IS NULL THEN 'erased'
                  WHEN EXISTS (
                    SELECT 1 FROM suppressions s WHERE s.workspace_id = ${scope.workspaceId} AND s.phone = r.phone
                       AND (s.scope = 'all' OR s.scope = (SELECT category FROM runs WHERE campaign_id = ${run.campaignId}))
                       AND (s.expires_at IS NULL OR s.expires_at > ${nowText}::timestamptz)) THEN 'opted_out'
                  WHEN ${run.pairSeconds}::float8 > 0 AND EXISTS (
                    SELECT 1 FROM messages o
                     WHERE o.campaign_id = ANY(ARRAY(
                             SELECT campaign_id FROM runs
                              WHERE sender_id = ${run.senderId} AND workspace_id = ${scope.workspaceId} AND campaign_id <> ${run.campaignId}
                                AND active_at > clock_timestamp() - make_interval(secs => ${NEIGHBOUR_SECONDS})))
                       AND o.contact_id = m.contact_id
                       AND (SELECT coalesce(a.dispatched_at, a.claimed_at) FROM attempts a
                             WHERE a.message_id = o.id AND a.attempt_no = o.attempts)
                           > clock_timestamp() - make_interval(secs => ${run.pairSeconds}::float8))
                    THEN ${TOO_SOON}::text END AS unfit
        FROM messages m
        LEFT JOIN recipients r ON r.message_id = m.id AND r.message_id = ANY((SELECT ids FROM wanted)::bigint[])
       WHERE m.id = ANY((SELECT ids FROM wanted)::bigint[]) AND m.workspace_id = ${scope.workspaceId} AND m.state = 'queued' AND EXISTS (SELECT 1 FROM mine)
         AND (${portfolioKey}::text IS NULL OR EXISTS (
           SELECT 1 FROM portfolio_reach p WHERE p.workspace_id = ${scope.workspaceId} AND p.portfolio_key = ${portfolioKey}::text
              AND p.contact_id = m.contact_id))
       ORDER BY m.id),
    moved AS (
      UPDATE messages m SET state = 'sending', reason = NULL, attempts = m.attempts + 1
        FROM due d
       WHERE m.id = d.id AND m.id = ANY((SELECT ids FROM wanted)::bigint[]) AND d.unfit IS NULL AND m.state = 'queued' AND m.stopped IS NULL
      RETURNING m.id, m.attempts, d.phone, d.variables),
    opened AS (
      INSERT INTO attempts (message_id, attempt_no, workspace_id, worker, dispatched_at)
      SELECT id, attempts, ${scope.workspaceId}, ${worker}, clock_timestamp() FROM moved)
    SELECT id, attempts, phone, variables, NULL AS unfit FROM moved
    UNION ALL SELECT id, 0, NULL, NULL, unfit FROM due WHERE unfit IS NOT NULL
    ORDER BY id`
}

type OpenedRow = { id: bigint } & (
  | { unfit: null; attempts: number; phone: string; variables: Record<string, string> }
  | { unfit: string }
)

function openedMessage(row: OpenedRow): OpenedMessage[] {
  if (row.unfit !== null) return []
  return [{ messageId: row.id, attemptNo: row.attempts, phone: row.phone, variables: row.variables }]
}

function unfitMessage(row: OpenedRow): UnfitMessage[] {
  return row.unfit === null ? [] : [{ messageId: row.id, why: row.unfit }]
}

function putOff(scope: StatementScope, run: Run, tooSoon: readonly UnfitMessage[]) {
  const until = new Date(scope.now.getTime() + run.pairSeconds * 1000).toISOString()
  return scope.sql`
    UPDATE messages SET not_before = ${until}::timestamptz
     WHERE id = ANY(${listOf(tooSoon.map(({ messageId }) => messageId))}::bigint[]) AND workspace_id = ${scope.workspaceId}
       AND state = 'queued'`
}

async function skip(scope: Scope, run: Run, never: readonly UnfitMessage[]): Promise<void> {
  const [skipped] = await scope.sql<{ count: number; total: bigint }[]>`
    WITH due AS MATERIALIZED (
      SELECT m.id, u.reason FROM messages m
        JOIN unnest(${listOf(never.map(({ messageId }) => messageId))}::bigint[], ${listOf(never.map(({ why }) => why))}::text[]) AS u(id, reason) ON u.id = m.id
       WHERE m.workspace_id = ${scope.workspaceId} AND m.state = 'queued' ORDER BY m.id FOR NO KEY UPDATE OF m),
    skipped AS (
      UPDATE messages m SET state = 'skipped', money = 'released', reason = d.reason FROM due d WHERE m.id = d.id
      RETURNING m.price)
    SELECT count(*)::int AS count, coalesce(sum(price), 0)::bigint AS total FROM skipped`
  await release(scope, { ...run, amountMinor: skipped!.total, nItems: skipped!.count, reason: 'skipped' })
}
