import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  findImport,
  importSheet,
  listProblems,
  openProblemBook,
  receiveFile,
} from '../../src/contacts/index.ts'
import { unwrap } from '../../src/platform/result.ts'
import {
  disputeInvoice,
  findInvoice,
  invoiceHistory,
  promiseInvoice,
  recordPayment,
  takePayments,
} from '../../src/reminders/index.ts'
import { afterPayment } from '../../src/reminders/invoice.ts'
import { booksOf, type Clinic, fund, openClinic, PRICE } from '../campaigns/clinic.ts'
import { makeLadder, owe, plan, sendDue, step } from './ladder.ts'

const SITI = '+6281200000001'
const jakarta = (day: string, clock: string) => new Date(`${day}T${clock}:00+07:00`)

let clinic: Clinic
let folder: string
beforeEach(async () => {
  clinic = await openClinic()
  folder = mkdtempSync(join(tmpdir(), 'duecast-payments-'))
}, 60_000)
afterEach(async () => {
  await clinic.close()
  rmSync(folder, { recursive: true })
})

async function upload(text: string, options: Record<string, unknown> = {}) {
  const path = join(folder, `${Math.random()}.csv`)
  writeFileSync(path, text)
  const { id } = unwrap(
    await clinic.as('budi', (scope) =>
      receiveFile(scope, { path, fileName: 'paid.csv', options: { kind: 'payments', ...options } }),
    ),
  )
  await importSheet({ within: clinic.within, folder, takePayments }, id)
  return clinic.within(async (scope) => {
    const done = unwrap(await findImport(scope, id))
    const { items } = unwrap(await listProblems(scope, id, { limit: 50, after: undefined }))
    return { ...done, problems: items.map(({ row, code }) => `${row} ${code}`) }
  })
}

async function stateOf(number: string): Promise<string> {
  const { state, paidMinor } = unwrap(await clinic.within((scope) => findInvoice(scope, { number })))
  return `${state} ${paidMinor / 10_000n}`
}

describe('a sheet of paid invoices', () => {
  it('pays in full where no amount is named, in part where one is, and stops what reminds of them', async () => {
    await fund(clinic, '10000')
    await makeLadder(clinic, [step('due', 0)])
    for (const [n, number] of ['INV-1', 'INV-2', 'INV-3'].entries())
      await owe(clinic, {
        number,
        phone: `+628120000000${n + 1}`,
        dueDate: '2026-12-03',
        zone: 'Asia/Jakarta',
      })
    clinic.at(jakarta('2026-12-02', '17:00'))
    await plan(clinic)
    expect(await booksOf(clinic)).toMatchObject({ held: 3n * PRICE })
    const done = await upload('Invoice,Amount\nINV-1,\nINV-2,50000\n')
    expect(done).toMatchObject({
      state: 'done',
      kind: 'payments',
      listId: null,
      rows: 2,
      accepted: 2,
      rejected: 0,
      totals: { new_payments: 2, known_payments: 0, paid_invoices: 1, partly_paid_invoices: 1 },
    })
    expect(await stateOf('INV-1')).toBe('paid 150000')
    expect(await stateOf('INV-2')).toBe('partly_paid 50000')
    // The money of what was stopped is back at once; what is still owed is told anew.
    expect(await booksOf(clinic)).toMatchObject({ held: PRICE })
    await plan(clinic)
    clinic.at(jakarta('2026-12-03', '09:30'))
    expect((await sendDue(clinic)).sort()).toEqual(['INV-2 100000', 'INV-3 150000'])
  })

  it('makes no contact and no list', async () => {
    await owe(clinic, { number: 'INV-1', phone: SITI, dueDate: '2026-12-03' })
    const before = await counts()
    await upload('Nombre,Factura,Teléfono\nJosé,INV-1,+34612345678\n')
    expect(await counts()).toEqual(before)
    expect(await stateOf('INV-1')).toBe('paid 150000')
  })

  it('changes nothing the second time, whatever else stands in the file', async () => {
    await owe(clinic, { number: 'INV-1', phone: SITI, dueDate: '2026-12-03' })
    await owe(clinic, { number: 'INV-2', phone: SITI, dueDate: '2026-12-03' })
    await upload('invoice,paid,payment date,reference\nINV-1,1000,2026-11-20,BCA 1\nINV-2,,2026-11-20,\n')
    const again = await upload(
      'invoice,paid,payment date,reference\nINV-2,,2026-11-20,\nINV-1,1000,2026-11-20,BCA 1\nINV-1,1000,2026-11-20,BCA 2\n',
    )
    expect(again.totals).toMatchObject({ new_payments: 1, known_payments: 2, paid_invoices: 0 })
    expect(await stateOf('INV-1')).toBe('partly_paid 2000')
    expect(await stateOf('INV-2')).toBe('paid 150000')
  })

  it.each([
    ['English', 'Invoice No,Amount due,Amount paid,Paid on\nINV-1,150000,"1,000.50",20 Nov 2026', 'en'],
    [
      'Indonesian',
      'No. Invoice;Jumlah Tagihan;Jumlah Bayar;Tanggal Bayar\nINV-1;150.000;1.000,50;20/11/2026',
      'id',
    ],
    ['Spanish', 'Factura;Importe;Importe pagado;Fecha de pago\nINV-1;150.000;1.000,50;20/11/2026', 'es'],
  ])(
    'is understood in %s: what was paid and not what was owed, on the day it was paid',
    async (_, text, locale) => {
      await owe(clinic, { number: 'INV-1', phone: SITI, dueDate: '2026-12-03' })
      const done = await upload(text, { locale })
      expect([done.problems, done.totals.new_payments]).toEqual([[], 1])
      const [row] = await clinic.within(
        ({ sql }) => sql<{ amount: bigint; paid_at: string }[]>`
        SELECT amount, to_char(paid_at AT TIME ZONE 'Asia/Jakarta', 'YYYY-MM-DD') AS paid_at FROM invoice_payments`,
      )
      expect(row).toEqual({ amount: 10_005_000n, paid_at: '2026-11-20' })
    },
  )

  it('keeps a due date beside it out of the payment', async () => {
    await owe(clinic, { number: 'INV-1', phone: SITI, dueDate: '2026-12-03' })
    await upload('invoice,due date\nINV-1,2026-01-01\n')
    const [row] = await clinic.within(
      ({ sql }) => sql<{ at: Date }[]>`SELECT paid_at::text AS at FROM invoice_payments`,
    )
    expect(new Date(row!.at)).toEqual(clinic.now())
  })

  it('refuses what is in no book, what is nothing and what cannot be read, and gives it back to mend', async () => {
    await owe(clinic, { number: 'INV-1', phone: SITI, dueDate: '2026-12-03' })
    const done = await upload(
      'invoice,amount,who\nINV-9,1000,Siti\nINV-1,0,Agus\nINV-1,abc,Rina\n,500,Budi\nINV-1,700,Joko\nINV-1,700,Wati\n',
    )
    expect([...done.problems].sort()).toEqual([
      '2 invoice_unknown',
      '3 amount_invalid',
      '4 amount_invalid',
      '5 invoice_missing',
      '7 duplicate_in_sheet',
    ])
    expect(done).toMatchObject({ rows: 6, accepted: 1, rejected: 4, duplicates: 1 })
    expect(await stateOf('INV-1')).toBe('partly_paid 700')
    const book = await clinic.within(async (scope) => {
      const { stream } = unwrap(await openProblemBook(scope, done.id))
      return Buffer.from(await new Response(stream).arrayBuffer())
    })
    expect(book.subarray(0, 2).toString()).toBe('PK')
    const [kept] = await clinic.within(
      ({ sql }) => sql<{ cells: unknown }[]>`SELECT cells FROM import_rejected_rows WHERE "row" = 2`,
    )
    expect(kept!.cells).toEqual(['INV-9', '1000', 'Siti'])
  })

  it('asks which column it is, where none is the invoice’s number', async () => {
    const done = await upload('aa,bb\nINV-1,1000\n')
    expect(done).toMatchObject({ state: 'mapping', code: 'invoice_column_missing' })
  })

  it('moves an invoice as one payment alone does, from every state', async () => {
    const states = ['open', 'partly', 'promised', 'disputed', 'paid']
    const rows = states.flatMap((state) => [`${state} part`, `${state} whole`])
    for (const number of rows) {
      await owe(clinic, { number, phone: SITI, dueDate: '2026-12-03' })
      const as = <T>(work: Parameters<typeof clinic.as<T>>[1]) => clinic.as('budi', work)
      if (number.startsWith('partly')) await pay(number, 100n)
      if (number.startsWith('paid')) await pay(number, 150_000n)
      if (number.startsWith('promised'))
        unwrap(await as((scope) => promiseInvoice(scope, { number }, '2026-12-24')))
      if (number.startsWith('disputed')) unwrap(await as((scope) => disputeInvoice(scope, { number })))
    }
    const before = new Map<string, string>()
    for (const number of rows) {
      const invoice = unwrap(await clinic.within((scope) => findInvoice(scope, { number })))
      const after = afterPayment(invoice, (number.endsWith('part') ? 500n : 150_000n) * 10_000n)
      before.set(number, `${after.state} ${after.paidMinor / 10_000n}`)
    }
    await upload(
      `invoice,amount\n${rows.map((number) => `${number},${number.endsWith('part') ? 500 : 150000}`).join('\n')}\n`,
    )
    for (const number of rows) expect([number, await stateOf(number)]).toEqual([number, before.get(number)])
    const history = unwrap(
      await clinic.within(async (scope) => {
        const { id } = unwrap(await findInvoice(scope, { number: 'promised part' }))
        return invoiceHistory(scope, id)
      }),
    )
    expect(history.at(-1)).toMatchObject({
      kind: 'payment',
      fromState: 'promised',
      toState: 'promised',
      facts: { amount: '500', source: 'sheet' },
    })
  })

  it('adds the parts of one invoice up, and what names no amount is the rest', async () => {
    await owe(clinic, { number: 'INV-1', phone: SITI, dueDate: '2026-12-03' })
    const done = await upload(
      'invoice,amount,reference\nINV-1,,last\nINV-1,100000,first\nINV-1,20000,second\n',
    )
    expect(done.totals).toMatchObject({ new_payments: 3, paid_invoices: 1 })
    expect(await stateOf('INV-1')).toBe('paid 150000')
  })
})

function pay(number: string, amount: bigint) {
  return clinic.as('budi', (scope) =>
    recordPayment(scope, {
      number,
      amountMinor: amount * 10_000n,
      paidAt: scope.now,
      source: 'test',
      externalId: number,
    }),
  )
}

async function counts() {
  const [row] = await clinic.within(
    ({ sql }) =>
      sql`SELECT (SELECT count(*)::int FROM contacts) AS contacts, (SELECT count(*)::int FROM lists) AS lists`,
  )
  return row
}
