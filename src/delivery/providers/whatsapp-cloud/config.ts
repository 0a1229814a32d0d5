import { z } from 'zod'
import { isSafeBaseUrl } from '../../../platform/base-url.ts'

export const GRAPH_URL = 'https://graph.facebook.com'
export const GRAPH_VERSION = 'v26.0'
/** What a number may send unless Meta has raised it. */
export const DEFAULT_MESSAGES_PER_SECOND = 80
/** One message in so many seconds from one number to one person; more is refused (131056). */
export const PAIR_SECONDS = 6
/** Meta's default time to live of a template message: 30 days. */
export const DEFAULT_LIFETIME_SECONDS = 30 * 24 * 60 * 60

export const MESSAGES_PER_SECOND_MAX = 100_000
/** Time to live plus the seven days in which a webhook is tried again, rounded up. */
export const LIFETIME_SECONDS_MAX = 40 * 24 * 60 * 60

const id = (what: string) =>
  z
    .string()
    .regex(
      /^[A-Za-z0-9_-]{1,64}$/,
      `${what} is the number that WhatsApp Manager shows, without spaces or a plus sign.`,
    )
const secret = (maxChars: number) =>
  z
    .string()
    .min(1)
    .max(maxChars)
    .regex(/^\S(?:.*\S)?$/, 'A secret neither begins nor ends with a space; copy it again.')

/** What connects a WhatsApp Business number. Unknown members are refused. */
export const whatsappCloudConfig = z
  .strictObject({
    phone_number_id: id('phone_number_id').meta({
      description: 'The id of the number to send from; not the phone number itself.',
      examples: ['106540352242922'],
    }),
    business_account_id: id('business_account_id').meta({
      description: 'The id of the WhatsApp Business account.',
      examples: ['102290129340398'],
    }),
    access_token: secret(4096)
      .regex(/^[\x21-\x7e]+$/, 'A token has no spaces; copy it again.')
      .meta({ description: 'A system user’s token.', writeOnly: true }),
    app_secret: secret(256).meta({
      description: 'The app’s secret: webhooks are signed with it.',
      writeOnly: true,
    }),
    previous_app_secret: secret(256)
      .optional()
      .meta({ description: 'The secret before the last change, accepted as well.', writeOnly: true }),
    verify_token: secret(256).meta({
      description: 'Any word; enter the same where the webhook is subscribed.',
      writeOnly: true,
    }),
    previous_verify_token: secret(256)
      .optional()
      .meta({ description: 'The word before the last change, accepted as well.', writeOnly: true }),
    api_base_url: z
      .string()
      .max(2048)
      .refine(
        isSafeBaseUrl,
        'api_base_url is an https address, or plain http on this machine (127.0.0.1, localhost).',
      )
      .optional()
      .meta({ description: 'Where the Cloud API is. https, or plain http on loopback.', default: GRAPH_URL }),
    api_version: z
      .string()
      .regex(/^v\d{1,3}\.\d{1,2}$/, 'api_version looks like v26.0.')
      .optional()
      .meta({ description: 'The Graph API’s version.', default: GRAPH_VERSION }),
    marketing_messages_api: z.boolean().optional().meta({
      description:
        'Whether marketing goes by Meta’s Marketing Messages API, falling back to the Cloud API; false by default.',
    }),
    messages_per_second: z.int().min(1).max(MESSAGES_PER_SECOND_MAX).optional().meta({
      description: 'The most messages a second: 80, 1,000 for an upgraded number, 20 beside the app.',
      default: DEFAULT_MESSAGES_PER_SECOND,
    }),
    lifetime_seconds: z.int().min(1).max(LIFETIME_SECONDS_MAX).optional().meta({
      description: 'How long after acceptance a message may still be delivered; the template’s time to live.',
      default: DEFAULT_LIFETIME_SECONDS,
    }),
  })
  .meta({ description: 'A number on Meta’s WhatsApp Cloud API.' })

export type WhatsappCloudConfig = z.infer<typeof whatsappCloudConfig>
