import { spawn } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'

/** The server of a PostgreSQL that this run has to itself. */
export type Postmaster = {
  isThere(): boolean
  /** Stops it as `pg_ctl stop -m immediate` does, without a checkpoint. */
  stopAtOnce(): Promise<void>
  /** Starts the same command again: it recovers from its log. */
  start(): void
}

const GONE_WITHIN_MS = 20_000
const LOOK_AGAIN_MS = 25

export async function findPostmaster(superuserUrl: string): Promise<Postmaster> {
  const pid = await postmasterOf(superuserUrl)
  const [program, ...words] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean)
  const { uid, gid } = statSync(`/proc/${pid}`)
  const identity = process.getuid?.() === 0 ? { uid, gid } : {}
  return {
    isThere: () => isThere(pid),
    async stopAtOnce() {
      process.kill(pid, 'SIGQUIT')
      const until = performance.now() + GONE_WITHIN_MS
      while (isThere(pid)) {
        if (performance.now() > until) throw new Error('PostgreSQL does not stop')
        await sleep(LOOK_AGAIN_MS)
      }
    },
    start: () => spawn(program!, words, { ...identity, detached: true, stdio: 'ignore' }).unref(),
  }
}

/** Stops PostgreSQL without a checkpoint, and starts it. */
export async function restartPostgres(superuserUrl: string): Promise<void> {
  const postmaster = await findPostmaster(superuserUrl)
  await postmaster.stopAtOnce()
  postmaster.start()
}

async function postmasterOf(superuserUrl: string): Promise<number> {
  const superuser = postgres(superuserUrl, { max: 1, onnotice: () => {} })
  try {
    const [row] = await superuser<{ text: string }[]>`SELECT pg_read_file('postmaster.pid') AS text`
    return Number.parseInt(row!.text, 10)
  } finally {
    await superuser.end()
  }
}

function isThere(pid: number): boolean {
  try {
    // A process that has ended and waits for its parent is gone too.
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
