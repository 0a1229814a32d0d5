import type { Channel, Provider } from '../provider.ts'
import { httpGateway } from './http-gateway/index.ts'
import { simulator } from './simulator/index.ts'
import { simulatorSms } from './simulator-sms/index.ts'
import { twilio } from './twilio/index.ts'
import { whatsappCloud } from './whatsapp-cloud/index.ts'

/** Every provider a sender may use: one line each. */
export const PROVIDERS = {
  simulator,
  whatsapp_cloud: whatsappCloud,
  twilio,
  http_gateway: httpGateway,
  simulator_sms: simulatorSms,
} as const satisfies Readonly<Record<string, Provider>>

export type ProviderKind = keyof typeof PROVIDERS

/** The channel of a sender's provider; a kind that was once known and is no more sent WhatsApp messages. */
export function channelOf(kind: string): Channel {
  return findProvider(kind)?.channel ?? 'whatsapp'
}

/** The provider of that kind, or undefined for a word that names none. */
export function findProvider(kind: string): Provider | undefined {
  return Object.hasOwn(PROVIDERS, kind) ? PROVIDERS[kind as ProviderKind] : undefined
}
