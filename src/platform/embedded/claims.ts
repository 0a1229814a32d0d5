import { randomUUID } from 'node:crypto'
import { link, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Log } from '../log.ts'
import { EmbeddedDatabaseError } from './failure.ts'
import { fateOf, type ProcessMark, thisProcess } from './processes.ts'

/**
 * A claim is a small file that says which process holds something. It appears and changes hands whole (link, rename),
 * and is void once its process is gone: a number that another process has got since is told apart by its start.
 */
export type Claim = { readonly token: string; readonly process: ProcessMark; readonly folder: string }
type FoundClaim = Claim & { readonly touchedMs: number }

/** Holders touch their claims, for those who cannot see their process: in another container, before a reboot. */
const HEARTBEAT_MS = 5_000
const SILENCE_MS = 15_000
const RETRY_MS = 40
const NOTICE_AFTER_MS = 3_000
const LONGEST_WAIT_MS = 15 * 60_000

/**
 * Runs `work` while this process alone holds the lock of `folder`. Waits for a living holder; a dead one's lock is
 * taken over.
 * @throws EmbeddedDatabaseError `busy` after fifteen minutes
 */
export async function withLock<T>(folder: string, log: Log | undefined, work: () => Promise<T>): Promise<T> {
  const path = join(folder, 'lock')
  await acquire(path, folder, log)
  const rest = keepFresh(path)
  try {
    await dropAsides(folder)
    return await work()
  } finally {
    rest()
    await rm(path, { force: true })
  }
}

/** Registers this process as a user of the database; the function returned takes it back. */
export async function joinMembers(folder: string): Promise<() => Promise<void>> {
  const claim = newClaim(folder)
  const path = join(folder, 'members', `${claim.token}.json`)
  await place(path, claim)
  const rest = keepFresh(path)
  return async () => {
    rest()
    await rm(path, { force: true })
  }
}

export type Members = { readonly here: number; readonly elsewhere: number }

/**
 * Counts the living users of the database and forgets the dead ones: those `here`, whose processes can be seen, and
 * those `elsewhere` (another container or machine on the same folder) that gave a sign of life lately.
 */
export async function countMembers(folder: string): Promise<Members> {
  const members = { here: 0, elsewhere: 0 }
  for (const name of await readdir(join(folder, 'members'))) {
    const path = join(folder, 'members', name)
    const claim = await read(path)
    if (!claim || isVoid(claim, folder)) await rm(path, { force: true })
    else if (fateOf(claim.process) === 'running') members.here += 1
    else members.elsewhere += 1
  }
  return members
}

/**
 * Taking over a void lock is a race of its own: two who saw it void must not both win, and a slow one must not undo
 * the fast one's win. Whoever wants to replace the claim with token T first holds the lock named after T, then looks
 * whether T still stands. That inner lock can be left behind by a crash too, hence the recursion.
 */
async function acquire(path: string, folder: string, log?: Log): Promise<void> {
  const claim = newClaim(folder)
  const startedMs = Date.now()
  let noticed = false
  while (!(await place(path, claim))) {
    const found = await read(path)
    if (!found) continue
    if (isVoid(found, folder)) {
      if (await takeOver(path, found.token, claim)) return
      continue
    }
    const waitedMs = Date.now() - startedMs
    if (waitedMs > LONGEST_WAIT_MS) throw busy(found)
    if (waitedMs > NOTICE_AFTER_MS && !noticed) {
      noticed = true
      log?.info(
        { holder: found.process.pid },
        'waiting for another process that starts or stops the database',
      )
    }
    await pause(RETRY_MS)
  }
}

async function takeOver(path: string, token: string, claim: Claim): Promise<boolean> {
  const turn = `${path}.${token}`
  await acquire(turn, claim.folder)
  try {
    if ((await read(path))?.token !== token) return false
    await rename(await writeAside(path, claim), path)
    return true
  } finally {
    await rm(turn, { force: true })
  }
}

function busy(holder: Claim): EmbeddedDatabaseError {
  return new EmbeddedDatabaseError(
    'busy',
    `Process ${holder.process.pid} has been starting or stopping the database in ${holder.folder} for fifteen minutes: end it and start again.`,
  )
}

function newClaim(folder: string): Claim {
  return { token: randomUUID(), process: thisProcess(), folder }
}

async function place(path: string, claim: Claim): Promise<boolean> {
  const aside = await writeAside(path, claim)
  try {
    await link(aside, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    await rm(aside, { force: true })
  }
}

async function writeAside(path: string, claim: Claim): Promise<string> {
  const aside = `${path}.${claim.token}.new`
  await writeFile(aside, JSON.stringify(claim), { mode: 0o644 })
  return aside
}

const ASIDE_LIFE_MS = 60_000

/** Files that a process was killed over before it could put them in place. */
async function dropAsides(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith('lock.')) continue
    const path = join(folder, name)
    const found = await stat(path).catch(() => undefined)
    if (found && Date.now() - found.mtimeMs > ASIDE_LIFE_MS) await rm(path, { force: true })
  }
}

/** A claim that cannot be read was cut short by a machine's crash: nobody living holds it. */
const UNREADABLE: Claim = { token: 'unreadable', process: { pid: 0, startedAt: '', space: '' }, folder: '' }

async function read(path: string): Promise<FoundClaim | undefined> {
  try {
    const [text, { mtimeMs }] = await Promise.all([readFile(path, 'utf8'), stat(path)])
    return { ...parseClaim(text), touchedMs: mtimeMs }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function parseClaim(text: string): Claim {
  try {
    const claim = JSON.parse(text) as Claim
    return typeof claim.token === 'string' && typeof claim.process.pid === 'number' ? claim : UNREADABLE
  } catch {
    return UNREADABLE
  }
}

/** A claim made for another folder came along when this one was copied. */
function isVoid(claim: FoundClaim, folder: string): boolean {
  if (claim.folder !== folder) return true
  const fate = fateOf(claim.process)
  if (fate !== 'unknown') return fate === 'gone'
  return Math.abs(Date.now() - claim.touchedMs) > SILENCE_MS
}

function keepFresh(path: string): () => void {
  const timer = setInterval(() => {
    const now = new Date()
    utimes(path, now, now).catch(() => undefined)
  }, HEARTBEAT_MS)
  timer.unref()
  return () => clearInterval(timer)
}

/** Waits without keeping anything else from running. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
