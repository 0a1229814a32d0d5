import { describe, expect, it } from 'vitest'
import { CAMPAIGN_STATES, EDITABLE, mayMove } from '../../src/campaigns/lifecycle.ts'
import { dueAt, latestStart, SEND_WITHIN_MS, windowZones } from '../../src/campaigns/schedule.ts'
import { possibleZones } from '../../src/campaigns/zones.ts'

/** Every way that there is; all that is not here is none. */
const WAYS = `
  draft quoted, draft cancelled, quoted draft, quoted pending_approval, quoted scheduled, quoted waiting_for_funds,
  quoted cancelled, waiting_for_funds quoted, waiting_for_funds pending_approval, waiting_for_funds scheduled,
  waiting_for_funds cancelled, waiting_for_funds expired, pending_approval scheduled, pending_approval rejected,
  pending_approval cancelled, pending_approval expired, scheduled sending, scheduled paused, scheduled cancelled,
  scheduled expired, sending paused, sending completing, sending cancelled, sending expired, paused sending,
  paused scheduled, paused cancelled, paused expired, paused completing, completing settled,
  pending_approval paused, paused pending_approval`

describe('a campaign', () => {
  it('goes the ways that the table names and no other, and is edited before it is submitted', () => {
    const all = CAMPAIGN_STATES.flatMap((from) =>
      CAMPAIGN_STATES.filter((to) => mayMove(from, to)).map((to) => `${from} ${to}`),
    )
    expect(all.sort()).toEqual(
      WAYS.split(',')
        .map((way) => way.trim())
        .sort(),
    )
    expect(EDITABLE).toEqual(['draft', 'quoted'])
    expect(SEND_WITHIN_MS).toBe(86_400_000)
  })

  const now = new Date('2026-12-01T00:00:00Z')
  const at = '2026-12-01T09:00:00'

  it('is due now, at its own zone’s time, or when it is time for the last of a recipient’s zones', () => {
    expect(dueAt({ now: true }, [], now)).toEqual(now)
    expect(dueAt({ at, timeZone: 'Asia/Jakarta' }, [], now)?.toISOString()).toBe('2026-12-01T02:00:00.000Z')
    const own = { at, timeZone: 'recipient' }
    expect(dueAt(own, ['Asia/Jakarta', 'Asia/Jayapura'], now)?.toISOString()).toBe('2026-12-01T02:00:00.000Z')
    expect(dueAt(own, [], now)).toBeUndefined()
    const later = new Date('2026-12-01T05:00:00Z')
    expect(dueAt(own, ['Asia/Jakarta'], later)).toEqual(later)
  })

  it('keeps to its window by the clock of its time', () => {
    const window = { from: '10:00', to: '12:00' }
    const zoned = { at, timeZone: 'Asia/Jakarta', window }
    expect(dueAt(zoned, ['Europe/Paris'], now)?.toISOString()).toBe('2026-12-01T03:00:00.000Z')
    expect(windowZones(zoned, ['Europe/Paris'])).toBe('Asia/Jakarta')
    expect(windowZones({ ...zoned, timeZone: 'recipient' }, ['Asia/Jakarta', 'Asia/Makassar'])).toBe(
      'Asia/Jakarta,Asia/Makassar',
    )
    expect(windowZones({ at, timeZone: 'recipient' }, ['Asia/Jakarta'])).toBeNull()
    expect(windowZones({ now: true }, ['Asia/Jakarta'])).toBeNull()
  })

  it('has begun for everyone when it has in Pago Pago', () => {
    expect(latestStart({ at, timeZone: 'recipient' }).toISOString()).toBe('2026-12-01T20:00:00.000Z')
    expect(latestStart({ at, timeZone: 'Asia/Jakarta' }).toISOString()).toBe('2026-12-01T02:00:00.000Z')
  })
})

describe('the zones of a recipient', () => {
  it.each([
    ['+6281234567890', 'Europe/Paris', ['Europe/Paris']],
    ['+6281234567890', 'Nowhere/Land', []],
    ['+6281234567890', null, ['Asia/Jakarta', 'Asia/Jayapura', 'Asia/Makassar', 'Asia/Pontianak']],
    ['+6591234567', null, ['Asia/Singapore']],
    ['+6591234568', null, ['Asia/Singapore']],
    ['+999', null, []],
    ['nonsense', null, []],
  ])('%s with %s: %j', (phone, own, zones) => {
    expect([...possibleZones(phone, own)].sort()).toEqual(zones)
  })
})
