import { asOwner } from '../../src/house.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { auditAll } from '../../src/reports/index.ts'
import { callFate, drawsFor } from '../../src/simulator/fate.ts'
import type { Stage } from './stage.ts'
import { readWitness } from './witness.ts'

/** What a run of faults has come to. The first three must be zero. */
export type Verdict = {
  kills: number
  /** Recipients whom the witness saw served more than once. */
  sentTwice: number
  /** Charges that no witnessed delivery justifies, or of another amount than the price. */
  chargedWrongly: number
  /** Witnessed deliveries without a charge, and messages that never came to an end. */
  lost: number
  /** Messages of which nobody knows whether they left. */
  uncertain: number
  /** Why, by the code of their last attempt. */
  uncertainBy: Readonly<Record<string, number>>
  /** How many calls were in the air whenever something was killed: the most that may be uncertain. */
  inFlightAtKills: number
  /** Calls that the stand-in was told to leave without a clear answer: of these too it is not known whether they left. */
  unanswered: number
  accepted: number
  acceptedAtMs: readonly number[]
  delivered: number
  /** Of the campaigns: `settled` when all are, else that of one which is not. */
  state: string
  money: { reserved: bigint; captured: bigint; released: bigint; late: bigint }
  byState: Record<string, number>
  /** Invariants that do not hold, with their differences. */
  auditFaults: string[]
}

/**
 * Compares what the witness saw with what the rows say and what the books charge.
 * @param options `since` judges messages after this one only, all earlier ones having been judged before
 */
export async function judge(
  stage: Stage,
  kills: number,
  inFlightAtKills: number,
  { deliveredLate = new Set(), since = 0n }: { deliveredLate?: ReadonlySet<bigint>; since?: bigint } = {},
): Promise<Verdict> {
  const witness = await readWitness(stage.recordFile, since)
  for (const id of deliveredLate) witness.delivered.add(id)
  const { messages, charges, money, state } = await readRows(stage, since)
  const charged = new Map(charges.map((charge) => [charge.message_id, charge]))
  const byState: Record<string, number> = {}
  for (const message of messages) byState[message.state] = (byState[message.state] ?? 0) + 1
  const unjustified = charges.filter(
    (charge) => !witness.delivered.has(charge.message_id) || charge.amount !== charge.price,
  )
  const uncharged = [...witness.delivered].filter((id) => !charged.has(id))
  const unfinished = messages.filter((message) => !FINAL.has(message.state))
  return {
    kills,
    sentTwice: Math.max(witness.recipientsTwice, witness.attemptsTwice),
    chargedWrongly: unjustified.length,
    lost: uncharged.length + unfinished.length,
    uncertain: byState.uncertain ?? 0,
    uncertainBy: await countUncertain(stage, since),
    inFlightAtKills,
    unanswered: await countUnanswered(stage, since),
    accepted: witness.accepted,
    acceptedAtMs: witness.acceptedAtMs,
    delivered: witness.delivered.size,
    state,
    money,
    byState,
    auditFaults: await auditFaults(stage),
  }
}

async function countUncertain(stage: Stage, since: bigint): Promise<Record<string, number>> {
  const rows = await stage.within(
    ({ sql, workspaceId }) => sql<{ code: string; n: number }[]>`
      SELECT coalesce(a.code, 'without a code') AS code, count(*)::int AS n
        FROM messages m JOIN attempts a ON a.message_id = m.id AND a.attempt_no = m.attempts
       WHERE m.workspace_id = ${workspaceId} AND m.id > ${since} AND m.state = 'uncertain' GROUP BY 1 ORDER BY 1`,
  )
  return Object.fromEntries(rows.map(({ code, n }) => [code, n]))
}

const UNCLEAR = new Set(['server_error', 'timeout_after_accept', 'reset_after_accept', 'garbage'])

/** The stand-in draws a call's fate from its seed and the attempt's name alone, so that it can be drawn here again. */
async function countUnanswered(stage: Stage, since: bigint): Promise<number> {
  const attempts = await stage.within(
    ({ sql, workspaceId }) => sql<{ message_id: bigint; attempt_no: number }[]>`
      SELECT message_id, attempt_no FROM attempts WHERE workspace_id = ${workspaceId} AND dispatched_at IS NOT NULL AND message_id > ${since}`,
  )
  const orders = { ...NO_FATES, ...stage.orders } as unknown as Parameters<typeof callFate>[0]
  return attempts.filter(({ message_id, attempt_no }) =>
    UNCLEAR.has(callFate(orders, drawsFor(orders.seed, `dc.${message_id}.${attempt_no}`))),
  ).length
}

const NO_FATES = {
  rejected: 0,
  rate_limited: 0,
  server_error: 0,
  timeout_after_accept: 0,
  reset_after_accept: 0,
  garbage: 0,
}

const FINAL = new Set(['delivered', 'read', 'failed', 'expired', 'uncertain'])

function readRows(stage: Stage, since: bigint) {
  return stage.within(async ({ sql, workspaceId }) => {
    const messages = await sql<{ state: string }[]>`
      SELECT state FROM messages WHERE workspace_id = ${workspaceId} AND id > ${since}`
    const charges = await sql<{ message_id: bigint; amount: bigint; price: bigint }[]>`
      SELECT c.message_id, c.amount, m.price FROM charges c JOIN messages m ON m.id = c.message_id
       WHERE c.workspace_id = ${workspaceId} AND c.message_id > ${since}`
    const transfers = await sql<{ kind: string; amount: bigint }[]>`
      SELECT kind, sum(amount)::bigint AS amount FROM transfers WHERE workspace_id = ${workspaceId} GROUP BY kind`
    const [open] = await sql<{ state: string }[]>`
      SELECT state FROM campaigns WHERE workspace_id = ${workspaceId} AND state <> 'settled' LIMIT 1`
    const of = (kind: string) => transfers.find((row) => row.kind === kind)?.amount ?? 0n
    const money = {
      reserved: of('reserve'),
      captured: of('capture'),
      released: of('release'),
      late: of('late_capture'),
    }
    return { messages, charges, money, state: open?.state ?? 'settled' }
  })
}

async function auditFaults(stage: Stage): Promise<string[]> {
  const audit = await asOwner(stage.ownerUrl, systemClock, (owner) => auditAll(owner, stage.workspaceId))
  return audit.workspaces.flatMap(({ checks }) =>
    checks.filter((check) => !check.ok).map((check) => `${check.name}: ${check.differences.join('; ')}`),
  )
}

/** The four figures. */
export function describeFigures(verdict: Verdict): string {
  const { sentTwice, chargedWrongly, lost, uncertain, inFlightAtKills } = verdict
  const unanswered = verdict.unanswered > 0 ? ` and ${verdict.unanswered} not answered` : ''
  const why = Object.entries(verdict.uncertainBy).map(([code, n]) => `${code} ${n}`)
  const because = why.length > 0 ? `: ${why.join(', ')}` : ''
  return `sent twice ${sentTwice}, charged wrongly ${chargedWrongly}, lost ${lost}, uncertain ${uncertain} (of ${inFlightAtKills} in flight when struck${unanswered}${because})`
}

/** The four figures in one line, and what else the run has come to. */
export function describeVerdict(verdict: Verdict): string {
  const { accepted, delivered, state } = verdict
  return `${describeFigures(verdict)}; the witness saw ${accepted} sent and ${delivered} delivered; ${state}`
}

/** Whether the run proves what it should. */
export function faultsOf(verdict: Verdict): string[] {
  const { money } = verdict
  const faults = [...verdict.auditFaults]
  if (verdict.sentTwice > 0) faults.push(`${verdict.sentTwice} recipients were sent more than one message`)
  if (verdict.chargedWrongly > 0) faults.push(`${verdict.chargedWrongly} charges without a delivery`)
  if (verdict.lost > 0)
    faults.push(`${verdict.lost} messages or charges lost: ${JSON.stringify(verdict.byState)}`)
  if (verdict.uncertain > verdict.inFlightAtKills + verdict.unanswered)
    faults.push(
      `${verdict.uncertain} uncertain, but only ${verdict.inFlightAtKills} were in flight and ${verdict.unanswered} not answered`,
    )
  if (verdict.state !== 'settled') faults.push(`the campaign is ${verdict.state}`)
  // What is charged late comes from the wallet, not from the hold.
  if (money.reserved !== money.captured + money.released)
    faults.push(`reserved ${money.reserved}, captured ${money.captured}, released ${money.released}`)
  return faults
}
