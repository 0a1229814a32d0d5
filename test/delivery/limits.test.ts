import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { findCampaign, viewCampaign } from '../../src/campaigns/index.ts'
import { claimSlice, type Slice } from '../../src/delivery/claim.ts'
import { describeDays, findRun, planDays } from '../../src/delivery/index.ts'
import { openAttempts } from '../../src/delivery/open-attempts.ts'
import { keepPortfolio } from '../../src/delivery/portfolio.ts'
import { unwrap } from '../../src/platform/result.ts'
import { auditWorkspace } from '../../src/reports/index.ts'
import {
  type Clinic,
  draft,
  fund,
  launch,
  MONDAY,
  makeList,
  makeParts,
  makeSender,
  openClinic,
  patients,
  quote,
} from '../campaigns/clinic.ts'
import { openPostOffice, rowsOf, send, tend } from '../campaigns/post.ts'

let house: Clinic
let clinic: Clinic
beforeAll(async () => {
  house = await openClinic()
}, 60_000)
beforeEach(async () => {
  house.at(MONDAY)
  clinic = await house.openNeighbour()
  await fund(clinic, '1000000.00')
})
afterAll(() => house?.close())

const HOUR_MS = 3_600_000

/** The platform says how many people the sender's business may reach in a day. */
const allow = (senderId: string, limit: number | null, portfolioId?: string) =>
  clinic.within((scope) =>
    keepPortfolio(scope, senderId, {
      tier: { tier: limit === null ? 'TIER_UNLIMITED' : `TIER_${limit}`, limit },
      ...(portfolioId ? { portfolioId } : {}),
    }),
  )

const view = (id: string) =>
  clinic.within(async (scope) => viewCampaign(scope, unwrap(await findCampaign(scope, id)), 'IDR'))

describe('the daily allowance of a business', () => {
  it('lets as many people be reached as it says, waits, and goes on by itself on the next day', async () => {
    const parts = await makeParts(clinic, patients(12))
    await allow(parts.senderId, 5)
    const id = await launch(clinic, parts)
    const office = openPostOffice()
    expect(await send(clinic, id, office)).toBe(5)
    expect(await view(id)).toMatchObject({
      campaign: { state: 'sending' },
      counts: { sent: 5, queued: 7, failed: 0 },
      wait: { for: 'daily_allowance', until: new Date(MONDAY.getTime() + 24 * HOUR_MS) },
    })
    clinic.later(23 * HOUR_MS)
    expect(await send(clinic, id, office)).toBe(0)
    clinic.later(HOUR_MS)
    expect(await send(clinic, id, office)).toBe(5)
    clinic.later(24 * HOUR_MS)
    expect(await send(clinic, id, office)).toBe(2)
    expect(new Set(office.handedIn.map(({ to }) => to)).size).toBe(12)
    expect(await view(id)).toMatchObject({ counts: { sent: 12, queued: 0, expired: 0 }, wait: undefined })
    const { checks } = await clinic.within(auditWorkspace)
    expect(checks.flatMap((check) => check.differences)).toEqual([])
  })

  it('counts people and not messages: whoever was reached within the day is reached again for nothing', async () => {
    const parts = await makeParts(clinic, patients(4))
    const mixed = {
      ...parts,
      senderId: await makeSender(clinic),
      listId: await makeList(clinic, patients(6)),
    }
    for (const { senderId } of [parts, mixed]) await allow(senderId, 5, 'the-business')
    const office = openPostOffice()
    expect(await send(clinic, await launch(clinic, parts), office)).toBe(4)
    expect(await send(clinic, await launch(clinic, mixed), office)).toBe(5)
  })

  it('is shared by all senders of the business', async () => {
    const parts = await makeParts(clinic, patients(4))
    const other = {
      ...parts,
      senderId: await makeSender(clinic),
      listId: await makeList(clinic, patients(4, 50)),
    }
    for (const { senderId } of [parts, other]) await allow(senderId, 6, 'the-business')
    const office = openPostOffice()
    expect(await send(clinic, await launch(clinic, parts), office)).toBe(4)
    expect(await send(clinic, await launch(clinic, other), office)).toBe(2)
  })

  it('that grows lets what waits go on at once, and without a limit nothing waits', async () => {
    const parts = await makeParts(clinic, patients(12))
    await allow(parts.senderId, 5)
    const id = await launch(clinic, parts)
    const office = openPostOffice()
    expect(await send(clinic, id, office)).toBe(5)
    clinic.later(60_000)
    await allow(parts.senderId, 8)
    expect(await send(clinic, id, office)).toBe(3)
    clinic.later(60_000)
    await allow(parts.senderId, null)
    expect(await send(clinic, id, office)).toBe(4)
  })

  it('is kept when two workers send at once', async () => {
    const parts = await makeParts(clinic, patients(60))
    await allow(parts.senderId, 25)
    const id = await launch(clinic, parts)
    const office = openPostOffice()
    await Promise.all([send(clinic, id, office, 'wati'), send(clinic, id, office, 'made')])
    expect(office.handedIn).toHaveLength(25)
  })

  it('is shown with the quote, with the day on which the rest will go', async () => {
    const parts = await makeParts(clinic, patients(12))
    const id = await draft(clinic, parts)
    expect((await quote(clinic, id)).dailyAllowance).toBeNull()
    await allow(parts.senderId, 10)
    expect((await quote(clinic, id)).dailyAllowance).toMatchObject({
      tier: 'TIER_10',
      limit: 10,
      used: 0,
      days: [
        { date: '2026-11-23', recipients: 10 },
        { date: '2026-11-24', recipients: 2 },
      ],
      detail:
        'WhatsApp lets your business reach 10 people in 24 hours. Of 12 recipients 10 go today, 2 on Tuesday.',
    })
  })
})

describe('the days of a campaign', () => {
  const JAKARTA = 'Asia/Jakarta'
  it.each([
    [
      12_000,
      10_000,
      0,
      [
        ['2026-11-23', 10_000],
        ['2026-11-24', 2_000],
      ],
    ],
    [
      12_000,
      10_000,
      4_000,
      [
        ['2026-11-23', 6_000],
        ['2026-11-24', 6_000],
      ],
    ],
    [
      12_000,
      10_000,
      10_000,
      [
        ['2026-11-24', 10_000],
        ['2026-11-25', 2_000],
      ],
    ],
    [10, 250, 0, [['2026-11-23', 10]]],
    [10, 0, 0, []],
    [0, 250, 0, []],
  ] as [number, number, number, [string, number][]][])(
    '%i under %i, %i used',
    (recipients, limit, used, days) => {
      const plan = planDays(recipients, { limit, used }, MONDAY, JAKARTA)
      expect(plan).toEqual(days.map(([date, n]) => ({ date, recipients: n })))
    },
  )

  it('are told in a sentence', () => {
    const days = planDays(12_000, { limit: 10_000, used: 0 }, MONDAY, JAKARTA)
    expect(describeDays(12_000, 10_000, days, '2026-11-23')).toBe(
      'WhatsApp lets your business reach 10,000 people in 24 hours. Of 12,000 recipients 10,000 go today, 2,000 on Tuesday.',
    )
    const many = planDays(5_000, { limit: 250, used: 0 }, MONDAY, JAKARTA)
    expect(describeDays(5_000, 250, many, '2026-11-23')).toMatch(/on Saturday, the rest by 2026-12-12\.$/)
  })
})

describe('one person and one number', () => {
  it('hear nothing twice within six seconds, whichever campaigns write to them', async () => {
    const parts = {
      ...(await makeParts(clinic, patients(3))),
      senderId: await makeSender(clinic, { pair_seconds: 6 }),
    }
    const more = { ...parts, listId: await makeList(clinic, patients(5)) }
    const first = await launch(clinic, parts)
    const second = await launch(clinic, more)
    const office = openPostOffice()
    expect(await send(clinic, first, office)).toBe(3)
    expect(await send(clinic, second, office)).toBe(2)
    await clinic.asOwner(({ sql }) => sql`UPDATE attempts SET claimed_at = claimed_at - interval '7 seconds'`)
    clinic.later(6_000)
    const [row] = await clinic.within(
      ({ sql }) => sql<{ n: number }[]>`
        SELECT count(*)::int AS n FROM messages WHERE campaign_id = ${second} AND state = 'queued' AND not_before <= ${clinic.now().toISOString()}::timestamptz`,
    )
    expect(row).toEqual({ n: 3 })
  })

  it('hear nothing twice either when the other campaign began after this one had taken up its messages', async () => {
    const parts = {
      ...(await makeParts(clinic, patients(3))),
      senderId: await makeSender(clinic, { pair_seconds: 6 }),
    }
    const first = await launch(clinic, parts)
    await tend(clinic, first)
    const run = (await clinic.within((scope) => findRun(scope, first)))!
    const rows = rowsOf(clinic, 'wati')
    const slice = await claimSlice(rows, run)
    expect(await send(clinic, await launch(clinic, parts), openPostOffice())).toBe(3)
    const { opened, unfit } = await openAttempts(rows, run, slice as Slice, (slice as Slice).messageIds)
    expect(opened).toEqual([])
    expect(unfit.map(({ why }) => why)).toEqual(['too_soon', 'too_soon', 'too_soon'])
  })

  it('of two numbers have nothing to do with each other', async () => {
    const parts = await makeParts(clinic, patients(3))
    const other = {
      ...parts,
      senderId: await makeSender(clinic),
      listId: await makeList(clinic, patients(3)),
    }
    const office = openPostOffice()
    expect(await send(clinic, await launch(clinic, parts), office)).toBe(3)
    expect(await send(clinic, await launch(clinic, other), office)).toBe(3)
  })
})
