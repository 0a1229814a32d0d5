import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { basename, join } from 'node:path'
import type { Log } from '../log.ts'
import { type Account, identity, runAs } from './account.ts'
import { pause } from './claims.ts'
import { EmbeddedDatabaseError, failureOf, tellingLines } from './failure.ts'
import type { Place } from './place.ts'
import { commandOf, isGone, isRunning, signal } from './processes.ts'
import type { Software } from './software.ts'

export type Server = { readonly pid: number; readonly port: number }

const POLL_MS = 25
/** Recovery after a crash replays what was written since the last checkpoint, on slow disks for minutes. */
const START_TIMEOUT_MS = 10 * 60_000
const START_NOTICE_MS = 5_000
const FAST_STOP_TIMEOUT_MS = 30_000
const IMMEDIATE_STOP_TIMEOUT_MS = 20_000
const MOST_PORTS = 5
/** Backends of a killed server end by themselves as soon as they notice; until then a new one is refused. */
const MOST_ORPHAN_WAITS = 40
const ORPHAN_WAIT_MS = 250

/**
 * Finds the server that runs on this data, waiting for one that is just starting or stopping.
 * @returns undefined when none runs, whatever a crash has left behind
 */
export async function findServer(place: Place): Promise<Server | undefined> {
  const deadline = Date.now() + START_TIMEOUT_MS
  for (;;) {
    const found = await readPidFile(place.data)
    if (!found || !(await isServer(found, place))) return undefined
    if (found.status === 'ready') return { pid: found.pid, port: found.port }
    if (Date.now() > deadline) throw stuck(found.pid, found.status)
    await pause(POLL_MS)
  }
}

/**
 * Starts PostgreSQL on 127.0.0.1, on `preferredPort` if it is free, else on any. It runs in a session of its own: a
 * Ctrl-C on the program's terminal must not end the database before the program has drained.
 * @throws EmbeddedDatabaseError `port_taken`, `disk_full` or `start_failed`
 */
export async function startServer(
  place: Place,
  software: Software,
  account: Account | undefined,
  preferredPort: number | undefined,
  log: Log | undefined,
): Promise<Server> {
  await dropReusedPid(place)
  await pruneLogs(place.log)
  let ports = 0
  let orphanWaits = 0
  for (;;) {
    const port = await freePort(ports === 0 ? preferredPort : undefined)
    const outcome = await launch(place, software, account, port, log)
    if ('pid' in outcome) {
      await workInBatches(outcome.pid)
      return outcome
    }
    if (isPortTaken(outcome.output) && ++ports < MOST_PORTS) continue
    if (isOrphaned(outcome.output) && ++orphanWaits < MOST_ORPHAN_WAITS) {
      await pause(ORPHAN_WAIT_MS)
      continue
    }
    throw startFailure(outcome.output, place)
  }
}

/**
 * Stops the server: open sessions are ended, everything is written. Returns when its process is gone.
 * @param started the server as it was found, in case its folder has been removed since
 * @throws EmbeddedDatabaseError `stop_failed`
 */
export async function stopServer(place: Place, started?: Server): Promise<void> {
  const pid = await findProcess(place, started)
  if (pid === undefined) return
  askToStop(pid, 'SIGINT')
  if (await isGone(pid, FAST_STOP_TIMEOUT_MS)) return
  askToStop(pid, 'SIGQUIT')
  if (await isGone(pid, IMMEDIATE_STOP_TIMEOUT_MS)) return
  throw new EmbeddedDatabaseError(
    'stop_failed',
    `PostgreSQL (process ${pid}) does not stop: end it by hand, the next start recovers the data.`,
  )
}

async function findProcess(place: Place, started: Server | undefined): Promise<number | undefined> {
  const found = await readPidFile(place.data)
  if (found) return (await isServer(found, place)) ? found.pid : undefined
  return started && commandOf(started.pid).includes(place.data) ? started.pid : undefined
}

type PidFile = { readonly pid: number; readonly port: number; readonly status: string }

const PID_LINE = 0
const PORT_LINE = 3
const STATUS_LINE = 7

/** postmaster.pid tells who serves the data; its last line is how the server itself announces that it is ready. */
async function readPidFile(data: string): Promise<PidFile | undefined> {
  const text = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const lines = text.split('\n')
  const pid = Number.parseInt(lines[PID_LINE] ?? '', 10)
  if (!Number.isInteger(pid) || pid <= 0) return undefined
  return { pid, port: Number(lines[PORT_LINE] ?? 0), status: lines[STATUS_LINE]?.trim() || 'starting' }
}

/**
 * After a crash the number in the file is gone, or belongs to somebody else. A server whose own folder is no longer
 * where it was told is the one that serves this: the folder was moved under it.
 */
async function isServer(found: PidFile, place: Place): Promise<boolean> {
  if (!isRunning(found.pid)) return false
  const [program = '', ...words] = commandOf(found.pid)
  if (basename(program) !== 'postgres') return false
  const itsData = words[words.indexOf('-D') + 1]
  if (itsData === undefined || itsData === place.data) return true
  return (await stat(itsData).catch(() => undefined)) === undefined
}

/** A number that no process has: what Linux hands out ends below it. */
const NOBODYS_PID = 2 ** 22 + 1

/**
 * PostgreSQL will not start while any process has the number in postmaster.pid. When that is somebody else's, the
 * number is replaced and the file kept: it also names the shared memory by which PostgreSQL finds orphaned backends.
 */
async function dropReusedPid(place: Place): Promise<void> {
  const found = await readPidFile(place.data)
  if (!found || !isRunning(found.pid) || (await isServer(found, place))) return
  const path = join(place.data, 'postmaster.pid')
  const lines = (await readFile(path, 'utf8')).split('\n')
  lines[PID_LINE] = String(NOBODYS_PID)
  await writeFile(path, lines.join('\n'))
}

const KEPT_LOG_MS = 7 * 24 * 60 * 60_000
const LOG_LIMIT_BYTES = 20 * 1024 * 1024

/** The server reuses a file a week later; a program that is started anew every day must not let them grow. */
async function pruneLogs(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    const { mtimeMs, size } = await stat(path)
    if (Date.now() - mtimeMs > KEPT_LOG_MS || size > LOG_LIMIT_BYTES) await rm(path, { force: true })
  }
}

function freePort(preferred: number | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', (error) => (preferred ? resolve(freePort(undefined)) : reject(error)))
    probe.listen(preferred ?? 0, '127.0.0.1', () => {
      const address = probe.address()
      const port = typeof address === 'object' && address ? address.port : 0
      probe.close(() => resolve(port))
    })
  })
}

async function launch(
  place: Place,
  software: Software,
  account: Account | undefined,
  port: number,
  log: Log | undefined,
): Promise<Server | { output: string }> {
  const startLog = join(place.folder, 'start.log')
  const child = spawnServer(place, software, account, port, startLog)
  const ended = endOf(child)
  const startedMs = Date.now()
  let noticed = false
  for (;;) {
    const end = await Promise.race([ended, pause(POLL_MS)])
    if (end)
      return { output: `${end.reason}${await tail(startLog)}${await tail(await newestLog(place.log))}` }
    const found = await readPidFile(place.data)
    if (found?.pid === child.pid && found?.status === 'ready') return { pid: found.pid, port }
    const waitedMs = Date.now() - startedMs
    if (waitedMs > START_NOTICE_MS && !noticed) {
      noticed = true
      log?.info({ pid: child.pid, log: place.log }, 'PostgreSQL is recovering what a crash interrupted')
    }
    if (waitedMs > START_TIMEOUT_MS) throw stuck(child.pid ?? 0, 'starting')
  }
}

/**
 * Memory of up to 32 MB that a statement gives back stays with its process for the next one (mallopt(3), for glibc): a
 * batch of a thousand rows otherwise begins with some hundred page faults, a sixth of the time of a large import.
 */
const MEMORY_KEPT = {
  MALLOC_TRIM_THRESHOLD_: String(32 * 2 ** 20),
  MALLOC_MMAP_THRESHOLD_: String(32 * 2 ** 20),
  MALLOC_TOP_PAD_: String(2 ** 20),
}

function spawnServer(
  place: Place,
  software: Software,
  account: Account | undefined,
  port: number,
  startLog: string,
): ChildProcess {
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', `port=${port}`]
  const words = ['-D', place.data, ...settings.flatMap((setting) => ['-c', setting])]
  const output = openSync(startLog, 'w', 0o640)
  try {
    const who = identity(account)
    const child = spawn(join(software.bin, 'postgres'), words, {
      ...who,
      env: { ...who.env, ...MEMORY_KEPT },
      detached: true,
      stdio: ['ignore', output, output],
    })
    child.unref()
    return child
  } finally {
    closeSync(output)
  }
}

const SCHEDULING_TIMEOUT_MS = 5_000

/**
 * What the database is asked to do comes in pieces of some milliseconds: it begins when its turn comes and pushes nobody
 * aside at the moment it is woken, least of all the program that woke it and has more to say (SCHED_BATCH, sched(7)).
 * It gets as much time as before. Where there is no `chrt`, or it may not, all goes on as it would.
 */
async function workInBatches(pid: number): Promise<void> {
  await runAs(undefined, 'chrt', ['--batch', '--all-tasks', '--pid', '0', String(pid)], {
    timeoutMs: SCHEDULING_TIMEOUT_MS,
  })
}

function endOf(child: ChildProcess): Promise<{ reason: string }> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ reason: `${error.message} ` }))
    child.once('exit', () => resolve({ reason: '' }))
  })
}

/** Once it is on its feet, the server speaks to its own log instead. */
async function newestLog(folder: string): Promise<string> {
  const names = await readdir(folder)
  const aged = await Promise.all(
    names.map(async (name) => ({ name, at: (await stat(join(folder, name))).mtimeMs })),
  )
  const newest = aged.sort((one, other) => other.at - one.at)[0]
  return join(folder, newest?.name ?? '')
}

const TAIL_LENGTH = 2_000

async function tail(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '')
  return text.slice(-TAIL_LENGTH)
}

function isPortTaken(output: string): boolean {
  return /could not bind .*Address already in use/.test(output)
}

function isOrphaned(output: string): boolean {
  return /pre-existing shared memory block/.test(output)
}

function startFailure(output: string, place: Place): EmbeddedDatabaseError {
  if (isPortTaken(output)) {
    return new EmbeddedDatabaseError(
      'port_taken',
      `PostgreSQL found no free port on 127.0.0.1, ${MOST_PORTS} were tried: start again, or set DATABASE_URL. ${tellingLines(output)}`,
    )
  }
  return failureOf(output, 'start_failed', `PostgreSQL did not start; its log is in ${place.log}.`)
}

function stuck(pid: number, status: string): EmbeddedDatabaseError {
  return new EmbeddedDatabaseError(
    'start_failed',
    `PostgreSQL (process ${pid}) has been "${status}" for ten minutes: look into its log, end it if need be, and start again.`,
  )
}

function askToStop(pid: number, name: 'SIGINT' | 'SIGQUIT'): void {
  try {
    signal(pid, name)
  } catch (error) {
    throw new EmbeddedDatabaseError('stop_failed', `PostgreSQL (process ${pid}) belongs to another user.`, {
      cause: error,
    })
  }
}
