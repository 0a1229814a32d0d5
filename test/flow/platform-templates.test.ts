import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  booksOf,
  draft,
  expectStatus,
  makeSender,
  makeTemplate,
  minor,
  quote,
  REMINDER,
  submit,
  topUp,
  witnessOf,
} from '../support/campaign.ts'
import { type Firm, openKlinikSehat } from '../support/cast.ts'
import { makeList, patients } from '../support/contacts.ts'
import { type Stack, startStack } from '../support/stack.ts'

let stack: Stack
let firm: Firm

beforeAll(async () => {
  stack = await startStack()
  firm = await openKlinikSehat(stack)
  await topUp(firm, '1000000', 'transfer-1')
  expectStatus(await firm.ratna.ask('PUT', '/v1/approval-policy', {}), 200)
}, 120_000)

afterAll(() => stack?.stop())

const PATIENTS = 12
/** Indonesia, from the cards that are installed, in 1/10,000 of a rupiah. */
const UTILITY = 3_566_500n
const MARKETING = 5_863_300n
const SAMPLES = { name: 'Siti', invoice: 'INV-17', amount: '150000', due_date: '2026-12-01' }

/** Asks again until it is so; the program's own workers do the rest. */
async function until<T>(ask: () => Promise<T>, isSo: (answer: T) => boolean): Promise<T> {
  const end = Date.now() + 60_000
  for (;;) {
    const answer = await ask()
    if (isSo(answer)) return answer
    if (Date.now() > end) throw new Error(`it never became so: ${JSON.stringify(answer)}`)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

describe('a template on the stand-in’s business account', () => {
  it('is submitted, approved, made dearer, accepted and sent, by the program’s own workers', async () => {
    const sender_id = await makeSender(firm, {
      template_review: true,
      delivered: 1,
      lifetime_seconds: 5,
      messages_per_second: 1,
    })
    const template_id = await makeTemplate(firm.budi, { ...REMINDER, samples: SAMPLES })
    const list_id = await makeList(stack, firm, patients(PATIENTS))
    const onPlatform = async () =>
      expectStatus(await firm.joko.get(`/v1/templates/${template_id}/platform`), 200).data[0]
    const order = async (what: object) => {
      const { name, business_account_id } = await onPlatform()
      const body = JSON.stringify({ business_account_id, name, language: 'en', ...what })
      const told = await fetch(`${stack.simulatorUrl}/orders/templates`, { method: 'POST', body })
      expect(told.status).toBe(200)
    }

    expectStatus(await firm.budi.post(`/v1/templates/${template_id}/submit`, { sender_id }), 202)
    await until(onPlatform, ({ status }) => status === 'pending')
    const id = await draft(firm.budi, { template_id, sender_id, list_id })
    expect((await firm.budi.post(`/v1/campaigns/${id}/quote`)).body.code).toBe('template_not_approved')

    // The platform's clock counts in seconds: what is of the same second as the answer above would lose to it.
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    await order({ event: 'APPROVED' })
    await until(onPlatform, ({ sendable }) => sendable)
    const { id: quoteId } = await quote(firm.budi, id)
    expectStatus(await submit(firm.budi, id, quoteId), 201)
    const campaign = async () => expectStatus(await firm.joko.get(`/v1/campaigns/${id}`), 200)
    await until(campaign, ({ counts }) => counts.queued < PATIENTS)

    await order({ category: 'MARKETING' })
    const change = await until(
      async () => (await firm.joko.get(`/v1/campaigns/${id}/price-change`)).body,
      ({ quote: shown }) => shown != null,
    )
    expect(change).toMatchObject({ state: 'open', from_category: 'utility', to_category: 'marketing' })
    expect((await campaign()).state).toBe('paused')
    const left = change.quote.recipients as number
    expect(left).toBeGreaterThan(0)
    expect(left).toBeLessThan(PATIENTS)

    const decision = { decision: 'accept', quote_id: change.quote.id }
    expectStatus(await firm.budi.post(`/v1/campaigns/${id}/price-change`, decision), 200)
    await until(campaign, ({ state }) => state === 'settled')
    const spent = BigInt(PATIENTS - left) * UTILITY + BigInt(left) * MARKETING
    const wallet = expectStatus(await firm.joko.get('/v1/wallet'), 200)
    expect([minor(wallet.held), minor(wallet.spent)]).toEqual([0n, spent])
    expect(await booksOf(firm)).toEqual([])
    const witness = await witnessOf(stack, sender_id)
    expect(witness).toMatchObject({ accepted: PATIENTS, recipients: PATIENTS, accepted_twice: 0 })

    expectStatus(await firm.budi.post(`/v1/senders/${sender_id}/template-sync`), 202)
    const synced = await until(
      async () => (await firm.joko.get(`/v1/senders/${sender_id}/template-sync`)).body,
      ({ state }) => state === 'done',
    )
    expect(synced.found).toBe(1)
  }, 120_000)
})
