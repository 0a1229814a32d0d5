import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/platform/config.ts'
import { openWorkerDoor } from '../../workers/door.ts'
import { type RunningWorker, startWorker } from '../../workers/main.ts'
import { launch, makeSender, makeTemplate, topUp } from '../support/campaign.ts'
import { openKlinikSehat } from '../support/cast.ts'
import { makeList, patients } from '../support/contacts.ts'
import { freshDatabase } from '../support/database.ts'
import { follow } from '../support/follow.ts'
import { queueEnvironment } from '../support/redis.ts'
import { type Stack, startStack } from '../support/stack.ts'

const RECIPIENTS = 30

let ground: Awaited<ReturnType<typeof freshDatabase>>
let stack: Stack
let worker: RunningWorker
beforeAll(async () => {
  ground = await freshDatabase()
  const shared = { DATABASE_URL: ground.ownerUrl, LOG_LEVEL: 'fatal', ...queueEnvironment() }
  stack = await startStack(shared, undefined, false)
  worker = await startWorker(loadConfig({ ...shared, WORKER_PORT: '0' }))
}, 120_000)
afterAll(async () => {
  await worker.stop()
  await stack.stop()
  await ground.drop()
})

async function ask(path: string, init: RequestInit = {}) {
  const response = await fetch(`${worker.url}${path}`, { ...init, headers: { connection: 'close' } })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

async function figure(name: string): Promise<number | undefined> {
  const line = (await ask('/metrics')).text.split('\n').find((text) => text.startsWith(`${name} `))
  return line === undefined ? undefined : Number(line.split(' ')[1])
}

describe('a worker that runs apart', () => {
  it('says on a port of its own that it is alive and ready', async () => {
    expect(worker.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(await ask('/healthz')).toMatchObject({ status: 200, text: '{"status":"ok"}' })
    expect(await ask('/readyz')).toMatchObject({ status: 200, text: '{"status":"ready"}' })
  })

  it('tells its own figures: what it has sent and folded, and that nothing is left in its hands', async () => {
    const firm = await openKlinikSehat(stack)
    await topUp(firm, '1000000.00', 'transfer-1')
    const list_id = await makeList(stack, firm, patients(RECIPIENTS))
    const sender_id = await makeSender(firm, { delivered: 0.9, server_error: 0.1, lifetime_seconds: 4 })
    const { id } = await launch(firm.budi, { list_id, sender_id, template_id: await makeTemplate(firm.budi) })
    const { events } = await follow(stack, firm.joko, id)
    const { uncertain } = events.at(-1).counts
    expect(await figure('duecast_calls_total{outcome="accepted"}')).toBe(RECIPIENTS - uncertain)
    expect((await figure('duecast_calls_total{outcome="indeterminate"}')) ?? 0).toBe(uncertain)
    expect(await figure('duecast_receipts_folded_total')).toBeGreaterThanOrEqual(RECIPIENTS - uncertain)
    expect(await figure('duecast_calls_in_flight')).toBe(0)
    expect(await figure('duecast_senders_resting')).toBe(0)
    const { text } = await ask('/metrics')
    for (const name of [
      'duecast_jobs_at_work',
      'nodejs_eventloop_lag_p99_seconds',
      'process_resident_memory_bytes',
    ])
      expect(text).toMatch(new RegExp(`^${name}`, 'm'))
    expect(text).not.toContain(sender_id)
  })

  it.each([
    ['/', 'GET', 404],
    ['/v1/campaigns', 'GET', 404],
    ['/__proto__', 'GET', 404],
    ['/metrics', 'POST', 405],
  ])('takes no orders: %s by %s is %d', async (path, method, status) => {
    expect((await ask(path, { method })).status).toBe(status)
  })

  it('is not ready once it is stopping, and still alive', async () => {
    const door = await openWorkerDoor(worker.house, { port: 0, isStopping: () => true })
    const unready = await fetch(`${door.url}/readyz`)
    expect([unready.status, unready.headers.get('retry-after')]).toEqual([503, '5'])
    expect(await unready.text()).toContain('This worker is stopping.')
    expect((await fetch(`${door.url}/healthz`)).status).toBe(200)
    await door.close()
  })

  it('is silent once it has stopped', async () => {
    await worker.stop()
    await expect(ask('/healthz')).rejects.toThrow()
  })

  it('listens nowhere unless it is told to', async () => {
    const quiet = await startWorker(loadConfig({ DATABASE_URL: ground.ownerUrl, LOG_LEVEL: 'fatal' }))
    expect(quiet.url).toBeUndefined()
    await quiet.stop()
  })
})
