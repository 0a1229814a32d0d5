import { createReadStream, createWriteStream } from 'node:fs'
import { chown, mkdir, mkdtemp, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import pg from 'pg'
import { type Account, chooseAccount } from './account.ts'
import { withLock } from './claims.ts'
import { credentialsFile } from './credentials.ts'
import { EmbeddedDatabaseError, folderFailure } from './failure.ts'
import { openEmbedded } from './open.ts'
import { choosePlace, exists, findPlace, isInitialised, makeOwned, openFolder, type Place } from './place.ts'
import { prepareSoftware } from './software.ts'
import { type Entry, fileEntry, packTar, textEntry, unpackTar } from './tar.ts'

/** What a backup says of itself. */
export type Manifest = { readonly madeAt: string; readonly postgres: number }

const MANIFEST = 'duecast-backup.json'
const DATA = 'data/'
const CREDENTIALS = 'credentials.json'
const KEY = 'secret.key'
/** Quick: what a database holds presses well at the first try. */
const GZIP_LEVEL = 1

/**
 * Writes the embedded database of `dataDir` as it is at the end of the backup, with its logins and the key of its
 * secrets, to one file that only its owner may read. The program may be at work meanwhile: PostgreSQL's own log of
 * changes since the beginning is part of the backup, and mends what was copied half way.
 * @throws EmbeddedDatabaseError `backup_exists` or `disk_full`
 */
export async function backUp(dataDir: string, file: string): Promise<{ bytes: number }> {
  if (await exists(file))
    throw new EmbeddedDatabaseError('backup_exists', `${file} is there already: name another file.`)
  const embedded = await openEmbedded({ dataDir })
  const partial = `${file}.part`
  try {
    const { superuser_url: superuser } = JSON.parse(await readFile(embedded.superuserUrlFile, 'utf8')) as {
      superuser_url: string
    }
    const data = join(embedded.home, 'data')
    const target = createWriteStream(partial, { mode: 0o600 })
    await pipeline(
      Readable.from(packTar(entriesOf(dataDir, dirname(embedded.superuserUrlFile), data, superuser))),
      createGzip({ level: GZIP_LEVEL }),
      target,
    )
    await syncFile(partial)
    await rename(partial, file)
    return { bytes: (await stat(file)).size }
  } catch (error) {
    throw folderFailure(error, file)
  } finally {
    await rm(partial, { force: true })
    await embedded.stop()
  }
}

/**
 * Puts a backup into a `dataDir` that has no database yet. All of it is unpacked aside and appears by one rename at
 * the end. The database is not started.
 * @throws EmbeddedDatabaseError `data_present`, `backup_unreadable` or `disk_full`
 */
export async function putBack(dataDir: string, file: string): Promise<Manifest> {
  const folder = await openFolder(dataDir)
  return withLock(folder, undefined, async () => {
    const found = await findPlace(folder)
    if (found && (await isInitialised(found))) {
      throw new EmbeddedDatabaseError(
        'data_present',
        `${resolve(dataDir)} has a database already: name another folder in DATA_DIR, or move that one away first.`,
      )
    }
    const account = chooseAccount()
    await prepareSoftware(account, folder)
    const place = found ?? (await choosePlace(folder, account))
    await makeOwned(place.log, account, 0o750)
    return unpackInto(place, resolve(dataDir), file, account)
  })
}

/** All files of a backup, in an order that lets PostgreSQL make one moment of them. */
async function* entriesOf(
  dataDir: string,
  folder: string,
  data: string,
  superuserUrl: string,
): AsyncGenerator<Entry> {
  const superuser = new pg.Client({ connectionString: superuserUrl, application_name: 'duecast backup' })
  superuser.on('error', () => undefined)
  await superuser.connect()
  try {
    yield textEntry(MANIFEST, JSON.stringify(await describeBackup(superuser)))
    yield await secretEntry(CREDENTIALS, credentialsFile(folder))
    if (await exists(join(dataDir, KEY))) yield await secretEntry(KEY, join(dataDir, KEY))
    // The slot keeps the log from the beginning of the backup; it goes with this connection.
    await superuser.query(
      `SELECT pg_create_physical_replication_slot('duecast_backup_' || pg_backend_pid(), true, true)`,
    )
    await superuser.query(`SELECT pg_backup_start('duecast', true)`)
    yield* dataEntries(data, data)
    const { rows } = await superuser.query<{ labelfile: string; last: string }>(
      'SELECT labelfile, pg_walfile_name(lsn) AS last FROM pg_backup_stop(false)',
    )
    yield textEntry(`${DATA}backup_label`, rows[0]!.labelfile)
    yield* logEntries(data, firstLogFile(rows[0]!.labelfile), rows[0]!.last)
  } finally {
    await superuser.end().catch(() => undefined)
  }
}

async function describeBackup(superuser: pg.Client): Promise<Manifest> {
  const { rows } = await superuser.query<{ at: Date; version: number }>(
    `SELECT clock_timestamp() AS at, current_setting('server_version_num')::int / 10000 AS version`,
  )
  return { madeAt: rows[0]!.at.toISOString(), postgres: rows[0]!.version }
}

async function secretEntry(name: string, path: string): Promise<Entry> {
  return textEntry(name, await readFile(path, 'utf8'))
}

/** What the running server has for itself, or makes anew when it starts. */
const LEFT_OUT = /^(postmaster\.(pid|opts)|backup_label(\.old)?|tablespace_map)$/
const LEFT_EMPTY =
  /^(pg_wal|pg_replslot|pg_dynshmem|pg_notify|pg_serial|pg_snapshots|pg_stat_tmp|pg_subtrans)$/
const TEMPORARY = /^pgsql_tmp|^pg_internal\.init/

async function* dataEntries(root: string, folder: string): AsyncGenerator<Entry> {
  for (const found of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, found.name)
    const name = relative(root, path)
    if (LEFT_OUT.test(name) || TEMPORARY.test(found.name)) continue
    if (found.isDirectory()) {
      // An empty folder is told by a file that PostgreSQL does not mind.
      yield textEntry(`${DATA}${name}/${PLACEHOLDER}`, '')
      if (!LEFT_EMPTY.test(name)) yield* dataEntries(root, path)
    } else if (found.isFile()) {
      const known = await stat(path).catch(() => undefined)
      if (known) yield fileEntry(`${DATA}${name}`, path, known.size)
    }
  }
}

const PLACEHOLDER = '.duecast'
const LOG_FILE = /^[0-9A-F]{24}$/

async function* logEntries(data: string, first: string, last: string): AsyncGenerator<Entry> {
  const names = (await readdir(join(data, 'pg_wal'))).filter((name) => LOG_FILE.test(name)).sort()
  for (const name of names) {
    if (name < first || name > last) continue
    const path = join(data, 'pg_wal', name)
    yield fileEntry(`${DATA}pg_wal/${name}`, path, (await stat(path)).size)
  }
}

function firstLogFile(label: string): string {
  const name = /START WAL LOCATION: \S+ \(file ([0-9A-F]{24})\)/.exec(label)?.[1]
  if (!name) throw new Error('PostgreSQL does not say where the backup begins')
  return name
}

async function unpackInto(
  place: Place,
  dataDir: string,
  file: string,
  account: Account | undefined,
): Promise<Manifest> {
  const aside = await mkdtemp(join(place.home, 'data.new-'))
  try {
    await makeOwned(aside, account, 0o700)
    const unpacked = await unpack(file, aside, account)
    if (!unpacked.manifest || !unpacked.credentials || !(await exists(join(aside, 'backup_label'))))
      throw unreadable(file)
    await writeFile(credentialsFile(place.folder), unpacked.credentials, { mode: 0o600 })
    if (unpacked.key) await writeFile(join(dataDir, KEY), unpacked.key, { mode: 0o600 })
    await rename(aside, place.data)
    return unpacked.manifest
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? ''
    if (error instanceof EmbeddedDatabaseError || code === 'ENOSPC' || code === 'EACCES')
      throw folderFailure(error, place.home)
    throw unreadable(file, error)
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
}

type Unpacked = { manifest?: Manifest; credentials?: Buffer; key?: Buffer }

async function unpack(file: string, aside: string, account: Account | undefined): Promise<Unpacked> {
  const unpacked: Unpacked = {}
  const source = createReadStream(file)
  const plain = createGunzip()
  const read = pipeline(source, plain)
  read.catch(() => undefined)
  for await (const entry of unpackTar(plain)) {
    if (entry.path === MANIFEST) unpacked.manifest = JSON.parse(`${await wholeOf(entry)}`) as Manifest
    else if (entry.path === CREDENTIALS) unpacked.credentials = await wholeOf(entry)
    else if (entry.path === KEY) unpacked.key = await wholeOf(entry)
    else await writeData(entry, aside, account)
  }
  plain.resume()
  await read
  return unpacked
}

const DATA_PATH = /^data\/(?!.*\.\.)[\w.\-/]+$/

async function writeData(entry: Entry, aside: string, account: Account | undefined): Promise<void> {
  if (!DATA_PATH.test(entry.path)) throw new Error(`${entry.path} has no place in a backup`)
  const path = join(aside, entry.path.slice(DATA.length))
  await makeFolders(aside, dirname(path), account)
  if (path.endsWith(`/${PLACEHOLDER}`)) return
  await pipeline(entry.bytes, createWriteStream(path, { mode: 0o600 }))
  if (account) await chown(path, account.uid, account.gid)
}

async function makeFolders(root: string, folder: string, account: Account | undefined): Promise<void> {
  if (folder === root || (await exists(folder))) return
  await makeFolders(root, dirname(folder), account)
  await mkdir(folder, { mode: 0o700 })
  if (account) await chown(folder, account.uid, account.gid)
}

const SMALL_BYTES = 64 * 1024

async function wholeOf({ size, bytes }: Entry): Promise<Buffer> {
  if (size > SMALL_BYTES) throw new Error('larger than it can be')
  const chunks: Buffer[] = []
  for await (const chunk of bytes) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function unreadable(file: string, cause?: unknown): EmbeddedDatabaseError {
  return new EmbeddedDatabaseError(
    'backup_unreadable',
    `${file} cannot be restored: it is no backup of this program, or it is not whole.`,
    { cause },
  )
}
