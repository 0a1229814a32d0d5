import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

/**
 * A process as it can be told apart from a later one that got the same number: when it started, and in which
 * `space` (this boot, this pid namespace) its number means anything.
 */
export type ProcessMark = { readonly pid: number; readonly startedAt: string; readonly space: string }

/** This very process. */
export function thisProcess(): ProcessMark {
  return { pid: process.pid, startedAt: startOf(process.pid) ?? '', space: thisSpace() }
}

/** Whether the marked process still runs; `unknown` when it lived in another boot, machine or container. */
export function fateOf(mark: ProcessMark): 'running' | 'gone' | 'unknown' {
  if (mark.space !== thisSpace()) return 'unknown'
  return startOf(mark.pid) === mark.startedAt ? 'running' : 'gone'
}

/** Whether any process has this number now; one that has ended and only waits for its parent does not count. */
export function isRunning(pid: number): boolean {
  return startOf(pid) !== undefined
}

/**
 * The command line of a process, word by word; empty when it cannot be seen. It is readable for every user, unlike
 * its working directory, which a container's root may not see.
 */
export function commandOf(pid: number): readonly string[] {
  if (process.platform === 'linux') return readProc(`/proc/${pid}/cmdline`)?.split('\0').filter(Boolean) ?? []
  return ps(pid, 'command=').split(/\s+/).filter(Boolean)
}

/** The processes of one of these programs whose command line names `path`. */
export function processesAt(path: string, programs: readonly string[]): number[] {
  return everyPid().filter((pid) => {
    const words = commandOf(pid)
    return programs.includes(basename(words[0] ?? '')) && words.join(' ').includes(path)
  })
}

function everyPid(): number[] {
  const names = process.platform === 'linux' ? readdirSync('/proc') : ps(undefined, 'pid=').split('\n')
  return names.map(Number).filter((pid) => pid > 0)
}

/** Signals a process; one that has ended meanwhile needs it no more. Throws for another user's (EPERM). */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

const POLL_MS = 25

/** Waits until no process has this number any more; false when one still has it after `withinMs`. */
export async function isGone(pid: number, withinMs: number): Promise<boolean> {
  const deadline = Date.now() + withinMs
  while (isRunning(pid)) {
    if (Date.now() > deadline) return false
    await pause(POLL_MS)
  }
  return true
}

let space: string | undefined

function thisSpace(): string {
  space ??= `${readProc('/proc/sys/kernel/random/boot_id')?.trim() ?? bootTime()} ${pidNamespace()}`
  return space
}

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return ''
  }
}

function bootTime(): string {
  return spawnSync('sysctl', ['-n', 'kern.boottime'], { encoding: 'utf8' }).stdout?.trim() ?? ''
}

const STATE_FIELD = 0
const START_FIELD = 19

/** A text that is equal for as long as it is the same process; undefined when there is none. */
function startOf(pid: number): string | undefined {
  if (process.platform !== 'linux') return ps(pid, 'lstart=') || undefined
  const stat = readProc(`/proc/${pid}/stat`)
  if (stat === undefined) return exists(pid) ? 'hidden' : undefined
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return /[ZX]/.test(fields[STATE_FIELD] ?? '') ? undefined : fields[START_FIELD]
}

/** Other users' processes may be hidden from /proc; the signal 0 still tells that they exist. */
function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** What ps says of one process, or of all of them, a line each. */
function ps(pid: number | undefined, column: string): string {
  const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' }
  const which = pid === undefined ? ['-A'] : ['-p', String(pid)]
  const answer = spawnSync('ps', ['-o', column, ...which], { encoding: 'utf8', env })
  return answer.stdout?.trim() ?? ''
}
