import { cpus, loadavg, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { benchFairness } from './fairness.ts'
import { describe, type Figure, type Judged, judge } from './figure.ts'
import { type Ground, openGround } from './ground.ts'
import { benchGrowth } from './growth.ts'
import { benchImport } from './import.ts'
import { benchQuote } from './quote.ts'
import { benchReceipts } from './receipts.ts'
import { benchSend } from './send.ts'
import { benchWebhookDoor } from './webhook-door.ts'

/** The benches by name, in the order in which they run. */
const BENCHES: Record<string, (ground: Ground) => Promise<Figure[]>> = {
  import: (ground) => benchImport(ground, 100_000),
  quote: (ground) => benchQuote(ground, 100_000),
  send: (ground) => benchSend(ground, 60_000),
  receipts: (ground) => benchReceipts(ground, 60_000),
  webhooks: (ground) => benchWebhookDoor(ground, 40_000),
  growth: benchGrowth,
  fairness: benchFairness,
  'quote-million': (ground) => benchQuote(ground, 1_000_000),
}

/**
 * `npm run bench [-- --json] [--only name,name]`: every figure beside its own limit, measured in the same run. Exits 1
 * when a figure is not what was asked. Names that are asked for explicitly only (`-million`) take minutes.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { json: { type: 'boolean', default: false }, only: { type: 'string' } },
  })
  const names = values.only?.split(',') ?? Object.keys(BENCHES).filter((name) => !name.endsWith('-million'))
  const ground = await openGround()
  const say = (text: string) => values.json || process.stdout.write(`${text}\n`)
  const machine = machineNow()
  say(
    `${machine.processors} × ${machine.processor}, ${machine.memory_gb} GB, Node ${machine.node}, ${machine.platform}`,
  )
  say(`load before: ${machine.load_before.join(' ')}; queue on ${ground.redisUrl ? 'Redis' : NO_REDIS}`)
  const figures: Judged[] = []
  try {
    for (const name of names) {
      const bench = BENCHES[name]
      if (!bench) throw new Error(`there is no bench ${name}; there are ${Object.keys(BENCHES).join(', ')}`)
      say(`\n${name} (load ${loads().join(' ')})`)
      for (const figure of (await bench(ground)).map(judge)) {
        figures.push(figure)
        say(describe(figure))
      }
    }
  } finally {
    await ground.close()
  }
  if (values.json) {
    const queue = ground.redisUrl ? 'redis' : 'postgresql'
    process.stdout.write(
      `${JSON.stringify({ machine: { ...machine, load_after: loads() }, queue, figures })}\n`,
    )
  }
  process.exit(figures.some((figure) => figure.pass === false) ? 1 : 0)
}

const NO_REDIS =
  'POSTGRESQL, because there is no redis-server on the PATH: what is asked on Redis is not shown by this run'

function machineNow() {
  return {
    processors: cpus().length,
    processor: cpus()[0]?.model ?? 'unknown',
    memory_gb: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    at: new Date().toISOString(),
    load_before: loads(),
  }
}

function loads(): number[] {
  return loadavg().map((load) => Math.round(load * 100) / 100)
}

await main()
