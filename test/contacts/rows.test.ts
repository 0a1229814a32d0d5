import { describe, expect, test } from 'vitest'
import { planColumns, sheetLocale } from '../../src/contacts/index.ts'
import type { SheetKind } from '../../src/contacts/sheet/kinds.ts'
import { type RowOutcome, rowReader } from '../../src/contacts/sheet/read.ts'
import type { RawCell, SheetRow } from '../../src/contacts/sheet/row-source.ts'

type Value = string | number | null | RawCell

function cell(value: Value): RawCell | undefined {
  if (value === null) return undefined
  if (typeof value === 'number') return { kind: 'number', text: String(value) }
  return typeof value === 'string' ? { kind: 'text', text: value } : value
}

/** Reads rows below a heading row, in Indonesia. */
function readAll(
  headings: readonly string[],
  lines: readonly (readonly Value[])[],
  kind: SheetKind = 'contacts',
): RowOutcome[] {
  const rows: SheetRow[] = [headings, ...lines].map((line, index) => ({
    rowNo: index + 1,
    hidden: false,
    cells: line.map(cell),
  }))
  const planned = planColumns(rows, new Map(), false)
  if (!planned.ok) throw new Error(planned.message)
  const read = rowReader({
    kind,
    columns: planned.value.columns,
    locale: sheetLocale('id'),
    defaultCountry: 'ID',
    date1904: false,
  })
  return rows.slice(1).map(read)
}

const problems = (outcome: RowOutcome | undefined) =>
  outcome?.outcome === 'rejected' ? outcome.problems.map(({ column, code }) => [column, code]) : []

describe('a row', () => {
  test('becomes a contact: dates are ISO days, numbers plain decimals, all other text as it stood', () => {
    const [outcome] = readAll(
      [
        'No HP',
        'Nama',
        'Email',
        'Zona Waktu',
        'Tagihan',
        'Jatuh Tempo',
        'Invoice',
        'Link Pembayaran',
        'Kunjungan',
        'Poin',
        'Jam',
        'Catatan',
        'Kosong',
      ],
      [
        [
          6281234567890,
          ' Ani ',
          'ani@example.com',
          'WIB',
          { kind: 'number', text: '586.33000000000004' },
          { kind: 'date', text: '46357.75' },
          'INV/2026-001',
          'pay.example.com/1',
          { kind: 'date', text: '46358' },
          { kind: 'number', text: '1.5E3' },
          { kind: 'time', text: '0.395833333' },
          '  =SUM(A1)  ',
          ' ',
        ],
      ],
    )
    expect(outcome).toEqual({
      outcome: 'accepted',
      row: {
        row: 2,
        phone: '+6281234567890',
        name: 'Ani',
        email: 'ani@example.com',
        time_zone: 'Asia/Jakarta',
        variables: {
          amount: '586.33',
          due_date: '2026-12-01',
          invoice: 'INV/2026-001',
          pay_link: 'pay.example.com/1',
          kunjungan: '2026-12-02',
          poin: '1500',
          jam: '09:30',
          catatan: '=SUM(A1)',
        },
      },
    })
  })

  test('with faults is refused with one problem for each, by the heading as it stands', () => {
    const [outcome] = readAll(
      ['No. HP', 'E-mail', 'Time zone', 'Tagihan', 'Jatuh Tempo', 'Link bayar', 'Nama', 'Kode'],
      [
        [
          '0812',
          'ani@',
          'Jakarta',
          '1,500,000',
          '31/02/2026',
          'javascript:alert(1)',
          'x'.repeat(201),
          'y'.repeat(1_025),
        ],
      ],
    )
    expect(problems(outcome)).toEqual([
      ['No. HP', 'phone_too_short'],
      ['E-mail', 'email_invalid'],
      ['Time zone', 'time_zone_invalid'],
      ['Tagihan', 'amount_not_in_locale'],
      ['Jatuh Tempo', 'date_impossible'],
      ['Link bayar', 'pay_link_invalid'],
      ['Nama', 'value_too_long'],
      ['Kode', 'value_too_long'],
    ])
  })

  test('is refused for what a spreadsheet has lost or not worked out', () => {
    const outcomes = readAll(
      ['HP', 'Virtual account', 'Tagihan'],
      [
        ['081234567890', { kind: 'number', text: '8077081234567890' }, 1],
        ['081234567891', 'ok', { kind: 'error', text: '#N/A' }],
        [{ kind: 'uncalculated', text: '=' }, 'ok', 1],
        [{ kind: 'date', text: '46357' }, 'ok', 1],
        ['081234567892', { kind: 'date', text: '60' }, { kind: 'date', text: '46357' }],
      ],
    )
    expect(outcomes.map(problems)).toEqual([
      [['Virtual account', 'number_lost_digits']],
      [['Tagihan', 'cell_error']],
      [['HP', 'formula_not_calculated']],
      [['HP', 'phone_invalid']],
      [
        ['Virtual account', 'date_impossible'],
        ['Tagihan', 'amount_invalid'],
      ],
    ])
  })

  test('that is refused keeps its cells, numbers as numbers and dates as ISO days', () => {
    const [outcome] = readAll(
      ['HP', 'Tagihan', 'Jatuh Tempo', 'Catatan'],
      [['12', 586.33, { kind: 'date', text: '46357' }, 'a\u0000b']],
    )
    expect(outcome).toMatchObject({ row: { row: 2, cells: ['12', 586.33, '2026-12-01', 'ab'] } })
  })

  test('without anything in it is passed over, and dashes mean nothing', () => {
    const outcomes = readAll(
      ['HP', 'Email', 'Tagihan'],
      [
        [' ', null],
        ['081234567890', '-', 'n/a'],
        ['-', null, null],
      ],
    )
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['blank', 'accepted', 'rejected'])
    expect(problems(outcomes[2])).toEqual([['HP', 'phone_missing']])
  })

  test('holds no character that the database cannot store', () => {
    const [outcome] = readAll(['HP', 'Nama'], [['081234567890', 'A\u0000n\ud800i\r\nB 😀']])
    expect(outcome).toMatchObject({ row: { name: 'Ani\nB 😀' } })
  })

  test('with a number seen before is a duplicate, and its problem names the first row', () => {
    const outcomes = readAll(
      ['HP'],
      [['081234567890'], ['081234567891'], [6281234567890], ['+62 812 3456 7891']],
    )
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['accepted', 'accepted', 'duplicate', 'duplicate'])
    expect(outcomes[2]).toMatchObject({
      problem: {
        row: 4,
        column: 'HP',
        code: 'duplicate_in_sheet',
        message: expect.stringContaining('row 2'),
        value: '6281234567890',
      },
    })
  })

  test('of a refused number does not make the next one a duplicate', () => {
    const outcomes = readAll(
      ['HP', 'Email'],
      [
        ['081234567890', 'x'],
        ['081234567890', 'a@b.co'],
      ],
    )
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['rejected', 'accepted'])
  })

  test('of fifty thousand distinct numbers is never taken for another', () => {
    const lines = Array.from({ length: 50_000 }, (_, index) => [`08120${String(1_000_000 + index)}`])
    expect(new Set(readAll(['HP'], lines).map(({ outcome }) => outcome))).toEqual(new Set(['accepted']))
  })
})

describe('an invoice row', () => {
  const HEADINGS = ['HP', 'Invoice', 'Tagihan', 'Jatuh Tempo']

  test('may share its number with another invoice, but not its invoice', () => {
    const line = (invoice: string) => ['081234567890', invoice, 1_000, '2026-12-01']
    const outcomes = readAll(HEADINGS, [line('A'), line('B'), line('A')], 'invoices')
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['accepted', 'accepted', 'duplicate'])
  })

  test('needs its number, an amount and a due date, and says each once', () => {
    const outcomes = readAll(HEADINGS, [['081234567890', null, '-', 'soon']], 'invoices')
    expect(problems(outcomes[0])).toEqual([
      ['Jatuh Tempo', 'date_invalid'],
      ['Invoice', 'invoice_missing'],
      ['Tagihan', 'amount_missing'],
    ])
  })
})
