import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  afterPayment,
  INVOICE_MOVES,
  INVOICE_STATES,
  type InvoiceState,
  outstandingMinor,
  stateByFigures,
} from '../../src/reminders/invoice.ts'

describe('what is owed of an invoice of a hundred', () => {
  it.each<[InvoiceState, bigint, bigint]>([
    ['open', 0n, 100n],
    ['partly_paid', 99n, 1n],
    ['promised', 40n, 60n],
    ['disputed', 100n, 0n],
    ['cancelled', 130n, 0n],
    ['paid', 100n, 0n],
    // Paid while its amount was lower: it stays paid.
    ['paid', 60n, 0n],
  ])('%s with %i paid is %i', (state, paidMinor, owed) => {
    expect(outstandingMinor({ state, amountMinor: 100n, paidMinor })).toBe(owed)
  })
})

describe('a payment', () => {
  it.each<[InvoiceState, bigint, bigint, InvoiceState]>([
    ['open', 0n, 99n, 'partly_paid'],
    ['open', 0n, 100n, 'paid'],
    ['open', 0n, 101n, 'paid'],
    ['partly_paid', 60n, 39n, 'partly_paid'],
    ['partly_paid', 60n, 40n, 'paid'],
    ['promised', 0n, 1n, 'promised'],
    ['promised', 0n, 100n, 'paid'],
    ['disputed', 0n, 99n, 'disputed'],
    ['disputed', 0n, 100n, 'paid'],
    ['cancelled', 50n, 49n, 'cancelled'],
    ['cancelled', 50n, 50n, 'paid'],
    ['paid', 100n, 5n, 'paid'],
    ['paid', 10n, 5n, 'paid'],
  ])('of an invoice that is %s with %i of a hundred paid, by %i, leaves it %s', (state, was, by, then) => {
    expect(afterPayment({ state, amountMinor: 100n, paidMinor: was }, by)).toEqual({
      state: then,
      paidMinor: was + by,
    })
  })

  it('in whatever parts and order comes to the same sum, and is never lost', () => {
    const parts = fc.array(fc.bigInt({ min: 1n, max: 40n }), { maxLength: 12 })
    fc.assert(
      fc.property(parts, fc.constantFrom(...INVOICE_STATES), (amounts, state) => {
        let end: ReturnType<typeof afterPayment> = { state, paidMinor: 0n }
        for (const amount of amounts) end = afterPayment({ ...end, amountMinor: 100n }, amount)
        const sum = amounts.reduce((total, amount) => total + amount, 0n)
        expect(end.paidMinor).toBe(sum)
        if (sum >= 100n) expect(end.state).toBe('paid')
        else if (sum > 0n && state === 'open') expect(end.state).toBe('partly_paid')
        else expect(end.state).toBe(state)
      }),
    )
  })
})

describe('an invoice that is open again', () => {
  it.each<[bigint, InvoiceState]>([
    [0n, 'open'],
    [1n, 'partly_paid'],
    [99n, 'partly_paid'],
    [100n, 'paid'],
    [101n, 'paid'],
  ])('with %i of a hundred paid is %s', (paidMinor, state) => {
    expect(stateByFigures({ amountMinor: 100n, paidMinor })).toBe(state)
  })
})

/** Every way that a person may take it; all that is not here is none. */
const WAYS = `
  open promised, open disputed, open cancelled, partly_paid promised, partly_paid disputed, partly_paid cancelled,
  promised promised, promised open, promised partly_paid, promised disputed, promised cancelled,
  disputed promised, disputed open, disputed partly_paid, disputed cancelled, cancelled open, cancelled partly_paid`

it('goes by hand the ways that the table names and no other, and never out of paid or into it', () => {
  const all = INVOICE_STATES.flatMap((from) => INVOICE_MOVES[from].map((to) => `${from} ${to}`))
  expect(all.sort()).toEqual(
    WAYS.split(',')
      .map((way) => way.trim())
      .sort(),
  )
})
