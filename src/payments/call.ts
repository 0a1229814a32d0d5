import { Agent, request } from 'undici'
import type { HttpRequest } from './gateways/gateway.ts'
import type { Called } from './make-link.ts'

const TIMEOUT_MS = 15_000
const ANSWER_MAX_BYTES = 256 * 1024

/**
 * Opens the way to payment gateways. Their addresses are checked where they are configured (https, or this machine);
 * redirections are not followed, an answer is read up to 256 KB and for fifteen seconds.
 */
export function openCaller(): { call(asked: HttpRequest): Promise<Called>; close(): Promise<void> } {
  const agent = new Agent({
    connect: { timeout: TIMEOUT_MS },
    headersTimeout: TIMEOUT_MS,
    bodyTimeout: TIMEOUT_MS,
  })
  return { call: (asked) => call(agent, asked), close: () => agent.close() }
}

async function call(agent: Agent, { method, url, headers, body }: HttpRequest): Promise<Called> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    const answer = await request(url, { method, headers, body: body ?? null, dispatcher: agent, signal })
    const text = await readText(answer.body)
    return { status: answer.statusCode, json: jsonOf(text) }
  } catch (error) {
    // The code of a failure and no more: a message may bear the address with its secrets.
    const { code, name } = error as { code?: string; name?: string }
    return {
      error:
        name === 'TimeoutError'
          ? 'No answer in fifteen seconds.'
          : `The connection failed (${code ?? name ?? 'unknown'}).`,
    }
  }
}

async function readText(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > ANSWER_MAX_BYTES) throw Object.assign(new Error('too long'), { code: 'TOO_LONG' })
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
