import { goByKeys, listOf, sqlState } from '../platform/db.ts'
import type { Scope } from '../platform/scope.ts'
import { fileReceipts } from './file-receipts.ts'
import { foldTemplateNews } from './halt-templates.ts'
import { type FailureObstacle, obstaclesIn } from './obstacle.ts'
import type { InboundMessage, OtherUpdate, Provider, SenderConfig, WebhookContext } from './provider.ts'
import { type ReceiptLine, receiptLines } from './receipt.ts'
import { hearRefusals } from './refusals.ts'
import { settleReceipts } from './settle-receipts.ts'
import { writeSettlement } from './write-settlement.ts'

const MOST_WEBHOOKS_AT_ONCE = 1_000
/** About a thousand receipts: more gains nothing, and holds its locks and its memory for longer. */
const ENOUGH_BYTES = 400_000

/**
 * `isFull`: more than this may be waiting. `setAside` counts webhooks that could not be folded and are kept with the
 * reason in their note.
 */
export type Folded = {
  webhooks: number
  receipts: number
  isFull: boolean
  campaignIds: string[]
  setAside: number
}
type FoldedSender = { id: string; provider: Provider; config?: SenderConfig }

/** What webhooks brought beside receipts, and what receipts said that concerns more than one recipient. */
export type Overheard = {
  inbound: { webhookId: bigint; message: InboundMessage }[]
  notices: { webhookId: bigint; update: OtherUpdate }[]
  obstacles: FailureObstacle[]
}

/** Does what was overheard means, in the transaction of the fold. */
export type Listener = (scope: Scope, sender: { id: string }, overheard: Overheard) => Promise<void>

type Within = <T>(work: (scope: Scope) => Promise<T>) => Promise<T>

/**
 * Folds the oldest stored webhooks of one sender, and where one of them cannot be, that one alone is set aside: it must
 * not keep those behind it waiting for ever. An outage is thrown, and everything waits.
 * @param within runs its work in one transaction of the sender's workspace
 * @param listen does what stands beside receipts: customers' messages, notices, faults of more than one recipient
 */
export async function foldWebhooks(
  within: Within,
  sender: FoldedSender,
  listen: Listener = async () => {},
): Promise<Folded> {
  try {
    return { ...(await within((scope) => foldSome(scope, sender, listen))), setAside: 0 }
  } catch (error) {
    if (!isFaultOfData(error)) throw error
    return foldOneByOne(within, sender, listen)
  }
}

/** Bad data and broken constraints (SQLSTATE classes 22 and 23) fail the same way each time; all else may pass. */
function isFaultOfData(error: unknown): boolean {
  return /^2[23]/.test(sqlState(error) ?? '')
}

async function foldOneByOne(within: Within, sender: FoldedSender, listen: Listener): Promise<Folded> {
  const waiting = await within(
    ({ sql, workspaceId }) => sql<{ id: bigint }[]>`
      SELECT id FROM webhooks WHERE sender_id = ${sender.id} AND workspace_id = ${workspaceId} AND done_at IS NULL
       ORDER BY id LIMIT ${MOST_WEBHOOKS_AT_ONCE}`,
  )
  const all: Folded = { webhooks: 0, receipts: 0, isFull: true, campaignIds: [], setAside: 0 }
  for (const { id } of waiting) {
    try {
      const one = await within((scope) => foldSome(scope, sender, listen, id))
      all.webhooks += one.webhooks
      all.receipts += one.receipts
      all.campaignIds.push(...one.campaignIds)
    } catch (error) {
      if (!isFaultOfData(error)) throw error
      await within((scope) => setAside(scope, id, `not folded: ${sqlState(error)}`))
      all.webhooks += 1
      all.setAside += 1
    }
  }
  return all
}

async function setAside(scope: Scope, webhookId: bigint, note: string): Promise<void> {
  await scope.sql`
    UPDATE webhooks SET done_at = clock_timestamp(), note = ${note}
     WHERE id = ${webhookId} AND workspace_id = ${scope.workspaceId} AND done_at IS NULL`
}

/**
 * Understands webhooks, the oldest or `only` one: files their receipts, moves messages up, charges each first delivery
 * once, in one transaction with the mark that they are done.
 */
async function foldSome(
  scope: Scope,
  sender: FoldedSender,
  listen: Listener,
  only?: bigint,
): Promise<Omit<Folded, 'setAside'>> {
  const webhooks = await takeWebhooks(scope, sender.id, only)
  if (webhooks.length === 0) return { webhooks: 0, receipts: 0, isFull: false, campaignIds: [] }
  const contextOf = await contexts(scope, sender, webhooks)
  const parsed = webhooks.map(({ id, body }) => ({
    id,
    ...sender.provider.parseWebhook(body, contextOf(id)),
  }))
  await markDone(scope, parsed)
  const lines = parsed.flatMap(({ id, statuses }) => receiptLines(id, statuses))
  const known = await fileReceipts(scope, sender.id, lines)
  const settlement = await settleReceipts(scope, known)
  const halted = await foldTemplateNews(
    scope,
    parsed.flatMap(({ templates }) => templates),
  )
  await hearRefusals(scope, known)
  await hear(scope, sender, listen, {
    inbound: parsed.flatMap(({ id, inbound }) => inbound.map((message) => ({ webhookId: id, message }))),
    notices: parsed.flatMap(({ id, other }) => other.map((update) => ({ webhookId: id, update }))),
    obstacles: await obstaclesIn(scope, known),
  })
  scope.withCommit(() => writeSettlement(scope, settlement))
  return {
    webhooks: webhooks.length,
    receipts: lines.length,
    isFull: isFull(webhooks),
    campaignIds: [...settlement.campaignIds, ...halted],
  }
}

async function markDone(
  { sql, workspaceId }: Scope,
  webhooks: readonly { id: bigint; unknownCount: number }[],
): Promise<void> {
  await sql`
    UPDATE webhooks w SET done_at = clock_timestamp(), note = n.note
      FROM unnest(${listOf(webhooks.map(({ id }) => id))}::bigint[],
                  ${listOf(webhooks.map(({ unknownCount }) => noteOf(unknownCount)))}::text[]) AS n(id, note)
     WHERE w.id = n.id AND w.workspace_id = ${workspaceId}`
}

async function hear(
  scope: Scope,
  sender: FoldedSender,
  listen: Listener,
  overheard: Overheard,
): Promise<void> {
  const { inbound, notices, obstacles } = overheard
  if (inbound.length + notices.length + obstacles.length > 0) await listen(scope, sender, overheard)
}

/** SMS platforms say no time in their reports: it is when each came, by the database's clock. */
async function contexts(
  scope: Scope,
  { provider, config }: FoldedSender,
  webhooks: readonly Webhook[],
): Promise<(id: bigint) => WebhookContext | undefined> {
  if (provider.channel !== 'sms' || config === undefined) return () => undefined
  const rows = await scope.sql<{ id: bigint; received_at: string }[]>`
    SELECT id, received_at FROM webhooks
     WHERE id = ANY(${listOf(webhooks.map(({ id }) => id))}::bigint[]) AND workspace_id = ${scope.workspaceId}`
  const received = new Map(rows.map(({ id, received_at }) => [id, new Date(received_at).toISOString()]))
  return (id) => ({ config, receivedAt: received.get(id)! })
}

type Webhook = { id: bigint; body: Buffer }

/** The oldest that nobody else has in hand, until there are enough of them. */
async function takeWebhooks(scope: Scope, senderId: string, only: bigint | undefined): Promise<Webhook[]> {
  const { sql, workspaceId } = scope
  const taking =
    only === undefined
      ? sql<Webhook[]>`
        SELECT webhook_id AS id, webhook_body AS body
          FROM take_webhooks(${workspaceId}, ${senderId}, ${ENOUGH_BYTES}, ${MOST_WEBHOOKS_AT_ONCE})`
      : sql<Webhook[]>`
        SELECT id, body FROM webhooks
         WHERE id = ${only} AND sender_id = ${senderId} AND workspace_id = ${workspaceId} AND done_at IS NULL
           FOR UPDATE SKIP LOCKED`
  const [, webhooks] = await Promise.all([goByKeys(sql), taking])
  return webhooks
}

function isFull(webhooks: readonly Webhook[]): boolean {
  const bytes = webhooks.reduce((sum, { body }) => sum + body.length, 0)
  return webhooks.length === MOST_WEBHOOKS_AT_ONCE || bytes >= ENOUGH_BYTES
}

/** Files and applies receipts that were parked until now. */
export async function foldReceipts(
  scope: Scope,
  senderId: string,
  lines: readonly ReceiptLine[],
): Promise<string[]> {
  if (lines.length === 0) return []
  await goByKeys(scope.sql)
  const settlement = await settleReceipts(scope, await fileReceipts(scope, senderId, lines))
  await writeSettlement(scope, settlement)
  return [...settlement.campaignIds]
}

function noteOf(unknownCount: number): string | null {
  return unknownCount === 0 ? null : `${unknownCount} shapes not recognised`
}
