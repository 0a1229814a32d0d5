import { createHmac, timingSafeEqual } from 'node:crypto'

/** Whether two texts are equal, in a time that does not tell how much of them is. */
export function sameText(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** Tries every secret, the right one or not; an empty secret proves nothing. */
export function provedByOne(secrets: readonly string[], proves: (secret: string) => boolean): boolean {
  let proved = false
  for (const secret of secrets) {
    if (secret !== '' && proves(secret)) proved = true
  }
  return proved
}

/** HMAC-SHA256 in hexadecimal. */
export function hmacHex(secret: string, ...parts: readonly (string | Buffer)[]): string {
  const hmac = createHmac('sha256', secret)
  for (const part of parts) hmac.update(part)
  return hmac.digest('hex')
}

/** A header that came exactly once. */
export function headerOf(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  name: string,
): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : undefined
}
