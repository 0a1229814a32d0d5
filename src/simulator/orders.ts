import { createHash } from 'node:crypto'
import { z } from 'zod'

/**
 * What the stand-in is told about a sender, in the bearer token of every call: who sends, where its webhooks go, how
 * they are signed, and what is to become of its messages. The stand-in remembers nothing else about senders.
 */
const share = z.number().min(0).max(1)
const milliseconds = z.int().min(0).max(86_400_000)

const ordersSchema = z.object({
  v: z.literal(1),
  phone_number_id: z.string().min(1).max(64),
  webhook_url: z.url({ protocol: /^https?$/ }).max(2_048),
  app_secret: z.string().min(1).max(256),
  seed: z.int().default(1),
  delivered: share.optional(),
  failed: share.default(0),
  lost: share.default(0),
  read_only: share.default(0),
  read: share.default(0.5),
  duplicated: share.default(0),
  shuffled: share.default(0),
  late: share.default(0),
  slow: share.default(0),
  rejected: share.default(0),
  rate_limited: share.default(0),
  server_error: share.default(0),
  timeout_after_accept: share.default(0),
  reset_after_accept: share.default(0),
  garbage: share.default(0),
  free: share.default(0),
  priced_as: z.string().max(40).optional(),
  message_status: z.string().max(40).default('accepted'),
  rejected_code: z.int().min(0).default(131_026),
  failed_code: z.int().min(0).optional(),
  messaging_limit: z.string().max(40).default('TIER_UNLIMITED'),
  check_faults: z.array(z.string().max(40)).max(50).default([]),
  messages_per_second: z.number().default(1_000),
  latency_ms: milliseconds.default(0),
  slow_ms: milliseconds.default(2_000),
  late_ms: milliseconds.default(5_000),
  template_review: z.boolean().default(false),
})

export type Orders = z.infer<typeof ordersSchema> & {
  /** The business account that webhooks are sent for. */
  readonly accountId: string
}

const TOKEN_MAX_CHARS = 12_000

/** Reads a bearer token; undefined for one that the stand-in did not expect. */
export function readOrders(token: string): Orders | undefined {
  if (token.length > TOKEN_MAX_CHARS) return undefined
  try {
    const parsed = ordersSchema.safeParse(JSON.parse(Buffer.from(token, 'base64url').toString('utf8')))
    return parsed.success
      ? { ...parsed.data, accountId: accountIdOf(parsed.data.phone_number_id) }
      : undefined
  } catch {
    return undefined
  }
}

function accountIdOf(phoneNumberId: string): string {
  const digest = createHash('sha256').update(phoneNumberId).digest()
  return (digest.readUIntBE(0, 6) + 100_000_000_000_000).toString()
}
