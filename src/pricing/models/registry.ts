import { conversation24h } from './conversation-24h.ts'
import type { PricingModel } from './model.ts'
import { perMessage } from './per-message.ts'
import { perSegment } from './per-segment.ts'

/** Every pricing model by the name that rate cards bear. A new one is a file beside these and a line here. */
export const MODELS = {
  per_message: perMessage,
  conversation_24h: conversation24h,
  per_segment: perSegment,
} as const satisfies Record<string, PricingModel>

export type ModelName = keyof typeof MODELS

/** A workspace's prices of one channel say nothing about those of another, whatever their dates. */
export type Channel = 'whatsapp' | 'sms'

/** The channel that a model prices. */
export function channelOf(model: ModelName): Channel {
  return model === 'per_segment' ? 'sms' : 'whatsapp'
}

export const MODEL_NAMES = Object.keys(MODELS) as readonly ModelName[]
