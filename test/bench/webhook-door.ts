import { createHmac } from 'node:crypto'
import { Pool } from 'undici'
import { addSender } from '../../src/delivery/index.ts'
import { unwrap } from '../../src/platform/result.ts'
import type { Figure } from './figure.ts'
import type { Ground } from './ground.ts'
import { familySeconds, startPart } from './processes.ts'
import { inTurn, ROUNDS } from './rounds.ts'
import { openStage, type Stage } from './stage.ts'

const APP_SECRET = 'the app secret of the bench'
const CONNECTIONS = 96
const P99_MS_MAX = 50

type Hook = { readonly body: string; readonly signature: string }

/**
 * Webhooks through the real endpoint: signature over the raw bytes, stored durably before the 200, each another body,
 * from this process to a server in one of its own; beside a route of bare Express that reads the body and does nothing.
 */
export async function benchWebhookDoor(ground: Ground, count: number): Promise<Figure[]> {
  const stage = await openStage(ground)
  const server = await startPart('test/crash/server-process.ts', /url/, { ...stage.environment, PORT: '0' })
  const bare = await startPart('test/bench/bare-door.ts', /url/, {})
  try {
    const path = `/webhooks/whatsapp/${await connectSender(stage)}`
    const urlOf = (part: { ready: string }) => (JSON.parse(part.ready) as { url: string }).url
    await postAll(urlOf(server), path, hooks(count / 4, 'warm'))
    await postAll(urlOf(bare), path, hooks(count / 4, 'warm'))
    const limits: Posted[] = []
    const doors: Posted[] = []
    const bareUsed = meterOf({ server: () => bare.processorSeconds() })
    const used = meterOf({
      server: () => server.processorSeconds(),
      PostgreSQL: () => familySeconds(ground.postgresPid),
      'who posts': ownSeconds,
    })
    for (let round = 1; round <= ROUNDS; round++) {
      const [forBare, forDoor] = [hooks(count, `bare ${round}`), hooks(count, `door ${round}`)]
      limits.push(await bareUsed.during(() => postAll(urlOf(bare), path, forBare)))
      doors.push(await used.during(() => postAll(urlOf(server), path, forDoor)))
    }
    await refuseIfNotStored(stage, ROUNDS * count + count / 4)
    const [limit, door] = [fastest(limits), fastest(doors)]
    return [
      {
        name: 'webhooks through the endpoint: signed, durable, one update each',
        unit: '/s',
        value: door.perSecond,
        limit: { what: 'a bare Express route that reads the body', value: limit.perSecond },
        asked: { value: { atLeast: 5_000 } },
        goal: { value: { atLeast: 8_000 } },
        note: `the best of ${ROUNDS} rounds each: ${ratesOf(doors)}, bare ${ratesOf(limits)}; median ${door.medianMs.toFixed(1)} ms with ${CONNECTIONS} at a time; processor time a webhook: ${used.each(ROUNDS * count)}; bare ${bareUsed.each(ROUNDS * count)}`,
      },
      {
        name: 'webhooks through the endpoint: 99th percentile',
        unit: 'ms',
        value: door.p99Ms,
        limit: { what: 'the same on the bare route', value: limit.p99Ms },
        asked: { value: { atMost: P99_MS_MAX } },
      },
    ]
  } finally {
    await Promise.all([server.stop(), bare.stop()])
    await stage.close()
  }
}

async function connectSender(stage: Stage): Promise<string> {
  const config = {
    phone_number_id: '106540352242922',
    business_account_id: '102290129340398',
    access_token: 'token',
    app_secret: APP_SECRET,
    verify_token: 'verify',
  }
  const request = { provider: 'whatsapp_cloud', name: 'Bench', config }
  return unwrap(await stage.as((scope) => addSender(scope, stage.house.secrets, request))).id
}

/** Signed beforehand: what the platform computes is not the server's work. */
function hooks(count: number, name: string): Hook[] {
  return Array.from({ length: count }, (_, at) => {
    const status = {
      id: `wamid.HBgNNjI4MTIzNDU2Nzg5MBUCABEYEjQ${name}${at}`,
      status: 'delivered',
      timestamp: '1750030073',
      recipient_id: `62812${String(at).padStart(9, '0')}`,
      biz_opaque_callback_data: `dc.${at + 1}.1`,
      pricing: { billable: true, pricing_model: 'PMP', type: 'regular', category: 'utility' },
    }
    const metadata = { display_phone_number: '15550783881', phone_number_id: '106540352242922' }
    const value = { messaging_product: 'whatsapp', metadata, statuses: [status] }
    const entry = [{ id: '102290129340398', changes: [{ value, field: 'messages' }] }]
    const body = JSON.stringify({ object: 'whatsapp_business_account', entry })
    return { body, signature: `sha256=${createHmac('sha256', APP_SECRET).update(body).digest('hex')}` }
  })
}

type Meter = {
  /** Counts what is used while the work is done. */
  during<T>(work: () => Promise<T>): Promise<T>
  /** Microseconds of each part, for so many. */
  each(count: number): string
}

/** Processor time of several parts, counted only while something is measured. */
function meterOf(parts: Readonly<Record<string, () => number>>): Meter {
  const names = Object.keys(parts)
  const total = new Map(names.map((name) => [name, 0]))
  return {
    async during(work) {
      const before = names.map((name) => parts[name]!())
      const done = await work()
      for (const [at, name] of names.entries())
        total.set(name, total.get(name)! + parts[name]!() - before[at]!)
      return done
    },
    each: (count) =>
      names.map((name) => `${name} ${((total.get(name)! / count) * 1e6).toFixed(1)} µs`).join(', '),
  }
}

function ownSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

type Posted = { perSecond: number; medianMs: number; p99Ms: number }

async function postAll(url: string, path: string, all: readonly Hook[]): Promise<Posted> {
  const pool = new Pool(url, { connections: CONNECTIONS, pipelining: 1 })
  const tookMs = new Float64Array(all.length)
  let next = 0
  const post = async () => {
    while (next < all.length) {
      const at = next++
      const { body, signature } = all[at]!
      const startedMs = performance.now()
      const headers = { 'content-type': 'application/json', 'x-hub-signature-256': signature }
      const response = await pool.request({ method: 'POST', path, headers, body })
      await response.body.dump()
      if (response.statusCode !== 200) throw new Error(`a webhook was answered ${response.statusCode}`)
      tookMs[at] = performance.now() - startedMs
    }
  }
  const startedMs = performance.now()
  await Promise.all(Array.from({ length: CONNECTIONS }, post))
  const seconds = (performance.now() - startedMs) / 1000
  await pool.close()
  tookMs.sort()
  const at = (share: number) => tookMs[Math.floor((tookMs.length - 1) * share)]!
  return { perSecond: all.length / seconds, medianMs: at(0.5), p99Ms: at(0.99) }
}

async function refuseIfNotStored(stage: Stage, count: number): Promise<void> {
  const [row] = await stage.as(({ sql }) => sql<{ n: number }[]>`SELECT count(*)::int AS n FROM webhooks`)
  if (row!.n !== count) throw new Error(`${row!.n} webhooks are stored, not ${count}`)
}

function fastest(rounds: readonly Posted[]): Posted {
  return rounds.reduce((best, one) => (one.perSecond > best.perSecond ? one : best))
}

function ratesOf(rounds: readonly Posted[]): string {
  return inTurn(rounds.map(({ perSecond }) => perSecond))
}
