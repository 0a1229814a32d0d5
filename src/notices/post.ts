import { type LookupAddress, lookup } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { Agent, request } from 'undici'
import { faultOfAddress, isPublic } from './address.ts'

/** What became of a post: the status, or why there is none. */
export type Posted = { readonly status: number } | { readonly error: string }

/** Posts a body to somebody else's server; never throws. */
export type Post = (url: string, headers: Readonly<Record<string, string>>, body: string) => Promise<Posted>

export type Resolve = (
  name: string,
  options: { all: true },
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void

const TIMEOUT_MS = 10_000
const ANSWER_MAX_BYTES = 64 * 1024

/**
 * Opens the way out for webhooks: https to public addresses only. The name is looked up for each connection and every
 * answer checked, so that a name cannot first look public and then lead inside; IP literals are checked before.
 * Redirections are not followed, an answer is read up to 64 KB and for ten seconds.
 */
export function openPost(resolve: Resolve = lookup): { post: Post; close(): Promise<void> } {
  const agent = new Agent({
    connect: { timeout: TIMEOUT_MS, lookup: publicLookup(resolve) },
    headersTimeout: TIMEOUT_MS,
    bodyTimeout: TIMEOUT_MS,
  })
  return {
    post: (url, headers, body) => post(agent, url, headers, body),
    close: () => agent.close(),
  }
}

/** Refuses a name of which any answer is not public, and connects to an answer that was checked. */
function publicLookup(resolve: Resolve): LookupFunction {
  return (name, options, done) => {
    resolve(name, { all: true }, (error, addresses) => {
      if (error) return done(error, '', 4)
      const inside = addresses.find(({ address }) => !isPublic(address))
      if (inside || addresses.length === 0)
        return done(Object.assign(new Error('not a public address'), { code: 'ENOTPUBLIC' }), '', 4)
      const [first] = addresses
      if (options.all) (done as unknown as (e: null, all: LookupAddress[]) => void)(null, addresses)
      else done(null, first!.address, first!.family)
    })
  }
}

async function post(
  agent: Agent,
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<Posted> {
  const fault = faultOfAddress(url)
  if (fault !== undefined) return { error: `The address ${fault}` }
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    const answer = await request(url, { method: 'POST', headers, body, dispatcher: agent, signal })
    await answer.body.dump({ limit: ANSWER_MAX_BYTES, signal })
    return { status: answer.statusCode }
  } catch (error) {
    return { error: errorText(error) }
  }
}

/** The code of a failure and no more: messages may bear addresses of the inside. */
function errorText(error: unknown): string {
  const { code, name } = error as { code?: string; name?: string }
  if (code === 'ENOTPUBLIC') return 'The name leads to an address that is not public.'
  return name === 'TimeoutError'
    ? 'No answer in ten seconds.'
    : `The connection failed (${code ?? name ?? 'unknown'}).`
}
