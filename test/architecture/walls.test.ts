import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** A house in which every wall has been broken once; the name of the rule that must say so stands beside each file. */
const BREACHES: readonly [file: string, imports: string, rule: string][] = [
  ['src/contacts/peek.ts', '../pricing/index.ts', 'contacts-imports-leftward'],
  ['src/platform/reach.ts', '../workspaces/index.ts', 'platform-imports-leftward'],
  ['src/campaigns/window.ts', '../delivery/lifecycle.ts', 'campaigns-enters-by-the-index'],
  ['src/pricing/cellar.ts', '../platform/embedded/open.ts', 'pricing-enters-by-the-index'],
  ['src/api/window.ts', '../delivery/tables.ts', 'src-api-enters-by-the-index'],
  ['workers/window.ts', '../src/delivery/lifecycle.ts', 'workers-enters-by-the-index'],
  ['src/reports/door.ts', '../api/routes.ts', 'nobody-imports-src-api'],
  ['src/api/worker.ts', '../../workers/registry.ts', 'nobody-imports-workers'],
  ['src/wallet/whole.ts', '../house.ts', 'rooms-know-nothing-of-the-whole'],
  ['src/delivery/stand-in.ts', '../simulator/index.ts', 'the-stand-in-is-an-outside-world'],
  ['src/simulator/inside.ts', '../delivery/index.ts', 'the-stand-in-knows-no-room'],
  ['src/wallet/ledger.ts', '../platform/db.ts', 'hearts-are-pure'],
  ['src/campaigns/lifecycle.ts', 'node:fs', 'hearts-are-pure'],
  ['src/reports/one.ts', './other.ts', 'no-circles'],
  ['src/reports/lab.ts', '../../test/lab.ts', 'nothing-imports-tests'],
  ['src/reports/tool.ts', 'vitest', 'production-runs-without-dev-dependencies'],
  ['src/reports/nowhere.ts', './gone.ts', 'everything-resolves'],
  ['src/reports/forgotten.ts', '', 'no-orphans'],
]

/** What stands on the right side of every wall. */
const SOUND: readonly [file: string, imports: readonly string[]][] = [
  ['src/platform/db.ts', ['node:fs']],
  ['src/platform/embedded/open.ts', []],
  ['src/platform/embedded/index.ts', ['./open.ts']],
  ['src/workspaces/index.ts', ['../platform/db.ts']],
  ['src/pricing/index.ts', ['../workspaces/index.ts']],
  ['src/delivery/lifecycle.ts', []],
  ['src/delivery/tables.ts', []],
  ['src/delivery/index.ts', ['./lifecycle.ts', './tables.ts', '../pricing/index.ts']],
  ['src/campaigns/read.ts', ['../delivery/tables.ts', '../delivery/index.ts']],
  ['src/simulator/index.ts', []],
  ['src/reports/other.ts', ['./one.ts']],
  ['src/api/routes.ts', ['../delivery/index.ts']],
  ['src/house.ts', ['./platform/db.ts', './platform/embedded/index.ts']],
  ['src/main.ts', ['./house.ts', './api/routes.ts', './simulator/index.ts', '../workers/registry.ts']],
  ['src/cli/demo.ts', ['../main.ts', '../simulator/index.ts']],
  ['workers/registry.ts', ['../src/delivery/index.ts', '../src/house.ts']],
  ['test/lab.ts', ['../src/main.ts', '../src/api/routes.ts', '../src/delivery/lifecycle.ts', 'vitest']],
]

describe('the rules of .dependency-cruiser.cjs', () => {
  let folder: string
  let violations: { from: string; to: string; rule: { name: string } }[]

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'duecast-walls-'))
    for (const [file, imports] of SOUND) write(file, imports)
    for (const [file, imported] of BREACHES) write(file, imported === '' ? [] : [imported])
    for (const name of ['.dependency-cruiser.cjs', 'tsconfig.json', 'package.json'])
      cpSync(join(ROOT, name), join(folder, name))
    mkdirSync(join(folder, 'node_modules/vitest'), { recursive: true })
    writeFileSync(join(folder, 'node_modules/vitest/package.json'), '{"name":"vitest","main":"index.js"}')
    writeFileSync(join(folder, 'node_modules/vitest/index.js'), '')
    const args = ['src', 'workers', 'test', '--config', '.dependency-cruiser.cjs', '--output-type', 'json']
    const cruised = spawnSync(join(ROOT, 'node_modules/.bin/depcruise'), args, {
      cwd: folder,
      encoding: 'utf8',
    })
    violations = JSON.parse(cruised.stdout).summary.violations
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  function write(file: string, imports: readonly string[]): void {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    const lines = imports.map(
      (path, at) => `import * as it${at} from '${path}'\nexport const use${at} = it${at}\n`,
    )
    writeFileSync(join(folder, file), lines.length === 0 ? 'export {}\n' : lines.join(''))
  }

  it.each(BREACHES)('%s may not import %s (%s)', (file, _imported, rule) => {
    expect(violations.filter(({ from }) => from === file).map((one) => one.rule.name)).toContain(rule)
  })

  it('know the hearts that there are', () => {
    const { forbidden } = createRequire(import.meta.url)(join(ROOT, '.dependency-cruiser.cjs')) as {
      forbidden: { name: string; from: { path: string } }[]
    }
    const hearts = new RegExp(forbidden.find(({ name }) => name === 'hearts-are-pure')!.from.path)
    const files = readdirSync(join(ROOT, 'src'), { recursive: true }).map((file) => `src/${file}`)
    expect(files.filter((file) => hearts.test(file)).length).toBeGreaterThan(40)
  })

  it('let everything through that stands where it belongs', () => {
    const breached = new Set(BREACHES.map(([file]) => file))
    expect(violations.filter(({ from }) => !breached.has(from))).toEqual([])
  })
})
