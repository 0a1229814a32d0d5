import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { relative } from 'node:path'
import type { Reporter, TestCase, TestModule } from 'vitest/node'

/** Says in the last lines of a run what this machine could not run, and why: a skipped test proves nothing. */
export default class NotRun implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const skipped = modules.flatMap((module) => [...module.children.allTests('skipped')])
    const lines = [...missing(), ...groups(skipped).map(([name, count]) => `${count} of ${name}`)]
    process.stdout.write(
      lines.length === 0
        ? 'Nothing was left out.\n\n'
        : `${['Not run on this machine:', ...lines].join('\n  ')}\n\n`,
    )
  }
}

function missing(): string[] {
  const hasRedis = spawnSync('redis-server', ['--version']).status === 0
  const hasShared = existsSync(new URL('../../../shared', import.meta.url))
  return [
    ...(hasRedis
      ? []
      : ['the queue on Redis: there is no redis-server (on Debian: apt-get install redis-server)']),
    ...(hasShared ? [] : ['comparisons with the platform’s recorded messages: there is no folder ../shared']),
  ]
}

function groups(tests: readonly TestCase[]): [name: string, count: number][] {
  const counts = new Map<string, number>()
  for (const test of tests) {
    const [suite] = test.fullName.split(' > ')
    const name = `${relative(process.cwd(), test.module.moduleId)}: ${suite}`
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return [...counts]
}
