import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/**
 * `npm run check`: format and lint, types, the walls of the house, dead code, migrations. One line for each step, and
 * an end with exit code 1 at the first that finds faults.
 */
const ROOT = fileURLToPath(new URL('../../', import.meta.url))
/** A cruise that saw nothing finds no fault: the house had 433 modules when this was written. */
const LEAST_MODULES = 380
const LEAST_MIGRATIONS = 13

type Outcome = { readonly ok: boolean; readonly says: string; readonly faults: string }
type Step = { readonly name: string; run(): Outcome }

const STEPS: readonly Step[] = [
  { name: 'format and lint', run: () => tool('biome', ['check', '--error-on-warnings', '.'], biomeSays) },
  {
    name: 'types',
    run: () => tool('tsc', ['--project', '.', '--noEmit', '--pretty', 'false'], () => 'no errors'),
  },
  { name: 'walls of the house', run: layers },
  {
    name: 'dead code',
    run: () => tool('knip', ['--no-progress'], () => 'no unused files, exports or packages'),
  },
  { name: 'migrations', run: migrations },
]

for (const { name, run } of STEPS) {
  const { ok, says, faults } = run()
  process.stdout.write(`${ok ? 'ok   ' : 'FAIL '} ${name}: ${says}\n`)
  if (ok) continue
  process.stdout.write(`\n${faults.trim()}\n`)
  process.exit(1)
}

function tool(name: string, args: readonly string[], says: (output: string) => string): Outcome {
  const { status, output } = runTool(name, args)
  return { ok: status === 0, says: status === 0 ? says(output) : 'see below', faults: output }
}

function runTool(
  name: string,
  args: readonly string[],
): { status: number | null; output: string; stdout: string } {
  const path = fileURLToPath(new URL(`../../node_modules/.bin/${name}`, import.meta.url))
  const done = spawnSync(path, args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  if (done.error) throw done.error
  return { status: done.status, stdout: done.stdout, output: `${done.stdout}${done.stderr}` }
}

function biomeSays(output: string): string {
  return /Checked \d+ files/.exec(output)?.[0] ?? 'no faults'
}

type Cruise = {
  readonly summary: {
    readonly totalCruised: number
    readonly totalDependenciesCruised?: number
    readonly violations: readonly { from: string; to: string; rule: { name: string; severity: string } }[]
  }
}

function layers(): Outcome {
  const args = ['src', 'workers', 'test', '--config', '.dependency-cruiser.cjs', '--output-type', 'json']
  const { stdout, output } = runTool('depcruise', args)
  const { totalCruised, totalDependenciesCruised = 0, violations } = parseCruise(stdout, output).summary
  if (totalCruised < LEAST_MODULES) {
    const faults = `Only ${totalCruised} modules were seen, where at least ${LEAST_MODULES} stand: nothing is proved.`
    return { ok: false, says: 'too little was seen', faults }
  }
  return {
    ok: violations.length === 0,
    says: `${totalCruised} modules, ${totalDependenciesCruised} imports, ${violations.length} through a wall`,
    faults: violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`).join('\n'),
  }
}

function parseCruise(stdout: string, output: string): Cruise {
  try {
    return JSON.parse(stdout) as Cruise
  } catch {
    throw new Error(`dependency-cruiser gave no JSON: ${output.slice(0, 2_000)}`)
  }
}

/** The journal names every file, once and in order, and each file begins where the one before it ended. */
function migrations(): Outcome {
  const journal = JSON.parse(
    readFileSync(new URL('drizzle/meta/_journal.json', `file://${ROOT}`), 'utf8'),
  ) as {
    entries: readonly { idx: number; when: number; tag: string }[]
  }
  const files = readdirSync(new URL('drizzle/', `file://${ROOT}`))
    .filter((name) => name.endsWith('.sql'))
    .sort()
  const named = journal.entries.map(({ tag }) => `${tag}.sql`)
  const faults = [
    ...files
      .filter((file) => !named.includes(file))
      .map((file) => `${file} is not in the journal: it never runs.`),
    ...named
      .filter((file) => !files.includes(file))
      .map((file) => `${file} is in the journal and not there.`),
    ...journal.entries.flatMap(({ idx, tag, when }, at) => {
      const before = journal.entries[at - 1]
      const wrong: string[] = []
      if (idx !== at || !tag.startsWith(`${String(at).padStart(4, '0')}_`))
        wrong.push(`${tag} is not in its place (${at}).`)
      if (before && when <= before.when)
        wrong.push(`${tag} is not later than ${before.tag}: it would be passed over.`)
      return wrong
    }),
    ...(files.length < LEAST_MIGRATIONS ? [`Only ${files.length} migrations are there.`] : []),
  ]
  return {
    ok: faults.length === 0,
    says: `${files.length} in the journal and in order`,
    faults: faults.join('\n'),
  }
}
