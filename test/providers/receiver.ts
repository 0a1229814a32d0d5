import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

export type ReceivedPost = {
  readonly rawBody: Buffer
  readonly headers: IncomingHttpHeaders
  /** The whole address, as it was called. */
  readonly url: string
}

/** A webhook endpoint that keeps what it got, and lets a test wait for what it still expects. */
export type Receiver = {
  readonly url: string
  readonly posts: ReceivedPost[]
  /** Answers the next posts with these statuses, then with 200 again. */
  answerNext(...statuses: number[]): void
  /** Resolves once the posts satisfy the condition; checked at every arrival. */
  until(condition: (posts: readonly ReceivedPost[]) => boolean): Promise<void>
  close(): Promise<void>
}

export async function openReceiver(path = '/webhooks/whatsapp/test-sender'): Promise<Receiver> {
  const posts: ReceivedPost[] = []
  const waiting = new Set<() => void>()
  const statuses: number[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      response.statusCode = statuses.shift() ?? 200
      if (response.statusCode === 200)
        posts.push({
          rawBody: Buffer.concat(chunks),
          headers: request.headers,
          url: `http://${request.headers.host}${request.url}`,
        })
      response.end(() => {
        for (const check of waiting) check()
      })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
    posts,
    answerNext: (...next) => statuses.push(...next),
    until(condition) {
      return new Promise((resolve) => {
        const check = () => {
          if (!condition(posts)) return
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        check()
      })
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
