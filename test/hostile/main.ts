import { parseArgs } from 'node:util'
import { diceOf } from '../crash/dice.ts'
import { readAll } from './read.ts'
import { hostileSheets, mutated } from './sheets.ts'
import { hostileTemplates, saveAll } from './templates.ts'

/**
 * `npm run hostile -- --mutated N --seed S`: a corpus of hostile files, and N that are made of it by chance, are read as
 * an import reads them, and hostile templates checked. Prints what was read, refused and took longest, and how much
 * memory is held afterwards; exits with 1 where anything ended otherwise than by a refusal.
 */
const { values } = parseArgs({
  options: {
    mutated: { type: 'string', default: '10000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
})
const MOST_HELD_BYTES = 50 * 1024 * 1024

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
process.stdout.write(`memory held afterwards: ${(grown / 1024 / 1024).toFixed(1)} MB more than before\n`)
const faults = [...first.faults, ...second.faults, ...templates.faults]
for (const fault of faults) process.stdout.write(`FAILED: ${fault}\n`)
process.exitCode = faults.length > 0 || grown > MOST_HELD_BYTES ? 1 : 0

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
  const { gc } = globalThis as { gc?: () => void }
  gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
