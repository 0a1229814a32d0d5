import { newId } from '../platform/ids.ts'
import type { Scope } from '../platform/scope.ts'
import { lateCaptureSource } from './ledger.ts'
import { lockAvailable, move } from './move.ts'

type Captured = { holdId: bigint; campaignId: string; currency: string; amountMinor: bigint; nItems: number }

/** Moves what delivered messages cost from their hold to spent. @returns the transfer's id; null for an amount of zero */
export async function capture(scope: Scope, request: Captured): Promise<string | null> {
  if (request.amountMinor === 0n) return null
  const id = newId(scope.now.getTime())
  await move(scope, { ...request, id, kind: 'capture', from: request.holdId, to: 'spent' })
  return id
}

/**
 * Charges deliveries that were reported after their money had gone back: from the wallet if it suffices, else on the
 * receivable account. Nothing is dropped, nothing goes negative by accident.
 */
export async function captureLate(
  scope: Scope,
  request: Omit<Captured, 'holdId'>,
): Promise<{ transferId: string | null; source: 'wallet' | 'receivable' }> {
  if (request.amountMinor === 0n) return { transferId: null, source: 'wallet' }
  const { availableMinor } = await lockAvailable(scope)
  const source = lateCaptureSource(availableMinor, request.amountMinor)
  const transferId = newId(scope.now.getTime())
  await move(scope, {
    ...request,
    id: transferId,
    kind: 'late_capture',
    from: source,
    to: 'spent',
    reason: 'delivery reported after the money had been released',
  })
  return { transferId, source }
}
