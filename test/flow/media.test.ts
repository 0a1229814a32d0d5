import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  allMessages,
  booksOf,
  expectStatus,
  launch,
  makeSender,
  makeTemplate,
  topUp,
  witnessOf,
} from '../support/campaign.ts'
import { type Firm, openKlinikSehat } from '../support/cast.ts'
import { makeList, patients } from '../support/contacts.ts'
import { follow } from '../support/follow.ts'
import { asOwnerOf, type Stack, startStack } from '../support/stack.ts'

let stack: Stack
let firm: Firm
let mediaId: string
beforeAll(async () => {
  stack = await startStack()
  firm = await openKlinikSehat(stack)
  await topUp(firm, '1000000', 'transfer-1')
  expectStatus(await firm.ratna.ask('PUT', '/v1/approval-policy', {}), 200)
  mediaId = await upload()
}, 120_000)
afterAll(() => stack?.stop())

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)
const WORDS = { language: 'en', category: 'utility', body: 'Hi {{name}}, invoice {{invoice}} is due.' }

async function upload(): Promise<string> {
  const body = new FormData()
  body.append('file', new Blob([PNG]), 'Clinic.png')
  return expectStatus(await firm.budi.post('/v1/media', body), 201).id
}

const uploads = () =>
  asOwnerOf(
    stack,
    ({ sql }) => sql<{ platform_id: string; uploaded_at: string }[]>`
    SELECT platform_id, uploaded_at FROM media_uploads WHERE workspace_id = ${firm.workspaceId} ORDER BY sender_id`,
  )

async function settle(parts: { list_id: string; sender_id: string; template_id: string }) {
  const { id } = await launch(firm.budi, parts)
  const { events } = await follow(stack, firm.joko, id)
  return { id, last: events.at(-1) }
}

describe('a picture above the message', () => {
  it('goes to the platform once, with every message, and with the next campaign', async () => {
    const header = { type: 'image', media_id: mediaId }
    const template_id = await makeTemplate(firm.budi, { ...WORDS, name: 'With a picture', header })
    const sender_id = await makeSender(firm, { delivered: 1, lifetime_seconds: 3 })
    const list_id = await makeList(stack, firm, patients(5))
    const parts = { template_id, sender_id, list_id }
    expect((await settle(parts)).last).toMatchObject({ state: 'settled', counts: { total: 5 } })
    const [first] = await uploads()
    expect((await settle(parts)).last).toMatchObject({ state: 'settled', counts: { total: 5 } })
    expect(await uploads()).toEqual([first])
    expect(await witnessOf(stack, sender_id)).toMatchObject({ accepted: 10 })
    expect(await booksOf(firm)).toEqual([])
  })

  it('is reviewed with its example, and sent once the template is approved', async () => {
    const sender_id = await makeSender(firm, { template_review: true, delivered: 1, lifetime_seconds: 3 })
    const samples = { name: 'Siti', invoice: 'INV-17' }
    const header = { type: 'image', media_id: mediaId }
    const template_id = await makeTemplate(firm.budi, { ...WORDS, name: 'Reviewed', header, samples })
    const path = `/v1/templates/${template_id}`
    expectStatus(await firm.budi.post(`${path}/submit`, { sender_id }), 202)
    const onPlatform = async () => expectStatus(await firm.joko.get(`${path}/platform`), 200).data[0]
    await until(async () => (await onPlatform()).status, 'pending')
    const { name, business_account_id } = await onPlatform()
    // The platform's clock counts in seconds: what is of the same second as the answer above would lose to it.
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    const order = { business_account_id, name, language: 'en', event: 'APPROVED' }
    await fetch(`${stack.simulatorUrl}/orders/templates`, { method: 'POST', body: JSON.stringify(order) })
    await until(async () => (await onPlatform()).status, 'approved')
    const list_id = await makeList(stack, firm, patients(3))
    const { last } = await settle({ template_id, sender_id, list_id })
    expect(last).toMatchObject({ state: 'settled', counts: { total: 3 } })
  })

  it('by a link without an example is not submitted for review', async () => {
    const sender_id = await makeSender(firm, { template_review: true })
    const header = { type: 'document', link: 'https://files.example.com/{{invoice}}.pdf' }
    const template_id = await makeTemplate(firm.budi, { ...WORDS, name: 'No example', header })
    const answered = await firm.budi.post(`/v1/templates/${template_id}/submit`, { sender_id })
    expect([answered.status, answered.body.errors[0].path]).toEqual([400, 'header.media_id'])
  })
})

describe('a document of each recipient’s own', () => {
  it('goes by its address; whoever has none that can be used is left out and pays nothing', async () => {
    const header = { type: 'document', link: '{{invoice_link}}', filename: 'Invoice {{invoice}}.pdf' }
    const template_id = await makeTemplate(firm.budi, { ...WORDS, name: 'Own document', header })
    const sender_id = await makeSender(firm, { delivered: 1, lifetime_seconds: 3 })
    const people = patients(4, 1_000).map((patient, n) => {
      const invoice_link = n === 0 ? 'not an address' : `https://files.example.com/${n}.pdf`
      return { ...patient, variables: { ...patient.variables, invoice_link } }
    })
    const list_id = await makeList(stack, firm, people)
    const { id, last } = await settle({ template_id, sender_id, list_id })
    expect(last).toMatchObject({ state: 'settled', counts: { total: 3 } })
    expect(await allMessages(firm.joko, id)).toHaveLength(3)
    expect(await booksOf(firm)).toEqual([])
  })
})

describe('a file that the platform does not take', () => {
  it('stops the sender whose token is at fault, says so, and sends nothing', async () => {
    const sender_id = await makeSender(firm, {
      delivered: 1,
      lifetime_seconds: 3,
      check_faults: ['token_invalid'],
    })
    const header = { type: 'image', media_id: mediaId }
    const template_id = await makeTemplate(firm.budi, { ...WORDS, name: 'Bad token', header })
    const list_id = await makeList(stack, firm, patients(2))
    const { id } = await launch(firm.budi, { template_id, sender_id, list_id })
    const campaign = async () => expectStatus(await firm.joko.get(`/v1/campaigns/${id}`), 200)
    await until(async () => (await campaign()).state, 'paused')
    expect((await campaign()).reason).toContain('could not be given to the platform')
    expect(await witnessOf(stack, sender_id)).toMatchObject({ accepted: 0 })
  })
})

/** Asks again until it is so; the program's own workers do the rest. */
async function until<T>(ask: () => Promise<T>, wanted: T): Promise<void> {
  const end = Date.now() + 60_000
  for (;;) {
    const answer = await ask()
    if (answer === wanted) return
    if (Date.now() > end) throw new Error(`it never became ${wanted}, but ${answer}`)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}
