import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  cancelCampaign,
  decideApproval,
  findCampaign,
  pauseCampaign,
  resumeCampaign,
} from '../../src/campaigns/index.ts'
import { unwrap } from '../../src/platform/result.ts'
import { auditWorkspace } from '../../src/reports/index.ts'
import {
  booksOf,
  type Clinic,
  draft,
  fund,
  launch,
  makeParts,
  openClinic,
  type Parts,
  PRICE,
  patients,
  quote,
  reasonOf,
  submit,
} from './clinic.ts'
import { accepted, close, openPostOffice, send, tell, tend } from './post.ts'

let house: Clinic
let clinic: Clinic
beforeAll(async () => {
  house = await openClinic()
}, 60_000)
beforeEach(async () => {
  clinic = await house.openNeighbour()
  await fund(clinic, '1000000.00')
})
afterAll(() => house?.close())

const HOUR_MS = 3_600_000
const ALL = 10_000_000_000n

const cancel = (id: string) => clinic.as('budi', (scope) => cancelCampaign(scope, id, 'changed our minds'))
const pause = (id: string) => clinic.as('budi', (scope) => pauseCampaign(scope, id))
const resume = (id: string) => clinic.as('budi', (scope) => resumeCampaign(scope, id))

async function campaign(id: string) {
  return unwrap(await clinic.within((scope) => findCampaign(scope, id)))
}

async function statesOf(id: string): Promise<Record<string, number>> {
  const rows = await clinic.within(
    ({ sql }) => sql<{ state: string; n: number }[]>`
      SELECT state, count(*)::int AS n FROM messages WHERE campaign_id = ${id} GROUP BY 1 ORDER BY 1`,
  )
  return Object.fromEntries(rows.map(({ state, n }) => [state, n]))
}

async function booksBalance(): Promise<void> {
  const { checks } = await clinic.within(auditWorkspace)
  expect(checks.flatMap((check) => check.differences)).toEqual([])
}

/** A campaign of ten of which `few` have left when something else happens. */
async function halfSent(
  few = 4,
): Promise<{ id: string; parts: Parts; office: ReturnType<typeof openPostOffice> }> {
  const parts = await makeParts(clinic, patients(10))
  const office = openPostOffice(async (message, nth) =>
    nth <= few
      ? accepted(message)
      : { outcome: 'not_sent', code: '130429', message: 'slow down', action: 'retry' },
  )
  const id = await launch(clinic, parts)
  await send(clinic, id, office)
  expect(await statesOf(id)).toEqual({ queued: 10 - few, sent: few })
  return { id, parts, office }
}

describe('a campaign that goes well', () => {
  it('is scheduled, sends, completes and settles, and every account is what it should be', async () => {
    const parts = await makeParts(clinic, patients(10))
    const office = openPostOffice()
    const id = await launch(clinic, parts)
    expect((await campaign(id)).state).toBe('scheduled')
    expect(await send(clinic, id, office)).toBe(10)
    expect((await campaign(id)).state).toBe('completing')
    await tell(
      clinic,
      parts.senderId,
      office.handedIn.map((of) => ({ of, status: 'delivered' as const })),
    )
    await tend(clinic, id)
    expect(await campaign(id)).toMatchObject({ state: 'settled', settledAt: expect.anything() })
    expect(await booksOf(clinic)).toMatchObject({ wallet: ALL - 10n * PRICE, held: 0n, spent: 10n * PRICE })
    await booksBalance()
  })

  it('begins at its hour and not a moment before', async () => {
    const now = clinic.now()
    const parts = await makeParts(clinic, patients(3))
    const id = await launch(clinic, parts, {
      schedule: { at: '2026-11-23T10:00:00', timeZone: 'Asia/Jakarta' },
    })
    const office = openPostOffice()
    clinic.at(new Date('2026-11-23T02:59:59.999Z'))
    expect(await send(clinic, id, office)).toBe(0)
    expect((await campaign(id)).state).toBe('scheduled')
    clinic.at(new Date('2026-11-23T03:00:00.000Z'))
    expect(await send(clinic, id, office)).toBe(3)
    clinic.at(now)
  })

  it('reaches each recipient at his own hour, from east to west', async () => {
    const now = clinic.now()
    const zones = ['Asia/Jayapura', 'Asia/Makassar', 'Asia/Jakarta']
    const parts = await makeParts(
      clinic,
      patients(3).map((patient, n) => ({ ...patient, timeZone: zones[n]! })),
    )
    const id = await launch(clinic, parts, { schedule: { at: '2026-11-24T09:00:00', timeZone: 'recipient' } })
    const office = openPostOffice()
    for (const [hour, sent] of [
      ['23:59', 0],
      ['00:00', 1],
      ['00:59', 0],
      ['01:00', 1],
      ['02:00', 1],
    ] as const) {
      clinic.at(new Date(`2026-11-${hour === '23:59' ? 23 : 24}T${hour}:00.000Z`))
      expect([hour, await send(clinic, id, office)]).toEqual([hour, sent])
    }
    clinic.at(now)
  })
})

describe('a cancellation', () => {
  it('of a draft and of a quoted campaign ends them', async () => {
    const parts = await makeParts(clinic)
    const id = await draft(clinic, parts)
    expect(unwrap(await cancel(id)).state).toBe('cancelled')
    const other = await draft(clinic, parts)
    await quote(clinic, other)
    expect(unwrap(await cancel(other)).state).toBe('cancelled')
    expect(unwrap(await cancel(other)).state).toBe('cancelled')
  })

  it('of one that waits for money ends it', async () => {
    const poor = await house.openNeighbour()
    const id = await draft(poor, await makeParts(poor), { insufficientFunds: 'wait' })
    unwrap(await submit(poor, id, (await quote(poor, id)).id))
    const cancelled = await poor.as('budi', (scope) => cancelCampaign(scope, id))
    expect(unwrap(cancelled).state).toBe('cancelled')
    expect(await booksOf(poor)).toMatchObject({ wallet: 0n, held: 0n })
  })

  it.each([
    [
      'one that waits for approval',
      async () => {
        const poor = await house.openNeighbour()
        await fund(poor, '4000.00')
        const id = await launch(poor, await makeParts(poor, patients(10)))
        return { of: poor, id, all: 40_000_000n }
      },
    ],
    [
      'a scheduled one',
      async () => ({ of: clinic, id: await launch(clinic, await makeParts(clinic)), all: ALL }),
    ],
    [
      'a paused one',
      async () => {
        const id = await launch(clinic, await makeParts(clinic))
        unwrap(await pause(id))
        return { of: clinic, id, all: ALL }
      },
    ],
  ])('of %s gives everything back and closes the hold', async (_, prepare) => {
    const { of, id, all } = await prepare()
    expect((await booksOf(of)).held).toBeGreaterThan(0n)
    expect(unwrap(await of.as('budi', (scope) => cancelCampaign(scope, id))).state).toBe('cancelled')
    expect(await booksOf(of)).toMatchObject({ wallet: all, held: 0n, spent: 0n })
    expect((await of.within(auditWorkspace)).checks.flatMap((check) => check.differences)).toEqual([])
  })

  it('of one under way gives back what has not left; what has is still charged, and only then the hold closes', async () => {
    const { id, parts, office } = await halfSent(4)
    unwrap(await cancel(id))
    expect(await statesOf(id)).toEqual({ cancelled: 6, sent: 4 })
    expect(await booksOf(clinic)).toMatchObject({ wallet: ALL - 4n * PRICE, held: 4n * PRICE })
    expect(await send(clinic, id, office)).toBe(0)
    await tell(
      clinic,
      parts.senderId,
      office.handedIn.slice(0, 4).map((of) => ({ of, status: 'delivered' as const })),
    )
    await tend(clinic, id)
    expect(await booksOf(clinic)).toMatchObject({ wallet: ALL - 4n * PRICE, held: 0n, spent: 4n * PRICE })
    expect(await holdIsClosed(id)).toBe(true)
    await booksBalance()
  })

  it('in the middle of a slice stops all that is not yet in the air', async () => {
    const parts = await makeParts(clinic, patients(200))
    let id = ''
    const office = openPostOffice(async (message, nth) => {
      if (nth === 10) unwrap(await cancel(id))
      return accepted(message)
    })
    id = await launch(clinic, parts)
    const sent = await send(clinic, id, office)
    expect(sent).toBeGreaterThanOrEqual(10)
    expect(sent).toBeLessThan(200)
    expect(await statesOf(id)).toEqual({ cancelled: 200 - sent, sent })
    expect((await booksOf(clinic)).held).toBe(BigInt(sent) * PRICE)
    await booksBalance()
  })

  it('of a settled, a rejected and an expired campaign is refused', async () => {
    const parts = await makeParts(clinic)
    const office = openPostOffice()
    const settled = await launch(clinic, parts)
    await send(clinic, settled, office)
    expect(reasonOf(await cancel(settled)), 'completing').toBe('wrong_state')
    await tell(
      clinic,
      parts.senderId,
      office.handedIn.map((of) => ({ of, status: 'failed' as const })),
    )
    await tend(clinic, settled)
    expect(reasonOf(await cancel(settled)), 'settled').toBe('wrong_state')
  })

  it('may be asked for by Sari, and not by Joko', async () => {
    const id = await launch(clinic, await makeParts(clinic))
    expect(reasonOf(await clinic.as('joko', (scope) => cancelCampaign(scope, id)))).toBe('forbidden')
    expect((await clinic.as('sari', (scope) => cancelCampaign(scope, id))).ok).toBe(true)
  })
})

describe('a pause', () => {
  it('in the middle of a slice holds what is not in the air; resuming sends the rest, and nothing twice', async () => {
    const parts = await makeParts(clinic, patients(200))
    let id = ''
    let pausing: Promise<unknown> = Promise.resolve()
    const office = openPostOffice(async (message, nth) => {
      if (nth === 10) pausing = pause(id).then(unwrap)
      // The air is full of unanswered calls until the pause is there, so that the slice cannot outrun it.
      if (nth >= 10) await pausing
      return accepted(message)
    })
    id = await launch(clinic, parts)
    const first = await send(clinic, id, office)
    expect(first).toBeLessThan(200)
    expect((await campaign(id)).state).toBe('paused')
    expect((await booksOf(clinic)).held).toBe(200n * PRICE)
    expect(await send(clinic, id, office)).toBe(0)
    expect(unwrap(await resume(id)).state).toBe('sending')
    expect(await send(clinic, id, office)).toBe(200 - first)
    expect(new Set(office.handedIn.map(({ to }) => to)).size).toBe(200)
    expect(office.handedIn).toHaveLength(200)
    await booksBalance()
  })

  it('before its hour waits for its hour again, and takes it when it has passed meanwhile', async () => {
    const now = clinic.now()
    const schedule = { at: '2026-11-23T10:00:00', timeZone: 'Asia/Jakarta' }
    const id = await launch(clinic, await makeParts(clinic, patients(3)), { schedule })
    unwrap(await pause(id))
    expect(unwrap(await resume(id)).state).toBe('scheduled')
    unwrap(await pause(id))
    clinic.later(2 * HOUR_MS)
    expect(await send(clinic, id, openPostOffice())).toBe(0)
    expect(unwrap(await resume(id)).state).toBe('sending')
    expect(await send(clinic, id, openPostOffice())).toBe(3)
    clinic.at(now)
  })

  it('twice is one, and so is resuming', async () => {
    const id = await launch(clinic, await makeParts(clinic))
    unwrap(await pause(id))
    expect(unwrap(await pause(id)).state).toBe('paused')
    unwrap(await resume(id))
    expect((await resume(id)).ok).toBe(true)
  })

  it.each(['draft', 'quoted', 'cancelled'])('of a campaign that is %s is refused', async (state) => {
    const id = await draft(clinic, await makeParts(clinic))
    if (state === 'quoted') await quote(clinic, id)
    if (state === 'cancelled') unwrap(await cancel(id))
    expect(reasonOf(await pause(id))).toBe('wrong_state')
    expect(reasonOf(await resume(id))).toBe('wrong_state')
  })
})

describe('a campaign past the time in which it may be sent', () => {
  const soon = () => ({
    now: true as const,
    sendBefore: new Date(clinic.now().getTime() + HOUR_MS).toISOString(),
  })
  let now: Date
  beforeEach(() => {
    now = clinic.now()
    return () => clinic.at(now)
  })

  it('that has sent nothing expires as a whole: after an outage nobody is blasted', async () => {
    const id = await launch(clinic, await makeParts(clinic), { schedule: soon() })
    clinic.later(HOUR_MS)
    expect(await send(clinic, id, openPostOffice())).toBe(0)
    expect((await campaign(id)).state).toBe('expired')
    expect(await statesOf(id)).toEqual({ expired: 10 })
    expect(await booksOf(clinic)).toMatchObject({ wallet: ALL, held: 0n })
    expect(await holdIsClosed(id)).toBe(true)
    await booksBalance()
  })

  it('that was under way ends with what it has, and settles', async () => {
    const parts = await makeParts(clinic, patients(10))
    const office = openPostOffice((message, nth) =>
      nth <= 4
        ? accepted(message)
        : { outcome: 'not_sent', code: '130429', message: 'slow down', action: 'retry' },
    )
    const id = await launch(clinic, parts, { schedule: soon() })
    await send(clinic, id, office)
    clinic.later(HOUR_MS)
    await tend(clinic, id)
    expect(await statesOf(id)).toEqual({ expired: 6, sent: 4 })
    expect((await campaign(id)).state).toBe('completing')
    await tell(
      clinic,
      parts.senderId,
      office.handedIn.slice(0, 4).map((of) => ({ of, status: 'delivered' as const })),
    )
    await tend(clinic, id)
    expect((await campaign(id)).state).toBe('settled')
    expect(await booksOf(clinic)).toMatchObject({ wallet: ALL - 4n * PRICE, spent: 4n * PRICE, held: 0n })
    await booksBalance()
  })

  it('while it was paused expires too, and cannot be resumed', async () => {
    const id = await launch(clinic, await makeParts(clinic), { schedule: soon() })
    unwrap(await pause(id))
    clinic.later(HOUR_MS)
    await tend(clinic, id)
    expect((await campaign(id)).state).toBe('expired')
    expect(reasonOf(await resume(id))).toBe('wrong_state')
  })

  it('while it waited for approval gives its money back', async () => {
    const poor = await house.openNeighbour()
    await fund(poor, '4000.00')
    const id = await launch(poor, await makeParts(poor, patients(10)), { schedule: soon() })
    poor.later(HOUR_MS)
    await tend(poor, id)
    expect(await booksOf(poor)).toMatchObject({ wallet: 40_000_000n, held: 0n })
    expect(
      reasonOf(await poor.as('sari', (scope) => decideApproval(scope, id, { decision: 'approve' }))),
    ).toBe('wrong_state')
  })
})

describe('a message that was sent and never heard of again', () => {
  it('is expired at the end of its lifetime, and its money goes back', async () => {
    const now = clinic.now()
    const parts = await makeParts(clinic, patients(2))
    const office = openPostOffice()
    const id = await launch(clinic, parts)
    await send(clinic, id, office)
    await tell(clinic, parts.senderId, [{ of: office.handedIn[0]!, status: 'delivered' }])
    await close(clinic, id)
    expect((await campaign(id)).state).toBe('completing')
    clinic.later(24 * HOUR_MS + 1)
    await close(clinic, id)
    expect(await statesOf(id)).toEqual({ delivered: 1, expired: 1 })
    expect((await campaign(id)).state).toBe('settled')
    expect(await booksOf(clinic)).toMatchObject({ wallet: ALL - PRICE, spent: PRICE, held: 0n })
    await booksBalance()
    clinic.at(now)
  })
})

async function holdIsClosed(id: string): Promise<boolean> {
  const [row] = await clinic.within(
    ({ sql }) => sql<{ closed: boolean }[]>`
    SELECT closed_at IS NOT NULL AS closed FROM accounts WHERE campaign_id = ${id}`,
  )
  return row!.closed
}
