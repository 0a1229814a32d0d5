/** How much: dated prices, the market of a number, what a message costs, and the price of an audience. */
export { decideCharge } from './charge.ts'
export type { IsoDay } from './day.ts'
export { findMarketRows, findRateRows } from './find.ts'
export {
  type CardKey,
  type CardPrice,
  cardDay,
  findRateCard,
  listCardPrices,
  listRateCards,
  type PricePlace,
  type RateCard,
} from './find-cards.ts'
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
export type {
  Category,
  ChargeDecision,
  ChargeFacts,
  ChargeReason,
  OpenWindow,
} from './models/model.ts'
export type { Channel, ModelName } from './models/registry.ts'
export {
  type PublishedRates,
  publishCommonRates,
  publishRates,
  publishSeed,
  type RateCardRequest,
} from './publish.ts'
export {
  type Exclusion,
  MAX_WHAT_IF_VARIANTS,
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
  type ChargeOn,
  parseRateRows,
  priceOn,
  RATE_CARD_NOTICE,
  RATE_COLUMNS,
  type RateImport,
  type RateKey,
  type RateOwner,
  type RateRow,
} from './rate-card.ts'
export { RATE_CARD_MAX_BYTES, readCardFile } from './read-card.ts'
export type { RowProblem, TableInput } from './table.ts'
export { crossesRateChange, type QuoteTiming, quoteExpiresAt } from './validity.ts'
