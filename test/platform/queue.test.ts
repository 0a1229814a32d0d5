import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { queryObjects } from 'node:v8'
import { Redis } from 'ioredis'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { type EmbeddedDatabase, openEmbedded } from '../../src/platform/embedded/index.ts'
import { openLog } from '../../src/platform/log.ts'
import {
  type JsonObject,
  migrateQueue,
  openQueue,
  type QueueName,
  type Queues,
} from '../../src/platform/queue.ts'

/** Those that are held by something. */
const countPromises = () => Number(queryObjects(Promise, { format: 'count' }))

/** A store for the queue that can be taken away and given back. */
type Store = {
  start(): Promise<void>
  stop(): Promise<void>
  /** Leaves nothing behind. */
  remove(): Promise<void>
  /** An empty store for one test. */
  options(): Promise<{ redisUrl?: string; databaseUrl: string }>
  /** Everything kept about failed jobs, as text. */
  failures(): Promise<string>
}

const UP_MS = 30_000

vi.setConfig({ testTimeout: 2 * UP_MS, hookTimeout: UP_MS })

const hasRedis = spawnSync('redis-server', ['--version']).status === 0
if (!hasRedis) console.warn('SKIPPED: the queue on Redis (no redis-server on PATH)')

const stores: [string, Store, boolean][] = [
  ['PostgreSQL', postgresStore(), true],
  ['Redis', redisStore(), hasRedis],
]

for (const [name, store, isHere] of stores) {
  describe.runIf(isHere)(`the queue on ${name}`, () => {
    let options: { redisUrl?: string; databaseUrl: string }
    let queues: Queues
    let logged: { level: number; msg: string }[]

    beforeAll(() => store.start())
    afterAll(() => store.remove())

    beforeEach(async () => {
      options = await store.options()
      queues = open()
    })
    afterEach(() => queues.close())

    function open(): Queues {
      logged = []
      const log = openLog('info', { write: (line) => void logged.push(JSON.parse(line)) })
      return openQueue({ ...options, log })
    }

    it('hands a job to a worker, as it was given', async () => {
      const jobs: { name: string; data: JsonObject }[] = []
      queues.work('send', async ({ name, data }) => void jobs.push({ name, data }), { concurrency: 1 })
      await queues.add('send', 'pump', { campaign: 'c1', slice: 3, nested: { list: [1, null, 'é'] } })
      await vi.waitFor(() => expect(jobs).toHaveLength(1), UP_MS)
      expect(jobs[0]).toEqual({
        name: 'pump',
        data: { campaign: 'c1', slice: 3, nested: { list: [1, null, 'é'] } },
      })
      expect(logged).toEqual([])
    })

    it('keeps nothing of the jobs that are done', async () => {
      const JOBS = 200
      let done = 0
      queues.work('send', async () => void done++, { concurrency: 1 })
      const work = async (jobs: number) => {
        const before = done
        const nudges = Array.from({ length: jobs }, (_, n) => ({ name: 'pump', data: { n } }))
        await queues.addMany('send', nudges)
        await vi.waitFor(() => expect(done - before).toBe(jobs), UP_MS)
      }
      await work(10)
      const before = countPromises()
      await work(JOBS)
      expect(countPromises() - before).toBeLessThan(JOBS / 2)
    })

    it('is opened without a word: what is asked before the first connection stands waits for it', async () => {
      const opened = open()
      const all = await Promise.all([
        opened.ping(),
        opened.add('send', 'pump', { campaign: 'c1' }),
        opened.addMany('receipts', [
          { name: 'fold', data: { senderId: 's1' }, dedupeId: 'fold-s1' },
          { name: 'fold', data: { senderId: 's2' }, dedupeId: 'fold-s2' },
        ]),
      ])
      expect(all[0]).toBe(true)
      const jobs: string[] = []
      opened.work('send', async ({ name }) => void jobs.push(name), { concurrency: 1 })
      opened.work('receipts', async ({ name }) => void jobs.push(name), { concurrency: 1 })
      await vi.waitFor(() => expect(jobs.sort()).toEqual(['fold', 'fold', 'pump']), UP_MS)
      await opened.close()
      expect(logged).toEqual([])
    })

    it('tells a job on whose behalf it is, and logs its failure under that request’s id', async () => {
      const origin = { requestId: 'request-1', traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` }
      const jobs: unknown[] = []
      queues.work(
        'send',
        async (job) => {
          jobs.push({ data: job.data, origin: job.origin })
          // As one does that finds by the rows whom it is for.
          if (job.name === 'found') job.origin = { requestId: 'request-2' }
          throw new Error('no')
        },
        { concurrency: 1 },
      )
      await queues.add('send', 'pump', { campaign: 'c1' }, { origin })
      await queues.add('send', 'found', { campaign: 'c2' })
      await vi.waitFor(() => expect(logged).toHaveLength(2), UP_MS)
      expect(jobs).toEqual([
        { data: { campaign: 'c1' }, origin },
        { data: { campaign: 'c2' }, origin: undefined },
      ])
      expect(logged).toMatchObject([{ requestId: 'request-1' }, { requestId: 'request-2' }])
    })

    it(
      'keeps the queues apart and works through thousands, never more at once than asked',
      async () => {
        const seen: unknown[] = []
        let now = 0
        let most = 0
        const work = async ({ data }: { data: JsonObject }) => {
          most = Math.max(most, ++now)
          await new Promise(setImmediate)
          seen.push(data.at)
          now--
        }
        await queues.addMany('chores', [{ name: 'other', data: {} }])
        const [first, ...others] = Array.from({ length: 2_500 }, (_, at) => ({
          name: 'fold',
          data: { at },
          dedupeId: `fold-${at % 2_000}`,
        }))
        // Once the connection stands, adding is waited for to its end, so that all equal ones meet before any is done.
        await queues.addMany('receipts', [first!])
        await queues.addMany('receipts', others)
        queues.work('receipts', work, { concurrency: 4 })
        await vi.waitFor(() => expect(seen).toHaveLength(2_000), UP_MS)
        expect(most).toBeGreaterThan(1)
        expect(most).toBeLessThanOrEqual(4)
      },
      UP_MS,
    )

    it('drops a nudge while an equal one waits', async () => {
      for (let turn = 0; turn < 3; turn++) await queues.add('send', 'pump', { turn }, { dedupeId: 'c1' })
      await queues.add('send', 'pump', { turn: 'other' }, { dedupeId: 'c2' })
      await queues.add('send', 'last', {})
      const seen = await workUntil('send', 'last')
      expect(seen.map(({ data }) => data.turn)).toEqual([0, 'other', undefined])
    })

    it('keeps one nudge that comes while an equal one is worked on: it runs next, with the latest data', async () => {
      const gate = barrier()
      const seen: JsonObject[] = []
      let now = 0
      const work = async ({ data }: { data: JsonObject }) => {
        expect(++now).toBe(1)
        seen.push(data)
        if (seen.length === 1) await gate.opened
        now--
      }
      queues.work('send', work, { concurrency: 4 })
      await queues.add('send', 'pump', { turn: 0 }, { dedupeId: 'c1' })
      await vi.waitFor(() => expect(seen).toHaveLength(1), UP_MS)
      for (let turn = 1; turn < 4; turn++) await queues.add('send', 'pump', { turn }, { dedupeId: 'c1' })
      expect(seen).toHaveLength(1)
      gate.open()
      await vi.waitFor(() => expect(seen).toHaveLength(2), UP_MS)
      await queues.add('send', 'pump', { turn: 'afterwards' }, { dedupeId: 'c1' })
      await vi.waitFor(() => expect(seen).toHaveLength(3), UP_MS)
      expect(seen.map((data) => data.turn)).toEqual([0, 3, 'afterwards'])
    })

    it('runs a delayed nudge when it is due; it stands in the way of no other', async () => {
      const seen: { turn: unknown; atMs: number }[] = []
      queues.work('chores', async ({ data }) => void seen.push({ turn: data.turn, atMs: Date.now() }), {
        concurrency: 1,
      })
      const startedMs = Date.now()
      await queues.add('chores', 'sweep', { turn: 'far' }, { dedupeId: 's', delayMs: 3_600_000 })
      await queues.add('chores', 'sweep', { turn: 'soon' }, { dedupeId: 's', delayMs: 1_000 })
      await queues.add('chores', 'sweep', { turn: 'soon too' }, { dedupeId: 's', delayMs: 990 })
      await queues.add('chores', 'sweep', { turn: 'now' }, { dedupeId: 's' })
      await vi.waitFor(() => expect(seen).toHaveLength(2), UP_MS)
      expect(seen.map(({ turn }) => turn)).toEqual(['now', 'soon'])
      expect(seen[1]!.atMs - startedMs).toBeGreaterThanOrEqual(990)
      expect(seen[1]!.atMs - startedMs).toBeLessThan(2_100)
    })

    it('logs a handler that throws, keeps nothing of its words, and goes on', async () => {
      const seen: string[] = []
      queues.work(
        'send',
        async ({ name }) => {
          seen.push(name)
          if (name === 'bad') throw new Error('could not write to +6281234567890')
        },
        { concurrency: 1 },
      )
      await queues.add('send', 'bad', {}, { dedupeId: 'c1' })
      await queues.add('send', 'good', {})
      await vi.waitFor(() => expect(seen).toEqual(['bad', 'good']), UP_MS)
      expect(logged.map(({ msg }) => msg)).toEqual(['a job failed'])
      expect(await store.failures()).not.toContain('81234567')
      await queues.add('send', 'bad', {}, { dedupeId: 'c1' })
      await vi.waitFor(() => expect(seen).toEqual(['bad', 'good', 'bad']), UP_MS)
    })

    it('lets a running job finish when its worker closes, tells it, and takes no other', async () => {
      const gate = barrier()
      const seen: { name: string; aborted: boolean }[] = []
      const worker = queues.work(
        'send',
        async ({ name, signal }) => {
          signal.addEventListener('abort', gate.open)
          await gate.opened
          seen.push({ name, aborted: signal.aborted })
        },
        { concurrency: 1 },
      )
      await queues.add('send', 'one', {})
      await queues.add('send', 'two', {})
      await vi.waitFor(async () => expect(await activeCount()).toBe(1), UP_MS)
      await worker.close({ graceMs: UP_MS })
      expect(seen).toEqual([{ name: 'one', aborted: true }])
      const rest = await workUntil('send', 'two')
      expect(rest).toHaveLength(1)
      expect(logged).toEqual([])
    })

    it('closes within its grace although a job hangs, which another worker gets', async () => {
      let hangs = false
      const worker = queues.work(
        'send',
        () => {
          hangs = true
          return new Promise(() => undefined)
        },
        { concurrency: 1 },
      )
      await queues.add('send', 'stuck', {})
      await vi.waitFor(() => expect(hangs).toBe(true), UP_MS)
      const startedMs = Date.now()
      await worker.close({ graceMs: 100 })
      expect(Date.now() - startedMs).toBeLessThan(2_000)
      // Another worker has it at once, without waiting for a lock to run out.
      expect(await workUntil('send', 'stuck')).toHaveLength(1)
      expect(logged.map(({ msg }) => msg)).toEqual(['jobs outlasted the closing of their worker'])
    })

    it('a paused worker takes nothing', async () => {
      const seen: string[] = []
      const worker = queues.work('send', async ({ name }) => void seen.push(name), { concurrency: 1 })
      await queues.add('send', 'one', {})
      await vi.waitFor(() => expect(seen).toEqual(['one']), UP_MS)
      await worker.pause()
      await queues.add('send', 'two', {})
      await workUntil('send', 'two')
      expect(seen).toEqual(['one'])
    })

    it(
      'an outage costs no request anything, is logged once, and is over by itself',
      async () => {
        const seen: unknown[] = []
        queues.work('send', async ({ data }) => void seen.push(data.turn), { concurrency: 2 })
        await queues.add('send', 'pump', { turn: 'before' })
        await vi.waitFor(() => expect(seen).toEqual(['before']), UP_MS)
        expect(await queues.ping()).toBe(true)

        await store.stop()
        for (let turn = 0; turn < 4; turn++) {
          const startedMs = Date.now()
          await queues.add('send', 'pump', { turn }, { dedupeId: 'c1' })
          // As a sweep does that has found nothing: it says nothing of the queue.
          await queues.addMany('send', [])
          expect(Date.now() - startedMs).toBeLessThan(1_000)
        }
        expect(await queues.ping()).toBe(false)
        expect(logged.map(({ msg }) => msg)).toEqual([
          'the queue does not answer; work goes on by the timetable until it does',
        ])

        await store.start()
        await vi.waitFor(async () => {
          await queues.add('send', 'pump', { turn: 'after' })
          expect(seen).toContain('after')
        }, UP_MS)
        await vi.waitFor(async () => expect(await queues.ping()).toBe(true), UP_MS)
        expect(logged.at(-1)?.msg).toBe('the queue answers again')
        // New jobs wake the worker at once again: it listens on a connection that was made anew.
        for (const turn of ['a', 'b', 'c']) {
          const startedMs = Date.now()
          await queues.add('send', 'pump', { turn })
          await vi.waitFor(() => expect(seen).toContain(turn), { timeout: UP_MS, interval: 10 })
          expect(Date.now() - startedMs).toBeLessThan(3_000)
        }
      },
      2 * UP_MS,
    )

    it(
      'opened while its store is away, it works as soon as that comes',
      async () => {
        await queues.close()
        await store.stop()
        queues = open()
        const seen: unknown[] = []
        queues.work('send', async ({ data }) => void seen.push(data.turn), { concurrency: 1 })
        const startedMs = Date.now()
        await queues.add('send', 'pump', { turn: 'too early' })
        expect(Date.now() - startedMs).toBeLessThan(1_000)
        await store.start()
        await vi.waitFor(async () => {
          await queues.add('send', 'pump', { turn: 'in time' }, { dedupeId: 'c1' })
          expect(seen).toContain('in time')
        }, UP_MS)
      },
      2 * UP_MS,
    )

    it(
      'closes although its store is away',
      async () => {
        queues.work('send', async () => undefined, { concurrency: 1 })
        await queues.add('send', 'pump', {})
        await store.stop()
        const startedMs = Date.now()
        await queues.close()
        expect(Date.now() - startedMs).toBeLessThan(5_000)
        await store.start()
      },
      2 * UP_MS,
    )

    it('refuses what is a bug: a nudge that carries rows', async () => {
      await expect(queues.add('send', 'pump', { rows: 'x'.repeat(20_000) })).rejects.toThrow(
        'not a reference',
      )
    })

    /** Works alone until the job called `last` has come, and returns what came. */
    async function workUntil(queue: QueueName, last: string): Promise<{ name: string; data: JsonObject }[]> {
      const others = openQueue({ ...options, log: openLog('silent') })
      const seen: { name: string; data: JsonObject }[] = []
      others.work(queue, async ({ name, data }) => void seen.push({ name, data }), { concurrency: 1 })
      await vi.waitFor(() => expect(seen.map(({ name }) => name)).toContain(last), UP_MS)
      await others.close()
      return seen
    }

    async function activeCount(): Promise<number> {
      if (options.redisUrl) return withRedis(options.redisUrl, (client) => client.llen('duecast:send:active'))
      const rows = await query(
        options.databaseUrl,
        `SELECT count(*)::int AS n FROM bullmq.job WHERE state = 'active'`,
      )
      return Number(rows[0]?.n)
    }
  })
}

describe('a connection to PostgreSQL that breaks while it is in use', () => {
  const store = postgresStore()
  beforeAll(() => store.start())
  afterAll(() => store.remove())

  it('ends no process: the queue connects again', async () => {
    const options = await store.options()
    const ends: unknown[] = []
    const note = (error: unknown) => void ends.push(error)
    process.prependListener('uncaughtException', note)
    const holder = new pg.Client({ connectionString: options.databaseUrl })
    holder.on('error', () => undefined)
    await holder.connect()
    await holder.query('BEGIN')
    const tables = await holder.query<{ name: string }>(
      `SELECT format('bullmq.%I', tablename) AS name FROM pg_tables WHERE schemaname = 'bullmq'`,
    )
    await holder.query(`LOCK TABLE ${tables.rows.map(({ name }) => name).join(', ')}`)
    const queues = openQueue({ ...options, log: openLog('silent') })
    const ran = new Promise<void>((resolve) => {
      queues.work('send', async () => resolve(), { concurrency: 1 })
    })
    await vi.waitFor(async () => {
      const [waiting] = await query(
        options.databaseUrl,
        `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      )
      expect(waiting).toBeDefined()
      // It says nothing any more: PostgreSQL ends all others and recovers, which frees the tables too.
      process.kill(Number(waiting!.pid), 'SIGKILL')
    }, UP_MS)
    await vi.waitFor(() => query(options.databaseUrl, 'SELECT 1'), UP_MS)
    await queues.add('send', 'pump', {})
    await ran
    await queues.close()
    process.removeListener('uncaughtException', note)
    expect(ends).toEqual([])
  })
})

describe.runIf(hasRedis)('Redis that may evict', () => {
  const store = redisStore(['--maxmemory-policy', 'allkeys-lru'])
  beforeAll(() => store.start())
  afterAll(() => store.remove())

  it('is warned about once, in the log and not on the console', async () => {
    const logged: string[] = []
    const console_ = vi.spyOn(console, 'warn')
    const log = openLog('info', { write: (line) => void logged.push(JSON.parse(line).msg) })
    const queues = openQueue({ ...(await store.options()), log })
    const seen: string[] = []
    queues.work('send', async ({ name }) => void seen.push(name), { concurrency: 1 })
    await queues.add('send', 'one', {})
    await vi.waitFor(() => expect(seen).toEqual(['one']), UP_MS)
    await queues.close()
    expect(logged).toEqual([
      'Redis may evict nudges when its memory is full: set maxmemory-policy to noeviction',
    ])
    expect(console_).not.toHaveBeenCalled()
  })
})

function redisStore(settings: string[] = []): Store {
  let port: number | undefined
  let server: ChildProcess | undefined
  const stop = async () => {
    const stopped = new Promise((resolve) => server?.once('exit', resolve))
    server?.kill('SIGKILL')
    await stopped
  }
  const url = () => `redis://127.0.0.1:${port}/0`
  return {
    async start() {
      port ??= await freePort()
      const words = [
        '--port',
        String(port),
        '--bind',
        '127.0.0.1',
        '--save',
        '',
        '--appendonly',
        'no',
        ...settings,
      ]
      server = spawn('redis-server', words, { stdio: 'ignore' })
      await vi.waitFor(() => withRedis(url(), (client) => client.ping()), UP_MS)
    },
    stop,
    remove: stop,
    async options() {
      await withRedis(url(), (client) => client.flushall())
      return { redisUrl: url(), databaseUrl: 'postgres://nobody@127.0.0.1:1/none' }
    },
    failures: () =>
      withRedis(url(), async (client) => {
        const keys = await client.keys('duecast:*')
        const dumps = await Promise.all(keys.map((key) => client.dumpBuffer(key)))
        const hashes = await Promise.all(keys.map((key) => client.hgetall(key).catch(() => ({}))))
        return JSON.stringify([hashes, dumps.map((dump) => dump?.toString('latin1'))])
      }),
  }
}

async function withRedis<T>(url: string, ask: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url, { maxRetriesPerRequest: 0, retryStrategy: () => null })
  client.on('error', () => undefined)
  try {
    return await ask(client)
  } finally {
    client.disconnect()
  }
}

/** The database crashes rather than stops: its connections break, and it recovers at the next start. */
function postgresStore(): Store {
  let folder: string | undefined
  let database: EmbeddedDatabase | undefined
  let databases = 0
  let current = ''
  return {
    async start() {
      folder ??= await mkdtemp('/tmp/duecast-queue-')
      await chmod(folder, 0o755)
      database = await openEmbedded({ dataDir: folder })
    },
    async stop() {
      const pid = Number(
        readFileSync(join(folder!, 'postgres', 'data', 'postmaster.pid'), 'utf8').split('\n')[0],
      )
      process.kill(pid, 'SIGQUIT')
      await vi.waitFor(() => expect(() => readFileSync(`/proc/${pid}/cmdline`)).toThrow(), UP_MS)
      await database!.stop()
    },
    async remove() {
      await database!.stop()
      await rm(folder!, { recursive: true, force: true })
    },
    async options() {
      const { superuser_url } = JSON.parse(readFileSync(database!.superuserUrlFile, 'utf8'))
      await query(superuser_url, `CREATE DATABASE queue${++databases} OWNER duecast`)
      const url = new URL(database!.databaseUrl)
      url.pathname = `/queue${databases}`
      current = url.toString()
      await Promise.all([migrateQueue(current), migrateQueue(current)])
      return { databaseUrl: current }
    },
    failures: async () => JSON.stringify(await query(current, 'SELECT * FROM bullmq.job, bullmq.event')),
  }
}

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(text)).rows
  } finally {
    await client.end()
  }
}

function barrier(): { opened: Promise<void>; open: () => void } {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
