import { z } from 'zod'
import type { ApiHouse } from './house.ts'
import { Problem } from './problem.ts'
import { definePublicRoute } from './route.ts'

const PING_TIMEOUT_MS = 2_000
const RETRY_AFTER_SECONDS = '5'

export const healthz = definePublicRoute({
  method: 'get',
  path: '/healthz',
  tag: 'Service',
  summary: 'Whether the server is alive',
  responses: { 200: z.strictObject({ status: z.literal('ok') }) },
  refusals: [],
  handler: async (_request, response) => {
    response.json({ status: 'ok' })
  },
})

export const readyz = definePublicRoute({
  method: 'get',
  path: '/readyz',
  tag: 'Service',
  summary: 'Whether database and queue answer, and the server is not stopping',
  responses: { 200: z.strictObject({ status: z.literal('ready') }) },
  refusals: ['unavailable'],
  handler: async (_request, response, house) => {
    if (house.isStopping?.()) throw unready('This server is stopping.')
    const [database, queue] = await Promise.all([
      answers(() => pingDatabase(house)),
      answers(() => house.queues.ping()),
    ])
    if (!database || !queue) throw notReady({ database, queue })
    response.json({ status: 'ready' })
  },
})

export const metrics = definePublicRoute({
  method: 'get',
  path: '/metrics',
  tag: 'Service',
  summary: 'Figures for Prometheus',
  responses: { 200: { download: 'text/plain' } },
  refusals: [],
  handler: async (_request, response, house) => {
    response.set('Content-Type', house.metrics.contentType).send(await house.metrics.text())
  },
})

async function pingDatabase(house: ApiHouse): Promise<void> {
  await house.database.sql`SELECT 1`
}

/** Whether something answers in time. Silence is a no: who asks wants to know now. */
async function answers(ping: () => Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const silence = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), PING_TIMEOUT_MS)
  })
  try {
    return await Promise.race([
      ping().then(
        () => true,
        () => false,
      ),
      silence,
    ])
  } finally {
    clearTimeout(timer)
  }
}

function notReady(parts: { database: boolean; queue: boolean }): Problem {
  const silent = Object.entries(parts)
    .filter(([, is]) => !is)
    .map(([name]) => name)
  return unready(`No answer from the ${silent.join(' and the ')}.`)
}

function unready(detail: string): Problem {
  return new Problem('unavailable', detail, {}, { 'Retry-After': RETRY_AFTER_SECONDS })
}
