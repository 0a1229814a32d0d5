import { createHmac } from 'node:crypto'
import { Agent } from 'undici'

/** One callback to post: a signed form, as Twilio's, or signed JSON, as a gateway's. */
export type Post = { readonly url: string } & (
  | {
      readonly form: URLSearchParams
      readonly signed: { readonly scheme: 'twilio'; readonly secret: string }
    }
  | { readonly json: object; readonly signed: { readonly scheme: 'hmac'; readonly secret: string } }
)

type Retries = {
  readonly retryPauseMs: number
  readonly retryPauseMaxMs: number
  readonly retryForMs: number
}

const POST_TIMEOUT_MS = 10_000
const CONNECTIONS = 8
const PENDING_MAX = 500_000

/** Posts callbacks one by one when they are due, and again with growing pauses while they are not taken. */
export function openCallbacks(retries: Retries) {
  const agent = new Agent({ connections: CONNECTIONS, headersTimeout: POST_TIMEOUT_MS })
  const timers = new Set<NodeJS.Timeout>()
  const senders = new Map<string, { pending: number; dropped: number }>()
  let isClosed = false

  const later = (ms: number, act: () => void) => {
    const timer = setTimeout(() => {
      timers.delete(timer)
      act()
    }, ms)
    timers.add(timer)
  }
  const attempt = async (counts: Counts, post: Post, untilMs: number, pauseMs: number, taken: () => void) => {
    const isTaken = await deliver(agent, post)
    if (isClosed) return
    if (isTaken || Date.now() + pauseMs > untilMs) {
      counts.pending -= 1
      if (isTaken) taken()
      else counts.dropped += 1
      return
    }
    later(
      pauseMs,
      () => void attempt(counts, post, untilMs, Math.min(pauseMs * 2, retries.retryPauseMaxMs), taken),
    )
  }

  return {
    add(senderId: string, post: Post, afterMs: number, taken: () => void): void {
      const counts = senders.get(senderId) ?? { pending: 0, dropped: 0 }
      senders.set(senderId, counts)
      if (counts.pending >= PENDING_MAX || isClosed) {
        counts.dropped += 1
        return
      }
      counts.pending += 1
      const untilMs = Date.now() + afterMs + retries.retryForMs
      later(afterMs, () => void attempt(counts, post, untilMs, retries.retryPauseMs, taken))
    },
    counts(senderId?: string): { pending: number; dropped: number } {
      const of = senderId === undefined ? [...senders.values()] : [senders.get(senderId)]
      return of.reduce<Counts>(
        (sum, counts) => ({
          pending: sum.pending + (counts?.pending ?? 0),
          dropped: sum.dropped + (counts?.dropped ?? 0),
        }),
        { pending: 0, dropped: 0 },
      )
    },
    async close(): Promise<void> {
      isClosed = true
      for (const timer of timers) clearTimeout(timer)
      await agent.destroy()
    },
  }
}

type Counts = { pending: number; dropped: number }

async function deliver(agent: Agent, post: Post): Promise<boolean> {
  const { origin, pathname, search } = new URL(post.url)
  const { headers, body } = signed(post)
  try {
    const response = await agent.request({
      origin,
      path: pathname + search,
      method: 'POST',
      headers: { 'user-agent': 'duecast-simulator', ...headers },
      body,
    })
    await response.body.dump()
    return response.statusCode === 200
  } catch {
    return false
  }
}

function signed(post: Post): { headers: Record<string, string>; body: string } {
  if ('json' in post) {
    const body = JSON.stringify(post.json)
    const digest = createHmac('sha256', post.signed.secret).update(body).digest('hex')
    return { headers: { 'content-type': 'application/json', 'x-signature': `sha256=${digest}` }, body }
  }
  const sorted = [...post.form].sort(([a], [b]) => (a < b ? -1 : 1))
  const text = post.url + sorted.map(([name, value]) => name + value).join('')
  const digest = createHmac('sha1', post.signed.secret).update(text).digest('base64')
  return {
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': digest },
    body: post.form.toString(),
  }
}
