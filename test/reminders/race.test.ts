import { afterAll, beforeAll, expect, it } from 'vitest'
import { unwrap } from '../../src/platform/result.ts'
import { booksOf, type Clinic, fund, makeSender, openClinic, PRICE } from '../campaigns/clinic.ts'
import { openPostOffice, type PostOffice, send } from '../campaigns/post.ts'
import { makeLadder, owe, pay, plan, step, told } from './ladder.ts'

/** `npm run year` runs the race a thousand times, the suite often enough to see both ends of it. */
const TIMES = process.env.npm_lifecycle_event === 'year' ? 1_000 : 60
const FIRST_BATCH = 4
/** Of two statements that a worker makes for a batch of four, one tells what came of the last and one opens the next. */
const PAYMENTS_A_STATEMENT = 2

let clinic: Clinic
beforeAll(async () => {
  clinic = await openClinic()
  await fund(clinic, '9000000')
}, 60_000)
afterAll(() => clinic?.close())

it(`a payment and a claim at the same moment, ${TIMES} times: claimed before the payment was committed, or it does not go`, async () => {
  const { id } = await makeLadder(clinic, [step('due', 0)], {
    senderId: await makeSender(clinic, { messages_per_second: 40 }),
  })
  for (let n = 0; n < TIMES; n++)
    await owe(clinic, {
      number: `INV-${n}`,
      phone: `+62812${String(n).padStart(8, '0')}`,
      dueDate: '2026-12-03',
      zone: 'Asia/Jakarta',
    })
  clinic.at(new Date('2026-12-03T02:00:00Z'))
  await plan(clinic)
  const campaignId = await clinic.within(async ({ sql }) => {
    const [run] = await sql<
      { id: string }[]
    >`SELECT campaign_id AS id FROM reminder_runs WHERE subject_id = ${id}`
    return run!.id
  })

  // Each payment looks, once it is committed, at which message had been claimed; whatever was not must never go.
  const unclaimed = new Set<string>()
  let stopped = 0
  const payOne = async (n: number) => {
    const number = `INV-${n}`
    stopped += unwrap(await pay(clinic, number)).stopped.count
    if (!(await isClaimed(number))) unclaimed.add(number)
  }
  const office = openPostOffice()
  const racing = race(office, payOne)
  await Promise.all([
    send(racing.clinic, campaignId, office, 'one'),
    send(racing.clinic, campaignId, office, 'two'),
  ])
  await racing.allPaid()
  await send(clinic, campaignId, office, 'three')

  const gone = office.handedIn.map((message) => told(message).split(' ')[0]!)
  expect(gone.filter((number) => unclaimed.has(number))).toEqual([])
  expect(new Set(gone).size).toBe(gone.length)
  expect(await booksOf(clinic)).toMatchObject({ held: BigInt(gone.length) * PRICE })
  expect(stopped).toBeLessThanOrEqual(TIMES - gone.length)
  expect(gone.length).toBeGreaterThan(0)
  expect(unclaimed.size).toBeGreaterThan(0)
}, 600_000)

/**
 * The clinic, where payments begin at the very moment of a worker's next statement, for the messages that go next. Both ends
 * are sure to be seen: nobody pays before the first message has gone, and the last pays while all else waits.
 */
function race(office: PostOffice, payOne: (n: number) => Promise<void>) {
  const unpaid = Array.from({ length: TIMES }, (_, n) => n)
  const paying: Promise<void>[] = []
  const payOf = (numbers: readonly number[]) => void paying.push(...numbers.map(payOne))
  let last: Promise<void> | undefined
  const database: Clinic['database'] = {
    ...clinic.database,
    async once(cause, statement) {
      if (office.handedIn.length > 0) {
        last ??= payOne(unpaid.pop()!)
        await last
        payOf(unpaid.splice(FIRST_BATCH, PAYMENTS_A_STATEMENT))
      }
      return clinic.database.once(cause, statement)
    },
  }
  const allPaid = () => {
    payOf(unpaid.splice(0))
    return Promise.all([last, ...paying])
  }
  return { clinic: { ...clinic, database }, allPaid }
}

function isClaimed(number: string): Promise<boolean> {
  return clinic.within(async ({ sql }) => {
    const rows = await sql`
      SELECT 1 FROM reminders r JOIN invoices i ON i.id = r.invoice_id
        JOIN messages m ON m.campaign_id = r.campaign_id AND m.contact_id = r.contact_id
        JOIN attempts a ON a.message_id = m.id WHERE i.number = ${number}`
    return rows.length > 0
  })
}
