import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** A program of the house as a process of its own, known by the lines of JSON that it prints. */
export type Child = {
  readonly pid: number
  /** The next line it prints; rejects when it ends first, or after a minute. */
  line(): Promise<Record<string, unknown>>
  tell(word: string): void
  /** Kills it as the kernel would: nothing of it runs any more. */
  kill(): Promise<void>
  /** Lets it stand still, as a machine that swaps, and go on. */
  hold(isHeld: boolean): void
  /** Asks it to stop, and kills it after a while. */
  stop(): Promise<void>
}

const MOST_WAIT_MS = 60_000
/** Longer than a worker or a server takes to finish what is in hand. */
const STOP_MS = 40_000
const living = new Set<ChildProcess>()

process.once('exit', () => {
  for (const child of living) child.kill('SIGKILL')
})

/**
 * Starts a program with just the environment given, a source by way of tsx and a bundled one as it is; what it logs is
 * appended to `logFile`.
 */
export function startChild(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  logFile: string,
): Child {
  const path = fileURLToPath(new URL(program, import.meta.url))
  const loader = path.endsWith('.ts') ? ['--import', import.meta.resolve('tsx')] : []
  const log = openSync(logFile, 'a')
  const child = spawn(process.execPath, [...loader, path, ...args], {
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...env },
    stdio: ['pipe', 'pipe', log],
  })
  closeSync(log)
  living.add(child)
  const ended = once(child, 'exit').then(() => void living.delete(child))
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
  // Whoever is killed cannot be told anything, and that is no fault of the test.
  child.stdin!.on('error', () => {})
  return {
    pid: child.pid!,
    async line() {
      const next = await soon(lines.next(), `${program} says nothing`)
      if (next.done) throw new Error(`${program} has ended; its log is ${logFile}`)
      return JSON.parse(next.value) as Record<string, unknown>
    },
    tell: (word) => void child.stdin!.write(`${word}\n`),
    hold: (isHeld) => void child.kill(isHeld ? 'SIGSTOP' : 'SIGCONT'),
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
    async stop() {
      child.kill('SIGTERM')
      const last = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
      await ended
      clearTimeout(last)
    },
  }
}

function soon<T>(promise: Promise<T>, otherwise: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(otherwise)), MOST_WAIT_MS)
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
