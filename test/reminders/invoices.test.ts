import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { findImport } from '../../src/contacts/index.ts'
import { unwrap } from '../../src/platform/result.ts'
import {
  cancelInvoice,
  disputeInvoice,
  findInvoice,
  invoiceHistory,
  listInvoices,
  promiseInvoice,
  readAgeing,
  recordPayment,
  reopenInvoice,
  saveInvoice,
} from '../../src/reminders/index.ts'
import { type Firm, NOON, openPlace, type Place } from '../contacts/house.ts'

let place: Place
let firm: Firm
let folder: string

beforeAll(async () => {
  place = await openPlace()
  folder = mkdtempSync(join(tmpdir(), 'duecast-invoices-'))
}, 60_000)
beforeEach(async () => {
  firm = await place.openFirm()
})
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await place.close()
})

const HEAD = 'No HP,Nama,Invoice,Jumlah,Jatuh Tempo,Link bayar,Kota'
const SITI = '081234567890,Siti,INV-1,150000,2026-12-01,https://pay.example.com/1,Bandung'
const AGUS = '081234567891,Agus,INV-2,250000.50,2026-12-31,,Solo'
const SITI_TOO = '081234567890,Siti,INV-3,99000,2026-11-15,,Bandung'

async function upload(rows: readonly string[], options: Record<string, string> = {}) {
  const path = join(folder, 'open invoices.csv')
  writeFileSync(path, [HEAD, ...rows].join('\n'))
  const id = await firm.upload({ path, options: { kind: 'invoices', ...options } })
  return unwrap(await firm.as('owner', (scope) => findImport(scope, id)))
}

async function book() {
  const page = await firm.as('viewer', (scope) => listInvoices(scope, { limit: 100 }))
  return page.items
    .map(({ number, state, amountMinor, paidMinor, dueDate }) => ({
      number,
      state,
      owed: `${amountMinor / 10_000n}`,
      paid: `${paidMinor / 10_000n}`,
      dueDate,
    }))
    .sort((a, b) => a.number.localeCompare(b.number))
}

function pay(number: string, amount: number, externalId: string) {
  const payment = { number, amountMinor: BigInt(amount) * 10_000n, paidAt: NOON, source: 'test', externalId }
  return firm.as('owner', (scope) => recordPayment(scope, payment))
}

describe('a sheet of invoices', () => {
  it('enters each, two of one person among them, with all its columns', async () => {
    const { totals, accepted } = await upload([SITI, AGUS, SITI_TOO])
    expect({ accepted, totals }).toMatchObject({ accepted: 3, totals: { new_invoices: 3, new_contacts: 2 } })
    expect(await book()).toEqual([
      { number: 'INV-1', state: 'open', owed: '150000', paid: '0', dueDate: '2026-12-01' },
      { number: 'INV-2', state: 'open', owed: '250000', paid: '0', dueDate: '2026-12-31' },
      { number: 'INV-3', state: 'open', owed: '99000', paid: '0', dueDate: '2026-11-15' },
    ])
    const one = unwrap(await firm.as('viewer', (scope) => findInvoice(scope, { number: 'INV-1' })))
    expect(one).toMatchObject({ payLink: 'https://pay.example.com/1', variables: { kota: 'Bandung' } })
    const two = unwrap(await firm.as('viewer', (scope) => findInvoice(scope, { number: 'INV-2' })))
    expect(two.amountMinor).toBe(2_500_005_000n)
  })

  it('never doubles: the same again changes nothing', async () => {
    await upload([SITI, AGUS])
    const { totals } = await upload([SITI, AGUS])
    expect(totals).toMatchObject({ new_invoices: 0, changed_invoices: 0, same_invoices: 2 })
    expect(await book()).toHaveLength(2)
  })

  it('updates, adds, and leaves what it does not have, unless asked to close it', async () => {
    await upload([SITI, AGUS])
    const dearer = SITI.replace('150000', '175000')
    expect((await upload([dearer, SITI_TOO])).totals).toMatchObject({
      new_invoices: 1,
      changed_invoices: 1,
      closed_invoices: 0,
    })
    expect((await book()).map(({ state }) => state)).toEqual(['open', 'open', 'open'])
    const { totals } = await upload([dearer], { close_missing: 'true' })
    expect(totals).toMatchObject({ same_invoices: 1, closed_invoices: 2 })
    expect((await book()).map(({ state }) => state)).toEqual(['open', 'cancelled', 'cancelled'])
  })

  it('brings back what an earlier sheet had closed', async () => {
    await upload([SITI, AGUS])
    await upload([SITI], { close_missing: 'true' })
    expect((await upload([SITI, AGUS])).totals).toMatchObject({ changed_invoices: 1, same_invoices: 1 })
    expect((await book()).map(({ state }) => state)).toEqual(['open', 'open'])
  })

  it('closes nothing while rows of it were rejected: one of them may be the missing one', async () => {
    await upload([SITI, AGUS])
    const { totals, rejected } = await upload([SITI, AGUS.replace('081234567891', 'no phone')], {
      close_missing: 'true',
    })
    expect({ rejected, totals }).toMatchObject({
      rejected: 1,
      totals: { closed_invoices: 0, close_missing_not_done: 1 },
    })
    expect((await book()).map(({ state }) => state)).toEqual(['open', 'open'])
  })

  it('does not touch what is paid, nor what a person has cancelled', async () => {
    await upload([SITI, AGUS])
    unwrap(await pay('INV-1', 150_000, 'p1'))
    unwrap(await firm.as('marketer', (scope) => cancelInvoice(scope, { number: 'INV-2' }, 'written off')))
    await upload([SITI.replace('150000', '900000'), AGUS.replace('250000.50', '1')])
    expect(await book()).toMatchObject([
      { state: 'paid', owed: '150000' },
      { state: 'cancelled', owed: '250000' },
    ])
  })

  it('may say what is still owed: payments that are known are added to it', async () => {
    await upload([SITI])
    unwrap(await pay('INV-1', 50_000, 'p1'))
    await upload([SITI.replace('150000', '100000')], { amounts: 'outstanding' })
    expect(await book()).toMatchObject([{ state: 'partly_paid', owed: '150000', paid: '50000' }])
  })
})

describe('a payment', () => {
  beforeEach(() => upload([SITI]))

  it('counts once for each source and number, however often it is told', async () => {
    expect(unwrap(await pay('INV-1', 50_000, 'p1'))).toMatchObject({ known: false })
    expect(unwrap(await pay('INV-1', 50_000, 'p1'))).toMatchObject({ known: true })
    expect(await book()).toMatchObject([{ state: 'partly_paid', paid: '50000' }])
  })

  it('counts once when it is told twenty times at the same moment', async () => {
    const told = await Promise.all(Array.from({ length: 20 }, () => pay('INV-1', 50_000, 'p1')))
    expect(told.filter((one) => unwrap(one).known)).toHaveLength(19)
    expect(await book()).toMatchObject([{ paid: '50000' }])
  })

  it.each([
    ['in parts', [50_000, 100_000], 'paid', '150000'],
    ['at once', [150_000], 'paid', '150000'],
    ['more than owed', [200_000], 'paid', '200000'],
    ['again after it was paid', [150_000, 10_000], 'paid', '160000'],
    ['in part', [1], 'partly_paid', '1'],
  ])('%s', async (_, amounts, state, paid) => {
    for (const [n, amount] of amounts.entries()) unwrap(await pay('INV-1', amount, `p${n}`))
    expect(await book()).toMatchObject([{ state, paid }])
  })

  it('in part leaves a promise standing, in full ends it', async () => {
    unwrap(await firm.as('marketer', (scope) => promiseInvoice(scope, { number: 'INV-1' }, '2026-12-05')))
    unwrap(await pay('INV-1', 50_000, 'p1'))
    expect(await book()).toMatchObject([{ state: 'promised', paid: '50000' }])
    unwrap(await pay('INV-1', 100_000, 'p2'))
    expect(await book()).toMatchObject([{ state: 'paid' }])
  })

  it('is never taken back: paid stays paid, in the table itself too', async () => {
    unwrap(await pay('INV-1', 150_000, 'p1'))
    const dispute = await firm.as('marketer', (scope) => disputeInvoice(scope, { number: 'INV-1' }))
    expect(dispute).toMatchObject({ ok: false, reason: 'wrong_state' })
    const undone = firm.as(
      'owner',
      ({ sql }) => sql`UPDATE invoices SET state = 'open', paid = 0, paid_at = NULL`,
    )
    await expect(undone).rejects.toMatchObject({ code: '23001' })
  })

  it('of an unknown number, another currency or nothing at all is refused', async () => {
    expect(await pay('INV-9', 1, 'p1')).toMatchObject({ ok: false, reason: 'not_found' })
    expect(await pay('INV-1', 0, 'p1')).toMatchObject({ ok: false, reason: 'validation_failed' })
    const dollars = {
      number: 'INV-1',
      amountMinor: 1n,
      currency: 'USD',
      paidAt: NOON,
      source: 't',
      externalId: 'x',
    }
    expect(await firm.as('owner', (scope) => recordPayment(scope, dollars))).toMatchObject({
      ok: false,
      reason: 'currency_mismatch',
    })
  })
})

describe('an invoice’s history', () => {
  it('tells all that happened, by whom and in order, and cannot be changed', async () => {
    await upload([SITI])
    const ref = { number: 'INV-1' }
    unwrap(await firm.as('marketer', (scope) => promiseInvoice(scope, ref, '2026-12-05')))
    unwrap(await firm.as('marketer', (scope) => disputeInvoice(scope, ref, 'wrong address')))
    unwrap(await firm.as('marketer', (scope) => reopenInvoice(scope, ref)))
    unwrap(await pay('INV-1', 150_000, 'p1'))
    const { id } = unwrap(await firm.as('viewer', (scope) => findInvoice(scope, ref)))
    const history = unwrap(await firm.as('viewer', (scope) => invoiceHistory(scope, id)))
    expect(history.map(({ kind, toState }) => `${kind} ${toState}`)).toEqual([
      'created open',
      'promised promised',
      'disputed disputed',
      'reopened open',
      'payment paid',
    ])
    const forged = firm.as('owner', ({ sql }) => sql`UPDATE invoice_events SET actor = 'nobody'`)
    await expect(forged).rejects.toMatchObject({ code: '42501' })
  })

  it('a viewer may not write it', async () => {
    await upload([SITI])
    const refused = await firm.as('viewer', (scope) => disputeInvoice(scope, { number: 'INV-1' }))
    expect(refused).toMatchObject({ ok: false, reason: 'forbidden' })
  })
})

it('an invoice that a program enters finds its contact by number, and is the same when entered again', async () => {
  const words = {
    number: 'A-7',
    contact: { phone: '081234567899', name: 'Rina' },
    amount: { amount: '12.50', currency: 'IDR' },
    dueDate: '2026-12-24',
    tags: ['school', 'term 2'],
  }
  const first = unwrap(await firm.as('marketer', (scope) => saveInvoice(scope, words, 'api')))
  const again = unwrap(await firm.as('marketer', (scope) => saveInvoice(scope, words, 'api')))
  expect(first).toMatchObject({ isNew: true, invoice: { tags: ['school', 'term 2'], amountMinor: 125_000n } })
  expect(again).toMatchObject({ isNew: false, invoice: { id: first.invoice.id } })
})

it('what is owed is shown by age', async () => {
  await upload([SITI, AGUS, SITI_TOO])
  const ageing = await firm.as('viewer', (scope) => readAgeing(scope, '2026-11-22'))
  expect(ageing).toEqual([
    { currency: 'IDR', bucket: 'not_due', invoices: 2, outstandingMinor: 4_000_005_000n },
    { currency: 'IDR', bucket: '1_30', invoices: 1, outstandingMinor: 990_000_000n },
  ])
})

describe('amounts beyond all bounds', () => {
  const amount = { amount: '99999999999999.9999', currency: 'IDR' }
  const contact = { phone: '+6281234567890' }
  const enter = (number: string) => {
    const words = { number, contact, amount, dueDate: '2026-12-31' }
    return firm.as('owner', (scope) => saveInvoice(scope, words, 'api'))
  }

  it('are added up, and are more than one invoice can hold', async () => {
    for (let n = 0; n < 12; n++) unwrap(await enter(`INV-${n}`))
    const [line] = await firm.as('viewer', (scope) => readAgeing(scope, '2026-11-22'))
    expect(line!.outstandingMinor).toBe(12n * 999_999_999_999_999_999n)
  })

  it('are paid until it is more than any invoice is of, and refused from then on', async () => {
    const { invoice } = unwrap(await enter('INV-1'))
    const pay = (n: number) =>
      firm.as('owner', (scope) =>
        recordPayment(scope, {
          invoiceId: invoice.id,
          amountMinor: 10n ** 17n,
          currency: 'IDR',
          paidAt: NOON,
          source: 'api',
          externalId: `payment-${n}`,
        }),
      )
    for (let n = 0; n < 10; n++) unwrap(await pay(n))
    expect(await pay(10)).toMatchObject({ ok: false, reason: 'validation_failed' })
  })
})
