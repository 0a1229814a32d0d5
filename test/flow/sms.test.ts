import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { unwrap } from '../../src/platform/result.ts'
import { publishCommonRates } from '../../src/pricing/index.ts'
import type { WitnessSummary } from '../../src/simulator/index.ts'
import {
  allMessages,
  booksOf,
  draft,
  expectStatus,
  launch,
  minor,
  quote,
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
})
afterAll(() => stack?.stop())

const HEADING = 'model,currency,market,category,effective_from,price_per_unit,charge_on'

async function publish(chargeOn: 'accepted' | 'delivered'): Promise<void> {
  const table = `${HEADING}\nper_segment,IDR,Indonesia,utility,2026-01-01,250.25,${chargeOn}`
  unwrap(await asOwnerOf(stack, ({ sql }) => publishCommonRates(sql, { table, fileName: 'sms.csv' })))
}

/** A clinic with money, and nobody to ask for approval. */
async function clinic(): Promise<Firm> {
  const firm = await openKlinikSehat(stack)
  await topUp(firm, '1000000', 'transfer-1')
  expectStatus(await firm.ratna.ask('PUT', '/v1/approval-policy', {}), 200)
  return firm
}

async function smsParts(firm: Firm, config: object, body = 'Hi {{name}}, invoice {{invoice}} is due.') {
  const sender = { provider: 'simulator_sms', name: 'Text desk', config: { lifetime_seconds: 3, ...config } }
  const template = { name: 'Due by SMS', language: 'en', category: 'utility', channel: 'sms', body }
  return {
    sender_id: expectStatus(await firm.ratna.post('/v1/senders', sender), 201).id as string,
    template_id: expectStatus(await firm.budi.post('/v1/templates', template), 201).id as string,
  }
}

/** The stand-in's own account of what an SMS sender sent. */
async function witnessOf(senderId: string): Promise<WitnessSummary> {
  const digest = createHash('sha256').update(`/webhooks/sms/${senderId}`).digest('hex')
  const path = `/witness/summary?phone_number_id=AC${digest.slice(0, 32)}`
  return (await (await fetch(`${stack.simulatorUrl}${path}`)).json()) as WitnessSummary
}

describe('a campaign by SMS', () => {
  it('is quoted by parts, charged on acceptance whatever becomes of it, and settled', async () => {
    await publish('accepted')
    const firm = await clinic()
    const config = { seed: 5, failed: 0.2, delivered: 0.6, lost: 0.1, duplicated: 0.3, shuffled: 0.3 }
    const parts = {
      ...(await smsParts(firm, config, `Hi {{name}}, invoice {{invoice}} is due. ${'x'.repeat(150)}`)),
      list_id: await makeList(stack, firm, patients(60)),
    }
    const { id, quote: quoted } = await launch(firm.budi, parts)
    expect(quoted).toMatchObject({
      model: 'per_segment',
      charge_on: 'accepted',
      total: { amount: '30030.00' },
      lines: [{ market: 'Indonesia', count: 60, unit_price: { amount: '500.50' }, segments: 2 }],
    })
    await follow(stack, firm.joko, id)
    const witness = await witnessOf(parts.sender_id)
    expect(witness).toMatchObject({ accepted: 60, distinct: 60, accepted_twice: 0, recipients_twice: 0 })
    const campaign = expectStatus(await firm.joko.get(`/v1/campaigns/${id}`), 200)
    expect(campaign).toMatchObject({
      state: 'settled',
      counts: { total: 60, delivered: witness.delivered, failed: witness.failed, sent: 0, uncertain: 0 },
      money: { captured: { amount: '30030.00' }, released: { amount: '0.00' } },
    })
    const messages = await allMessages(firm.joko, id)
    expect(messages.every(({ charged }) => charged.amount === '500.50')).toBe(true)
    const failed = messages.find(({ state }) => state === 'failed')
    expect(failed?.explanation).toMatch(/charged IDR 500.50 all the same/)
    expect(await booksOf(firm)).toEqual([])
  })

  it('pays for just what the stand-in has accepted, through time-outs, resets, garbage and refusals', async () => {
    await publish('accepted')
    const firm = await clinic()
    const config = {
      seed: 9,
      rejected: 0.1,
      rate_limited: 0.1,
      timeout_after_accept: 0.02,
      reset_after_accept: 0.1,
      garbage: 0.1,
      server_error: 0.1,
      failed: 0.1,
      duplicated: 0.5,
      late: 0.3,
      late_ms: 500,
    }
    const list_id = await makeList(stack, firm, patients(100))
    const parts = { ...(await smsParts(firm, config)), list_id }
    const { id } = await launch(firm.budi, parts)
    await follow(stack, firm.joko, id)
    const witness = await witnessOf(parts.sender_id)
    expect(witness).toMatchObject({ accepted_twice: 0, recipients_twice: 0 })
    const campaign = expectStatus(await firm.joko.get(`/v1/campaigns/${id}`), 200)
    // Every acceptance is told by an answer or by a receipt, and each has cost one part.
    expect(minor(campaign.money.captured) + minor(campaign.money.late_captured)).toBe(
      BigInt(witness.distinct) * 2_502_500n,
    )
    expect(campaign.counts).toMatchObject({ delivered: witness.delivered, queued: 0, sending: 0, sent: 0 })
    expect((await walletOf(firm)).held).toBe('0.00')
    expect(await booksOf(firm)).toEqual([])
  })

  it('is charged on delivery where the card says so', async () => {
    await publish('delivered')
    const firm = await clinic()
    const list_id = await makeList(stack, firm, patients(20))
    const parts = { ...(await smsParts(firm, { seed: 2, failed: 0.5 })), list_id }
    const { id, quote: quoted } = await launch(firm.budi, parts)
    expect(quoted.charge_on).toBe('delivered')
    await follow(stack, firm.joko, id)
    const witness = await witnessOf(parts.sender_id)
    expect(witness.failed).toBeGreaterThan(0)
    const { money } = expectStatus(await firm.joko.get(`/v1/campaigns/${id}`), 200)
    expect(minor(money.captured)).toBe(BigInt(witness.delivered) * 2_502_500n)
    expect(await booksOf(firm)).toEqual([])
  })

  it('takes no template of another channel', async () => {
    const firm = await clinic()
    const { sender_id } = await smsParts(firm, {})
    const template = { name: 'Due', language: 'en', category: 'utility', body: 'Hi {{name}}, it is due now.' }
    const { id: template_id } = expectStatus(await firm.budi.post('/v1/templates', template), 201)
    const list_id = await makeList(stack, firm, patients(1))
    const body = { name: 'A', sender_id, template_id, audience: { list_id }, schedule: { now: true } }
    const refused = await firm.budi.post('/v1/campaigns', body)
    expect(refused).toMatchObject({ status: 400, body: { errors: [{ code: 'channel_mismatch' }] } })
  })

  it('excludes whom no card prices, and leaves WhatsApp’s prices alone', async () => {
    const firm = await clinic()
    const list_id = await makeList(stack, firm, [
      { ...patients(1, 900)[0]!, phone: '+5511987654321' },
      ...patients(2),
    ])
    const id = await draft(firm.budi, { ...(await smsParts(firm, {})), list_id })
    const quoted = await quote(firm.budi, id)
    expect(quoted.excluded).toContainEqual({ reason: 'no_price', count: 1 })
    expect(quoted.recipients).toBe(2)
  })
})
