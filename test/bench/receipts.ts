import { asOwner } from '../../src/house.ts'
import { foldSender } from '../../workers/fold.ts'
import type { Figure } from './figure.ts'
import type { Ground } from './ground.ts'
import { sendToNobody } from './nobody.ts'
import {
  draft,
  makeContacts,
  makeParts,
  openStage,
  quoteAndSubmit,
  refreshStatistics,
  type Stage,
} from './stage.ts'
import { batches, IN_A_BATCH, type Status, storeWebhooks } from './webhooks.ts'

/** So fast that the sender's own pace is no limit; nothing expires while receipts are folded. */
const SENDER = { messages_per_second: 100_000, lifetime_seconds: 3_600 }

/**
 * Receipts that are stored already, folded and charged by one worker's loop, beside a bare UPDATE of as many rows of
 * the same table in batches of the same size. Three kinds: deliveries alone, each of which is a charge; whole lives
 * (sent, delivered, half of them read), in batches; the same, each receipt a webhook of its own.
 */
export async function benchReceipts(ground: Ground, messages: number): Promise<Figure[]> {
  const stage = await openStage(ground)
  try {
    const deliveries = await foldedPerSecond(stage, messages, (ids) =>
      batches(ids.map((id) => [id, 'delivered'])),
    )
    const lives = await foldedPerSecond(stage, messages, (ids) => batches(wholeLives(ids)))
    const singles = await foldedPerSecond(stage, messages / 4, (ids) => wholeLives(ids).map((one) => [one]))
    await stage.audit()
    const what = 'a bare batched UPDATE of the same rows'
    const asked = { value: { atLeast: 20_000 } }
    const goal = { value: { atLeast: 40_000 }, ratio: { atLeast: 0.6 } }
    return [
      {
        name: 'receipts folded and charged: deliveries, every one of them a charge',
        unit: '/s',
        value: deliveries.perSecond,
        limit: { what, value: deliveries.barePerSecond },
        asked,
        goal,
      },
      {
        name: `receipts folded and charged: whole lives, ${IN_A_BATCH} in a webhook`,
        unit: '/s',
        value: lives.perSecond,
        limit: { what, value: lives.barePerSecond },
        asked,
        goal,
        note: `${Math.round(lives.chargesPerSecond).toLocaleString('en-GB')} charges a second`,
      },
      {
        name: 'receipts folded and charged: whole lives, each in a webhook of its own',
        unit: '/s',
        value: singles.perSecond,
        limit: { what, value: singles.barePerSecond },
        note: `${Math.round(singles.chargesPerSecond).toLocaleString('en-GB')} charges a second`,
      },
    ]
  } finally {
    await stage.close()
  }
}

type Folded = { perSecond: number; chargesPerSecond: number; barePerSecond: number }

async function foldedPerSecond(
  stage: Stage,
  messages: number,
  webhooksOf: (ids: bigint[]) => Status[][],
): Promise<Folded> {
  const listId = await makeContacts(stage, messages)
  const parts = await makeParts(stage, SENDER)
  const campaignId = await draft(stage, parts, listId)
  await quoteAndSubmit(stage, campaignId)
  const ids = await sendToNobody(stage, campaignId)
  const webhooks = webhooksOf(ids)
  await storeWebhooks(stage, parts.senderId, webhooks)
  await refreshStatistics(stage)
  const barePerSecond = await bareUpdates(stage, ids)
  await refreshStatistics(stage)
  const signal = new AbortController().signal
  const startedMs = performance.now()
  await foldSender(stage.house)({ name: 'fold', data: { senderId: parts.senderId }, signal })
  const seconds = (performance.now() - startedMs) / 1000
  const receipts = webhooks.reduce((sum, one) => sum + one.length, 0)
  await refuseIfNotAll(stage, campaignId, messages)
  return { perSecond: receipts / seconds, chargesPerSecond: messages / seconds, barePerSecond }
}

/** As they come in life: `sent` of some, then `delivered` of others, a little later. */
function wholeLives(ids: readonly bigint[]): Status[] {
  const APART = 500
  return Array.from({ length: ids.length + 2 * APART }).flatMap((_, at) => {
    const [sent, delivered, read] = [ids[at], ids[at - APART], ids[at - 2 * APART]]
    const now: Status[] = []
    if (sent !== undefined) now.push([sent, 'sent'])
    if (delivered !== undefined) now.push([delivered, 'delivered'])
    if (read !== undefined && at % 2 === 0) now.push([read, 'read'])
    return now
  })
}

const BARE_BATCH = 1_000

/** As the table's owner, who is behind no wall, and with its triggers off: nothing but the rows. */
async function bareUpdates(stage: Stage, ids: readonly bigint[]): Promise<number> {
  return asOwner(stage.superuserUrl, stage.house.clock, async ({ sql }) => {
    const connection = await sql.reserve()
    await connection`SET session_replication_role = replica`
    const startedMs = performance.now()
    for (let from = 0; from < ids.length; from += BARE_BATCH) {
      const batch = ids.slice(from, from + BARE_BATCH).map(String)
      await connection`UPDATE messages SET sent_at = now() WHERE id = ANY(${batch}::bigint[])`
    }
    const seconds = (performance.now() - startedMs) / 1000
    connection.release()
    return ids.length / seconds
  })
}

async function refuseIfNotAll(stage: Stage, campaignId: string, messages: number): Promise<void> {
  const [row] = await stage.as(
    ({ sql }) => sql<{ charges: number; waiting: number }[]>`
      SELECT (SELECT count(*)::int FROM charges WHERE campaign_id = ${campaignId}) AS charges,
             (SELECT count(*)::int FROM webhooks WHERE done_at IS NULL) AS waiting`,
  )
  if (row!.charges !== messages || row!.waiting > 0)
    throw new Error(`${row!.charges} charges of ${messages}, ${row!.waiting} webhooks wait`)
}
