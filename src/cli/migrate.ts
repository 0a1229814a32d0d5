import { publishSeed } from '../pricing/index.ts'
import { withInstallation } from './installation.ts'
import { printJson, printLine } from './terminal.ts'

/** `duecast migrate`: every command does it first; this one does nothing else and says what is there. */
export async function migrateDatabase(options: { readonly json?: boolean }): Promise<void> {
  const done = await withInstallation(async ({ owner }) => {
    const { rates, markets } = await publishSeed(owner.sql)
    const [row] = await owner.sql<{ migrations: number }[]>`
      SELECT count(*)::int AS migrations FROM drizzle.__drizzle_migrations`
    return { migrations: row!.migrations, seeded_rates: rates, seeded_markets: markets }
  })
  if (options.json) return printJson({ ok: true, ...done })
  printLine(`The database is up to date: ${done.migrations} migrations applied.`)
  printLine(`Seed: ${done.seeded_rates} dated prices, ${done.seeded_markets} markets.`)
}
