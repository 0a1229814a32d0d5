import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { formatAmount } from '../../src/platform/money.ts'
import { unwrap } from '../../src/platform/result.ts'
import { publishRates } from '../../src/pricing/index.ts'
import { auditWorkspace } from '../../src/reports/index.ts'
import {
  booksOf,
  type Clinic,
  fund,
  launch,
  makeList,
  makeParts,
  makeSender,
  makeTemplate,
  openClinic,
  PRICE,
  patients,
} from '../campaigns/clinic.ts'
import {
  accepted,
  close,
  fold,
  openPostOffice,
  type PostOffice,
  post,
  replay,
  send,
  type Told,
  tell,
  tend,
} from '../campaigns/post.ts'

let house: Clinic
let clinic: Clinic
beforeAll(async () => {
  house = await openClinic()
}, 60_000)
beforeEach(async () => {
  clinic = await house.openNeighbour()
  await fund(clinic, '100000.00')
})
afterAll(() => house?.close())

const DAY_MS = 24 * 3_600_000
const ALL = 1_000_000_000n

type Sent = { id: string; senderId: string; office: PostOffice }

async function sent(count: number, office: PostOffice = openPostOffice()): Promise<Sent> {
  const parts = await makeParts(clinic, patients(count))
  const id = await launch(clinic, parts)
  await send(clinic, id, office)
  return { id, senderId: parts.senderId, office }
}

type Row = {
  state: string
  money: string
  charged: bigint | null
  reason: string | null
  late: boolean | null
  why: string | null
}

/** The campaign's messages in the order of their recipients, with their charges. */
function messagesOf(id: string): Promise<Row[]> {
  return clinic.within(
    ({ sql }) => sql<Row[]>`
      SELECT m.state, m.money, m.reason AS why, c.amount AS charged, c.reason, c.late FROM messages m
        LEFT JOIN charges c ON c.message_id = m.id WHERE m.campaign_id = ${id} ORDER BY m.contact_id`,
  )
}

/** The office's messages in the order of their recipients. */
function inOrder({ handedIn }: PostOffice) {
  return [...handedIn].sort((a, b) => (a.to < b.to ? -1 : 1))
}

async function booksBalance(): Promise<void> {
  const { checks } = await clinic.within(auditWorkspace)
  expect(checks.flatMap((check) => check.differences)).toEqual([])
}

describe('a receipt', () => {
  it.each([
    ['sent', ['sent'], 'sent', 'held', null],
    ['delivered', ['delivered'], 'delivered', 'captured', PRICE],
    ['read without delivered: the chat was open', ['read'], 'read', 'captured', PRICE],
    ['all three in order', ['sent', 'delivered', 'read'], 'read', 'captured', PRICE],
    ['all three backwards', ['read', 'delivered', 'sent'], 'read', 'captured', PRICE],
    ['sent after delivered', ['delivered', 'sent'], 'delivered', 'captured', PRICE],
    ['failed', ['sent', 'failed'], 'failed', 'released', null],
    ['sent after failed', ['failed', 'sent'], 'failed', 'released', null],
    [
      'failed after delivered, which it does not take back',
      ['delivered', 'failed'],
      'delivered',
      'captured',
      PRICE,
    ],
    ['failed after read', ['read', 'failed'], 'read', 'captured', PRICE],
    ['delivered after failed, which was wrong', ['failed', 'delivered'], 'delivered', 'captured', PRICE],
  ] as [string, Told['status'][], string, string, bigint | null][])(
    '%s',
    async (_, statuses, state, money, charged) => {
      const { id, senderId, office } = await sent(1)
      for (const status of statuses) await tell(clinic, senderId, [{ of: office.handedIn[0]!, status }])
      expect(await messagesOf(id)).toMatchObject([{ state, money, charged }])
      await booksBalance()
    },
  )

  it.each([
    ['in one webhook', ['delivered', 'failed'] as const],
    ['in one webhook, backwards', ['failed', 'delivered'] as const],
  ])('delivered and failed %s: delivered counts', async (_, statuses) => {
    const { id, senderId, office } = await sent(1)
    await tell(
      clinic,
      senderId,
      statuses.map((status) => ({ of: office.handedIn[0]!, status })),
    )
    expect(await messagesOf(id)).toMatchObject([
      { state: 'delivered', money: 'captured', charged: PRICE, late: false },
    ])
    await booksBalance()
  })

  it('that says the same again, in the same bytes or in others, changes nothing', async () => {
    const { id, senderId, office } = await sent(1)
    const delivered = { of: office.handedIn[0]!, status: 'delivered' as const }
    for (let times = 0; times < 5; times++) await tell(clinic, senderId, [delivered, delivered])
    expect(await messagesOf(id)).toMatchObject([{ state: 'delivered', charged: PRICE }])
    expect(await booksOf(clinic)).toMatchObject({ wallet: ALL - PRICE, spent: PRICE, held: 0n })
  })

  it('that says the platform did not charge makes the message free, and its price goes back', async () => {
    const { id, senderId, office } = await sent(3)
    const [a, b, c] = office.handedIn as [never, never, never]
    await tell(clinic, senderId, [
      {
        of: a,
        status: 'delivered',
        pricing: { billable: false, type: 'free_entry_point', category: 'utility' },
      },
      {
        of: b,
        status: 'delivered',
        pricing: { billable: false, type: 'free_customer_service', category: 'utility' },
      },
      { of: c, status: 'delivered', pricing: { billable: true, type: 'regular', category: 'utility' } },
    ])
    expect((await messagesOf(id)).map(({ charged, reason }) => [charged, reason])).toEqual([
      [0n, 'reported_free'],
      [0n, 'reported_free'],
      [PRICE, 'regular'],
    ])
    expect(await booksOf(clinic)).toMatchObject({ wallet: ALL - PRICE, spent: PRICE, held: 0n })
    await booksBalance()
  })
})

describe('whatever the order, the number and the batches of receipts', () => {
  const FATES = {
    sent: ['sent'],
    delivered: ['sent', 'delivered'],
    read: ['sent', 'delivered', 'read'],
    only: ['read'],
    failed: ['sent', 'failed'],
  } as const
  const ENDS = { sent: 'sent', delivered: 'delivered', read: 'read', only: 'read', failed: 'failed' } as const
  const fate = fc.constantFrom(...(Object.keys(FATES) as (keyof typeof FATES)[]))

  it('the same is charged and every message ends the same', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fate, { minLength: 1, maxLength: 6 }),
        fc.infiniteStream(fc.nat()),
        async (fates, dice) => {
          const draw = (most: number) => Number(dice.next().value) % most
          const { id, senderId, office } = await sent(fates.length)
          const once = inOrder(office).flatMap((of, n) => FATES[fates[n]!].map((status) => ({ of, status })))
          const all = once.flatMap((told) => Array.from({ length: 1 + draw(3) }, () => told))
          for (let n = all.length - 1; n > 0; n--) {
            const other = draw(n + 1)
            ;[all[n], all[other]] = [all[other]!, all[n]!]
          }
          while (all.length > 0) await tell(clinic, senderId, all.splice(0, 1 + draw(5)))
          const rows = await messagesOf(id)
          expect(rows.map(({ state }) => state)).toEqual(fates.map((each) => ENDS[each]))
          const charged = fates.filter((each) => ['delivered', 'read', 'only'].includes(each)).length
          expect(rows.filter((row) => row.charged === PRICE)).toHaveLength(charged)
          await booksBalance()
        },
      ),
      { numRuns: Number(process.env.PROPERTY_RUNS ?? 15) },
    )
  }, 120_000)
})

describe('a receipt that comes before its answer', () => {
  it('by the attempt’s name is understood at once, and the answer changes nothing', async () => {
    let senderId = ''
    const early = openPostOffice(async (message) => {
      await tell(clinic, senderId, [{ of: message, status: 'delivered' }])
      return accepted(message)
    })
    const parts = await makeParts(clinic, patients(1))
    senderId = parts.senderId
    const id = await launch(clinic, parts)
    await send(clinic, id, early)
    expect(await messagesOf(id)).toMatchObject([{ state: 'delivered', money: 'captured', charged: PRICE }])
    await booksBalance()
  })

  it('by the platform’s id alone is parked, and found when the answer has come', async () => {
    let senderId = ''
    const early = openPostOffice(async (message) => {
      await tell(clinic, senderId, [{ of: message, status: 'delivered', unnamed: true }])
      return accepted(message)
    })
    const parts = await makeParts(clinic, patients(1))
    senderId = parts.senderId
    const id = await launch(clinic, parts)
    await send(clinic, id, early)
    expect(await messagesOf(id)).toMatchObject([{ state: 'sent', charged: null }])
    expect(await parked()).toBe(1)
    expect(await replay(clinic)).toEqual([id])
    expect(await parked()).toBe(0)
    expect(await messagesOf(id)).toMatchObject([{ state: 'delivered', charged: PRICE }])
    await booksBalance()
  })
})

describe('a receipt by the platform’s id alone', () => {
  it('finds its message as well as by its name', async () => {
    const { id, senderId, office } = await sent(2)
    await tell(
      clinic,
      senderId,
      office.handedIn.map((of) => ({ of, status: 'read' as const, unnamed: true })),
    )
    expect(await messagesOf(id)).toMatchObject([{ charged: PRICE }, { charged: PRICE }])
  })

  it('that nobody here has sent is parked, charges nothing, and stays so', async () => {
    const { id, senderId } = await sent(1)
    await tell(clinic, senderId, [{ of: 'dc.1.1', status: 'delivered', unnamed: true }])
    expect(await replay(clinic)).toEqual([])
    expect(await parked()).toBe(1)
    expect(await messagesOf(id)).toMatchObject([{ state: 'sent', charged: null }])
  })

  it('that comes to the address of another number of the same firm is understood too', async () => {
    const { id, office } = await sent(1)
    const other = await makeSender(clinic)
    await tell(clinic, other, [{ of: office.handedIn[0]!, status: 'delivered' }])
    expect(await messagesOf(id)).toMatchObject([{ state: 'delivered', charged: PRICE }])
  })
})

describe('a receipt that has no right to be heard', () => {
  it('of another workspace is parked there, and nothing happens here', async () => {
    const { id, office } = await sent(1)
    const shop = await house.openNeighbour()
    await tell(shop, await makeSender(shop), [{ of: office.handedIn[0]!, status: 'delivered' }])
    expect(await messagesOf(id)).toMatchObject([{ state: 'sent', charged: null }])
    expect(await booksOf(clinic)).toMatchObject({ held: PRICE, spent: 0n })
  })

  it('of an attempt that was never dispatched changes nothing', async () => {
    const parts = await makeParts(clinic, patients(1))
    const id = await launch(clinic, parts)
    await tend(clinic, id)
    const [opened] = await clinic.asOwner(
      ({ sql }) => sql<{ message_id: bigint }[]>`
        INSERT INTO attempts (message_id, attempt_no, workspace_id, worker)
        SELECT id, 1, workspace_id, 'wati' FROM messages WHERE campaign_id = ${id} RETURNING message_id`,
    )
    await tell(clinic, parts.senderId, [{ of: `dc.${opened!.message_id}.1`, status: 'delivered' }])
    expect((await messagesOf(id)).map(({ charged }) => charged)).toEqual([null])
  })

  it('with the platform’s id of another message does not keep those beside it waiting', async () => {
    const lost = openPostOffice((message, nth) =>
      nth === 1 ? accepted(message) : { outcome: 'indeterminate', code: 'ETIMEDOUT', message: 'no answer' },
    )
    const { id, senderId } = await sent(2, lost)
    const [first, second] = lost.handedIn as [never, never]
    await postMixed(senderId, first, second)
    await tell(clinic, senderId, [{ of: first, status: 'delivered' }])
    const rows = await messagesOf(id)
    expect(rows.filter(({ charged }) => charged === PRICE).length).toBeGreaterThanOrEqual(1)
    await booksBalance()
  })
})

describe('a delivery that is reported when its money has gone back', () => {
  const lateBy = async (told: Told['status']) => {
    const { id, senderId, office } = await sent(1)
    clinic.later(DAY_MS + 1)
    await close(clinic, id)
    expect(await booksOf(clinic)).toMatchObject({ held: 0n, spent: 0n })
    return { id, say: () => tell(clinic, senderId, [{ of: office.handedIn[0]!, status: told }]) }
  }

  it('is charged from the wallet, and the campaign stays settled', async () => {
    const { id, say } = await lateBy('delivered')
    await say()
    expect(await messagesOf(id)).toMatchObject([
      { state: 'delivered', money: 'captured', charged: PRICE, late: true },
    ])
    expect(await booksOf(clinic)).toMatchObject({ wallet: ALL - PRICE, spent: PRICE, receivable: 0n })
    await booksBalance()
  })

  it('is owed, where the wallet does not suffice; nothing goes below zero', async () => {
    const { id, say } = await lateBy('read')
    await clinic.within(
      ({ sql, workspaceId }) => sql`
        INSERT INTO transfers (id, workspace_id, currency, debit_id, credit_id, amount, kind, actor)
        SELECT gen_random_uuid(), ${workspaceId}, 'IDR', w.id, a.id, w.credits - w.debits - ${PRICE - 1n}::bigint, 'adjust', 'test'
          FROM accounts w, accounts a WHERE w.kind = 'wallet' AND a.kind = 'adjustment'`,
    )
    await say()
    expect(await messagesOf(id)).toMatchObject([{ state: 'read', charged: PRICE, late: true }])
    expect(await booksOf(clinic)).toMatchObject({ wallet: PRICE - 1n, spent: PRICE, receivable: -PRICE })
    await booksBalance()
    await fund(clinic, formatAmount(PRICE - 2n))
    expect(await booksOf(clinic)).toMatchObject({ wallet: PRICE - 1n, spent: PRICE, receivable: -2n })
    await fund(clinic, formatAmount(PRICE))
    expect(await booksOf(clinic)).toMatchObject({ wallet: 2n * PRICE - 3n, spent: PRICE, receivable: 0n })
    await booksBalance()
  })

  it('is charged once, however often it is said', async () => {
    const { say } = await lateBy('delivered')
    for (let times = 0; times < 3; times++) await say()
    expect((await booksOf(clinic)).spent).toBe(PRICE)
  })

  it('that failed after all costs nothing', async () => {
    const { id, say } = await lateBy('failed')
    await say()
    expect(await messagesOf(id)).toMatchObject([{ state: 'failed', money: 'released', charged: null }])
    expect((await booksOf(clinic)).wallet).toBe(ALL)
  })
})

describe('a message of which nobody knows whether it left', () => {
  const unknown = () =>
    openPostOffice(() => ({ outcome: 'indeterminate', code: 'ETIMEDOUT', message: 'no answer' }))

  it('is uncertain, keeps its money held, and is never sent again by itself', async () => {
    const { id, office } = await sent(3, unknown())
    expect(await messagesOf(id)).toMatchObject([1, 2, 3].map(() => ({ state: 'uncertain', money: 'held' })))
    clinic.later(3_600_000)
    expect(await send(clinic, id, office)).toBe(0)
    expect(office.handedIn).toHaveLength(3)
  })

  it('is resolved by a receipt that bears its name', async () => {
    const { id, senderId, office } = await sent(3, unknown())
    const [a, b] = inOrder(office) as [never, never]
    await tell(clinic, senderId, [
      { of: a, status: 'delivered' },
      { of: b, status: 'failed' },
    ])
    expect((await messagesOf(id)).map(({ state }) => state)).toEqual(['delivered', 'failed', 'uncertain'])
    await booksBalance()
  })

  it('stays listed as uncertain at the end of its lifetime, and its money goes back; late truth is still charged', async () => {
    const { id, senderId, office } = await sent(1, unknown())
    clinic.later(DAY_MS + 1)
    await close(clinic, id)
    expect(await messagesOf(id)).toMatchObject([{ state: 'uncertain', money: 'released', why: 'ETIMEDOUT' }])
    expect(await booksOf(clinic)).toMatchObject({ wallet: ALL, held: 0n })
    await tell(clinic, senderId, [{ of: office.handedIn[0]!, status: 'delivered' }])
    expect(await messagesOf(id)).toMatchObject([{ state: 'delivered', charged: PRICE, late: true }])
    await booksBalance()
  })
})

describe('the conversation model', () => {
  const CARD = 'model,currency,market,category,effective_from,price_per_unit'
  const UTILITY = 3_000_000n
  const MARKETING = 6_000_000n
  let senderId: string
  let listId: string

  beforeEach(async () => {
    const table = [
      CARD,
      'conversation_24h,IDR,Indonesia,utility,2026-01-01,300',
      'conversation_24h,IDR,Indonesia,marketing,2026-01-01,600',
    ].join('\n')
    unwrap(await clinic.as('dewi', (scope) => publishRates(scope, { table, fileName: 'ours.csv' })))
    senderId = await makeSender(clinic)
    listId = await makeList(clinic, patients(1))
  })

  /** Sends to the patient and has it delivered `at` a moment; gives back what it was charged. */
  async function deliver(category: 'utility' | 'marketing', at = clinic.now()): Promise<Row> {
    const templateId = await makeTemplate(clinic, { category, name: `${category} ${at.getTime()}` })
    const office = openPostOffice()
    const id = await launch(clinic, { templateId, senderId, listId })
    await send(clinic, id, office)
    await tell(clinic, senderId, [{ of: office.handedIn[0]!, status: 'delivered', at }])
    const [row] = await messagesOf(id)
    return row!
  }

  it('charges the first of a category, and nothing for the next within 24 hours', async () => {
    expect(await deliver('utility')).toMatchObject({ charged: UTILITY, reason: 'regular' })
    clinic.later(DAY_MS - 1_000)
    expect(await deliver('utility')).toMatchObject({ charged: 0n, reason: 'window_open' })
    expect(await booksOf(clinic)).toMatchObject({ spent: UTILITY, held: 0n })
    await booksBalance()
  })

  it('charges again when the 24 hours are over, to the second', async () => {
    await deliver('utility')
    clinic.later(DAY_MS)
    expect(await deliver('utility')).toMatchObject({ charged: UTILITY, reason: 'regular' })
  })

  it('charges another category beside the first, each for its own day', async () => {
    await deliver('utility')
    expect(await deliver('marketing')).toMatchObject({ charged: MARKETING, reason: 'regular' })
    expect(await deliver('utility')).toMatchObject({ charged: 0n })
    expect(await deliver('marketing')).toMatchObject({ charged: 0n })
    expect((await booksOf(clinic)).spent).toBe(UTILITY + MARKETING)
    await booksBalance()
  })

  it('does not charge twice for one day because receipts came in the wrong order', async () => {
    await deliver('utility')
    const before = new Date(clinic.now().getTime() - 3_600_000)
    expect(await deliver('utility', before)).toMatchObject({ charged: 0n, reason: 'window_open' })
  })

  it('is free for the one patient whose window is open, and says so in the quote’s minimum', async () => {
    await deliver('utility')
    clinic.later(60_000)
    const templateId = await makeTemplate(clinic, { name: 'To both' })
    const both = await makeList(clinic, patients(2))
    const office = openPostOffice()
    const id = await launch(clinic, { templateId, senderId, listId: both })
    const [quoted] = await clinic.within(
      ({ sql }) => sql<{ total: bigint; minimum: bigint }[]>`
      SELECT total, minimum FROM quotes WHERE campaign_id = ${id}`,
    )
    expect(quoted).toEqual({ total: 2n * UTILITY, minimum: UTILITY })
    await send(clinic, id, office)
    await tell(
      clinic,
      senderId,
      office.handedIn.map((of) => ({ of, status: 'delivered' as const })),
    )
    expect((await messagesOf(id)).map(({ charged }) => charged)).toEqual([0n, UTILITY])
    await booksBalance()
  })

  it('opens no window by a message that failed or that the platform did not charge', async () => {
    const templateId = await makeTemplate(clinic, { name: 'Fails' })
    const office = openPostOffice()
    const id = await launch(clinic, { templateId, senderId, listId })
    await send(clinic, id, office)
    await tell(clinic, senderId, [{ of: office.handedIn[0]!, status: 'failed' }])
    expect(await deliver('utility')).toMatchObject({ charged: UTILITY })
  })
})

async function parked(): Promise<number> {
  const [row] = await clinic.within(
    ({ sql }) => sql<{ n: number }[]>`SELECT count(*)::int AS n FROM parked_receipts`,
  )
  return row!.n
}

/** A receipt that names one message and bears the platform’s id of another. */
async function postMixed(
  senderId: string,
  idOf: { attemptRef: string },
  nameOf: { attemptRef: string },
): Promise<void> {
  await post(clinic, senderId, [{ of: idOf.attemptRef, status: 'sent' }])
  await clinic.asOwner(
    ({ sql }) => sql`
      UPDATE webhooks SET body = convert_to(replace(convert_from(body, 'UTF8'),
        ${`"biz_opaque_callback_data":"${idOf.attemptRef}"`}, ${`"biz_opaque_callback_data":"${nameOf.attemptRef}"`}), 'UTF8')
       WHERE done_at IS NULL`,
  )
  await fold(clinic, senderId)
}
