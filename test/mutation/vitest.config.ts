import { defineConfig, type Plugin } from 'vitest/config'
import Unloadable from './unloadable.ts'

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

/**
 * What of a door the rules of a room are entered by. Behind the rest stand a database and readers of files, whose loading
 * took nine tenths of the time of a change; a test that needs one of them fails before anything is changed.
 */
const DOORS: Readonly<Record<string, { readonly door: string; readonly rules: readonly string[] }>> = {
  pricing: {
    door: 'pricing',
    rules: ['charge', 'market', 'models/conversation-24h', 'quote', 'rate-card', 'validity'],
  },
  campaigns: { door: 'delivery', rules: ['window'] },
  reminders: { door: 'delivery', rules: ['decency', 'window'] },
}

const room = process.env.MUTATE_ROOM
const include = room === undefined ? Object.values(TESTS).flat() : TESTS[room]

export default defineConfig({
  plugins: [doorOfRules()],
  test: {
    include: [...(include ?? [])],
    pool: 'forks',
    // One process for each change, new each time, and what the files of tests share is loaded into it once.
    isolate: false,
    reporters: ['default', new Unloadable()],
    testTimeout: 60_000,
  },
})

function doorOfRules(): Plugin {
  const { door, rules } = DOORS[room ?? ''] ?? { door: undefined, rules: [] }
  return {
    name: 'door-of-rules',
    enforce: 'pre',
    transform(code, id) {
      if (door === undefined || !id.endsWith(`/src/${door}/index.ts`)) return undefined
      return code.replace(/^export (?:type )?\{[^}]*\} from '\.\/(.+)\.ts'$/gm, (line, file: string) =>
        rules.includes(file) ? line : '',
      )
    },
  }
}
