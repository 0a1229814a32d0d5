import { DateTime } from 'luxon'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  allMessages,
  booksOf,
  draft,
  expectStatus,
  launch,
  makeSender,
  makeTemplate,
  quote,
  topUp,
  walletOf,
  witnessOf,
} from '../support/campaign.ts'
import { openKlinikSehat } from '../support/cast.ts'
import { type Contact, makeList, patients } from '../support/contacts.ts'
import { follow } from '../support/follow.ts'
import { type Stack, startStack } from '../support/stack.ts'

let stack: Stack
beforeAll(async () => {
  stack = await startStack()
})
afterAll(() => stack?.stop())

async function clinic(people: Contact[]) {
  const firm = await openKlinikSehat(stack)
  await topUp(firm, '100000.00', 'transfer-1')
  const list_id = await makeList(stack, firm, people)
  const sender_id = await makeSender(firm, { delivered: 1, lifetime_seconds: 3 })
  return { firm, parts: { list_id, sender_id, template_id: await makeTemplate(firm.budi) } }
}

/** The wall-clock time in a zone so many seconds from now. */
function localTime(zone: string, seconds: number): string {
  return DateTime.now().setZone(zone).plus({ seconds }).toFormat("yyyy-MM-dd'T'HH:mm:ss")
}

describe('a campaign for a time to come', () => {
  it('waits for it on the clock of its zone, and not a moment less', async () => {
    const { firm, parts } = await clinic(patients(5))
    const schedule = { at: localTime('Asia/Jakarta', 8), time_zone: 'Asia/Jakarta' }
    const { id, submitted } = await launch(firm.budi, parts, { schedule })
    expect(submitted.state).toBe('scheduled')
    const startsAt = DateTime.fromISO(schedule.at, { zone: schedule.time_zone }).toMillis()
    expect(Date.parse(submitted.starts_at)).toBe(startsAt)
    const [waiting] = await allMessages(firm.joko, id)
    expect(waiting!.explanation).toMatch(/^will be sent from .* GMT\+7$/)
    await follow(stack, firm.joko, id)
    for (const { sent_at } of await allMessages(firm.joko, id)) {
      expect(Date.parse(sent_at!)).toBeGreaterThanOrEqual(startsAt)
      expect(Date.parse(sent_at!)).toBeLessThan(startsAt + 5_000)
    }
  })

  it('reaches each recipient on their own clock', async () => {
    const [inJakarta, inJayapura, inTurkey] = patients(3)
    const { firm, parts } = await clinic([
      { ...inJakarta!, timeZone: 'Asia/Jakarta' },
      { ...inJayapura!, timeZone: 'Asia/Jayapura' },
      { ...inTurkey!, timeZone: 'Europe/Istanbul' },
    ])
    const schedule = { at: localTime('Asia/Jakarta', 6), time_zone: 'recipient' }
    const { id } = await launch(firm.budi, parts, { schedule })
    const { events } = await follow(
      stack,
      firm.joko,
      id,
      ({ counts }) => counts.delivered + counts.read === 2 && counts.queued === 1,
    )
    expect(events.at(-1)).toMatchObject({ state: 'sending', counts: { total: 3 } })
    const [last] = await allMessages(firm.joko, id, '&state=queued')
    expect(last).toMatchObject({
      phone: inTurkey!.phone,
      explanation: expect.stringContaining('will be sent'),
    })
    expectStatus(await firm.budi.post(`/v1/campaigns/${id}/cancellation`, {}), 200)
    expect((await follow(stack, firm.joko, id)).events.at(-1).money.released.amount).toBe('356.65')
    expect(await walletOf(firm)).toEqual({ available: '99286.70', held: '0.00', spent: '713.30' })
    expect(await witnessOf(stack, parts.sender_id)).toMatchObject({ accepted: 2 })
    expect(await booksOf(firm)).toEqual([])
  })

  it('keeps to the hours of its window on each recipient’s clock', async () => {
    const { firm, parts } = await clinic(patients(2))
    const opensAt = DateTime.now().setZone('Asia/Jakarta').plus({ hours: 3 }).startOf('hour')
    const window = { from: opensAt.toFormat('HH:mm'), to: opensAt.plus({ hours: 2 }).toFormat('HH:mm') }
    const schedule = { at: localTime('Asia/Jakarta', 60), time_zone: 'Asia/Jakarta', window }
    const { id, submitted } = await launch(firm.budi, parts, { schedule })
    expect(Date.parse(submitted.starts_at)).toBe(opensAt.toMillis())
    expect(submitted.schedule).toEqual(schedule)
    expectStatus(await firm.budi.post(`/v1/campaigns/${id}/cancellation`, {}), 200)
  })

  it('leaves out whom no hour suits, and says so', async () => {
    const [here, nowhere] = patients(2)
    const { firm, parts } = await clinic([here!, { ...nowhere!, timeZone: 'Mars/Olympus' }])
    const schedule = { at: localTime('Asia/Jakarta', 3600), time_zone: 'recipient' }
    const quoted = await quote(firm.budi, await draft(firm.budi, parts, { schedule }))
    expect(quoted).toMatchObject({ recipients: 1, excluded: [{ reason: 'no_hour_fits', count: 1 }] })
  })
})

describe('a schedule that cannot be kept', () => {
  const jakarta = 'Asia/Jakarta'
  it.each([
    ['in the past', { at: '2020-01-01T09:00:00', time_zone: jakarta }, 'schedule.at'],
    ['years ahead', { at: '2099-01-01T09:00:00', time_zone: jakarta }, 'schedule.at'],
    ['on a day that is none', { at: '2027-02-30T09:00:00', time_zone: jakarta }, 'schedule.at'],
    ['with an offset', { at: '2027-02-20T09:00:00+07:00', time_zone: jakarta }, 'schedule.at'],
    ['in no zone', { at: localTime(jakarta, 3600), time_zone: 'Asia/Nowhere' }, 'schedule.time_zone'],
    ['without a zone', { at: localTime(jakarta, 3600) }, 'schedule.time_zone'],
    ['both now and later', { now: true, at: localTime(jakarta, 3600), time_zone: jakarta }, 'schedule.now'],
    [
      'ending before it begins',
      { at: localTime(jakarta, 3600), time_zone: jakarta, send_before: new Date().toISOString() },
      'schedule.send_before',
    ],
  ])('%s is refused and named', async (_, schedule, path) => {
    const { firm, parts } = await clinic([])
    const { list_id, ...rest } = parts
    const body = { name: 'Reminders', ...rest, audience: { list_id }, schedule }
    const { status, body: problem } = await firm.budi.post('/v1/campaigns', body)
    expect([status, problem.code]).toEqual([400, 'validation_failed'])
    expect(problem.errors.map((error: { path: string }) => error.path)).toContain(path)
  })
})
