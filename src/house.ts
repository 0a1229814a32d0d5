import { hostname } from 'node:os'
import { join } from 'node:path'
import { type Clock, openSharedClock, type SharedClock } from './platform/clock.ts'
import type { Config } from './platform/config.ts'
import { type Database, openDatabase, type SqlClient } from './platform/db.ts'
import { openEmbedded } from './platform/embedded/index.ts'
import { newId } from './platform/ids.ts'
import { type Log, openLog } from './platform/log.ts'
import { type Mail, openMail } from './platform/mail.ts'
import { type Metrics, openMetrics } from './platform/metrics.ts'
import { migrate } from './platform/migrate.ts'
import { migrateQueue, openQueue, type Queues } from './platform/queue.ts'
import { recogniseInstallation } from './platform/recognise.ts'
import type { Scope } from './platform/scope.ts'
import { openSecretBox, type SecretBox, secretKeyOf } from './platform/secrets.ts'
import { openTrace, type Trace } from './platform/trace.ts'
import { publishSeed } from './pricing/index.ts'

/** All that the doors share, composed once: configuration, database, queue, clock, log, secrets, figures. */
export type House = {
  readonly config: Config
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly trace: Trace
  readonly secrets: SecretBox
  readonly mail: Mail
  readonly database: Database
  readonly queues: Queues
  /** The database as its owner: migrations, workspaces, the audit. Never for a request. */
  readonly ownerUrl: string
  /** The name of this process in leases and attempts: no other process, now or later, has the same. */
  readonly worker: string
  readonly uploadDir: string
  /** One transaction of a workspace, as a part of the program itself. */
  asSystem<T>(part: string, workspaceId: string, work: (scope: Scope) => Promise<T>): Promise<T>
  close(): Promise<void>
}

export type HouseOptions = { clock?: Clock; log?: Log; poolSize?: number }

const POOL_SIZE = 16

/**
 * Opens the house: the embedded PostgreSQL where no other is configured, migrations first, then everything that
 * stands on them. Closing it stops what it started.
 */
export async function openHouse(config: Config, options: HouseOptions = {}): Promise<House> {
  const log = options.log ?? openLog(config.logLevel)
  const shared = openSharedClock()
  const clock = options.clock ?? shared
  const embedded =
    config.databaseUrl === undefined ? await openEmbedded({ dataDir: config.dataDir, log }) : undefined
  const ownerUrl = config.databaseUrl ?? embedded!.databaseUrl
  const programUrl = await prepareDatabase(ownerUrl, { config, clock, log, place: embedded?.mark })
  const database = openDatabase(programUrl, clock, { poolSize: options.poolSize ?? POOL_SIZE })
  const letClockGo = await keepClock(shared, database.sql, log)
  const queues = openQueue({
    ...(config.redisUrl ? { redisUrl: config.redisUrl } : {}),
    databaseUrl: programUrl,
    log,
  })
  const mail = openMail(config.smtpUrl, config.mailFrom, log)
  const worker = `${hostname()}.${process.pid}.${newId().slice(-12)}`
  const trace = await openTrace(config.tracing, worker, log)
  return {
    config,
    clock,
    log,
    metrics: openMetrics(),
    trace,
    secrets: openSecretBox(secretKeyOf(config)),
    mail,
    database,
    queues,
    ownerUrl,
    worker,
    uploadDir: join(config.dataDir, 'uploads'),
    asSystem: (part, workspaceId, work) =>
      database.within(
        { workspaceId, actor: { name: `system:${part}`, role: 'owner' }, requestId: `${part} ${newId()}` },
        work,
      ),
    async close() {
      letClockGo()
      mail.close()
      await queues.close()
      await trace.close()
      await database.close()
      await embedded?.stop()
    },
  }
}

const CLOCK_EVERY_MS = 60_000
/** More than NTP leaves, and enough to send before a quiet hour has ended. */
const CLOCK_OFF_MS = 2_000

/** Keeps the program's clock to the database's, which all machines share; says so where this machine's is off. */
async function keepClock(clock: SharedClock, sql: SqlClient, log: Log): Promise<() => void> {
  const ask = async () => {
    const [row] = await sql<{ ms: number }[]>`
      SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms`
    return row!.ms
  }
  const follow = async () => {
    const behindMs = await clock.follow(ask)
    if (Math.abs(behindMs) > CLOCK_OFF_MS)
      log.warn({ behindMs }, 'this machine’s clock is not the database’s: the database’s is used')
  }
  await follow()
  // While the database is away the clock goes on as it did.
  const timer = setInterval(() => void follow().catch(() => undefined), CLOCK_EVERY_MS)
  timer.unref()
  return () => clearInterval(timer)
}

/** Migrates, brings the seed prices up to date, and gives back the URL of the program's own restricted role. */
async function prepareDatabase(
  ownerUrl: string,
  { config, clock, log, place }: { config: Config; clock: Clock; log: Log; place: string | undefined },
): Promise<string> {
  const { programUrl } = await migrate(ownerUrl)
  const held = await asOwner(ownerUrl, clock, async (owner) => {
    await publishSeed(owner.sql)
    return recogniseInstallation(owner.sql, place)
  })
  if (held) log.warn({ since: held.since }, `nothing is sent: ${held.because}; see "duecast installation"`)
  if (config.redisUrl === undefined) await migrateQueue(programUrl)
  return programUrl
}

/** Opens the database as its owner for one piece of work. */
export async function asOwner<T>(
  ownerUrl: string,
  clock: Clock,
  work: (owner: Database) => Promise<T>,
): Promise<T> {
  const owner = openDatabase(ownerUrl, clock, { poolSize: 2 })
  try {
    return await work(owner)
  } finally {
    await owner.close()
  }
}

/** Where this installation's server and stand-in listen, as the last server to start has said. */
export async function findAddresses(
  sql: SqlClient,
): Promise<{ serverUrl: string | null; simulatorUrl: string | null }> {
  const [row] = await sql<{ server_url: string | null; simulator_url: string | null }[]>`
    SELECT server_url, simulator_url FROM installation`
  return { serverUrl: row?.server_url ?? null, simulatorUrl: row?.simulator_url ?? null }
}

/** Says where this installation's server and stand-in listen, for workers in other processes. */
export async function announceAddresses(
  sql: SqlClient,
  serverUrl: string,
  simulatorUrl: string,
): Promise<void> {
  await sql`UPDATE installation SET server_url = ${serverUrl}, simulator_url = ${simulatorUrl}`
}
