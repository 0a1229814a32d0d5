import { createHmac, timingSafeEqual } from 'node:crypto'
import type { WebhookCall, WebhookHeaders } from '../../provider.ts'
import type { HttpGatewayConfig } from './config.ts'

/**
 * Whether a callback is the gateway's: always called by its secret address, and signed as well where the gateway signs.
 * @param secrets the key of the address, then the secret that signs, if any
 */
export function verifySignature(
  rawBody: Buffer,
  headers: WebhookHeaders,
  [key = '', secret = '']: readonly string[],
  call?: WebhookCall,
): boolean {
  const callback = (call?.config as HttpGatewayConfig | undefined)?.callback
  if (call === undefined || callback === undefined || key === '') return false
  const isAddressed = same(call.key ?? '', key)
  const { signature } = callback
  if (signature.scheme === 'none') return isAddressed
  const given = headers[signature.header.toLowerCase()]
  if (secret === '' || typeof given !== 'string') return false
  const digest = createHmac('sha256', secret).update(rawBody).digest(signature.encoding)
  return same(given, (signature.prefix ?? '') + digest) && isAddressed
}

function same(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}
