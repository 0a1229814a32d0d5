import { z } from 'zod'
import { isSafeBaseUrl } from '../../../platform/base-url.ts'
import { LIFETIME_SECONDS_MAX, MESSAGES_PER_SECOND_MAX } from '../whatsapp-cloud/config.ts'

export const TWILIO_URL = 'https://api.twilio.com'
/** What a long code in North America may send; short codes and alphanumeric senders may send more. */
export const DEFAULT_MESSAGES_PER_SECOND = 1
/** Networks keep a message for up to three days; what is not reported by then never is. */
export const DEFAULT_LIFETIME_SECONDS = 3 * 24 * 60 * 60

const secret = z.string().min(1).max(256).regex(/^\S+$/, 'A token has no spaces; copy it again.')

/** What connects a sender of Twilio, or of a platform that speaks its API. Unknown members are refused. */
export const twilioConfig = z
  .strictObject({
    account_sid: z
      .string()
      .regex(/^AC[0-9a-fA-F]{32}$/, 'account_sid is AC and 32 hexadecimal digits, as the console shows it.')
      .meta({ description: 'The account’s SID.', examples: ['AC0123456789abcdef0123456789abcdef'] }),
    auth_token: secret.meta({
      description: 'The account’s token: calls are made and callbacks are signed with it.',
      writeOnly: true,
    }),
    previous_auth_token: secret.optional().meta({
      description: 'The token before the last change: callbacks under it are taken as well.',
      writeOnly: true,
    }),
    from: z
      .string()
      .regex(
        /^(\+[1-9]\d{6,14}|\d{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 ]{2,11})$/,
        'from is a number such as +15005550006, a short code, or up to eleven letters and digits.',
      )
      .optional()
      .meta({ description: 'The number, short code or name to send from.' }),
    messaging_service_sid: z
      .string()
      .regex(/^MG[0-9a-fA-F]{32}$/, 'messaging_service_sid is MG and 32 hexadecimal digits.')
      .optional()
      .meta({ description: 'A messaging service, in place of from.' }),
    api_base_url: z
      .string()
      .max(16_384)
      .refine(isSafeBaseUrl, 'api_base_url is an https address, or plain http on this machine.')
      .optional()
      .meta({ description: 'Where the API is. https, or plain http on loopback.', default: TWILIO_URL }),
    messages_per_second: z.int().min(1).max(MESSAGES_PER_SECOND_MAX).optional().meta({
      description: 'The most messages a second.',
      default: DEFAULT_MESSAGES_PER_SECOND,
    }),
    lifetime_seconds: z.int().min(1).max(LIFETIME_SECONDS_MAX).optional().meta({
      description: 'How long after acceptance a delivery may still be reported.',
      default: DEFAULT_LIFETIME_SECONDS,
    }),
  })
  .refine((config) => (config.from === undefined) !== (config.messaging_service_sid === undefined), {
    path: ['from'],
    message: 'Give either from or messaging_service_sid.',
  })
  .meta({ description: 'A sender of SMS on Twilio, or on a platform that speaks its API.' })

export type TwilioConfig = z.infer<typeof twilioConfig>
