import type { MessageState } from './lifecycle.ts'
import type { Heard } from './receipt.ts'

export type Money = 'held' | 'captured' | 'released'

/** Where a message stands, and what never changes of it. */
export type Standing = {
  id: bigint
  campaign_id: string
  contact_id: bigint
  price: bigint
  state: MessageState
  money: Money
  free: boolean
  on_acceptance: boolean
  is_dated: boolean
}

/** Where a message stood, what was heard of it, and where it therefore stands. */
export type Moved = { was: Standing; heard: Heard; state: MessageState; money: Money; free: boolean }

/**
 * What becomes of a message by what was heard of it: it moves up, never down. The first of delivered and read takes its
 * money, failed gives it back; where the card charges on acceptance, every sign that the provider took it takes it.
 * @returns undefined where nothing changes
 */
export function rise(was: Standing, heard: Heard): Moved | undefined {
  const state = stateAfter(was, heard)
  const free = was.free || isFree(heard)
  const isNews = state !== was.state || free !== was.free || (!was.is_dated && heard.deliveredAt !== null)
  return isNews ? { was, heard, state, money: moneyAfter(was, state), free } : undefined
}

const NEVER_LEFT: readonly MessageState[] = ['queued', 'cancelled', 'skipped']
const MAY_STILL_FAIL: readonly MessageState[] = ['sending', 'sent', 'uncertain', 'expired']
const UNANSWERED: readonly MessageState[] = ['sending', 'uncertain']

function stateAfter({ state, money, on_acceptance }: Standing, { rank, failed }: Heard): MessageState {
  const hasLeft = !NEVER_LEFT.includes(state)
  if (rank === 3 && hasLeft) return 'read'
  if (rank === 2 && hasLeft && state !== 'read') return 'delivered'
  if (failed && MAY_STILL_FAIL.includes(state)) return 'failed'
  if (rank === 1 && UNANSWERED.includes(state) && (money === 'held' || on_acceptance)) return 'sent'
  return state
}

function moneyAfter({ money, on_acceptance }: Standing, state: MessageState): Money {
  if (state === 'delivered' || state === 'read') return 'captured'
  if (on_acceptance && (state === 'sent' || state === 'failed')) return 'captured'
  return state === 'failed' ? 'released' : money
}

/** Whether the platform says that it does not charge the message. */
export function isFree({ pricingType }: Heard): boolean {
  return pricingType?.startsWith('free_') ?? false
}
