import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import type { Log } from '../log.ts'
import { chooseAccount } from './account.ts'
import { countMembers, joinMembers, pause, withLock } from './claims.ts'
import { checkVersion, initialise, ownerOf, renewCredentials } from './cluster.ts'
import { type Credentials, readCredentials, urlFor, writeSecret } from './credentials.ts'
import { EmbeddedDatabaseError, folderFailure } from './failure.ts'
import {
  choosePlace,
  exists,
  findPlace,
  isInitialised,
  openFolder,
  type Place,
  SHARED_HOME,
} from './place.ts'
import { findServer, type Server, startServer, stopServer } from './server.ts'
import { prepareSoftware } from './software.ts'

export type EmbeddedDatabase = {
  /** The database as its owner: no superuser, may make roles. */
  readonly databaseUrl: string
  /** A JSON file (mode 0600) with `superuser_url` for operators, `database_url`, `port` and `pid`. */
  readonly superuserUrlFile: string
  /** Where PostgreSQL keeps its data and its log; under DATA_DIR, or /var/lib/duecast if it could not get there. */
  readonly home: string
  /** Tells this folder from any copy of it. */
  readonly mark: string
  /** Lets go of the database; the last program to do so stops PostgreSQL and waits for it. Safe to call twice. */
  stop(): Promise<void>
}

/**
 * Opens the PostgreSQL that lives in `dataDir`: makes it at first use, starts it if nobody has, else joins those who
 * use it (other processes included). PostgreSQL keeps running until the last of them has stopped; a program that was
 * killed leaves it running for the next one to join.
 * @throws EmbeddedDatabaseError with a stable `code` and a sentence that says what to do
 */
export async function openEmbedded(options: { dataDir: string; log?: Log }): Promise<EmbeddedDatabase> {
  const folder = await openFolder(options.dataDir)
  const shared = await share(folder, options.log)
  const { place, server, credentials } = await shared.attached
  let stopped: Promise<void> | undefined
  return {
    databaseUrl: urlFor(credentials.owner, server.port, credentials.database),
    superuserUrlFile: connectionFile(folder),
    home: place.home,
    mark: await markOf(place),
    stop: () => {
      stopped ??= release(folder, shared)
      return stopped
    },
  }
}

/** A copy is another file, made at another time, wherever it stands; a folder that was moved stays the same. */
async function markOf({ data }: Place): Promise<string> {
  const { ino, birthtimeMs } = await stat(data)
  return `${ino}.${Math.round(birthtimeMs)}`
}

type Attached = {
  readonly place: Place
  readonly server: Server
  readonly credentials: Credentials
  leave(): Promise<void>
}

/** One process attaches once, however often it opens. */
type Shared = { users: number; readonly attached: Promise<Attached>; closing?: Promise<void> }

const opened = new Map<string, Shared>()

async function share(folder: string, log: Log | undefined): Promise<Shared> {
  for (;;) {
    const present = opened.get(folder)
    if (!present) break
    if (!present.closing) {
      present.users += 1
      return present
    }
    await present.closing.catch(() => undefined)
  }
  const shared: Shared = { users: 1, attached: attach(folder, log) }
  opened.set(folder, shared)
  shared.attached.catch(() => opened.delete(folder))
  return shared
}

async function release(folder: string, shared: Shared): Promise<void> {
  shared.users -= 1
  if (shared.users > 0) return
  shared.closing = shared.attached.then((attached) => attached.leave())
  try {
    await shared.closing
  } finally {
    opened.delete(folder)
  }
}

async function attach(folder: string, log: Log | undefined): Promise<Attached> {
  try {
    return await withLock(folder, log, async () => {
      await waitForStrangers(folder, log)
      const { place, server, credentials } = await ensureRunning(folder, log)
      const quit = await joinMembers(folder)
      return { place, server, credentials, leave: () => leave(place, server, quit, log) }
    })
  } catch (error) {
    throw folderFailure(error, folder)
  }
}

async function leave(
  place: Place,
  server: Server,
  quit: () => Promise<void>,
  log: Log | undefined,
): Promise<void> {
  // Nobody can join any more when DATA_DIR was removed under the running program.
  if (!(await exists(place.folder))) {
    await quit()
    return stopServer(place, server)
  }
  await withLock(place.folder, log, async () => {
    await quit()
    if (!(await isUnused(place.folder))) return
    await stopServer(place)
    log?.info({ home: place.home }, 'embedded PostgreSQL stopped')
  })
}

const STRANGER_POLL_MS = 1_000
const STRANGER_WAIT_MS = 20_000

/**
 * PostgreSQL cannot see a server on the same data in another container, and both would ruin it. A container that was
 * killed falls silent within seconds; one that goes on giving signs of life is in use.
 */
async function waitForStrangers(folder: string, log: Log | undefined): Promise<void> {
  const deadline = Date.now() + STRANGER_WAIT_MS
  let noticed = false
  while ((await countMembers(folder)).elsewhere > 0) {
    if (Date.now() > deadline) {
      throw new EmbeddedDatabaseError(
        'in_use_elsewhere',
        `${folder} is in use by a program in another container or on another machine: stop that one, or give both one DATABASE_URL.`,
      )
    }
    if (!noticed) log?.info({ folder }, 'waiting to see whether another container still uses the database')
    noticed = true
    await pause(STRANGER_POLL_MS)
  }
}

type Running = { readonly place: Place; readonly server: Server; readonly credentials: Credentials }

async function ensureRunning(folder: string, log: Log | undefined): Promise<Running> {
  const place = await findPlace(folder)
  const credentials = await readCredentials(folder)
  const initialised = place !== undefined && (await isInitialised(place))
  const server = initialised ? await findServer(place) : undefined
  const running =
    server && place && credentials
      ? { place, server, credentials }
      : await start(folder, place, initialised ? credentials : undefined, log)
  try {
    await probe(running)
    return running
  } catch (error) {
    if (await isUnused(folder)) await stopServer(running.place)
    throw error
  }
}

async function isUnused(folder: string): Promise<boolean> {
  const { here, elsewhere } = await countMembers(folder)
  return here + elsewhere === 0
}

async function start(
  folder: string,
  found: Place | undefined,
  kept: Credentials | undefined,
  log: Log | undefined,
): Promise<Running> {
  const initialised = found !== undefined && (await isInitialised(found))
  const account = chooseAccount(initialised ? await ownerOf(found) : undefined)
  const software = await prepareSoftware(account, account ? SHARED_HOME : folder)
  const place = found ?? (await choosePlace(folder, account))
  if (initialised) await checkVersion(place, software)
  if (initialised && !kept) await stopForRenewal(place)
  const credentials =
    kept ??
    (await (initialised ? renewCredentials(place, software, account) : initialise(place, software, account)))
  const server = await startServer(place, software, account, await lastPort(folder), log)
  await noteConnection(folder, server, credentials)
  log?.info({ home: place.home, port: server.port, account: account?.name }, 'embedded PostgreSQL started')
  return { place, server, credentials }
}

/** Passwords are set while nothing runs; a program that is at work must not lose its database for that. */
async function stopForRenewal(place: Place): Promise<void> {
  if (await isUnused(place.folder)) return stopServer(place)
  throw new EmbeddedDatabaseError(
    'credentials_refused',
    `${place.folder}/credentials.json is gone while a program uses the database: stop that program, and new passwords are made at the next start.`,
  )
}

function connectionFile(folder: string): string {
  return join(folder, 'connection.json')
}

/** The port is kept from one start to the next where possible: an operator's tools find it again. */
async function lastPort(folder: string): Promise<number | undefined> {
  const text = await readFile(connectionFile(folder), 'utf8').catch(() => '{}')
  const port = Number(/"port": (\d+)/.exec(text)?.[1])
  return port > 0 && port < 65_536 ? port : undefined
}

async function noteConnection(folder: string, server: Server, credentials: Credentials): Promise<void> {
  await writeSecret(connectionFile(folder), {
    port: server.port,
    pid: server.pid,
    database_url: urlFor(credentials.owner, server.port, credentials.database),
    superuser_url: urlFor(credentials.superuser, server.port, credentials.database),
  })
}

const PROBE_TIMEOUT_MS = 15_000
const WRONG_PASSWORD = '28P01'

/** A server that says it is ready must also let its owner in. */
async function probe({ place, server, credentials }: Running): Promise<void> {
  const client = new pg.Client({
    connectionString: urlFor(credentials.owner, server.port, credentials.database),
    connectionTimeoutMillis: PROBE_TIMEOUT_MS,
    query_timeout: PROBE_TIMEOUT_MS,
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query('SELECT 1')
  } catch (error) {
    throw probeFailure(error, place)
  } finally {
    await client.end().catch(() => undefined)
  }
}

function probeFailure(error: unknown, place: Place): EmbeddedDatabaseError {
  if ((error as { code?: unknown }).code === WRONG_PASSWORD) {
    return new EmbeddedDatabaseError(
      'credentials_refused',
      `PostgreSQL does not take the password in ${place.folder}/credentials.json: remove that file, and new passwords are made at the next start.`,
      { cause: error },
    )
  }
  const reason = error instanceof Error ? error.message : String(error)
  return new EmbeddedDatabaseError('start_failed', `PostgreSQL runs but does not answer: ${reason}`, {
    cause: error,
  })
}
