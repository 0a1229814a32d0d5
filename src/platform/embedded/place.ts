import { createHash } from 'node:crypto'
import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { type Account, runAs } from './account.ts'
import { EmbeddedDatabaseError, folderFailure } from './failure.ts'

/** Where root keeps what PostgreSQL's account could not reach inside somebody's private folder. */
export const SHARED_HOME = '/var/lib/duecast'

/**
 * Where a database lives. `folder` is `postgres` under DATA_DIR and holds the locks and the credentials; `home` holds
 * `data` and `log` and is the same folder, unless PostgreSQL's account cannot get there.
 */
export type Place = {
  readonly folder: string
  readonly home: string
  readonly data: string
  readonly log: string
}

/**
 * Makes DATA_DIR and the folder `postgres` in it, and gives the latter's real path.
 * @throws EmbeddedDatabaseError `folder_unusable` or `disk_full`
 */
export async function openFolder(dataDir: string): Promise<string> {
  const asked = resolve(dataDir)
  try {
    await mkdir(asked, { recursive: true })
    const folder = join(await realpath(asked), 'postgres')
    const made = await mkdir(join(folder, 'members'), { recursive: true })
    if (made) await makePassable(folder)
    return folder
  } catch (error) {
    throw folderFailure(error, asked)
  }
}

/**
 * Finds where this DATA_DIR's database lives, or undefined if it has none yet. A place that was chosen by a start
 * that did not come to its end is found again.
 * @throws EmbeddedDatabaseError `data_missing` when the link leads nowhere, `folder_is_a_copy` when it is another's
 */
export async function findPlace(folder: string): Promise<Place | undefined> {
  const data = join(folder, 'data')
  const entry = await lstat(data).catch(() => undefined)
  if (!entry) return undefined
  if (!entry.isSymbolicLink()) return placeIn(folder, folder)
  const home = dirname(await readlink(data))
  if (!(await exists(home))) throw missing(data, home)
  await checkOrigin(folder, home)
  return placeIn(folder, home)
}

/** Decides where a new database lives: in `folder`, or under /var/lib if `account` cannot get there. */
export async function choosePlace(folder: string, account: Account | undefined): Promise<Place> {
  if (!account || (await canReach(account, folder))) return placeIn(folder, folder)
  const home = await makeSharedHome(folder)
  await symlink(join(home, 'data'), join(folder, 'data'))
  await symlink(join(home, 'log'), join(folder, 'log'))
  return placeIn(folder, home)
}

/** Whether there is a database in this place already. */
export async function isInitialised(place: Place): Promise<boolean> {
  return exists(place.data)
}

/** Makes a folder that belongs to PostgreSQL's account alone. */
export async function makeOwned(path: string, account: Account | undefined, mode: number): Promise<void> {
  await mkdir(path, { recursive: true, mode })
  await chmod(path, mode)
  if (account) await chown(path, account.uid, account.gid)
}

function placeIn(folder: string, home: string): Place {
  return { folder, home, data: join(home, 'data'), log: join(home, 'log') }
}

/** Asks the system itself, as that user: modes, groups, access lists and mounts all count. */
async function canReach(account: Account, folder: string): Promise<boolean> {
  const { code } = await runAs(account, '/bin/sh', ['-c', 'cd -- "$1"', 'sh', folder], { timeoutMs: 10_000 })
  return code === 0
}

async function makeSharedHome(folder: string): Promise<string> {
  try {
    await mkdir(SHARED_HOME, { recursive: true })
    await chmod(SHARED_HOME, 0o755)
    await dropForgotten()
    const name = createHash('sha256').update(folder).digest('hex').slice(0, 12)
    const home = await mkdtemp(join(SHARED_HOME, `${name}-`))
    await chmod(home, 0o755)
    await writeFile(join(home, 'origin'), folder)
    return home
  } catch (error) {
    throw folderFailure(error, SHARED_HOME)
  }
}

const FORGOTTEN = '.forgotten'

/**
 * The database of a DATA_DIR in the system's temporary folder is not missed once that DATA_DIR is gone. Renaming it
 * first makes it the affair of one process only.
 */
async function dropForgotten(): Promise<void> {
  const temporary = await realpath(tmpdir())
  for (const name of await readdir(SHARED_HOME)) {
    const home = join(SHARED_HOME, name)
    if (!(await isForgotten(home, temporary))) continue
    const dropped = name.endsWith(FORGOTTEN) ? home : `${home}${FORGOTTEN}`
    await rename(home, dropped)
      .then(() => rm(dropped, { recursive: true, force: true }))
      .catch(() => undefined)
  }
}

async function isForgotten(home: string, temporary: string): Promise<boolean> {
  if (home.endsWith(FORGOTTEN)) return true
  const origin = await readFile(join(home, 'origin'), 'utf8').catch(() => '')
  if (!origin.startsWith(`${temporary}/`) || (await exists(dirname(origin)))) return false
  return !(await exists(join(home, 'data', 'postmaster.pid')))
}

/** Whether there is anything at `path`. */
export async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}

/** The folder is ours and its secrets have modes of their own; a narrow umask must not close it for PostgreSQL. */
async function makePassable(folder: string): Promise<void> {
  await chmod(folder, 0o755)
  await chmod(join(folder, 'members'), 0o755)
}

async function checkOrigin(folder: string, home: string): Promise<void> {
  const note = join(home, 'origin')
  const origin = await readFile(note, 'utf8').catch(() => undefined)
  if (origin === folder) return
  if (origin !== undefined && (await leadsTo(origin, home))) throw copied(folder, origin, home)
  await writeFile(note, folder)
}

async function leadsTo(folder: string, home: string): Promise<boolean> {
  return (await readlink(join(folder, 'data')).catch(() => undefined)) === join(home, 'data')
}

function copied(folder: string, origin: string, home: string): EmbeddedDatabaseError {
  return new EmbeddedDatabaseError(
    'folder_is_a_copy',
    `${folder} is a copy of ${origin}, whose database lives in ${home}: two programs must not share it. Remove ${folder} to begin with an empty database.`,
  )
}

function missing(link: string, home: string): EmbeddedDatabaseError {
  return new EmbeddedDatabaseError(
    'data_missing',
    `The database that ${link} points to is gone from ${home}: bring it back, or remove the link to begin with an empty database.`,
  )
}
