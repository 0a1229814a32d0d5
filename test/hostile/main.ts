import { diceOf } from '../crash/dice.ts'
import { readCommand } from '../support/command.ts'
import setupDatabase from '../support/global-setup.ts'
import { allAttacks } from './attacks.ts'
import { collect } from './collect.ts'
import { openGround } from './ground.ts'
import { readAll } from './read.ts'
import { hostileSheets, mutated } from './sheets.ts'
import { besiege, type Siege } from './siege.ts'
import { hostileTemplates, saveAll } from './templates.ts'

const USAGE = `
npm run hostile                 hostile files and templates are read as an import reads them, then every route of the
                                API, the webhooks and the console is attacked in a server process of its own

Prints what was taken and refused, what took longest, how much memory is held afterwards and how long the server's loop
was kept waiting. Ends with 1 where anything ended otherwise than by a refusal, more than 50 MB are held, or the loop
waited for more than 100 ms of the server's own work.

  --mutated N         files that chance makes of the others, 10000
  --times T           attacks by chance at each place, beside what is always tried, 2
  --share P           the share of the attacks that are made, 1
  --seed S            the same seed makes the same files and attacks; by default another each time
`
const values = readCommand(USAGE, {
  mutated: { type: 'string', default: '10000' },
  times: { type: 'string', default: '2' },
  share: { type: 'string', default: '1' },
  seed: { type: 'string', default: String(Date.now() % 1_000_000) },
})
const MOST_HELD_BYTES = 50 * 1024 * 1024
const MOST_LOOP_MS = 100
const FIRST_ROUND = 0.05

const corpus = hostileSheets()
const seed = Number(values.seed)
const dice = diceOf(seed)
await readAll(corpus.slice(0, 5))
const before = held()
const first = await readAll(corpus)
say(`${corpus.length} hostile files`, first)
const second = await readAll(
  (function* () {
    for (let n = 0; n < Number(values.mutated); n++) yield mutated(dice, corpus)
  })(),
)
say(`${values.mutated} changed by chance, seed ${seed}`, second)
const templates = saveAll(hostileTemplates())
process.stdout.write(
  `${templates.taken + templates.refused} templates: ${templates.taken} taken, ${templates.refused} refused, the slowest ${templates.slowestMs.toFixed(0)} ms\n`,
)
const grown = held() - before
process.stdout.write(`memory held afterwards: ${megabytes(grown)} more than before\n`)
const siege = await besiegeServer()
process.stdout.write(
  `${siege.taken + siege.refused + siege.faults.length} requests to ${siege.routes.size} routes: ${siege.taken} taken, ` +
    `${siege.refused} refused with a code, ${siege.faults.length} otherwise\n` +
    `the server holds ${megabytes(siege.grownBytes)} more than before, ${megabytes(siege.heldBytes)} of it in its heap; its loop waited at most ${siege.ownMs.toFixed(0)} ms ` +
    `for its own work, ${siege.loopMs.toFixed(0)} ms by the clock\n`,
)
const faults = [...first.faults, ...second.faults, ...templates.faults, ...siege.faults]
if (siege.ownMs > MOST_LOOP_MS) faults.push(`the loop waited around ${siege.longestAt}`)
for (const fault of faults) process.stdout.write(`FAILED: ${fault}\n`)
process.exitCode = faults.length > 0 || grown > MOST_HELD_BYTES || siege.grownBytes > MOST_HELD_BYTES ? 1 : 0

/** A first round loads and pools what stays for good, also for the largest bodies. */
async function besiegeServer(): Promise<Siege> {
  const tearDown = await setupDatabase()
  const ground = await openGround()
  try {
    await besiege(ground, allAttacks(ground, dice, { times: 1, share: FIRST_ROUND }))
    const options = { times: Number(values.times), share: Number(values.share) }
    return await besiege(ground, allAttacks(ground, dice, options))
  } finally {
    await ground.close()
    await tearDown()
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`
}

function say(
  what: string,
  { read, refused, faults: wrong, slowestMs }: Awaited<ReturnType<typeof readAll>>,
): void {
  process.stdout.write(
    `${what}: ${read} read, ${refused} refused with a code, ${wrong.length} otherwise, the slowest ${slowestMs.toFixed(0)} ms\n`,
  )
}

/** What is still held once the garbage is gone. */
function held(): number {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
