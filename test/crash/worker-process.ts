// Before all else: it moves the clock.
import './skew.ts'
import { once } from 'node:events'
import { openHouse } from '../../src/house.ts'
import { loadConfig } from '../../src/platform/config.ts'
import type { QueueName } from '../../src/platform/queue.ts'
import { startWorkers } from '../../workers/registry.ts'

/**
 * A worker that may also stand on the queue in PostgreSQL, beside others. It opens the house, says its name, and
 * begins when it is told to, so that the next one can stand ready while this one is killed. Arguments name the queues
 * that it is for; without any it is for all.
 */
const queues = process.argv.slice(2) as QueueName[]
const house = await openHouse(loadConfig(process.env), { poolSize: 8 })
process.stdout.write(`${JSON.stringify({ worker: house.worker })}\n`)
await once(process.stdin, 'data')
const workers = startWorkers(house, queues.length > 0 ? { queues } : {})
process.once('SIGTERM', async () => {
  await workers.stop({ graceMs: 20_000 })
  await house.close()
  process.exit(0)
})
