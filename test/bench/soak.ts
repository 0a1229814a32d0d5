import { cancelCampaign } from '../../src/campaigns/index.ts'
import { asOwner } from '../../src/house.ts'
import { readCommand } from '../support/command.ts'
import { openGround } from './ground.ts'
import { type KeptMemory, type Part, startPart } from './processes.ts'
import { countOf, startProgram, until } from './program.ts'
import { judgeSoak, rateBetween } from './soak-verdict.ts'
import { Lag, type Sample, takeSample } from './soak-watch.ts'
import { draft, makeContacts, makeParts, openStage, quoteAndSubmit, type Stage } from './stage.ts'

const DELIVERED = 0.93
/** What becomes of the others: a few fail, and some are never heard of. */
const FATES = { seed: 7, delivered: DELIVERED, failed: 0.04, read: 0.5, lifetime_seconds: 30 }
const WARM_UP_MS = 60_000
const SAMPLE_EVERY_MS = 5_000
const SAY_EVERY = 6
/** How long a campaign lasts at the rate that is asked; the next is submitted when a third of it is left. */
const CAMPAIGN_SECONDS = 60

const USAGE = `
npm run soak                    campaign after campaign, with server, worker and stand-in each in a process of its own

Judged by the rate that was kept, how long settling takes, memory, dead rows, and the audit at the end. Ends with 1
where one of them is not as asked.

  --minutes M         60
  --rate N            messages delivered and charged a second, 3000
`

async function main(): Promise<void> {
  const values = readCommand(USAGE, {
    minutes: { type: 'string', default: '60' },
    rate: { type: 'string', default: '3000' },
  })
  const [minutes, rate] = [Number(values.minutes), Number(values.rate)]
  if (!(minutes > 0) || !(rate > 0)) throw new Error('--minutes and --rate are numbers above zero')
  const ground = await openGround()
  const simulator = await startPart('src/simulator/main.ts', /"url"/, {})
  const { url } = JSON.parse(simulator.ready) as { url: string }
  const stage = await openStage(ground, { SIMULATOR_URL: url })
  const program = await startProgram(ground, stage)
  try {
    const parts = { server: program.server, ...(program.worker && { worker: program.worker }) }
    say(`queue on ${ground.redisUrl ? 'Redis' : 'PostgreSQL'}; ${minutes} min at ${rate} delivered a second`)
    const isFine = await soak(stage, parts, { minutes, rate })
    process.exitCode = isFine ? 0 : 1
  } finally {
    await program.stop()
    await simulator.stop()
    await stage.close()
    await ground.close()
  }
}

async function soak(
  stage: Stage,
  parts: Readonly<Record<string, Part>>,
  { minutes, rate }: { minutes: number; rate: number },
): Promise<boolean> {
  const perSecond = Math.ceil(rate / DELIVERED)
  const listId = await makeContacts(stage, perSecond * CAMPAIGN_SECONDS)
  const sender = await makeParts(stage, { ...FATES, messages_per_second: perSecond })
  const feed = startFeed(stage, sender, listId, Math.ceil((perSecond * CAMPAIGN_SECONDS) / 3))
  const lag = new Lag()
  await sleep(WARM_UP_MS)
  await lag.begin(stage)
  const keptBefore = await keptBy(parts)
  const samples = await watch(stage, parts, feed, lag, minutes * 60_000)
  await feed.stop()
  await settle(stage, feed.campaignIds)
  const findings = judgeSoak(samples, { p50Ms: lag.quantile(0.5), p99Ms: lag.quantile(0.99) }, rate)
  const sound = await isSound(stage)
  const keptAfter = await keptBy(parts)
  say(await sizeOf(stage))
  for (const name of Object.keys(parts)) say(describeKept(name, keptBefore[name]!, keptAfter[name]!))
  for (const { what, isFine } of [...findings, sound]) say(`${isFine ? 'ok  ' : 'FAIL'} ${what}`)
  return [...findings, sound].every(({ isFine }) => isFine)
}

async function keptBy(parts: Readonly<Record<string, Part>>): Promise<Record<string, KeptMemory>> {
  const entries = Object.entries(parts).map(async ([name, part]) => [name, await part.keptMemory()] as const)
  return Object.fromEntries(await Promise.all(entries))
}

function describeKept(name: string, before: KeptMemory, after: KeptMemory): string {
  const mb = (bytes: number) => (bytes / 2 ** 20).toFixed(1)
  return `the ${name} keeps ${mb(after.heapBytes)} MB in its heap and ${mb(after.externalBytes)} MB beside it once all unused is let go; at the beginning ${mb(before.heapBytes)} and ${mb(before.externalBytes)}`
}

type Feed = { readonly campaignIds: readonly string[]; check(): void; stop(): Promise<void> }

/** Keeps the sender busy: the next campaign is submitted before the last one ends. */
function startFeed(
  stage: Stage,
  sender: { templateId: string; senderId: string },
  listId: string,
  leastQueued: number,
): Feed {
  const campaignIds: string[] = []
  let fault: unknown
  let isStopped = false
  const feed = async () => {
    while (!isStopped) {
      const queued = await Promise.all(campaignIds.slice(-2).map((id) => countOf(stage, id, ['queued'])))
      if (queued.reduce((sum, n) => sum + n, 0) < leastQueued) {
        const campaignId = await draft(stage, sender, listId)
        await quoteAndSubmit(stage, campaignId)
        campaignIds.push(campaignId)
        const data = { workspaceId: stage.workspaceId, campaignId }
        await stage.house.queues.add('chores', 'tend', data)
      }
      await sleep(1_000)
    }
  }
  const running = feed().catch((error: unknown) => {
    fault = error
  })
  const check = () => {
    if (fault) throw fault
  }
  return {
    campaignIds,
    check,
    async stop() {
      isStopped = true
      await running
      check()
    },
  }
}

async function watch(
  stage: Stage,
  parts: Readonly<Record<string, Part>>,
  feed: Feed,
  lag: Lag,
  lastsMs: number,
): Promise<Sample[]> {
  const samples = [await takeSample(stage, parts)]
  const began = samples[0]!.atMs
  while (samples.at(-1)!.atMs - began < lastsMs) {
    await sleep(SAMPLE_EVERY_MS)
    feed.check()
    samples.push(await takeSample(stage, parts))
    await lag.look(stage)
    if (samples.length % SAY_EVERY === 0) say(progress(samples, lag))
  }
  return samples
}

function progress(samples: readonly Sample[], lag: Lag): string {
  const [before, now] = [samples.at(-SAY_EVERY)!, samples.at(-1)!]
  const memory = Object.entries(now.memory).map(
    ([name, bytes]) => `${name} ${Math.round(bytes / 2 ** 20)} MB`,
  )
  const words = [
    `${((now.atMs - samples[0]!.atMs) / 60_000).toFixed(1)} min`,
    `${Math.round(rateBetween(before, now))} a second`,
    `${now.delivered} delivered`,
    `settled after ${lag.quantile(0.99)} ms (p99)`,
    `${now.waitingWebhooks} webhooks wait`,
    ...memory,
    `${now.dead.table} ${(now.dead.share * 100).toFixed(1)} % dead`,
  ]
  return words.join(', ')
}

/** Whatever is left to send is cancelled; then everything that was sent is heard of, or given up. */
async function settle(stage: Stage, campaignIds: readonly string[]): Promise<void> {
  for (const id of campaignIds.slice(-3)) await stage.as((scope) => cancelCampaign(scope, id))
  await until(async () => {
    const left = await Promise.all(campaignIds.map((id) => countOf(stage, id, ['queued', 'sending'])))
    const { waitingWebhooks } = await takeSample(stage, {})
    return waitingWebhooks === 0 && left.every((n) => n === 0)
  })
}

async function isSound(stage: Stage): Promise<{ what: string; isFine: boolean }> {
  try {
    await stage.audit()
    return { what: 'the audit is clean', isFine: true }
  } catch (error) {
    return { what: String(error), isFine: false }
  }
}

async function sizeOf(stage: Stage): Promise<string> {
  const { delivered } = await takeSample(stage, {})
  const bytes = await asOwner(stage.house.ownerUrl, stage.house.clock, async ({ sql }) => {
    const [row] = await sql<{ n: number }[]>`SELECT pg_database_size(current_database())::float8 AS n`
    return row!.n
  })
  return `${delivered} delivered in all; the database has ${(bytes / 2 ** 30).toFixed(1)} GB`
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

await main()
process.exit()
