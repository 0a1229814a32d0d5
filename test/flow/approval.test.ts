import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  booksOf,
  draft,
  expectStatus,
  launch,
  makeSender,
  makeTemplate,
  quote,
  submit,
  topUp,
  walletOf,
  witnessOf,
} from '../support/campaign.ts'
import { openKlinikSehat, type Person } from '../support/cast.ts'
import { makeList, patients } from '../support/contacts.ts'
import { follow } from '../support/follow.ts'
import { type Stack, startStack } from '../support/stack.ts'

let stack: Stack
beforeAll(async () => {
  stack = await startStack()
})
afterAll(() => stack?.stop())

/** Ten reminders cost IDR 3,566.50, more than half of the IDR 7,000 that are there. */
async function clinic() {
  const firm = await openKlinikSehat(stack)
  await topUp(firm, '7000.00', 'transfer-1')
  const list_id = await makeList(stack, firm, patients(10))
  const sender_id = await makeSender(firm, { delivered: 1, lifetime_seconds: 3 })
  return { firm, parts: { list_id, sender_id, template_id: await makeTemplate(firm.budi) } }
}

const decide = (person: Person, id: string, decision: string, reason?: string) =>
  person.post(`/v1/campaigns/${id}/approval`, { decision, ...(reason && { reason }) })

describe('a campaign for more than half of the money', () => {
  it('waits with its money reserved until somebody else approves it', async () => {
    const { firm, parts } = await clinic()
    const { id, submitted } = await launch(firm.budi, parts)
    expect(submitted.state).toBe('pending_approval')
    expect(await walletOf(firm)).toEqual({ available: '3433.50', held: '3566.50', spent: '0.00' })
    expect((await decide(firm.budi, id, 'approve')).body.code).toBe('forbidden')
    expect((await decide(firm.joko, id, 'approve')).body.code).toBe('forbidden')
    expect(await witnessOf(stack, parts.sender_id)).toMatchObject({ accepted: 0 })

    const approved = expectStatus(await decide(firm.sari, id, 'approve'), 200)
    expect(['scheduled', 'sending']).toContain(approved.state)
    const { events } = await follow(stack, firm.joko, id)
    expect(events.at(-1)).toMatchObject({ state: 'settled', counts: { total: 10 } })
    expect((await decide(firm.sari, id, 'approve')).body).toMatchObject({
      code: 'wrong_state',
      state: 'settled',
    })
    expect(await booksOf(firm)).toEqual([])
  })

  it('is not approved by its maker, whatever the role', async () => {
    const { firm, parts } = await clinic()
    const { id } = await launch(firm.ratna, parts)
    const { status, body } = await decide(firm.ratna, id, 'approve')
    expect([status, body.code]).toEqual([403, 'self_approval'])
    expectStatus(await decide(firm.dewi, id, 'approve'), 200)
    expect((await follow(stack, firm.joko, id)).events.at(-1).state).toBe('settled')
  })

  it('is not approved by whoever edited or submitted it either', async () => {
    const { firm, parts } = await clinic()
    const id = await draft(firm.budi, parts)
    expectStatus(await firm.dewi.ask('PATCH', `/v1/campaigns/${id}`, { name: 'Better words' }), 200)
    expectStatus(await submit(firm.ratna, id, (await quote(firm.budi, id)).id), 201)
    expect((await decide(firm.dewi, id, 'approve')).body.code).toBe('self_approval')
    expect((await decide(firm.ratna, id, 'approve')).body.code).toBe('self_approval')
    expect((await decide(firm.ratna, id, 'reject')).body.code).toBe('self_approval')
    expectStatus(await decide(firm.sari, id, 'approve'), 200)
  })

  it('gives all of its money back when it is rejected, and is never sent', async () => {
    const { firm, parts } = await clinic()
    const { id } = await launch(firm.budi, parts)
    const rejected = expectStatus(await decide(firm.sari, id, 'reject', 'wrong list'), 200)
    expect(rejected).toMatchObject({ state: 'rejected', counts: { cancelled: 10 }, reason: 'wrong list' })
    expect(await walletOf(firm)).toEqual({ available: '7000.00', held: '0.00', spent: '0.00' })
    expect((await decide(firm.sari, id, 'approve')).body.code).toBe('wrong_state')
    expect(await witnessOf(stack, parts.sender_id)).toMatchObject({ accepted: 0 })
    expect(await booksOf(firm)).toEqual([])
  })

  it('is decided once, however many decide at once', async () => {
    const { firm, parts } = await clinic()
    const { id } = await launch(firm.budi, parts)
    const answers = await Promise.all([
      decide(firm.sari, id, 'approve'),
      decide(firm.dewi, id, 'reject'),
      decide(firm.ratna, id, 'approve'),
    ])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409])
    const { events } = await follow(stack, firm.joko, id)
    expect(['settled', 'rejected']).toContain(events.at(-1).state)
    expect(await booksOf(firm)).toEqual([])
  })
})

describe('the policy', () => {
  it('asks above half of what is available, until it says otherwise', async () => {
    const { firm, parts } = await clinic()
    expect(expectStatus(await firm.joko.get('/v1/approval-policy'), 200)).toMatchObject({
      max_share_of_available: 0.5,
      max_amount: null,
      max_recipients: null,
    })
    expect((await firm.budi.ask('PUT', '/v1/approval-policy', {})).status).toBe(403)
    const policy = { max_amount: { amount: '3566.50', currency: 'IDR' }, max_recipients: 10 }
    expectStatus(await firm.dewi.ask('PUT', '/v1/approval-policy', policy), 200)
    expect((await launch(firm.budi, parts)).submitted.state).toBe('scheduled')
    expectStatus(await firm.dewi.ask('PUT', '/v1/approval-policy', { max_recipients: 9 }), 200)
    expect((await launch(firm.budi, parts, { insufficient_funds: 'partial' })).submitted).toMatchObject({
      state: 'scheduled',
      counts: { total: 9 },
    })
  })
})
