import { describe, expect, it } from 'vitest'
import { booksBalance, checkBooks, type Settled } from '../../src/cli/demo/statement.ts'

const idr = (amount: string) => ({ amount, currency: 'IDR' })

/** Three messages of 356.65: two delivered, one failed. */
const BALANCED: Settled = {
  toppedUp: idr('2000'),
  quoted: idr('1069.95'),
  campaign: {
    id: 'c1',
    state: 'settled',
    counts: { total: 3, delivered: 2, failed: 1 },
    money: { held: idr('1069.95'), captured: idr('713.30'), released: idr('356.65'), remaining: idr('0.00') },
    rate_per_second: 0,
  },
  messages: ['356.65', '356.65', '0.00'].map((charged) => ({
    state: 'x',
    charged: idr(charged),
    explanation: '',
  })),
  wallet: { currency: 'IDR', available: idr('1286.70'), held: idr('0.00'), spent: idr('713.30') },
  audit: { ok: true, checks: [] },
}

const withMoney = (money: Partial<Settled['campaign']['money']>): Settled => ({
  ...BALANCED,
  campaign: { ...BALANCED.campaign, money: { ...BALANCED.campaign.money, ...money } },
})

describe('the statement of the demo', () => {
  it('balances where every sum comes out', () => {
    expect(checkBooks(BALANCED).every(({ ok }) => ok)).toBe(true)
    expect(booksBalance(BALANCED)).toBe(true)
  })

  it.each<[string, Settled]>([
    ['one ten-thousandth was released too little', withMoney({ released: idr('356.6499') })],
    ['one ten-thousandth was charged too much', withMoney({ captured: idr('713.3001') })],
    ['more was reserved than quoted', withMoney({ held: idr('1070.95'), released: idr('357.65') })],
    ['something is left in the hold', withMoney({ remaining: idr('0.0001') })],
    [
      'a message was charged and the campaign was not',
      { ...BALANCED, messages: [...BALANCED.messages, ...BALANCED.messages] },
    ],
    [
      'the wallet has lost something',
      { ...BALANCED, wallet: { ...BALANCED.wallet, available: idr('1286.69') } },
    ],
    ['the wallet still holds something', { ...BALANCED, wallet: { ...BALANCED.wallet, held: idr('0.01') } }],
    ['the audit finds a fault', { ...BALANCED, audit: { ok: false, checks: [] } }],
    [
      'the campaign has not settled',
      { ...BALANCED, campaign: { ...BALANCED.campaign, state: 'completing' } },
    ],
  ])('does not balance where %s', (_why, settled) => {
    expect(booksBalance(settled)).toBe(false)
  })
})
