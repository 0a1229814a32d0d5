import type { Orders } from './orders.ts'

/** What the stand-in does with one call, before and beside anything that becomes of the message. */
export type CallFate =
  | 'rejected'
  | 'rate_limited'
  | 'server_error'
  | 'timeout_after_accept'
  | 'reset_after_accept'
  | 'garbage'
  | 'answered'

/** What becomes of an accepted message. `lost` was delivered, but nobody will ever be told. */
export type MessageFate = 'failed' | 'undelivered' | 'lost' | 'delivered' | 'read' | 'read_only'

/** One receipt to post: `postAfterMs` counts from the acceptance, `happensAfterMs` is what its timestamp says. */
export type PlannedReceipt = {
  readonly status: 'sent' | 'delivered' | 'read' | 'failed'
  readonly happensAfterMs: number
  readonly postAfterMs: number
  readonly isPriced: boolean
}

/** The draws of one message: each stream gives the same number from 0 to 1 whenever it is asked for. */
export type Draws = (stream: number) => number

export const STREAMS = {
  call: 1,
  slow: 2,
  garbage: 3,
  message: 4,
  lost: 5,
  read: 6,
  shuffled: 7,
  failedCode: 8,
  pace: 9,
  free: 10,
  late: 16,
  duplicated: 32,
  copies: 48,
} as const

/** Draws for an attempt, from the seed and its reference alone. */
export function drawsFor(seed: number, attemptRef: string): Draws {
  const state = hashText(attemptRef, seed)
  return (stream) => mix(state + Math.imul(stream, 0x9e3779b1)) / 0x1_0000_0000
}

/** What the call meets: one draw over the error shares, which exclude each other. */
export function callFate(orders: Orders, draws: Draws): CallFate {
  const total =
    orders.rejected +
    orders.rate_limited +
    orders.server_error +
    orders.timeout_after_accept +
    orders.reset_after_accept +
    orders.garbage
  if (total === 0) return 'answered'
  let point = draws(STREAMS.call) * Math.max(1, total)
  for (const fate of CALL_FATES) {
    point -= orders[fate]
    if (point < 0) return fate
  }
  return 'answered'
}

const CALL_FATES = [
  'rejected',
  'rate_limited',
  'server_error',
  'timeout_after_accept',
  'reset_after_accept',
  'garbage',
] as const

/** What becomes of an accepted message. */
export function messageFate(orders: Orders, draws: Draws): MessageFate {
  const delivered = orders.delivered ?? 1 - orders.failed
  const point = draws(STREAMS.message) * Math.max(1, orders.failed + delivered)
  if (point < orders.failed) return 'failed'
  if (point >= orders.failed + delivered) return 'undelivered'
  if (draws(STREAMS.lost) < orders.lost) return 'lost'
  const read = draws(STREAMS.read)
  if (read < orders.read_only) return 'read_only'
  return (read - orders.read_only) / (1 - orders.read_only) < orders.read ? 'read' : 'delivered'
}

/** The receipts of a message, in the order in which they are posted; late and repeated ones included. */
export function planReceipts(orders: Orders, fate: MessageFate, draws: Draws): PlannedReceipt[] {
  const steps = STEPS[fate]
  const paceMs = Math.floor(draws(STREAMS.pace) * PACE_SPREAD_MS)
  const isShuffled = steps.length > 1 && draws(STREAMS.shuffled) < orders.shuffled
  const receipts: PlannedReceipt[] = []
  for (const [index, step] of steps.entries()) {
    const happensAfterMs = paceMs + index * STEP_MS
    const place = isShuffled ? steps.length - 1 - index : index
    const lateMs = draws(STREAMS.late + index) < orders.late ? orders.late_ms : 0
    const { status, isPriced } = step
    const receipt = { status, happensAfterMs, postAfterMs: paceMs + place * STEP_MS + lateMs, isPriced }
    receipts.push(receipt)
    if (draws(STREAMS.duplicated + index) < orders.duplicated)
      receipts.push(...copies(receipt, draws(STREAMS.copies + index)))
  }
  return receipts.length > 1 ? receipts.sort((a, b) => a.postAfterMs - b.postAfterMs) : receipts
}

/** A message takes its steps this far apart, so that they usually leave in different posts. */
const STEP_MS = 10
const PACE_SPREAD_MS = 10
const COPIES_MAX = 3
const COPY_STEP_MS = 15

const SENT = { status: 'sent', isPriced: true } as const
const STEPS = {
  failed: [{ status: 'failed', isPriced: false }],
  undelivered: [SENT],
  lost: [SENT],
  delivered: [SENT, { status: 'delivered', isPriced: true }],
  read: [SENT, { status: 'delivered', isPriced: true }, { status: 'read', isPriced: false }],
  read_only: [SENT, { status: 'read', isPriced: true }],
} as const satisfies Record<MessageFate, readonly Pick<PlannedReceipt, 'status' | 'isPriced'>[]>

function copies(receipt: PlannedReceipt, draw: number): PlannedReceipt[] {
  const count = 1 + Math.floor(draw * COPIES_MAX)
  return Array.from({ length: count }, (_, copy) => ({
    ...receipt,
    postAfterMs: receipt.postAfterMs + (copy + 1) * COPY_STEP_MS,
  }))
}

/** FNV-1a over the characters, finished with the mixer. */
function hashText(text: string, seed: number): number {
  let hash = mix(seed ^ 0x811c9dc5)
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  return mix(hash)
}

/** The finaliser of MurmurHash3: every bit of the input changes half of the output's. */
function mix(value: number): number {
  let hash = value | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
