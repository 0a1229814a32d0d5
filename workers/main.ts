import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type House, openHouse } from '../src/house.ts'
import {
  type Config,
  ConfigError,
  loadConfig,
  needsSharedServices,
  readEnvironment,
} from '../src/platform/config.ts'
import { openWorkerDoor } from './door.ts'
import { startWorkers } from './registry.ts'

const DRAIN_MS = 20_000

/** A worker at work; `url` is where it tells how it is, if it does. */
export type RunningWorker = { readonly house: House; readonly url: string | undefined; stop(): Promise<void> }

/** Starts a worker: the house, its own door where one is wanted, and everything that works by itself. */
export async function startWorker(config: Config): Promise<RunningWorker> {
  const house = await openHouse(config)
  let stopping: Promise<void> | undefined
  const { workerPort: port } = config
  const door =
    port === undefined
      ? undefined
      : await openWorkerDoor(house, { port, isStopping: () => stopping !== undefined })
  const workers = startWorkers(house)
  house.log.info({ worker: house.worker, url: door?.url }, 'worker is ready')
  const stop = async () => {
    await workers.stop({ graceMs: DRAIN_MS })
    await door?.close()
    await house.close()
  }
  return {
    house,
    url: door?.url,
    stop() {
      stopping ??= stop()
      return stopping
    },
  }
}

/** `npm run worker`: sends, folds and settles. Any number of them beside any number of servers. */
async function main(): Promise<void> {
  const config = loadConfig(readEnvironment())
  needsSharedServices(config)
  const worker = await startWorker(config)
  let isTold = false
  const stop = async (signal: string) => {
    if (isTold) return
    isTold = true
    worker.house.log.info({ signal }, 'worker is stopping')
    await worker.stop()
    process.exit(0)
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
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
