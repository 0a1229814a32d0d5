import { newId } from '../platform/ids.ts'
import type { Scope } from '../platform/scope.ts'
import { lateCaptureSource } from './ledger.ts'
import { lockAvailable, move, type PlannedMovement } from './move.ts'

type Captured = { holdId: bigint; campaignId: string; currency: string; amountMinor: bigint; nItems: number }

/** Moves what delivered messages cost from their hold to spent. @returns the transfer's id; null for an amount of zero */
export async function capture(scope: Scope, request: Captured): Promise<string | null> {
  const planned = planCapture(scope, request)
  if (!planned) return null
  await move(scope, planned)
  return planned.id
}

/** What `capture` would write; undefined for an amount of zero. */
export function planCapture(scope: Scope, request: Captured): PlannedMovement | undefined {
  if (request.amountMinor === 0n) return undefined
  const { holdId, ...movement } = request
  return { ...movement, id: newId(scope.now.getTime()), kind: 'capture', from: holdId, to: 'spent' }
}

type LateCapture = PlannedMovement & { from: 'wallet' | 'receivable' }

/**
 * What charges deliveries that were reported after their money had gone back: from the wallet if it suffices, which stays
 * locked until it is written, else on the receivable account. Nothing is dropped, nothing goes negative by accident.
 */
export async function planLateCaptures(
  scope: Scope,
  requests: readonly Omit<Captured, 'holdId'>[],
): Promise<LateCapture[]> {
  const owed = requests.filter(({ amountMinor }) => amountMinor > 0n)
  if (owed.length === 0) return []
  let { availableMinor } = await lockAvailable(scope)
  return owed.map((request) => {
    const from = lateCaptureSource(availableMinor, request.amountMinor)
    if (from === 'wallet') availableMinor -= request.amountMinor
    return {
      ...request,
      id: newId(scope.now.getTime()),
      kind: 'late_capture',
      from,
      to: 'spent',
      reason: 'delivery reported after the money had been released',
    }
  })
}
