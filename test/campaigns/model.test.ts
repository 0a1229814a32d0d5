import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  CAMPAIGN_MOVES,
  type CampaignState,
  cancelCampaign,
  decideApproval,
  editCampaign,
  findCampaign,
  pauseCampaign,
  resumeCampaign,
  setPolicy,
} from '../../src/campaigns/index.ts'
import { claimSlice, type Slice } from '../../src/delivery/claim.ts'
import { findRun } from '../../src/delivery/index.ts'
import { attemptRef } from '../../src/delivery/lifecycle.ts'
import { type OpenedMessage, openAttempts, passOver } from '../../src/delivery/open-attempts.ts'
import type { OutgoingMessage, SendOutcome } from '../../src/delivery/provider.ts'
import { finishSlice, type Outcome, recordOutcomes } from '../../src/delivery/record.ts'
import type { Run } from '../../src/delivery/run.ts'
import { auditWorkspace } from '../../src/reports/index.ts'
import { topUpId } from '../../src/wallet/ledger.ts'
import {
  type Books,
  booksOf,
  type Clinic,
  draft,
  fund,
  makeParts,
  openClinic,
  type Parts,
  PRICE,
  patients,
  quote,
  submit,
} from './clinic.ts'
import { accepted, close, openPostOffice, type PostOffice, rowsOf, send, tell, tend } from './post.ts'

/**
 * A campaign to whom everything may happen in whatever order, on a real database, beside a plain account of it: what
 * was handed to the platform, what the platform has said, what was paid in. It is reserved for, claimed, sent, taken,
 * refused or left without an answer; a worker dies over it, and another is so slow that anything may happen between its
 * claim, its call and its record. Money is released by a refusal, a failure, a cancellation, the end of its time and the
 * settlement; a delivery of which the platform tells after that is charged late. After each step the books must follow from
 * that account alone, what was refused must have changed nothing, and nobody may have been sent anything twice or
 * without leave. PROPERTY_RUNS sets how many lives are lived; a failure prints the shortest one and its seed.
 */
const RUNS = Number(process.env.PROPERTY_RUNS ?? 300)
const SEED = process.env.PROPERTY_SEED ? { seed: Number(process.env.PROPERTY_SEED) } : {}
const MOST_STEPS = 14
const RECIPIENTS = 3
const TOTAL = PRICE * BigInt(RECIPIENTS)
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const AWAY_MS = 60_000

type Step =
  | {
      does: 'quote' | 'edit' | 'submit' | 'pause' | 'resume' | 'cancel' | 'send' | 'top up' | 'two days pass'
    }
  | { does: 'approve' | 'reject'; by: Approver }
  | { does: 'a slow worker goes on' }
  | { does: 'the platform'; now: Platform }
  | { does: 'half a day passes' }
  | { does: 'crash'; dispatched: number }
  | { does: 'receipt'; status: 'sent' | 'delivered' | 'read' | 'failed'; of: number }

/** What the platform does with what is handed to it: takes it, refuses the number, cannot be reached, never answers. */
type Platform = 'takes' | 'refuses' | 'is away' | 'is silent'

type Approver = 'sari' | 'dewi' | 'ratna'
const HALF_A_DAY_HOURS = 12

const plain = <T extends Step['does']>(...does: T[]) => fc.record({ does: fc.constantFrom(...does) })
const step = fc.oneof(
  { weight: 6, arbitrary: plain('quote', 'submit') },
  { weight: 4, arbitrary: plain('send') },
  { weight: 4, arbitrary: plain('a slow worker goes on') },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constant('the platform' as const),
      now: fc.constantFrom('takes' as const, 'refuses' as const, 'is away' as const, 'is silent' as const),
    }),
  },
  { weight: 4, arbitrary: plain('edit', 'pause', 'resume', 'cancel', 'top up') },
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constantFrom('approve' as const, 'approve' as const, 'approve' as const, 'reject' as const),
      by: fc.constantFrom('sari' as const, 'dewi' as const, 'ratna' as const),
    }),
  },
  { weight: 1, arbitrary: plain('two days pass', 'half a day passes') },
  {
    weight: 2,
    arbitrary: fc.record({ does: fc.constant('crash' as const), dispatched: fc.nat({ max: RECIPIENTS }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constant('receipt' as const),
      status: fc.constantFrom('sent' as const, 'delivered' as const, 'read' as const, 'failed' as const),
      of: fc.nat({ max: RECIPIENTS - 1 }),
    }),
  },
) as fc.Arbitrary<Step>

let clinic: Clinic
let parts: Parts
beforeAll(async () => {
  clinic = await openClinic()
  parts = await makeParts(clinic, patients(RECIPIENTS))
}, 60_000)
afterAll(() => clinic?.close())

/** Over all lives: what was paid in, and how many messages the platform has said were delivered. */
const account = { paidIn: 0n, delivered: 0n }

it('whatever happens to a campaign in whatever order: nothing sent twice or without leave, every rupiah accounted for', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(0, 0, 1, 2, 3),
      fc.boolean(),
      fc.boolean(),
      fc.array(step, { minLength: 6, maxLength: MOST_STEPS }),
      async (quorum, lapses, isFunded, steps) => {
        const life = await begin(quorum, lapses, isFunded)
        for (const each of steps) {
          await take(life, each)
          await check(life)
        }
        await finish(life)
      },
    ),
    { numRuns: RUNS, endOnFailure: false, ...SEED },
  )
  const { checks } = await clinic.within(auditWorkspace)
  expect(checks.flatMap(({ differences }) => differences)).toEqual([])
}, 900_000)

type Life = {
  id: string
  /** How many must approve; 0 where nobody need be asked. */
  quorum: number
  /** Whether a request lapses after half a day. */
  lapses: boolean
  office: PostOffice
  platform: Platform
  quoteId: string | undefined
  /** What the platform has taken, or may have: of these alone it can report. */
  taken: OutgoingMessage[]
  /** Numbers that it has refused for good. */
  refused: Set<string>
  /** The worker that is slow, and how far it has come. */
  slow: SlowWorker | undefined
  /** Attempts that a worker marked as sent, without a word of the platform. */
  unknown: Set<string>
  /** Attempts of which the platform has said that they were delivered. */
  delivered: Set<string>
  approvers: Set<Approver>
}

async function begin(quorum: number, lapses: boolean, isFunded: boolean): Promise<Life> {
  const expiresAfterHours = lapses ? HALF_A_DAY_HOURS : null
  const policy = quorum > 0 ? { maxRecipients: 0, quorum, expiresAfterHours } : {}
  await clinic.as('dewi', (scope) => setPolicy(scope, policy))
  const { wallet } = await booksOf(clinic)
  if (isFunded && wallet < TOTAL) await payIn()
  const id = await draft(clinic, parts)
  const life: Life = {
    id,
    quorum,
    lapses,
    office: openPostOffice((message) => answer(life, message)),
    platform: 'takes',
    quoteId: undefined,
    taken: [],
    refused: new Set(),
    slow: undefined,
    unknown: new Set(),
    delivered: new Set(),
    approvers: new Set(),
  }
  return life
}

function answer(life: Life, message: OutgoingMessage): SendOutcome {
  switch (life.platform) {
    case 'takes':
      life.taken.push(message)
      return accepted(message)
    case 'refuses':
      life.refused.add(message.to)
      return { outcome: 'rejected', code: '131026', message: 'no such number', action: 'recipient' }
    case 'is away':
      return {
        outcome: 'not_sent',
        code: 'unreachable',
        message: 'away',
        action: 'retry',
        retryAfterMs: AWAY_MS,
      }
    case 'is silent':
      life.taken.push(message)
      life.unknown.add(message.attemptRef)
      return { outcome: 'indeterminate', code: 'timeout', message: 'no answer' }
  }
}

const PAYMENT = TOTAL + PRICE

async function payIn(): Promise<void> {
  await fund(clinic, `${PAYMENT / 10_000n}.${String(PAYMENT % 10_000n).padStart(4, '0')}`)
  account.paidIn += PAYMENT
}

/** Does one thing; whether it may be done follows from the state in which it finds the campaign. */
async function take(life: Life, step: Step): Promise<void> {
  const state = await stateOf(life)
  const before = await booksOf(clinic)
  const was = life.office.handedIn.length
  const done = await act(life, step, state, before)
  if (!done) {
    expect(await stateOf(life), `${step.does} was refused`).toBe(state)
    expect(await booksOf(clinic), `${step.does} was refused`).toEqual(before)
  }
  if (life.office.handedIn.length > was) {
    expect(['scheduled', 'sending'], 'sent without leave').toContain(state)
    expect(life.approvers.size, 'sent without approval').toBeGreaterThanOrEqual(life.quorum)
  }
}

/** @returns whether it was done */
async function act(life: Life, step: Step, state: CampaignState, before: Books): Promise<boolean> {
  switch (step.does) {
    case 'quote': {
      if (!EDITABLE.includes(state)) return false
      life.quoteId = (await quote(clinic, life.id)).id
      return true
    }
    case 'edit': {
      const { ok } = await clinic.as('budi', (scope) => editCampaign(scope, life.id, { name: 'Edited' }))
      expect(ok, `an edit in ${state}`).toBe(EDITABLE.includes(state))
      if (ok) life.quoteId = undefined
      return ok
    }
    case 'submit': {
      const { ok } = await submit(clinic, life.id, life.quoteId ?? topUpId('no', 'quote'))
      expect(ok, `a submission in ${state} of ${before.wallet}`).toBe(
        state === 'quoted' && life.quoteId !== undefined && before.wallet >= TOTAL,
      )
      return ok
    }
    case 'approve':
    case 'reject':
      return decide(life, step, state)
    case 'pause': {
      const { ok } = await clinic.as('budi', (scope) => pauseCampaign(scope, life.id))
      expect(ok, `a pause in ${state}`).toBe(
        state === 'paused' || (mayGo(state, 'paused') && state !== 'pending_approval'),
      )
      return ok
    }
    case 'resume': {
      const { ok } = await clinic.as('budi', (scope) => resumeCampaign(scope, life.id))
      expect(ok, `going on in ${state}`).toBe(['paused', 'scheduled', 'sending'].includes(state))
      return ok
    }
    case 'cancel': {
      const { ok } = await clinic.as('budi', (scope) => cancelCampaign(scope, life.id))
      expect(ok, `a cancellation in ${state}`).toBe(state === 'cancelled' || mayGo(state, 'cancelled'))
      return ok
    }
    case 'send':
      if (!(await isSubmitted(life))) return false
      await send(clinic, life.id, life.office)
      return true
    case 'a slow worker goes on':
      return goOn(life, state)
    case 'the platform':
      life.platform = step.now
      return true
    case 'crash':
      return crash(life, step.dispatched, state)
    case 'receipt':
      return hear(life, step.status, step.of)
    case 'top up':
      await payIn()
      return true
    case 'half a day passes':
      clinic.later(HALF_A_DAY_HOURS * HOUR_MS)
      life.quoteId = undefined
      await tend(clinic, life.id)
      if (state === 'pending_approval' && life.lapses) expect(await stateOf(life), 'lapsed').toBe('expired')
      return true
    case 'two days pass':
      clinic.later(2 * DAY_MS)
      await letLeasesRunOut(life)
      // No quote stands so long.
      life.quoteId = undefined
      await tend(clinic, life.id)
      await close(clinic, life.id)
      return true
  }
}

const EDITABLE: readonly CampaignState[] = ['draft', 'quoted']

function mayGo(from: CampaignState, to: CampaignState): boolean {
  return CAMPAIGN_MOVES[from].includes(to)
}

async function decide(
  life: Life,
  { does: decision, by }: { does: 'approve' | 'reject'; by: Approver },
  state: CampaignState,
): Promise<boolean> {
  const own = await clinic.within((scope) =>
    decideApproval({ ...scope, actor: { name: 'key:budi', role: 'owner' } }, life.id, { decision }),
  )
  expect(own.ok, 'a maker’s own decision').toBe(false)
  const decided = await clinic.as(by, (scope) => decideApproval(scope, life.id, { decision }))
  expect(decided.ok, `${decision} in ${state}`).toBe(state === 'pending_approval' && !life.approvers.has(by))
  if (!decided.ok) return false
  if (decision === 'approve') life.approvers.add(by)
  const waits = life.approvers.size < life.quorum ? 'pending_approval' : 'scheduled'
  expect(decided.value.state, decision).toBe(decision === 'approve' ? waits : 'rejected')
  return true
}

/** A worker claims, opens attempts for some, and is never heard of again; its lease runs out by the database's clock. */
async function crash(life: Life, dispatched: number, state: CampaignState): Promise<boolean> {
  if (state !== 'scheduled' && state !== 'sending') return false
  await tend(clinic, life.id)
  const run = await clinic.within((scope) => findRun(scope, life.id))
  const rows = rowsOf(clinic, 'lost')
  const claim = await claimSlice(rows, run!)
  if (claim.kind === 'slice') {
    const { opened } = await openAttempts(rows, run!, claim, claim.messageIds.slice(0, dispatched))
    for (const { messageId } of opened) life.unknown.add(`${messageId}`)
  }
  await letLeasesRunOut(life)
  return true
}

type SlowWorker = {
  readonly name: string
  readonly run: Run
  readonly slice: Slice
  /** What came of its calls, once it has made them. */
  outcomes?: Outcome[]
}

/**
 * A worker that is overtaken: with each step it claims, then opens and calls, then records, and whatever lies between may
 * have stopped the campaign, given its slice to another, or told what became of its messages.
 */
async function goOn(life: Life, state: CampaignState): Promise<boolean> {
  if (!life.slow) return claim(life, state)
  const { name, run, slice, outcomes } = life.slow
  const rows = rowsOf(clinic, name)
  if (!outcomes) {
    const { opened, unfit } = await openAttempts(rows, run, slice, slice.messageIds)
    life.slow.outcomes = opened.map((message) => callOne(life, message))
    await passOver(rows, run, unfit)
    return true
  }
  life.slow = undefined
  await recordOutcomes(rows, run, outcomes)
  await finishSlice(rows, life.id, slice.sliceNo)
  await tend(clinic, life.id)
  return true
}

let workers = 0

async function claim(life: Life, state: CampaignState): Promise<boolean> {
  if (state !== 'scheduled' && state !== 'sending') return false
  await tend(clinic, life.id)
  const run = await clinic.within((scope) => findRun(scope, life.id))
  const name = `slow-${++workers}`
  const claimed = await claimSlice(rowsOf(clinic, name), run!)
  if (claimed.kind === 'slice') life.slow = { name, run: run!, slice: claimed }
  return true
}

function callOne(life: Life, { messageId, attemptNo, phone }: OpenedMessage): Outcome {
  const attempt = { messageId, attemptNo }
  const message: OutgoingMessage = {
    attemptRef: attemptRef(messageId, attemptNo),
    to: phone,
    template: NO_WORDS,
  }
  life.office.handedIn.push(message)
  life.unknown.add(message.attemptRef)
  return { ...attempt, ...answer(life, message) }
}

const NO_WORDS: OutgoingMessage['template'] = {
  name: 'payment_due',
  languageCode: 'en',
  parameters: { header: [], body: [], buttons: [] },
}

async function letLeasesRunOut(life: Life): Promise<void> {
  await clinic.within(
    ({ sql }) => sql`
      UPDATE slices SET lease_until = clock_timestamp() - interval '1 second'
       WHERE campaign_id = ${life.id} AND lease_until IS NOT NULL`,
  )
}

/** The platform reports, twice over, of one that it has taken. */
async function hear(
  life: Life,
  status: 'sent' | 'delivered' | 'read' | 'failed',
  of: number,
): Promise<boolean> {
  const message = life.taken[of]
  if (!message) return false
  await tell(clinic, parts.senderId, [
    { of: message, status },
    { of: message, status },
  ])
  await tend(clinic, life.id)
  const isNew = !life.delivered.has(message.attemptRef)
  if ((status === 'delivered' || status === 'read') && isNew) {
    life.delivered.add(message.attemptRef)
    account.delivered += 1n
  }
  return true
}

/** What must hold at every moment. */
async function check(life: Life): Promise<void> {
  const recipients = [...life.taken.map(({ to }) => to), ...life.refused]
  expect(new Set(recipients).size, 'sent twice').toBe(recipients.length)
  const books = await booksOf(clinic)
  expect(books.spent, 'charged').toBe(account.delivered * PRICE)
  expect(books.wallet + books.held + books.spent + books.receivable).toBe(account.paidIn)
  const { held, uncertain } = await countsOf(life)
  expect(books.held, 'held').toBe(held * PRICE)
  expect(uncertain).toBeLessThanOrEqual(BigInt(life.unknown.size))
}

/** In the end every message is final, and the hold empty; what was cancelled or given up has gone back. */
async function finish(life: Life): Promise<void> {
  const state = await stateOf(life)
  if (EDITABLE.includes(state)) return
  life.platform = 'takes'
  clinic.later(AWAY_MS)
  await letLeasesRunOut(life)
  if (state === 'paused') await clinic.as('budi', (scope) => resumeCampaign(scope, life.id))
  if (state !== 'pending_approval' && (await isSubmitted(life))) await send(clinic, life.id, life.office)
  await check(life)
  clinic.later(2 * DAY_MS)
  await tend(clinic, life.id)
  await close(clinic, life.id)
  clinic.later(2 * DAY_MS)
  await close(clinic, life.id)
  await check(life)
  expect(['settled', 'cancelled', 'rejected', 'expired']).toContain(await stateOf(life))
  expect((await booksOf(clinic)).held, 'held at the end').toBe(0n)
}

async function isSubmitted({ id }: Life): Promise<boolean> {
  return (await clinic.within((scope) => findRun(scope, id))) !== undefined
}

async function stateOf(life: Life): Promise<CampaignState> {
  const found = await clinic.within((scope) => findCampaign(scope, life.id))
  if (!found.ok) throw new Error(found.message)
  return found.value.state as CampaignState
}

async function countsOf(life: Life): Promise<{ held: bigint; uncertain: bigint }> {
  const [row] = await clinic.within(
    ({ sql }) => sql<{ held: bigint; uncertain: bigint }[]>`
      SELECT count(*) FILTER (WHERE money = 'held') AS held, count(*) FILTER (WHERE state = 'uncertain') AS uncertain
        FROM messages WHERE campaign_id = ${life.id}`,
  )
  return row!
}
