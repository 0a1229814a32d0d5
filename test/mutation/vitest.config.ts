import { defineConfig } from 'vitest/config'

/** The tests of pure rules alone: no database, no processes, so that a thousand changes can be tried in minutes. */
export default defineConfig({
  test: {
    include: [
      'test/**/*.rules.test.ts',
      'test/pricing/{charge,market,quote,rate-card,validity}.test.ts',
      'test/delivery/pace.test.ts',
    ],
    pool: 'forks',
    testTimeout: 60_000,
  },
})
