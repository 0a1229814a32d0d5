import { describe, expect, it } from 'vitest'
import { callFate, drawsFor, messageFate, planReceipts } from '../../src/simulator/fate.ts'
import { type Orders, readOrders } from '../../src/simulator/orders.ts'

const MESSAGES = 20_000
const REFS = Array.from(
  { length: MESSAGES },
  (_, n) => `0192f0c1-7e1a-7000-8000-${String(n).padStart(12, '0')}`,
)

function orders(shares: object = {}): Orders {
  const token = {
    v: 1,
    phone_number_id: '1',
    webhook_url: 'http://127.0.0.1:1/w',
    app_secret: 's',
    ...shares,
  }
  return readOrders(Buffer.from(JSON.stringify(token)).toString('base64url'))!
}

function sharesOf<Word extends string>(drawWord: (ref: string) => Word): (word: Word) => number {
  const drawn = REFS.map(drawWord)
  return (word) => drawn.filter((one) => one === word).length / MESSAGES
}

const messageShares = (told: Orders) => sharesOf((ref) => messageFate(told, drawsFor(told.seed, ref)))
const callShares = (told: Orders) => sharesOf((ref) => callFate(told, drawsFor(told.seed, ref)))

describe('the fate of a message', () => {
  it('is delivery, half of it read, where nothing is ordered', () => {
    const share = messageShares(orders())
    expect(share('delivered') + share('read')).toBe(1)
    expect(share('read')).toBeCloseTo(0.5, 1)
  })

  it('has the shares that were ordered', () => {
    const share = messageShares(
      orders({ failed: 0.05, delivered: 0.8, lost: 0.1, read_only: 0.25, read: 0.4 }),
    )
    expect(share('failed')).toBeCloseTo(0.05, 1.7)
    expect(share('undelivered')).toBeCloseTo(0.15, 1.7)
    expect(share('lost')).toBeCloseTo(0.08, 1.7)
    expect(share('read_only')).toBeCloseTo(0.72 * 0.25, 1.7)
    expect(share('read')).toBeCloseTo(0.72 * 0.75 * 0.4, 1.7)
  })

  it('shrinks failed and delivered in proportion where together they are more than all', () => {
    const share = messageShares(orders({ failed: 0.5, delivered: 1, read: 0 }))
    expect(share('failed')).toBeCloseTo(1 / 3, 1.7)
    expect(share('delivered')).toBeCloseTo(2 / 3, 1.7)
  })

  it.each([
    [{ delivered: 0 }, 'undelivered'],
    [{ failed: 1 }, 'failed'],
    [{ lost: 1 }, 'lost'],
    [{ read_only: 1 }, 'read_only'],
    [{ read: 1 }, 'read'],
    [{ read: 0 }, 'delivered'],
  ] as const)('with %j is always %s', (shares, fate) => {
    expect(messageShares(orders(shares))(fate)).toBe(1)
  })

  it('is the same for the same seed and reference, and another for another seed', () => {
    const told = orders({ failed: 0.5 })
    const fates = (seed: number) => REFS.slice(0, 500).map((ref) => messageFate(told, drawsFor(seed, ref)))
    expect(fates(1)).toEqual(fates(1))
    expect([...fates(1)].reverse()).toEqual(
      REFS.slice(0, 500)
        .reverse()
        .map((ref) => messageFate(told, drawsFor(1, ref))),
    )
    expect(fates(2)).not.toEqual(fates(1))
  })
})

describe('the fate of a call', () => {
  it('has the shares that were ordered, each apart from the others', () => {
    const share = callShares(orders({ rejected: 0.1, rate_limited: 0.2, server_error: 0.1, garbage: 0.05 }))
    expect(share('rejected')).toBeCloseTo(0.1, 1.7)
    expect(share('rate_limited')).toBeCloseTo(0.2, 1.7)
    expect(share('server_error')).toBeCloseTo(0.1, 1.7)
    expect(share('garbage')).toBeCloseTo(0.05, 1.7)
    expect(share('answered')).toBeCloseTo(0.55, 1.7)
  })

  it('shrinks the shares where together they are more than all', () => {
    const share = callShares(orders({ timeout_after_accept: 1, reset_after_accept: 1 }))
    expect(share('timeout_after_accept')).toBeCloseTo(0.5, 1.7)
    expect(share('answered')).toBe(0)
  })

  it('does not decide what becomes of the message', () => {
    const told = orders({ rejected: 0.5, failed: 0.5 })
    const passed = REFS.filter((ref) => callFate(told, drawsFor(1, ref)) === 'answered')
    const failed = passed.filter((ref) => messageFate(told, drawsFor(1, ref)) === 'failed')
    expect(failed.length / passed.length).toBeCloseTo(0.5, 1.5)
  })
})

describe('the receipts of a message', () => {
  const plan = (shares: object, fate: Parameters<typeof planReceipts>[1], ref = REFS[0]!) =>
    planReceipts(orders(shares), fate, drawsFor(1, ref))

  it.each([
    ['failed', ['failed'], []],
    ['undelivered', ['sent'], ['sent']],
    ['lost', ['sent'], ['sent']],
    ['delivered', ['sent', 'delivered'], ['sent', 'delivered']],
    ['read', ['sent', 'delivered', 'read'], ['sent', 'delivered']],
    ['read_only', ['sent', 'read'], ['sent', 'read']],
  ] as const)('of one %s are %j, priced %j', (fate, statuses, priced) => {
    const receipts = plan({}, fate)
    expect(receipts.map(({ status }) => status)).toEqual(statuses)
    expect(receipts.filter(({ isPriced }) => isPriced).map(({ status }) => status)).toEqual(priced)
  })

  it('come backwards when shuffled, though they happened in order', () => {
    const receipts = plan({ shuffled: 1 }, 'read')
    expect(receipts.map(({ status }) => status)).toEqual(['read', 'delivered', 'sent'])
    const happened = [...receipts].sort((a, b) => a.happensAfterMs - b.happensAfterMs)
    expect(happened.map(({ status }) => status)).toEqual(['sent', 'delivered', 'read'])
  })

  it('come late by as much as was ordered', () => {
    for (const { happensAfterMs, postAfterMs } of plan({ late: 1, late_ms: 777 }, 'read')) {
      expect(postAfterMs).toBe(happensAfterMs + 777)
    }
  })

  it('come again one to three times when duplicated', () => {
    const copies = new Set(REFS.slice(0, 200).map((ref) => plan({ duplicated: 1 }, 'failed', ref).length - 1))
    expect([...copies].sort()).toEqual([1, 2, 3])
  })
})
