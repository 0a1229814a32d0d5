import { realpathSync } from 'node:fs'
import type { Server } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startWorkers, type Workers } from '../workers/registry.ts'
import type { ApiHouse } from './api/house.ts'
import { openFrontDoor } from './api/webhooks/front-door.ts'
import { consoleDoor, setUpToken } from './console/index.ts'
import { openInbox, type Stored } from './delivery/index.ts'
import { type Drain, watchRequests } from './drain.ts'
import { announceAddresses, type House, type HouseOptions, openHouse } from './house.ts'
import {
  type Config,
  ConfigError,
  loadConfig,
  needsSharedServices,
  readEnvironment,
} from './platform/config.ts'
import { openRateLimit } from './platform/rate-limit.ts'
import { createApp, createHttpServer } from './server.ts'
import { type Simulator, startSimulator } from './simulator/index.ts'
import { hasWorkspace } from './workspaces/index.ts'

/** For the command line, which enters no door itself: prints a link that signs in once. */
export { openConsoleLink } from './console/index.ts'

const DRAIN_MS = 20_000
/** A server that stops says so at `/readyz` for as long as a balancer takes to look twice, and answers meanwhile. */
const NOTICE_MS = 5_000

export type Running = { url: string; house: House; stop(): Promise<void> }

export type StartOptions = HouseOptions & {
  workers: boolean
  /** How long it goes on listening once it says that it is stopping; not at all by default. */
  noticeMs?: number
}

/**
 * Starts the server: the house, the stand-in (unless one is named), the doors and, in one-process mode, the workers.
 * @returns where it listens, and how to stop it gracefully
 */
export async function startServer(config: Config, options: StartOptions): Promise<Running> {
  const house = await openHouse(config, options)
  const simulator = config.simulatorUrl
    ? undefined
    : await startSimulator({
        host: config.simulatorHost,
        port: config.simulatorPort,
        templatesFile: join(config.dataDir, 'simulated-templates.json'),
      })
  let listening: string | undefined
  const doors = { ...apiHouse(house), listensOn: () => listening, isStopping: () => drain.isStopping() }
  const server = createHttpServer(createApp(doors, [consoleDoor(doors)]), openFrontDoor(doors))
  const drain = watchRequests(server)
  const url = await listen(server, config)
  listening = url
  await announceAddresses(house.database.sql, config.publicUrl ?? url, config.simulatorUrl ?? simulator!.url)
  const workers = options.workers ? startWorkers(house) : undefined
  house.log.info({ url, workers: options.workers }, 'server is ready')
  const { noticeMs = 0 } = options
  let stopping: Promise<void> | undefined
  const stop = () => {
    stopping ??= stopAll({ house, server, drain, workers, simulator, noticeMs })
    return stopping
  }
  return { url, house, stop }
}

function apiHouse(house: House): ApiHouse {
  const nudgeFold = (stored: Stored) => {
    const nudges = [...stored].map(([senderId, origin]) => ({
      name: 'fold',
      data: { senderId },
      dedupeId: `fold-${senderId}`,
      origin,
    }))
    void house.queues.addMany('receipts', nudges)
  }
  const inbox = openInbox(house.database.sql, nudgeFold)
  return {
    database: house.database,
    clock: house.clock,
    log: house.log,
    metrics: house.metrics,
    trace: house.trace,
    secrets: house.secrets,
    mail: house.mail,
    limit: openRateLimit(house.config.rateLimitPerMinute),
    trustProxy: house.config.trustProxy,
    queues: { ping: () => pingQueue(house) },
    nudge: (queue, name, data, dedupeId, origin) =>
      void house.queues.add(queue, name, data, { dedupeId, origin }),
    receive: (sender, body, origin) => inbox.store(sender.id, body, origin),
    publicUrl: house.config.publicUrl,
    uploadDir: house.uploadDir,
  }
}

async function pingQueue(house: House): Promise<void> {
  if (!(await house.queues.ping())) throw new Error('the queue does not answer')
}

function listen(server: Server, config: Config): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(config.port, config.host, () => {
      const address = server.address()
      const port = typeof address === 'object' && address ? address.port : config.port
      const host = config.host === '0.0.0.0' || config.host === '::' ? '127.0.0.1' : config.host
      resolve(`http://${host.includes(':') ? `[${host}]` : host}:${port}`)
    })
  })
}

type Parts = {
  house: House
  server: Server
  drain: Drain
  workers: Workers | undefined
  simulator: Simulator | undefined
  noticeMs: number
}

/**
 * First it is said, then no door opens any more; what is at hand is answered and worked off, and last goes the ground
 * that they stand on.
 */
async function stopAll({ house, server, drain, workers, simulator, noticeMs }: Parts): Promise<void> {
  drain.begin()
  const worked = workers?.stop({ graceMs: DRAIN_MS })
  if (noticeMs > 0) await new Promise((resolve) => setTimeout(resolve, noticeMs))
  const closed = new Promise((resolve) => server.close(resolve))
  server.closeIdleConnections()
  await Promise.all([drain.answered(DRAIN_MS), worked])
  await simulator?.close()
  server.closeAllConnections()
  await closed
  await house.close()
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { 'server-only': { type: 'boolean', default: false } } })
  const config = loadConfig(readEnvironment())
  if (values['server-only']) needsSharedServices(config)
  const apart = values['server-only']
  const running = await startServer(config, { workers: !apart, noticeMs: apart ? NOTICE_MS : 0 })
  process.stdout.write(`Duecast listens on ${running.url}\n`)
  await offerSetUp(running)
  let stopping = false
  const stop = async (signal: string) => {
    if (stopping) return
    stopping = true
    running.house.log.info({ signal }, 'server is stopping')
    await running.stop()
    process.exit(0)
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}

/** Until the first workspace is made, says how: at this machine just so, from another one with the token. */
async function offerSetUp({ house, url }: Running): Promise<void> {
  if (await hasWorkspace(house)) return
  const address = house.config.publicUrl ?? url
  process.stdout.write(
    `Nobody has begun here yet. Open ${address}/set-up?token=${setUpToken(house.secrets)}\n`,
  )
}

if (
  process.argv[1] !== undefined &&
  realpathSync(process.argv[1]) === realpathSync(fileURLToPath(import.meta.url))
) {
  main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof ConfigError ? error.message : (error as Error).stack}\n`)
    process.exit(1)
  })
}
