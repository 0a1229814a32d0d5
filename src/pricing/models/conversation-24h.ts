import { type ChargeFacts, free, type OpenWindow, type PricingModel, regular } from './model.ts'

/** How long one charge covers a number and category, from the delivery that opened it. */
export const CONVERSATION_MS = 24 * 60 * 60 * 1000

/**
 * One charge for a number and category in 24 hours: the first delivered message opens the window, the same category
 * again inside it is free, another category is charged and opens its own. Several may be open at once. A message
 * of zero price opens one too, so that the card, not the order of messages, decides.
 *
 * Receipts come out of order. A message delivered shortly before the window that a later one has opened belongs to
 * the same 24 hours and is not charged a second time.
 */
export const conversation24h: PricingModel = (facts) => {
  if (facts.windows.some((window) => covers(window, facts))) return free('window_open')
  return { ...regular(facts), opensWindow: windowFrom(facts) }
}

function covers(window: OpenWindow, { category, at }: ChargeFacts): boolean {
  const earliestMs = window.openedAt.getTime() - CONVERSATION_MS
  return window.category === category && at.getTime() > earliestMs && at < window.expiresAt
}

function windowFrom({ category, at }: ChargeFacts): OpenWindow {
  return { category, openedAt: at, expiresAt: new Date(at.getTime() + CONVERSATION_MS) }
}
