import type { Figure } from './figure.ts'
import type { Ground } from './ground.ts'
import { type Part, startPart } from './processes.ts'
import { countOf, startProgram, until } from './program.ts'
import { draft, makeContacts, makeParts, openStage, quoteAndSubmit, type Stage } from './stage.ts'

const FATES = { seed: 7, delivered: 0.93, failed: 0.04, read: 0.5, lifetime_seconds: 30 }
const PACE = { messages_per_second: 100_000 }
const WORKERS = [1, 2, 4]
const LOOK_EVERY_MS = 250

/**
 * The same campaign through the program in one process on PostgreSQL alone, and through a server with one, two and four
 * workers on Redis; receipts are folded and charged meanwhile. Beside each the memory that its processes took at most.
 */
export async function benchWorkers(ground: Ground, messages: number): Promise<Figure[]> {
  const simulator = await startPart('src/simulator/main.ts', /"url"/, {})
  const { url } = JSON.parse(simulator.ready) as { url: string }
  try {
    const figures = [await measure({ ...ground, redisUrl: undefined }, messages, url, 0)]
    if (ground.redisUrl !== undefined)
      for (const count of WORKERS) figures.push(await measure(ground, messages, url, count))
    return figures
  } finally {
    await simulator.stop()
  }
}

async function measure(ground: Ground, messages: number, url: string, workers: number): Promise<Figure> {
  const stage = await openStage(ground, { SIMULATOR_URL: url })
  const program = await startProgram(ground, stage)
  const environment = { ...stage.environment, LOG_LEVEL: 'info' }
  const others = await Promise.all(
    Array.from({ length: Math.max(0, workers - 1) }, () =>
      startPart('workers/main.ts', /worker is ready/, environment),
    ),
  )
  try {
    const parts = [program.server, ...(program.worker ? [program.worker] : []), ...others]
    const send = await lineUp(stage, messages)
    const { seconds, most } = await watched(parts, send)
    await stage.audit()
    const memory = most.map((bytes, at) => `${nameOf(at, workers)} ${Math.round(bytes / 2 ** 20)} MB`)
    return {
      name: `sending ${messages.toLocaleString('en-GB')} messages, ${wordsFor(workers)}`,
      unit: '/s',
      value: messages / seconds,
      note: `memory at most: ${memory.join(', ')}`,
    }
  } finally {
    await Promise.all(others.map((part) => part.stop()))
    await program.stop()
    await stage.close()
  }
}

function wordsFor(workers: number): string {
  if (workers === 0) return 'one process on PostgreSQL alone'
  return `server and ${workers} worker${workers === 1 ? '' : 's'} on Redis`
}

function nameOf(at: number, workers: number): string {
  if (workers === 0) return 'process'
  return at === 0 ? 'server' : `worker ${at}`
}

/** @returns what sends the campaign, once it is called */
async function lineUp(stage: Stage, messages: number): Promise<() => Promise<void>> {
  const listId = await makeContacts(stage, messages)
  const parts = await makeParts(stage, { ...FATES, ...PACE })
  const campaignId = await draft(stage, parts, listId)
  await quoteAndSubmit(stage, campaignId)
  return async () => {
    await stage.house.queues.add('chores', 'tend', { workspaceId: stage.workspaceId, campaignId })
    await until(async () => (await countOf(stage, campaignId, ['queued', 'sending'])) === 0)
  }
}

async function watched(
  parts: readonly Part[],
  work: () => Promise<void>,
): Promise<{ seconds: number; most: number[] }> {
  const most = parts.map((part) => part.memoryBytes())
  const look = () => {
    parts.forEach((part, at) => {
      most[at] = Math.max(most[at]!, part.memoryBytes())
    })
  }
  const timer = setInterval(look, LOOK_EVERY_MS)
  const startedMs = performance.now()
  try {
    await work()
  } finally {
    clearInterval(timer)
  }
  return { seconds: (performance.now() - startedMs) / 1000, most }
}
