import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import { type Dice, pick } from './dice.ts'
import type { Stage } from './stage.ts'

/** Calls that are in the air as the rows know it, of one worker or of all, for messages after `since`. */
export async function countInFlight(stage: Stage, worker?: string, since = 0n): Promise<number> {
  return stage.within(async ({ sql }) => {
    const [row] = await sql<{ n: number }[]>`
      SELECT count(*)::int AS n FROM attempts
       WHERE dispatched_at IS NOT NULL AND outcome IS NULL AND worker = coalesce(${worker ?? null}::text, worker)
         AND message_id > ${since}`
    return row!.n
  })
}

const RECOVERED_WITHIN_MS = 30_000
const LOOK_AGAIN_MS = 100

/** PostgreSQL takes the death of one backend for corrupted memory: it ends them all and recovers from its log. */
export async function killBackend(stage: Stage, dice: Dice): Promise<void> {
  await patiently(async () => {
    const backends = await asSuperuser(stage, BACKENDS)
    if (backends.length === 0) throw new Error('nobody is at work with the database')
    // It may have ended meanwhile; then another is found.
    process.kill(pick(dice, backends).pid as number, 'SIGKILL')
  })
  await untilPostgresAnswers(stage)
}

/** Those that are at work twice, so that they are hit more often. */
const BACKENDS = `
  SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'duecast' AND state <> 'idle'
  UNION ALL SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'duecast'`

/** Waits while PostgreSQL is away or recovers. */
export async function untilPostgresAnswers(stage: Stage): Promise<void> {
  await sleep(LOOK_AGAIN_MS)
  await patiently(() => stage.within(async ({ sql }) => void (await sql`SELECT 1`)))
}

/** Asks again and again while the database is away. */
export async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  const until = performance.now() + RECOVERED_WITHIN_MS
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (performance.now() > until) throw error
      await sleep(LOOK_AGAIN_MS)
    }
  }
}

/** The connections by which the queue is told that there is work: BullMQ calls each by its queue. */
const LISTENING = `datname = current_database() AND application_name IN ('send', 'receipts', 'chores')
   AND state = 'idle' AND query ~ 'LISTEN '`

export async function countListeners(stage: Stage): Promise<number> {
  return (await asSuperuser(stage, `SELECT pid FROM pg_stat_activity WHERE ${LISTENING}`)).length
}

/** Ends them, and returns how many there were. */
export async function dropListeners(stage: Stage): Promise<number> {
  const drop = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${LISTENING}`
  return (await asSuperuser(stage, drop)).length
}

export async function asSuperuser(stage: Stage, question: string): Promise<readonly postgres.Row[]> {
  const superuser = postgres(stage.superuserUrl, { max: 1, onnotice: () => {} })
  try {
    return await superuser.unsafe(question)
  } finally {
    await superuser.end()
  }
}
