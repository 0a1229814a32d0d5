import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default', './test/support/not-run.ts'],
    // Real databases, servers and child processes: a process for each file, and no more of them than two cores carry.
    pool: 'forks',
    maxWorkers: 2,
    // On a busy machine a campaign may take a minute to settle, and `follow` waits as long.
    testTimeout: 90_000,
    hookTimeout: 120_000,
    teardownTimeout: 30_000,
  },
})
