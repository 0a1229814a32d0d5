/** Who wrote back: what customers say, and what they wish. */
export { forgetCustomer, hearInbound } from './hear-inbound.ts'
export { hearPreferences } from './hear-preferences.ts'
export { readWish } from './opt-out.ts'
