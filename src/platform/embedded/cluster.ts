import { appendFile, mkdtemp, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Account, type Outcome, runAs } from './account.ts'
import {
  type Credentials,
  credentialsFile,
  loginStatements,
  makeCredentials,
  writeSecret,
} from './credentials.ts'
import { EmbeddedDatabaseError, failureOf, folderFailure } from './failure.ts'
import { makeOwned, type Place } from './place.ts'
import { isGone, processesAt, signal } from './processes.ts'
import type { Software } from './software.ts'

const INITDB_TIMEOUT_MS = 5 * 60_000
const SINGLE_USER_TIMEOUT_MS = 10 * 60_000
const UNFINISHED = 'data.new-'
const END_TIMEOUT_MS = 5_000
/** The programs that initdb itself had started end with it, and may write for a moment longer. */
const REMOVAL_RETRIES = 8

/**
 * Makes a new database in `place`. All of it is made aside and appears under its name by one rename at the end, so a
 * start that is killed half way leaves nothing that could be taken for a database.
 * @throws EmbeddedDatabaseError `initialise_failed` or `disk_full`
 */
export async function initialise(
  place: Place,
  software: Software,
  account: Account | undefined,
): Promise<Credentials> {
  try {
    await removeUnfinished(place.home)
    await makeOwned(place.log, account, 0o750)
    const aside = await mkdtemp(join(place.home, UNFINISHED))
    await makeOwned(aside, account, 0o700)
    await makeCluster(aside, software, account)
    const credentials = await setLogins(place.folder, aside, software, account, true)
    await rename(aside, place.data)
    await syncFolder(place.home)
    return credentials
  } catch (error) {
    await removeUnfinished(place.home).catch(() => undefined)
    throw folderFailure(error, place.home)
  }
}

/** Sets new passwords in a database whose credentials were lost; it must not be running. */
export async function renewCredentials(
  place: Place,
  software: Software,
  account: Account | undefined,
): Promise<Credentials> {
  return setLogins(place.folder, place.data, software, account, false)
}

/**
 * Refuses a folder that is no database or that another major version of PostgreSQL made.
 * @throws EmbeddedDatabaseError `wrong_version` or `data_missing`
 */
export async function checkVersion(place: Place, software: Software): Promise<void> {
  const text = await readFile(join(place.data, 'PG_VERSION'), 'utf8').catch(() => undefined)
  if (text === undefined) {
    throw new EmbeddedDatabaseError(
      'data_missing',
      `${place.data} is not a PostgreSQL data folder: bring its content back, or remove it to begin with an empty database.`,
    )
  }
  const major = Number.parseInt(text, 10)
  if (major === software.major) return
  throw new EmbeddedDatabaseError(
    'wrong_version',
    `${place.data} was made by PostgreSQL ${text.trim()} and this program brings ${software.major}: start the version of the program that made it, or name another folder in DATA_DIR.`,
  )
}

/** Who owns the data, which is who must run PostgreSQL. */
export async function ownerOf(place: Place): Promise<{ uid: number; gid: number }> {
  const { uid, gid } = await stat(place.data)
  return { uid, gid }
}

async function removeUnfinished(home: string): Promise<void> {
  for (const name of await readdir(home)) {
    if (!name.startsWith(UNFINISHED)) continue
    const aside = join(home, name)
    await endMakersOf(aside)
    await rm(aside, { recursive: true, force: true, maxRetries: REMOVAL_RETRIES })
  }
}

/** What a start that was killed had begun goes on without it, and would make again what is removed. */
async function endMakersOf(aside: string): Promise<void> {
  const makers = processesAt(aside, ['initdb', 'postgres'])
  for (const pid of makers) signal(pid, 'SIGKILL')
  await Promise.all(makers.map((pid) => isGone(pid, END_TIMEOUT_MS)))
}

async function makeCluster(data: string, software: Software, account: Account | undefined): Promise<void> {
  // The builtin provider sorts and folds the same on every machine, whatever locales its system has.
  const locale = ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--encoding=UTF8']
  const access = ['--username=postgres', '--auth-local=reject', '--auth-host=reject', '--data-checksums']
  const outcome = await runAs(
    account,
    join(software.bin, 'initdb'),
    [`--pgdata=${data}`, ...locale, ...access],
    {
      timeoutMs: INITDB_TIMEOUT_MS,
    },
  )
  requireSuccess(outcome, 'The database could not be made.')
  await appendFile(join(data, 'postgresql.conf'), SETTINGS)
  await writeFile(join(data, 'pg_hba.conf'), ACCESS)
}

/** Only this machine, only with a password. */
const ACCESS = 'host all all 127.0.0.1/32 scram-sha-256\n'

/**
 * Modest settings for a machine that does other things too; what an operator sets with ALTER SYSTEM goes first.
 * The server's log holds what the server itself has to say and nothing of a statement: the log level leaves out
 * errors of statements, whose texts quote rows.
 */
const SETTINGS = `
# Duecast
max_connections = 100
shared_buffers = '160MB'
# Room for what a large sheet or campaign writes between two turns of the process that writes the log.
wal_buffers = '16MB'
work_mem = '16MB'
effective_cache_size = '1GB'
random_page_cost = 1.1
jit = off
# Parallel workers share memory in /dev/shm, of which containers have little.
max_parallel_workers_per_gather = 0
max_parallel_maintenance_workers = 0

fsync = on
full_page_writes = on
synchronous_commit = on
wal_level = replica
max_wal_size = '2GB'

password_encryption = 'scram-sha-256'
timezone = 'UTC'
log_timezone = 'UTC'

logging_collector = on
log_directory = '../log'
log_filename = 'postgresql-%a.log'
log_truncate_on_rotation = on
log_rotation_age = '1d'
log_rotation_size = 0
log_min_messages = 'log'
log_min_error_statement = 'panic'
log_error_verbosity = 'terse'
log_checkpoints = off
log_autovacuum_min_duration = -1
`

async function setLogins(
  folder: string,
  data: string,
  software: Software,
  account: Account | undefined,
  fresh: boolean,
): Promise<Credentials> {
  const credentials = makeCredentials()
  // Nothing ever connects as the superuser: this session needs no server and no password.
  const words = [
    '--single',
    '-D',
    data,
    '-c',
    'exit_on_error=true',
    '-c',
    'logging_collector=off',
    'postgres',
  ]
  const outcome = await runAs(account, join(software.bin, 'postgres'), words, {
    timeoutMs: SINGLE_USER_TIMEOUT_MS,
    input: loginStatements(credentials, fresh),
  })
  requireSuccess(outcome, 'The logins of the database could not be made.')
  await writeSecret(credentialsFile(folder), credentials)
  return credentials
}

function requireSuccess(outcome: Outcome, sentence: string): void {
  if (outcome.code === 0) return
  // A statement that failed is quoted in the output, and here the statements hold passwords.
  const shown = outcome.output.replace(/PASSWORD '[^']*'/g, "PASSWORD '…'")
  throw failureOf(shown, 'initialise_failed', sentence)
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
