import { derivedId } from '../platform/ids.ts'
import { formatAmount } from '../platform/money.ts'
import { type Refusal, refuse } from '../platform/result.ts'

/** Kinds of transfer; the database's `transfer_ways` says between which accounts each may move money. */
export const TRANSFER_KINDS = [
  'top_up',
  'reserve',
  'capture',
  'release',
  'late_capture',
  'repay',
  'refund',
  'adjust',
  'write_off',
] as const
export type TransferKind = (typeof TRANSFER_KINDS)[number]

/** The most one top-up or one hold may be, in 1/10,000 of a unit: far above any bill, far below overflow of bigint. */
export const MOST_AMOUNT_MINOR = 10n ** 17n
/** The most that a wallet is ever topped up by, all in all: what comes back of holds is credited too, and must have room. */
export const MOST_TOPPED_UP_MINOR = 10n ** 18n - 1n

/** One top-up for each reference in a workspace: the same reference again is the same transfer. */
export function topUpId(workspaceId: string, reference: string): string {
  return derivedId('top_up', workspaceId, reference)
}

/** One repayment for each top-up. */
export function repayId(topUpId: string): string {
  return derivedId('repay', topUpId)
}

/** One reservation for each version of a campaign. */
export function reserveId(campaignId: string, version: number): string {
  return derivedId('reserve', campaignId, String(version))
}

/**
 * Whether a hold of `requiredMinor` can be taken from what is available. All amounts in 1/10,000 of a unit.
 * @param owedMinor what the next top-up pays before anything of it is available; the shortfall counts it
 * @returns the refusal `insufficient_funds` with available, required and shortfall, or undefined
 */
export function refuseOverdraft(
  availableMinor: bigint,
  requiredMinor: bigint,
  currency: string,
  owedMinor = 0n,
): Refusal<'insufficient_funds'> | undefined {
  if (requiredMinor <= availableMinor) return undefined
  const money = (minor: bigint) => ({ amount: formatAmount(minor), currency })
  const shortfallMinor = requiredMinor - availableMinor + owedMinor
  return refuse(
    'insufficient_funds',
    `This needs ${formatAmount(requiredMinor)} ${currency}, and ${formatAmount(availableMinor)} is available: top up at least ${formatAmount(shortfallMinor)} and submit again. Nothing was reserved.`,
    {
      available: money(availableMinor),
      required: money(requiredMinor),
      shortfall: money(shortfallMinor),
      ...(owedMinor > 0n && { owed: money(owedMinor) }),
    },
  )
}

/** How a late delivery is paid: from the wallet if it suffices, else it is owed. */
export function lateCaptureSource(availableMinor: bigint, amountMinor: bigint): 'wallet' | 'receivable' {
  return amountMinor <= availableMinor ? 'wallet' : 'receivable'
}

/** How much of a top-up pays what late deliveries have left owed: that goes first, as far as it reaches. */
export function repaymentOf(owedMinor: bigint, toppedUpMinor: bigint): bigint {
  return owedMinor < toppedUpMinor ? owedMinor : toppedUpMinor
}
