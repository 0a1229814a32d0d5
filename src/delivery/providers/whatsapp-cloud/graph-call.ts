import { request } from 'undici'

/** Where and as whom the platform's Graph API is asked. */
export type GraphEndpoint = {
  /** Such as `https://graph.facebook.com`, with or without a path. */
  readonly baseUrl: string
  readonly version: string
  readonly accessToken: string
}

export type GraphRequest = {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly body?: object | undefined
  /** In place of JSON. */
  readonly file?: Buffer | undefined
  readonly headers?: Readonly<Record<string, string>>
}

export type GraphAnswer = {
  readonly status: number
  /** Undefined where it is no JSON. */
  readonly body: unknown
  /** When the platform answered, by its own clock. */
  readonly at: Date | undefined
}

/** There was no whole answer; `failure` is the error's code, where it has one. */
export type GraphSilence = { readonly failure: string | undefined }

/** Makes one call about the account, apart from the lines on which messages go. Made once; nothing is thrown. */
export async function callGraph(
  { baseUrl, version, accessToken }: GraphEndpoint,
  { method, path, query, body, file, headers }: GraphRequest,
  limits: { readonly answerMs: number; readonly maxBytes: number },
): Promise<GraphAnswer | GraphSilence> {
  const url = new URL(`${baseUrl.replace(/\/+$/, '')}/${version}/${path}`)
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  try {
    const response = await request(url, {
      method,
      headers: {
        authorization: `Bearer ${accessToken}`,
        accept: 'application/json',
        'user-agent': 'duecast',
        ...(body && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body && { body: JSON.stringify(body) }),
      ...(file && { body: file }),
      ...timeouts(limits.answerMs),
    })
    const text = await readAtMost(response.body, limits.maxBytes)
    return { status: response.statusCode, body: parse(text), at: dateOf(response.headers.date) }
  } catch (error) {
    return { failure: (error as { code?: string }).code }
  }
}

/** An answer may begin late or stall, and all of it takes no longer than twice that. */
export function timeouts(answerMs: number) {
  return { headersTimeout: answerMs, bodyTimeout: answerMs, signal: AbortSignal.timeout(2 * answerMs) }
}

/** The body as text; throws with the code `answer_too_long` where it is longer. */
export async function readAtMost(body: AsyncIterable<Buffer>, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > maxBytes)
      throw Object.assign(new Error('The answer is too long.'), { code: 'answer_too_long' })
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function dateOf(header: string | string[] | undefined): Date | undefined {
  const time = typeof header === 'string' ? Date.parse(header) : Number.NaN
  return Number.isNaN(time) ? undefined : new Date(time)
}
