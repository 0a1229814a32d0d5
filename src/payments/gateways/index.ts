import type { Gateway } from './gateway.ts'
import { midtrans } from './midtrans.ts'
import { razorpay } from './razorpay.ts'
import { stripe } from './stripe.ts'
import { xendit } from './xendit.ts'

/** Every gateway that can be connected: a new one is a file and a line here. */
export const GATEWAYS = { midtrans, xendit, razorpay, stripe } as const

export type GatewayName = keyof typeof GATEWAYS
export const GATEWAY_NAMES = Object.keys(GATEWAYS) as GatewayName[]

/** The gateway of that name, undefined for none. */
export function findGateway(name: string): Gateway | undefined {
  return Object.hasOwn(GATEWAYS, name) ? GATEWAYS[name as GatewayName] : undefined
}
