import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asOwner, findAddresses, type House } from '../../src/house.ts'
import { type Running, startServer } from '../../src/main.ts'
import { type Environment, loadConfig } from '../../src/platform/config.ts'
import type { Log } from '../../src/platform/log.ts'
import { queueEnvironment } from './redis.ts'

/** The whole program, as `npm start` runs it, on an embedded PostgreSQL in a folder of its own. */
export type Stack = {
  url: string
  simulatorUrl: string
  house: House
  stop(): Promise<void>
}

/** Starts server, stand-in and, unless they run apart, workers on free ports. Nothing of the developer's own environment is read. */
export async function startStack(environment: Environment = {}, log?: Log, workers = true): Promise<Stack> {
  const dataDir = mkdtempSync(join(tmpdir(), 'duecast-flow-'))
  const config = loadConfig({
    PORT: '0',
    DATA_DIR: dataDir,
    LOG_LEVEL: 'warn',
    ...queueEnvironment(),
    ...environment,
  })
  const running = await startServer(config, { workers, ...(log && { log }) })
  return {
    url: running.url,
    simulatorUrl: await simulatorOf(running),
    house: running.house,
    async stop() {
      await running.stop()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

/** Reads what no door shows, past all walls. */
export function asOwnerOf<T>(stack: Stack, work: Parameters<typeof asOwner<T>>[2]): Promise<T> {
  return asOwner(stack.house.ownerUrl, stack.house.clock, work)
}

async function simulatorOf({ house }: Running): Promise<string> {
  const { simulatorUrl } = await findAddresses(house.database.sql)
  if (!simulatorUrl) throw new Error('the stand-in has not said where it listens')
  return simulatorUrl
}
