import type postgres from 'postgres'
import { asOwner } from '../../src/house.ts'
import type { Figure } from './figure.ts'
import { foldAll } from './fold-all.ts'
import type { Ground } from './ground.ts'
import { sendToNobody } from './nobody.ts'
import { inTurn, median, ROUNDS } from './rounds.ts'
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

const BARE_WRITES =
  'a bare batched update: the same receipts, charges and states written by one loop, the tables’ keys and checks on, and nothing read, asked or decided'

/** So fast that the sender's own pace is no limit; nothing expires while receipts are folded. */
const SENDER = { messages_per_second: 100_000, lifetime_seconds: 3_600 }

/** Folded before the clock starts: whoever has only just started compiles, connects and plans. */
const FIRST_MESSAGES = 20_000

/**
 * Receipts that are stored already, folded and charged by one worker's loop, beside two limits in batches of about the
 * same size: a bare UPDATE of as many rows, and what must be written at the least for a delivery. Three kinds: deliveries alone, each of which is a charge; whole lives
 * (sent, delivered, half of them read), in batches; the same, each receipt a webhook of its own.
 */
export async function benchReceipts(ground: Ground, messages: number): Promise<Figure[]> {
  const stage = await openStage(ground)
  const bareStage = await openStage(ground)
  try {
    await foldedPerSecond(stage, FIRST_MESSAGES, allDelivered)
    const written: number[] = []
    const rounds: Folded[] = []
    for (let round = 1; round <= ROUNDS; round++) {
      written.push(await bareDeliveries(bareStage, messages, 1))
      rounds.push(await foldedPerSecond(stage, messages, allDelivered))
    }
    const two = await bareDeliveries(bareStage, messages, 2)
    const folded = rounds.map(({ perSecond }) => perSecond)
    const lives = await foldedPerSecond(stage, messages, (ids) => batches(wholeLives(ids)))
    const singles = await foldedPerSecond(stage, messages / 4, (ids) => wholeLives(ids).map((one) => [one]))
    await stage.audit()
    const what = 'a bare batched UPDATE of the same rows, one column and nothing else'
    const asked = { value: { atLeast: 20_000 } }
    const goal = { value: { atLeast: 40_000 }, ratio: { atLeast: 0.6 } }
    const name = 'receipts folded and charged: deliveries, every one of them a charge'
    return [
      {
        name,
        unit: '/s',
        value: median(folded),
        limit: { what: BARE_WRITES, value: median(written) },
        asked,
        goal,
        note: `the median of ${ROUNDS} rounds in turn: ${inTurn(folded)}, bare ${inTurn(written)}; two such loops at a time: ${inTurn([two])} /s`,
      },
      {
        name,
        unit: '/s',
        value: median(folded),
        limit: { what, value: median(rounds.map(({ barePerSecond }) => barePerSecond)) },
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
    await bareStage.close()
    await stage.close()
  }
}

function allDelivered(ids: readonly bigint[]): Status[][] {
  return batches(ids.map((id) => [id, 'delivered']))
}

type Folded = { perSecond: number; chargesPerSecond: number; barePerSecond: number }

async function foldedPerSecond(
  stage: Stage,
  messages: number,
  webhooksOf: (ids: bigint[]) => Status[][],
): Promise<Folded> {
  const { ids, senderId, campaignId } = await sentMessages(stage, messages)
  const webhooks = webhooksOf(ids)
  await storeWebhooks(stage, senderId, webhooks)
  await refreshStatistics(stage)
  const barePerSecond = await bareUpdates(stage, ids)
  await refreshStatistics(stage)
  const startedMs = performance.now()
  await foldAll(stage, senderId)
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

/** As the table's owner, who is behind no wall, and with its triggers off: one column of one table, and nothing else. */
async function bareUpdates(stage: Stage, ids: readonly bigint[]): Promise<number> {
  return bare(stage, ids, async (connection, batch) => {
    await connection`UPDATE messages SET sent_at = now() WHERE id = ANY(${batch}::bigint[])`
  })
}

/**
 * What a delivery leaves behind, written as barely as it can be: the same rows with the same keys, checks and indexes,
 * and one commit for as many; but nothing read from a webhook, nobody asked who it was, no price decided, no trigger,
 * no wall and no counting.
 */
async function bareWrites(stage: Stage, { ids, webhookIds }: Sent, lanes: number): Promise<number> {
  const perWebhook = ids.length / webhookIds.length
  const write = async (connection: Connection, batch: string[], from: number) => {
    const hooks = webhookIds.slice(from / perWebhook, (from + batch.length) / perWebhook).map(String)
    await connection`BEGIN`
    await connection`
      INSERT INTO receipts (message_id, attempt_no, status, workspace_id, occurred_at, webhook_id)
      SELECT id, 1, 'delivered', ${stage.workspaceId}::uuid, now(), 1 FROM unnest(${batch}::bigint[]) AS u(id)`
    await connection`
      UPDATE messages SET state = 'delivered', money = 'captured', delivered_at = now() WHERE id = ANY(${batch}::bigint[])`
    await connection`
      INSERT INTO charges (message_id, workspace_id, campaign_id, amount, transfer_id, reason, attempt_no, status)
      SELECT m.id, m.workspace_id, m.campaign_id, m.price, gen_random_uuid(), 'regular', 1, 'delivered'
        FROM messages m WHERE m.id = ANY(${batch}::bigint[])`
    await connection`UPDATE webhooks SET done_at = now() WHERE id = ANY(${hooks}::bigint[])`
    await connection`COMMIT`
  }
  return bare(stage, ids, write, lanes)
}

type Sent = { ids: readonly bigint[]; webhookIds: readonly bigint[] }

/** On a database of its own, whose books cannot balance afterwards. @param lanes how many loops write at a time */
async function bareDeliveries(stage: Stage, messages: number, lanes: number): Promise<number> {
  const { ids, senderId } = await sentMessages(stage, messages)
  await storeWebhooks(stage, senderId, allDelivered(ids))
  const rows = await stage.as(
    ({ sql }) => sql<{ id: bigint }[]>`SELECT id FROM webhooks WHERE sender_id = ${senderId} ORDER BY id`,
  )
  await refreshStatistics(stage)
  return bareWrites(stage, { ids, webhookIds: rows.map((row) => row.id) }, lanes)
}

async function sentMessages(stage: Stage, messages: number) {
  const listId = await makeContacts(stage, messages)
  const parts = await makeParts(stage, SENDER)
  const campaignId = await draft(stage, parts, listId)
  await quoteAndSubmit(stage, campaignId)
  return { ids: await sendToNobody(stage, campaignId), senderId: parts.senderId, campaignId }
}

type Connection = postgres.ReservedSql<{ bigint: bigint }>

/** Rows a second, over batches one after the other in each lane. */
async function bare(
  stage: Stage,
  ids: readonly bigint[],
  write: (connection: Connection, batch: string[], from: number) => Promise<void>,
  lanes = 1,
): Promise<number> {
  return asOwner(stage.superuserUrl, stage.house.clock, async ({ sql }) => {
    const connections = await Promise.all(Array.from({ length: lanes }, () => sql.reserve()))
    for (const connection of connections) await connection`SET session_replication_role = replica`
    const startedMs = performance.now()
    let next = 0
    const lane = async (connection: Connection) => {
      while (next < ids.length) {
        const from = next
        next += BARE_BATCH
        await write(connection, ids.slice(from, from + BARE_BATCH).map(String), from)
      }
    }
    await Promise.all(connections.map(lane))
    const seconds = (performance.now() - startedMs) / 1000
    for (const connection of connections) connection.release()
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
