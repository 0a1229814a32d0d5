import { listOf } from '../platform/db.ts'
import type { Scope } from '../platform/scope.ts'
import { decideCharge, type ModelName } from '../pricing/index.ts'
import { capture, captureLate, release } from '../wallet/index.ts'
import { type Moved, moveMessages } from './move-messages.ts'
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
  const groups = groupByCampaign(moved)
  const terms = await findTerms(scope, [...groups.keys()])
  for (const [campaignId, group] of groups) await settleMoney(scope, terms.get(campaignId)!, group, byId)
  return [...new Set(moved.map((row) => row.campaign_id))]
}

/** On what a campaign's messages are charged, as frozen with its run. */
type Terms = { campaign_id: string; hold_id: bigint; currency: string; model: ModelName; category: string }

async function findTerms(
  { sql, workspaceId }: Scope,
  campaignIds: readonly string[],
): Promise<Map<string, Terms>> {
  if (campaignIds.length === 0) return new Map()
  const rows = await sql<Terms[]>`
    SELECT campaign_id, hold_id, currency, model, category FROM runs
     WHERE workspace_id = ${workspaceId} AND campaign_id = ANY(${listOf(campaignIds)}::uuid[])`
  return new Map(rows.map((row) => [row.campaign_id, row]))
}

/** Those whose money has moved. */
function groupByCampaign(rows: readonly Moved[]): Map<string, Moved[]> {
  const groups = new Map<string, Moved[]>()
  for (const row of rows) {
    if (row.money === row.money_was) continue
    const group = groups.get(row.campaign_id)
    if (group) group.push(row)
    else groups.set(row.campaign_id, [row])
  }
  return groups
}

type Decided = Charge & { priceMinor: bigint }

/** One capture, one release and one late capture at most for each campaign of a batch. */
async function settleMoney(
  scope: Scope,
  run: Terms,
  rows: readonly Moved[],
  heard: ReadonlyMap<bigint, Heard>,
): Promise<void> {
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
  run: Terms,
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
  const momentOf = moments()
  const nowText = scope.now.toISOString()
  const charges: Decided[] = []
  const opened: Parameters<typeof rememberWindows>[1] = []
  for (const row of rows) {
    const what = heard.get(row.id)!
    const at = momentOf(what.deliveredAt ?? what.readAt ?? what.sentAt ?? what.failedAt ?? nowText)
    const decision = decideCharge(run.model, {
      category: run.category as 'utility',
      priceMinor: row.price,
      ...at,
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

/** Receipts that come together speak of few moments: each is read once. */
function moments(): (text: string) => { at: Date; on: string } {
  const known = new Map<string, { at: Date; on: string }>()
  return (text) => {
    const moment = known.get(text)
    if (moment) return moment
    const at = new Date(text)
    const fresh = { at, on: at.toISOString().slice(0, 10) }
    known.set(text, fresh)
    return fresh
  }
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
