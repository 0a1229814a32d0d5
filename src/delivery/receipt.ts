import { parseAttemptRef } from './lifecycle.ts'
import type { StatusUpdate } from './provider.ts'

/** One status update as a row: which webhook brought it and, as far as it says, whose it is. */
export type ReceiptLine = {
  webhookId: bigint
  update: StatusUpdate
  messageId: bigint | undefined
  attemptNo: number | undefined
}

/** A receipt whose message is known. */
export type KnownReceipt = ReceiptLine & { messageId: bigint; attemptNo: number }

export function receiptLines(webhookId: bigint, statuses: readonly StatusUpdate[]): ReceiptLine[] {
  return statuses.map((update) => {
    const ref = update.attemptRef === undefined ? undefined : parseAttemptRef(update.attemptRef)
    return { webhookId, update, messageId: ref?.messageId, attemptNo: ref?.attemptNo }
  })
}

const RANKS = { sent: 1, delivered: 2, read: 3 } as const

/** What all receipts of one message in a batch say together. Ranks only rise; failed counts where nothing was delivered. */
export type Heard = {
  messageId: bigint
  attemptNo: number
  rank: 0 | 1 | 2 | 3
  failed: boolean
  /** `pricing.type` of the receipt that carries one. */
  pricingType: string | null
  code: string | null
  sentAt: string | null
  deliveredAt: string | null
  readAt: string | null
  failedAt: string | null
}

/** Folds receipts to one line for each message, sorted by id so that batches lock their rows in one order. */
export function heardByMessage(receipts: readonly KnownReceipt[]): Heard[] {
  const byMessage = new Map<bigint, Heard>()
  for (const receipt of receipts) {
    const known = byMessage.get(receipt.messageId)
    const heard = known ?? silent(receipt)
    if (!known) byMessage.set(receipt.messageId, heard)
    hear(heard, receipt)
  }
  return [...byMessage.values()].sort((a, b) => (a.messageId < b.messageId ? -1 : 1))
}

function silent({ messageId, attemptNo }: KnownReceipt): Heard {
  return {
    messageId,
    attemptNo,
    rank: 0,
    failed: false,
    pricingType: null,
    code: null,
    sentAt: null,
    deliveredAt: null,
    readAt: null,
    failedAt: null,
  }
}

/** Adds one receipt to what was heard before; in place, because it is done for every receipt there is. */
function hear(heard: Heard, { update, attemptNo }: KnownReceipt): void {
  const at = update.occurredAt
  heard.pricingType ??= pricingTypeOf(update.pricing)
  if (update.status === 'failed') {
    heard.failed = true
    heard.failedAt = earlier(heard.failedAt, at)
    heard.code = update.error?.code ?? heard.code
    return
  }
  const rank = RANKS[update.status]
  if (rank > heard.rank) {
    heard.rank = rank
    heard.attemptNo = attemptNo
  }
  if (rank === 1) heard.sentAt = earlier(heard.sentAt, at)
  if (rank === 2) heard.deliveredAt = earlier(heard.deliveredAt, at)
  if (rank === 3) heard.readAt = earlier(heard.readAt, at)
}

function earlier(a: string | null, b: string): string {
  return a === null || b < a ? b : a
}

/**
 * `pricing.type` as the platform writes it (`regular`, `free_entry_point`…), whatever else came with it. Older versions
 * of its API name no type, and say by `billable` alone that it was free.
 */
export function pricingTypeOf(pricing: unknown): string | null {
  if (typeof pricing !== 'object' || pricing === null) return null
  const { type, billable } = pricing as { type?: unknown; billable?: unknown }
  if (typeof type === 'string') return type.toLowerCase().slice(0, 60)
  return billable === false ? 'free_unnamed' : null
}
