import { defineConfig } from 'vitest/config'

/**
 * The tests of pure rules alone: no database, no processes, so that a thousand changes can be tried in minutes. Each room
 * is known by its own tests, since what is read when a file is loaded costs a run of all of them for each change.
 */
const TESTS: Readonly<Record<string, readonly string[]>> = {
  wallet: ['test/wallet/*.rules.test.ts'],
  pricing: ['test/pricing/{charge,market,quote,rate-card,validity}.test.ts'],
  delivery: ['test/delivery/*.rules.test.ts', 'test/delivery/{decency,pace}.test.ts'],
  campaigns: ['test/campaigns/campaigns.rules.test.ts'],
  approvals: ['test/campaigns/approval.rules.test.ts'],
  reminders: ['test/reminders/*.rules.test.ts'],
}

const room = process.env.MUTATE_ROOM
const include = room === undefined ? Object.values(TESTS).flat() : TESTS[room]

export default defineConfig({
  test: { include: [...(include ?? [])], pool: 'forks', testTimeout: 60_000 },
})
