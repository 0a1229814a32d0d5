import type { Figure } from './figure.ts'
import type { Ground } from './ground.ts'
import { startPart } from './processes.ts'
import { countOf, startProgram, until } from './program.ts'
import { draft, makeContacts, makeParts, openStage, quoteAndSubmit, type Stage } from './stage.ts'

const SMALL = 100
const LARGE_HAS_BEGUN = 400
const TRIES = 5
/** The pace that the platform gives a number that asks for nothing else. */
const SENDER = { seed: 7, delivered: 1, failed: 0, lifetime_seconds: 3_600, messages_per_second: 80 }

type Parts = { templateId: string; senderId: string }

/**
 * How long a small campaign takes while a large one keeps the same sender busy, beside the same campaign alone; and
 * beside a large one on another sender.
 */
export async function benchFairness(ground: Ground, largeCampaign: number): Promise<Figure[]> {
  const simulator = await startPart('src/simulator/main.ts', /"url"/, {})
  const { url } = JSON.parse(simulator.ready) as { url: string }
  const stage = await openStage(ground, { SIMULATOR_URL: url })
  const program = await startProgram(ground, stage)
  try {
    const largeList = await makeContacts(stage, largeCampaign)
    const smallList = await makeContacts(stage, SMALL)
    const parts = await makeParts(stage, SENDER)
    const alone = await worstOf(() => secondsToSend(stage, parts, smallList))
    const large = await startLarge(stage, parts, largeList, largeCampaign)
    const beside = await worstOf(() => secondsToSend(stage, parts, smallList))
    if ((await countOf(stage, large, ['queued'])) === 0)
      throw new Error('the large campaign was over too soon')
    const other = await worstOf(async () => {
      const apart = await makeParts(stage, SENDER)
      return secondsToSend(stage, apart, smallList)
    })
    const limit = { what: 'the same campaign alone', value: alone }
    const few = `${SMALL} messages at 80 a second, the slowest of ${TRIES}`
    return [
      {
        name: `${few}, while ${largeCampaign.toLocaleString('en-GB')} keep the same sender busy`,
        unit: 's',
        value: beside,
        limit,
        asked: { value: { atMost: alone + 10 } },
      },
      {
        name: `${few}, while as many keep another sender busy`,
        unit: 's',
        value: other,
        limit,
        goal: { ratio: { atMost: 1.5 } },
      },
    ]
  } finally {
    await program.stop()
    await simulator.stop()
    await stage.close()
  }
}

async function worstOf(once: () => Promise<number>): Promise<number> {
  let worst = 0
  for (let n = 0; n < TRIES; n += 1) worst = Math.max(worst, await once())
  return worst
}

async function secondsToSend(stage: Stage, parts: Parts, listId: string): Promise<number> {
  const campaignId = await draft(stage, parts, listId)
  await quoteAndSubmit(stage, campaignId)
  const startedMs = performance.now()
  await tend(stage, campaignId)
  await until(async () => (await countOf(stage, campaignId, ['queued', 'sending'])) === 0)
  return (performance.now() - startedMs) / 1000
}

async function startLarge(stage: Stage, parts: Parts, listId: string, size: number): Promise<string> {
  const campaignId = await draft(stage, parts, listId)
  await quoteAndSubmit(stage, campaignId)
  await tend(stage, campaignId)
  await until(async () => (await countOf(stage, campaignId, ['queued'])) <= size - LARGE_HAS_BEGUN)
  return campaignId
}

async function tend(stage: Stage, campaignId: string): Promise<void> {
  await stage.house.queues.add('chores', 'tend', { workspaceId: stage.workspaceId, campaignId })
}
