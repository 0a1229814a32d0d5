import { createServer, type Server, type ServerResponse } from 'node:http'
import type { House } from '../src/house.ts'
import { whyUnready } from '../src/platform/readiness.ts'

/** Where a worker tells how it is. */
export type WorkerDoor = { readonly url: string; close(): Promise<void> }

type Answer = { readonly status: number; readonly type: string; readonly body: string }

const REQUEST_TIMEOUT_MS = 10_000
const RETRY_AFTER_SECONDS = '5'
const CLOSE_WITHIN_MS = 3_000

/**
 * Opens a worker's own door, which takes no orders: `/healthz` while it is alive, `/readyz` while database and queue
 * answer and it is not stopping, and the figures of this process at `/metrics`.
 */
export async function openWorkerDoor(
  house: House,
  { port, isStopping }: { port: number; isStopping: () => boolean },
): Promise<WorkerDoor> {
  const pages: Readonly<Record<string, () => Promise<Answer>>> = {
    '/healthz': async () => json(200, { status: 'ok' }),
    '/readyz': () => readiness(house, isStopping),
    '/metrics': async () => ({
      status: 200,
      type: house.metrics.contentType,
      body: await house.metrics.text(),
    }),
  }
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, async (request, response) => {
    const [path = ''] = (request.url ?? '').split('?')
    const page = Object.hasOwn(pages, path) ? pages[path] : undefined
    if (!page) return say(response, json(404, { detail: 'There is nothing here.' }))
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return say(response, json(405, { detail: 'This is only read.' }), { Allow: 'GET, HEAD' })
    try {
      say(response, await page())
    } catch (error) {
      house.log.error({ err: error, path }, 'a page of the worker failed')
      say(response, json(500, { detail: 'The reason stands in the log.' }))
    }
  })
  const url = await listen(server, port, house.config.workerHost)
  return { url, close: () => close(server) }
}

async function readiness(house: House, isStopping: () => boolean): Promise<Answer> {
  const why = isStopping()
    ? 'This worker is stopping.'
    : await whyUnready({ database: () => house.database.sql`SELECT 1`, queue: () => house.queues.ping() })
  return why === undefined ? json(200, { status: 'ready' }) : json(503, { status: 'unready', detail: why })
}

function json(status: number, body: object): Answer {
  return { status, type: 'application/json', body: JSON.stringify(body) }
}

function say(
  response: ServerResponse,
  { status, type, body }: Answer,
  headers: Readonly<Record<string, string>> = {},
): void {
  const when = status === 503 ? { 'Retry-After': RETRY_AFTER_SECONDS } : {}
  response
    .writeHead(status, {
      'Content-Type': type,
      'Cache-Control': 'no-store',
      Connection: 'close',
      ...when,
      ...headers,
    })
    .end(body)
}

function listen(server: Server, port: number, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      const address = server.address()
      const bound = typeof address === 'object' && address ? address.port : port
      resolve(`http://${host.includes(':') ? `[${host}]` : host}:${bound}`)
    })
  })
}

/** What has been asked is still answered; who does not take the answer is not waited for. */
function close(server: Server): Promise<void> {
  const cut = setTimeout(() => server.closeAllConnections(), CLOSE_WITHIN_MS)
  return new Promise((resolve) => {
    server.close(() => {
      clearTimeout(cut)
      resolve()
    })
  })
}
