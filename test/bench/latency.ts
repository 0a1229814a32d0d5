import { Pool } from 'undici'
import { unwrap } from '../../src/platform/result.ts'
import { issueKey } from '../../src/workspaces/index.ts'
import type { Figure } from './figure.ts'
import type { Ground } from './ground.ts'
import { startPart } from './processes.ts'
import { countOf, startProgram, until } from './program.ts'
import { draft, makeContacts, makeParts, openStage, quoteAndSubmit } from './stage.ts'

const SENDER = { seed: 7, delivered: 0.93, failed: 0.04, read: 0.5, lifetime_seconds: 30 }
/** Below what one worker does at most: an operator's number has a pace too. */
const PACE = { messages_per_second: 2_000 }
const AT_ONCE = 4
const P99_MS_MAX = 150

/** How long the API takes to answer what people and programs look at most, at rest and while a campaign is sent. */
export async function benchLatency(ground: Ground, messages: number): Promise<Figure[]> {
  const simulator = await startPart('src/simulator/main.ts', /"url"/, {})
  const { url } = JSON.parse(simulator.ready) as { url: string }
  const stage = await openStage(ground, { SIMULATOR_URL: url, RATE_LIMIT_PER_MINUTE: '1000000' })
  const program = await startProgram(ground, stage)
  try {
    const listId = await makeContacts(stage, messages)
    const parts = await makeParts(stage, { ...SENDER, ...PACE })
    const campaignId = await draft(stage, parts, listId)
    await quoteAndSubmit(stage, campaignId)
    const { apiKey: key } = unwrap(
      await stage.as((scope) => issueKey(scope, { name: 'bench', role: 'viewer' })),
    )
    const paths = [
      '/v1/wallet',
      '/v1/campaigns',
      `/v1/campaigns/${campaignId}`,
      `/v1/campaigns/${campaignId}/messages?limit=50`,
    ]
    const address = /https?:\/\/[^\s"]+/.exec(program.server.ready)![0]
    await p99Of(address, key, paths, async () => sleep(2_000))
    const atRest = await p99Of(address, key, paths, async () => sleep(5_000))
    await stage.house.queues.add('chores', 'tend', { workspaceId: stage.workspaceId, campaignId })
    await until(async () => (await countOf(stage, campaignId, ['queued'])) < messages)
    const sending = await p99Of(address, key, paths, () =>
      until(async () => (await countOf(stage, campaignId, ['queued'])) === 0),
    )
    return [
      {
        name: `the API's 99th percentile while ${PACE.messages_per_second.toLocaleString('en-GB')} messages a second are sent and charged`,
        unit: 'ms',
        value: sending.p99Ms,
        limit: { what: 'the same at rest', value: atRest.p99Ms },
        goal: { value: { atMost: P99_MS_MAX } },
        note: `${AT_ONCE} callers, ${sending.count} answers; at rest ${atRest.count}`,
      },
    ]
  } finally {
    await program.stop()
    await simulator.stop()
    await stage.close()
  }
}

async function p99Of(
  address: string,
  key: string,
  paths: readonly string[],
  meanwhile: () => Promise<void>,
): Promise<{ p99Ms: number; count: number }> {
  const pool = new Pool(address, { connections: AT_ONCE })
  const tookMs: number[] = []
  let isOver = false
  const call = async () => {
    while (!isOver) {
      const path = paths[tookMs.length % paths.length]!
      const startedMs = performance.now()
      const response = await pool.request({
        method: 'GET',
        path,
        headers: { authorization: `Bearer ${key}` },
      })
      await response.body.dump()
      if (response.statusCode !== 200) throw new Error(`${path} was answered ${response.statusCode}`)
      tookMs.push(performance.now() - startedMs)
      await sleep(20)
    }
  }
  const callers = Promise.all(Array.from({ length: AT_ONCE }, call))
  await Promise.race([meanwhile(), callers])
  isOver = true
  await callers
  await pool.close()
  tookMs.sort((a, b) => a - b)
  return { p99Ms: tookMs[Math.floor((tookMs.length - 1) * 0.99)]!, count: tookMs.length }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
