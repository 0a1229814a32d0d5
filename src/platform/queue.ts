import {
  createPostgresBackend,
  type DeduplicationOptions,
  type PgPool,
  Queue,
  runMigrations,
  WaitingError,
  Worker,
} from 'bullmq'
import { Redis } from 'ioredis'
import pg from 'pg'
import type { Log } from './log.ts'
import type { Origin } from './trace.ts'

/** `send` moves campaigns, `receipts` folds what providers report, `chores` is everything on the timetable. */
export type QueueName = 'send' | 'receipts' | 'chores'

type Json = string | number | boolean | null | readonly Json[] | JsonObject
export type JsonObject = { readonly [key: string]: Json }

export type NudgeOptions = {
  /** Nudges of one queue with the same id are the same nudge; see `Queues.add`. */
  readonly dedupeId?: string
  /** Not before so many milliseconds from now; more than a day counts as a day. */
  readonly delayMs?: number
  /** On whose behalf; it travels along and is the job's. */
  readonly origin?: Origin | undefined
}
export type Nudge = NudgeOptions & { readonly name: string; readonly data: JsonObject }

/** Wakes a worker on somebody's behalf. */
export type Wake = (
  queue: QueueName,
  name: string,
  data: JsonObject,
  dedupeId: string,
  origin: Origin,
) => void

export type Job = {
  readonly name: string
  readonly data: JsonObject
  /** On whose behalf: from the nudge, or set by a handler that finds it by the rows. A failure is logged under it. */
  origin?: Origin | undefined
  /**
   * Aborts when the worker is closing, or when another worker may have taken the job over: take no more rows and
   * finish those in hand. It must not interrupt a call to a provider whose outcome would then be unknown.
   */
  readonly signal: AbortSignal
}

export type QueueWorker = {
  /** Takes no more jobs; returns at once, the running ones go on. */
  pause(): Promise<void>
  /**
   * Takes no more jobs, aborts the signals of the running ones and waits for them, at most `graceMs`; what then still
   * runs is given up and handed to another worker.
   */
  close(options: { graceMs: number }): Promise<void>
}

export type Queues = {
  /**
   * Nudges the workers. Rows are truth and a nudge only shortens the wait, so this never throws for an outage and never
   * takes longer than half a second: a nudge that cannot be placed is dropped, and the outage logged once. While the first
   * connection is being made, nudges are held for it.
   *
   * With a `dedupeId`: while an equal nudge waits, this one is dropped; while an equal one is being worked on, this one
   * is kept and runs right after it, once, with the latest data; equal nudges never run at the same time. Delayed
   * nudges are equal to others of about the same delay (between the same powers of two), never to one for now, so a
   * nudge runs at the latest after twice the delay it asked for. A worker that was killed holds its nudge for some
   * twenty seconds; a sweep that wants to be faster than that uses a `dedupeId` of its own.
   */
  add(queue: QueueName, name: string, data: JsonObject, options?: NudgeOptions): Promise<void>
  /** The same for many nudges of one queue, in few round trips. */
  addMany(queue: QueueName, nudges: readonly Nudge[]): Promise<void>
  /**
   * Works through a queue with at most `concurrency` jobs at a time. A handler that throws is logged and its nudge is
   * spent: what is left to do is found by state. A job whose worker was killed runs again on another one.
   */
  work(queue: QueueName, handler: (job: Job) => Promise<void>, options: { concurrency: number }): QueueWorker
  /** Whether the queue's database answers now. */
  ping(): Promise<boolean>
  /** Closes what is still open, workers first. */
  close(): Promise<void>
}

/** How long a request may wait for a nudge, or for a batch of them, to be placed. */
const ADD_WAIT_MS = 500
/** A nudge that comes before the first connection stands is held for so long, and its caller is not. */
const FIRST_CONNECTION_MS = 10_000
const PING_WAIT_MS = 1_000
const BATCH_SIZE = 200
const NUDGE_LIMIT_BYTES = 16 * 1024
const DEDUPE_ID_LIMIT = 200
const LONGEST_DELAY_MS = 24 * 60 * 60_000
/** Failed jobs that Redis keeps for an operator's eyes; keeping any costs PostgreSQL half its speed. */
const KEPT_FAILURES = 100
const CLOSE_GRACE_MS = 10_000

/**
 * Opens the queues: on Redis if there is a `redisUrl`, else on PostgreSQL, whose schema `migrateQueue` has made. Returns
 * at once; connections are made, and made again after an outage, in the background.
 */
export function openQueue(options: { redisUrl?: string; databaseUrl: string; log: Log }): Queues {
  const outage = watchOutage(options.log)
  const backend = options.redisUrl
    ? redisBackend(options.redisUrl, options.log, outage)
    : postgresBackend(options.databaseUrl, outage)
  const producers = new Map<QueueName, Lasting<BackendQueue>>()
  const workers = new Set<QueueWorker>()
  let closing: Promise<void> | undefined

  function producerOf(name: QueueName): Lasting<BackendQueue> {
    const present = producers.get(name)
    if (present) return present
    const producer = lasting(() => backend.makeQueue(name), outage)
    producers.set(name, producer)
    return producer
  }

  async function place(name: QueueName, nudges: readonly Nudge[]): Promise<void> {
    if (nudges.length === 0) return
    const jobs = nudges.map((nudge) => toJob(nudge, backend.keptFailures))
    const producer = producerOf(name)
    if (producer.isReady()) return placeOn(producer, jobs)
    await Promise.race([placeOn(producer, jobs), pause(ADD_WAIT_MS)])
  }

  async function placeOn(producer: Lasting<BackendQueue>, jobs: JobToAdd[]): Promise<void> {
    try {
      const queue = await within(FIRST_CONNECTION_MS, producer.ready)
      for (let at = 0; at < jobs.length; at += BATCH_SIZE)
        await within(ADD_WAIT_MS, addJobs(queue, jobs.slice(at, at + BATCH_SIZE)))
      outage.over()
    } catch (error) {
      // What is closed before it was connected has met no outage.
      if (!closing) outage.failed(error)
    }
  }

  async function close(): Promise<void> {
    await Promise.all([...workers].map((worker) => worker.close({ graceMs: CLOSE_GRACE_MS })))
    const producing = Promise.all([...producers.values()].map((producer) => producer.close()))
    await within(CUT_OFF_MS, producing).catch(() => undefined)
    await backend.close()
  }

  return {
    add: (queue, name, data, nudge) => place(queue, [{ name, data, ...nudge }]),
    addMany: place,
    work(name, handler, { concurrency }) {
      const worker = startWorker(backend, name, handler, concurrency, options.log, outage)
      workers.add(worker)
      return worker
    },
    async ping() {
      try {
        await within(PING_WAIT_MS, backend.ping())
        outage.over()
        return true
      } catch (error) {
        outage.failed(error)
        return false
      }
    },
    close() {
      closing ??= close()
      return closing
    },
  }
}

const SCHEMA = 'bullmq'

/**
 * Makes or updates the queue's schema in PostgreSQL; needed only where no Redis is used. Safe to run twice, and at
 * once from several machines.
 * @param databaseUrl a role that may create schemas; it owns `bullmq`, and `openQueue` must be given the same
 */
export async function migrateQueue(databaseUrl: string): Promise<void> {
  const client = new pg.Client(connectionOf(databaseUrl))
  // A connection that breaks fails the statement that waits for it; the event alone would end the process.
  client.on('error', () => undefined)
  await client.connect()
  try {
    await runMigrations(client, SCHEMA)
  } finally {
    await client.end()
  }
}

type JobToAdd = {
  name: string
  data: JsonObject
  opts: {
    attempts: 1
    removeOnComplete: true
    removeOnFail: true | { count: number }
    delay?: number
    deduplication?: DeduplicationOptions
  }
}

function toJob(
  { name, data: reference, dedupeId, delayMs = 0, origin }: Nudge,
  keptFailures: number,
): JobToAdd {
  const data = origin ? { ...reference, [ORIGIN]: packOrigin(origin) } : reference
  if (JSON.stringify(data).length > NUDGE_LIMIT_BYTES)
    throw new Error(`the nudge ${name} carries rows, not a reference`)
  if (dedupeId !== undefined && dedupeId.length > DEDUPE_ID_LIMIT)
    throw new Error(`the dedupeId of ${name} is too long`)
  const delay = Math.min(Math.ceil(delayMs), LONGEST_DELAY_MS)
  return {
    name,
    data,
    opts: {
      attempts: 1,
      removeOnComplete: true,
      removeOnFail: keptFailures > 0 ? { count: keptFailures } : true,
      ...(delay > 0 ? { delay } : {}),
      ...(dedupeId ? { deduplication: { id: dedupeKey(dedupeId, delay), keepLastIfActive: true } } : {}),
    },
  }
}

/** Beside the data that a nudge was given. */
const ORIGIN = 'origin'

function packOrigin({ requestId, traceparent }: Origin): JsonObject {
  return traceparent === undefined ? { requestId } : { requestId, traceparent }
}

function unpack({ [ORIGIN]: origin, ...data }: JsonObject): { data: JsonObject; origin: Origin | undefined } {
  return { data, origin: origin as Origin | undefined }
}

function dedupeKey(dedupeId: string, delayMs: number): string {
  return delayMs > 0 ? `${dedupeId} in 2^${Math.ceil(Math.log2(delayMs))} ms` : dedupeId
}

async function addJobs(queue: BackendQueue, jobs: JobToAdd[]): Promise<void> {
  const [only] = jobs
  if (jobs.length === 1 && only) await queue.add(only.name, only.data, only.opts)
  else await queue.addBulk(jobs)
}

/** A killed worker's job is taken over once its lock has run out and two checks have seen it: some twenty seconds. */
const LOCK_MS = 10_000
const STALLED_CHECK_MS = 5_000
/** Rows count their own attempts; the queue may hand a nudge out as often as workers die with it. */
const MOST_STALLS = 10
const RETRY_AFTER_OUTAGE_MS = 1_000
const WORKER_OPTIONS = {
  autorun: false,
  lockDuration: LOCK_MS,
  stalledInterval: STALLED_CHECK_MS,
  maxStalledCount: MOST_STALLS,
  runRetryDelay: RETRY_AFTER_OUTAGE_MS,
} as const
/** How long closing may take beyond the grace that the running jobs were given. */
const CUT_OFF_MS = 2_000

function startWorker(
  backend: Backend,
  queue: QueueName,
  handler: (job: Job) => Promise<void>,
  concurrency: number,
  log: Log,
  outage: Outage,
): QueueWorker {
  const running = new Map<string, { stop: AbortController; done: Promise<unknown>; graceOver: Gate }>()
  let wanted = true
  let closing: Promise<void> | undefined

  const worker = lasting(() => {
    const made = backend.makeWorker(queue, process, { ...WORKER_OPTIONS, concurrency })
    made.on('lockRenewalFailed', (ids: string[]) => {
      for (const id of ids) running.get(id)?.stop.abort()
    })
    return made
  }, outage)
  const loop = worker.ready.then((made) => (wanted ? made.run() : undefined))
  loop.catch((error) => wanted && log.error({ err: error, queue }, 'a worker ended'))

  async function process(job: RawJob, token: string | undefined): Promise<void> {
    outage.over()
    // BullMQ may still fetch one job after it was told to pause or to close.
    if (!wanted) return handBack(job, token)
    const stop = new AbortController()
    // Each has its own: what waits for one that all share is kept for as long as that one.
    const graceOver = makeGate()
    const done = handle(job, stop.signal)
    running.set(job.id ?? '', { stop, done: done.catch(() => undefined), graceOver })
    try {
      const end = await Promise.race([done, graceOver.passed])
      if (end !== 'done') await handBack(job, token)
    } finally {
      running.delete(job.id ?? '')
    }
  }

  async function handle(raw: RawJob, signal: AbortSignal): Promise<'done'> {
    const job: Job = { name: raw.name, ...unpack(raw.data), signal }
    try {
      await handler(job)
      return 'done'
    } catch (error) {
      const requestId = job.origin?.requestId
      log.error({ err: error, queue, job: job.name, ...(requestId && { requestId }) }, 'a job failed')
      throw new Error(kindOf(error))
    }
  }

  async function close(graceMs: number): Promise<void> {
    wanted = false
    const closed = worker.close()
    const jobs = [...running.values()]
    for (const { stop } of jobs) stop.abort()
    await within(graceMs, Promise.all(jobs.map(({ done }) => done))).catch(() => undefined)
    if (running.size > 0)
      log.warn({ queue, jobs: running.size }, 'jobs outlasted the closing of their worker')
    for (const { graceOver } of running.values()) graceOver.pass()
    await within(CUT_OFF_MS, closed).catch(() => undefined)
  }

  return {
    async pause() {
      wanted = false
      await worker.current()?.pause(true)
    },
    close({ graceMs }) {
      closing ??= close(graceMs)
      return closing
    },
  }
}

/** Puts a job back where another worker finds it at once. */
async function handBack(job: RawJob, token: string | undefined): Promise<never> {
  await job.moveToWait(token)
  throw new WaitingError()
}

/** What a failed job may leave in the queue's store: the kind of failure, never its words, which may quote a row. */
function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  const code = (error as { code?: unknown }).code
  return typeof code === 'string' ? `${error.name} (${code})` : error.name
}

type RawJob = {
  readonly id?: string | undefined
  readonly name: string
  readonly data: JsonObject
  moveToWait(token?: string): Promise<unknown>
}
type Process = (job: RawJob, token: string | undefined) => Promise<void>
type WorkerOptions = typeof WORKER_OPTIONS & { concurrency: number }

type Connected = {
  waitUntilReady(): Promise<unknown>
  close(): Promise<unknown>
  on(event: 'error', listener: (error: Error) => void): unknown
}
type BackendQueue = Connected & {
  add(name: string, data: JsonObject, options: JobToAdd['opts']): Promise<unknown>
  addBulk(jobs: JobToAdd[]): Promise<unknown>
}
type BackendWorker = Connected & {
  run(): Promise<void>
  pause(doNotWaitActive: boolean): Promise<void>
  on(event: 'lockRenewalFailed', listener: (ids: string[]) => void): unknown
}

/** All that differs between the two stores. */
type Backend = {
  readonly keptFailures: number
  makeQueue(name: QueueName): BackendQueue
  makeWorker(name: QueueName, process: Process, options: WorkerOptions): BackendWorker
  ping(): Promise<unknown>
  close(): Promise<void>
}

const PREFIX = 'duecast'
const KEPT_EVENTS = { events: { maxLen: 100 } }
const REDIS_WAIT_MS = 2_000

type RedisBehaviour = {
  maxRetriesPerRequest: number | null
  enableOfflineQueue?: boolean
  commandTimeout?: number
}

function redisBackend(url: string, log: Log, outage: Outage): Backend {
  const clients = new Set<Redis>()
  const warnOnce = policyWarning(log)
  const open = (options: RedisBehaviour): Redis => {
    const client = new Redis(url, {
      connectTimeout: REDIS_WAIT_MS,
      retryStrategy: (times) => Math.min(times * 100, REDIS_WAIT_MS),
      reconnectOnError: (error) => error.message.startsWith('READONLY'),
      ...options,
    })
    return watched(client, clients, outage, warnOnce)
  }
  // A producer's command must fail at once while Redis is away; a worker's must wait until it is back.
  const producer = open({ enableOfflineQueue: false, maxRetriesPerRequest: 1, commandTimeout: REDIS_WAIT_MS })
  const connected = new Promise<void>((resolve) => void producer.once('ready', () => resolve()))
  let consumer: Redis | undefined

  return {
    keptFailures: KEPT_FAILURES,
    makeQueue: (name) => new Queue(name, { connection: producer, prefix: PREFIX, streams: KEPT_EVENTS }),
    makeWorker(name, process, options) {
      consumer ??= open({ maxRetriesPerRequest: null })
      return new Worker<JsonObject, void>(name, process, { connection: consumer, prefix: PREFIX, ...options })
    },
    // Whoever asks before the first connection stands is not told of an outage that there is not.
    ping: () => connected.then(() => producer.ping()),
    async close() {
      for (const client of clients) client.disconnect()
    },
  }
}

/**
 * Keeps track of a client and of the duplicates BullMQ makes of it. BullMQ prints its advice about Redis's eviction
 * policy to the console, for every connection; here it is taken out of Redis's answer and logged once.
 */
function watched(
  client: Redis,
  clients: Set<Redis>,
  outage: Outage,
  warnOnce: (policy: string) => void,
): Redis {
  clients.add(client)
  client.on('error', (error: unknown) => outage.failed(error))
  const info = client.info.bind(client)
  const duplicate = client.duplicate.bind(client)
  return Object.assign(client, {
    info: (...words: []) =>
      words.length === 0 ? info().then((text) => withoutPolicy(text, warnOnce)) : info(...words),
    duplicate: (options?: { connectionName?: string }) =>
      watched(duplicate(options), clients, outage, warnOnce),
  })
}

function withoutPolicy(text: string, warnOnce: (policy: string) => void): string {
  return text.replace(/^maxmemory_policy:(\S+).*$/m, (_, policy: string) => {
    if (policy !== 'noeviction') warnOnce(policy)
    return 'maxmemory_policy:noeviction'
  })
}

function policyWarning(log: Log): (policy: string) => void {
  let warned = false
  return (policy) => {
    if (warned) return
    warned = true
    log.warn({ policy }, 'Redis may evict nudges when its memory is full: set maxmemory-policy to noeviction')
  }
}

const PRODUCER_CONNECTIONS = 2
/** Each worker holds one connection to listen on; the rest are for short statements. */
const WORKER_CONNECTIONS = 8
const STATEMENT_WAIT_MS = 10_000
const KEEPALIVE_AFTER_MS = 10_000
const PACE_AFTER_ERROR_MS = 250

function postgresBackend(databaseUrl: string, outage: Outage): Backend {
  const open = (max: number, waitMs: number): pg.Pool => {
    const pool = new pg.Pool({
      ...connectionOf(databaseUrl),
      max,
      connectionTimeoutMillis: waitMs,
      query_timeout: waitMs * 2,
      // A silently dropped listening connection is noticed, and BullMQ waits on it instead of polling.
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEPALIVE_AFTER_MS,
    })
    pool.on('error', (error) => outage.failed(error))
    // The pool listens to those that rest; one that breaks in BullMQ's hands would otherwise end the process.
    pool.on('connect', (client) => void client.on('error', (error) => outage.failed(error)))
    return pool
  }
  const producer = open(PRODUCER_CONNECTIONS, ADD_WAIT_MS)
  let consumer: pg.Pool | undefined

  return {
    keptFailures: 0,
    makeQueue: (name) =>
      new Queue(
        name,
        { connection: producer as unknown as PgPool, streams: KEPT_EVENTS },
        createPostgresBackend,
      ),
    makeWorker(name, process, options) {
      consumer ??= open(WORKER_CONNECTIONS, STATEMENT_WAIT_MS)
      return new Worker(name, process, { connection: paced(consumer), ...options }, createPostgresBackend)
    },
    ping: () => producer.query('SELECT 1'),
    async close() {
      await Promise.all([producer.end(), consumer?.end()])
    },
  }
}

/**
 * BullMQ tries again at once after an error it does not know, such as PostgreSQL's "is starting up": a pool that
 * takes its time to fail keeps its workers from spinning.
 */
function paced(pool: pg.Pool): PgPool {
  const query = async (text: string, values?: unknown[]) => {
    try {
      return await pool.query(text, values)
    } catch (error) {
      await pause(PACE_AFTER_ERROR_MS)
      throw error
    }
  }
  return new Proxy(pool, {
    get(target, name) {
      if (name === 'query') return query
      const value = Reflect.get(target, name, target) as unknown
      return typeof value === 'function' ? value.bind(target) : value
    },
  }) as unknown as PgPool
}

/**
 * The connection to the queue's schema, with what the URL asks for besides. `sslmode=require` means encryption without
 * proof of identity, as for every other client of PostgreSQL; `pg` alone reads it as `verify-full`.
 */
function connectionOf(databaseUrl: string): pg.ClientConfig {
  const url = new URL(databaseUrl)
  const options = [url.searchParams.get('options'), `-c search_path=${SCHEMA}`].filter(Boolean).join(' ')
  url.searchParams.delete('options')
  if (/^(require|prefer)$/.test(url.searchParams.get('sslmode') ?? ''))
    url.searchParams.set('uselibpqcompat', 'true')
  return { connectionString: url.toString(), options, application_name: 'duecast queue' }
}

type Lasting<Thing> = {
  readonly ready: Promise<Thing>
  /** Whether it has been ready once. */
  isReady(): boolean
  current(): Thing | undefined
  close(): Promise<void>
}

const REMAKE_AFTER_MS = 500

/**
 * Makes a queue or a worker, and makes it anew until it is ready: BullMQ remembers a first connection that failed and
 * never tries that one again.
 */
function lasting<Thing extends Connected>(make: () => Thing, outage: Outage): Lasting<Thing> {
  let made: Thing | undefined
  let wasReady = false
  let closed = false

  const become = async (): Promise<Thing> => {
    while (!closed) {
      const attempt = make()
      made = attempt
      attempt.on('error', (error) => closed || outage.failed(error))
      try {
        await attempt.waitUntilReady()
        wasReady = true
        return attempt
      } catch (error) {
        outage.failed(error)
        await attempt.close().catch(() => undefined)
        await pause(REMAKE_AFTER_MS)
      }
    }
    throw new Error('closed before it was ready')
  }

  const ready = become()
  ready.catch(() => undefined)
  return {
    ready,
    isReady: () => wasReady,
    current: () => made,
    async close() {
      closed = true
      await made?.close()
    },
  }
}

type Outage = { failed(error: unknown): void; over(): void }

/** Workers, producers and connections all notice the same outage; it is logged when it begins and when it ends. */
function watchOutage(log: Log): Outage {
  let isDown = false
  return {
    failed(error) {
      if (isLostLock(error)) return log.warn({ err: error }, 'a job was taken over by another worker')
      if (isDown) return
      isDown = true
      log.warn({ err: error }, 'the queue does not answer; work goes on by the timetable until it does')
    },
    over() {
      if (isDown) log.info('the queue answers again')
      isDown = false
    },
  }
}

/** No outage: the job was held longer than its lock, or the queue was emptied. */
function isLostLock(error: unknown): boolean {
  return (
    error instanceof Error && /could not renew lock|Missing (lock|key)|Lock mismatch/i.test(error.message)
  )
}

type Gate = { readonly passed: Promise<void>; readonly pass: () => void }

function makeGate(): Gate {
  let pass = () => {}
  const passed = new Promise<void>((resolve) => {
    pass = resolve
  })
  return { passed, pass: () => pass() }
}

/** Waits for `promise`, at most `ms`; what comes of it later is of no interest. */
function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), Math.max(ms, 0))
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
