import { listOf } from '../platform/db.ts'
import type { Scope } from '../platform/scope.ts'
import { decideCharge, type ModelName } from '../pricing/index.ts'
import { capture, captureLate, release } from '../wallet/index.ts'
import { type Heard, heardByMessage, type KnownReceipt } from './receipt.ts'
import { openWindows, rememberWindows, type WindowsByContact } from './windows.ts'
import { type Charge, writeCharges } from './write-charges.ts'

/**
 * Moves messages up by what was heard of them, never down, and settles their money in the same transaction: the first
 * of delivered and read captures, failed releases, and a delivery whose money had gone back is charged late. Where the
 * card charges on acceptance, the first sign that the provider has taken a message captures, be it a failure.
 * @returns the campaigns that were touched
 */
export async function applyReceipts(scope: Scope, receipts: readonly KnownReceipt[]): Promise<string[]> {
  const heard = heardByMessage(receipts)
  if (heard.length === 0) return []
  const moved = await moveMessages(scope, heard)
  const byId = new Map(heard.map((h) => [h.messageId, h]))
  for (const group of groupByCampaign(moved)) await settleMoney(scope, group, byId)
  return [...new Set(moved.map((row) => row.campaign_id))]
}

type Moved = {
  id: bigint
  campaign_id: string
  contact_id: bigint
  price: bigint
  money_was: 'held' | 'captured' | 'released'
  money: 'held' | 'captured' | 'released'
  hold_id: bigint
  currency: string
  model: ModelName
  category: string
  free: boolean
}

/** One statement moves the whole batch; rows that would not rise are neither locked nor written. */
async function moveMessages(scope: Scope, heard: readonly Heard[]): Promise<Moved[]> {
  return scope.sql<Moved[]>`
    WITH h AS MATERIALIZED (
      SELECT * FROM unnest(
        ${listOf(heard.map((h) => h.messageId))}::bigint[], ${listOf(heard.map((h) => h.rank))}::int[], ${listOf(heard.map((h) => h.failed))}::boolean[],
        ${listOf(heard.map((h) => isFree(h.pricingType)))}::boolean[], ${listOf(heard.map((h) => h.code))}::text[],
        ${listOf(heard.map((h) => h.sentAt))}::text[]::timestamptz[], ${listOf(heard.map((h) => h.deliveredAt))}::text[]::timestamptz[],
        ${listOf(heard.map((h) => h.readAt))}::text[]::timestamptz[], ${listOf(heard.map((h) => h.failedAt))}::text[]::timestamptz[])
      AS h(id, rank, failed, free, code, sent_at, delivered_at, read_at, failed_at)),
    locked AS MATERIALIZED (
      SELECT m.id, m.money AS money_was, h.free, h.code, h.sent_at, h.delivered_at, h.read_at, h.failed_at, n.next
        FROM h JOIN messages m ON m.id = h.id AND m.workspace_id = ${scope.workspaceId}
       CROSS JOIN LATERAL (SELECT CASE
               WHEN h.rank = 3 AND m.state NOT IN ('queued','cancelled','skipped') THEN 'read'
               WHEN h.rank = 2 AND m.state NOT IN ('queued','cancelled','skipped','read') THEN 'delivered'
               WHEN h.failed AND m.state IN ('sending','sent','uncertain','expired') THEN 'failed'
               WHEN h.rank = 1 AND m.state IN ('sending','uncertain') AND (m.money = 'held' OR m.on_acceptance) THEN 'sent'
               ELSE m.state END AS next) n
       WHERE m.state <> n.next OR (h.free AND NOT m.free) OR (m.delivered_at IS NULL AND h.delivered_at IS NOT NULL)
       ORDER BY m.id FOR NO KEY UPDATE OF m)
    UPDATE messages m SET state = l.next,
           money = CASE WHEN l.next IN ('delivered','read') OR (m.on_acceptance AND l.next IN ('sent','failed')) THEN 'captured'
                        WHEN l.next = 'failed' THEN 'released' ELSE m.money END,
           free = m.free OR l.free,
           sent_at = coalesce(m.sent_at, l.sent_at, l.delivered_at, l.read_at),
           delivered_at = coalesce(m.delivered_at, l.delivered_at),
           read_at = coalesce(m.read_at, l.read_at),
           failed_at = CASE WHEN l.next = 'failed' THEN coalesce(m.failed_at, l.failed_at) ELSE m.failed_at END,
           reason = CASE WHEN l.next = 'failed' THEN l.code WHEN l.next <> m.state THEN NULL ELSE m.reason END
      FROM locked l, runs r
     WHERE m.id = l.id AND r.campaign_id = m.campaign_id
    RETURNING m.id, m.campaign_id, m.contact_id, m.price, l.money_was, m.money, m.free, r.hold_id, r.currency, r.model, r.category`
}

function isFree(pricingType: string | null): boolean {
  return pricingType?.startsWith('free_') ?? false
}

function groupByCampaign(rows: readonly Moved[]): Moved[][] {
  const groups = new Map<string, Moved[]>()
  for (const row of rows) {
    if (row.money === row.money_was) continue
    const group = groups.get(row.campaign_id)
    if (group) group.push(row)
    else groups.set(row.campaign_id, [row])
  }
  return [...groups.values()]
}

type Decided = Charge & { priceMinor: bigint }

/** One capture, one release and one late capture at most for each campaign of a batch. */
async function settleMoney(
  scope: Scope,
  rows: readonly Moved[],
  heard: ReadonlyMap<bigint, Heard>,
): Promise<void> {
  const run = rows[0]!
  const account = { holdId: run.hold_id, campaignId: run.campaign_id, currency: run.currency }
  const charges = await decideCharges(
    scope,
    run,
    rows.filter((row) => row.money === 'captured'),
    heard,
  )
  const inTime = charges.filter((charge) => !charge.late)
  const late = charges.filter((charge) => charge.late)
  await writeCharges(scope, run.campaign_id, inTime, await capture(scope, { ...account, ...sumOf(inTime) }))
  if (late.length > 0) {
    const paid = await captureLate(scope, {
      campaignId: run.campaign_id,
      currency: run.currency,
      ...sumOf(late),
    })
    await writeCharges(scope, run.campaign_id, late, paid.transferId)
  }
  const failed = rows.filter((row) => row.money === 'released')
  await release(scope, { ...account, ...sumOfPrices(failed), reason: 'failed' })
  await release(scope, { ...account, ...sumOfDifferences(inTime), reason: 'free' })
}

async function decideCharges(
  scope: Scope,
  run: Moved,
  rows: readonly Moved[],
  heard: ReadonlyMap<bigint, Heard>,
): Promise<Decided[]> {
  const windows: WindowsByContact =
    run.model === 'conversation_24h' && rows.length > 0
      ? await openWindows(
          scope,
          rows.map((row) => row.contact_id),
        )
      : new Map()
  const charges: Decided[] = []
  const opened: Parameters<typeof rememberWindows>[1] = []
  for (const row of rows) {
    const what = heard.get(row.id)!
    const at = new Date(what.deliveredAt ?? what.readAt ?? what.sentAt ?? what.failedAt ?? scope.now)
    const decision = decideCharge(run.model, {
      category: run.category as 'utility',
      priceMinor: row.price,
      at,
      on: at.toISOString().slice(0, 10),
      windows: windows.get(row.contact_id) ?? [],
      reportedType: row.free ? 'free_entry_point' : undefined,
    })
    if (decision.opensWindow)
      opened.push({ contactId: row.contact_id, messageId: row.id, window: decision.opensWindow })
    charges.push({
      id: row.id,
      amountMinor: decision.chargeMinor,
      priceMinor: row.price,
      reason: decision.reason,
      late: row.money_was === 'released',
      attemptNo: what.attemptNo,
      status: GROUNDS[what.rank],
    })
  }
  await rememberWindows(scope, opened)
  return charges
}

/** The receipt that a charge stands on, by the rank of what was heard; a failure alone has none. */
const GROUNDS = ['failed', 'sent', 'delivered', 'read'] as const

function sumOf(charges: readonly Charge[]) {
  const paid = charges.filter((charge) => charge.amountMinor > 0n)
  return { amountMinor: paid.reduce((sum, charge) => sum + charge.amountMinor, 0n), nItems: paid.length }
}

function sumOfPrices(rows: readonly Moved[]) {
  const held = rows.filter((row) => row.money_was === 'held')
  return { amountMinor: held.reduce((sum, row) => sum + row.price, 0n), nItems: held.length }
}

function sumOfDifferences(charges: readonly Decided[]) {
  const cheaper = charges.filter((charge) => charge.amountMinor < charge.priceMinor)
  return {
    amountMinor: cheaper.reduce((sum, charge) => sum + charge.priceMinor - charge.amountMinor, 0n),
    nItems: cheaper.length,
  }
}
