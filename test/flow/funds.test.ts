import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  allMessages,
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

/** A clinic with so much money, ten patients at IDR 356.65 each, and nobody to ask for approval. */
async function clinicWith(amount: string) {
  const firm = await openKlinikSehat(stack)
  if (amount !== '0') await topUp(firm, amount, 'transfer-1')
  expectStatus(await firm.ratna.ask('PUT', '/v1/approval-policy', {}), 200)
  const list_id = await makeList(stack, firm, patients(10))
  const sender_id = await makeSender(firm, { delivered: 1, lifetime_seconds: 3 })
  return { firm, parts: { list_id, sender_id, template_id: await makeTemplate(firm.budi) } }
}

async function submitted(firm: Firm, id: string) {
  return submit(firm.budi, id, (await quote(firm.budi, id)).id)
}

describe('a wallet that does not suffice', () => {
  it('refuses with what is there, what is needed and what is missing, and reserves nothing', async () => {
    const { firm, parts } = await clinicWith('3566.49')
    const id = await draft(firm.budi, parts)
    const { status, body } = await submitted(firm, id)
    expect(status).toBe(402)
    expect(body).toMatchObject({
      code: 'insufficient_funds',
      available: { amount: '3566.49', currency: 'IDR' },
      required: { amount: '3566.50', currency: 'IDR' },
      shortfall: { amount: '0.01', currency: 'IDR' },
    })
    expect(await walletOf(firm)).toEqual({ available: '3566.49', held: '0.00', spent: '0.00' })
    expect((await firm.joko.get(`/v1/campaigns/${id}`)).body).toMatchObject({
      state: 'quoted',
      counts: { total: 0 },
    })
    await topUp(firm, '0.01', 'transfer-2')
    expectStatus(await submitted(firm, id), 201)
    expect((await walletOf(firm)).available).toBe('0.00')
    await follow(stack, firm.joko, id)
    expect(await booksOf(firm)).toEqual([])
  })

  it('is waited for where the campaign says so, and sent once the money is there', async () => {
    const { firm, parts } = await clinicWith('0')
    const id = await draft(firm.budi, parts, { insufficient_funds: 'wait' })
    expect(expectStatus(await submitted(firm, id), 201).state).toBe('waiting_for_funds')
    expect((await walletOf(firm)).held).toBe('0.00')
    await topUp(firm, '5000.00', 'transfer-1')
    const { events } = await follow(stack, firm.joko, id)
    expect(events.at(-1)).toMatchObject({ state: 'settled', money: { captured: { amount: '3566.50' } } })
    expect(await booksOf(firm)).toEqual([])
  })

  it('pays for as many as it can where the campaign says so', async () => {
    const { firm, parts } = await clinicWith('1000.00')
    const id = await draft(firm.budi, parts, { insufficient_funds: 'partial' })
    const body = expectStatus(await submitted(firm, id), 201)
    expect(body).toMatchObject({ counts: { total: 2 }, money: { held: { amount: '713.30' } } })
    await follow(stack, firm.joko, id)
    expect(await walletOf(firm)).toEqual({ available: '286.70', held: '0.00', spent: '713.30' })
    expect(await booksOf(firm)).toEqual([])
  })

  it('is never promised twice, however many submissions come at once', async () => {
    const { firm, parts } = await clinicWith('8000.00')
    const ids = await Promise.all([1, 2, 3, 4, 5].map(() => draft(firm.budi, parts)))
    const quotes = await Promise.all(ids.map((id) => quote(firm.budi, id)))
    const answers = await Promise.all(ids.map((id, n) => submit(firm.budi, id, quotes[n].id)))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 402, 402, 402])
    expect(await walletOf(firm)).toMatchObject({ available: '867.00' })
    const taken = ids.filter((_, n) => answers[n]!.status === 201)
    for (const id of taken) expect((await follow(stack, firm.joko, id)).events.at(-1).state).toBe('settled')
    expect(await walletOf(firm)).toEqual({ available: '867.00', held: '0.00', spent: '7133.00' })
    expect(await booksOf(firm)).toEqual([])
  })
})

describe('a quote', () => {
  it('is void once the list has changed, and nothing is reserved', async () => {
    const { firm, parts } = await clinicWith('100000.00')
    const id = await draft(firm.budi, parts)
    const { id: quoteId } = await quote(firm.budi, id)
    await stack.house.asSystem('test', firm.workspaceId, async ({ sql }) => {
      await sql`UPDATE contacts SET variables = variables || '{"amount":"9"}' WHERE phone = '+6281200000004'`
    })
    const { status, body } = await submit(firm.budi, id, quoteId)
    expect([status, body.code]).toEqual([409, 'quote_changed'])
    expect((await walletOf(firm)).held).toBe('0.00')
    expectStatus(await submitted(firm, id), 201)
  })

  it('is void once the campaign was edited', async () => {
    const { firm, parts } = await clinicWith('100000.00')
    const id = await draft(firm.budi, parts)
    const { id: quoteId } = await quote(firm.budi, id)
    const edited = await firm.budi.ask('PATCH', `/v1/campaigns/${id}`, { name: 'Other words' })
    expect(expectStatus(edited, 200)).toMatchObject({ state: 'draft', name: 'Other words', quote_id: null })
    expect((await submit(firm.budi, id, quoteId)).body.code).toBe('wrong_state')
    await quote(firm.budi, id)
    expect((await submit(firm.budi, id, quoteId)).body.code).toBe('quote_not_current')
  })
})

describe('a campaign of nobody', () => {
  it('can be quoted and not submitted', async () => {
    const { firm, parts } = await clinicWith('100000.00')
    const list_id = await makeList(stack, firm, [{ phone: '+6281299999999' }])
    const id = await draft(firm.budi, { ...parts, list_id })
    expect(await quote(firm.budi, id)).toMatchObject({ recipients: 0, total: { amount: '0.00' }, lines: [] })
    expect((await submitted(firm, id)).body.code).toBe('no_recipients')
  })
})

describe('messages of one campaign', () => {
  it('are paged in order without a gap', async () => {
    const { firm, parts } = await clinicWith('100000.00')
    const list_id = await makeList(stack, firm, patients(250, 100))
    const { id } = await launch(firm.budi, { ...parts, list_id })
    await follow(stack, firm.joko, id)
    const messages = await allMessages(firm.joko, id)
    expect(new Set(messages.map(({ phone }) => phone)).size).toBe(250)
  })
})
