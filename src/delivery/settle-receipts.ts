import { inOnePass, listOf } from '../platform/db.ts'
import type { Scope } from '../platform/scope.ts'
import { decideCharge, type ModelName } from '../pricing/index.ts'
import { type PlannedMovement, planCapture, planLateCaptures, planRelease } from '../wallet/index.ts'
import { lockMoves, movesOf } from './move-messages.ts'
import { heardByMessage, type KnownReceipt } from './receipt.ts'
import type { Moved } from './rise.ts'
import { openWindows, rememberWindows, type WindowsByContact } from './windows.ts'
import type { Charge, PaidCharges } from './write-charges.ts'

/** What receipts come to and is yet to be written: where messages go, and which money moves for which charges. */
export type Settlement = {
  readonly campaignIds: readonly string[]
  readonly moved: readonly Moved[]
  readonly movements: readonly PlannedMovement[]
  readonly charges: readonly PaidCharges[]
}

/**
 * Decides what receipts come to, with the messages locked: they move up, never down; the first of delivered and read
 * captures, failed releases, and a delivery whose money had gone back is charged late. Where the card charges on
 * acceptance, the first sign that the provider has taken a message captures, be it a failure.
 */
export async function settleReceipts(scope: Scope, receipts: readonly KnownReceipt[]): Promise<Settlement> {
  const heard = heardByMessage(receipts)
  const moved = heard.length === 0 ? [] : await lockMoves(scope, heard)
  const groups = groupByCampaign(moved)
  const terms = await findTerms(scope, [...groups.keys()])
  const settled: Settled[] = []
  for (const [campaignId, group] of groups)
    settled.push(await settleMoney(scope, terms.get(campaignId)!, group))
  const settlement = {
    campaignIds: [...new Set(moved.map(({ was }) => was.campaign_id))],
    moved,
    movements: settled.flatMap(({ movements }) => movements),
    charges: settled.map(({ charges }) => charges).filter(isAny),
  }
  return settled.some(({ late }) => late.length > 0) ? chargeLate(scope, settlement, settled) : settlement
}

function isAny({ charges }: PaidCharges): boolean {
  return charges.length > 0
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
function groupByCampaign(moved: readonly Moved[]): Map<string, Moved[]> {
  const groups = new Map<string, Moved[]>()
  for (const move of moved) {
    if (move.money === move.was.money) continue
    const group = groups.get(move.was.campaign_id)
    if (group) group.push(move)
    else groups.set(move.was.campaign_id, [move])
  }
  return groups
}

type Decided = Charge & { priceMinor: bigint; isLate: boolean }
/** What a campaign's hold pays and gives back, and what came too late for it. */
type Settled = { run: Terms; movements: PlannedMovement[]; charges: PaidCharges; late: readonly Decided[] }

/** One capture and one release of each reason at most for each campaign of a batch. */
async function settleMoney(scope: Scope, run: Terms, moved: readonly Moved[]): Promise<Settled> {
  const account = { holdId: run.hold_id, campaignId: run.campaign_id, currency: run.currency }
  const captured = moved.filter(({ money }) => money === 'captured')
  const decided = await decideCharges(scope, run, captured)
  const inTime = decided.filter(({ isLate }) => !isLate)
  const failed = moved.filter(({ money }) => money === 'released')
  const capture = planCapture(scope, { ...account, ...sumOf(inTime) })
  const movements = [
    capture,
    planRelease(scope, { ...account, ...sumOfPrices(failed), reason: 'failed' }),
    planRelease(scope, { ...account, ...sumOfDifferences(inTime), reason: 'free' }),
  ]
  return {
    run,
    movements: movements.filter((movement) => movement !== undefined),
    charges: paidBy(capture, run, inTime),
    late: decided.filter(({ isLate }) => isLate),
  }
}

/**
 * What came too late for a hold is paid by the wallet, or owed. To say which, the wallet is locked: after the counts of
 * messages, as everybody does, so that the messages are written first.
 */
async function chargeLate(
  scope: Scope,
  settlement: Settlement,
  settled: readonly Settled[],
): Promise<Settlement> {
  await inOnePass(scope.sql, movesOf(scope, settlement.moved))
  const requests = settled.map(({ run: { campaign_id: campaignId, currency }, late }) => ({
    campaignId,
    currency,
    ...sumOf(late),
  }))
  const movements = await planLateCaptures(scope, requests)
  const captureOf = new Map(movements.map((movement) => [movement.campaignId, movement]))
  const charges = settled.map(({ run, late }) => paidBy(captureOf.get(run.campaign_id), run, late, true))
  return {
    ...settlement,
    moved: [],
    movements: [...settlement.movements, ...movements],
    charges: [...settlement.charges, ...charges.filter(isAny)],
  }
}

function paidBy(
  capture: PlannedMovement | undefined,
  run: Terms,
  charges: readonly Charge[],
  isLate = false,
): PaidCharges {
  return { campaignId: run.campaign_id, transferId: capture?.id ?? null, isLate, charges }
}

async function decideCharges(scope: Scope, run: Terms, captured: readonly Moved[]): Promise<Decided[]> {
  const windows: WindowsByContact =
    run.model === 'conversation_24h' && captured.length > 0
      ? await openWindows(
          scope,
          captured.map(({ was }) => was.contact_id),
        )
      : new Map()
  const momentOf = moments()
  const nowText = scope.now.toISOString()
  const charges: Decided[] = []
  const opened: Parameters<typeof rememberWindows>[1] = []
  for (const { was, heard, free } of captured) {
    const at = momentOf(heard.deliveredAt ?? heard.readAt ?? heard.sentAt ?? heard.failedAt ?? nowText)
    const decision = decideCharge(run.model, {
      category: run.category as 'utility',
      priceMinor: was.price,
      ...at,
      windows: windows.get(was.contact_id) ?? [],
      reportedType: free ? 'free_entry_point' : undefined,
    })
    if (decision.opensWindow)
      opened.push({ contactId: was.contact_id, messageId: was.id, window: decision.opensWindow })
    charges.push({
      id: was.id,
      amountMinor: decision.chargeMinor,
      priceMinor: was.price,
      reason: decision.reason,
      isLate: was.money === 'released',
      attemptNo: heard.attemptNo,
      status: GROUNDS[heard.rank],
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

function sumOfPrices(moved: readonly Moved[]) {
  const held = moved.filter(({ was }) => was.money === 'held')
  return { amountMinor: held.reduce((sum, { was }) => sum + was.price, 0n), nItems: held.length }
}

function sumOfDifferences(charges: readonly Decided[]) {
  const cheaper = charges.filter((charge) => charge.amountMinor < charge.priceMinor)
  return {
    amountMinor: cheaper.reduce((sum, charge) => sum + charge.priceMinor - charge.amountMinor, 0n),
    nItems: cheaper.length,
  }
}
