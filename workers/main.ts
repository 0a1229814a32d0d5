import { openHouse } from '../src/house.ts'
import { ConfigError, loadConfig, needsSharedServices, readEnvironment } from '../src/platform/config.ts'
import { startWorkers } from './registry.ts'

const DRAIN_MS = 20_000

/** `npm run worker`: sends, folds and settles. Any number of them beside any number of servers. */
async function main(): Promise<void> {
  const config = loadConfig(readEnvironment())
  needsSharedServices(config)
  const house = await openHouse(config)
  const workers = startWorkers(house)
  house.log.info({ worker: house.worker }, 'worker is ready')
  let stopping = false
  const stop = async (signal: string) => {
    if (stopping) return
    stopping = true
    house.log.info({ signal }, 'worker is stopping')
    await workers.stop({ graceMs: DRAIN_MS })
    await house.close()
    process.exit(0)
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof ConfigError ? error.message : (error as Error).stack}\n`)
  process.exit(1)
})
