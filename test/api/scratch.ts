import { type Database, openDatabase } from '../../src/platform/db.ts'
import { migrate } from '../../src/platform/migrate.ts'
import { sharedDatabaseUrl } from '../support/database.ts'

/** 22 November 2026, a Sunday noon in Jakarta. */
export const NOON = new Date('2026-11-22T05:00:00.000Z')

export type Scratch = { owner: Database; database: Database; close(): Promise<void> }

/** A migrated database, opened as its owner and as the program. Tests share it: each makes its own workspaces. */
export async function openScratch(ownerUrl = sharedDatabaseUrl()): Promise<Scratch> {
  const { programUrl } = await migrate(ownerUrl)
  const clock = { now: () => NOON }
  const owner = openDatabase(ownerUrl, clock, { poolSize: 2 })
  const database = openDatabase(programUrl, clock, { poolSize: 6 })
  return {
    owner,
    database,
    close: async () => {
      await Promise.all([owner.close(), database.close()])
    },
  }
}
