import { join } from 'node:path'
import { readCommand } from '../support/command.ts'
import setupDatabase, { openTestDatabase } from '../support/global-setup.ts'
import { openDisk } from './disk.ts'
import { type Fault, faultsOn } from './faults.ts'
import { describeKills, killMany } from './rounds.ts'
import { crash } from './run.ts'
import type { Verdict } from './verdict.ts'

const USAGE = `
npm run crash -- --runs N        campaigns are sent while faults strike; on a PostgreSQL of its own
npm run crash -- --kills N       one stage that stays, where something is killed twice a second; judged after each batch

Both print what they did, their seed, and what was sent twice, charged wrongly or lost; any of it ends them with 1.

  --seed S            the same seed strikes with the same things; by default another each time
  --queue NAME        postgres (by default) or redis
  --messages N        messages of a campaign, 4000
  --pace N            messages a second, 500
  --rough             the platform misbehaves too: no answer, resets, 500, 429 and nonsense

With --runs:
  --kills N           faults in each run, 20
  --faults NAME,NAME  what strikes; by default all that there is on that queue
  --away S, --hang S  for how long Redis is away and the provider hangs, 5 s and 15 s
  --long              five minutes, and one

With --kills alone:
  --batch N           kills between two judgements, 100
  --minutes M         no batch begins after that
`
const values = readCommand(USAGE, {
  runs: { type: 'string' },
  seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  kills: { type: 'string' },
  batch: { type: 'string', default: '100' },
  minutes: { type: 'string', default: '1440' },
  messages: { type: 'string', default: '4000' },
  pace: { type: 'string', default: '500' },
  faults: { type: 'string' },
  queue: { type: 'string', default: 'postgres' },
  rough: { type: 'boolean', default: false },
  away: { type: 'string' },
  hang: { type: 'string' },
  long: { type: 'boolean', default: false },
})

/** Shares of all calls. A call that is never answered is given up after ten seconds. */
const ROUGH = {
  timeout_after_accept: 0.004,
  reset_after_accept: 0.01,
  server_error: 0.01,
  rate_limited: 0.05,
  garbage: 0.01,
  slow: 0.02,
  slow_ms: 3_000,
}

/** Between two kills of the fast form. */
const PAUSE_MS = { least: 300, most: 600 }

const seed = wholeNumber('seed', values.seed)
const runs = wholeNumber('runs', values.runs ?? '1')
const options = {
  messages: wholeNumber('messages', values.messages),
  messagesPerSecond: wholeNumber('pace', values.pace),
  ownRedis: queueNamed(values.queue) === 'redis',
  platform: values.rough ? ROUGH : {},
  say: (line: string) =>
    void process.stdout.write(`${(performance.now() / 1000).toFixed(1).padStart(7)} s  ${line}\n`),
}

const kinds = values.faults?.split(',').map(faultNamed) ?? faultsOn(queueNamed(values.queue))
const isFast = values.kills !== undefined && values.runs === undefined
/** Seconds. */
const LENGTHS = values.long ? { away: '300', hang: '60' } : { away: '5', hang: '15' }
const lengths = {
  awayMs: wholeNumber('away', values.away ?? LENGTHS.away) * 1_000,
  hangMs: wholeNumber('hang', values.hang ?? LENGTHS.hang) * 1_000,
}

const disk = !isFast && kinds.includes('disk-full') ? openDisk() : undefined
const closeDatabase = disk ? await openTestDatabase(join(disk.folder, 'data')) : await setupDatabase()
try {
  const failed =
    values.kills !== undefined && values.runs === undefined ? await runKills() : await runFaults()
  process.exitCode = failed > 0 ? 1 : 0
} finally {
  await closeDatabase()
  disk?.close()
}

async function runKills(): Promise<number> {
  const kills = wholeNumber('kills', values.kills!)
  const batch = wholeNumber('batch', values.batch)
  const mostMs = wholeNumber('minutes', values.minutes) * 60_000
  const result = await killMany({ ...options, seed, kills, batch, mostMs, pauseMs: PAUSE_MS })
  options.say(describeKills(result, seed))
  return result.faults.length
}

async function runFaults(): Promise<number> {
  const verdicts: Verdict[] = []
  let failed = 0
  for (let run = 0; run < runs; run++) {
    const { verdict, faults } = await crash({
      ...options,
      seed: seed + run,
      kills: wholeNumber('kills', values.kills ?? '20'),
      disk,
      faults: kinds.filter((fault) => fault !== 'disk-full' || disk !== undefined),
      lengths,
    })
    verdicts.push(verdict)
    for (const fault of faults) options.say(`  FAILED: ${fault}`)
    if (faults.length > 0) failed += 1
  }
  options.say(sumOf(verdicts, failed))
  return failed
}

function sumOf(all: readonly Verdict[], failed: number): string {
  const sum = (
    figure:
      | 'unanswered'
      | 'kills'
      | 'sentTwice'
      | 'chargedWrongly'
      | 'lost'
      | 'uncertain'
      | 'inFlightAtKills',
  ) => all.reduce((total, verdict) => total + verdict[figure], 0)
  return [
    `${all.length} runs, ${sum('kills')} faults, ${all.length * options.messages} messages, seeds ${seed} to ${seed + runs - 1}, ${failed} runs failed:`,
    `sent twice ${sum('sentTwice')}, charged wrongly ${sum('chargedWrongly')}, lost ${sum('lost')}, uncertain ${sum('uncertain')} (of ${sum('inFlightAtKills')} in flight when struck, ${sum('unanswered')} not answered)`,
  ].join('\n')
}

function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`--${name} is a whole number`)
  return Number(text)
}

function faultNamed(name: string): Fault {
  const known = faultsOn(queueNamed(values.queue))
  const fault = known.find((one) => one === name)
  if (!fault) throw new Error(`--faults takes any of ${known.join(', ')}`)
  return fault
}

function queueNamed(name: string): 'postgres' | 'redis' {
  if (name === 'postgres' || name === 'redis') return name
  throw new Error('--queue takes postgres or redis')
}
