import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { unwrap } from '../../src/platform/result.ts'
import { publishCommonRates } from '../../src/pricing/index.ts'
import {
  allMessages,
  booksOf,
  draft,
  expectStatus,
  makeSender,
  makeTemplate,
  minor,
  quote,
  submit,
  topUp,
  walletOf,
} from '../support/campaign.ts'
import { type Firm, openKlinikSehat } from '../support/cast.ts'
import { makeList, patients } from '../support/contacts.ts'
import { follow } from '../support/follow.ts'
import { asOwnerOf, type Stack, startStack } from '../support/stack.ts'

let stack: Stack
beforeAll(async () => {
  stack = await startStack()
  const table =
    'model,currency,market,category,effective_from,price_per_unit,charge_on\n' +
    'per_segment,IDR,Indonesia,utility,2026-01-01,100.00,accepted'
  unwrap(await asOwnerOf(stack, ({ sql }) => publishCommonRates(sql, { table, fileName: 'sms.csv' })))
})
afterAll(() => stack?.stop())

/** WhatsApp reaches nobody of this list, or not some of them; a text does. */
async function clinic(config: object, count: number, sms: object = {}) {
  const firm: Firm = await openKlinikSehat(stack)
  await topUp(firm, '100000', 'transfer-1')
  expectStatus(await firm.ratna.ask('PUT', '/v1/approval-policy', {}), 200)
  const text = { provider: 'simulator_sms', name: 'Text desk', config: { lifetime_seconds: 3, ...sms } }
  const template = {
    name: 'By SMS',
    language: 'en',
    category: 'utility',
    channel: 'sms',
    body: 'Hi {{name}}, pay.',
  }
  return {
    firm,
    parts: {
      list_id: await makeList(stack, firm, patients(count)),
      sender_id: await makeSender(firm, { lifetime_seconds: 3, ...config }),
      template_id: await makeTemplate(firm.budi),
    },
    fallback: {
      sender_id: expectStatus(await firm.ratna.post('/v1/senders', text), 201).id as string,
      template_id: expectStatus(await firm.budi.post('/v1/templates', template), 201).id as string,
    },
  }
}

const idr = (amount: string) => ({ amount, currency: 'IDR' })
const get = async (firm: Firm, id: string) => expectStatus(await firm.joko.get(`/v1/campaigns/${id}`), 200)

async function untilSettled(firm: Firm, id: string) {
  await follow(stack, firm.joko, id)
  for (let tries = 0; tries < 200; tries++) {
    const campaign = await get(firm, id)
    if (campaign.fallback.state === 'settled') return campaign
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('the fall-over does not settle')
}

describe('a campaign that falls over to SMS', () => {
  it('sends one text to each whom WhatsApp could not reach, priced and held on its own', async () => {
    const { firm, parts, fallback } = await clinic({ failed: 0.5, failed_code: 131026, seed: 3 }, 30)
    const id = await draft(firm.budi, parts, { fallback: { ...fallback, ceiling: idr('50000.00') } })
    const quoted = await quote(firm.budi, id)
    expect(quoted.fallback).toEqual({
      total: idr('3000.00'),
      reserved: idr('3000.00'),
      recipients: 30,
      charge_on: 'accepted',
    })
    expectStatus(await submit(firm.budi, id, quoted.id), 201)
    expect(minor({ amount: (await walletOf(firm)).held }) >= 0n).toBe(true)
    const campaign = await untilSettled(firm, id)
    const failed = campaign.counts.failed
    expect(failed).toBeGreaterThan(0)
    expect(campaign.fallback).toMatchObject({ counts: { total: failed, delivered: failed } })
    expect(minor(campaign.fallback.money.captured)).toBe(BigInt(failed) * 1_000_000n)
    expect(minor(campaign.fallback.money.held)).toBe(30_000_000n)
    const messages = (await allMessages(firm.joko, id)) as unknown as {
      state: string
      explanation: string
      fallback?: { state: string; charged: { amount: string } }
    }[]
    for (const message of messages) {
      expect(message.fallback?.state).toBe(message.state === 'failed' ? 'delivered' : undefined)
      if (message.fallback)
        expect(message.explanation).toMatch(/by SMS instead: delivered, charged IDR 100.00$/)
    }
    expect((await walletOf(firm)).held).toBe('0.00')
    expect(await booksOf(firm)).toEqual([])
  })

  it('never spends more than its ceiling', async () => {
    const { firm, parts, fallback } = await clinic({ failed: 1, failed_code: 131026 }, 10)
    const id = await draft(firm.budi, parts, { fallback: { ...fallback, ceiling: idr('350.00') } })
    const quoted = await quote(firm.budi, id)
    expect(quoted.fallback).toMatchObject({ total: idr('1000.00'), reserved: idr('350.00') })
    expectStatus(await submit(firm.budi, id, quoted.id), 201)
    const campaign = await untilSettled(firm, id)
    expect(campaign.counts.failed).toBe(10)
    expect(campaign.fallback).toMatchObject({
      counts: { total: 3, delivered: 3 },
      money: { held: idr('350.00'), captured: idr('300.00'), released: idr('50.00') },
    })
    expect(await booksOf(firm)).toEqual([])
  })

  it.each([130472, 131049, 131050])('does not go round a refusal: code %i', async (code) => {
    const { firm, parts, fallback } = await clinic({ failed: 1, failed_code: code }, 3)
    const id = await draft(firm.budi, parts, { fallback: { ...fallback, ceiling: idr('500.00') } })
    expectStatus(await submit(firm.budi, id, (await quote(firm.budi, id)).id), 201)
    const campaign = await untilSettled(firm, id)
    expect(campaign).toMatchObject({ counts: { failed: 3 }, fallback: { counts: { total: 0 } } })
    expect((await walletOf(firm)).available).toBe('100000.00')
    expect(await booksOf(firm)).toEqual([])
  })

  it('is refused at once where WhatsApp says so in its answer, and falls over too', async () => {
    const { firm, parts, fallback } = await clinic({ rejected: 1, rejected_code: 131026 }, 4)
    const id = await draft(firm.budi, parts, { fallback: { ...fallback, ceiling: idr('500.00') } })
    expectStatus(await submit(firm.budi, id, (await quote(firm.budi, id)).id), 201)
    expect(await untilSettled(firm, id)).toMatchObject({
      counts: { failed: 4 },
      fallback: { counts: { delivered: 4 } },
    })
    expect(await booksOf(firm)).toEqual([])
  })

  it('gives its money back with a campaign that is cancelled, and cannot be driven by itself', async () => {
    const { firm, parts, fallback } = await clinic({}, 4)
    const later = new Date(Date.now() + 5 * 86_400_000).toISOString().slice(0, 19)
    const schedule = { at: later, time_zone: 'Asia/Jakarta' }
    const id = await draft(firm.budi, parts, { schedule, fallback: { ...fallback, ceiling: idr('500.00') } })
    const quoted = await quote(firm.budi, id)
    expectStatus(await submit(firm.budi, id, quoted.id), 201)
    expect((await walletOf(firm)).held).toBe('1826.60')
    const { fallback: leg } = await get(firm, id)
    const alone = await firm.budi.post(`/v1/campaigns/${leg.campaign_id}/quote`)
    expect(alone).toMatchObject({ status: 409, body: { code: 'wrong_state' } })
    expectStatus(await firm.ratna.post(`/v1/campaigns/${id}/cancellation`, {}), 200)
    expect(await walletOf(firm)).toMatchObject({ available: '100000.00', held: '0.00' })
    expect(await get(firm, id)).toMatchObject({ state: 'cancelled', fallback: { state: 'cancelled' } })
    expect(await booksOf(firm)).toEqual([])
  })

  it('can be changed and taken away while it is a draft, and shows what is wrong with it', async () => {
    const { firm, parts, fallback } = await clinic({}, 2)
    const id = await draft(firm.budi, parts, { fallback: { ...fallback, ceiling: idr('500.00') } })
    const path = `/v1/campaigns/${id}`
    expectStatus(
      await firm.budi.ask('PATCH', path, { fallback: { ...fallback, ceiling: idr('70.00') } }),
      200,
    )
    expect((await get(firm, id)).fallback.ceiling).toEqual(idr('70.00'))
    expectStatus(await firm.budi.ask('PATCH', path, { fallback: null }), 200)
    expect((await get(firm, id)).fallback).toBeNull()
    expect((await quote(firm.budi, id)).fallback).toBeUndefined()
    expectStatus(
      await firm.budi.ask('PATCH', path, { fallback: { ...fallback, ceiling: idr('80.00') } }),
      200,
    )
    expect((await get(firm, id)).fallback.ceiling).toEqual(idr('80.00'))
    const codes = async (words: object) =>
      ((await firm.budi.ask('PATCH', path, words)).body.errors as { code: string }[]).map(({ code }) => code)
    expect(await codes({ fallback: { ...fallback, ceiling: idr('0') } })).toEqual(['too_small'])
    expect(await codes({ fallback: { ...fallback, ceiling: { amount: '1', currency: 'USD' } } })).toEqual([
      'currency_mismatch',
    ])
    expect(await codes({ fallback: { ...parts, list_id: undefined, ceiling: idr('5') } })).toEqual([
      'not_sms',
    ])
    expect(await codes({ insufficient_funds: 'partial' })).toEqual(['not_with_fallback'])
    expect((await firm.joko.get('/v1/campaigns')).body.data).toHaveLength(1)
  })
})
