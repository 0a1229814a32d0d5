import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { asOwner } from '../../src/house.ts'
import { type Running, startServer } from '../../src/main.ts'
import { loadConfig } from '../../src/platform/config.ts'
import { unwrap } from '../../src/platform/result.ts'
import { openWorkspace } from '../../src/workspaces/index.ts'
import { REMINDER } from '../support/campaign.ts'
import { freshDatabase } from '../support/database.ts'

const NOTICE_MS = 3_000
const WAIT_MS = 40_000

let ground: Awaited<ReturnType<typeof freshDatabase>>
let dataDir: string
let running: Running
beforeEach(async () => {
  ground = await freshDatabase()
  dataDir = mkdtempSync(join(tmpdir(), 'duecast-drain-'))
  const config = loadConfig({
    PORT: '0',
    DATA_DIR: dataDir,
    DATABASE_URL: ground.ownerUrl,
    LOG_LEVEL: 'fatal',
  })
  running = await startServer(config, { workers: false, noticeMs: NOTICE_MS })
}, 120_000)
afterEach(async () => {
  await running.stop()
  await ground.drop()
  rmSync(dataDir, { recursive: true, force: true })
})

/** Asks on a connection of its own, as a balancer does. */
async function ask(path: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`${running.url}${path}`, { headers: { connection: 'close' } })
  return { status: response.status, text: await response.text() }
}

/** A request whose last byte is held back. */
async function begin() {
  const opened = await asOwner(running.house.ownerUrl, running.house.clock, (owner) =>
    openWorkspace(owner, { name: 'Klinik Sehat', currency: 'IDR' }),
  )
  const body = JSON.stringify(REMINDER)
  const request = httpRequest(`${running.url}/v1/templates`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${unwrap(opened).key.apiKey}`,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      expect: '100-continue',
    },
  })
  const answer = once(request, 'response').then(([response]: IncomingMessage[]) => {
    response!.resume()
    return { status: response!.statusCode, connection: response!.headers.connection }
  })
  const isTaken = once(request, 'continue')
  request.write(body.slice(0, -1))
  await isTaken
  return { finish: () => void request.end(body.slice(-1)), answer }
}

it(
  'a server that stops says so while it still listens, and answers what it has begun',
  async () => {
    expect((await ask('/readyz')).status).toBe(200)
    const upload = await begin()
    const stopped = running.stop()
    const unready = await ask('/readyz')
    expect(unready.status).toBe(503)
    expect(unready.text).toContain('This server is stopping.')
    expect((await ask('/healthz')).status).toBe(200)
    await vi.waitFor(() => expect(ask('/healthz')).rejects.toThrow(), { timeout: WAIT_MS, interval: 50 })
    upload.finish()
    expect(await upload.answer).toEqual({ status: 201, connection: 'close' })
    await stopped
  },
  WAIT_MS,
)
