import { systemClock } from '../platform/clock.ts'
import { type Config, loadConfig, readEnvironment } from '../platform/config.ts'
import { type Database, openDatabase } from '../platform/db.ts'
import { type EmbeddedDatabase, openEmbedded } from '../platform/embedded/index.ts'
import { isUuid, newId } from '../platform/ids.ts'
import { type Log, openLog } from '../platform/log.ts'
import { migrate } from '../platform/migrate.ts'
import { recogniseInstallation } from '../platform/recognise.ts'
import type { Scope } from '../platform/scope.ts'
import { publishSeed } from '../pricing/index.ts'
import { CommandFailure } from './failure.ts'

/** The database that this configuration names, up to date, for one command. */
export type Installation = {
  readonly config: Config
  readonly log: Log
  /** The owner of the tables, before any wall: for what makes or checks workspaces. */
  readonly owner: Database
  /** One transaction of a workspace, by an operator, as the program's own restricted role. */
  within<T>(workspaceId: string, work: (scope: Scope) => Promise<T>): Promise<T>
}

const POOL_SIZE = 4

/**
 * Opens the installation for one command and lets go of it afterwards. An embedded database that a server has already
 * started is joined, else it is started and stopped again.
 */
export async function withInstallation<T>(work: (installation: Installation) => Promise<T>): Promise<T> {
  const env = readEnvironment()
  const config = loadConfig(env)
  const log = openLog(env.LOG_LEVEL ? config.logLevel : 'warn')
  const embedded =
    config.databaseUrl === undefined ? await openEmbedded({ dataDir: config.dataDir, log }) : undefined
  try {
    return await withDatabase(config, embedded, log, work)
  } finally {
    await embedded?.stop()
  }
}

/** @throws CommandFailure for what cannot be a workspace's id */
export function workspaceId(text: string): string {
  if (isUuid(text)) return text
  throw noSuchWorkspace(text)
}

export function noSuchWorkspace(text: string): CommandFailure {
  return new CommandFailure(
    'not_found',
    `There is no workspace ${JSON.stringify(text)}: give the id that "workspace create" printed.`,
  )
}

async function withDatabase<T>(
  config: Config,
  embedded: EmbeddedDatabase | undefined,
  log: Log,
  work: (installation: Installation) => Promise<T>,
): Promise<T> {
  const ownerUrl = config.databaseUrl ?? embedded!.databaseUrl
  const { programUrl } = await migrate(ownerUrl)
  const owner = openDatabase(ownerUrl, systemClock, { poolSize: POOL_SIZE })
  const program = openDatabase(programUrl, systemClock, { poolSize: POOL_SIZE })
  try {
    await publishSeed(owner.sql)
    await recogniseInstallation(owner.sql, embedded?.mark)
    return await work({
      config,
      log,
      owner,
      within: (id, act) =>
        program.within({ workspaceId: id, actor: OPERATOR, requestId: `cli ${newId()}` }, act),
    })
  } finally {
    await Promise.all([owner.close(), program.close()])
  }
}

const OPERATOR = { name: 'operator', role: 'owner' } as const
