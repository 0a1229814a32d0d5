import { parseArgs } from 'node:util'
import setupDatabase from '../support/global-setup.ts'
import { FAULTS, type Fault } from './faults.ts'
import { crash } from './run.ts'
import type { Verdict } from './verdict.ts'

/**
 * `npm run crash -- --runs N --seed S`: campaigns are sent while processes are killed, on an embedded PostgreSQL of its
 * own; on Redis if TEST_REDIS_URL names one. Prints every fault, a verdict for each run and their sum; exits with 1 if
 * anything was sent twice, charged wrongly or lost. `--faults worker,server,backend` chooses what is killed.
 */
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    kills: { type: 'string', default: '20' },
    messages: { type: 'string', default: '4000' },
    pace: { type: 'string', default: '500' },
    faults: { type: 'string', default: FAULTS.join(',') },
  },
})

const seed = wholeNumber('seed', values.seed)
const runs = wholeNumber('runs', values.runs)
const options = {
  kills: wholeNumber('kills', values.kills),
  messages: wholeNumber('messages', values.messages),
  messagesPerSecond: wholeNumber('pace', values.pace),
  faults: values.faults.split(',').map(faultNamed),
  say: (line: string) =>
    void process.stdout.write(`${(performance.now() / 1000).toFixed(1).padStart(7)} s  ${line}\n`),
}

const closeDatabase = await setupDatabase()
const verdicts: Verdict[] = []
let failed = 0
try {
  for (let run = 0; run < runs; run++) {
    const { verdict, faults } = await crash({ ...options, seed: seed + run })
    verdicts.push(verdict)
    for (const fault of faults) options.say(`  FAILED: ${fault}`)
    if (faults.length > 0) failed += 1
  }
  options.say(sumOf(verdicts))
} finally {
  await closeDatabase()
}
process.exitCode = failed > 0 ? 1 : 0

function sumOf(all: readonly Verdict[]): string {
  const sum = (figure: 'kills' | 'sentTwice' | 'chargedWrongly' | 'lost' | 'uncertain' | 'inFlightAtKills') =>
    all.reduce((total, verdict) => total + verdict[figure], 0)
  return [
    `${all.length} runs, ${sum('kills')} kills, ${all.length * options.messages} messages, seeds ${seed} to ${seed + runs - 1}, ${failed} runs failed:`,
    `sent twice ${sum('sentTwice')}, charged wrongly ${sum('chargedWrongly')}, lost ${sum('lost')}, uncertain ${sum('uncertain')} (of ${sum('inFlightAtKills')} in flight when killed)`,
  ].join('\n')
}

function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`--${name} is a whole number`)
  return Number(text)
}

function faultNamed(name: string): Fault {
  const fault = FAULTS.find((known) => known === name)
  if (!fault) throw new Error(`--faults takes any of ${FAULTS.join(', ')}`)
  return fault
}
