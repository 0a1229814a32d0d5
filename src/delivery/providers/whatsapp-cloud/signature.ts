import { createHmac, timingSafeEqual } from 'node:crypto'
import type { WebhookHeaders } from '../../provider.ts'

const HEADER = 'x-hub-signature-256'
const PREFIX = 'sha256='

/**
 * Whether a webhook was signed with one of the secrets: `X-Hub-Signature-256: sha256=<hex of HMAC-SHA256>` over the
 * raw bytes. Every secret is tried in constant time, the right one or not; an empty secret signs nothing.
 */
export function verifySignature(
  rawBody: Buffer,
  headers: WebhookHeaders,
  secrets: readonly string[],
): boolean {
  const header = headers[HEADER]
  if (typeof header !== 'string') return false
  const given = Buffer.from(header, 'latin1')
  let matches = false
  for (const secret of secrets) {
    if (secret === '') continue
    if (sameBytes(given, Buffer.from(sign(rawBody, secret), 'latin1'))) matches = true
  }
  return matches
}

/** The header's value for a body. */
function sign(rawBody: Buffer | string, secret: string): string {
  return PREFIX + createHmac('sha256', secret).update(rawBody).digest('hex')
}

/**
 * The body that answers Meta's subscription handshake (`hub.mode`, `hub.verify_token`, `hub.challenge`), or
 * undefined where the token is none of those expected.
 */
export function answerHandshake(
  query: Readonly<Record<string, unknown>>,
  verifyTokens: readonly string[],
): string | undefined {
  const { 'hub.mode': mode, 'hub.verify_token': token, 'hub.challenge': challenge } = query
  if (mode !== 'subscribe' || typeof token !== 'string' || typeof challenge !== 'string') return undefined
  if (challenge.length > CHALLENGE_MAX_CHARS) return undefined
  const given = Buffer.from(token)
  let matches = false
  for (const expected of verifyTokens) if (sameBytes(given, Buffer.from(expected))) matches = true
  return matches ? challenge : undefined
}

const CHALLENGE_MAX_CHARS = 1_024

function sameBytes(given: Buffer, expected: Buffer): boolean {
  return given.length === expected.length && timingSafeEqual(given, expected)
}
