import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { unwrap } from '../../src/platform/result.ts'
import {
  disputeInvoice,
  editSequence,
  findSequence,
  foresee,
  forewarn,
  promiseInvoice,
} from '../../src/reminders/index.ts'
import { booksOf, type Clinic, fund, openClinic, PRICE } from '../campaigns/clinic.ts'
import { fates, makeLadder, owe, pay, plan, sendDue, step } from './ladder.ts'

const SITI = '+6281200000001'
const AGUS = '+6281200000002'
const jakarta = (day: string, clock: string) => new Date(`${day}T${clock}:00+07:00`)
const owes = (number: string, dueDate: string, phone = SITI) =>
  owe(clinic, { number, phone, dueDate, zone: 'Asia/Jakarta' })

let clinic: Clinic
beforeEach(async () => {
  clinic = await openClinic()
}, 60_000)
afterEach(() => clinic.close())

const look = (days = 14) => clinic.within((scope) => foresee(scope, { days }))

/** Each day with its messages, its cost in messages and what it lacks, likewise. */
async function calendar(days?: number): Promise<string[]> {
  const seen = await look(days)
  return seen.days.map(
    ({ day, runs, costMinor, lackingMinor }) =>
      `${day} ${runs.map((run) => `${run.messages} ${run.standing}`).join(', ')}: ${costMinor / PRICE} lacks ${lackingMinor / PRICE}`,
  )
}

async function warnings(): Promise<{ day: string; sentence: string }[]> {
  return clinic.within(
    ({ sql, workspaceId }) => sql<{ day: string; sentence: string }[]>`
      SELECT facts ->> 'day' AS day, facts ->> 'sentence' AS sentence FROM audit_events
       WHERE workspace_id = ${workspaceId} AND action = 'wallet.will_lack' ORDER BY at`,
  )
}

describe('what is coming', () => {
  it('stands in a calendar against the balance, a day that lacks with what it lacks', async () => {
    await fund(clinic, '1000')
    await makeLadder(clinic, [step('before', -2), step('due', 0)])
    await owes('INV-1', '2026-12-03')
    await owes('INV-2', '2026-12-03', AGUS)
    // Two messages at 356.65 on each of two days, and 1,000 to pay them with.
    expect(await calendar()).toEqual(['2026-12-01 2 counted: 2 lacks 0', '2026-12-03 2 counted: 2 lacks 1'])
    const [, last] = (await look()).days
    expect(last!.leftMinor).toBe(10_000_000n - 4n * PRICE)
    expect(last!.lackingMinor).toBe(4n * PRICE - 10_000_000n)
  })

  it('is what the plan then does, day by day, holidays and Sundays among them', async () => {
    await fund(clinic, '100000')
    await makeLadder(clinic, [step('before', -3), step('due', 0), step('after', 2, { unit: 'working_days' })])
    for (const [n, due] of ['2026-12-04', '2026-12-06', '2026-12-24', '2026-12-26', '2026-12-12'].entries())
      await owes(`INV-${n}`, due, n % 2 ? AGUS : SITI)
    const foreseen = (await look(45)).days.map(({ day, costMinor }) => `${day} ${costMinor / PRICE}`)
    const gone: string[] = []
    for (
      let at = jakarta('2026-11-23', '10:00').getTime();
      at < jakarta('2027-01-06', '10:00').getTime();
      at += 86_400_000
    ) {
      clinic.at(new Date(at))
      await plan(clinic)
      const sent = await sendDue(clinic)
      if (sent.length > 0) gone.push(`${new Date(at).toISOString().slice(0, 10)} ${sent.length}`)
    }
    expect(foreseen.length).toBeGreaterThan(8)
    expect(gone).toEqual(foreseen)
  })

  it('says nothing of what is paid, disputed, promised beyond the day, blocked or gone already', async () => {
    await fund(clinic, '100000')
    await makeLadder(clinic, [step('due', 0)])
    for (const [number, phone] of [
      ['PAID', '+6281200000011'],
      ['DISPUTED', '+6281200000012'],
      ['PROMISED', '+6281200000013'],
      ['BLOCKED', '+6281200000014'],
      ['LEFT', '+6281200000015'],
    ] as const)
      await owes(number, '2026-12-03', phone)
    unwrap(await pay(clinic, 'PAID'))
    unwrap(await clinic.as('budi', (scope) => disputeInvoice(scope, { number: 'DISPUTED' })))
    unwrap(await clinic.as('budi', (scope) => promiseInvoice(scope, { number: 'PROMISED' }, '2026-12-03')))
    await clinic.within(
      ({ sql, workspaceId, now }) => sql`
        INSERT INTO suppressions (id, workspace_id, phone, scope, reason, created_by, created_at)
        VALUES (gen_random_uuid(), ${workspaceId}, '+6281200000014', 'all', 'asked', 'test', ${now.toISOString()}::timestamptz)`,
    )
    expect(await calendar()).toEqual(['2026-12-03 1 counted: 1 lacks 0'])
    clinic.at(jakarta('2026-12-03', '09:30'))
    await plan(clinic)
    expect(await sendDue(clinic)).toEqual(['LEFT 150000'])
    expect(await calendar()).toEqual([])
  })

  it('counts money that is set aside as set aside, once', async () => {
    await fund(clinic, '500')
    await makeLadder(clinic, [step('due', 0)])
    await owes('INV-1', '2026-12-03')
    clinic.at(jakarta('2026-12-02', '17:00'))
    await plan(clinic)
    expect(await booksOf(clinic)).toMatchObject({ held: PRICE })
    expect(await calendar()).toEqual(['2026-12-03 1 held: 0 lacks 0'])
  })

  it('tells apart what nobody has approved, and what is more than a run may cost', async () => {
    await fund(clinic, '100')
    const money = (amount: string) => ({ amount, currency: 'IDR' })
    const caps = { run: money('400'), day: money('9000'), month: money('9000') }
    const { id } = await makeLadder(clinic, [step('due', 0)], { caps })
    await owes('INV-1', '2026-12-03')
    await owes('INV-2', '2026-12-03', AGUS)
    expect(await calendar()).toEqual(['2026-12-03 2 over_cap: 2 lacks 1'])
    unwrap(await clinic.as('budi', (scope) => editSequence(scope, id, { name: 'Renamed', mostMessages: 5 })))
    expect(unwrap(await clinic.within((scope) => findSequence(scope, id))).version).toBe(2)
    expect(await calendar()).toEqual(['2026-12-03 2 unapproved: 0 lacks 0'])
  })

  it('says whose day is not known, and why', async () => {
    await makeLadder(clinic, [step('after', 3, { unit: 'working_days' })], { country: 'KE' })
    await owes('INV-1', '2026-12-03')
    expect((await look()).unknown).toEqual([{ reason: 'missing_calendar', invoices: 1 }])
  })
})

describe('a warning', () => {
  it('comes a week ahead at the most, once a day, and stops when the money is there', async () => {
    await fund(clinic, '100')
    await makeLadder(clinic, [step('due', 0)])
    await owes('INV-1', '2026-12-04')
    const warned: boolean[] = []
    const turn = async () => warned.push(await clinic.within(forewarn))
    clinic.at(jakarta('2026-11-27', '12:00'))
    await turn()
    clinic.at(jakarta('2026-11-28', '12:00'))
    await turn()
    await turn()
    clinic.at(jakarta('2026-11-29', '00:01'))
    await turn()
    await fund(clinic, '300')
    clinic.at(jakarta('2026-11-30', '12:00'))
    await turn()
    expect(warned).toEqual([false, true, false, true, false])
    expect(await warnings()).toEqual(
      Array(2).fill({
        day: '2026-12-04',
        sentence:
          'The runs of Friday, 4 December will lack 256.65 IDR: top up at least that before then, or they wait or go out in part.',
      }),
    )
  })

  it('is given once, however many look at the same moment', async () => {
    await makeLadder(clinic, [step('due', 0)])
    await owes('INV-1', '2026-11-25')
    const told = await Promise.all(Array.from({ length: 5 }, () => clinic.within(forewarn)))
    expect(told.filter(Boolean)).toEqual([true])
    expect(await fates(clinic)).toEqual([])
  })
})
