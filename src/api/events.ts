import type { Response } from 'express'
import { type CampaignState, findCampaign } from '../campaigns/index.ts'
import { showCampaign } from './campaigns.ts'
import { Problem, problemOf } from './problem.ts'
import { defineStreamRoute, type StreamInput } from './route.ts'

const POLL_MS = 500
const HEARTBEAT_MS = 15_000
const RECONNECT_MS = 2_000
/** Each stream asks the database twice a second. */
const MOST_STREAMS = 200
const ENDED: readonly CampaignState[] = ['settled', 'rejected', 'cancelled', 'expired']

let open = 0

export const getEvents = defineStreamRoute({
  method: 'get',
  path: '/v1/campaigns/{id}/events',
  tag: 'Campaigns',
  summary: 'A campaign as server-sent events: one whenever something about it has changed',
  description:
    'Each event is named `campaign` and holds what `GET /v1/campaigns/{id}` gives. The stream ends when the campaign has ended and none of its money is held any more.',
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
type Shown = Awaited<ReturnType<typeof showCampaign>>

/** Tells each change until nothing more will change, or nobody listens. */
async function follow(input: Input): Promise<void> {
  const { response } = input
  let told = ''
  let toldAtMs = performance.now()
  while (!response.destroyed) {
    const shown = await look(input)
    if (told === '') begin(response)
    const text = JSON.stringify(shown)
    const changed = text !== told
    const silent = performance.now() - toldAtMs > HEARTBEAT_MS
    if (changed) response.write(`event: campaign\ndata: ${text}\n\n`)
    else if (silent) response.write(': still here\n\n')
    if (changed || silent) toldAtMs = performance.now()
    told = text
    if (hasEnded(shown)) break
    await nextLook(response)
  }
  response.end()
}

async function look({ house, cause, params }: Input): Promise<Shown> {
  return house.database.within(cause, async (scope) => {
    const found = await findCampaign(scope, params.id)
    if (!found.ok) throw problemOf(found)
    return showCampaign(scope, found.value)
  })
}

function begin(response: Response): void {
  response.status(200).set({ 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' })
  response.write(`retry: ${RECONNECT_MS}\n\n`)
}

function hasEnded({ state, money }: Shown): boolean {
  return ENDED.includes(state) && /^0\.0*$/.test(money.remaining.amount)
}

/** Waits for the next look, or until the listener has gone. */
function nextLook(response: Response): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      response.off('close', done)
      resolve()
    }
    const timer = setTimeout(done, POLL_MS)
    response.once('close', done)
  })
}
