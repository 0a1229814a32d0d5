import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'

/**
 * `npm run nodes [-- TESTS]`: the demo and some tests, by default those from a sheet to its settlement, with the oldest
 * Node.js that is promised and the newest of the two other lines, each from npm's registry into a folder of its own.
 * Ends with exit code 1 if anything failed with any of them.
 */
const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const VERSIONS = ['20.19.0', '22', '24']
const DEFAULT_TESTS = ['test/flow', 'test/contacts', 'test/cli/backup.test.ts']
const LAST_LINES = 40

const tests = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), 'duecast-nodes-'))
// Some tests start programs as another user.
chmodSync(folder, 0o755)
try {
  for (const version of VERSIONS) tryWith(version, tests.length > 0 ? tests : DEFAULT_TESTS)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function tryWith(version: string, tests: readonly string[]): void {
  const home = join(folder, version)
  const installed = run('npm', ['install', '--no-audit', '--no-fund', '--prefix', home, `node@${version}`])
  const path = `${join(home, 'node_modules', 'node', 'bin')}${delimiter}${process.env.PATH}`
  const { stdout } = run('node', ['--version'], path)
  const exact = stdout.trim()
  const [major] = version.split('.')
  const isThere = installed.status === 0 && exact.startsWith(`v${major}.`)
  if (isThere) {
    say(exact, 'demo', run('npm', ['run', 'demo', '--', '--exit'], path))
    say(exact, `tests: ${tests.join(' ')}`, run('npm', ['test', '--', ...tests], path))
  } else say(version, 'installation', { ...installed, status: installed.status || 1 })
}

function run(command: string, args: readonly string[], path = process.env.PATH): SpawnSyncReturns<string> {
  const env = { ...process.env, PATH: path }
  return spawnSync(command, args, { cwd: ROOT, env, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
}

function say(version: string, what: string, { status, stdout, stderr }: SpawnSyncReturns<string>): void {
  const counts = /^\s*Tests .*$/m.exec(stripVTControlCharacters(stdout))?.[0].trim()
  process.stdout.write(
    `${status === 0 ? 'ok   ' : 'FAIL '} Node.js ${version}, ${what}${counts ? `: ${counts}` : ''}\n`,
  )
  if (status === 0) return
  process.stdout.write(
    `${stripVTControlCharacters(stdout + stderr)
      .split('\n')
      .slice(-LAST_LINES)
      .join('\n')}\n`,
  )
  process.exitCode = 1
}
