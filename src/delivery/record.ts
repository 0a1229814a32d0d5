import type { PendingQuery, Row } from 'postgres'
import { inOnePass, listOf, type StatementScope, sharedRows } from '../platform/db.ts'
import type { Scope } from '../platform/scope.ts'
import { capture, release } from '../wallet/index.ts'
import { MOST_ATTEMPTS, retryDelaySeconds } from './lifecycle.ts'
import { keepRefusals, STOPPED_MARKETING } from './refusals.ts'
import type { Run } from './run.ts'
import type { WorkerRows } from './worker-rows.ts'
import { chargesOf } from './write-charges.ts'

/** What came of one attempt, as the rows know it. */
export type Outcome = {
  messageId: bigint
  attemptNo: number
  outcome: 'accepted' | 'rejected' | 'not_sent' | 'indeterminate'
  providerMessageId?: string | undefined
  code?: string | undefined
  detail?: string | undefined
  retryAfterMs?: number | undefined
  retryFactor?: number | undefined
  mostTries?: number | undefined
}

/**
 * Writes a batch of outcomes. Only an attempt that is open, or was taken for lost, may still be told; a message whose
 * receipt came before the answer keeps what the receipt said. Rejected messages give their money back at once; accepted
 * ones are charged at once where the card says so.
 */
export async function recordOutcomes(
  rows: WorkerRows,
  run: Run,
  outcomes: readonly Outcome[],
): Promise<void> {
  if (outcomes.length === 0) return
  // Without a movement of money the statement is all there is, and nobody waits for its locks.
  if (!outcomes.some((outcome) => movesMoney(run, outcome))) {
    await rows.once((scope) => writeOutcomes(scope, outcomes, scope.sql``))
    return
  }
  await rows.within(async (scope) => {
    const told = await giveUpAtLast(scope, outcomes)
    const returning = scope.sql`RETURNING m.id, m.state, m.money, m.price, t.attempt_no`
    const moved = await inOnePass(scope.sql, writeOutcomes(scope, told, returning))
    const failed = moved.filter((row) => row.state === 'failed')
    await release(scope, { ...run, ...sumOf(failed), reason: 'rejected' })
    const refused = outcomes.filter(({ code }) => code === STOPPED_MARKETING)
    await keepRefusals(
      scope,
      refused.map(({ messageId }) => ({ messageId, saidAt: scope.now })),
    )
    await chargeAccepted(
      scope,
      run,
      moved.filter((row) => row.money === 'captured'),
    )
  })
}

function movesMoney(run: Run, outcome: Outcome): boolean {
  if (outcome.outcome === 'accepted') return run.chargeOn === 'accepted'
  return outcome.outcome === 'rejected' || isDoubtful(outcome)
}

type MovedOn = { id: bigint; state: string; money: string; price: bigint; attempt_no: number }

/** What the provider has taken is paid for in the transaction that says so. */
async function chargeAccepted(scope: Scope, run: Run, accepted: readonly MovedOn[]): Promise<void> {
  if (accepted.length === 0) return
  const paid = accepted.filter(({ price }) => price > 0n)
  const transferId = await capture(scope, { ...run, ...sumOf(paid) })
  const charges = accepted.map(({ id, price, attempt_no }) => ({
    id,
    amountMinor: price,
    reason: price === 0n ? ('zero_price' as const) : ('regular' as const),
    attemptNo: attempt_no,
    status: 'accepted' as const,
  }))
  await chargesOf(scope, [{ campaignId: run.campaignId, transferId, isLate: false, charges }])
}

function sumOf(rows: readonly MovedOn[]) {
  return { amountMinor: rows.reduce((sum, { price }) => sum + price, 0n), nItems: rows.length }
}

/** To be sent in one pass. @param returning what is to be told of the messages that moved */
function writeOutcomes(scope: StatementScope, settled: readonly Outcome[], returning: PendingQuery<Row[]>) {
  const nowMs = scope.now.getTime()
  const kinds = sharedRows<Kind>()
  const kindNos = listOf(settled.map((outcome) => kinds.numberOf(...kindOf(outcome, nowMs))))
  return scope.sql<MovedOn[]>`
    WITH wanted AS MATERIALIZED (SELECT ${listOf(settled.map((o) => o.messageId))}::bigint[] AS ids),
    told AS (
      UPDATE attempts a SET outcome = k.outcome, resolved_at = clock_timestamp(), code = k.code, detail = k.detail,
             provider_message_id = o.provider_message_id
        FROM unnest((SELECT ids FROM wanted), ${listOf(settled.map((o) => o.providerMessageId ?? null))}::text[], ${kindNos}::bigint[])
             AS o(message_id, provider_message_id, kind_no)
        JOIN unnest(${kinds.column(0)}::smallint[], ${kinds.column(1)}::text[], ${kinds.column(2)}::text[], ${kinds.column(3)}::text[],
                    ${kinds.column(4)}::timestamptz[])
             WITH ORDINALITY AS k(attempt_no, outcome, code, detail, not_before, kind_no) USING (kind_no)
       WHERE a.message_id = o.message_id AND a.attempt_no = k.attempt_no AND a.message_id = ANY((SELECT ids FROM wanted)::bigint[])
         AND (a.outcome IS NULL OR (a.outcome = 'indeterminate' AND k.outcome IN ('accepted','rejected')))
      RETURNING a.message_id, a.attempt_no, a.outcome, a.code, k.not_before)
    UPDATE messages m SET
             state = CASE t.outcome WHEN 'accepted' THEN 'sent' WHEN 'rejected' THEN 'failed'
                                    WHEN 'not_sent' THEN 'queued' ELSE 'uncertain' END,
             money = CASE WHEN t.outcome = 'rejected' THEN 'released'
                          WHEN t.outcome = 'accepted' AND m.on_acceptance THEN 'captured' ELSE m.money END,
             sent_at = CASE t.outcome WHEN 'accepted' THEN ${scope.now.toISOString()}::timestamptz ELSE m.sent_at END,
             failed_at = CASE t.outcome WHEN 'rejected' THEN ${scope.now.toISOString()}::timestamptz END,
             not_before = t.not_before, reason = t.code
        FROM told t
       WHERE m.id = t.message_id AND m.id = ANY((SELECT ids FROM wanted)::bigint[]) AND m.money = 'held'
         AND (m.state = 'sending' OR (m.state = 'uncertain' AND t.outcome IN ('accepted','rejected')))
    ${returning}`
}

/** What outcomes that are written together have in common, as a rule. */
type Kind = [
  attemptNo: number,
  outcome: string,
  code: string | null,
  detail: string | null,
  notBefore: string | null,
]

function kindOf(outcome: Outcome, nowMs: number): Kind {
  const { attemptNo, outcome: what, code = null, detail = null } = outcome
  return [attemptNo, what, code, detail?.slice(0, 500) ?? null, notBefore(outcome, nowMs)]
}

/** The code of an attempt that was opened and whose call was never made. */
export const PUT_BACK = 'put_back'

/** A message that was refused too often before leaving is failed; being put back untried does not count. */
async function giveUpAtLast(scope: Scope, outcomes: readonly Outcome[]): Promise<Outcome[]> {
  const doubtful = outcomes.filter(isDoubtful)
  if (doubtful.length === 0) return [...outcomes]
  const rows = await scope.sql<{ message_id: bigint; code: string | null; n: number }[]>`
    SELECT message_id, code, count(*)::int AS n FROM attempts
     WHERE message_id = ANY(${listOf(doubtful.map((o) => o.messageId))}::bigint[]) AND dispatched_at IS NOT NULL
       AND code IS DISTINCT FROM ${PUT_BACK} AND workspace_id = ${scope.workspaceId} GROUP BY 1, 2`
  const isSpent = ({ messageId, code, mostTries }: Outcome) => {
    const tries = rows.filter((row) => row.message_id === messageId)
    const all = tries.reduce((sum, { n }) => sum + n, 0)
    // The attempt at hand bears no code yet.
    const alike = 1 + (tries.find((row) => row.code === code)?.n ?? 0)
    return all >= MOST_ATTEMPTS || alike >= (mostTries ?? MOST_ATTEMPTS)
  }
  return outcomes.map((outcome) =>
    doubtful.includes(outcome) && isSpent(outcome) ? { ...outcome, outcome: 'rejected' } : outcome,
  )
}

/** Whether it may have been tried for the last time. */
function isDoubtful({ outcome, retryAfterMs, attemptNo, mostTries = MOST_ATTEMPTS }: Outcome): boolean {
  return outcome === 'not_sent' && retryAfterMs !== 0 && attemptNo >= mostTries
}

function notBefore(outcome: Outcome, nowMs: number): string | null {
  if (outcome.outcome !== 'not_sent' || outcome.retryAfterMs === 0) return null
  const { attemptNo, retryAfterMs = 0, retryFactor: factor } = outcome
  const asked = { leastSeconds: retryAfterMs / 1000, ...(factor !== undefined && { factor }) }
  const waitMs = retryDelaySeconds(attemptNo, asked) * 1000
  return new Date(nowMs + waitMs).toISOString()
}

/** Gives the slice back: done, when nothing of it is left to send, else due again when its first message may be tried. */
export async function finishSlice(rows: WorkerRows, campaignId: string, sliceNo: number): Promise<void> {
  await rows.once(
    ({ sql, workspaceId, now }) => sql`
    UPDATE slices s SET lease_until = NULL, worker = NULL,
           done_at = CASE WHEN left_over.n = 0 THEN ${now.toISOString()}::timestamptz END,
           due_at = CASE WHEN left_over.n = 0 THEN s.due_at
                         ELSE greatest(s.due_at, coalesce(left_over.first_due, s.due_at)) END
      FROM (SELECT count(*) AS n, min(coalesce(m.not_before, '-infinity')) AS first_due FROM messages m
             WHERE m.campaign_id = ${campaignId} AND m.slice_no = ${sliceNo} AND m.state IN ('queued','sending')) left_over
     WHERE s.campaign_id = ${campaignId} AND s.slice_no = ${sliceNo} AND s.workspace_id = ${workspaceId}
       AND s.worker = ${rows.worker}`,
  )
}
