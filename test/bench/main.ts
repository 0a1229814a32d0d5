import { cpus, loadavg, totalmem } from 'node:os'
import { endWith, readCommand } from '../support/command.ts'
import { benchConsolePages } from './console-pages.ts'
import { benchFairness } from './fairness.ts'
import { describe, type Figure, type Judged, judge } from './figure.ts'
import { type Ground, openGround } from './ground.ts'
import { benchGrowth } from './growth.ts'
import { benchImport } from './import.ts'
import { benchLatency } from './latency.ts'
import { benchQuote } from './quote.ts'
import { benchReceipts } from './receipts.ts'
import { benchSend } from './send.ts'
import { benchWatchers } from './watchers.ts'
import { benchWebhookDoor } from './webhook-door.ts'
import { benchWorkers } from './workers.ts'

/** The benches by name, in the order in which they run. */
const BENCHES: Record<string, (ground: Ground, options: Options) => Promise<Figure[]>> = {
  import: (ground) => benchImport(ground, 100_000),
  quote: (ground) => benchQuote(ground, 100_000),
  send: (ground) => benchSend(ground, 60_000),
  receipts: (ground) => benchReceipts(ground, 100_000),
  webhooks: (ground) => benchWebhookDoor(ground, 40_000),
  growth: (ground, { history }) => benchGrowth(ground, 100_000, history),
  fairness: (ground) => benchFairness(ground, 20_000),
  latency: (ground) => benchLatency(ground, 60_000),
  'console-pages': (ground) => benchConsolePages(ground, 100_000),
  watchers: (ground) => benchWatchers(ground, 20_000),
}

/** Those that take minutes each: by name, or all of them by `--full`. */
const LARGE: typeof BENCHES = {
  'import-million': (ground) => benchImport(ground, 1_048_575),
  'quote-million': (ground) => benchQuote(ground, 1_000_000),
  'growth-million': (ground, { history }) => benchGrowth(ground, 1_000_000, history),
  'fairness-million': (ground) => benchFairness(ground, 1_000_000),
  workers: (ground) => benchWorkers(ground, 60_000),
}

type Options = { readonly history: number }

const USAGE = `
npm run bench                   every figure beside its own limit, measured in the same run

Ends with 1 where a figure is not what was asked.

  --only NAME,NAME    ${Object.keys(BENCHES).join(', ')};
                      and those that take minutes: ${Object.keys(LARGE).join(', ')}
  --full              all of them
  --json              as one line of JSON
  --history N         so many older messages stand in the database while the growth of costs is measured
`

async function main(): Promise<void> {
  const values = readCommand(USAGE, {
    json: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
    only: { type: 'string' },
    history: { type: 'string', default: '0' },
  })
  const benches = { ...BENCHES, ...LARGE }
  const names = values.only?.split(',') ?? Object.keys(values.full ? benches : BENCHES)
  const strange = names.filter((name) => !Object.hasOwn(benches, name))
  if (strange.length > 0) endWith(2, `There is no ${strange.join(' ')} here.\n\n${USAGE}`)
  const options = { history: Number(values.history) }
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
      say(`\n${name} (load ${loads().join(' ')})`)
      for (const figure of (await benches[name]!(ground, options)).map(judge)) {
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
