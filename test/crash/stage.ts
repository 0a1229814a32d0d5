import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { draftCampaign, quoteCampaign, submitCampaign } from '../../src/campaigns/index.ts'
import { addSender, connectDeps } from '../../src/delivery/index.ts'
import { simulatedPhoneNumberId } from '../../src/delivery/providers/simulator/token.ts'
import { asOwner } from '../../src/house.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { loadConfig } from '../../src/platform/config.ts'
import { type Database, openDatabase } from '../../src/platform/db.ts'
import { newId } from '../../src/platform/ids.ts'
import { programUrlOf } from '../../src/platform/migrate.ts'
import { unwrap } from '../../src/platform/result.ts'
import type { Scope } from '../../src/platform/scope.ts'
import { openSecretBox, secretKeyOf } from '../../src/platform/secrets.ts'
import { saveTemplate } from '../../src/templates/index.ts'
import { topUp } from '../../src/wallet/index.ts'
import { openWorkspace } from '../../src/workspaces/index.ts'
import { freshDatabase } from '../support/database.ts'
import { queueEnvironment } from '../support/redis.ts'
import { type Child, startChild } from './child.ts'
import { type OwnRedis, openRedis } from './redis.ts'

/** The program as real processes around a campaign under way, with the stand-in as an independent witness. */
export type Stage = {
  readonly database: Database
  readonly ownerUrl: string
  readonly superuserUrl: string
  readonly workspaceId: string
  readonly senderId: string
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
  /** Which queue it stands on. */
  readonly queue: 'PostgreSQL' | 'Redis'
  /** How many bytes the witness has written: it grows whenever a message is accepted. */
  witnessedBytes(): number
  /** As the owner, or as somebody else who may all the same. */
  within<T>(work: (scope: Scope) => Promise<T>, who?: string): Promise<T>
  /** Starts a worker, whose machine's clock may be ahead or behind. */
  startWorker(options?: { skewMs: number }): Child
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
}

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
  let server = startChild('server-process.ts', [], env, join(folder, 'server.log'))
  const serverUrl = String((await server.line()).url)
  // Where the platform has been told to post receipts to, somebody must listen again.
  const startAgain = () =>
    startChild('server-process.ts', [], { ...env, PORT: new URL(serverUrl).port }, join(folder, 'server.log'))
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
  const database = openDatabase(programUrlOf(ownerUrl), systemClock, { poolSize: 4 })
  const box = openSecretBox(secretKeyOf(loadConfig(env)))
  const campaign = await prepareCampaign({ ownerUrl, database, box }, options)
  const { appSecret, webhookUrl } = connectDeps(box, campaign.senderId, { serverUrl, simulatorUrl })

  return {
    database,
    ownerUrl,
    superuserUrl,
    ...campaign,
    recordFile,
    folder,
    simulatorUrl,
    serverUrl,
    appSecret,
    phoneNumberId: simulatedPhoneNumberId(webhookUrl),
    orders: { ...PLATFORM, ...options.platform, seed: options.seed },
    redis,
    queue: 'REDIS_URL' in env ? 'Redis' : 'PostgreSQL',
    witnessedBytes: () => statSync(recordFile).size,
    within: (work, who) => database.within(causeIn(campaign.workspaceId, who), work),
    startWorker: ({ skewMs } = { skewMs: 0 }) =>
      startChild(
        'worker-process.ts',
        [],
        { ...env, CLOCK_SKEW_MS: `${Math.round(skewMs)}` },
        join(folder, 'worker.log'),
      ),
    startServer: () => startChild('server-process.ts', [], env, join(folder, 'server.log')),
    async restartServer(how = 'kill') {
      await server[how]()
      server = startAgain()
      void keepServer(server)
    },
    async close({ keepLogs }) {
      closing = true
      await Promise.all([server.stop(), simulator.stop(), database.close()])
      await redis?.close()
      await drop()
      if (!keepLogs) rmSync(folder, { recursive: true, force: true })
    },
  }
}

function causeIn(workspaceId: string, who = 'key:ratna') {
  return { workspaceId, actor: { name: who, role: 'owner' as const }, requestId: 'crash' }
}

type Ground = { ownerUrl: string; database: Database; box: ReturnType<typeof openSecretBox> }

async function prepareCampaign({ ownerUrl, database, box }: Ground, options: StageOptions) {
  const { workspaceId } = unwrap(
    await asOwner(ownerUrl, systemClock, (owner) =>
      openWorkspace(owner, { name: 'Klinik Sehat', currency: 'IDR' }),
    ),
  )
  return database.within(causeIn(workspaceId), async (scope) => {
    const amount = { amount: '10000000000.00', currency: 'IDR' }
    unwrap(await topUp(scope, { amount, reference: 'transfer-1' }))
    const template = unwrap(await saveTemplate(scope, REMINDER))
    const sender = unwrap(
      await addSender(scope, box, {
        provider: 'simulator',
        name: 'Front desk',
        config: {
          ...PLATFORM,
          ...options.platform,
          seed: options.seed,
          messages_per_second: options.messagesPerSecond,
        },
      }),
    )
    const listId = await makeList(scope, options.messages)
    const campaign = unwrap(
      await draftCampaign(scope, {
        name: 'Reminders',
        templateId: template.id,
        senderId: sender.id,
        listId,
        schedule: { now: true },
        insufficientFunds: 'block',
      }),
    )
    const quote = unwrap(await quoteCampaign(scope, campaign.id))
    const submitted = unwrap(await submitCampaign(scope, campaign.id, { quoteId: quote.id }))
    if (submitted.state !== 'scheduled') throw new Error(`submitted as ${submitted.state}`)
    return { workspaceId, senderId: sender.id, campaignId: campaign.id }
  })
}

const REMINDER = {
  name: 'Payment due',
  language: 'en',
  category: 'utility' as const,
  body: 'Hi {{name}}, invoice {{invoice}} is due. Thank you.',
}

/** Contacts in many zones, because a slice is of one zone: many small slices make many places to be killed at. */
const ZONES = 40

async function makeList({ sql, workspaceId }: Scope, messages: number): Promise<string> {
  const listId = newId()
  await sql`INSERT INTO lists (id, workspace_id, name, created_at) VALUES (${listId}, ${workspaceId}, 'all', now())`
  await sql`
    INSERT INTO contacts (workspace_id, phone, name, time_zone, variables, created_at, updated_at)
    SELECT ${workspaceId}, '+62812' || lpad(i::text, 8, '0'), 'Siti ' || i, (z.names)[1 + i % ${ZONES}::int],
           jsonb_build_object('invoice', 'INV-' || i), now(), now()
      FROM generate_series(1, ${messages}::int) i,
           (SELECT array_agg(name) names FROM (SELECT name FROM pg_timezone_names WHERE name ~ '^(Asia|Europe)/' ORDER BY name LIMIT ${ZONES}::int) n) z`
  await sql`INSERT INTO list_members SELECT workspace_id, ${listId}, id FROM contacts WHERE workspace_id = ${workspaceId}`
  return listId
}
