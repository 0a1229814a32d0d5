import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import { countInFlight, countListeners, dropListeners, patiently, untilPostgresAnswers } from './backends.ts'
import type { Struck } from './faults.ts'
import { findPostmaster } from './postmaster.ts'
import type { Stage } from './stage.ts'

const FULL_FOR_MS = 12_000
const NEXT_SEGMENT_MS = 500

/**
 * The database's disk has no byte left, and its log needs more: PostgreSQL refuses, or ends and cannot recover. Then
 * somebody makes room, and starts it if it has gone.
 */
export async function fillDisk(stage: Stage): Promise<Struck> {
  if (!stage.disk) throw new Error('the database of this run has no disk of its own')
  const postmaster = await findPostmaster(stage.superuserUrl)
  stage.disk.fill()
  const until = performance.now() + FULL_FOR_MS
  while (performance.now() < until) {
    await needSegment(stage.superuserUrl)
    await sleep(NEXT_SEGMENT_MS)
  }
  const wentAway = !postmaster.isThere()
  stage.disk.free()
  if (wentAway) postmaster.start()
  await untilPostgresAnswers(stage)
  const how = wentAway ? 'it could not recover, and was started' : 'it stayed'
  return {
    did: `the disk of PostgreSQL full for ${FULL_FOR_MS / 1_000} s: ${how}`,
    open: await countInFlight(stage),
  }
}

/** A full segment of the log is followed by another, for which there is no room. */
async function needSegment(superuserUrl: string): Promise<void> {
  const superuser = postgres(superuserUrl, { max: 1, onnotice: () => {}, connect_timeout: 1 })
  await superuser`SELECT pg_switch_wal()`.catch(() => undefined)
  await superuser.end({ timeout: 1 }).catch(() => undefined)
}

/** The sweep goes round every two seconds, give or take a half; a loaded machine takes its time. */
const SENDS_WITHIN_MS = 10_000
/** Who has jobs in hand listens again when they are done. */
const LISTENS_WITHIN_MS = 60_000
const LOOK_AGAIN_MS = 50
/** A worker listens for each. */
const QUEUES = 3

/**
 * Ends the connections by which the queue in PostgreSQL is told of work. Work must go on meanwhile, found by the sweep
 * at the latest, and somebody must listen again for each queue.
 */
export async function dropListening(stage: Stage): Promise<Struck> {
  const allListen = async () => (await countListeners(stage)) >= QUEUES
  await within(LISTENS_WITHIN_MS, allListen, 'nobody listens: nothing would be proved')
  const waiting = await countQueued(stage)
  const heard = stage.witnessedBytes()
  const dropped = await dropListeners(stage)
  const sends = async () => waiting === 0 || stage.witnessedBytes() > heard
  const [sendsAfterMs, listensAfterMs] = await Promise.all([
    within(SENDS_WITHIN_MS, sends, 'nothing is sent any more'),
    within(LISTENS_WITHIN_MS, allListen, 'nobody listens again'),
  ])
  return {
    did: `${dropped} listening connections dropped, sending after ${sendsAfterMs} ms, all listen again after ${listensAfterMs} ms`,
    open: await countInFlight(stage),
  }
}

async function within(mostMs: number, isSo: () => Promise<boolean>, otherwise: string): Promise<number> {
  const beginsAtMs = performance.now()
  while (!(await patiently(isSo))) {
    if (performance.now() - beginsAtMs > mostMs) throw new Error(otherwise)
    await sleep(LOOK_AGAIN_MS)
  }
  return Math.round(performance.now() - beginsAtMs)
}

/**
 * The provider takes connections and answers none, for longer than a call may take. What was asked meanwhile it does all
 * the same, later, and nobody may ask it again.
 */
export async function hangProvider(stage: Stage, hangMs: number): Promise<Struck> {
  const since = await databaseClock(stage)
  stage.holdProvider(true)
  await sleep(hangMs)
  stage.holdProvider(false)
  const doubtful = await countDoubtful(stage, since)
  return {
    did: `the provider hung for ${hangMs / 1_000} s, ${doubtful} calls were without an answer`,
    open: doubtful,
  }
}

async function databaseClock(stage: Stage): Promise<string> {
  return stage.within(async ({ sql }) => {
    const [row] = await sql<{ now: string }[]>`SELECT clock_timestamp()::text AS now`
    return row!.now
  })
}

/** Calls of which it is not known what became, or not yet, among those that were made since, or under way then. */
async function countDoubtful(stage: Stage, since: string): Promise<number> {
  return stage.within(async ({ sql }) => {
    const [row] = await sql<{ n: number }[]>`
      SELECT count(*)::int AS n FROM attempts
       WHERE dispatched_at IS NOT NULL AND (outcome IS NULL OR outcome = 'indeterminate')
         AND (resolved_at IS NULL OR resolved_at >= ${since}::text::timestamptz)`
    return row!.n
  })
}

async function countQueued(stage: Stage): Promise<number> {
  return patiently(() =>
    stage.within(async ({ sql }) => {
      const [row] = await sql<{ n: number }[]>`
        SELECT coalesce(sum(n), 0)::int AS n FROM message_counts
         WHERE campaign_id = ${stage.campaignId} AND state = 'queued'`
      return row!.n
    }),
  )
}
