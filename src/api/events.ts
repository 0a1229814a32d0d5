import type { Request, Response } from 'express'
import { type CampaignState, findCampaign } from '../campaigns/index.ts'
import { identify } from './authorization.ts'
import { showCampaign } from './campaigns.ts'
import type { ApiHouse } from './house.ts'
import { Problem, problemOf } from './problem.ts'
import { defineStreamRoute, type StreamInput } from './route.ts'
import { type Listener, listen } from './watch.ts'

const HEARTBEAT_MS = 15_000
const RECONNECT_MS = 2_000
const MOST_STREAMS = 1_000
const ENDED: readonly CampaignState[] = ['settled', 'rejected', 'cancelled', 'expired']

let open = 0

export const getEvents = defineStreamRoute({
  method: 'get',
  path: '/v1/campaigns/{id}/events',
  tag: 'Campaigns',
  summary: 'A campaign as server-sent events: one whenever something about it has changed',
  description:
    'Each event holds what `GET /v1/campaigns/{id}` gives: the first what the campaign is now, at most two more a second. The stream ends when the campaign has ended and none of its money is held any more.',
  permission: 'campaigns.read',
  responses: { 200: { download: 'text/event-stream' } },
  refusals: ['not_found'],
  handler: async (input) => {
    if (open >= MOST_STREAMS)
      throw new Problem('unavailable', 'Too many streams are open.', {}, { 'Retry-After': '5' })
    open += 1
    try {
      await follow(input)
    } finally {
      open -= 1
    }
  },
})

type Input = StreamInput<'/v1/campaigns/{id}/events', undefined>
type Cause = Input['cause']
type Shown = Awaited<ReturnType<typeof showCampaign>>

/** Tells what the campaign is, then each change that the one look for all listeners finds. */
async function follow({ house, cause, params, request, response }: Input): Promise<void> {
  const sinceMs = performance.now()
  const first = await look(house, cause, params.id)
  begin(response)
  const listener = openListener(response, sinceMs)
  listener.hear(first)
  if (request.method === 'HEAD') response.end()
  if (response.writableEnded) return
  const asProgram: Cause = { ...cause, actor: { name: 'system:events', role: 'viewer' } }
  const leave = listen(house, `${cause.workspaceId} ${params.id}`, listener, () =>
    look(house, asProgram, params.id),
  )
  const heartbeat = setInterval(() => void beat(house, request, response), HEARTBEAT_MS)
  await new Promise((resolve) => response.once('close', resolve))
  clearInterval(heartbeat)
  leave()
}

/** A campaign as text, and whether nothing about it will change any more. */
type Look = { readonly text: string; readonly ended: boolean }

function look(house: ApiHouse, cause: Cause, campaignId: string): Promise<Look> {
  return house.database.within(cause, async (scope) => {
    const found = await findCampaign(scope, campaignId)
    if (!found.ok) throw problemOf(found)
    const shown = await showCampaign(scope, found.value)
    return { text: JSON.stringify(shown), ended: hasEnded(shown) }
  })
}

function hasEnded({ state, money }: Shown): boolean {
  return ENDED.includes(state) && /^0\.0*$/.test(money.remaining.amount)
}

function begin(response: Response): void {
  response.status(200).set({ 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' })
  response.write(`retry: ${RECONNECT_MS}\n\n`)
}

/** Who reads too slowly misses what lies between, and never the end. */
function openListener(response: Response, sinceMs: number): Listener<Look> {
  let told = ''
  return {
    sinceMs,
    hear({ text, ended }) {
      if (response.writableEnded) return
      if (text !== told && (ended || !response.writableNeedDrain)) {
        response.write(`data: ${text}\n\n`)
        told = text
      }
      if (ended) response.end()
    },
  }
}

/** A sign of life; whoever's key was revoked meanwhile hears no more. */
async function beat(house: ApiHouse, request: Request, response: Response): Promise<void> {
  try {
    await identify(house, request)
    if (!response.writableNeedDrain && !response.writableEnded) response.write(': still here\n\n')
  } catch {
    response.end()
  }
}
