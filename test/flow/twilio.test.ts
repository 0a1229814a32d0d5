import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { unwrap } from '../../src/platform/result.ts'
import { publishCommonRates } from '../../src/pricing/index.ts'
import { allMessages, booksOf, expectStatus, launch, topUp } from '../support/campaign.ts'
import { type Firm, openKlinikSehat } from '../support/cast.ts'
import { makeList, patients } from '../support/contacts.ts'
import { follow } from '../support/follow.ts'
import { openSmsPeer, type Plan, type SmsPeer } from '../support/sms-peer.ts'
import { asOwnerOf, type Stack, startStack } from '../support/stack.ts'

let stack: Stack
let peer: SmsPeer | undefined
beforeAll(async () => {
  stack = await startStack()
  const table =
    'model,currency,market,category,effective_from,price_per_unit,charge_on\n' +
    'per_segment,IDR,Indonesia,utility,2026-01-01,250.25,accepted'
  unwrap(await asOwnerOf(stack, ({ sql }) => publishCommonRates(sql, { table, fileName: 'sms.csv' })))
})
afterEach(() => peer?.close())
afterAll(() => stack?.stop())

const DELIVERED = [['queued'], ['sending'], ['sent'], ['delivered']] as const

/** One plan for each patient in turn; what becomes of the message is in its name. */
const PLANS: Record<string, Plan> = {
  delivered: { callbacks: DELIVERED },
  unreachable: { callbacks: [['sent'], ['undelivered', '30005']] },
  blocked: { callbacks: [['failed', '30007']] },
  landline: { refuse: { status: 400, code: 21_614 } },
  optedOut: { refuse: { status: 400, code: 21_610 } },
  slowedDown: { refuse: { status: 429, code: 20_429, once: true }, callbacks: DELIVERED },
  cutOff: { answer: 'reset', callbacks: DELIVERED },
  unavailable: { answer: 'unavailable', callbacks: DELIVERED },
  backwards: { callbacks: [['delivered'], ['sent'], ['queued']] },
  repeated: { callbacks: [...DELIVERED, ...DELIVERED, ...DELIVERED] },
  onlySent: { callbacks: [['sent']] },
}
const NAMES = Object.keys(PLANS)

type Counts = { counts: { sent: number; delivered: number } }

async function sent(
  planOf: (to: string) => Plan,
  config: object,
  count: number,
  enough?: (event: Counts) => boolean,
) {
  peer = await openSmsPeer(planOf)
  const firm: Firm = await openKlinikSehat(stack)
  await topUp(firm, '1000000', 'transfer-1')
  expectStatus(await firm.ratna.ask('PUT', '/v1/approval-policy', {}), 200)
  const sender = {
    provider: 'twilio',
    name: 'Text desk',
    config: {
      account_sid: peer.accountSid,
      auth_token: peer.authToken,
      api_base_url: peer.url,
      messages_per_second: 100,
      lifetime_seconds: 4,
      ...config,
    },
  }
  const template = {
    name: 'Due by SMS',
    language: 'en',
    category: 'utility',
    channel: 'sms',
    body: 'Hi {{name}}, 100% + more & sooner: €5 = ok?',
  }
  const parts = {
    sender_id: expectStatus(await firm.ratna.post('/v1/senders', sender), 201).id as string,
    template_id: expectStatus(await firm.budi.post('/v1/templates', template), 201).id as string,
    list_id: await makeList(stack, firm, patients(count)),
  }
  const { id } = await launch(firm.budi, parts)
  await follow(stack, firm.joko, id, enough)
  return { firm, peer, id }
}

describe('a campaign by Twilio, against a platform written from its public description', () => {
  it('is sent once to each, followed through every outcome, and charged for what was taken', async () => {
    const nameOf = (to: string) => NAMES[Number(to.slice(-2)) % NAMES.length]!
    const { firm, peer, id } = await sent((to) => PLANS[nameOf(to)]!, { from: '+15005550006' }, 33)
    expect(peer.faults).toEqual([])
    expect(new Set(peer.answers)).toEqual(new Set([200]))
    expect(new Set(peer.taken.map(({ to }) => to)).size).toBe(peer.taken.length)
    const messages = await allMessages(firm.joko, id)
    expect(messages).toHaveLength(33)
    const wanted: Record<string, [state: string, isTaken: boolean, error?: string]> = {
      delivered: ['delivered', true],
      unreachable: ['failed', true, '30005'],
      blocked: ['failed', true, '30007'],
      landline: ['failed', false, '21614'],
      optedOut: ['failed', false, '21610'],
      slowedDown: ['delivered', true],
      cutOff: ['delivered', true],
      unavailable: ['delivered', true],
      backwards: ['delivered', true],
      repeated: ['delivered', true],
      onlySent: ['expired', true],
    }
    for (const { phone, state, charged, error, provider_message_id } of messages) {
      const name = nameOf(phone!)
      const [end, isTaken, code] = wanted[name]!
      expect([state, charged.amount, error?.code], name).toEqual([end, isTaken ? '250.25' : '0.00', code])
      const taken = peer.taken.find(({ to }) => to === phone)
      expect(provider_message_id, name).toBe(taken?.sid ?? null)
    }
    const campaign = expectStatus(await firm.joko.get(`/v1/campaigns/${id}`), 200)
    expect(campaign.money.captured.amount).toBe(((peer.taken.length * 25_025) / 100).toFixed(2))
    expect(peer.taken[0]!.form.get('Body')).toMatch(/^Hi .+, 100% \+ more & sooner: €5 = ok\?$/)
    expect(await booksOf(firm)).toEqual([])
  })

  it('goes out by a messaging service, and believes no callback that the account has not signed', async () => {
    const service = `MG${'0a'.repeat(16)}`
    const { firm, peer, id } = await sent(
      () => ({ callbacks: [['sent']] }),
      { messaging_service_sid: service, lifetime_seconds: 60 },
      1,
      ({ counts }) => counts.sent === 1,
    )
    expect(peer.faults).toEqual([])
    const message = peer.taken[0]!
    expect([message.form.get('MessagingServiceSid'), message.form.get('From')]).toEqual([service, null])
    expect(await peer.post(message, 'delivered', {}, 'another token')).toBe(401)
    const stored = await stack.house.asSystem(
      'test',
      firm.workspaceId,
      ({ sql }) => sql<{ count: number }[]>`SELECT count(*)::int AS count FROM webhooks`,
    )
    expect(stored[0]!.count).toBe(1)
    expect(await peer.post(message, 'delivered')).toBe(200)
    await follow(stack, firm.joko, id, ({ counts }: Counts) => counts.delivered === 1)
    expect(await booksOf(firm)).toEqual([])
  })
})
