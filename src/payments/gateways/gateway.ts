import type { z } from 'zod'

export type WebhookHeaders = Readonly<Record<string, string | string[] | undefined>>

/** What a gateway said, in our words. Amounts in 1/10,000 of a unit of `currency`. */
export type GatewayEvent = {
  /** The same again is the same event, however often it is sent. */
  readonly eventId: string
  readonly kind: 'paid' | 'refunded' | 'charged_back' | 'other'
  /** The gateway's own word for it. */
  readonly says: string
  /** The gateway's number of the payment: one payment may be told by several events. */
  readonly paymentId: string | undefined
  /** What stands for the invoice: its number, or the reference of a link that was made here. */
  readonly reference: string | undefined
  readonly amountMinor: bigint | undefined
  readonly currency: string | undefined
  readonly at: Date | undefined
}

/** The secrets and the addresses of one connection; which there are depends on the gateway. */
export type GatewayConfig = Readonly<Record<string, string>>

/** What a payment link is asked for. */
export type LinkRequest = {
  /** Ours, unique for each link: it comes back in the webhook, and makes asking again harmless. */
  readonly reference: string
  readonly invoiceNumber: string
  readonly amountMinor: bigint
  readonly currency: string
}

export type HttpRequest = {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export type Link = { readonly url: string; readonly externalId: string }

/** One payment gateway: how its webhooks are proved and read, and how it makes links. All of it pure. */
export type Gateway = {
  readonly provider: string
  readonly configSchema: z.ZodType<Record<string, string | undefined>>
  /** Members of the configuration that are never shown. */
  readonly secretFields: readonly string[]
  /** The secret that webhooks are proved by; while it is being replaced the one before it counts too. */
  readonly webhookSecret: string
  /** Members that making links takes, beside what webhooks need. */
  readonly linkFields: readonly string[]
  /** Whether the bytes were signed with one of the secrets, compared in constant time. */
  verify(rawBody: Buffer, headers: WebhookHeaders, secrets: readonly string[], now: Date): boolean
  /** Reads a proved webhook; undefined for what is not of this gateway's shape. */
  read(rawBody: Buffer, headers: WebhookHeaders): GatewayEvent | undefined
  /** Looks for a link that an earlier try has made; undefined where the gateway needs no look. */
  findLink(config: GatewayConfig, reference: string): HttpRequest | undefined
  createLink(config: GatewayConfig, link: LinkRequest): HttpRequest
  /** The link in an answer to either request; undefined where there is none. */
  readLink(answer: unknown): Link | undefined
}
