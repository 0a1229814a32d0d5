import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { foldWebhooks, openInbox, PROVIDERS } from '../../src/delivery/index.ts'
import {
  booksOf,
  type Clinic,
  fund,
  launch,
  makeParts,
  openClinic,
  PRICE,
  patients,
} from '../campaigns/clinic.ts'
import { fold, openPostOffice, type PostOffice, post, send, tell } from '../campaigns/post.ts'

let house: Clinic
let clinic: Clinic
let senderId: string
let office: PostOffice
beforeAll(async () => {
  house = await openClinic()
}, 60_000)
beforeEach(async () => {
  clinic = await house.openNeighbour()
  await fund(clinic, '10000.00')
  const parts = await makeParts(clinic, patients(2))
  senderId = parts.senderId
  office = openPostOffice()
  await send(clinic, await launch(clinic, parts), office)
})
afterAll(() => house?.close())

const NUL = String.fromCharCode(0)
const HALF_A_CHARACTER = String.fromCharCode(0xd800)

describe('a webhook with nonsense in it stops nobody', () => {
  it.each([
    [{ timestamp: '99999999999999999' }],
    [{ timestamp: '-5' }],
    [{ timestamp: 'NaN' }],
    [{ timestamp: 1e300 }],
    [{ timestamp: null }],
    [{ timestamp: '8640000000000' }],
    [{ id: 'x'.repeat(5_000) }],
    [{ id: `a${NUL}b` }],
    [{ id: HALF_A_CHARACTER }],
    [{ id: '' }],
    [{ id: 5 }],
    [{ status: 'deleted' }],
    [{ status: null }],
    [{ pricing: { type: `a${NUL}b` } }],
    [{ pricing: 'x' }],
    [{ pricing: { type: { a: 1 } } }],
    [{ status: 'failed', errors: [{ code: 1e30, title: NUL }] }],
    [{ status: 'failed', errors: [null] }],
    [{ biz_opaque_callback_data: 'dc.999999999999999999.1' }],
    [{ biz_opaque_callback_data: 'dc.1.9999' }],
    [{ biz_opaque_callback_data: NUL }],
    [{ biz_opaque_callback_data: { a: 1 } }],
  ])('%j', async (nonsense) => {
    const [first, second] = [office.handedIn[0]!, office.handedIn[1]!]
    const status = {
      id: `wamid.${first.attemptRef}`,
      status: 'delivered',
      timestamp: '1795399200',
      ...nonsense,
    }
    const value = { metadata: { phone_number_id: '1' }, statuses: [status] }
    await store({ object: 'x', entry: [{ id: '1', changes: [{ field: 'messages', value }] }] })
    await tell(clinic, senderId, [{ of: second, status: 'delivered' }])
    expect((await booksOf(clinic)).spent).toBeGreaterThanOrEqual(PRICE)
    expect(await notes()).toEqual([])
  })

  it('even where it can be read and not written: it is set aside with the reason, and the rest is folded', async () => {
    await store({ poison: 1 })
    await store({ poison: 2 })
    await post(
      clinic,
      senderId,
      office.handedIn.map((of) => ({ of, status: 'delivered' as const })),
    )
    const provider = {
      ...PROVIDERS.whatsapp_cloud,
      parseWebhook: (body: Buffer) => {
        const read = PROVIDERS.whatsapp_cloud.parseWebhook(body)
        if (!body.includes('poison')) return read
        const update = {
          attemptRef: office.handedIn[0]!.attemptRef,
          status: 'vanished' as 'sent',
          occurredAt: '2026-11-23',
        }
        return { ...read, statuses: [update] }
      },
    }
    const folded = await foldWebhooks(clinic.within, { id: senderId, provider })
    expect(folded).toMatchObject({ webhooks: 3, setAside: 2 })
    expect(await notes()).toEqual(['not folded: 23514', 'not folded: 23514'])
    expect((await booksOf(clinic)).spent).toBe(2n * PRICE)
  })

  it('while the database is away everything waits, and nothing is set aside', async () => {
    await store({ object: 'x', entry: [] })
    const away = Object.assign(new Error('the database is starting up'), { code: '57P03' })
    const within = () => Promise.reject(away)
    await expect(foldWebhooks(within, { id: senderId, provider: PROVIDERS.whatsapp_cloud })).rejects.toBe(
      away,
    )
    await fold(clinic, senderId)
    expect(await notes()).toEqual([])
  })
})

async function store(body: object): Promise<void> {
  await openInbox(clinic.database.sql, () => {}).store(senderId, Buffer.from(JSON.stringify(body)))
}

/** What is noted of webhooks that were set aside. */
async function notes(): Promise<string[]> {
  const rows = await clinic.within(
    ({ sql }) =>
      sql<{ note: string }[]>`SELECT note FROM webhooks WHERE done_at IS NULL OR note LIKE 'not folded%'`,
  )
  return rows.map(({ note }) => note)
}
