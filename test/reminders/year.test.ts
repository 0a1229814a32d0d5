import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { setCalendar } from '../../src/delivery/index.ts'
import { unwrap } from '../../src/platform/result.ts'
import { publishRates } from '../../src/pricing/index.ts'
import { promiseInvoice, recordPayment, saveInvoice } from '../../src/reminders/index.ts'
import { booksOf, type Clinic, fund, openClinic } from '../campaigns/clinic.ts'
import { accepted, close, openPostOffice, send, tell } from '../campaigns/post.ts'
import { LARGE, makeLadder, plan, step } from './ladder.ts'
import { type DaysOff, type Due, type Rung, reckon, wallClock } from './year-reckoning.ts'
import { type Deed, HOUR, makeWorld, ticksOf, type World } from './year-world.ts'

/** `npm run year` simulates all of it; the suite a month around a leap day and a change of the clocks. */
const IS_FULL = process.env.npm_lifecycle_event === 'year'
const LONGEST_MS = IS_FULL ? 1_800_000 : 300_000

const RUNGS: readonly Rung[] = [
  { key: 'friendly', offset: -7 },
  { key: 'due', offset: 0 },
  { key: 'overdue', offset: 2 },
  { key: 'follow_up', offset: 5, working: true },
  { key: 'final', offset: 14 },
]

const OFF: DaysOff = {
  ID: [
    '2028-01-01',
    '2028-02-26',
    '2028-02-27',
    '2028-02-28',
    '2028-03-25',
    '2028-05-01',
    '2028-05-31',
    '2028-08-17',
    '2028-12-25',
  ],
  MX: [
    '2028-01-01',
    '2028-02-07',
    '2028-02-29',
    '2028-03-20',
    '2028-05-01',
    '2028-09-16',
    '2028-11-20',
    '2028-12-25',
  ],
  ES: [
    '2028-01-01',
    '2028-01-06',
    '2028-03-01',
    '2028-04-14',
    '2028-05-01',
    '2028-08-15',
    '2028-10-12',
    '2028-12-25',
  ],
  BR: [
    '2028-01-01',
    '2028-02-29',
    '2028-04-21',
    '2028-05-01',
    '2028-09-07',
    '2028-10-12',
    '2028-11-15',
    '2028-12-25',
  ],
  PT: [
    '2028-01-01',
    '2028-02-29',
    '2028-04-25',
    '2028-05-01',
    '2028-06-10',
    '2028-08-15',
    '2028-12-01',
    '2028-12-25',
  ],
}

const world = IS_FULL
  ? makeWorld({
      seed: 1,
      start: '2028-01-03',
      days: 350,
      debtors: 2_000,
      tickHours: 2,
      outages: [
        [27, 3, 5],
        [58, 1, 30],
        [149, 20, 96],
        [241, 2, 7],
      ],
      droughts: [
        [89, 2, 40],
        [180, 10, 30],
      ],
    })
  : makeWorld({
      seed: 2,
      start: '2028-02-14',
      days: 31,
      debtors: 90,
      tickHours: 3,
      outages: [[15, 2, 26]],
      droughts: [[28, 6, 30]],
    })

type Sent = Due & { phone: string }

let clinic: Clinic
let sent: Sent[]
let funded = 0n

beforeAll(async () => {
  clinic = await openClinic()
  sent = await live(world)
}, LONGEST_MS)
afterAll(() => clinic?.close())

/** Lives through the world tick by tick: what debtors have done, then the plan, then what is due, then its receipts. */
async function live(of: World): Promise<Sent[]> {
  clinic.at(new Date(of.start))
  await refill()
  await settleIn(of)
  const { senderId } = await makeLadder(
    clinic,
    RUNGS.map(({ key, offset, working }) =>
      step(key, offset, { unit: working ? 'working_days' : 'days', variables: { step: key } }),
    ),
    { caps: { ...LARGE, day: { amount: '90000000', currency: 'IDR' } } },
    { body: 'Dear {{name}}: {{step}}, {{amount}} of {{invoice}}, due {{due_date}}.' },
  )
  const record: Sent[] = []
  const deeds = of.debtors.flatMap(({ number, deeds }) =>
    deeds.map((deed, n) => ({ number, deed, payment: `${number} payment ${n}` })),
  )
  deeds.sort((a, b) => a.deed.at - b.deed.at)
  let dry = false
  let last = of.start
  for (const [n, at] of ticksOf(of).entries()) {
    clinic.at(new Date(at))
    for (const { number, deed, payment } of deeds.filter((one) => one.deed.at > last && one.deed.at <= at))
      await act(number, deed, payment)
    const isDry = of.droughts.some(({ from, to }) => at >= from && at < to)
    if (isDry && !dry) await drain()
    if (!isDry && dry) await refill()
    dry = isDry
    await plan(clinic)
    // After an outage other workers stand there than before.
    await deliver(record, senderId, at - last > of.tickMs ? `worker ${n}` : 'worker')
    last = at
  }
  return record
}

const MARKETS = ['India', 'Mexico', 'Spain', 'Brazil', 'North America', 'Rest of Western Europe']

async function settleIn(of: World): Promise<void> {
  const prices = MARKETS.map((market) => `per_message,IDR,${market},utility,2026-01-01,400`)
  const table = ['model,currency,market,category,effective_from,price_per_unit', ...prices].join('\n')
  unwrap(await clinic.as('ratna', (scope) => publishRates(scope, { table, fileName: 'a.csv' })))
  for (const [country, days] of Object.entries(OFF)) {
    for (const year of [2027, 2028, 2029]) {
      const own = days
        .filter((day) => day.startsWith(String(year)))
        .map((day) => ({ day, name: 'a day off' }))
      unwrap(
        await clinic.as('ratna', (scope) =>
          setCalendar(scope, { country, year, source: 'a test', days: own }),
        ),
      )
    }
  }
  await clinic.as('budi', async (scope) => {
    for (const { number, phone, place, owed, dueDate } of of.debtors)
      unwrap(
        await saveInvoice(
          scope,
          {
            number,
            contact: { phone, name: `Debtor ${number}`, timeZone: place.zone },
            amount: { amount: String(owed), currency: 'IDR' },
            dueDate,
          },
          'api',
        ),
      )
  })
}

/** @param payment the gateway’s own number of it: two payments may come at the same moment */
async function act(number: string, deed: Deed, payment: string): Promise<void> {
  if (deed.kind === 'promise') {
    await clinic.as('budi', (scope) => promiseInvoice(scope, { number }, deed.until))
    return
  }
  unwrap(
    await clinic.as('budi', (scope) =>
      recordPayment(scope, {
        number,
        amountMinor: BigInt(deed.amount) * 10_000n,
        paidAt: new Date(deed.at),
        source: 'gateway',
        externalId: payment,
      }),
    ),
  )
}

async function refill(): Promise<void> {
  await fund(clinic, '50000000')
  funded += 50_000_000n * 10_000n
}

/** Somebody withdraws all that is available. */
async function drain(): Promise<void> {
  const { wallet } = await booksOf(clinic)
  funded -= wallet
  await clinic.within(
    ({ sql, workspaceId }) => sql`
      INSERT INTO transfers (id, workspace_id, currency, debit_id, credit_id, amount, kind, reason, actor)
      SELECT gen_random_uuid(), ${workspaceId}, 'IDR', w.id, a.id, ${wallet}, 'adjust', 'withdrawn', 'system:test'
        FROM accounts w, accounts a WHERE w.kind = 'wallet' AND a.kind = 'adjustment' AND w.workspace_id = ${workspaceId} AND a.workspace_id = ${workspaceId}`,
  )
}

async function deliver(record: Sent[], senderId: string, worker: string): Promise<void> {
  const now = clinic.now()
  const due = await clinic.within(
    ({ sql, workspaceId }) => sql<{ id: string }[]>`
      SELECT c.id FROM campaigns c WHERE c.workspace_id = ${workspaceId} AND c.state IN ('scheduled','sending')
         AND (c.send_before <= ${now.toISOString()}::timestamptz OR EXISTS (SELECT 1 FROM slices s
               WHERE s.campaign_id = c.id AND s.done_at IS NULL AND s.due_at <= ${now.toISOString()}::timestamptz)) ORDER BY c.id`,
  )
  const office = openPostOffice((message) => {
    const of = (name: string) => message.template.parameters.body.find((one) => one.name === name)!.text
    record.push({
      number: of('invoice'),
      step: of('step'),
      owed: Number(of('amount')),
      at: now.getTime(),
      phone: message.to,
    })
    return accepted(message)
  })
  for (const { id } of due) await send(clinic, id, office, worker)
  if (office.handedIn.length > 0)
    await tell(
      clinic,
      senderId,
      office.handedIn.map((of) => ({ of, status: 'delivered' as const })),
    )
}

const lineOf = ({ number, step: key, at, owed }: Due) =>
  `${number} ${key} ${new Date(at).toISOString()} ${owed}`

describe(IS_FULL ? 'a year of reminders' : 'a month of reminders', () => {
  it('goes message by message as an independent reckoning says, in time, in words and in amount', () => {
    const expected = reckon(world, RUNGS, OFF, 'ID').map(lineOf).sort()
    expect(expected.length).toBeGreaterThan(IS_FULL ? 4_000 : 100)
    expect(sent.map(lineOf).sort()).toEqual(expected)
  })

  it('reaches everybody in all nine zones', () => {
    const zones = new Map(world.debtors.map(({ phone, place }) => [phone, place.zone]))
    expect(new Set(sent.map(({ phone }) => zones.get(phone))).size).toBe(9)
  })

  it('never outside nine to six on anybody’s clock, and never on a Sunday but where that is allowed', () => {
    const places = new Map(world.debtors.map(({ number, place }) => [number, place]))
    const rude = sent.filter(({ number, at }) => {
      const { zone, country } = places.get(number)!
      const clock = new Date(wallClock(at, zone))
      return (
        clock.getUTCHours() < 9 || clock.getUTCHours() >= 18 || (clock.getUTCDay() === 0 && country !== 'US')
      )
    })
    expect(rude).toEqual([])
  })

  it('never after the payment, not by one', () => {
    const debtors = new Map(world.debtors.map((one) => [one.number, one]))
    const late = sent.filter(({ number, at }) => {
      const { deeds, owed } = debtors.get(number)!
      const paid = deeds.reduce(
        (sum, deed) => (deed.kind === 'pay' && deed.at <= at ? sum + deed.amount : sum),
        0,
      )
      return paid >= owed
    })
    expect(late).toEqual([])
  })

  it('each step at most once for an invoice', () => {
    const steps = sent.map(({ number, step: key }) => `${number} ${key}`)
    expect(new Set(steps).size).toBe(steps.length)
  })

  it(
    'and at its end every hold is empty and every rupiah accounted for',
    async () => {
      clinic.at(new Date(world.end + 30 * 24 * HOUR))
      const open = await clinic.within(
        ({ sql }) =>
          sql<
            { id: string }[]
          >`SELECT id FROM campaigns WHERE state NOT IN ('settled','expired','cancelled')`,
      )
      for (const { id } of open) await close(clinic, id)
      const books = await booksOf(clinic)
      expect(books.held).toBe(0n)
      expect(books.wallet + books.spent).toBe(funded)
      const [charged] = await clinic.within(
        ({ sql }) => sql<{ n: number }[]>`SELECT count(*)::int AS n FROM charges`,
      )
      expect(charged!.n).toBe(sent.length)
    },
    LONGEST_MS,
  )
})
