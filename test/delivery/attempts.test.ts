import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { cancelCampaign } from '../../src/campaigns/index.ts'
import { eraseContact, suppress } from '../../src/contacts/index.ts'
import { claimSlice } from '../../src/delivery/claim.ts'
import {
  type DispatchHouse,
  dispatchSlice,
  findRun,
  forgetRecipient,
  type Run,
} from '../../src/delivery/index.ts'
import { MOST_ATTEMPTS } from '../../src/delivery/lifecycle.ts'
import { openAttempts } from '../../src/delivery/open-attempts.ts'
import { type Outcome, PUT_BACK, recordOutcomes } from '../../src/delivery/record.ts'
import { openLog } from '../../src/platform/log.ts'
import { unwrap } from '../../src/platform/result.ts'
import { auditWorkspace } from '../../src/reports/index.ts'
import {
  booksOf,
  type Clinic,
  fund,
  launch,
  makeParts,
  openClinic,
  type Parts,
  PRICE,
  patients,
} from '../campaigns/clinic.ts'
import { accepted, openPostOffice, rowsOf, send, tell, tend } from '../campaigns/post.ts'

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

const ALL = 1_000_000_000n

async function begun(count: number): Promise<{ id: string; parts: Parts; run: Run }> {
  const parts = await makeParts(clinic, patients(count))
  const id = await launch(clinic, parts)
  await tend(clinic, id)
  return { id, parts, run: (await clinic.within((scope) => findRun(scope, id)))! }
}

function dispatchHouse(): DispatchHouse {
  return {
    database: clinic.database,
    log: openLog('silent'),
    worker: 'wati',
    signal: new AbortController().signal,
    within: (_, work) => clinic.within(work),
  }
}

async function claim(run: Run, worker: string) {
  const claimed = await claimSlice(rowsOf(clinic, worker), run)
  if (claimed.kind !== 'slice') throw new Error(`nothing to claim: ${claimed.kind}`)
  return claimed
}

function putBack({ messageId, attemptNo }: { messageId: bigint; attemptNo: number }): Outcome {
  return { messageId, attemptNo, outcome: 'not_sent', code: PUT_BACK, retryAfterMs: 0 }
}

/** The worker that holds the campaign's slices has not been heard of for too long. */
async function loseWorker(id: string): Promise<void> {
  await clinic.within(
    ({ sql }) =>
      sql`UPDATE slices SET lease_until = clock_timestamp() - interval '1 second' WHERE campaign_id = ${id}`,
  )
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

describe('a worker that dies', () => {
  it('before anything was dispatched leaves all to the next one', async () => {
    const { id, run } = await begun(5)
    await claim(run, 'wati')
    expect(await statesOf(id)).toEqual({ queued: 5 })
    expect(await send(clinic, id, openPostOffice(), 'made')).toBe(0)
    await loseWorker(id)
    expect(await send(clinic, id, openPostOffice(), 'made')).toBe(5)
    await booksBalance()
  })

  it('before it dispatched what it had opened, as an earlier version could, leaves all to the next one', async () => {
    const { id, run } = await begun(3)
    await claim(run, 'wati')
    await clinic.within(async ({ sql }) => {
      await sql`UPDATE messages SET state = 'sending', attempts = 1 WHERE campaign_id = ${id}`
      await sql`
        INSERT INTO attempts (message_id, attempt_no, workspace_id, worker)
        SELECT id, 1, workspace_id, 'wati' FROM messages WHERE campaign_id = ${id}`
    })
    await loseWorker(id)
    expect(await send(clinic, id, openPostOffice(), 'made')).toBe(3)
    expect(await statesOf(id)).toEqual({ sent: 3 })
    await booksBalance()
  })

  it('after some were dispatched leaves those unknown, and only the others to the next one', async () => {
    const { id, run } = await begun(5)
    const slice = await claim(run, 'wati')
    const { opened } = await openAttempts(rowsOf(clinic, 'wati'), run, slice, slice.messageIds.slice(0, 2))
    expect(await statesOf(id)).toEqual({ queued: 3, sending: 2 })
    await loseWorker(id)
    const office = openPostOffice()
    expect(await send(clinic, id, office, 'made')).toBe(3)
    expect(await statesOf(id)).toEqual({ sent: 3, uncertain: 2 })
    expect(office.handedIn.map(({ to }) => to)).not.toContain(opened[0]!.phone)
    await booksBalance()
  })

  it('and was only asleep dispatches nothing any more, and what it learns late is still worth knowing', async () => {
    const { id, run } = await begun(5)
    const slice = await claim(run, 'wati')
    await openAttempts(rowsOf(clinic, 'wati'), run, slice, slice.messageIds.slice(0, 1))
    await loseWorker(id)
    expect(await send(clinic, id, openPostOffice(), 'made')).toBe(4)
    const late = await openAttempts(rowsOf(clinic, 'wati'), run, slice, slice.messageIds)
    expect(late.opened).toEqual([])
    const outcome = {
      messageId: slice.messageIds[0]!,
      attemptNo: 1,
      outcome: 'accepted' as const,
      providerMessageId: 'wamid.late',
    }
    await recordOutcomes(rowsOf(clinic, 'wati'), run, [outcome])
    expect(await statesOf(id)).toEqual({ sent: 5 })
    await booksBalance()
  })

  it('and was only asleep dispatches nothing before its slice is taken over by another one either', async () => {
    const { id, run } = await begun(5)
    const slice = await claim(run, 'wati')
    await loseWorker(id)
    const taken = await claim(run, 'made')
    expect((await openAttempts(rowsOf(clinic, 'wati'), run, slice, slice.messageIds)).opened).toEqual([])
    expect((await openAttempts(rowsOf(clinic, 'made'), run, taken, taken.messageIds)).opened).toHaveLength(5)
  })

  it('and was only asleep cannot put back what has been taken for unknown', async () => {
    const { id, run } = await begun(2)
    const slice = await claim(run, 'wati')
    const { opened } = await openAttempts(rowsOf(clinic, 'wati'), run, slice, slice.messageIds)
    await loseWorker(id)
    expect(await send(clinic, id, openPostOffice(), 'made')).toBe(0)
    await recordOutcomes(rowsOf(clinic, 'wati'), run, opened.map(putBack))
    expect(await statesOf(id)).toEqual({ uncertain: 2 })
  })

  it('and was only asleep cannot put back what another one has sent', async () => {
    const { id, run } = await begun(2)
    const slice = await claim(run, 'wati')
    await loseWorker(id)
    expect(await send(clinic, id, openPostOffice(), 'made')).toBe(2)
    const outcomes = slice.messageIds.map((messageId) => putBack({ messageId, attemptNo: 1 }))
    await recordOutcomes(rowsOf(clinic, 'wati'), run, outcomes)
    expect(await statesOf(id)).toEqual({ sent: 2 })
  })

  it('while two take over sends to each recipient once', async () => {
    const { id, run } = await begun(60)
    await claim(run, 'wati')
    await loseWorker(id)
    const office = openPostOffice()
    await Promise.all([send(clinic, id, office, 'made'), send(clinic, id, office, 'ketut')])
    expect(office.handedIn).toHaveLength(60)
    expect(new Set(office.handedIn.map(({ to }) => to)).size).toBe(60)
  })
})

describe('a campaign that is cancelled while attempts are opened', () => {
  it('waits for the slice, and holds no message meanwhile', async () => {
    const { id } = await begun(3)
    const cancelled = await clinic.within(async ({ sql }) => {
      await sql`UPDATE slices SET lease_until = clock_timestamp() WHERE campaign_id = ${id}`
      const cancelling = clinic.as('budi', (scope) => cancelCampaign(scope, id))
      await vi.waitFor(async () => expect(await countWaiting()).toBe(1), 10_000)
      await sql`SELECT FROM messages WHERE campaign_id = ${id} FOR NO KEY UPDATE NOWAIT`
      return { cancelling }
    })
    unwrap(await cancelled.cancelling)
    expect(await statesOf(id)).toEqual({ cancelled: 3 })
    await booksBalance()
  })
})

/** How many transactions wait for a row of slices. */
async function countWaiting(): Promise<number> {
  const [row] = await clinic.asOwner(
    ({ sql }) => sql<{ n: number }[]>`
      SELECT count(DISTINCT l.pid)::int AS n FROM pg_locks l JOIN pg_locks held ON held.pid = l.pid AND held.relation = 'slices'::regclass
       WHERE NOT l.granted`,
  )
  return row!.n
}

describe('a fault of the program between an attempt and its call', () => {
  it('leaves the whole batch in the queue, and nothing is sent', async () => {
    const { id, run } = await begun(3)
    const broken: Run = {
      ...run,
      get channel(): never {
        throw new TypeError('a bug')
      },
    }
    const office = openPostOffice()
    await expect(dispatchSlice(dispatchHouse(), broken, office)).rejects.toThrow('a bug')
    expect(office.handedIn).toEqual([])
    await vi.waitFor(async () => expect(await statesOf(id)).toEqual({ queued: 3 }))
    await booksBalance()
  })
})

describe('a message that was refused before it left', () => {
  const refusing = (times: number) =>
    openPostOffice((message, nth) =>
      nth <= times
        ? { outcome: 'not_sent', code: '130429', message: 'slow down', action: 'retry' }
        : accepted(message),
    )
  let now: Date
  beforeEach(() => {
    now = clinic.now()
    return () => clinic.at(now)
  })

  it('waits longer each time, and goes when the platform takes it', async () => {
    const { id } = await begun(1)
    const office = refusing(3)
    for (const seconds of [2, 4, 8]) {
      expect(await send(clinic, id, office)).toBe(1)
      clinic.later(seconds * 1_000 - 1)
      expect(await send(clinic, id, office)).toBe(0)
      clinic.later(1)
    }
    expect(await send(clinic, id, office)).toBe(1)
    expect(await statesOf(id)).toEqual({ sent: 1 })
    await booksBalance()
  })

  it('is failed in the end, and its money goes back', async () => {
    const { id } = await begun(1)
    const office = refusing(1_000)
    for (let hours = 0; hours < MOST_ATTEMPTS + 3; hours++) {
      await send(clinic, id, office)
      clinic.later(3_600_000)
    }
    expect(office.handedIn).toHaveLength(MOST_ATTEMPTS)
    expect(await statesOf(id)).toEqual({ failed: 1 })
    expect(await booksOf(clinic)).toMatchObject({ wallet: ALL, held: 0n })
    await booksBalance()
  })

  it('is not failed for having been put back untried ever so often', async () => {
    const { id, run } = await begun(1)
    for (let times = 0; times < MOST_ATTEMPTS + 3; times++) {
      const slice = await claim(run, 'wati')
      const { opened } = await openAttempts(rowsOf(clinic, 'wati'), run, slice, slice.messageIds)
      await recordOutcomes(rowsOf(clinic, 'wati'), run, opened.map(putBack))
      await clinic.within(
        ({ sql }) =>
          sql`UPDATE slices SET lease_until = NULL, worker = NULL WHERE slice_no = ${slice.sliceNo}`,
      )
    }
    const office = refusing(2)
    for (const seconds of [301, 301, 0]) {
      await send(clinic, id, office)
      clinic.later(seconds * 1_000)
    }
    expect(await statesOf(id)).toEqual({ sent: 1 })
  })

  it('for a day waits a day', async () => {
    const { id } = await begun(1)
    const office = openPostOffice((message, nth) =>
      nth === 1
        ? { outcome: 'not_sent', code: '131049', message: 'too much marketing', action: 'wait_a_day' }
        : accepted(message),
    )
    await send(clinic, id, office)
    clinic.later(23 * 3_600_000)
    expect(await send(clinic, id, office)).toBe(0)
  })
})

describe('a clear refusal', () => {
  it('of one recipient fails that one, and gives its money back at once', async () => {
    const { id } = await begun(3)
    const office = openPostOffice((message, nth) =>
      nth === 2
        ? { outcome: 'rejected', code: '131026', message: 'no such number', action: 'recipient' }
        : accepted(message),
    )
    await send(clinic, id, office)
    expect(await statesOf(id)).toEqual({ failed: 1, sent: 2 })
    expect(await booksOf(clinic)).toMatchObject({ wallet: ALL - 2n * PRICE, held: 2n * PRICE })
    await booksBalance()
  })

  it('of the whole account stops the rest, which stays in the queue with its money', async () => {
    await fund(clinic, '100000.00')
    const parts = await makeParts(clinic, patients(200))
    const id = await launch(clinic, parts)
    const office = openPostOffice(() => ({
      outcome: 'rejected',
      code: '190',
      message: 'token expired',
      action: 'account',
    }))
    await tend(clinic, id)
    const run = await clinic.within((scope) => findRun(scope, id))
    const sent = await dispatchSlice(dispatchHouse(), run!, office)
    expect(sent).toMatchObject({ kind: 'sent', obstacle: { action: 'account', code: '190' } })
    expect(office.handedIn.length).toBeLessThan(200)
    expect(await statesOf(id)).toEqual({ queued: 200 })
    expect((await booksOf(clinic)).held).toBe(200n * PRICE)
  })
})

describe('somebody who does not want to be written to any more', () => {
  it('since the submission is skipped at the moment of sending, and the money goes back', async () => {
    const { id } = await begun(3)
    const [first] = patients(1)
    unwrap(
      await clinic.as('budi', (scope) =>
        suppress(scope, { phone: first!.phone, scope: 'all', reason: 'asked' }),
      ),
    )
    const office = openPostOffice()
    expect(await send(clinic, id, office)).toBe(2)
    expect(office.handedIn.map(({ to }) => to)).not.toContain(first!.phone)
    expect(await statesOf(id)).toEqual({ sent: 2, skipped: 1 })
    expect((await booksOf(clinic)).held).toBe(2n * PRICE)
    await booksBalance()
  })

  it('for marketing still gets what is owed', async () => {
    const { id } = await begun(1)
    const [first] = patients(1)
    unwrap(
      await clinic.as('budi', (scope) =>
        suppress(scope, { phone: first!.phone, scope: 'marketing', reason: 'asked' }),
      ),
    )
    expect(await send(clinic, id, openPostOffice())).toBe(1)
  })

  it('and is erased is skipped too, and nothing of the person stays', async () => {
    const { id } = await begun(2)
    const [contact] = await clinic.within(
      ({ sql }) => sql<{ id: bigint }[]>`SELECT min(id) AS id FROM contacts`,
    )
    await clinic.as('ratna', async (scope) => {
      await forgetRecipient(scope, contact!.id)
      unwrap(await eraseContact(scope, String(contact!.id)))
    })
    expect(await send(clinic, id, openPostOffice())).toBe(1)
    expect(await statesOf(id)).toEqual({ sent: 1, skipped: 1 })
    await booksBalance()
  })
})

describe('two campaigns on one number', () => {
  it('send at once and each to its own', async () => {
    const parts = await makeParts(clinic, patients(30))
    const [one, two] = [await launch(clinic, parts), await launch(clinic, parts)]
    const office = openPostOffice()
    await Promise.all([send(clinic, one, office, 'made'), send(clinic, two, office, 'ketut')])
    expect(office.handedIn).toHaveLength(60)
    await tell(
      clinic,
      parts.senderId,
      office.handedIn.map((of) => ({ of, status: 'delivered' as const })),
    )
    expect(await statesOf(one)).toEqual({ delivered: 30 })
    expect(await statesOf(two)).toEqual({ delivered: 30 })
    expect((await booksOf(clinic)).spent).toBe(60n * PRICE)
    await booksBalance()
  })

  it('take turns: who booked last waits where the other may book', async () => {
    const large = await begun(3)
    const other = await launch(clinic, large.parts)
    await tend(clinic, other)
    const small = (await clinic.within((scope) => findRun(scope, other)))!
    await claim(large.run, 'wati')
    await bookedAhead(large.run.senderId)
    await clinic.within(
      ({ sql }) => sql`UPDATE slices SET worker = NULL, lease_until = NULL WHERE campaign_id = ${large.id}`,
    )
    expect(await claimSlice(rowsOf(clinic, 'wati'), large.run)).toMatchObject({ kind: 'wait' })
    await bookedAhead(large.run.senderId)
    expect(await claimSlice(rowsOf(clinic, 'wati'), small)).toMatchObject({ kind: 'slice' })
  })
})

/** Far enough that who booked last has to wait, not so far that all have to. */
async function bookedAhead(senderId: string): Promise<void> {
  await clinic.within(
    ({ sql }) =>
      sql`UPDATE sender_pace SET free_at = clock_timestamp() + interval '0.95 seconds' WHERE sender_id = ${senderId}`,
  )
}
