import { sitDown } from './console-door.ts'
import type { Figure } from './figure.ts'
import type { Ground } from './ground.ts'
import { familySeconds, startPart } from './processes.ts'
import { countOf, type Program, startProgram, until } from './program.ts'
import { inTurn, median } from './rounds.ts'
import { draft, makeContacts, makeParts, openStage, quoteAndSubmit, type Stage } from './stage.ts'

const WATCHERS = 200
const SLOWED_PERCENT_MAX = 5
/** Pairs of rounds, with and without, now one first and now the other, so that what else the machine does falls on both. */
const PAIRS = 7
const FATES = { seed: 7, delivered: 0.93, failed: 0.04, read: 0.5, lifetime_seconds: 30 }
const PACE = { messages_per_second: 100_000 }

type Round = {
  readonly perSecond: number
  readonly microsOfProcessor: number
  /** Of those who watch, who share the machine with what they watch. */
  readonly microsOfWatching: number
}

/** How much slower a campaign is sent while so many people have its live page open; each has a connection of their own. */
export async function benchWatchers(ground: Ground, messages: number): Promise<Figure[]> {
  const simulator = await startPart('src/simulator/main.ts', /"url"/, {})
  const { url } = JSON.parse(simulator.ready) as { url: string }
  const stage = await openStage(ground, { SIMULATOR_URL: url, RATE_LIMIT_PER_MINUTE: '1000000' })
  const program = await startProgram(ground, stage)
  try {
    const listId = await makeContacts(stage, messages)
    const parts = await makeParts(stage, { ...FATES, ...PACE })
    const round = async (watchers: number) => {
      const campaignId = await draft(stage, parts, listId)
      return sendWatched(ground, stage, program, campaignId, { messages, watchers })
    }
    await round(0)
    const alone: Round[] = []
    const watched: Round[] = []
    for (let n = 0; n < PAIRS; n++)
      for (const watchers of n % 2 === 0 ? [0, WATCHERS] : [WATCHERS, 0])
        (watchers === 0 ? alone : watched).push(await round(watchers))
    await stage.audit()
    return figuresOf(alone, watched, messages)
  } finally {
    await program.stop()
    await simulator.stop()
    await stage.close()
  }
}

/** @param alone the rounds without watchers, each the pair of the one at the same place in `watched` */
function figuresOf(alone: readonly Round[], watched: readonly Round[], messages: number): Figure[] {
  const slowed = watched.map(({ perSecond }, n) => (1 - perSecond / alone[n]!.perSecond) * 100)
  const micros = (rounds: readonly Round[]) =>
    median(rounds.map(({ microsOfProcessor }) => microsOfProcessor))
  const words = (rounds: readonly Round[]) => inTurn(rounds.map(({ perSecond }) => perSecond))
  const count = messages.toLocaleString('en-GB')
  return [
    {
      name: `${WATCHERS} watchers of the live page: sending of ${count} messages slowed by`,
      unit: '%',
      value: median(slowed),
      asked: { value: { atMost: SLOWED_PERCENT_MAX } },
      note: `messages a second with them ${words(watched)}; without ${words(alone)}; the median of the pairs counts`,
    },
    {
      name: `${WATCHERS} watchers of the live page: processor time a message`,
      unit: 'µs',
      value: micros(watched),
      limit: { what: 'the same without them', value: micros(alone) },
      note: `those who watch take ${Math.round(median(watched.map(({ microsOfWatching }) => microsOfWatching)))} µs of the same machine`,
    },
  ]
}

async function sendWatched(
  ground: Ground,
  stage: Stage,
  program: Program,
  campaignId: string,
  { messages, watchers }: { messages: number; watchers: number },
): Promise<Round> {
  const sitting = await sitDown(stage, program, watchers + 1)
  const heard = new Array<number>(watchers).fill(0)
  for (let n = 0; n < watchers; n++) {
    const response = await sitting.pool.request({
      method: 'GET',
      path: `/campaigns/${campaignId}/events`,
      headers: { cookie: sitting.cookie, accept: 'text/event-stream' },
      headersTimeout: 60_000,
      bodyTimeout: 0,
    })
    if (response.statusCode !== 200) throw new Error(`a watcher was answered ${response.statusCode}`)
    response.body.on('data', () => {
      heard[n]! += 1
    })
    response.body.on('error', () => {})
  }
  // Everybody watches before there is anything to send: a sweep may begin as soon as it is submitted.
  await quoteAndSubmit(stage, campaignId)
  const before = processorSeconds(ground, program)
  const ownBefore = process.cpuUsage()
  await stage.house.queues.add('chores', 'tend', { workspaceId: stage.workspaceId, campaignId })
  await until(async () => (await countOf(stage, campaignId, ['queued', 'sending'])) === 0)
  const perSecond = messages / (await secondsOfSending(stage, campaignId))
  await until(async () => (await countOf(stage, campaignId, ['sent'])) < messages / 20)
  const microsOfProcessor = ((processorSeconds(ground, program) - before) / messages) * 1e6
  const own = process.cpuUsage(ownBefore)
  // Whoever hears nothing burdens nobody, and the figure would be of nothing.
  const deaf = heard.filter((times) => times < 2).length
  if (deaf > 0) throw new Error(`${deaf} watchers heard nothing of the campaign`)
  await sitting.pool.destroy()
  return { perSecond, microsOfProcessor, microsOfWatching: (own.user + own.system) / messages }
}

function processorSeconds(ground: Ground, { server, worker }: Program): number {
  return server.processorSeconds() + (worker?.processorSeconds() ?? 0) + familySeconds(ground.postgresPid)
}

/** From the first claim to the last answer. */
async function secondsOfSending(stage: Stage, campaignId: string): Promise<number> {
  const [row] = await stage.as(
    ({ sql }) => sql<{ seconds: number }[]>`
      SELECT extract(epoch FROM max(a.resolved_at) - min(a.claimed_at))::float8 AS seconds
        FROM attempts a JOIN messages m ON m.id = a.message_id WHERE m.campaign_id = ${campaignId}`,
  )
  return row!.seconds
}
