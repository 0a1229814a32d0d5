import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { unwrap } from '../../src/platform/result.ts'
import { publishRates } from '../../src/pricing/index.ts'
import {
  allMessages,
  booksOf,
  draft,
  launch,
  makeSender,
  makeTemplate,
  quote,
  REMINDER,
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

/** A card of the clinic's own that charges by conversation. */
const CARD = [
  'model,currency,market,category,effective_from,price_per_unit',
  'conversation_24h,IDR,Indonesia,utility,2026-01-01,300',
  'conversation_24h,IDR,Indonesia,marketing,2026-01-01,600.5',
].join('\n')

async function clinic(card: string) {
  const firm = await openKlinikSehat(stack)
  await topUp(firm, '100000.00', 'transfer-1')
  await publish(firm, card)
  const list_id = await makeList(stack, firm, patients(10))
  const sender_id = await makeSender(firm, { delivered: 1, lifetime_seconds: 3 })
  return { firm, parts: { list_id, sender_id } }
}

async function publish({ workspaceId }: Firm, table: string): Promise<void> {
  await stack.house.asSystem('test', workspaceId, async (scope) => {
    unwrap(await publishRates(scope, { table, fileName: 'card.csv' }))
  })
}

describe('where a conversation is charged and not a message', () => {
  it('a second message of the category within a day is free, one of another category is not', async () => {
    const { firm, parts } = await clinic(CARD)
    const utility = await makeTemplate(firm.budi)
    const marketing = await makeTemplate(firm.budi, { ...REMINDER, name: 'Offer', category: 'marketing' })

    const first = await launch(firm.budi, { ...parts, template_id: utility })
    expect(first.quote).toMatchObject({
      model: 'conversation_24h',
      total: { amount: '3000.00' },
      minimum: { amount: '3000.00' },
    })
    const end = (await follow(stack, firm.joko, first.id)).events.at(-1)
    expect(end).toMatchObject({ state: 'settled', money: { captured: { amount: '3000.00' } } })

    const again = await launch(firm.budi, { ...parts, template_id: utility })
    expect(again.quote).toMatchObject({ total: { amount: '3000.00' }, minimum: { amount: '0.00' } })
    const free = (await follow(stack, firm.joko, again.id)).events.at(-1)
    expect(free.money).toMatchObject({ captured: { amount: '0.00' }, released: { amount: '3000.00' } })
    for (const message of await allMessages(firm.joko, again.id)) {
      expect(message.charged.amount).toBe('0.00')
      expect(message.explanation).toContain('24-hour window')
    }

    const other = await launch(firm.budi, { ...parts, template_id: marketing })
    expect(other.quote).toMatchObject({ total: { amount: '6005.00' }, minimum: { amount: '6005.00' } })
    await follow(stack, firm.joko, other.id)
    expect(await walletOf(firm)).toEqual({ available: '90995.00', held: '0.00', spent: '9005.00' })
    expect(await booksOf(firm)).toEqual([])
  })

  it('two campaigns that reach a person at the same moment open one conversation', async () => {
    const { firm, parts } = await clinic(CARD)
    const template_id = await makeTemplate(firm.budi)
    const both = await Promise.all([1, 2].map(() => launch(firm.budi, { ...parts, template_id })))
    for (const { id } of both)
      expect((await follow(stack, firm.joko, id)).events.at(-1).state).toBe('settled')
    expect(await walletOf(firm)).toEqual({ available: '97000.00', held: '0.00', spent: '3000.00' })
    expect(await booksOf(firm)).toEqual([])
  })
})

describe('prices that change', () => {
  it('after the quote make it void, and nothing is reserved', async () => {
    const { firm, parts } = await clinic(CARD)
    const id = await draft(firm.budi, { ...parts, template_id: await makeTemplate(firm.budi) })
    const { id: quoteId } = await quote(firm.budi, id)
    await publish(firm, CARD.replace(',300', ',301'))
    expect((await submit(firm.budi, id, quoteId)).body.code).toBe('quote_changed')
    expect((await walletOf(firm)).held).toBe('0.00')
    expect((await quote(firm.budi, id)).total.amount).toBe('3010.00')
  })

  it('after the submission do not: a price is frozen with what was approved', async () => {
    const { firm, parts } = await clinic(CARD.replaceAll('conversation_24h', 'per_message'))
    const template_id = await makeTemplate(firm.budi)
    const at = new Date(Date.now() + 7 * 3600_000 + 6_000).toISOString().slice(0, 19)
    const { id } = await launch(
      firm.budi,
      { ...parts, template_id },
      { schedule: { at, time_zone: 'Asia/Jakarta' } },
    )
    await publish(firm, CARD.replaceAll('conversation_24h', 'per_message').replace(',300', ',900'))
    const end = (await follow(stack, firm.joko, id)).events.at(-1)
    expect(end.money.captured.amount).toBe('3000.00')
    expect(await booksOf(firm)).toEqual([])
  })
})
