import { createHmac, timingSafeEqual } from 'node:crypto'
import type { WebhookCall, WebhookHeaders } from '../../provider.ts'

const HEADER = 'x-twilio-signature'
const PARAMETERS_MAX = 200

/**
 * Whether a callback was signed with one of the tokens: `X-Twilio-Signature` is base64 of HMAC-SHA1 over the address
 * as it was given and the form's parameters in order of their names. Every token and address is tried in constant
 * time, the right one or not.
 */
export function verifySignature(
  rawBody: Buffer,
  headers: WebhookHeaders,
  secrets: readonly string[],
  call?: WebhookCall,
): boolean {
  const header = headers[HEADER]
  if (typeof header !== 'string' || call === undefined) return false
  const given = Buffer.from(header, 'latin1')
  // Counted before they are taken apart: a megabyte of them would keep everybody else waiting.
  if (countOf(rawBody, AMPERSAND) >= PARAMETERS_MAX) return false
  const parameters = [...new URLSearchParams(rawBody.toString('utf8'))]
  let matches = false
  for (const secret of secrets) {
    if (secret === '') continue
    for (const url of call.urls) {
      const expected = Buffer.from(signatureOf(url, parameters, secret), 'latin1')
      if (given.length === expected.length && timingSafeEqual(given, expected)) matches = true
    }
  }
  return matches
}

const AMPERSAND = 0x26

function countOf(bytes: Buffer, wanted: number): number {
  let count = 0
  for (const byte of bytes) if (byte === wanted) count++
  return count
}

function signatureOf(
  url: string,
  parameters: readonly (readonly [string, string])[],
  secret: string,
): string {
  const sorted = parameters.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  const signed = url + sorted.map(([name, value]) => name + value).join('')
  return createHmac('sha1', secret).update(signed).digest('base64')
}
