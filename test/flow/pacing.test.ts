import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  booksOf,
  expectStatus,
  launch,
  makeSender,
  makeTemplate,
  topUp,
  witnessOf,
} from '../support/campaign.ts'
import { type Firm, openKlinikSehat } from '../support/cast.ts'
import { makeList, patients } from '../support/contacts.ts'
import { follow } from '../support/follow.ts'
import { type Stack, startStack } from '../support/stack.ts'

let stack: Stack
beforeAll(async () => {
  stack = await startStack()
})
afterAll(() => stack?.stop())

/** A campaign whose template the platform holds back, or pauses, as it takes each message. */
async function launched(config: object) {
  const firm: Firm = await openKlinikSehat(stack)
  await topUp(firm, '100000', 'transfer-1')
  expectStatus(await firm.ratna.ask('PUT', '/v1/approval-policy', {}), 200)
  const senderId = await makeSender(firm, { delivered: 1, lifetime_seconds: 5, ...config })
  const { id } = await launch(firm.budi, {
    sender_id: senderId,
    template_id: await makeTemplate(firm.budi),
    list_id: await makeList(stack, firm, patients(12)),
  })
  return { firm, id, senderId }
}

const SETTLED = { state: 'settled', money: { captured: { amount: '4279.80' } } }

describe('a template whose readers the platform watches first', () => {
  it('is the normal case: what is held is no failure, and is charged when it is delivered', async () => {
    const { firm, id, senderId } = await launched({ message_status: 'held_for_quality_assessment' })
    const { events } = await follow(stack, firm.joko, id)
    expect(events.some(({ state }) => state === 'paused')).toBe(false)
    expect(events.at(-1)).toMatchObject(SETTLED)
    expect(await witnessOf(stack, senderId)).toMatchObject({
      accepted: 12,
      distinct: 12,
      recipients_twice: 0,
    })
    expect(await booksOf(firm)).toEqual([])
  })

  it('that is paused stops the rest, says why, and goes on without sending anything twice', async () => {
    const { firm, id, senderId } = await launched({ message_status: 'paused', messages_per_second: 4 })
    await follow(stack, firm.joko, id, ({ state }) => state === 'paused')
    const paused = expectStatus(await firm.joko.get(`/v1/campaigns/${id}`), 200)
    expect(paused).toMatchObject({ state: 'paused', reason: expect.stringContaining('paused this template') })
    expect(paused.counts.queued).toBeGreaterThan(0)
    const config = { message_status: 'accepted' }
    expectStatus(await firm.ratna.ask('PATCH', `/v1/senders/${senderId}`, { config }), 200)
    // A call that was under way while it was resumed may still be answered by the old word, and pause it once more.
    let last: { state: string } = paused
    for (let resumes = 0; last.state === 'paused' && resumes < 3; resumes++) {
      expectStatus(await firm.budi.ask('DELETE', `/v1/campaigns/${id}/pause`), 200)
      last = (await follow(stack, firm.joko, id, ({ state }) => state === 'paused')).events.at(-1)
    }
    expect(last).toMatchObject(SETTLED)
    expect(await witnessOf(stack, senderId)).toMatchObject({
      accepted: 12,
      distinct: 12,
      recipients_twice: 0,
    })
    expect(await booksOf(firm)).toEqual([])
  })
})
