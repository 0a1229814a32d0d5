import { z } from 'zod'
import { whyUnready } from '../platform/readiness.ts'
import type { ApiHouse } from './house.ts'
import { Problem } from './problem.ts'
import { definePublicRoute } from './route.ts'

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
    const why = await whyUnready({ database: () => pingDatabase(house), queue: () => house.queues.ping() })
    if (why !== undefined) throw unready(why)
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

function unready(detail: string): Problem {
  return new Problem('unavailable', detail, {}, { 'Retry-After': RETRY_AFTER_SECONDS })
}
