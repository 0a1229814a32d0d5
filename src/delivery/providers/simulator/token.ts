import { createHash } from 'node:crypto'
import type { ConnectDeps } from '../../provider.ts'
import type { SimulatorConfig } from './config.ts'

const TOKEN_VERSION = 1
const PHONE_NUMBER_ID_DIGITS = 15

/**
 * The bearer token by which the stand-in learns all that it needs of a sender: it keeps no senders of its own, and so
 * survives a restart. Base64url of JSON: the configuration, where to post webhooks and the secret to sign them with.
 */
export function mintToken(
  config: SimulatorConfig,
  deps: Pick<ConnectDeps, 'webhookUrl' | 'appSecret'>,
): string {
  const orders = {
    v: TOKEN_VERSION,
    phone_number_id: simulatedPhoneNumberId(deps.webhookUrl),
    webhook_url: deps.webhookUrl,
    app_secret: deps.appSecret,
    ...config,
  }
  return Buffer.from(JSON.stringify(orders)).toString('base64url')
}

/**
 * The phone number id of a simulated sender: fifteen digits made from its webhook's path, which bears its id. The
 * host and port do not count, so that it stays the same when the server moves.
 */
export function simulatedPhoneNumberId(webhookUrl: string): string {
  const digest = createHash('sha256').update(new URL(webhookUrl).pathname).digest()
  const number = digest.readBigUInt64BE() % 10n ** BigInt(PHONE_NUMBER_ID_DIGITS - 1)
  return `1${number.toString().padStart(PHONE_NUMBER_ID_DIGITS - 1, '0')}`
}

/** The business account that the stand-in gives a simulated sender: each has one of its own, made from its number's id. */
export function simulatedAccountId(senderId: string): string {
  return accountOfNumber(simulatedPhoneNumberId(`http://any/webhooks/whatsapp/${senderId}`))
}

export function accountOfNumber(phoneNumberId: string): string {
  const digest = createHash('sha256').update(phoneNumberId).digest()
  return (digest.readUIntBE(0, 6) + 100_000_000_000_000).toString()
}
