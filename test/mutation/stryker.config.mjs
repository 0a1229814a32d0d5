/** Which files hold the pure rules of a room, and which tests know them. `MUTATE_ROOM` chooses the room. */
const ROOMS = {
  wallet: { mutate: ['src/wallet/ledger.ts', 'src/platform/money.ts'] },
  pricing: {
    mutate: [
      'src/pricing/charge.ts',
      'src/pricing/day.ts',
      'src/pricing/rate-card.ts',
      'src/pricing/quote.ts',
      'src/pricing/validity.ts',
      'src/pricing/models/*.ts',
    ],
  },
  delivery: {
    mutate: [
      'src/delivery/decency.ts',
      'src/delivery/lifecycle.ts',
      'src/delivery/pace.ts',
      'src/delivery/receipt.ts',
      'src/delivery/rise.ts',
      'src/delivery/window.ts',
    ],
  },
  campaigns: {
    mutate: ['src/campaigns/lifecycle.ts', 'src/campaigns/schedule.ts', 'src/campaigns/zones.ts'],
  },
  reminders: {
    mutate: [
      'src/reminders/foresight.ts',
      'src/reminders/invoice.ts',
      'src/reminders/occurrence.ts',
      'src/reminders/recurrence.ts',
      'src/reminders/sequence.ts',
    ],
  },
  approvals: { mutate: ['src/campaigns/approval.ts'] },
}

const room = process.env.MUTATE_ROOM ?? 'wallet'

export default {
  mutate: ROOMS[room].mutate,
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner'],
  vitest: { configFile: 'test/mutation/vitest.config.ts', related: false },
  coverageAnalysis: 'perTest',
  concurrency: 1,
  reporters: ['clear-text', 'progress-append-only'],
  clearTextReporter: { allowColor: false, logTests: false },
  thresholds: { high: 95, low: 85, break: 85 },
  tempDirName: '.stryker-tmp',
  timeoutMS: 20_000,
}
