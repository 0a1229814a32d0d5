import type { Provider } from '../../provider.ts'
import { checkSender } from '../whatsapp-cloud/check.ts'
import { GRAPH_VERSION } from '../whatsapp-cloud/config.ts'
import { openConnection } from '../whatsapp-cloud/connection.ts'
import { whatsappCloud } from '../whatsapp-cloud/index.ts'
import { answerHandshake } from '../whatsapp-cloud/signature.ts'
import { openTemplateLine } from '../whatsapp-cloud/template-line.ts'
import {
  DEFAULT_LIFETIME_SECONDS,
  DEFAULT_MESSAGES_PER_SECOND,
  type SimulatorConfig,
  simulatorConfig,
} from './config.ts'
import { accountOfNumber, mintToken, simulatedAccountId, simulatedPhoneNumberId } from './token.ts'

/** Where the stand-in reads the category of a template that nobody has submitted to it. */
const CATEGORY_HEADER = 'x-template-category'

/** The WhatsApp Cloud API's adapter, pointed at the built-in stand-in. */
export const simulator: Provider<SimulatorConfig> = {
  kind: 'simulator',
  channel: 'whatsapp',
  configSchema: simulatorConfig,
  secretFields: [],
  replaceableSecrets: {},
  mendedElsewhere: ['131026'],
  defaultMessagesPerSecond: DEFAULT_MESSAGES_PER_SECOND,
  defaultLifetimeSeconds: DEFAULT_LIFETIME_SECONDS,

  accountOf(config, senderId) {
    return {
      accountId: simulatedAccountId(senderId),
      needsApproval: config.template_review === true ? 'always' : 'never',
    }
  },

  openTemplates(config, deps) {
    const endpoint = {
      baseUrl: deps.simulatorUrl,
      version: GRAPH_VERSION,
      accountId: accountOfNumber(simulatedPhoneNumberId(deps.webhookUrl)),
      accessToken: mintToken(config, deps),
    }
    return openTemplateLine(endpoint, deps)
  },

  connect(config, deps) {
    const endpoint = {
      baseUrl: deps.simulatorUrl,
      version: GRAPH_VERSION,
      phoneNumberId: simulatedPhoneNumberId(deps.webhookUrl),
      accessToken: mintToken(config, deps),
      headersOf: (category: string | undefined) => ({ [CATEGORY_HEADER]: category ?? 'utility' }),
    }
    return openConnection(endpoint, deps)
  },

  check(config, deps, now) {
    const phoneNumberId = simulatedPhoneNumberId(deps.webhookUrl)
    const sender = {
      baseUrl: deps.simulatorUrl,
      version: GRAPH_VERSION,
      phoneNumberId,
      accountId: accountOfNumber(phoneNumberId),
      accessToken: mintToken(config, deps),
      appSecret: deps.appSecret,
      verifyToken: deps.appSecret,
      webhookUrl: deps.webhookUrl,
      mustBeHttps: false,
      messagesPerSecond: config.messages_per_second ?? DEFAULT_MESSAGES_PER_SECOND,
    }
    return checkSender(sender, now)
  },

  signingSecrets(_config, deps) {
    return [deps.appSecret]
  },

  verifySignature: whatsappCloud.verifySignature,

  /** The stand-in subscribes with the secret that it signs with: nobody enters anything by hand. */
  answerHandshake(query, _config, deps) {
    return answerHandshake(query, [deps.appSecret])
  },

  parseWebhook: whatsappCloud.parseWebhook,
}
