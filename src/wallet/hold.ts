import { newId } from '../platform/ids.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import { refuseOverdraft, reserveId } from './ledger.ts'
import { type Available, lockAvailable, move, type PlannedMovement, readOwed, seeAvailable } from './move.ts'

export type HoldRefusal = 'insufficient_funds' | 'books_do_not_balance'

/**
 * Whether `amountMinor` (1/10,000 units) could be reserved at this moment: a first look that locks nothing, so that a
 * large campaign is refused before it is frozen and holds nobody up while it is.
 */
export async function seeFunds(
  scope: Scope,
  amountMinor: bigint,
): Promise<Result<{ availableMinor: bigint }, HoldRefusal>> {
  return judge(scope, amountMinor, await seeAvailable(scope))
}

/**
 * Whether `amountMinor` can be reserved now. The wallet stays locked until the transaction ends, so that the answer
 * still holds when the reservation is written. Refuses while the books are known not to balance.
 */
export async function checkFunds(
  scope: Scope,
  amountMinor: bigint,
): Promise<Result<{ availableMinor: bigint }, HoldRefusal>> {
  return judge(scope, amountMinor, await lockAvailable(scope))
}

async function judge(
  scope: Scope,
  amountMinor: bigint,
  { currency, availableMinor }: Available,
): Promise<Result<{ availableMinor: bigint }, HoldRefusal>> {
  const refusal =
    amountMinor > availableMinor
      ? refuseOverdraft(availableMinor, amountMinor, currency, await readOwed(scope))
      : await refuseWhileFrozen(scope)
  return refusal ?? ok({ availableMinor })
}

/** Opens the empty account that will hold a campaign's money. */
export async function openHold(scope: Scope, campaignId: string, currency: string): Promise<bigint> {
  const [account] = await scope.sql<{ id: bigint }[]>`
    INSERT INTO accounts (workspace_id, currency, kind, campaign_id)
    VALUES (${scope.workspaceId}, ${currency}, 'hold', ${campaignId}) RETURNING id`
  return account!.id
}

/** Moves money from the wallet into a hold, once for each version of a campaign. Check the funds first. */
export async function reserve(
  scope: Scope,
  request: {
    holdId: bigint
    campaignId: string
    version: number
    currency: string
    amountMinor: bigint
    nItems: number
  },
): Promise<void> {
  if (request.amountMinor === 0n) return
  const { holdId, version, ...movement } = request
  const id = reserveId(request.campaignId, version)
  const written = await move(scope, { ...movement, id, kind: 'reserve', from: 'wallet', to: holdId })
  if (!written) throw new Error('this version of the campaign has reserved its money before')
}

async function refuseWhileFrozen(scope: Scope) {
  const [row] = await scope.sql<{ frozen_reason: string | null }[]>`
    SELECT frozen_reason FROM workspaces WHERE workspace_id = ${scope.workspaceId} AND frozen_at IS NOT NULL`
  if (!row) return undefined
  return refuse(
    'books_do_not_balance',
    `No new reservation is taken while the books do not balance (${row.frozen_reason ?? 'see the audit'}). Run the audit, mend the difference, and submit again.`,
  )
}

type Released = {
  holdId: bigint
  campaignId: string
  currency: string
  amountMinor: bigint
  nItems: number
  reason: string
}

/** Gives back to the wallet what a hold no longer needs; nothing happens for an amount of zero. */
export async function release(scope: Scope, request: Released): Promise<void> {
  const planned = planRelease(scope, request)
  if (planned) await move(scope, planned)
}

/** What `release` would write; undefined for an amount of zero. */
export function planRelease(scope: Scope, request: Released): PlannedMovement | undefined {
  if (request.amountMinor === 0n) return undefined
  const { amountMinor, currency, campaignId, nItems, reason } = request
  const money = { amountMinor, currency, campaignId, nItems, reason }
  return { ...money, id: newId(scope.now.getTime()), kind: 'release', from: request.holdId, to: 'wallet' }
}

/**
 * Closes an empty hold for good; the database refuses to close one that is not empty.
 * @returns whether it was still open
 */
export async function closeHold(scope: Scope, holdId: bigint): Promise<boolean> {
  const closed = await scope.sql`
    UPDATE accounts SET closed_at = ${scope.now.toISOString()}::timestamptz
     WHERE id = ${holdId} AND workspace_id = ${scope.workspaceId} AND closed_at IS NULL`
  return closed.count > 0
}
