import { describe, expect, test } from 'vitest'
import { mappingInUse, parseHandMapping, planColumns, recogniseHeading } from '../../src/contacts/index.ts'

const HEADINGS: readonly (readonly [heading: string, field: string | undefined])[] = [
  ['Phone', 'phone'],
  ['PHONE NUMBER *', 'phone'],
  ['phoneNumber', 'phone'],
  ['Mobile No.', 'phone'],
  ['Customer phone', 'phone'],
  ['No HP', 'phone'],
  ['No. HP (WhatsApp)', 'phone'],
  ['NoHP', 'phone'],
  ['Nomor WhatsApp', 'phone'],
  ['Nomor Telepon Pelanggan', 'phone'],
  ['No. Telp/HP', 'phone'],
  ['Teléfono', 'phone'],
  ['TELEFONO MÓVIL', 'phone'],
  ['Número de celular', 'phone'],
  ['Celular del cliente', 'phone'],
  ['Office phone', undefined],
  ['Phone type', undefined],
  ['No', undefined],
  ['No. Rekening', undefined],
  ['Name', 'name'],
  ['Nama Pelanggan', 'name'],
  ['Nombre completo', 'name'],
  ['Nombre del cliente', 'name'],
  ['Nama Perusahaan', undefined],
  ['E-mail', 'email'],
  ['Correo electrónico', 'email'],
  ['Alamat Email', 'email'],
  ['Time zone', 'time_zone'],
  ['Zona Waktu', 'time_zone'],
  ['Zona horaria', 'time_zone'],
  ['Amount', 'amount'],
  ['Amount due (IDR)', 'amount'],
  ['Tagihan', 'amount'],
  ['Jumlah Tagihan (Rp)', 'amount'],
  ['Importe', 'amount'],
  ['Monto a pagar', 'amount'],
  ['Due date', 'due_date'],
  ['dueDate', 'due_date'],
  ['Jatuh Tempo', 'due_date'],
  ['Tgl. Jatuh Tempo', 'due_date'],
  ['Fecha de vencimiento', 'due_date'],
  ['Vencimiento', 'due_date'],
  ['Invoice', 'invoice'],
  ['Invoice #', 'invoice'],
  ['No. Faktur', 'invoice'],
  ['Nomor Tagihan', 'invoice'],
  ['Factura', 'invoice'],
  ['Número de factura', 'invoice'],
  ['Invoice date', undefined],
  ['Payment link', 'pay_link'],
  ['Link Pembayaran', 'pay_link'],
  ['Enlace de pago', 'pay_link'],
  ['Kota', undefined],
  ['__proto__', undefined],
  ['constructor', undefined],
]

type Row = Parameters<typeof planColumns>[0][number]
type Cell = Row['cells'][number]

/** Rows as a person would draw them: text, numbers, and null where a cell is empty. */
function sheet(...lines: readonly (readonly (string | number | null)[])[]): Row[] {
  return lines.map((line, index) => ({ rowNo: index + 1, hidden: false, cells: line.map(cell) }))
}

function cell(value: string | number | null): Cell {
  if (value === null) return undefined
  return typeof value === 'number' ? { kind: 'number', text: String(value) } : { kind: 'text', text: value }
}

function plan(rows: Row[], mapping: Record<string, string | null> = {}) {
  const byHand = parseHandMapping(mapping)
  if (!byHand.ok) throw new Error(byHand.message)
  const planned = planColumns(rows, byHand.value, false)
  if (!planned.ok) return { refused: planned.message }
  const { columns, headingRow, need } = planned.value
  return { mapping: mappingInUse(columns), headingRow, need: need?.code, detail: need?.detail }
}

describe('a heading', () => {
  test.each(HEADINGS)('%j names %s', (heading, field) => {
    expect(recogniseHeading(heading)?.field).toBe(field)
  })
})

describe('the columns of a sheet', () => {
  test('are found below title rows', () => {
    const rows = sheet(
      ['Data Tagihan PT Maju Jaya'],
      [null, 'Periode: November 2026'],
      ['No', 'Nama', 'No HP', 'Kota'],
      [1, 'Ani', '0812345678', 'Solo'],
    )
    expect(plan(rows)).toMatchObject({
      headingRow: 3,
      need: undefined,
      mapping: { No: 'no', Nama: 'name', 'No HP': 'phone', Kota: 'kota' },
    })
  })

  test('that are not known become variables with names that are safe and distinct', () => {
    const headings = [
      'HP',
      'Nama Perusahaan',
      '__proto__',
      'constructor',
      '客户',
      '2nd visit',
      'Kota',
      'KOTA!',
      'Año',
      'x'.repeat(90),
      'Phone type',
    ]
    expect(
      plan(sheet(headings, ['081234567890', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'])).mapping,
    ).toEqual({
      HP: 'phone',
      'Nama Perusahaan': 'nama_perusahaan',
      C: 'column_proto',
      constructor: 'column_constructor',
      客户: 'column_e',
      '2nd visit': 'column_2nd_visit',
      G: 'kota',
      H: 'kota_2',
      Año: 'ano',
      ['x'.repeat(90)]: 'x'.repeat(40),
      'Phone type': 'phone_type',
    })
  })

  test('wait for a mapping when no column is the phone number', () => {
    const planned = plan(sheet(['Nama', 'Kontak utama'], ['Ani', '081234567890']))
    expect(planned).toMatchObject({ need: 'phone_column_missing', headingRow: 1 })
  })

  test('wait for a mapping when two columns can be the phone number', () => {
    const planned = plan(sheet(['Name', 'Phone', 'Mobile'], ['Ani', '0215551234', '081234567890']))
    expect(planned).toMatchObject({ need: 'phone_column_ambiguous', headingRow: 1 })
    expect(planned.detail).toContain('Phone (B), Mobile (C)')
  })

  test('follow a mapping by heading or by letter before anything that is recognised', () => {
    const rows = sheet(['Name', 'Phone', 'Mobile', 'Notes'], ['Ani', '0215551234', '081234567890', 'x'])
    expect(plan(rows, { mobile: 'phone', D: null, Phone: 'landline' })).toMatchObject({
      need: undefined,
      mapping: { Name: 'name', Phone: 'landline', Mobile: 'phone', Notes: null },
    })
  })

  test('refuse a mapping that names a column which is not there, or a target that cannot be', () => {
    const rows = sheet(['Name', 'Phone'], ['Ani', '081234567890'])
    expect(plan(rows, { Handphone: 'phone' }).refused).toContain('It has: Name, Phone')
    expect(parseHandMapping({ Phone: '__proto__' })).toMatchObject({ reason: 'mapping_invalid' })
    expect(parseHandMapping({ Phone: 'constructor' })).toMatchObject({ reason: 'mapping_invalid' })
    expect(parseHandMapping({ A: 'phone', B: 'phone' })).toMatchObject({ reason: 'mapping_invalid' })
    expect(parseHandMapping(['phone'])).toMatchObject({ reason: 'mapping_invalid' })
    expect(parseHandMapping({ A: 7 })).toMatchObject({ reason: 'mapping_invalid' })
  })

  test('of a sheet without headings are known by their letters, and the phone by what it looks like', () => {
    const rows = sheet(['Ani', '081234567890', 'Solo'], ['Budi', '081234567891', 'Tegal'])
    expect(plan(rows)).toMatchObject({
      headingRow: undefined,
      need: undefined,
      mapping: { A: 'column_a', B: 'phone', C: 'column_c' },
    })
  })

  test('of a bare list of numbers need nothing said', () => {
    expect(plan(sheet([6281234567890], [6281234567891]))).toMatchObject({
      headingRow: undefined,
      mapping: { A: 'phone' },
    })
  })

  test('with a heading that is repeated are told apart by letter', () => {
    const rows = sheet(['HP', 'Catatan', 'Catatan'], ['081234567890', 'a', 'b'])
    expect(plan(rows).mapping).toEqual({ HP: 'phone', B: 'catatan', C: 'catatan_2' })
    expect(plan(rows, { Catatan: 'note' }).refused).toContain("Use the column's letter")
  })
})
