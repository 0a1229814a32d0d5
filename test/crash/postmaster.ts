import { spawn } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'

const GONE_WITHIN_MS = 20_000
const LOOK_AGAIN_MS = 25

/**
 * Stops PostgreSQL as `pg_ctl stop -m immediate` does, without a checkpoint, and starts the same command again: it
 * recovers from its log. Only for a PostgreSQL that this run has to itself.
 */
export async function restartPostgres(superuserUrl: string): Promise<void> {
  const pid = await postmasterOf(superuserUrl)
  const [program, ...words] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean)
  const { uid, gid } = statSync(`/proc/${pid}`)
  process.kill(pid, 'SIGQUIT')
  const until = performance.now() + GONE_WITHIN_MS
  while (isThere(pid)) {
    if (performance.now() > until) throw new Error('PostgreSQL does not stop')
    await sleep(LOOK_AGAIN_MS)
  }
  const identity = process.getuid?.() === 0 ? { uid, gid } : {}
  spawn(program!, words, { ...identity, detached: true, stdio: 'ignore' }).unref()
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
