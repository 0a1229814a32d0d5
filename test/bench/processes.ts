import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, constants, readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { statOf } from '../support/proc-stat.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const READY_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 30_000

/** A part of the program, or what stands beside it, in a process of its own. */
export type Part = {
  readonly pid: number
  /** The line by which it said that it is ready. */
  readonly ready: string
  /** Resident memory now, in bytes. */
  memoryBytes(): number
  /** Processor time used until now, in seconds. */
  processorSeconds(): number
  /** The longest delay of its event loop since the last call, in milliseconds. */
  loopLagMs(): Promise<number>
  /** What it still holds once everything unused is let go: tells a leak from a heap that has room. It pauses meanwhile. */
  keptMemory(): Promise<KeptMemory>
  /** Everything that it has written to its standard output after it was ready. */
  lines(): readonly string[]
  exited: Promise<void>
  stop(): Promise<void>
}

export type KeptMemory = { readonly heapBytes: number; readonly externalBytes: number }

/**
 * Starts a script of the program and waits for the first line that matches `ready`. Its event loop is watched from
 * inside, by `watch-loop.ts`.
 */
export async function startPart(
  script: string,
  ready: RegExp,
  environment: Record<string, string | undefined>,
  args: readonly string[] = [],
): Promise<Part> {
  const watch = new URL('watch-loop.ts', import.meta.url).href
  const words = [...flagsOf(script), '--import', 'tsx', '--import', watch, join(ROOT, script), ...args]
  const child = spawn(process.execPath, words, {
    cwd: ROOT,
    env: { PATH: process.env.PATH, LOG_LEVEL: 'warn', ...definedOnly(environment) },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  return describe(child, await firstLine(child, script, ready))
}

const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>
}

/** What `npm start` and `npm run worker` tell Node.js, so that what is measured is what an operator starts. */
function flagsOf(script: string): string[] {
  const command = Object.values(scripts).find((words) => words.endsWith(` ${script}`)) ?? ''
  return command.split(' ').filter((word) => word.startsWith('--'))
}

function definedOnly(environment: Record<string, string | undefined>): Record<string, string> {
  const entries = Object.entries(environment).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as Record<string, string>
}

/** What a part says at its leisure; warnings and faults are passed on. */
const INFO = /^\{"level":[123]0,/

type Said = { readonly ready: string; readonly lines: string[] }

function firstLine(child: ChildProcess, script: string, ready: RegExp): Promise<Said> {
  return new Promise((resolve, reject) => {
    const lines: string[] = []
    const timer = setTimeout(() => reject(new Error(`${script} did not say ${ready}`)), READY_TIMEOUT_MS)
    child.once('exit', (code) => reject(new Error(`${script} ended with ${code} before it was ready`)))
    const read = (line: string) => {
      if (!ready.test(line)) return false
      clearTimeout(timer)
      resolve({ ready: line, lines })
      return true
    }
    createInterface({ input: child.stdout! }).on('line', (line) => {
      lines.push(line)
      read(line)
    })
    createInterface({ input: child.stderr! }).on('line', (line) => {
      if (!read(line) && !INFO.test(line)) process.stderr.write(`${script}: ${line}\n`)
    })
  })
}

function describe(child: ChildProcess, { ready, lines }: Said): Part {
  const pid = child.pid!
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  return {
    pid,
    ready,
    exited,
    lines: () => lines,
    memoryBytes: () => memoryOf(pid),
    processorSeconds: () => processorSecondsOf(pid),
    loopLagMs: async () => (await ask<{ lagMs: number }>(child, 'lag')).lagMs,
    keptMemory: () => ask<KeptMemory>(child, 'kept'),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
      await exited
      clearTimeout(timer)
    },
  }
}

/** Resident, in bytes; 0 for one that has ended. */
export function memoryOf(pid: number): number {
  try {
    const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
    return Number(line?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}

/** Its children whose command line matches; the kernel lists them, so that no other process is looked at. */
export function childrenOf(pid: number, command: RegExp): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return children
    .split(' ')
    .map(Number)
    .filter((child) => child > 0 && command.test(commandOf(child)))
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

/** The kernel counts in hundredths of a second. */
const TICKS_PER_SECOND = 100

function processorSecondsOf(pid: number): number {
  const fields = statOf(pid)
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

/** The same of a process, its children, and those that have ended. */
export function familySeconds(pid: number): number {
  const own = statOf(pid)
  const ended = (Number(own[13]) + Number(own[14])) / TICKS_PER_SECOND
  const children = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && parentOf(Number(name)) === pid)
  return children.reduce((sum, child) => sum + secondsIfAlive(Number(child)), processorSecondsOf(pid) + ended)
}

function parentOf(pid: number): number | undefined {
  try {
    return Number(statOf(pid)[1])
  } catch {
    return undefined
  }
}

function secondsIfAlive(pid: number): number {
  try {
    return processorSecondsOf(pid)
  } catch {
    return 0
  }
}

function ask<Answer>(child: ChildProcess, question: 'lag' | 'kept'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(message as Answer))
    child.send(question, (error) => error && reject(error))
  })
}

/** Whether a program of that name can be started. */
export function findOnPath(name: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** A Redis of our own, durable as an operator's would be: appended every second. */
export async function startRedis(folder: string): Promise<{ url: string; stop(): Promise<void> }> {
  const port = await freePort()
  const words = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder]
  const durable = [
    '--appendonly',
    'yes',
    '--appendfsync',
    'everysec',
    '--save',
    '',
    '--maxmemory-policy',
    'noeviction',
  ]
  const child = spawn('redis-server', [...words, ...durable], { stdio: ['ignore', 'pipe', 'pipe'] })
  await firstLine(child, 'redis-server', /Ready to accept connections/)
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  return {
    url: `redis://127.0.0.1:${port}`,
    async stop() {
      child.kill('SIGTERM')
      await exited
    },
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address ? address.port : 0
      server.close(() => resolve(port))
    })
  })
}
