import { setTimeout as sleep } from 'node:timers/promises'
import { openLog } from '../../src/platform/log.ts'
import { programUrlOf } from '../../src/platform/migrate.ts'
import { openQueue } from '../../src/platform/queue.ts'
import { countInFlight, killBackend, untilPostgresAnswers } from './backends.ts'
import type { Child } from './child.ts'
import { between, type Dice } from './dice.ts'
import { dropListening, fillDisk, hangProvider } from './outages.ts'
import { restartPostgres } from './postmaster.ts'
import { storm } from './receipts.ts'
import type { Stage } from './stage.ts'

const ANYWHERE = [
  'worker',
  'settler',
  'server',
  'backend',
  'postgres',
  'clock',
  'upgrade',
  'receipts',
  'hang',
] as const
const ON_A_DISK = ['disk-full'] as const
const ON_POSTGRES = ['listen'] as const
const ON_REDIS = ['redis-killed', 'redis-flushed', 'redis-full', 'redis-away'] as const

/** What may befall the program while it sends. */
export type Fault =
  | (typeof ANYWHERE)[number]
  | (typeof ON_A_DISK)[number]
  | (typeof ON_POSTGRES)[number]
  | (typeof ON_REDIS)[number]

/** All faults that there are where the queue stands on this store. */
export function faultsOn(queue: 'postgres' | 'redis'): readonly Fault[] {
  return [...ANYWHERE, ...ON_A_DISK, ...(queue === 'redis' ? ON_REDIS : ON_POSTGRES)]
}

/** The worker that works, and the one that stands ready to take its place; and how long outages last. */
export type Crew = { present: { child: Child; name: string }; next: Child } & Lengths
export type Lengths = { readonly awayMs: number; readonly hangMs: number }

export async function gatherCrew(stage: Stage, lengths: Lengths): Promise<Crew> {
  return { present: await begin(stage, stage.startWorker()), next: stage.startWorker(), ...lengths }
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

/** What was done, in words, and how many calls were in the air: so many messages may be uncertain at most. */
export type Struck = { did: string; open: number }

/** Lets a fault happen, and all that was killed start again. */
export async function strike(fault: Fault, stage: Stage, crew: Crew, dice: Dice): Promise<Struck> {
  switch (fault) {
    case 'worker':
      return { did: 'worker killed', open: await killWorker(stage, crew) }
    case 'settler':
      return { did: await untilReceiptsWait(stage), open: await killWorker(stage, crew) }
    case 'server':
      await stage.restartServer()
      return { did: 'server killed', open: 0 }
    case 'backend':
      await killBackend(stage, dice)
      return { did: 'a backend of PostgreSQL killed', open: await countInFlight(stage) }
    case 'postgres':
      await restartPostgres(stage.superuserUrl)
      await untilPostgresAnswers(stage)
      return {
        did: 'PostgreSQL stopped without a checkpoint, and started',
        open: await countInFlight(stage),
      }
    case 'clock':
      return skewClock(stage, crew, dice)
    case 'upgrade':
      return upgrade(stage, crew)
    case 'receipts':
      return { did: await postReceipts(stage, dice), open: 0 }
    case 'listen':
      return dropListening(stage)
    case 'disk-full':
      return fillDisk(stage)
    case 'hang':
      return hangProvider(stage, crew.hangMs)
    default:
      return { did: await strikeRedis(fault, stage, crew), open: 0 }
  }
}

/** What the database still does for the dead is done within moments. */
const LAST_WORDS_MS = 60

async function killWorker(stage: Stage, crew: Crew, next = {}): Promise<number> {
  const killed = crew.present
  await killed.child.kill()
  crew.present = await begin(stage, crew.next)
  crew.next = stage.startWorker({ skewMs: 0, ...next })
  await sleep(LAST_WORDS_MS)
  return countInFlight(stage, killed.name)
}

const RECEIPTS_WAIT_FOR_MS = 2_000

/** The moment before which receipts are stored and after which they are charged. */
async function untilReceiptsWait(stage: Stage): Promise<string> {
  const until = performance.now() + RECEIPTS_WAIT_FOR_MS
  while (performance.now() < until) {
    const n = await stage.within(async ({ sql }) => {
      const [row] = await sql<{ n: number }[]>`SELECT count(*)::int AS n FROM webhooks WHERE done_at IS NULL`
      return row!.n
    })
    if (n > 0) return `worker killed while ${n} posts of receipts waited to be charged`
  }
  return 'worker killed'
}

const SKEW_MOST_MS = 10 * 60_000

/** The next worker's machine is up to ten minutes ahead or behind; the present one is killed, so that it takes over. */
async function skewClock(stage: Stage, crew: Crew, dice: Dice): Promise<Struck> {
  const skewMs = Math.round(between(dice, -SKEW_MOST_MS, SKEW_MOST_MS))
  await crew.next.kill()
  crew.next = stage.startWorker({ skewMs })
  const open = await killWorker(stage, crew)
  return { did: `worker killed, its successor's clock is ${(skewMs / 60_000).toFixed(1)} minutes off`, open }
}

const TOGETHER_MS = 1_500

/**
 * A rolling upgrade: the new worker begins beside the old one, which meets jobs that only the new version knows; then
 * the old one is asked to stop, and the server too. Nothing is killed, so that nothing may be left in the air.
 */
async function upgrade(stage: Stage, crew: Crew): Promise<Struck> {
  const old = crew.present
  crew.present = await begin(stage, crew.next)
  crew.next = stage.startWorker()
  await placeJobsOfTheNextVersion(stage)
  await sleep(TOGETHER_MS)
  await old.child.stop()
  await stage.restartServer('stop')
  await sleep(LAST_WORDS_MS)
  const open = await countInFlight(stage, old.name)
  if (open > 0) throw new Error(`a worker that was asked to stop left ${open} calls in the air`)
  return { did: 'rolling upgrade: two versions for a while, then the old one stopped', open: 0 }
}

async function placeJobsOfTheNextVersion(stage: Stage): Promise<void> {
  const queues = openQueue({
    ...(stage.redis && { redisUrl: stage.redis.url }),
    databaseUrl: programUrlOf(stage.ownerUrl),
    log: openLog('silent'),
  })
  const data = { workspaceId: stage.workspaceId, campaignId: stage.campaignId, of: 'the next version' }
  for (const queue of ['chores', 'send', 'receipts'] as const)
    await queues.add(queue, 'something_new', { ...data, senderId: stage.senderId, lane: 'new' })
  await queues.close()
}

async function postReceipts(stage: Stage, dice: Dice): Promise<string> {
  const { posted, refused, forgedButTaken } = await storm(stage, dice)
  if (forgedButTaken > 0) throw new Error(`${forgedButTaken} forged receipts were taken`)
  return `${posted} receipts posted again, ten times each and shuffled (${refused} met an outage), forged ones refused`
}

const FULL_BYTES = 1_000_000
const FULL_FOR_MS = 4_000

async function strikeRedis(
  fault: (typeof ON_REDIS)[number],
  { redis }: Stage,
  { awayMs }: Crew,
): Promise<string> {
  if (!redis) throw new Error(`${fault} needs a Redis of the run's own`)
  switch (fault) {
    case 'redis-killed':
      await redis.kill()
      await redis.start()
      return 'Redis killed, and started empty'
    case 'redis-flushed':
      await redis.flush()
      return 'Redis emptied'
    case 'redis-full':
      await redis.limitMemory(FULL_BYTES)
      await sleep(FULL_FOR_MS)
      await redis.limitMemory(0)
      return `Redis out of memory for ${FULL_FOR_MS / 1_000} s`
    case 'redis-away':
      await redis.kill()
      await sleep(awayMs)
      await redis.start()
      return `Redis away for ${awayMs / 1_000} s`
  }
}
