import type { Provider } from '../../provider.ts'
import { callbackKey } from './callback-key.ts'
import {
  DEFAULT_LIFETIME_SECONDS,
  DEFAULT_MESSAGES_PER_SECOND,
  type HttpGatewayConfig,
  httpGatewayConfig,
} from './config.ts'
import { openConnection } from './connection.ts'
import { verifySignature } from './signature.ts'
import { parseWebhook } from './webhook.ts'

/** Any SMS gateway that is called by HTTP: what differs between them is data. */
export const httpGateway: Provider<HttpGatewayConfig> = {
  kind: 'http_gateway',
  channel: 'sms',
  configSchema: httpGatewayConfig,
  secretFields: ['secrets'],
  replaceableSecrets: {},
  defaultMessagesPerSecond: DEFAULT_MESSAGES_PER_SECOND,
  defaultLifetimeSeconds: DEFAULT_LIFETIME_SECONDS,
  connect: openConnection,

  signingSecrets({ callback, secrets }, deps) {
    const signed =
      callback?.signature.scheme === 'hmac_sha256' ? secrets?.[callback.signature.secret] : undefined
    return [callbackKey(deps.appSecret), ...(signed === undefined ? [] : [signed])]
  },

  verifySignature,

  answerHandshake() {
    return undefined
  },

  parseWebhook,
}
