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
    const heard = byMessage.get(receipt.messageId) ?? silent(receipt)
    byMessage.set(receipt.messageId, hear(heard, receipt))
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

function hear(heard: Heard, { update, attemptNo }: KnownReceipt): Heard {
  const at = update.occurredAt
  const pricingType = heard.pricingType ?? pricingTypeOf(update.pricing)
  if (update.status === 'failed') {
    return {
      ...heard,
      failed: true,
      failedAt: earlier(heard.failedAt, at),
      pricingType,
      code: update.error?.code ?? heard.code,
    }
  }
  const rank = RANKS[update.status]
  return {
    ...heard,
    pricingType,
    rank: Math.max(rank, heard.rank) as Heard['rank'],
    attemptNo: rank > heard.rank ? attemptNo : heard.attemptNo,
    sentAt: rank === 1 ? earlier(heard.sentAt, at) : heard.sentAt,
    deliveredAt: rank === 2 ? earlier(heard.deliveredAt, at) : heard.deliveredAt,
    readAt: rank === 3 ? earlier(heard.readAt, at) : heard.readAt,
  }
}

function earlier(a: string | null, b: string): string {
  return a === null || b < a ? b : a
}

/** `pricing.type` as the platform writes it (`regular`, `free_entry_point`…), whatever else came with it. */
export function pricingTypeOf(pricing: unknown): string | null {
  if (typeof pricing !== 'object' || pricing === null) return null
  const type = (pricing as { type?: unknown }).type
  return typeof type === 'string' ? type.toLowerCase().slice(0, 60) : null
}
