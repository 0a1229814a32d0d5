import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId } from '../../src/platform/ids.ts'
import { formatAmount } from '../../src/platform/money.ts'
import { auditWorkspace } from '../../src/reports/index.ts'
import {
  capture,
  checkFunds,
  closeHold,
  openHold,
  planLateCaptures,
  release,
  reserve,
} from '../../src/wallet/index.ts'
import { type Movement, move } from '../../src/wallet/move.ts'
import { type Books, booksOf, type Clinic, fund, openClinic } from '../campaigns/clinic.ts'

const RUNS = Number(process.env.PROPERTY_RUNS ?? 60)
const MOST_STEPS = 14

let house: Clinic
beforeAll(async () => {
  house = await openClinic()
}, 60_000)
afterAll(() => house?.close())

/** One thing that happens to a wallet; `of` chooses one of the holds there are. */
type Step =
  | { does: 'top up' | 'late'; amount: bigint }
  | { does: 'reserve'; amount: bigint; version: number }
  | { does: 'capture' | 'release'; of: number; amount: bigint }
  | { does: 'close'; of: number }
  | { does: 'refund' | 'adjust' | 'write off'; amount: bigint }

const amount = fc.bigInt({ min: 0n, max: 120_000n })
const of = fc.nat({ max: 3 })
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ does: fc.constantFrom('top up' as const, 'late' as const), amount }),
  fc.record({ does: fc.constant('reserve' as const), amount, version: fc.integer({ min: 1, max: 2 }) }),
  fc.record({ does: fc.constantFrom('capture' as const, 'release' as const), of, amount }),
  fc.record({ does: fc.constant('close' as const), of }),
  fc.record({
    does: fc.constantFrom('refund' as const, 'adjust' as const, 'write off' as const),
    amount,
  }),
)

type Hold = { id: bigint; campaignId: string; balance: bigint; closed: boolean }
type Model = Books & { holds: Hold[] }

describe('whatever is topped up, reserved, captured, released, charged late, refunded, adjusted and written off, in whatever order', () => {
  it('every account is at each step what plain arithmetic says, and what is refused changes nothing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: MOST_STEPS }), async (steps) => {
        const clinic = await house.openNeighbour()
        const model = emptyModel()
        for (const each of steps) {
          await take(clinic, model, each)
          expect(await booksOf(clinic)).toEqual(booksIn(model))
        }
        expect(await ledgerFaults(clinic)).toEqual([])
      }),
      { numRuns: RUNS },
    )
  }, 120_000)
})

function emptyModel(): Model {
  return { wallet: 0n, held: 0n, spent: 0n, receivable: 0n, funding: 0n, adjustment: 0n, holds: [] }
}

function booksIn({ holds, ...books }: Model): Books {
  return { ...books, held: holds.reduce((sum, hold) => sum + hold.balance, 0n) }
}

/** Does it for real and in the model; both must agree on whether it goes through. */
async function take(clinic: Clinic, model: Model, step: Step): Promise<void> {
  switch (step.does) {
    case 'top up':
      return step.amount > 0n ? topUp(clinic, model, step.amount) : undefined
    case 'late':
      return late(clinic, model, step.amount)
    case 'reserve':
      return reserveSome(clinic, model, step.amount, step.version)
    case 'capture':
    case 'release':
      return leaveHold(clinic, model, step.does, model.holds[step.of], step.amount)
    case 'refund':
      return carry(clinic, model, { kind: 'refund', from: 'spent', to: 'wallet' }, step.amount)
    case 'adjust':
      return carry(clinic, model, { kind: 'adjust', from: 'wallet', to: 'adjustment' }, step.amount)
    case 'write off':
      return carry(clinic, model, { kind: 'write_off', from: 'adjustment', to: 'receivable' }, step.amount)
    case 'close':
      return closeOne(clinic, model.holds[step.of])
  }
}

async function topUp(clinic: Clinic, model: Model, amountMinor: bigint): Promise<void> {
  await fund(clinic, formatAmount(amountMinor))
  const owed = model.receivable < 0n ? -model.receivable : 0n
  const repaid = owed < amountMinor ? owed : amountMinor
  model.funding -= amountMinor
  model.wallet += amountMinor - repaid
  model.receivable += repaid
}

async function late(clinic: Clinic, model: Model, amountMinor: bigint): Promise<void> {
  const source = amountMinor <= model.wallet ? 'wallet' : 'receivable'
  const request = { campaignId: newId(), currency: 'IDR', amountMinor, nItems: 1 }
  const from = await clinic.within(async (scope) => {
    const [planned] = await planLateCaptures(scope, [request])
    if (planned) await move(scope, planned)
    return planned?.from ?? 'wallet'
  })
  expect(from).toBe(source)
  model[source] -= amountMinor
  model.spent += amountMinor
}

async function reserveSome(
  clinic: Clinic,
  model: Model,
  amountMinor: bigint,
  version: number,
): Promise<void> {
  const campaignId = newId()
  const request = { campaignId, version, currency: 'IDR', amountMinor, nItems: 1 }
  const taken = await clinic.within(async (scope) => {
    const funds = await checkFunds(scope, amountMinor)
    if (!funds.ok) return funds
    const holdId = await openHold(scope, campaignId, 'IDR')
    await reserve(scope, { ...request, holdId })
    return { ok: true as const, holdId }
  })
  if (amountMinor > model.wallet) {
    const money = (minor: bigint) => ({ amount: formatAmount(minor), currency: 'IDR' })
    expect(taken).toMatchObject({
      reason: 'insufficient_funds',
      facts: {
        available: money(model.wallet),
        required: money(amountMinor),
        shortfall: money(amountMinor - model.wallet + (model.receivable < 0n ? -model.receivable : 0n)),
      },
    })
    return
  }
  if (!taken.ok) throw new Error(taken.message)
  model.wallet -= amountMinor
  model.holds.push({ id: taken.holdId, campaignId, balance: amountMinor, closed: false })
}

async function leaveHold(
  clinic: Clinic,
  model: Model,
  does: 'capture' | 'release',
  hold: Hold | undefined,
  amountMinor: bigint,
): Promise<void> {
  if (!hold) return
  const request = {
    holdId: hold.id,
    campaignId: hold.campaignId,
    currency: 'IDR',
    amountMinor,
    nItems: 1,
    reason: 'test',
  }
  const went = await clinic
    .within<unknown>((scope) => (does === 'capture' ? capture(scope, request) : release(scope, request)))
    .then(
      () => true,
      () => false,
    )
  expect(went).toBe(amountMinor === 0n || (!hold.closed && amountMinor <= hold.balance))
  if (!went) return
  hold.balance -= amountMinor
  model[does === 'capture' ? 'spent' : 'wallet'] += amountMinor
}

type Way = Pick<Movement, 'kind'> & {
  from: 'wallet' | 'spent' | 'adjustment'
  to: 'wallet' | 'adjustment' | 'receivable'
}

/** What only an operator does: money given back, taken out by hand, and a debt that is given up. */
async function carry(clinic: Clinic, model: Model, way: Way, amountMinor: bigint): Promise<void> {
  const went = await clinic
    .within((scope) => move(scope, { ...way, amountMinor, currency: 'IDR', reason: 'test' }))
    .then(
      () => true,
      () => false,
    )
  const isThere = way.from === 'adjustment' || amountMinor <= model[way.from]
  expect(went, way.kind).toBe(amountMinor > 0n && isThere)
  if (!went) return
  model[way.from] -= amountMinor
  model[way.to] += amountMinor
}

async function closeOne(clinic: Clinic, hold: Hold | undefined): Promise<void> {
  if (!hold) return
  const went = await clinic
    .within((scope) => closeHold(scope, hold.id))
    .then(
      () => true,
      () => false,
    )
  expect(went).toBe(hold.balance === 0n)
  hold.closed ||= went
}

/** These holds have no campaigns, so that only what concerns the ledger is asked. */
async function ledgerFaults(clinic: Clinic): Promise<string[]> {
  const { checks } = await clinic.within(auditWorkspace)
  const ledger = [
    'balances_follow_from_transfers',
    'debits_equal_credits',
    'transfers_go_their_ways',
    'debts_are_paid_by_top_ups',
  ]
  return checks.filter((check) => ledger.includes(check.name)).flatMap((check) => check.differences)
}
