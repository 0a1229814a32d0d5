import { type CellObject, utils, type WorkSheet, write } from 'xlsx'
import { type Chance, chanceOf } from './chance.ts'
import { ABROAD, mobileNumber, personName, typedPhone } from './people.ts'

/** A sheet of open invoices as an office keeps it, with the mistakes that such sheets have. */
export type SampleWorkbook = { readonly fileName: string; readonly bytes: Buffer; readonly rows: number }

const SEED = 20_261
const GOOD_ROWS = 452
const DUPLICATES = 9
const HIDDEN_ROWS = 3
const HEADINGS = [
  'No',
  'Nama Pelanggan',
  'No. HP / WA',
  'No. Invoice',
  'Jumlah Tagihan',
  'Jatuh Tempo',
  'Cabang',
  'Catatan',
]
const WIDTHS = [5, 26, 22, 14, 18, 16, 14, 24]
const BRANCHES = ['Jakarta', 'Bandung', 'Surabaya', 'Denpasar', 'Medan', 'Makassar']
const NOTES = ['', '', '', '', 'langganan lama', 'minta dihubungi sore', 'transfer BCA', 'cicilan ke-3']
const MS_PER_DAY = 86_400_000
const EPOCH_1900_MS = Date.UTC(1899, 11, 30)

/**
 * Makes the workbook: the same rows on every run, with due dates counted from `today`. Good rows, duplicates, a few
 * dozen wrong ones, hidden rows and a total are in it, in one shuffled order but for the total.
 */
export function sampleWorkbook(today: Date): SampleWorkbook {
  const chance = chanceOf(SEED)
  const good = Array.from({ length: GOOD_ROWS }, (_, at) => goodRow(at, today, chance))
  const wrong = wrongRows(today, chance)
  const repeated = Array.from({ length: DUPLICATES }, () => repeatedRow(chance.pick(good), chance))
  const rows = shuffled([...good, ...wrong, ...repeated], chance).map((row, at) => numbered(row.cells, at))
  const bytes = write(bookOf([...rows, totalRow(rows.length)], chance), {
    type: 'buffer',
    bookType: 'xlsx',
    compression: true,
  })
  return { fileName: 'Tagihan pelanggan.xlsx', bytes: bytes as Buffer, rows: rows.length + 1 }
}

type Cell = CellObject | undefined
type Row = { readonly national: string; readonly cells: readonly Cell[] }

function goodRow(at: number, today: Date, chance: Chance): Row {
  const national = mobileNumber(chance)
  const isAbroad = at < ABROAD.length
  const phone = isAbroad ? ABROAD[at]! : typedPhone(national, chance)
  const row = cells(phone, money(chance), dueDate(today, chance), chance)
  const gap = GAPS[at]
  return {
    national: isAbroad ? '' : national,
    cells: gap === undefined ? row : withCell(row, gap, undefined),
  }
}

/** Rows that can be imported and cannot be written to: no name, or no day, for the message to say. */
const GAPS: Readonly<Record<number, number>> = { 100: 1, 200: 1, 300: 1, 150: 5, 250: 5 }

/** The same customer a second time, with the number typed differently. */
function repeatedRow(row: Row, chance: Chance): Row {
  if (row.national === '') return row
  const copy = [...row.cells]
  copy[2] = cellOf(typedPhone(row.national, chance))
  return { national: row.national, cells: copy }
}

/** What goes wrong in sheets: each list is one kind of mistake, in the column where it is made. */
function wrongRows(today: Date, chance: Chance): Row[] {
  const phones = [
    ...['6.28123E+12', '8.57123E+11', '6.28567E+12', '6,28213E+12'],
    ...['', '', '', '-', 'tidak ada', 'belum ada no'],
    ...['0812-34', '08123', '+62 812 345', '0857'],
    ...['0812 3456 7890 / 0857 1234 5678', '081298765432 atau 081387654321'],
    ...['081234567890123', '0812345678901234'],
    ...['+62 999 1234 5678', '0811-ABCD-5678', 'lihat kontrak'],
  ].map((phone) => cells(phone, money(chance), dueDate(today, chance), chance))
  const numbers = [628123456789012400, 6.28e12].map((phone) =>
    cells(phone, money(chance), dueDate(today, chance), chance),
  )
  const broken = [1, 2].map(() =>
    withCell(cells('', money(chance), dueDate(today, chance), chance), 2, NOT_AVAILABLE),
  )
  const dates = [
    '31/02/2027',
    '30 Februari 2027',
    'akhir bulan',
    'secepatnya',
    '2027-13-05',
    '32/12/2026',
  ].map((day) => cells(typedPhone(mobileNumber(chance), chance), money(chance), day, chance))
  const amounts = ['lunas', 'Rp 1,5 jt', 'lihat lampiran', 'Rp 750.00', '1.5.000'].map((amount) =>
    cells(typedPhone(mobileNumber(chance), chance), amount, dueDate(today, chance), chance),
  )
  return [...phones, ...numbers, ...broken, ...dates, ...amounts].map((row) => ({ national: '', cells: row }))
}

const NOT_AVAILABLE: CellObject = { t: 'e', v: 0x2a, w: '#N/A' }

type Value = string | number | CellObject

function cells(phone: Value, amount: Value, due: Value, chance: Chance): Cell[] {
  const invoice = `INV-${chance.whole(10_000, 99_999)}`
  const row = [
    undefined,
    personName(chance),
    phone,
    invoice,
    amount,
    due,
    chance.pick(BRANCHES),
    chance.pick(NOTES),
  ]
  return row.map((value) => (value === undefined || value === '' ? undefined : cellOf(value)))
}

function cellOf(value: Value): CellObject {
  if (typeof value === 'object') return value
  return typeof value === 'number' ? { t: 'n', v: value } : { t: 's', v: value }
}

function withCell(row: readonly Cell[], at: number, cell: Cell): Cell[] {
  return row.map((present, index) => (index === at ? cell : present))
}

function numbered(row: readonly Cell[], at: number): Cell[] {
  return withCell(row, 0, cellOf(at + 1))
}

/** An amount in whole thousands, as a number or in one of the ways in which it is typed. */
function money(chance: Chance): Value {
  const amount = chance.whole(75, 4_500) * 1_000
  const text = String(amount).replace(/\B(?=(\d{3})+$)/g, '.')
  return chance.pick<Value>([
    amount,
    amount,
    { t: 'n', v: amount, z: '#,##0' },
    text,
    `Rp ${text}`,
    `Rp${text},00`,
    `IDR ${text}`,
  ])
}

const MONTHS = [
  'Januari',
  'Februari',
  'Maret',
  'April',
  'Mei',
  'Juni',
  'Juli',
  'Agustus',
  'September',
  'Oktober',
  'November',
  'Desember',
]

/** A day in the coming weeks: mostly a real date of the sheet, sometimes a text. */
function dueDate(today: Date, chance: Chance): Value {
  const day = new Date(
    Math.floor(today.getTime() / MS_PER_DAY) * MS_PER_DAY + chance.whole(2, 30) * MS_PER_DAY,
  )
  const serial: CellObject = { t: 'n', v: (day.getTime() - EPOCH_1900_MS) / MS_PER_DAY, z: 'dd/mm/yyyy' }
  const [year, month, date] = [day.getUTCFullYear(), day.getUTCMonth(), day.getUTCDate()]
  const two = (part: number) => String(part).padStart(2, '0')
  return chance.pick<Value>([
    serial,
    serial,
    serial,
    `${two(date)}/${two(month + 1)}/${year}`,
    `${date} ${MONTHS[month]!} ${year}`,
    `${two(date)}-${two(month + 1)}-${year}`,
    `${year}-${two(month + 1)}-${two(date)}`,
  ])
}

function totalRow(rows: number): Cell[] {
  return [undefined, cellOf('TOTAL'), undefined, cellOf(`${rows} invoice`), cellOf('lihat rekap')]
}

function shuffled<T>(items: readonly T[], chance: Chance): T[] {
  const mixed = [...items]
  for (let at = mixed.length - 1; at > 0; at--) {
    const other = chance.whole(0, at)
    ;[mixed[at], mixed[other]] = [mixed[other]!, mixed[at]!]
  }
  return mixed
}

function bookOf(rows: readonly (readonly Cell[])[], chance: Chance) {
  const sheet = sheetOf([HEADINGS.map(cellOf), ...rows])
  sheet['!cols'] = WIDTHS.map((width) => ({ wch: width }))
  const hidden = new Set(Array.from({ length: HIDDEN_ROWS }, () => chance.whole(1, rows.length - 1)))
  sheet['!rows'] = Array.from({ length: rows.length + 1 }, (_, at) =>
    hidden.has(at) ? { hidden: true } : {},
  )
  const notes = sheetOf([[cellOf('Rekap')], [cellOf('Jangan dikirim')]])
  const book = utils.book_new()
  utils.book_append_sheet(book, sheet, 'Tagihan')
  utils.book_append_sheet(book, notes, 'Rekap')
  book.Workbook = { Sheets: [{ Hidden: 0 }, { Hidden: 1 }] }
  return book
}

function sheetOf(rows: readonly (readonly Cell[])[]): WorkSheet {
  const sheet: WorkSheet = {}
  const width = Math.max(...rows.map((row) => row.length))
  rows.forEach((row, r) => {
    row.forEach((cell, c) => {
      if (cell) sheet[utils.encode_cell({ r, c })] = cell
    })
  })
  sheet['!ref'] = utils.encode_range({ s: { r: 0, c: 0 }, e: { r: rows.length - 1, c: width - 1 } })
  return sheet
}
