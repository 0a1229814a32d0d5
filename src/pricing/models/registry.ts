import { conversation24h } from './conversation-24h.ts'
import type { PricingModel } from './model.ts'
import { perMessage } from './per-message.ts'

/** Every pricing model by the name that rate cards bear. A new one is a file beside these and a line here. */
export const MODELS = {
  per_message: perMessage,
  conversation_24h: conversation24h,
} as const satisfies Record<string, PricingModel>

export type ModelName = keyof typeof MODELS

export const MODEL_NAMES = Object.keys(MODELS) as readonly ModelName[]
