import type { Person } from './cast.ts'
import type { Stack } from './stack.ts'

export type Told = {
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects to be there.
  events: any[]
  /** Whether the server ended the stream by itself. */
  ended: boolean
}

/** Reads a campaign's stream of events until `enough`, the server's end, or `timeoutMs`, which is a failure. */
export async function follow(
  stack: Stack,
  person: Person,
  campaignId: string,
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  enough: (event: any) => boolean = () => false,
  timeoutMs = 60_000,
): Promise<Told> {
  const stop = new AbortController()
  const timer = setTimeout(() => stop.abort(new Error('the campaign took too long')), timeoutMs)
  const told: Told = { events: [], ended: false }
  try {
    const response = await fetch(`${stack.url}/v1/campaigns/${campaignId}/events`, {
      headers: { authorization: `Bearer ${person.key}`, 'last-event-id': '7' },
      signal: stop.signal,
    })
    if (response.status !== 200 || !response.body) throw new Error(`no stream: ${response.status}`)
    for await (const event of eventsOf(response.body)) {
      told.events.push(event)
      if (enough(event)) return told
    }
    told.ended = true
    return told
  } finally {
    clearTimeout(timer)
    stop.abort()
  }
}

async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<unknown> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true })
    const blocks = text.split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks) {
      const data = block.split('\n').filter((line) => line.startsWith('data:'))
      if (data.length > 0) yield JSON.parse(data.map((line) => line.slice(5).trim()).join('\n'))
    }
  }
}
