import { asOwner } from '../../src/house.ts'
import type { Figure } from './figure.ts'
import { foldAll } from './fold-all.ts'
import type { Ground } from './ground.ts'
import { makeHistory } from './history.ts'
import { sendToNobody } from './nobody.ts'
import { familySeconds } from './processes.ts'
import {
  draft,
  makeContacts,
  makeParts,
  openStage,
  quoteAndSubmit,
  refreshStatistics,
  type Stage,
} from './stage.ts'
import { batches, storeWebhooks } from './webhooks.ts'

const SMALL = 1_000
const SMALL_CAMPAIGNS = 20

/**
 * What one message costs, from its claim to its charge, in a large campaign and in small ones: processor time of the
 * program and of PostgreSQL together, and rows that PostgreSQL read. There is no network, so that nothing hides a cost
 * that grows with the campaign.
 */
export async function benchGrowth(ground: Ground, large: number, history: number): Promise<Figure[]> {
  const stage = await openStage(ground)
  try {
    const parts = await makeParts(stage, { messages_per_second: 100_000, lifetime_seconds: 3_600 })
    const smallList = await makeContacts(stage, SMALL)
    const largeList = await makeContacts(stage, large)
    await costOf(ground, stage, parts, [smallList], SMALL)
    const halfOfSmall = Array.from({ length: SMALL_CAMPAIGNS / 2 }, () => smallList)
    await refreshStatistics(stage)
    const young = history > 0 ? await costOf(ground, stage, parts, halfOfSmall, SMALL) : undefined
    if (history > 0) await makeHistory(stage, history)
    const before = await costOf(ground, stage, parts, halfOfSmall, SMALL)
    const cost = await costOf(ground, stage, parts, [largeList], large)
    const after = await costOf(ground, stage, parts, halfOfSmall, SMALL)
    if (history === 0) await stage.audit()
    const asked = { ratio: { atMost: 1.2 } }
    const beside = history > 0 ? `, ${history.toLocaleString('en-GB')} older messages beside it` : ''
    const name = `in a campaign of ${large.toLocaleString('en-GB')}${beside}, from claim to charge`
    const what = `the same in campaigns of ${SMALL.toLocaleString('en-GB')}`
    return [
      {
        name: `processor time a message ${name}`,
        unit: 'µs',
        value: cost.micros,
        limit: { what, value: (before.micros + after.micros) / 2 },
        asked,
      },
      {
        name: `rows read a message ${name}`,
        unit: 'rows',
        value: cost.rowsRead,
        limit: { what, value: (before.rowsRead + after.rowsRead) / 2 },
        asked,
      },
      ...(young ? agedFigures(young, before, history) : []),
    ]
  } finally {
    await stage.close()
  }
}

/** The same small campaigns before there was a history and after. */
function agedFigures(young: Cost, old: Cost, history: number): Figure[] {
  const name = `in campaigns of ${SMALL.toLocaleString('en-GB')} with ${history.toLocaleString('en-GB')} older messages`
  const what = 'the same in an empty database'
  const asked = { ratio: { atMost: 1.2 } }
  return [
    {
      name: `processor time a message ${name}`,
      unit: 'µs',
      value: old.micros,
      limit: { what, value: young.micros },
      asked,
    },
    {
      name: `rows read a message ${name}`,
      unit: 'rows',
      value: old.rowsRead,
      limit: { what, value: young.rowsRead },
      asked,
    },
  ]
}

type Cost = { micros: number; rowsRead: number }

async function costOf(
  ground: Ground,
  stage: Stage,
  parts: { templateId: string; senderId: string },
  lists: readonly string[],
  size: number,
): Promise<Cost> {
  let seconds = 0
  let rowsRead = 0
  for (const listId of lists) {
    const campaignId = await draft(stage, parts, listId)
    await quoteAndSubmit(stage, campaignId)
    const rowsBefore = await rowsReadSoFar(stage)
    const secondsBefore = processorSeconds(ground)
    const ids = await sendToNobody(stage, campaignId)
    await storeWebhooks(stage, parts.senderId, batches(ids.map((id) => [id, 'delivered'])))
    await foldAll(stage, parts.senderId)
    seconds += processorSeconds(ground) - secondsBefore
    rowsRead += (await rowsReadSoFar(stage)) - rowsBefore
  }
  const messages = lists.length * size
  return { micros: (seconds / messages) * 1e6, rowsRead: rowsRead / messages }
}

/** Of this process and of PostgreSQL. */
function processorSeconds(ground: Ground): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6 + familySeconds(ground.postgresPid)
}

/** PostgreSQL's backends report what they read about once a second, when they have something to do. */
const REPORT_MS = 1_100
const MOST_BACKENDS = 32

async function rowsReadSoFar(stage: Stage): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, REPORT_MS))
  await Promise.all(
    Array.from({ length: MOST_BACKENDS }, () => stage.house.database.sql`SELECT pg_sleep(0.02)`),
  )
  return asOwner(stage.house.ownerUrl, stage.house.clock, async ({ sql }) => {
    const [row] = await sql<{ n: number }[]>`
      SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::float8 AS n FROM pg_stat_user_tables`
    return row!.n
  })
}
