import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { patiently } from './backends.ts'
import { bundlePrograms } from './bundle.ts'
import { between, type Dice, diceOf } from './dice.ts'
import { drawKill, type Kill, kill, type Posts } from './kills.ts'
import { keepSending } from './load.ts'
import { keepPost } from './post.ts'
import { untilSettled } from './run.ts'
import { openStage, type Stage, type StageOptions } from './stage.ts'
import { describeFigures, faultsOf, judge, type Verdict } from './verdict.ts'

export type KillRun = Omit<StageOptions, 'programs' | 'messages'> & {
  kills: number
  /** After so many everything may come to rest and is judged. */
  batch: number
  /** No batch begins after this long, however many kills are still to come. */
  mostMs: number
  /** How long one is let live between two kills. */
  pauseMs: { least: number; most: number }
  say(line: string): void
}

/** Settled within this time of the last kill, or it has failed. */
const RECOVERED_WITHIN_MS = 75_000
const SENDERS = 2

type Batch = {
  kills: number
  inFlight: number
  /** From the last kill until the witness heard again, and until every campaign was settled. */
  sendsAfterMs: number
  settledAfterMs: number
  longestSilenceMs: number
  verdict: Verdict
}

export type KillsResult = { batches: readonly Batch[]; whole: Verdict; faults: string[] }

/**
 * The fast form: one stage that stays, with a server, two sending workers and a settling one, always at work on campaigns
 * that follow each other, of which one thing after the other is killed. The same seed draws the same kills and moments.
 */
export async function killMany(run: KillRun): Promise<KillsResult> {
  const dice = diceOf(run.seed)
  const folder = mkdtempSync(join(tmpdir(), 'duecast-programs-'))
  const stage = await openStage({ ...run, messages: 1_000, programs: await bundlePrograms(folder) })
  const posts: Posts = {
    senders: Array.from({ length: SENDERS }, () =>
      keepPost(() => stage.startWorker({ queues: ['send', 'chores'] })),
    ),
    settler: keepPost(() => stage.startWorker({ queues: ['receipts', 'chores'] })),
  }
  let isProven = false
  try {
    const batches: Batch[] = []
    const faults: string[] = []
    const until = performance.now() + run.mostMs
    while (killsOf(batches) < run.kills && performance.now() < until) {
      const kills = Math.min(run.batch, run.kills - killsOf(batches))
      const batch = await oneBatch(stage, posts, dice, { ...run, number: batches.length + 1, kills })
      batches.push(batch)
      for (const fault of faultsOfBatch(batch)) {
        faults.push(`batch ${batches.length}: ${fault}`)
        run.say(`  FAILED: ${fault}`)
      }
    }
    const whole = await judge(stage, killsOf(batches), sumOf(batches, 'inFlight'))
    faults.push(...faultsOf(whole))
    isProven = faults.length === 0
    return { batches, whole, faults }
  } finally {
    if (!isProven) run.say(`the logs are kept in ${stage.folder}`)
    await Promise.all([...posts.senders, posts.settler].map((post) => post.stop()))
    await stage.close({ keepLogs: !isProven })
    rmSync(folder, { recursive: true, force: true })
  }
}

type BatchRun = KillRun & { number: number }

async function oneBatch(stage: Stage, posts: Posts, dice: Dice, run: BatchRun): Promise<Batch> {
  const since = run.number === 1 ? 0n : await lastMessage(stage)
  const load = keepSending(stage)
  await untilItSends(stage, stage.witnessedBytes())
  const beginsAtMs = Date.now()
  const { counts, inFlight } = await killSome(stage, posts, dice, { ...run, since })
  const lastKillAtMs = Date.now()
  const heard = stage.witnessedBytes()
  await load.stop()
  const sendsAfterMs = (await untilItSends(stage, heard)) - lastKillAtMs
  await untilSettled(stage)
  const settledAfterMs = Date.now() - lastKillAtMs
  const verdict = await judge(stage, run.kills, inFlight, { since })
  const longestSilenceMs = longestSilence(verdict.acceptedAtMs, beginsAtMs, lastKillAtMs)
  const what = Object.entries(counts).map(([name, n]) => `${n} ${name}`)
  run.say(
    [
      `batch ${run.number}: ${run.kills} kills (${what.join(', ')}), ${verdict.accepted} sent meanwhile, longest silence ${seconds(longestSilenceMs)};`,
      `sends again after ${seconds(sendsAfterMs)}, all settled after ${seconds(settledAfterMs)}; ${describeFigures(verdict)}`,
    ].join(' '),
  )
  return { kills: run.kills, inFlight, sendsAfterMs, settledAfterMs, longestSilenceMs, verdict }
}

async function killSome(
  stage: Stage,
  posts: Posts,
  dice: Dice,
  { kills, pauseMs, since }: BatchRun & { since: bigint },
): Promise<{ counts: Partial<Record<Kill, number>>; inFlight: number }> {
  const counts: Partial<Record<Kill, number>> = {}
  let inFlight = 0
  for (let n = 0; n < kills; n++) {
    await sleep(between(dice, pauseMs.least, pauseMs.most))
    await untilSomebodyWorks(posts)
    const what = drawKill(dice, stage)
    counts[what] = (counts[what] ?? 0) + 1
    inFlight += await kill(what, { stage, posts, since }, dice)
  }
  return { counts, inFlight }
}

/** On a slow machine no faster than workers can start: kills among those that are starting prove little. */
async function untilSomebodyWorks({ senders }: Posts): Promise<void> {
  while (!senders.some((sender) => sender.isAtWork())) await sleep(LOOK_AGAIN_MS)
}

const LOOK_AGAIN_MS = 20
const SENDS_WITHIN_MS = 120_000

/** Returns when the witness has written more than it had. */
async function untilItSends(stage: Stage, had: number): Promise<number> {
  const until = Date.now() + SENDS_WITHIN_MS
  while (stage.witnessedBytes() === had) {
    if (Date.now() > until) throw new Error('nothing is sent any more')
    await sleep(LOOK_AGAIN_MS)
  }
  return Date.now()
}

async function lastMessage(stage: Stage): Promise<bigint> {
  return patiently(() =>
    stage.within(async ({ sql, workspaceId }) => {
      const [row] = await sql<{ id: bigint | null }[]>`
        SELECT max(id) AS id FROM messages WHERE workspace_id = ${workspaceId}`
      return row!.id ?? 0n
    }),
  )
}

/** The longest time in which the witness heard nothing, from the first moment to the last. */
function longestSilence(heardAtMs: readonly number[], fromMs: number, toMs: number): number {
  const within = heardAtMs.filter((atMs) => atMs > fromMs && atMs < toMs).sort((a, b) => a - b)
  const moments = [fromMs, ...within, toMs]
  return moments.slice(1).reduce((longest, atMs, index) => Math.max(longest, atMs - moments[index]!), 0)
}

function faultsOfBatch({ settledAfterMs, verdict }: Batch): string[] {
  const late = settledAfterMs > RECOVERED_WITHIN_MS ? [`not settled within 75 s of the last kill`] : []
  return [...late, ...faultsOf(verdict)]
}

function killsOf(batches: readonly Batch[]): number {
  return sumOf(batches, 'kills')
}

function sumOf(batches: readonly Batch[], figure: 'kills' | 'inFlight'): number {
  return batches.reduce((sum, batch) => sum + batch[figure], 0)
}

/** What all batches have come to, in words. */
export function describeKills({ batches, whole, faults }: KillsResult, seed: number): string {
  const most = (figure: 'sendsAfterMs' | 'settledAfterMs' | 'longestSilenceMs') =>
    seconds(Math.max(...batches.map((batch) => batch[figure])))
  return [
    `${killsOf(batches)} kills in ${batches.length} batches, seed ${seed}: ${describeFigures(whole)}`,
    `the witness saw ${whole.accepted} sent and ${whole.delivered} delivered; nothing was sent for ${most('longestSilenceMs')} at the longest`,
    `recovered: sending after ${most('sendsAfterMs')} at the longest, all settled after ${most('settledAfterMs')} at the longest; asked at most 75 s`,
    faults.length === 0 ? 'ok' : `FAILED: ${faults.length} faults`,
  ].join('\n')
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
