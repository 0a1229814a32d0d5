import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  allMessages,
  booksOf,
  launch,
  makeSender,
  makeTemplate,
  REMINDER,
  topUp,
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

/** Sends to thirty people through the stand-in, which prices its receipts as it is told. */
async function sent(config: object, category = 'utility') {
  const firm = await openKlinikSehat(stack)
  await topUp(firm, '100000', 'transfer-1')
  const parts = {
    list_id: await makeList(stack, firm, patients(30)),
    sender_id: await makeSender(firm, { delivered: 1, lifetime_seconds: 3, ...config }),
    template_id: await makeTemplate(firm.budi, { ...REMINDER, category }),
  }
  await firm.ratna.ask('PUT', '/v1/approval-policy', {})
  const { id } = await launch(firm.budi, parts)
  const { events } = await follow(stack, firm.joko, id)
  expect(events.at(-1)).toMatchObject({ state: 'settled' })
  return { firm, id, money: events.at(-1).money }
}

const compared = async ({ joko }: Firm, id: string) =>
  (await joko.get(`/v1/campaigns/${id}/price-comparison`)).body
const differing = async ({ joko }: Firm, id: string, query = '') =>
  (await joko.get(`/v1/campaigns/${id}/price-differences${query}`)).body

describe('what the platform says of the price', () => {
  it('agrees with the charge as a rule, whatever the template’s category', async () => {
    const { firm, id } = await sent({}, 'marketing')
    expect(await compared(firm, id)).toMatchObject({ charged: 30, silent: 0, agreed: 30, differing: 0 })
    expect(await differing(firm, id)).toEqual({ data: [], next_cursor: null })
  })

  it('decides where it was free, and is listed message by message where its category is another', async () => {
    const { firm, id, money } = await sent({ free: 0.4, priced_as: 'marketing', seed: 5 })
    const messages = await allMessages(firm.joko, id)
    const free = messages.filter(({ charged }) => charged.amount === '0.00').length
    expect(free).toBeGreaterThan(0)
    expect(free).toBeLessThan(30)
    expect(money.captured.amount).toBe((((30 - free) * 35_665) / 100).toFixed(2))
    expect(await compared(firm, id)).toMatchObject({
      charged: 30,
      differing: 30,
      differences: { charged_but_free: 0, free_but_billed: 0, other_category: 30, other_model: 0 },
    })
    const { data, next_cursor } = await differing(firm, id, '?difference=other_category&limit=20')
    expect(data).toHaveLength(20)
    const rest = await differing(firm, id, `?difference=other_category&limit=20&cursor=${next_cursor}`)
    expect(rest.data).toHaveLength(10)
    const told = [...data, ...rest.data].map(({ platform }) => platform.type)
    expect(told.filter((type) => type === 'free_entry_point')).toHaveLength(free)
    expect(await booksOf(firm)).toEqual([])
  })
})
