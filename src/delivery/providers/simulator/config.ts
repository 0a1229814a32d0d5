import { z } from 'zod'
import { LIFETIME_SECONDS_MAX, MESSAGES_PER_SECOND_MAX } from '../whatsapp-cloud/config.ts'

export const DEFAULT_MESSAGES_PER_SECOND = 1_000
export const DEFAULT_LIFETIME_SECONDS = 20

const LATENCY_MS_MAX = 60_000
const LATE_MS_MAX = 3_600_000

const share = (description: string) =>
  z
    .number()
    .min(0)
    .max(1)
    .optional()
    .meta({ description: `${description} A share from 0 to 1.` })
const milliseconds = (maxMs: number, description: string) =>
  z.int().min(0).max(maxMs).optional().meta({ description })
const code = (description: string) => z.int().min(0).max(9_999_999).optional().meta({ description })

/** What receipts of the platform may name as the category that a message was charged by. */
export const PRICED_CATEGORIES = [
  'marketing',
  'utility',
  'authentication',
  'authentication-international',
  'marketing_lite',
  'service',
] as const

/** What the stand-in can be told to find wrong when it is asked about the sender. */
export const CHECK_FAULTS = [
  'token_invalid',
  'token_scopes',
  'token_expires',
  'number_unknown',
  'number_offline',
  'name_declined',
  'quality_red',
  'messages_blocked',
  'account_unknown',
  'account_rejected',
  'number_elsewhere',
  'not_subscribed',
  'other_callback',
  'wrong_app_secret',
  'templates_refused',
  'clock_off',
  'silent',
] as const

/**
 * What the stand-in does with the messages of one sender. Every message draws its fate once, from the seed and its
 * attempt's id: the same seed and ids give the same fates in any order and at any time. All members are optional.
 *
 * What becomes of an accepted message: `failed` of all fail; `delivered` of all are delivered (by default all that do
 * not fail); the rest is sent and never heard of again. Where the two add up to more than 1, both shrink in proportion.
 * Of the delivered, `lost` never get their receipt (and so count as not delivered), `read_only` get `read` without
 * `delivered`, and of the others `read` (0.5) get `read` after `delivered`.
 *
 * What becomes of a call: `rejected`, `rate_limited`, `server_error`, `timeout_after_accept`, `reset_after_accept` and
 * `garbage` are shares of all calls and exclude each other; where they add up to more than 1, all shrink.
 */
export const simulatorConfig = z
  .strictObject({
    seed: z.int().optional().meta({ description: 'Another seed, other fates.', default: 1 }),
    delivered: share('Of all messages: delivered. By default all that do not fail.'),
    failed: share('Of all messages: accepted, then reported as failed.'),
    lost: share('Of the delivered: whose receipt never comes, so that they count as not delivered.'),
    read_only: share('Of the delivered: reported as read without ever being reported as delivered.'),
    read: share('Of the delivered: read afterwards, 0.5 by default.'),
    duplicated: share('Of the receipts: posted again one to three times.'),
    shuffled: share('Of the messages: whose receipts come in the wrong order.'),
    late: share('Of the receipts: posted late_ms later.'),
    slow: share('Of the calls: answered slow_ms later.'),
    rejected: share('Of the calls: refused for good, with rejected_code.'),
    rate_limited: share('Of the calls: refused with 429 and code 130429; the recipient’s next call passes.'),
    server_error: share('Of the calls: answered with 500 and not accepted.'),
    timeout_after_accept: share('Of the calls: accepted and never answered.'),
    reset_after_accept: share('Of the calls: accepted, then the connection is reset.'),
    garbage: share('Of the calls: accepted and answered with 200 and nonsense.'),
    free: share('Of the messages: whose receipts say that they were inside a free entry point.'),
    priced_as: z.enum(PRICED_CATEGORIES).optional().meta({
      description: 'The category that receipts say was charged; by default the template’s own.',
    }),
    message_status: z.enum(['accepted', 'held_for_quality_assessment', 'paused']).optional().meta({
      description:
        'What accepted messages are said to be: held or paused while the platform watches how a new template is received.',
    }),
    rejected_code: code('The code of a refused call, 131026 by default.'),
    failed_code: code('The code of a failed message; by default one of several.'),
    latency_ms: milliseconds(LATENCY_MS_MAX, 'How long every answer takes, 0 by default.'),
    slow_ms: milliseconds(LATENCY_MS_MAX, 'How much longer a slow answer takes, 2000 by default.'),
    late_ms: milliseconds(LATE_MS_MAX, 'How much later a late receipt comes, 5000 by default.'),
    messages_per_second: z.int().min(1).max(MESSAGES_PER_SECOND_MAX).optional().meta({
      description: 'The most messages a second.',
      default: DEFAULT_MESSAGES_PER_SECOND,
    }),
    pair_seconds: z.number().min(0).max(60).optional().meta({
      description: 'The least time between two messages to one person, 0 by default; 6 on WhatsApp.',
    }),
    messaging_limit: z
      .enum(['TIER_250', 'TIER_2K', 'TIER_10K', 'TIER_100K', 'TIER_UNLIMITED'])
      .optional()
      .meta({
        description: 'How many people the business may reach in a rolling day; unlimited by default.',
      }),
    check_faults: z
      .array(z.enum(CHECK_FAULTS))
      .max(CHECK_FAULTS.length)
      .optional()
      .meta({ description: 'What a check of the sender is to find wrong.' }),
    template_review: z.boolean().optional().meta({
      description:
        'Whether templates must be submitted and approved before they are sent, as on WhatsApp; false by default.',
    }),
    lifetime_seconds: z.int().min(1).max(LIFETIME_SECONDS_MAX).optional().meta({
      description: 'How long after acceptance a message may still be delivered.',
      default: DEFAULT_LIFETIME_SECONDS,
    }),
  })
  .meta({ description: 'The built-in stand-in for the platform: nothing leaves this machine.' })

export type SimulatorConfig = z.infer<typeof simulatorConfig>
