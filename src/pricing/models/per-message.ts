import type { IsoDay } from '../day.ts'
import { type Category, type ChargeFacts, free, type PricingModel, regular } from './model.ts'

type DatedExemption = { readonly category: Category; readonly from: IsoDay; readonly until: IsoDay }

/**
 * What was free inside an open customer service window, `until` exclusive. Meta's per-message pricing began on
 * 2025-07-01 with both; since 2026-10-01 replies and utility templates are charged inside the window as outside.
 */
const FREE_IN_CUSTOMER_WINDOW: readonly DatedExemption[] = [
  { category: 'utility', from: '2025-07-01', until: '2026-10-01' },
  { category: 'service', from: '2025-07-01', until: '2026-10-01' },
]

/** Every delivered message is charged, save what a dated exemption frees inside an open customer service window. */
export const perMessage: PricingModel = (facts) => {
  if (inCustomerWindow(facts) && isExempt(facts)) return free('customer_window')
  return regular(facts)
}

function inCustomerWindow({ at, customerWindowUntil }: ChargeFacts): boolean {
  return customerWindowUntil !== undefined && at < customerWindowUntil
}

function isExempt({ category, on }: ChargeFacts): boolean {
  return FREE_IN_CUSTOMER_WINDOW.some(
    (rule) => rule.category === category && rule.from <= on && on < rule.until,
  )
}
