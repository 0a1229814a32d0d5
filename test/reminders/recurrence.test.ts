import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { unwrap } from '../../src/platform/result.ts'
import {
  approveRecurrence,
  editRecurrence,
  foresee,
  listOccurrences,
  makeRecurrence,
  moveRecurrence,
  type RecurrenceWords,
  revokeRecurrence,
} from '../../src/reminders/index.ts'
import { auditWorkspace } from '../../src/reports/index.ts'
import { booksOf, type Clinic, fund, makeParts, openClinic, PRICE, patients } from '../campaigns/clinic.ts'
import { openPostOffice } from '../campaigns/post.ts'
import { LARGE, plan, sendDue } from './ladder.ts'

const PEOPLE = 4
const jakarta = (day: string, clock: string) => new Date(`${day}T${clock}:00+07:00`)
/** Mondays at nine; the clinic's own clock begins on Monday the 23rd of November, at nine. */
const MONDAYS = { kind: 'cron', text: '0 9 * * 1' } as const

let clinic: Clinic
let parts: Awaited<ReturnType<typeof makeParts>>
beforeEach(async () => {
  clinic = await openClinic()
  parts = await makeParts(clinic, patients(PEOPLE))
}, 60_000)
afterEach(() => clinic.close())

async function recurring(
  more: Partial<RecurrenceWords> = {},
  caps: typeof LARGE | null = LARGE,
): Promise<string> {
  const words: RecurrenceWords = {
    name: 'Weekly news',
    ...parts,
    rule: MONDAYS,
    startsAt: '2026-11-01T09:00:00',
    timeZone: 'Asia/Jakarta',
    whenShort: 'block',
    ...more,
  }
  const { id } = unwrap(await clinic.as('budi', (scope) => makeRecurrence(scope, words)))
  if (caps) unwrap(await clinic.as('sari', (scope) => approveRecurrence(scope, id, caps)))
  unwrap(await clinic.as('budi', (scope) => moveRecurrence(scope, id, 'active')))
  return id
}

async function fates(id: string): Promise<string[]> {
  const { items } = await clinic.within((scope) =>
    listOccurrences(scope, id, { limit: 50, after: undefined }),
  )
  return items
    .map(({ at, state, reason }) => [at.slice(0, 10), state, reason].filter(Boolean).join(' '))
    .reverse()
}

/** How many messages go at this moment. */
async function turn(at: Date): Promise<number> {
  clinic.at(at)
  await plan(clinic)
  const office = openPostOffice()
  await sendDue(clinic, office)
  return office.handedIn.length
}

describe('a campaign that comes again', () => {
  it('goes each time once, to everybody on its list, however often it is planned', async () => {
    await fund(clinic, '100000')
    const id = await recurring()
    const sent: string[] = []
    for (
      let at = jakarta('2026-11-23', '10:00').getTime();
      at < jakarta('2026-12-15', '00:00').getTime();
      at += 3_600_000
    ) {
      const gone = await turn(new Date(at))
      if (gone > 0) sent.push(`${new Date(at + 7 * 3_600_000).toISOString().slice(0, 13)} ${gone}`)
    }
    expect(sent).toEqual(['2026-11-30T09 4', '2026-12-07T09 4', '2026-12-14T09 4'])
    expect(await fates(id)).toEqual(['2026-11-30 planned', '2026-12-07 planned', '2026-12-14 planned'])
    expect((await clinic.within(auditWorkspace)).checks.filter(({ ok }) => !ok)).toEqual([])
  })

  it('is planned an hour before, with its money held', async () => {
    await fund(clinic, '100000')
    await recurring()
    await turn(jakarta('2026-11-30', '07:59'))
    expect(await booksOf(clinic)).toMatchObject({ held: 0n })
    expect(await turn(jakarta('2026-11-30', '08:00'))).toBe(0)
    expect(await booksOf(clinic)).toMatchObject({ held: BigInt(PEOPLE) * PRICE })
  })

  it('never sends what an outage has missed, and says so', async () => {
    await fund(clinic, '100000')
    const id = await recurring()
    expect(await turn(jakarta('2026-12-08', '12:00'))).toBe(0)
    expect(await turn(jakarta('2026-12-14', '14:59'))).toBe(PEOPLE)
    expect(await fates(id)).toEqual([
      '2026-11-30 skipped missed',
      '2026-12-07 skipped missed',
      '2026-12-14 planned',
    ])
  })

  it('sends nothing that was due before it was set going, or while it stood still', async () => {
    await fund(clinic, '100000')
    clinic.at(jakarta('2026-11-30', '09:01'))
    const id = await recurring()
    expect(await turn(jakarta('2026-11-30', '09:05'))).toBe(0)
    unwrap(await clinic.as('sari', (scope) => moveRecurrence(scope, id, 'paused')))
    expect(await turn(jakarta('2026-12-07', '09:05'))).toBe(0)
    unwrap(await clinic.as('budi', (scope) => moveRecurrence(scope, id, 'active')))
    expect(await turn(jakarta('2026-12-07', '09:10'))).toBe(0)
    expect(await turn(jakarta('2026-12-14', '09:00'))).toBe(PEOPLE)
    expect(await fates(id)).toEqual(['2026-12-14 planned'])
  })

  it('waits for its approval, which an edit voids, and for money, as long as its time lasts', async () => {
    const id = await recurring({}, null)
    await turn(jakarta('2026-11-30', '09:00'))
    expect(await fates(id)).toEqual(['2026-11-30 held no_standing_approval'])
    unwrap(await clinic.as('sari', (scope) => approveRecurrence(scope, id, LARGE)))
    await turn(jakarta('2026-11-30', '09:30'))
    expect(await fates(id)).toEqual(['2026-11-30 held insufficient_funds'])
    await fund(clinic, '100000')
    expect(await turn(jakarta('2026-11-30', '10:00'))).toBe(PEOPLE)
    unwrap(
      await clinic.as('budi', (scope) =>
        editRecurrence(scope, id, {
          name: 'Other news',
          rule: { kind: 'rrule', text: 'FREQ=WEEKLY;BYDAY=TU' },
        }),
      ),
    )
    await turn(jakarta('2026-12-08', '09:00'))
    expect((await fates(id)).at(-1)).toBe('2026-12-08 held no_standing_approval')
    await turn(jakarta('2026-12-08', '15:00'))
    expect((await fates(id)).at(-1)).toBe('2026-12-08 skipped missed')
  })

  it('goes no further than its caps', async () => {
    await fund(clinic, '100000')
    const money = (amount: string) => ({ amount, currency: 'IDR' })
    const id = await recurring(
      { whenShort: 'partial' },
      { run: money('800'), day: money('9000'), month: money('9000') },
    )
    expect(await turn(jakarta('2026-11-30', '09:00'))).toBe(2)
    expect(await fates(id)).toEqual(['2026-11-30 planned'])
  })

  it('is planned once where many plan at the same moment', async () => {
    await fund(clinic, '100000')
    const id = await recurring()
    clinic.at(jakarta('2026-11-30', '09:00'))
    await Promise.all(Array.from({ length: 5 }, () => plan(clinic)))
    expect(await fates(id)).toEqual(['2026-11-30 planned'])
    expect(await booksOf(clinic)).toMatchObject({ held: BigInt(PEOPLE) * PRICE })
  })

  it('is approved by nobody who wrote it, and no longer once that is taken back', async () => {
    const id = await recurring({}, null)
    expect(await clinic.as('budi', (scope) => approveRecurrence(scope, id, LARGE))).toMatchObject({
      ok: false,
      reason: 'forbidden',
    })
    unwrap(await clinic.as('dewi', (scope) => editRecurrence(scope, id, { name: 'By Dewi' })))
    expect(await clinic.as('dewi', (scope) => approveRecurrence(scope, id, LARGE))).toMatchObject({
      ok: false,
      reason: 'self_approval',
    })
    unwrap(await clinic.as('sari', (scope) => approveRecurrence(scope, id, LARGE)))
    unwrap(await clinic.as('sari', (scope) => revokeRecurrence(scope, id)))
    await turn(jakarta('2026-11-30', '09:00'))
    expect(await fates(id)).toEqual(['2026-11-30 held no_standing_approval'])
  })

  it('is foreseen with what it will cost, and lack', async () => {
    await fund(clinic, '2000')
    await recurring()
    const { days } = await clinic.within((scope) => foresee(scope, { days: 20 }))
    expect(
      days.map(({ day, costMinor, lackingMinor }) => [day, costMinor / PRICE, lackingMinor > 0n]),
    ).toEqual([
      ['2026-11-30', 4n, false],
      ['2026-12-07', 4n, true],
    ])
    await turn(jakarta('2026-11-30', '09:00'))
    const later = await clinic.within((scope) => foresee(scope, { days: 8 }))
    expect(later.days.map(({ day }) => day)).toEqual(['2026-12-07'])
  })
})
