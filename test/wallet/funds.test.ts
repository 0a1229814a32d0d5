import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { sqlState } from '../../src/platform/db.ts'
import { newId } from '../../src/platform/ids.ts'
import { formatAmount } from '../../src/platform/money.ts'
import { auditWorkspace } from '../../src/reports/index.ts'
import { checkFunds, openHold, readBalance, reserve, topUp } from '../../src/wallet/index.ts'
import { booksOf, type Clinic, fund, openClinic, type Person, reasonOf } from '../campaigns/clinic.ts'

let house: Clinic
let clinic: Clinic
beforeAll(async () => {
  house = await openClinic()
}, 60_000)
beforeEach(async () => {
  clinic = await house.openNeighbour()
})
afterAll(() => house?.close())

const PRICE = 3_566_500n

describe('a thousand reservations at once on a wallet funded for a hundred', () => {
  it('by the verbs: exactly a hundred are taken, the others are refused with what is missing', async () => {
    await fund(clinic, formatAmount(100n * PRICE))
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => reserveOne(clinic)))
    const refused = answers.filter((answer) => answer !== 'reserved')
    expect(answers.length - refused.length).toBe(100)
    expect(new Set(refused)).toEqual(new Set(['insufficient_funds']))
    expect(await booksOf(clinic)).toMatchObject({ wallet: 0n, held: 100n * PRICE })
    expect((await ledgerFaults(clinic)).length).toBe(0)
  }, 60_000)

  it('by bare inserts that ask nothing first: the database takes a hundred and refuses the others', async () => {
    await fund(clinic, formatAmount(100n * PRICE))
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, () => reserveBlindly(clinic).catch(sqlState)),
    )
    expect(answers.filter((answer) => answer === 'reserved')).toHaveLength(100)
    expect(answers.filter((answer) => answer === '23514')).toHaveLength(900)
    expect(await booksOf(clinic)).toMatchObject({ wallet: 0n, held: 100n * PRICE })
  }, 60_000)

  it('the same reservation of one campaign is taken once, however often it is asked for', async () => {
    await fund(clinic, formatAmount(100n * PRICE))
    const campaignId = newId()
    const holdId = await clinic.within((scope) => openHold(scope, campaignId, 'IDR'))
    const request = { holdId, campaignId, version: 1, currency: 'IDR', amountMinor: PRICE, nItems: 1 }
    const answers = await Promise.allSettled(
      Array.from({ length: 50 }, () => clinic.within((scope) => reserve(scope, request))),
    )
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await booksOf(clinic)).toMatchObject({ wallet: 99n * PRICE, held: PRICE })
  })
})

describe('a top-up', () => {
  const pay = (amount: string, reference = 'transfer-9', by: Person = 'ratna', currency = 'IDR') =>
    clinic.as(by, (scope) => topUp(scope, { amount: { amount, currency }, reference }))

  it('is credited once for a reference, however often and at once it comes', async () => {
    const answers = await Promise.all(Array.from({ length: 30 }, () => pay('500000.00')))
    expect(answers.filter((answer) => answer.ok && !answer.value.repeated)).toHaveLength(1)
    expect(answers.filter((answer) => answer.ok && answer.value.repeated)).toHaveLength(29)
    expect(new Set(answers.map((answer) => answer.ok && answer.value.id)).size).toBe(1)
    expect((await booksOf(clinic)).wallet).toBe(5_000_000_000n)
  })

  it('of another amount under the same reference is refused, and names the first', async () => {
    await pay('500000.00')
    const answer = await pay('500000.01')
    expect(answer).toMatchObject({ ok: false, reason: 'reference_reused' })
    expect(answer.ok ? '' : answer.message).toContain('500000.00 IDR')
    expect((await booksOf(clinic)).wallet).toBe(5_000_000_000n)
  })

  it('under the same reference in another workspace is another payment', async () => {
    const neighbour = await house.openNeighbour()
    await pay('1.00')
    const request = { amount: { amount: '2.00', currency: 'IDR' }, reference: 'transfer-9' }
    expect(await neighbour.as('ratna', (scope) => topUp(scope, request))).toMatchObject({
      value: { repeated: false },
    })
    expect((await booksOf(clinic)).wallet).toBe(10_000n)
    expect((await booksOf(neighbour)).wallet).toBe(20_000n)
  })

  it('keeps the last digit of a hundredth of a hundredth', async () => {
    await pay('0.0001')
    await pay('99999999999.9999', 'transfer-10')
    expect(await clinic.within(readBalance)).toMatchObject({ availableMinor: 1_000_000_000_000_000n })
  })

  it.each([
    ['0', 'validation_failed'],
    ['-1.00', 'validation_failed'],
    ['1.00001', 'validation_failed'],
    ['1e6', 'validation_failed'],
    ['1,000', 'validation_failed'],
    [' 1', 'validation_failed'],
    ['', 'validation_failed'],
    ['NaN', 'validation_failed'],
    ['99999999999999', 'validation_failed'],
  ])('of %j is refused', async (amount, reason) => {
    expect(reasonOf(await pay(amount))).toBe(reason)
    expect((await booksOf(clinic)).wallet).toBe(0n)
  })

  it('in another currency is refused', async () => {
    expect(reasonOf(await pay('1.00', 'transfer-9', 'ratna', 'USD'))).toBe('currency_mismatch')
  })

  it.each(['sari', 'budi', 'joko'] as const)('by %s is refused', async (person) => {
    expect(reasonOf(await pay('1.00', 'transfer-9', person))).toBe('forbidden')
  })
})

describe('books that do not balance', () => {
  it('take no new reservation, and say why', async () => {
    await fund(clinic, '1000.00')
    await clinic.within(
      ({ sql, workspaceId }) =>
        sql`UPDATE workspaces SET frozen_at = now(), frozen_reason = 'wallet off by one' WHERE workspace_id = ${workspaceId}`,
    )
    const refusal = await clinic.within((scope) => checkFunds(scope, PRICE))
    expect(refusal).toMatchObject({ ok: false, reason: 'books_do_not_balance' })
    expect(refusal.ok ? '' : refusal.message).toContain('wallet off by one')
  })
})

async function reserveOne(of: Clinic): Promise<string> {
  const campaignId = newId()
  return of.within(async (scope) => {
    const funds = await checkFunds(scope, PRICE)
    if (!funds.ok) return funds.reason
    const holdId = await openHold(scope, campaignId, 'IDR')
    await reserve(scope, { holdId, campaignId, version: 1, currency: 'IDR', amountMinor: PRICE, nItems: 1 })
    return 'reserved'
  })
}

async function reserveBlindly(of: Clinic): Promise<string> {
  const campaignId = newId()
  return of.within(async (scope) => {
    const holdId = await openHold(scope, campaignId, 'IDR')
    await reserve(scope, { holdId, campaignId, version: 1, currency: 'IDR', amountMinor: PRICE, nItems: 1 })
    return 'reserved'
  })
}

/** These holds have no campaigns, so that only what concerns the ledger is asked. */
async function ledgerFaults(of: Clinic): Promise<string[]> {
  const { checks } = await of.within(auditWorkspace)
  const ledger = ['balances_follow_from_transfers', 'debits_equal_credits', 'transfers_go_their_ways']
  return checks.filter((check) => ledger.includes(check.name)).flatMap((check) => check.differences)
}
