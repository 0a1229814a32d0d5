import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'

/** A Redis that belongs to one run, so that anything may befall it. It keeps nothing on disk: a restart is empty. */
export type OwnRedis = {
  readonly url: string
  kill(): Promise<void>
  start(): Promise<void>
  flush(): Promise<void>
  /** Lets it take nothing more, and everything again. */
  limitMemory(bytes: number): Promise<void>
  close(): Promise<void>
}

const STARTED_WITHIN_MS = 10_000
const LOOK_AGAIN_MS = 50

export async function openRedis(): Promise<OwnRedis> {
  const folder = mkdtempSync(join(tmpdir(), 'duecast-redis-'))
  const port = await freePort()
  const url = `redis://127.0.0.1:${port}`
  let server: ChildProcess | undefined
  process.once('exit', () => server?.kill('SIGKILL'))

  const start = async () => {
    const words = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
    const child = spawn('redis-server', [...words, '--dir', folder, '--maxmemory-policy', 'noeviction'], {
      stdio: 'ignore',
    })
    child.on('error', () => {})
    server = child
    const until = performance.now() + STARTED_WITHIN_MS
    while (!(await ask(url, (client) => client.ping()).catch(() => undefined))) {
      if (performance.now() > until) throw new Error('redis-server does not start: is it installed?')
      await sleep(LOOK_AGAIN_MS)
    }
  }
  const kill = async () => {
    const child = server
    server = undefined
    if (!child || child.exitCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  await start()
  return {
    url,
    kill,
    start,
    flush: () => ask(url, (client) => client.flushall()).then(() => {}),
    limitMemory: (bytes) =>
      ask(url, (client) => client.config('SET', 'maxmemory', `${bytes}`)).then(() => {}),
    async close() {
      await kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function ask<T>(url: string, question: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null, connectTimeout: 1_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    return await question(client)
  } finally {
    client.disconnect()
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      const port = typeof address === 'object' && address ? address.port : 0
      probe.close(() => resolve(port))
    })
  })
}
