import { setTimeout as sleep } from 'node:timers/promises'
import { patiently } from './backends.ts'
import { between, type Dice, diceOf, pick } from './dice.ts'
import { type Crew, dismiss, type Fault, gatherCrew, type Lengths, strike } from './faults.ts'
import { deliverLate } from './receipts.ts'
import { openStage, type Stage, type StageOptions } from './stage.ts'
import { describeVerdict, faultsOf, judge, type Verdict } from './verdict.ts'

export type CrashRun = StageOptions & {
  /** How many faults strike, each of a kind drawn from `faults`. */
  kills: number
  faults: readonly Fault[]
  /** How long Redis is away and the provider hangs, when they do. */
  lengths?: Partial<Lengths>
  say(line: string): void
}

/** Longer than a call may take. */
const SHORT: Lengths = { awayMs: 5_000, hangMs: 15_000 }

/**
 * A campaign is sent while faults strike at random moments, what was killed being started again at once; then the rest
 * may run to its end. The same seed draws the same faults and moments, as far as processes can be timed at all.
 */
export async function crash(run: CrashRun): Promise<{ verdict: Verdict; faults: string[] }> {
  const dice = diceOf(run.seed)
  const stage = await openStage(run)
  let crew: Crew | undefined
  let isProven = false
  try {
    crew = await gatherCrew(stage, { ...SHORT, ...run.lengths })
    let inFlight = 0
    let kills = 0
    while (kills < run.kills && (await untilItSends(stage, dice))) {
      kills += 1
      const fault = pick(dice, run.faults)
      const { did, open } = await strike(fault, stage, crew, dice)
      inFlight += open
      run.say(`${kills}. ${did}, ${open} calls in flight, ${await countLeft(stage)} left to send`)
    }
    await untilSettled(stage)
    const deliveredLate = await deliverLate(stage)
    await untilSettled(stage)
    const verdict = await judge(stage, kills, inFlight, { deliveredLate })
    if (deliveredLate.size > 0)
      run.say(`${deliveredLate.size} messages reported as delivered after the settlement`)
    run.say(`seed ${run.seed}, ${kills} faults on ${stage.queue}: ${describeVerdict(verdict)}`)
    const faults = faultsOf(verdict)
    isProven = faults.length === 0
    return { verdict, faults }
  } finally {
    if (!isProven) run.say(`the logs are kept in ${stage.folder}`)
    if (crew) await dismiss(crew)
    await stage.close({ keepLogs: !isProven })
  }
}

const LOOK_AGAIN_MS = 5
const SENDS_WITHIN_MS = 60_000
const SENDS_FOR_MS = 300

/** Returns at a random moment after the witness has begun to hear again; false when nothing is left to send. */
async function untilItSends(stage: Stage, dice: Dice): Promise<boolean> {
  const before = stage.witnessedBytes()
  const until = performance.now() + SENDS_WITHIN_MS
  while (stage.witnessedBytes() === before) {
    if ((await countLeft(stage)) === 0) return false
    if (performance.now() > until) throw new Error('nothing is sent any more')
    await sleep(LOOK_AGAIN_MS)
  }
  await sleep(between(dice, 0, SENDS_FOR_MS))
  return true
}

async function countLeft(stage: Stage): Promise<number> {
  return stage.within(async ({ sql }) => {
    const [row] = await sql<{ n: number }[]>`
      SELECT coalesce(sum(n), 0)::int AS n FROM message_counts
       WHERE campaign_id = ${stage.campaignId} AND state IN ('queued','sending')`
    return row!.n
  })
}

const LOOK_AT_STATE_MS = 200
/** The lease of the last one killed, the rest of the sending, the lifetime of what was never heard of again. */
const SETTLED_WITHIN_MS = 120_000

/** Waits until all campaigns are settled and nothing that the stand-in has to say is left unsaid or unheard. */
export async function untilSettled(stage: Stage): Promise<void> {
  const until = performance.now() + SETTLED_WITHIN_MS
  while (performance.now() < until) {
    const isSettled = await patiently(() =>
      stage.within(async ({ sql, workspaceId }) => {
        const [row] = await sql`
          SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM campaigns WHERE workspace_id = ${workspaceId} AND state <> 'settled')
             AND NOT EXISTS (SELECT 1 FROM webhooks WHERE done_at IS NULL)`
        return row !== undefined
      }),
    )
    if (isSettled && (await pendingReceipts(stage)) === 0) return
    await sleep(LOOK_AT_STATE_MS)
  }
}

async function pendingReceipts({ simulatorUrl }: Stage): Promise<number> {
  const response = await fetch(`${simulatorUrl}/witness/summary`)
  const { pending_receipts } = (await response.json()) as { pending_receipts: number }
  return pending_receipts
}
