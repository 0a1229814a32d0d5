import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectDeps } from '../../src/delivery/index.ts'
import { simulatedPhoneNumberId } from '../../src/delivery/providers/simulator/token.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { loadConfig } from '../../src/platform/config.ts'
import { type Database, openDatabase } from '../../src/platform/db.ts'
import { programUrlOf } from '../../src/platform/migrate.ts'
import type { QueueName } from '../../src/platform/queue.ts'
import type { Scope } from '../../src/platform/scope.ts'
import { openSecretBox, secretKeyOf } from '../../src/platform/secrets.ts'
import { freshDatabase } from '../support/database.ts'
import { queueEnvironment } from '../support/redis.ts'
import type { Programs } from './bundle.ts'
import { causeIn, prepareGround, startCampaign } from './campaign.ts'
import { type Child, startChild } from './child.ts'
import type { Disk } from './disk.ts'
import { type OwnRedis, openRedis } from './redis.ts'

/** The program as real processes around a campaign under way, with the stand-in as an independent witness. */
export type Stage = {
  readonly database: Database
  readonly ownerUrl: string
  readonly superuserUrl: string
  readonly workspaceId: string
  readonly senderId: string
  /** The one that the stage begins with. */
  readonly campaignId: string
  readonly recordFile: string
  readonly simulatorUrl: string
  readonly serverUrl: string
  /** What the platform signs this sender's webhooks with, and the number it names in them. */
  readonly appSecret: string
  readonly phoneNumberId: string
  /** The stand-in's orders for this sender, the ones of `PLATFORM` and `options.platform` together. */
  readonly orders: Readonly<Record<string, number>>
  /** The Redis of this run, if the queue stands on one of its own. */
  readonly redis: OwnRedis | undefined
  /** The disk of the database, if it has one of its own. */
  readonly disk: Disk | undefined
  /** Stops the stand-in where it is, without an answer to anybody, and lets it go on. */
  holdProvider(isHeld: boolean): void
  /** Which queue it stands on. */
  readonly queue: 'PostgreSQL' | 'Redis'
  /** How many bytes the witness has written: it grows whenever a message is accepted. */
  witnessedBytes(): number
  /** As the owner, or as somebody else who may all the same. */
  within<T>(work: (scope: Scope) => Promise<T>, who?: string): Promise<T>
  /** Starts a worker, whose machine's clock may be ahead or behind, and which may be for some queues only. */
  startWorker(options?: { skewMs?: number; queues?: readonly QueueName[] }): Child
  /** Starts one more campaign to contacts of its own, `from` being the number of the first. */
  startCampaign(from: number, messages: number): Promise<void>
  /** Starts another server beside the first, at an address of its own. */
  startServer(): Child
  /** Kills the server and starts another in its place. */
  restartServer(how?: 'kill' | 'stop'): Promise<void>
  /** Where the processes log to. */
  readonly folder: string
  close(options: { keepLogs: boolean }): Promise<void>
}

export type StageOptions = {
  messages: number
  messagesPerSecond: number
  seed: number
  /** What the stand-in does with the messages; see its configuration. */
  platform?: Readonly<Record<string, number>>
  /** A Redis of the run's own, so that it may be killed and emptied too. */
  ownRedis?: boolean
  /** Where the database lies, if it is a disk of its own. */
  disk?: Disk | undefined
  /** What to start instead of the sources. */
  programs?: Programs
}

const SOURCES: Programs = { server: 'server-process.ts', worker: 'worker-process.ts' }

/** Shares of all that may become of a message, and an answer slow enough that many calls are always in the air. */
const PLATFORM = {
  delivered: 0.9,
  failed: 0.05,
  read_only: 0.1,
  duplicated: 0.15,
  shuffled: 0.2,
  lost: 0.01,
  latency_ms: 60,
  lifetime_seconds: 5,
}

export async function openStage(options: StageOptions): Promise<Stage> {
  const { programs = SOURCES } = options
  const folder = mkdtempSync(join(tmpdir(), 'duecast-crash-'))
  const { ownerUrl, superuserUrl, drop } = await freshDatabase()
  const recordFile = join(folder, 'witness.jsonl')
  const redis = options.ownRedis ? await openRedis() : undefined
  const simulator = startChild(
    '../../src/simulator/main.ts',
    ['--record', recordFile],
    {},
    join(folder, 'simulator.log'),
  )
  const simulatorUrl = String((await simulator.line()).url)
  const env = {
    PORT: '0',
    DATABASE_URL: ownerUrl,
    DATA_DIR: folder,
    LOG_LEVEL: 'warn',
    SECRET_KEY: 'a key that only this test has, of no value to anyone',
    SIMULATOR_URL: simulatorUrl,
    ...(redis ? { REDIS_URL: redis.url } : (queueEnvironment() as Record<string, string>)),
  }
  let server: Child | undefined = startChild(programs.server, [], env, join(folder, 'server.log'))
  const serverUrl = String((await server.line()).url)
  // Where the platform has been told to post receipts to, somebody must listen again.
  const startAgain = () =>
    startChild(programs.server, [], { ...env, PORT: new URL(serverUrl).port }, join(folder, 'server.log'))
  // Nobody waits for a server that starts. One that met the database while it was away has ended, and starts again.
  const keepServer = async (started: Child): Promise<void> => {
    const isUp = await started.line().then(
      () => true,
      () => false,
    )
    if (isUp || closing || started !== server) return
    server = startAgain()
    return keepServer(server)
  }
  let closing = false
  const database = openDatabase(underOwnName(programUrlOf(ownerUrl)), systemClock, { poolSize: 4 })
  const box = openSecretBox(secretKeyOf(loadConfig(env)))
  const orders = { ...PLATFORM, ...options.platform, seed: options.seed }
  const ground = await prepareGround(
    { ownerUrl, database, box },
    { ...orders, messages_per_second: options.messagesPerSecond },
  )
  const within = <T>(work: (scope: Scope) => Promise<T>, who?: string) =>
    database.within(causeIn(ground.workspaceId, who), work)
  const campaignId = await within((scope) =>
    startCampaign(scope, ground, { from: 1, messages: options.messages }),
  )
  const { appSecret, webhookUrl } = connectDeps(box, ground.senderId, { serverUrl, simulatorUrl })

  return {
    database,
    ownerUrl,
    superuserUrl,
    ...ground,
    campaignId,
    recordFile,
    folder,
    simulatorUrl,
    serverUrl,
    appSecret,
    phoneNumberId: simulatedPhoneNumberId(webhookUrl),
    orders,
    redis,
    disk: options.disk,
    holdProvider: (isHeld) => simulator.hold(isHeld),
    queue: 'REDIS_URL' in env ? 'Redis' : 'PostgreSQL',
    witnessedBytes: () => statSync(recordFile).size,
    within,
    startWorker: ({ skewMs = 0, queues = [] } = {}) =>
      startChild(
        programs.worker,
        queues,
        { ...env, CLOCK_SKEW_MS: `${Math.round(skewMs)}` },
        join(folder, 'worker.log'),
      ),
    startCampaign: (from, messages) =>
      within(async (scope) => void (await startCampaign(scope, ground, { from, messages }))),
    startServer: () => startChild(programs.server, [], env, join(folder, 'server.log')),
    async restartServer(how = 'kill') {
      const old = server
      // Nobody but this may follow it: two would fight for its address.
      server = undefined
      await old?.[how]()
      server = startAgain()
      void keepServer(server)
    },
    async close({ keepLogs }) {
      closing = true
      await Promise.all([server?.stop(), simulator.stop(), database.close()])
      await redis?.close()
      await drop()
      if (!keepLogs) rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** So that no fault that is meant for the program hits whoever watches it. */
function underOwnName(databaseUrl: string): string {
  const url = new URL(databaseUrl)
  url.searchParams.set('application_name', 'watcher')
  return url.toString()
}
