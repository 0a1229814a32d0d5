import type { Provider } from '../provider.ts'
import { simulator } from './simulator/index.ts'
import { whatsappCloud } from './whatsapp-cloud/index.ts'

/** Every provider a sender may use: one line each. */
export const PROVIDERS = {
  simulator,
  whatsapp_cloud: whatsappCloud,
} as const satisfies Readonly<Record<string, Provider>>

export type ProviderKind = keyof typeof PROVIDERS

/** The provider of that kind, or undefined for a word that names none. */
export function findProvider(kind: string): Provider | undefined {
  return Object.hasOwn(PROVIDERS, kind) ? PROVIDERS[kind as ProviderKind] : undefined
}
