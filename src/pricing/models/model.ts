import type { IsoDay } from '../day.ts'

/** What a message is priced as. `authentication_international` is a surcharge the platform alone decides on. */
export const CATEGORIES = [
  'marketing',
  'utility',
  'authentication',
  'service',
  'authentication_international',
] as const
export type Category = (typeof CATEGORIES)[number]

/** A period already paid for with one contact: messages of its category are free until `expiresAt`, exclusive. */
export type OpenWindow = { readonly category: Category; readonly openedAt: Date; readonly expiresAt: Date }

/** What is known of one delivered message and its contact at the moment of delivery. */
export type ChargeFacts = {
  readonly category: Category
  /** The frozen price of the quote, in 1/10,000 units. */
  readonly priceMinor: bigint
  /** When it was delivered, as the platform reports it. */
  readonly at: Date
  /** The day of `at` in the account's time zone: dated rules change at its midnight. */
  readonly on: IsoDay
  /** Windows paid for with this contact, whatever their category. */
  readonly windows: readonly OpenWindow[]
  /** End of the customer service window: 24 h from the customer's last message. */
  readonly customerWindowUntil?: Date | undefined
  /** End of the free period after an ad click or page button; its length is the platform's word, never computed. */
  readonly freeEntryPointUntil?: Date | undefined
  /** `pricing.type` of the receipt, where there was one: the platform's own word on what it charged. */
  readonly reportedType?: string | undefined
}

/** Why a message cost what it cost. */
export type ChargeReason =
  | 'regular'
  | 'zero_price'
  | 'window_open'
  | 'customer_window'
  | 'free_entry_point'
  | 'reported_free'

/** The decision. `opensWindow` is to be stored with the charge, in its transaction. */
export type ChargeDecision = {
  readonly chargeMinor: bigint
  readonly reason: ChargeReason
  readonly opensWindow?: OpenWindow
}

/** A pricing model: a pure rule from the facts of a delivered message to its charge. */
export type PricingModel = (facts: ChargeFacts) => ChargeDecision

/** The full price, or the plain word that the card says zero. */
export function regular({ priceMinor }: ChargeFacts): ChargeDecision {
  return { chargeMinor: priceMinor, reason: priceMinor === 0n ? 'zero_price' : 'regular' }
}

/** Nothing to pay, and why. */
export function free(reason: ChargeReason): ChargeDecision {
  return { chargeMinor: 0n, reason }
}
