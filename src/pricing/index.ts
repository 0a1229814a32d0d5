/** How much: dated prices, the market of a number, what a message costs, and the price of an audience. */
export { decideCharge } from './charge.ts'
export { type IsoDay, isIsoDay } from './day.ts'
export { findMarketRows, findRateRows } from './find.ts'
export {
  compileMarkets,
  MARKET_PREFIX_DIGITS,
  type MarketCoverage,
  type MarketLookup,
  type MarketRow,
  marketCoverage,
  marketOf,
  OTHER_MARKET,
  parseMarketRows,
} from './market.ts'
export { CONVERSATION_MS } from './models/conversation-24h.ts'
export {
  CATEGORIES,
  type Category,
  type ChargeDecision,
  type ChargeFacts,
  type ChargeReason,
  type OpenWindow,
} from './models/model.ts'
export { MODEL_NAMES, type ModelName } from './models/registry.ts'
export {
  type PublishedRates,
  publishCommonRates,
  publishRates,
  publishSeed,
  type RateCardRequest,
} from './publish.ts'
export {
  type Exclusion,
  MARKET_LEFT_OUT,
  MAX_WHAT_IF_VARIANTS,
  NO_PRICE,
  type PrefixGroup,
  type PriceBasis,
  type PricedAudience,
  type PricedGroup,
  priceGroups,
  type QuoteLine,
  type QuoteTerms,
  quoteLines,
  type Variant,
  type WhatIf,
  whatIf,
} from './quote.ts'
export {
  CHARGE_MOMENTS,
  type ChargeOn,
  MAX_PRICE_MINOR,
  parseRateRows,
  priceOn,
  RATE_CARD_NOTICE,
  RATE_COLUMNS,
  type RateImport,
  type RateKey,
  type RateOwner,
  type RateRow,
  ratesInForce,
} from './rate-card.ts'
export type { RowProblem, TableInput } from './table.ts'
export { crossesRateChange, QUOTE_LIFETIME_MS, type QuoteTiming, quoteExpiresAt } from './validity.ts'
