import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { openEmbedded } from '../../src/platform/embedded/index.ts'
import { findOnPath, startRedis } from './processes.ts'

/** What every figure stands on: one PostgreSQL, as the program brings it, and Redis where the machine has it. */
export type Ground = {
  /** Undefined: there is no redis-server here, and queues run on PostgreSQL. */
  readonly redisUrl: string | undefined
  readonly dataDir: string
  /** The parent of PostgreSQL's processes. */
  readonly postgresPid: number
  /** A database of its own for one bench. */
  freshDatabase(): Promise<FreshDatabase>
  close(): Promise<void>
}

export type FreshDatabase = { readonly ownerUrl: string; readonly superuserUrl: string }

export async function openGround(): Promise<Ground> {
  const dataDir = await mkdtemp(join(tmpdir(), 'duecast-bench-'))
  const embedded = await openEmbedded({ dataDir })
  const { superuser_url, pid } = JSON.parse(await readFile(embedded.superuserUrlFile, 'utf8')) as {
    superuser_url: string
    pid: number
  }
  const redis = findOnPath('redis-server') ? await startRedis(dataDir) : undefined
  return {
    redisUrl: redis?.url,
    dataDir,
    postgresPid: pid,
    freshDatabase: () => makeDatabase(embedded.databaseUrl, superuser_url),
    async close() {
      await redis?.stop()
      await embedded.stop()
      await rm(embedded.home, { recursive: true, force: true })
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

async function makeDatabase(ownerUrl: string, superuserUrl: string): Promise<FreshDatabase> {
  const owner = new URL(ownerUrl)
  const superuser = new URL(superuserUrl)
  const name = `bench_${randomBytes(4).toString('hex')}`
  const admin = postgres(superuser.toString(), { max: 1, onnotice: () => {} })
  await admin.unsafe(`CREATE DATABASE ${name} OWNER "${decodeURIComponent(owner.username)}"`)
  await admin.end()
  owner.pathname = `/${name}`
  superuser.pathname = `/${name}`
  return { ownerUrl: owner.toString(), superuserUrl: superuser.toString() }
}
