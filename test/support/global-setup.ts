import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openEmbedded } from '../../src/platform/embedded/index.ts'

/**
 * One real PostgreSQL for the whole suite: the embedded one, in a folder of its own, unless TEST_DATABASE_URL names
 * another. Test files share its database or ask `test/support/database.ts` for one of their own.
 */
export default async function setup(): Promise<() => Promise<void>> {
  if (process.env.TEST_DATABASE_URL) return async () => {}
  return openTestDatabase(await mkdtemp(join(tmpdir(), 'duecast-tests-')))
}

/** Starts it in a folder that is removed with it. */
export async function openTestDatabase(dataDir: string): Promise<() => Promise<void>> {
  const embedded = await openEmbedded({ dataDir })
  const { superuser_url } = JSON.parse(await readFile(embedded.superuserUrlFile, 'utf8')) as {
    superuser_url: string
  }
  process.env.TEST_DATABASE_URL = embedded.databaseUrl
  process.env.TEST_SUPERUSER_URL = superuser_url
  return async () => {
    await embedded.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
}
