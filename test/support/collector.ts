import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export type ToldSpan = {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | undefined
  readonly name: string
  readonly facts: Readonly<Record<string, unknown>>
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[]
}

/** A collector of traces as an operator would have one (OTLP over HTTP, JSON), that only remembers. */
export type Collector = {
  readonly url: string
  readonly spans: ToldSpan[]
  /** Every byte that was told. */
  readonly bodies: string[]
  readonly headers: Record<string, unknown>[]
  close(): Promise<void>
}

/** @param mute takes what it is told and never answers */
export async function startCollector({ mute = false, port = 0 } = {}): Promise<Collector> {
  const spans: ToldSpan[] = []
  const bodies: string[] = []
  const headers: Record<string, unknown>[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks).toString()
    bodies.push(body)
    headers.push(request.headers)
    if (mute) return
    spans.push(...spansIn(body))
    response.setHeader('content-type', 'application/json').end('{}')
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    bodies,
    headers,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

type Attribute = { key: string; value: Record<string, unknown> }
type Body = {
  resourceSpans: { scopeSpans: { spans: (Omit<ToldSpan, 'facts'> & { attributes: Attribute[] })[] }[] }[]
}

function spansIn(body: string): ToldSpan[] {
  return (JSON.parse(body) as Body).resourceSpans
    .flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
    .map(({ attributes, links, ...span }) => ({
      ...span,
      links: links ?? [],
      facts: Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]])),
    }))
}
