/**
 * A provider's callback as it is stored: the query of its address, which bears the attempt's name, and the type of its
 * body stand in a head of two lines before the bytes as they came.
 */
export type Callback = {
  readonly query: URLSearchParams
  readonly contentType: string
  readonly body: Buffer
}

const HEAD_LINE_MAX_CHARS = 8_192

/** @param query as it stood in the address, without the question mark */
export function packCallback(query: string, contentType: string, body: Buffer): Buffer {
  const line = (text: string) => `${text.replace(/[\r\n]/g, ' ').slice(0, HEAD_LINE_MAX_CHARS)}\n`
  return Buffer.concat([Buffer.from(line(query) + line(contentType)), body])
}

/** Takes a stored callback apart; undefined for bytes without the head. */
export function unpackCallback(stored: Buffer): Callback | undefined {
  const first = stored.indexOf(NEW_LINE)
  const second = first === -1 ? -1 : stored.indexOf(NEW_LINE, first + 1)
  if (second === -1) return undefined
  return {
    query: new URLSearchParams(stored.toString('utf8', 0, first)),
    contentType: stored.toString('utf8', first + 1, second),
    body: stored.subarray(second + 1),
  }
}

const NEW_LINE = 0x0a

/** The name of the parameter that bears the attempt's name. */
export const ATTEMPT_PARAMETER = 'attempt'

/** Where the provider is to report on one attempt. */
export function callbackUrl(webhookUrl: string, attemptRef: string): string {
  return `${webhookUrl}?${ATTEMPT_PARAMETER}=${encodeURIComponent(attemptRef)}`
}
