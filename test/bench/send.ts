import { createServer, type Server } from 'node:http'
import { mintToken, simulatedPhoneNumberId } from '../../src/delivery/providers/simulator/token.ts'
import { GRAPH_VERSION } from '../../src/delivery/providers/whatsapp-cloud/config.ts'
import { bodyOf } from './body.ts'
import type { Figure } from './figure.ts'
import type { Ground } from './ground.ts'
import { type PeerWords, peerPerSecond } from './peer.ts'
import { familySeconds, type Part, startPart } from './processes.ts'
import { countOf, startProgram, until } from './program.ts'
import { inTurn, median, ROUNDS } from './rounds.ts'
import { draft, makeContacts, makeParts, openStage, quoteAndSubmit, type Stage } from './stage.ts'

/** What becomes of the messages: as in life, most are delivered, some read, a few fail. */
const FATES = { seed: 7, delivered: 0.93, failed: 0.04, read: 0.5, lifetime_seconds: 30 }
/** The same where nobody is to hear of it: what is posted an hour later takes none of the time that is measured. */
const UNHEARD = { seed: 7, delivered: 0, late: 1, late_ms: 3_600_000, lifetime_seconds: 30 }
type Fates = typeof FATES | typeof UNHEARD
/** So fast that the sender's own pace is no limit. */
const PACE = { messages_per_second: 100_000 }
const BARE_MESSAGES = 40_000
/**
 * Whoever has only just started compiles, connects and plans for its first second. All that is compared here works for a
 * while before it is measured, as what runs for weeks does: so many messages for us and for the bare loop, and for the
 * peer, which is slower, so many.
 */
const FIRST_MESSAGES = 10_000
const PEER_ROUND = { first: 2_000, count: 10_000 }
const BARE_CONNECTIONS = 64

/**
 * Sending through the adapter to the stand-in, with server, worker and stand-in each in a process of its own. Once
 * with the webhooks coming back to the server and being folded and charged all the while, once without.
 */
export async function benchSend(ground: Ground, messages: number): Promise<Figure[]> {
  const sink = await openSink()
  const simulator = await startPart('src/simulator/main.ts', /"url"/, {})
  const simulatorUrl = (JSON.parse(simulator.ready) as { url: string }).url
  try {
    const bare = (fates: Fates) => bareSending(simulatorUrl, bareAddress(sink.url, fates))
    const on = { ground, simulator, simulatorUrl }
    const heardBefore = await bare(FATES)
    const [whole] = await sendInTurn(on, undefined, { messages, rounds: 1 })
    const heardAfter = await bare(FATES)
    const before = await bare(UNHEARD)
    const peers: number[] = []
    const peer = async () => {
      peers.push(await peerPerSecond(ground, PEER_ROUND, peerWords(simulatorUrl, sink.url)))
    }
    const rounds = await sendInTurn(on, sink.url, { messages, rounds: ROUNDS }, peer)
    const after = await bare(UNHEARD)
    const alone = rounds.map(({ sentPerSecond }) => sentPerSecond)
    const what = 'a bare undici loop against the same stand-in'
    const heard = { what: `${what}, which posts its receipts`, value: Math.max(heardBefore, heardAfter) }
    const unheard = { what, value: Math.max(before, after) }
    const count = messages.toLocaleString('en-GB')
    return [
      {
        name: `sending ${count} messages while their receipts come in, are folded and charged`,
        unit: '/s',
        value: whole!.sentPerSecond,
        limit: heard,
        asked: { value: { atLeast: 3_000 }, ratio: { atLeast: 0.1 } },
        goal: { value: { atLeast: 7_000 }, ratio: { atLeast: 0.25 } },
        note: whole!.note,
      },
      {
        name: `the whole pipeline: ${count} messages sent, every receipt stored, folded and charged`,
        unit: '/s',
        value: whole!.foldedPerSecond,
        limit: heard,
      },
      {
        name: `sending ${count} messages with attempts and results written, receipts to nobody`,
        unit: '/s',
        value: median(alone),
        limit: unheard,
        asked: { value: { atLeast: 3_000 }, ratio: { atLeast: 0.1 } },
        goal: { value: { atLeast: 7_000 }, ratio: { atLeast: 0.25 } },
        note: `the median of ${ROUNDS} rounds: ${inTurn(alone)}; of the last, ${rounds.at(-1)!.note}`,
      },
      ...(peers.some(Number.isNaN) ? [] : [timesPeer(median(alone), peers)]),
    ]
  } finally {
    await simulator.stop()
    sink.close()
  }
}

/** @param peers its pace before each round of ours, since the machine's changes from minute to minute */
function timesPeer(perSecond: number, peers: readonly number[]): Figure {
  return {
    name: 'the last, as a multiple of one job, one fetch and one transaction a message',
    unit: 'times',
    value: perSecond / median(peers),
    goal: { value: { atLeast: 8 } },
    note: `that one, in turn with it: ${inTurn(peers)} messages a second`,
  }
}

type Address = { path: string; token: string }

function bareAddress(sinkUrl: string, fates: Fates): Address {
  const webhookUrl = `${sinkUrl}/webhooks/bare`
  return {
    token: mintToken(fates, { webhookUrl, appSecret: 'bare' }),
    path: `/${GRAPH_VERSION}/${simulatedPhoneNumberId(webhookUrl)}/messages`,
  }
}

function peerWords(simulatorUrl: string, sinkUrl: string): PeerWords {
  const { path, token } = bareAddress(sinkUrl, UNHEARD)
  return { address: `${simulatorUrl}${path}`, token, bodyOf }
}

async function bareSending(simulatorUrl: string, { path, token }: Address): Promise<number> {
  const args = [
    simulatorUrl,
    path,
    token,
    String(FIRST_MESSAGES),
    String(BARE_MESSAGES),
    String(BARE_CONNECTIONS),
  ]
  const loop = await startPart('test/bench/bare-sender.ts', /ready/, {}, args)
  await loop.exited
  return (JSON.parse(loop.lines().at(-1)!) as { perSecond: number }).perSecond
}

type Sent = { sentPerSecond: number; foldedPerSecond: number; note: string }

/** Where campaigns are sent. */
type Place = { ground: Ground; simulator: Part; simulatorUrl: string }

/**
 * So many campaigns of as many messages, one after the other, by one program that has warmed up.
 * @param webhooksTo who hears of them where it is not the program itself
 * @param beforeEach what else is to be measured in turn
 */
async function sendInTurn(
  { ground, simulator, simulatorUrl }: Place,
  webhooksTo: string | undefined,
  { messages, rounds }: { messages: number; rounds: number },
  beforeEach: () => Promise<void> = async () => {},
): Promise<Sent[]> {
  const stage = await openStage(ground, { SIMULATOR_URL: simulatorUrl })
  const { server, worker, stop } = await startProgram(ground, stage, { PUBLIC_URL: webhooksTo })
  try {
    const isHeard = webhooksTo === undefined
    const parts = await makeParts(stage, { ...(isHeard ? FATES : UNHEARD), ...PACE })
    const first = await submitted(stage, parts, FIRST_MESSAGES)
    const firstSeconds = await secondsToSend(stage, first)
    if (isHeard) await allFolded(stage, first)
    const justStarted = `a worker that has just started: ${perSecond(FIRST_MESSAGES, firstSeconds)} /s`
    const sent: Sent[] = []
    for (let round = 1; round <= rounds; round++) {
      await beforeEach()
      const campaignId = await submitted(stage, parts, messages)
      const used = processorMeter({ server, ...(worker && { worker }), simulator }, ground.postgresPid)
      const startedMs = Date.now()
      const seconds = await secondsToSend(stage, campaignId)
      const note = `${used(messages)}; ${justStarted}`
      const foldedMs = isHeard ? await allFolded(stage, campaignId) : Number.NaN
      sent.push({
        sentPerSecond: messages / seconds,
        foldedPerSecond: (messages / (foldedMs - startedMs)) * 1000,
        note,
      })
    }
    await stage.audit()
    return sent
  } finally {
    await stop()
    await stage.close()
  }
}

function perSecond(messages: number, seconds: number): string {
  return Math.round(messages / seconds).toLocaleString('en-GB')
}

type Parts = Awaited<ReturnType<typeof makeParts>>

/** A campaign to so many people of its own, ready to be sent. */
async function submitted(stage: Stage, parts: Parts, messages: number): Promise<string> {
  const campaignId = await draft(stage, parts, await makeContacts(stage, messages))
  await quoteAndSubmit(stage, campaignId)
  return campaignId
}

async function secondsToSend(stage: Stage, campaignId: string): Promise<number> {
  const startedMs = Date.now()
  await stage.house.queues.add('chores', 'tend', { workspaceId: stage.workspaceId, campaignId })
  await until(async () => (await countOf(stage, campaignId, ['queued', 'sending'])) === 0)
  return ((await lastResolved(stage)) - startedMs) / 1000
}

async function lastResolved(stage: Stage): Promise<number> {
  const [row] = await stage.as(
    ({ sql }) =>
      sql<{ ms: number }[]>`SELECT (extract(epoch FROM max(resolved_at)) * 1000)::float8 AS ms FROM attempts`,
  )
  return row!.ms
}

/** When the last receipt had been folded: nothing has changed for a while, and nothing waits. */
async function allFolded(stage: Stage, campaignId: string): Promise<number> {
  const QUIET_MS = 3_000
  let seen = ''
  let sinceMs = Date.now()
  await until(async () => {
    const [row] = await stage.as(
      ({ sql }) => sql<{ now: string; waiting: boolean }[]>`
        SELECT (SELECT string_agg(state || n, ' ' ORDER BY state) FROM message_counts WHERE campaign_id = ${campaignId}) AS now,
               EXISTS (SELECT 1 FROM webhooks WHERE done_at IS NULL) AS waiting`,
    )
    if (row!.now !== seen || row!.waiting) sinceMs = Date.now()
    seen = row!.now
    return Date.now() - sinceMs > QUIET_MS
  })
  const [last] = await stage.as(
    ({ sql }) =>
      sql<{ ms: number }[]>`SELECT (extract(epoch FROM max(done_at)) * 1000)::float8 AS ms FROM webhooks`,
  )
  return last!.ms
}

/** Processor time from now on, a message, in microseconds: unlike the clock it does not count what others do. */
function processorMeter(parts: Record<string, Part>, postgresPid: number) {
  const before = Object.values(parts).map((part) => part.processorSeconds())
  const postgresBefore = familySeconds(postgresPid)
  return (messages: number): string => {
    const micros = (seconds: number) => Math.round((seconds / messages) * 1e6)
    const words = Object.entries(parts).map(
      ([name, part], at) => `${name} ${micros(part.processorSeconds() - before[at]!)}`,
    )
    const postgres = `PostgreSQL ${micros(familySeconds(postgresPid) - postgresBefore)}`
    return `processor time a message in µs: ${[...words, postgres].join(', ')}`
  }
}

function openSink(): Promise<{ url: string; close(): void }> {
  const server: Server = createServer((request, response) => {
    request.resume()
    request.on('end', () => response.end())
  })
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address ? address.port : 0
      resolve({
        url: `http://127.0.0.1:${port}`,
        close: () => {
          server.closeAllConnections()
          server.close()
        },
      })
    })
  })
}
