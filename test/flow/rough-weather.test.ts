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
import { type Firm, openKlinikSehat } from '../support/cast.ts'
import { makeList, patients } from '../support/contacts.ts'
import { follow } from '../support/follow.ts'
import { type Stack, startStack } from '../support/stack.ts'

const PRICE_MINOR = 3_566_500n

let stack: Stack
beforeAll(async () => {
  stack = await startStack({ LOG_LEVEL: 'error' })
})
afterAll(() => stack?.stop())

async function sendTo(count: number, config: object) {
  const firm = await openKlinikSehat(stack)
  await topUp(firm, '1000000.00', 'transfer-1')
  const list_id = await makeList(stack, firm, patients(count))
  const sender_id = await makeSender(firm, { seed: 3, lifetime_seconds: 4, ...config })
  const { id } = await launch(firm.budi, { list_id, sender_id, template_id: await makeTemplate(firm.budi) })
  return { firm, id, sender_id }
}

/** Whatever the weather: charged is what the stand-in says was delivered, nothing went twice, the books balance. */
async function agree({ firm, id, sender_id }: Awaited<ReturnType<typeof sendTo>>) {
  const witness = await witnessOf(stack, sender_id)
  expect(witness).toMatchObject({ accepted_twice: 0, recipients_twice: 0 })
  const { counts, money } = (await firm.joko.get(`/v1/campaigns/${id}`)).body
  expect(counts.delivered + counts.read).toBe(witness.delivered)
  const charged = minor(money.captured) + minor(money.late_captured)
  expect(charged).toBe(BigInt(witness.delivered) * PRICE_MINOR)
  expect(minor({ amount: (await walletOf(firm)).spent })).toBe(charged)
  const messages = await allMessages(firm.joko, id)
  expect(messages.reduce((sum, message) => sum + minor(message.charged), 0n)).toBe(charged)
  expect(await booksOf(firm)).toEqual([])
  return { witness, counts, money }
}

describe('a platform that answers badly', () => {
  it('is asked again where nothing was accepted, and never where it may have been', async () => {
    const sent = await sendTo(300, {
      rate_limited: 0.1,
      server_error: 0.05,
      reset_after_accept: 0.1,
      garbage: 0.1,
      rejected: 0.1,
      delivered: 0.8,
      duplicated: 0.3,
      shuffled: 0.3,
    })
    const { events } = await follow(stack, sent.firm.joko, sent.id)
    expect(events.at(-1).state).toBe('settled')
    const { counts, money } = await agree(sent)
    expect(counts.total).toBe(300)
    expect(counts.queued + counts.sending + counts.sent).toBe(0)
    expect(counts.failed).toBeGreaterThan(0)
    expect(minor(money.held)).toBe(minor(money.captured) + minor(money.released))
  })

  it('is not asked twice when it never answers, or with an error of its own', async () => {
    const sent = await sendTo(60, { timeout_after_accept: 0.2, server_error: 0.2, delivered: 0.5 })
    const { events } = await follow(stack, sent.firm.joko, sent.id, undefined, 90_000)
    expect(events.at(-1).state).toBe('settled')
    const { counts, witness } = await agree(sent)
    expect(witness.refused.server_error).toBeGreaterThan(0)
    expect(counts.uncertain).toBe(witness.refused.server_error)
    const uncertain = await allMessages(sent.firm.joko, sent.id, '&state=uncertain')
    for (const message of uncertain) {
      expect(message).toMatchObject({ attempts: 1, charged: { amount: '0.00' } })
      expect(message.explanation).toContain('not known')
    }
  }, 120_000)
})

describe('a platform that is away', () => {
  it('is left alone after some calls, and takes the rest of the campaign when it is back', async () => {
    const sent = await sendTo(150, { server_error: 1, messages_per_second: 20 })
    const { joko, ratna } = sent.firm
    const countsNow = async () => (await joko.get(`/v1/campaigns/${sent.id}`)).body.counts
    await until(async () => (await countsNow()).uncertain >= 20)
    await until(async () => (await joko.get(`/v1/campaigns/${sent.id}`)).body.waiting !== null)
    expect((await joko.get(`/v1/campaigns/${sent.id}`)).body.waiting).toMatchObject({
      for: 'provider_away',
      detail: expect.stringMatching(/^The provider gives no clear answer, so sending rests\./),
    })
    expectStatus(
      await ratna.ask('PATCH', `/v1/senders/${sent.sender_id}`, { config: { server_error: 0 } }),
      200,
    )
    const { events } = await follow(stack, joko, sent.id, undefined, 90_000)
    expect(events.at(-1)).toMatchObject({ state: 'settled', waiting: null })
    const { counts } = await agree(sent)
    expect(counts.total).toBe(150)
    // Twenty, those that were under way, and the tries: without a rest it would be all of them.
    expect(counts.uncertain).toBeLessThan(50)
    expect(counts.delivered + counts.read + counts.uncertain).toBe(150)
  }, 120_000)
})

describe('receipts that come after the settlement', () => {
  it('are charged late, from the wallet, and shown as such', async () => {
    const sent = await sendTo(40, { delivered: 1, late: 0.5, late_ms: 9_000, lifetime_seconds: 2 })
    const settled = (await follow(stack, sent.firm.joko, sent.id)).events.at(-1)
    expect(settled.state).toBe('settled')
    expect(settled.counts.expired).toBeGreaterThan(0)
    await quiet(sent.sender_id)
    await until(async () => {
      const { counts } = (await sent.firm.joko.get(`/v1/campaigns/${sent.id}`)).body
      return counts.delivered + counts.read === 40
    })
    const { money } = await agree(sent)
    expect(minor(money.late_captured)).toBeGreaterThan(0n)
    expect(minor(money.held)).toBe(minor(money.captured) + minor(money.released))
    const messages = await allMessages(sent.firm.joko, sent.id)
    expect(messages.some(({ explanation }) => explanation.includes('charged late'))).toBe(true)
  })
})

describe('a delivery that nobody can pay for any more', () => {
  it('is owed, in full and in sight', async () => {
    const firm = await openKlinikSehat(stack)
    expectStatus(await firm.ratna.ask('PUT', '/v1/approval-policy', {}), 200)
    await topUp(firm, '7133.00', 'transfer-1')
    const list_id = await makeList(stack, firm, patients(20))
    const template_id = await makeTemplate(firm.budi)
    const slow = await makeSender(firm, { delivered: 1, late: 1, late_ms: 9_000, lifetime_seconds: 2 })
    const quick = await makeSender(firm, { delivered: 1, lifetime_seconds: 2 })
    const first = await launch(firm.budi, { list_id, sender_id: slow, template_id })
    expect((await follow(stack, firm.joko, first.id)).events.at(-1)).toMatchObject({
      state: 'settled',
      counts: { expired: 20 },
    })
    const second = await launch(firm.budi, { list_id, sender_id: quick, template_id })
    await follow(stack, firm.joko, second.id)
    expect(await walletOf(firm)).toEqual({ available: '0.00', held: '0.00', spent: '7133.00' })

    await until(async () => (await firm.joko.get('/v1/wallet')).body.owed.amount === '7133.00')
    expect(await walletOf(firm)).toEqual({ available: '0.00', held: '0.00', spent: '14266.00' })
    const { data } = expectStatus(await firm.joko.get(`/v1/wallet/transfers?campaign_id=${first.id}`), 200)
    expect(data[0]).toMatchObject({ kind: 'late_capture', from: 'receivable', to: 'spent' })
    expect(await booksOf(firm)).toEqual([])
    await isPaidByTheNextTopUp(firm)
  })
})

async function isPaidByTheNextTopUp(firm: Firm): Promise<void> {
  const payment = { amount: { amount: '10000.00', currency: 'IDR' }, reference: 'transfer-2' }
  const paid = expectStatus(await firm.ratna.post('/v1/wallet/top-ups', payment), 201)
  expect(paid).toMatchObject({ amount: { amount: '10000.00' }, repaid: { amount: '7133.00' } })
  const { body } = await firm.joko.get('/v1/wallet')
  expect(body).toMatchObject({ available: { amount: '2867.00' }, owed: { amount: '0.00' } })
  const { data } = expectStatus(await firm.joko.get('/v1/wallet/transfers?limit=2'), 200)
  expect(data).toContainEqual(
    expect.objectContaining({
      kind: 'repay',
      from: 'wallet',
      to: 'receivable',
      amount: { amount: '7133.00', currency: 'IDR' },
      reference: 'transfer-2',
    }),
  )
  expect(expectStatus(await firm.ratna.post('/v1/wallet/top-ups', payment), 201)).toEqual(paid)
  expect(await booksOf(firm)).toEqual([])
}

async function quiet(senderId: string): Promise<void> {
  await until(async () => {
    const { pending_receipts } = (await witnessOf(stack, senderId)) as unknown as { pending_receipts: number }
    return pending_receipts === 0
  })
}

async function until(holds: () => Promise<boolean>, timeoutMs = 25_000): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs
  while (!(await holds())) {
    if (performance.now() > deadlineMs) throw new Error('it did not come about')
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}
