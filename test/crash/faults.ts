import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import type { Child } from './child.ts'
import { type Dice, pick } from './dice.ts'
import type { Stage } from './stage.ts'

/** What may befall the program while it sends. */
export const FAULTS = ['worker', 'server', 'backend'] as const
export type Fault = (typeof FAULTS)[number]

/** The worker that works, and the one that stands ready to take its place. */
export type Crew = { present: { child: Child; name: string }; next: Child }

export async function gatherCrew(stage: Stage): Promise<Crew> {
  return { present: await begin(stage, stage.startWorker()), next: stage.startWorker() }
}

export async function dismiss({ present, next }: Crew): Promise<void> {
  await Promise.all([present.child.stop(), next.kill()])
}

const MOST_STARTS = 20

/** Lets a worker begin that stands ready; one that met the database while it was away has ended, and starts again. */
async function begin(stage: Stage, ready: Child): Promise<Crew['present']> {
  let child = ready
  for (let starts = 1; ; starts++) {
    try {
      const { worker } = await child.line()
      child.tell('go')
      return { child, name: String(worker) }
    } catch (error) {
      if (starts >= MOST_STARTS) throw error
      child = stage.startWorker()
    }
  }
}

/**
 * Lets a fault happen, and all that was killed start again at once.
 * @returns how many calls were in the air: so many messages may be uncertain at most
 */
export async function strike(fault: Fault, stage: Stage, crew: Crew, dice: Dice): Promise<number> {
  switch (fault) {
    case 'worker':
      return killWorker(stage, crew)
    case 'server':
      await stage.restartServer()
      return 0
    case 'backend':
      await killBackend(stage, dice)
      return countInFlight(stage)
  }
}

/** What the database still does for the dead is done within moments. */
const LAST_WORDS_MS = 60

async function killWorker(stage: Stage, crew: Crew): Promise<number> {
  const killed = crew.present
  await killed.child.kill()
  crew.present = await begin(stage, crew.next)
  crew.next = stage.startWorker()
  await sleep(LAST_WORDS_MS)
  return countInFlight(stage, killed.name)
}

async function countInFlight(stage: Stage, worker?: string): Promise<number> {
  return stage.within(async ({ sql }) => {
    const [row] = await sql<{ n: number }[]>`
      SELECT count(*)::int AS n FROM attempts
       WHERE dispatched_at IS NOT NULL AND outcome IS NULL AND worker = coalesce(${worker ?? null}::text, worker)`
    return row!.n
  })
}

const RECOVERED_WITHIN_MS = 30_000

/** PostgreSQL takes the death of one backend for corrupted memory: it ends them all and recovers from its log. */
async function killBackend(stage: Stage, dice: Dice): Promise<void> {
  const superuser = postgres(stage.superuserUrl, { max: 1, onnotice: () => {} })
  const backends = await superuser<{ pid: number }[]>`
    SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'duecast' AND state <> 'idle'
    UNION ALL SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'duecast'`
  await superuser.end()
  process.kill(pick(dice, backends).pid, 'SIGKILL')
  const until = performance.now() + RECOVERED_WITHIN_MS
  for (;;) {
    try {
      await sleep(100)
      return await stage.within(async ({ sql }) => void (await sql`SELECT 1`))
    } catch (error) {
      if (performance.now() > until) throw error
    }
  }
}
