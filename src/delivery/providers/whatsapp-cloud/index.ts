import type { Provider } from '../../provider.ts'
import { checkSender } from './check.ts'
import {
  DEFAULT_LIFETIME_SECONDS,
  DEFAULT_MESSAGES_PER_SECOND,
  GRAPH_URL,
  GRAPH_VERSION,
  PAIR_SECONDS,
  type WhatsappCloudConfig,
  whatsappCloudConfig,
} from './config.ts'
import { openConnection } from './connection.ts'
import { answerHandshake, verifySignature } from './signature.ts'
import { openTemplateLine } from './template-line.ts'
import { parseWebhook } from './webhook.ts'

/** Meta's WhatsApp Cloud API. */
export const whatsappCloud: Provider<WhatsappCloudConfig> = {
  kind: 'whatsapp_cloud',
  channel: 'whatsapp',
  configSchema: whatsappCloudConfig,
  secretFields: [
    'access_token',
    'app_secret',
    'previous_app_secret',
    'verify_token',
    'previous_verify_token',
  ],
  replaceableSecrets: { app_secret: 'previous_app_secret', verify_token: 'previous_verify_token' },
  // Not on WhatsApp, or on one too old. Not 131049 and 131050, where a person or Meta keeps advertising away, nor 130472.
  mendedElsewhere: ['131026'],
  defaultMessagesPerSecond: DEFAULT_MESSAGES_PER_SECOND,
  pairSeconds: PAIR_SECONDS,
  defaultLifetimeSeconds: DEFAULT_LIFETIME_SECONDS,

  accountOf(config) {
    return { accountId: String(config.business_account_id), needsApproval: 'known' }
  },

  openTemplates(config, deps) {
    const endpoint = {
      baseUrl: config.api_base_url ?? GRAPH_URL,
      version: config.api_version ?? GRAPH_VERSION,
      accountId: config.business_account_id,
      accessToken: config.access_token,
    }
    return openTemplateLine(endpoint, deps)
  },

  connect(config, deps) {
    const endpoint = {
      baseUrl: config.api_base_url ?? GRAPH_URL,
      version: config.api_version ?? GRAPH_VERSION,
      phoneNumberId: config.phone_number_id,
      accessToken: config.access_token,
      marketingApi: config.marketing_messages_api === true,
      messagesPerSecond: config.messages_per_second,
    }
    return openConnection(endpoint, deps)
  },

  check(config, deps, now) {
    const sender = {
      baseUrl: config.api_base_url ?? GRAPH_URL,
      version: config.api_version ?? GRAPH_VERSION,
      phoneNumberId: config.phone_number_id,
      accountId: config.business_account_id,
      accessToken: config.access_token,
      appSecret: config.app_secret,
      verifyToken: config.verify_token,
      webhookUrl: deps.webhookUrl,
      mustBeHttps: new URL(config.api_base_url ?? GRAPH_URL).protocol === 'https:',
      messagesPerSecond: config.messages_per_second ?? DEFAULT_MESSAGES_PER_SECOND,
    }
    return checkSender(sender, now)
  },

  signingSecrets(config) {
    return config.previous_app_secret === undefined
      ? [config.app_secret]
      : [config.app_secret, config.previous_app_secret]
  },

  verifySignature,

  answerHandshake(query, config) {
    const { verify_token: token, previous_verify_token: previous } = config
    return answerHandshake(query, previous === undefined ? [token] : [token, previous])
  },

  parseWebhook,
}
