import { Queue } from 'bullmq'
import { Redis } from 'ioredis'
import postgres from 'postgres'
import type { Ground } from './ground.ts'
import { startPart } from './processes.ts'

const CONCURRENCY = 50
const LOOK_EVERY_MS = 50

/** How a message is written for the stand-in, and where it goes. */
export type PeerWords = { address: string; token: string; bodyOf(n: number): string }

/**
 * Messages a second of the pipeline that most people would write: every message a job in Redis, added before the clock
 * starts, its call and its transaction one after the other, as many at a time as the documentation shows.
 * @param first so many are sent before the clock starts, `count` after that
 */
export async function peerPerSecond(
  ground: Ground,
  { first, count }: { first: number; count: number },
  words: PeerWords,
): Promise<number> {
  if (!ground.redisUrl) return Number.NaN
  const all = first + count
  const { superuserUrl } = await ground.freshDatabase()
  const sql = postgres(superuserUrl, { max: 1, onnotice: () => {} })
  await sql.unsafe(`
    CREATE TABLE peer_messages (id int PRIMARY KEY, state text NOT NULL);
    CREATE TABLE peer_attempts (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, message_id int NOT NULL REFERENCES peer_messages,
      provider_message_id text NOT NULL UNIQUE, created_at timestamptz NOT NULL DEFAULT now());
    INSERT INTO peer_messages SELECT n, 'queued' FROM generate_series(1, ${all}) n`)
  const connection = new Redis(ground.redisUrl, { maxRetriesPerRequest: null })
  const queue = new Queue('peer', { connection })
  try {
    await addAll(queue, all, words)
    const args = [ground.redisUrl, superuserUrl, words.address, words.token, String(CONCURRENCY)]
    const worker = await startPart('test/bench/peer-worker.ts', /ready/, {}, args)
    const left = await untilLeft(sql, count)
    const startedMs = performance.now()
    await untilLeft(sql, 0)
    const seconds = (performance.now() - startedMs) / 1000
    await worker.stop()
    return left / seconds
  } finally {
    await queue.obliterate({ force: true })
    await queue.close()
    connection.disconnect()
    await sql.end()
  }
}

const ADDED_AT_ONCE = 1_000

async function addAll(queue: Queue, count: number, words: PeerWords): Promise<void> {
  for (let from = 1; from <= count; from += ADDED_AT_ONCE) {
    const numbers = Array.from({ length: Math.min(ADDED_AT_ONCE, count - from + 1) }, (_, at) => from + at)
    await queue.addBulk(numbers.map((id) => ({ name: 'message', data: { id, body: words.bodyOf(id) } })))
  }
}

/** Looks until no more than so many wait. @returns how many do */
async function untilLeft(sql: postgres.Sql, most: number): Promise<number> {
  for (;;) {
    const [row] = await sql<
      { n: number }[]
    >`SELECT count(*)::int AS n FROM peer_messages WHERE state = 'queued'`
    if (row!.n <= most) return row!.n
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
}
