import { afterAll, beforeAll, expect, it } from 'vitest'
import type { House } from '../../src/house.ts'
import { openLog } from '../../src/platform/log.ts'
import type { JsonObject } from '../../src/platform/queue.ts'
import { openSecretBox } from '../../src/platform/secrets.ts'
import { NO_TRACE } from '../../src/platform/trace.ts'
import { foldSender } from '../../workers/fold.ts'
import { type Clinic, makeSender, openClinic } from '../campaigns/clinic.ts'
import { post } from '../campaigns/post.ts'

let clinic: Clinic
beforeAll(async () => {
  clinic = await openClinic()
}, 60_000)
afterAll(() => clinic?.close())

/** Far more rounds than a turn has. */
const FLOOD = 200

type Nudged = { queue: string; name: string; data: JsonObject; dedupeId: string | undefined }

/** As much of the house as folding needs; whenever something has been folded, the provider has posted again. */
function flooded(senderId: string): { house: House; nudged: Nudged[]; rounds(): number } {
  const nudged: Nudged[] = []
  let rounds = 0
  const house = {
    database: clinic.database,
    secrets: openSecretBox('a key that only tests have, of no value to anyone'),
    log: openLog('silent'),
    trace: NO_TRACE,
    queues: {
      add: async (queue: string, name: string, data: JsonObject, options?: { dedupeId?: string }) =>
        void nudged.push({ queue, name, data, dedupeId: options?.dedupeId }),
    },
    asSystem: async (_part: string, _workspaceId: string, work: Parameters<typeof clinic.within>[0]) => {
      const answer = await clinic.within(work)
      if (++rounds < FLOOD) await post(clinic, senderId, [{ of: 'dc.1.1', status: 'sent' }])
      return answer
    },
  }
  return { house: house as unknown as House, nudged, rounds: () => rounds }
}

it('a sender whose provider never stops posting gives others their turn, and stands in the queue again', async () => {
  const senderId = await makeSender(clinic)
  await post(clinic, senderId, [{ of: 'dc.1.1', status: 'sent' }])
  const { house, nudged, rounds } = flooded(senderId)
  const signal = new AbortController().signal
  await foldSender(house)({ name: 'fold', data: { senderId }, signal })
  expect(rounds()).toBeGreaterThan(1)
  expect(rounds()).toBeLessThan(FLOOD)
  expect(nudged).toContainEqual({
    queue: 'receipts',
    name: 'fold',
    data: { senderId, again: true },
    dedupeId: `fold-${senderId}`,
  })
}, 60_000)

it('one whose provider has nothing more to say does not', async () => {
  const senderId = await makeSender(clinic)
  await post(clinic, senderId, [{ of: 'dc.1.1', status: 'sent' }])
  const { house, nudged } = flooded(senderId)
  const quiet = {
    ...house,
    asSystem: (_part: string, _id: string, work: Parameters<typeof clinic.within>[0]) => clinic.within(work),
  } as House
  await foldSender(quiet)({ name: 'fold', data: { senderId }, signal: new AbortController().signal })
  expect(nudged).toEqual([])
})
