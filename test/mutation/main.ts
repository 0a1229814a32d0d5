import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { endWith } from '../support/command.ts'
import setupDatabase from '../support/global-setup.ts'
import { LEFT_OUT, mutateConstraints } from './constraints.ts'

const ROOMS = ['wallet', 'pricing', 'delivery', 'campaigns', 'approvals', 'reminders'] as const

const USAGE = `
npm run mutate                  all of it
npm run mutate -- constraints   each guard of the database is dropped in turn
npm run mutate -- ROOM …        Stryker changes the pure rules of these rooms: ${ROOMS.join(', ')}

Ends with 1 where a change goes unnoticed: any of the database's, or more than 15 of 100 of the rules'.
`
const words = process.argv.slice(2)
const strange = words.filter((word) => word !== 'constraints' && !ROOMS.includes(word as 'wallet'))
if (words.includes('--help')) endWith(0, USAGE)
if (strange.length > 0) endWith(2, `There is no ${strange.join(' ')} here.\n\n${USAGE}`)

const chosen = words.length > 0 ? words : ['constraints', ...ROOMS]
const unnoticed = chosen.includes('constraints') ? await constraints() : 0
process.exitCode = Math.max(unnoticed, rules(chosen.filter((word) => word !== 'constraints')))

async function constraints(): Promise<number> {
  const closeDatabase = await setupDatabase()
  try {
    const mutants = await mutateConstraints((line) => void process.stdout.write(`${line}\n`))
    const survived = mutants.filter(({ noticedBy }) => noticedBy.length === 0)
    const tables = new Set(mutants.map(({ table }) => table)).size
    const leftOut = Object.keys(LEFT_OUT)
    process.stdout.write(
      `${mutants.length} guards of ${tables} tables dropped in turn, ${survived.length} unnoticed\n` +
        `left out are ${leftOut.length} tables: ${leftOut.join(', ')}\n`,
    )
    return survived.length > 0 ? 1 : 0
  } finally {
    await closeDatabase()
  }
}

function rules(rooms: readonly string[]): number {
  const stryker = fileURLToPath(new URL('../../node_modules/.bin/stryker', import.meta.url))
  const config = fileURLToPath(new URL('stryker.config.mjs', import.meta.url))
  let code = 0
  for (const room of rooms) {
    const { status } = spawnSync(stryker, ['run', config], {
      stdio: 'inherit',
      cwd: fileURLToPath(new URL('../../', import.meta.url)),
      // Not UTC, so that what goes by the clock of the machine and should not is noticed.
      env: { ...process.env, MUTATE_ROOM: room, TZ: 'America/New_York' },
    })
    if (status !== 0) code = 1
  }
  return code
}
