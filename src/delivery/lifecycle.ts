/** The states of a message, in the order of a life that goes well, then the ends that do not. */
export const MESSAGE_STATES = [
  'queued',
  'sending',
  'sent',
  'delivered',
  'read',
  'failed',
  'expired',
  'uncertain',
  'cancelled',
  'skipped',
] as const
export type MessageState = (typeof MESSAGE_STATES)[number]

/**
 * Where a message may go from each state; the database repeats this table in its trigger `messages_move`.
 * `failed` and `expired` may still turn into `delivered`, because receipts come in any order and up to weeks late.
 * `uncertain` never goes back to `queued`: what may have left is never sent again by itself.
 */
export const MESSAGE_MOVES: Readonly<Record<MessageState, readonly MessageState[]>> = {
  queued: ['sending', 'cancelled', 'skipped', 'expired'],
  sending: ['queued', 'sent', 'delivered', 'read', 'failed', 'uncertain'],
  sent: ['delivered', 'read', 'failed', 'expired'],
  delivered: ['read'],
  read: [],
  failed: ['delivered', 'read'],
  expired: ['delivered', 'read', 'failed'],
  uncertain: ['sent', 'delivered', 'read', 'failed'],
  cancelled: [],
  skipped: [],
}

/** How often a message may be refused before a byte left (throttled, unreachable) until it counts as failed. */
export const MOST_ATTEMPTS = 12

const FIRST_RETRY_SECONDS = 2
const LONGEST_RETRY_SECONDS = 300

/**
 * How long to wait before the next attempt, in seconds: doubling from two seconds up to five minutes, or from the least
 * wait that the platform asked for by its own factor; what it asked for is never cut short.
 */
export function retryDelaySeconds(
  attemptNo: number,
  asked: { leastSeconds?: number; factor?: number } = {},
): number {
  const { leastSeconds = 0, factor = 2 } = asked
  const first = factor === 2 ? FIRST_RETRY_SECONDS : Math.max(FIRST_RETRY_SECONDS, leastSeconds)
  const grown = Math.min(LONGEST_RETRY_SECONDS, first * factor ** Math.max(0, attemptNo - 1))
  return Math.max(leastSeconds, grown)
}

/** The name of an attempt, which travels with the message and comes back in every receipt. */
export function attemptRef(messageId: bigint, attemptNo: number): string {
  return `dc.${messageId}.${attemptNo}`
}

const ATTEMPT_REF = /^dc\.([1-9]\d{0,17})\.([1-9]\d{0,3})$/

/** Reads an attempt's name back; undefined for what is not ours. */
export function parseAttemptRef(ref: string): { messageId: bigint; attemptNo: number } | undefined {
  const match = ATTEMPT_REF.exec(ref)
  return match ? { messageId: BigInt(match[1]!), attemptNo: Number(match[2]) } : undefined
}
