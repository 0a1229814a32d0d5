import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { setCalendar, setDecencyRule, setDecencySettings, shippedDecency } from '../../src/delivery/index.ts'
import { unwrap } from '../../src/platform/result.ts'
import { type Clinic, draft, fund, launch, MONDAY, makeParts, openClinic, patients, quote } from './clinic.ts'
import { openPostOffice, send } from './post.ts'

let clinic: Clinic
beforeEach(async () => {
  await clinic?.close()
  clinic = await openClinic()
  await fund(clinic, '1000000.00')
})
afterAll(() => clinic?.close())

type Settings = Parameters<typeof setDecencySettings>[1]

async function ask(settings: Partial<Settings>): Promise<void> {
  const whole = { campaignsPurpose: null, cap: null, ...settings }
  unwrap(await clinic.as('ratna', (scope) => setDecencySettings(scope, whole)))
}

const JAKARTA = { timeZone: 'Asia/Jakarta' }
const inJakarta = (count: number, from = 0) => patients(count, from).map((one) => ({ ...one, ...JAKARTA }))

describe('a workspace that keeps quiet hours', () => {
  it('sends what is wanted now at the next decent moment, and not before', async () => {
    await ask({ campaignsPurpose: 'collection' })
    clinic.at(new Date('2026-12-24T14:00:00Z'))
    const office = openPostOffice()
    const id = await launch(clinic, await makeParts(clinic, inJakarta(3)))
    // Christmas Eve, Christmas, then Saturday at eight.
    for (const early of ['2026-12-24T14:00:00Z', '2026-12-25T03:00:00Z', '2026-12-26T00:59:59Z']) {
      clinic.at(new Date(early))
      expect(await send(clinic, id, office)).toBe(0)
    }
    clinic.at(new Date('2026-12-26T01:00:00Z'))
    expect(await send(clinic, id, office)).toBe(3)
  })

  it('looks again at the moment of sending: what an outage carried into the night waits for the morning', async () => {
    await ask({ campaignsPurpose: 'collection' })
    const office = openPostOffice()
    const id = await launch(clinic, await makeParts(clinic, inJakarta(3)))
    clinic.at(new Date('2026-11-23T13:00:00Z'))
    expect(await send(clinic, id, office)).toBe(0)
    clinic.at(new Date('2026-11-24T01:00:00Z'))
    expect(await send(clinic, id, office)).toBe(3)
  })

  it('follows a calendar that was imported after the campaign was submitted', async () => {
    await ask({ campaignsPurpose: 'collection' })
    const office = openPostOffice()
    const id = await launch(clinic, await makeParts(clinic, inJakarta(2)))
    const shipped = shippedDecency().calendars.find(({ country, year }) => country === 'ID' && year === 2026)!
    const days = [...shipped.days, { day: '2026-11-23', name: 'Pilkada' }]
    unwrap(await clinic.as('ratna', (scope) => setCalendar(scope, { ...shipped, days })))
    expect(await send(clinic, id, office)).toBe(0)
    clinic.at(new Date('2026-11-24T01:00:00Z'))
    expect(await send(clinic, id, office)).toBe(2)
  })

  it('leaves out, with the reason, whom it does not know when to write to', async () => {
    await ask({ campaignsPurpose: 'collection' })
    const lost = { ...inJakarta(1, 7)[0]!, timeZone: 'Asia/Atlantis' }
    const id = await draft(clinic, await makeParts(clinic, [...inJakarta(2), lost]))
    expect(await quote(clinic, id)).toMatchObject({
      recipients: 2,
      excluded: [{ reason: 'unknown_zone', count: 1 }],
    })
    clinic.at(new Date('2027-12-31T14:00:00Z'))
    const { recipients, excluded } = await quote(clinic, id)
    expect(recipients).toBe(0)
    expect(excluded).toContainEqual({ reason: 'missing_calendar', count: 2 })
  })

  it('keeps a window of the campaign’s own as well, and its own rule in the place of the shipped one', async () => {
    await ask({ campaignsPurpose: 'reminder' })
    const rule = shippedDecency().rules.find((one) => one.country === 'ID' && one.purpose === 'reminder')!
    const hours = [{ days: [2, 3], from: '10:00', to: '12:00' }]
    unwrap(await clinic.as('ratna', (scope) => setDecencyRule(scope, { ...rule, hours })))
    const schedule = {
      at: '2026-11-23T11:30:00',
      timeZone: 'Asia/Jakarta',
      window: { from: '11:00', to: '13:00' },
    }
    const office = openPostOffice()
    const id = await launch(clinic, await makeParts(clinic, inJakarta(2)), { schedule })
    clinic.at(new Date('2026-11-24T03:59:00Z'))
    expect(await send(clinic, id, office)).toBe(0)
    clinic.at(new Date('2026-11-24T04:00:00Z'))
    expect(await send(clinic, id, office)).toBe(2)
  })

  it('that keeps none sends at once, as before', async () => {
    clinic.at(new Date('2026-11-22T20:00:00Z'))
    const id = await launch(clinic, await makeParts(clinic, inJakarta(2)))
    expect(await send(clinic, id, openPostOffice())).toBe(2)
  })
})

describe('a cap over all campaigns', () => {
  it('leaves out whoever has had, or is owed, as many messages as are allowed', async () => {
    await ask({ cap: { messages: 2, days: 7 } })
    clinic.at(MONDAY)
    const parts = await makeParts(clinic, inJakarta(3))
    const office = openPostOffice()
    const first = await launch(clinic, parts)
    expect(await send(clinic, first, office)).toBe(3)
    clinic.later(60_000)
    await launch(clinic, parts, { schedule: { at: '2026-11-24T09:00:00', timeZone: 'Asia/Jakarta' } })
    const third = await quote(clinic, await draft(clinic, parts))
    expect(third.recipients).toBe(0)
    expect(third.excluded).toMatchObject([{ reason: 'too_often', count: 3 }])
    const others = await quote(clinic, await draft(clinic, await makeParts(clinic, inJakarta(4, 1))))
    expect(others.recipients).toBe(2)
  })

  it('forgets what is longer ago', async () => {
    await ask({ cap: { messages: 1, days: 7 } })
    const parts = await makeParts(clinic, inJakarta(2))
    expect(await send(clinic, await launch(clinic, parts), openPostOffice())).toBe(2)
    clinic.later(7 * 24 * 60 * 60 * 1_000 - 60_000)
    expect((await quote(clinic, await draft(clinic, parts))).recipients).toBe(0)
    clinic.later(2 * 60_000)
    expect((await quote(clinic, await draft(clinic, parts))).recipients).toBe(2)
  })
})
