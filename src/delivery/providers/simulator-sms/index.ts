import { createHash } from 'node:crypto'
import type { Provider } from '../../provider.ts'
import {
  DEFAULT_LIFETIME_SECONDS,
  DEFAULT_MESSAGES_PER_SECOND,
  type SimulatorConfig,
  simulatorConfig,
} from '../simulator/config.ts'
import { mintToken } from '../simulator/token.ts'
import { openConnection } from '../twilio/connection.ts'
import { twilio } from '../twilio/index.ts'

/** Twilio's adapter, pointed at the built-in stand-in, which learns its orders from the address. */
export const simulatorSms: Provider<SimulatorConfig> = {
  kind: 'simulator_sms',
  channel: 'sms',
  configSchema: simulatorConfig,
  secretFields: [],
  replaceableSecrets: {},
  defaultMessagesPerSecond: DEFAULT_MESSAGES_PER_SECOND,
  defaultLifetimeSeconds: DEFAULT_LIFETIME_SECONDS,

  connect(config, deps) {
    const digest = createHash('sha256').update(new URL(deps.webhookUrl).pathname).digest('hex')
    const endpoint = {
      baseUrl: `${deps.simulatorUrl}/sms/${mintToken(config, deps)}`,
      accountSid: `AC${digest.slice(0, 32)}`,
      authToken: deps.appSecret,
      from: { From: SIMULATED_NUMBER },
    }
    return openConnection(endpoint, deps)
  },

  signingSecrets(_config, deps) {
    return [deps.appSecret]
  },

  verifySignature: twilio.verifySignature,

  answerHandshake() {
    return undefined
  },

  parseWebhook: twilio.parseWebhook,
}

/** A number that no network has. */
const SIMULATED_NUMBER = '+15005550006'
