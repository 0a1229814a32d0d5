import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  allMessages,
  booksOf,
  expectStatus,
  launch,
  makeSender,
  makeTemplate,
  minor,
  topUp,
  walletOf,
  witnessOf,
} from '../support/campaign.ts'
import { openKlinikSehat } from '../support/cast.ts'
import { makeList, patients } from '../support/contacts.ts'
import { follow } from '../support/follow.ts'
import { type Stack, startStack } from '../support/stack.ts'

let stack: Stack
beforeAll(async () => {
  stack = await startStack()
})
afterAll(() => stack?.stop())

/** Two hundred patients, at forty messages a second. */
async function clinic(config: object = {}) {
  const firm = await openKlinikSehat(stack)
  await topUp(firm, '1000000.00', 'transfer-1')
  const list_id = await makeList(stack, firm, patients(200))
  const sender_id = await makeSender(firm, { messages_per_second: 40, lifetime_seconds: 3, ...config })
  return { firm, parts: { list_id, sender_id, template_id: await makeTemplate(firm.budi) } }
}

const underWay = (event: { counts: { queued: number } }) => event.counts.queued < 170

describe('a pause', () => {
  it('stops what is not yet sent, keeps its money, and can be taken back', async () => {
    const { firm, parts } = await clinic()
    const { id } = await launch(firm.budi, parts)
    await follow(stack, firm.joko, id, underWay)
    const paused = expectStatus(await firm.budi.post(`/v1/campaigns/${id}/pause`, { reason: 'a typo' }), 200)
    expect(paused).toMatchObject({ state: 'paused', reason: 'a typo' })
    expectStatus(await firm.budi.post(`/v1/campaigns/${id}/pause`, {}), 200)
    const { events } = await follow(stack, firm.joko, id, ({ counts }) => counts.sending === 0)
    const still = await sentBy(parts.sender_id)
    expect(still).toBeLessThan(200)
    expect(events.at(-1).counts.queued).toBe(200 - still)
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    expect(await sentBy(parts.sender_id)).toBe(still)

    const resumed = expectStatus(await firm.budi.ask('DELETE', `/v1/campaigns/${id}/pause`), 200)
    expect(resumed).toMatchObject({ state: 'sending', reason: null })
    const end = (await follow(stack, firm.joko, id)).events.at(-1)
    expect(end).toMatchObject({ state: 'settled', counts: { queued: 0, uncertain: 0 } })
    expect(await witnessOf(stack, parts.sender_id)).toMatchObject({ accepted: 200, recipients_twice: 0 })
    expect(await booksOf(firm)).toEqual([])
  })

  it('holds back what has not begun, and waits for its time when it is taken back', async () => {
    const { firm, parts } = await clinic()
    const { id } = await launch(firm.budi, parts, tomorrow())
    expectStatus(await firm.budi.post(`/v1/campaigns/${id}/pause`), 200)
    expect(expectStatus(await firm.budi.ask('DELETE', `/v1/campaigns/${id}/pause`), 200).state).toBe(
      'scheduled',
    )
    const cancelled = expectStatus(await firm.budi.post(`/v1/campaigns/${id}/cancellation`, {}), 200)
    expect(cancelled).toMatchObject({ state: 'cancelled', counts: { cancelled: 200 } })
    expect(await walletOf(firm)).toEqual({ available: '1000000.00', held: '0.00', spent: '0.00' })
    expect((await firm.budi.post(`/v1/campaigns/${id}/pause`)).body.code).toBe('wrong_state')
    expect(await booksOf(firm)).toEqual([])
  })
})

describe('a cancellation', () => {
  it('releases what is not sent at once, and still charges what was under way', async () => {
    const { firm, parts } = await clinic()
    const { id } = await launch(firm.budi, parts)
    await follow(stack, firm.joko, id, underWay)
    const cancelled = expectStatus(await firm.budi.post(`/v1/campaigns/${id}/cancellation`, {}), 200)
    expect(cancelled.state).toBe('cancelled')
    const { events, ended } = await follow(stack, firm.joko, id)
    expect(ended).toBe(true)
    const end = events.at(-1)
    const witness = await witnessOf(stack, parts.sender_id)
    expect(witness.accepted).toBeLessThan(200)
    expect(end.counts).toMatchObject({ queued: 0, sending: 0, cancelled: 200 - witness.accepted })
    expect(minor(end.money.captured)).toBe(BigInt(witness.delivered) * 3_566_500n)
    expect(end.money.remaining.amount).toBe('0.00')
    expect((await walletOf(firm)).held).toBe('0.00')
    const [message] = await allMessages(firm.joko, id, '&state=cancelled')
    expect(message).toMatchObject({
      charged: { amount: '0.00' },
      explanation: expect.stringContaining('cancelled'),
    })
    expect(await booksOf(firm)).toEqual([])
  })
})

describe('a campaign past its time', () => {
  it('is expired where nothing of it was sent, and its money goes back', async () => {
    const { firm, parts } = await clinic()
    const send_before = new Date(Date.now() + 6_000).toISOString()
    const { id } = await launch(firm.budi, parts, { schedule: { now: true, send_before } })
    expectStatus(await firm.budi.post(`/v1/campaigns/${id}/pause`), 200)
    const { events } = await follow(stack, firm.joko, id)
    expect(['expired', 'settled']).toContain(events.at(-1).state)
    expect(events.at(-1).money.remaining.amount).toBe('0.00')
    expect(await booksOf(firm)).toEqual([])
  })

  it('sends no more, and settles what it has sent', async () => {
    const { firm, parts } = await clinic({ messages_per_second: 20 })
    const send_before = new Date(Date.now() + 8_000).toISOString()
    const { id } = await launch(firm.budi, parts, { schedule: { now: true, send_before } })
    const end = (await follow(stack, firm.joko, id)).events.at(-1)
    const witness = await witnessOf(stack, parts.sender_id)
    expect(end.state).toBe('settled')
    expect(end.counts.expired).toBe(200 - witness.accepted)
    expect(witness.accepted).toBeGreaterThan(0)
    expect(witness.accepted).toBeLessThan(200)
    expect(minor(end.money.captured)).toBe(BigInt(witness.delivered) * 3_566_500n)
    expect(await booksOf(firm)).toEqual([])
  })
})

async function sentBy(senderId: string): Promise<number> {
  return (await witnessOf(stack, senderId)).accepted
}

function tomorrow() {
  const at = new Date(Date.now() + 31 * 3600_000).toISOString().slice(0, 19)
  return { schedule: { at, time_zone: 'Asia/Jakarta' } }
}
