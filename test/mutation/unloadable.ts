import type { Reporter, RunnerTestCase, RunnerTestFile, Vitest } from 'vitest/node'

/**
 * A file of tests that can no longer be loaded, because what it reads while it is loaded is refused, has no tests, and
 * Stryker would take that nobody noticed. Here it has one, which fails.
 */
export default class Unloadable implements Reporter {
  private files: () => readonly RunnerTestFile[] = () => []

  onInit(vitest: Vitest): void {
    this.files = () => vitest.state.getFiles()
  }

  onTestRunEnd(): void {
    for (const file of this.files()) {
      if (file.result?.state === 'fail' && file.tasks.length === 0) file.tasks.push(loading(file))
    }
  }
}

function loading(file: RunnerTestFile): RunnerTestCase {
  return { ...file, type: 'test', name: 'is loaded', suite: file, file } as unknown as RunnerTestCase
}
