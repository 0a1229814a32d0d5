import type { Provider } from '../../provider.ts'
import {
  DEFAULT_LIFETIME_SECONDS,
  DEFAULT_MESSAGES_PER_SECOND,
  TWILIO_URL,
  type TwilioConfig,
  twilioConfig,
} from './config.ts'
import { openConnection } from './connection.ts'
import { verifySignature } from './signature.ts'
import { parseWebhook } from './webhook.ts'

/** Twilio's Messages API, and platforms that speak it. */
export const twilio: Provider<TwilioConfig> = {
  kind: 'twilio',
  channel: 'sms',
  configSchema: twilioConfig,
  secretFields: ['auth_token', 'previous_auth_token'],
  replaceableSecrets: { auth_token: 'previous_auth_token' },
  defaultMessagesPerSecond: DEFAULT_MESSAGES_PER_SECOND,
  defaultLifetimeSeconds: DEFAULT_LIFETIME_SECONDS,

  connect(config, deps) {
    const endpoint = {
      baseUrl: config.api_base_url ?? TWILIO_URL,
      accountSid: config.account_sid,
      authToken: config.auth_token,
      from:
        config.from === undefined
          ? { MessagingServiceSid: config.messaging_service_sid! }
          : { From: config.from },
    }
    return openConnection(endpoint, deps)
  },

  signingSecrets(config) {
    return [config.auth_token, ...(config.previous_auth_token ? [config.previous_auth_token] : [])]
  },

  verifySignature,

  answerHandshake() {
    return undefined
  },

  parseWebhook,
}
