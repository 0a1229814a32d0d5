import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type BookRow,
  parseSheetOptions,
  type ReadSheetRequest,
  readSheet,
  SHEET_LIMITS,
  writeProblemBook,
} from '../../src/contacts/index.ts'
import { unpackRows } from '../support/sheet.ts'
import { bookParts, phoneBook, row, zip } from './workbook.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'duecast-sheets-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const INDONESIAN = { default_country: 'ID', locale: 'id' }

// biome-ignore lint/suspicious/noExplicitAny: lines of every kind, as JSON
type Lines = Record<'M' | 'G' | 'R' | 'A' | 'P' | 'X' | 'D' | 'E', any>

/** Reads a file to its end; A, P and X hold all their rows, the others the last line of their kind. */
async function read(
  path: string,
  options: ReadSheetRequest['options'] = INDONESIAN,
  more: Partial<ReadSheetRequest> = {},
) {
  const lines: Lines = {
    M: undefined,
    G: undefined,
    R: undefined,
    A: [],
    P: [],
    X: [],
    D: undefined,
    E: undefined,
  }
  for await (const { kind, text } of readSheet({ path, options, ...more })) {
    const value: unknown = kind === 'A' ? unpackRows(text) : JSON.parse(text)
    lines[kind] =
      kind === 'A' || kind === 'P' || kind === 'X' ? [...lines[kind], ...(value as unknown[])] : value
  }
  return lines
}

function save(name: string, bytes: Buffer | string): string {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}

function book(name: string, sheets: Parameters<typeof bookParts>[0]['sheets']): string {
  return save(name, zip(bookParts({ sheets })))
}

describe('a sheet', () => {
  test('is read in another process into rows, problems, rejected rows and totals', async () => {
    const path = phoneBook(
      join(folder, 'tagihan.xlsx'),
      ['Daftar tagihan'],
      [],
      ['No', 'Nama', 'No HP', 'Tagihan', 'Jatuh Tempo'],
      [1, 'Ani', 6281234567890, 1_500_000, '01/12/2026'],
      [2, 'Budi', '0812-9999-8888', 'Rp 1.500.000,50', '1 Des 2026'],
      [3, 'Cici', '6.28E+12', 'abc', '2026-12-01'],
      [4, 'Dodi', 81234567890, 1, '2026-12-01'],
    )
    const { M, A, P, X, D, E } = await read(path)
    expect(E).toBeUndefined()
    expect(M).toMatchObject({
      format: 'xlsx',
      sheet: 'Data',
      heading_row: 3,
      needs_mapping: false,
      mapping: { No: 'no', Nama: 'name', 'No HP': 'phone', Tagihan: 'amount', 'Jatuh Tempo': 'due_date' },
    })
    expect(M.columns[2]).toEqual({
      column: 'C',
      heading: 'No HP',
      target: 'phone',
      samples: ['6281234567890', '0812-9999-8888', '6.28E+12'],
      looks_like_phone: false,
    })
    expect(A.map((line: { row: number; phone: string }) => [line.row, line.phone])).toEqual([
      [4, '+6281234567890'],
      [5, '+6281299998888'],
    ])
    expect(A[1].variables).toEqual({ no: '2', amount: '1500000.5', due_date: '2026-12-01' })
    expect(P.map((line: { row: number; code: string }) => [line.row, line.code])).toEqual([
      [6, 'phone_lost_digits'],
      [6, 'amount_invalid'],
      [7, 'duplicate_in_sheet'],
    ])
    expect(X).toEqual([{ row: 6, cells: [3, 'Cici', '6.28E+12', 'abc', '2026-12-01'] }])
    expect(D).toEqual({ rows: 4, accepted: 2, duplicates: 1, rejected: 1, hidden_rows: 0, hidden_sheets: 0 })
  })

  test('asks for a mapping when its phone column is not clear, and is read with it', async () => {
    const path = save('two.csv', 'Name,Phone,Mobile\nAni,021 555 1234,0812 3456 7890\n')
    const asked = await read(path)
    expect(asked.M).toMatchObject({ needs_mapping: true, code: 'phone_column_ambiguous' })
    expect(asked.M.columns[2].samples).toEqual(['0812 3456 7890'])
    expect([asked.D, asked.E]).toEqual([undefined, undefined])

    const mapped = await read(path, { ...INDONESIAN, mapping: { Mobile: 'phone', Phone: null } })
    expect(mapped.A).toMatchObject([{ phone: '+6281234567890', name: 'Ani', variables: {} }])
    expect(mapped.M.mapping).toEqual({ Name: 'name', Phone: null, Mobile: 'phone' })
  })

  test('is chosen by its phone column, by its name or by its number, and hidden rows and sheets are counted', async () => {
    const data = (phone: string) => row(1, 'Phone') + row(2, phone)
    const hidden = row(3, '+6281234567891').replace('<row', '<row hidden="1"')
    const path = book('three.xlsx', [
      { name: 'Read me', data: row(1, 'Fill in the next sheet') + row(2, 'Thank you') },
      { name: 'Secret', data: data('+6281234567899'), state: 'hidden' },
      { name: 'Contacts', data: data('+6281234567890') + hidden },
    ])
    const chosen = await read(path)
    expect(chosen.M).toMatchObject({ sheet: 'Contacts' })
    expect(chosen.M.sheets).toEqual([
      { name: 'Read me', hidden: false, chosen: false },
      { name: 'Secret', hidden: true, chosen: false },
      { name: 'Contacts', hidden: false, chosen: true },
    ])
    expect(chosen.D).toMatchObject({ rows: 1, hidden_rows: 1, hidden_sheets: 1 })
    expect((await read(path, { ...INDONESIAN, sheet: 'secret' })).A).toMatchObject([
      { phone: '+6281234567899' },
    ])
    expect((await read(path, { ...INDONESIAN, sheet: '1' })).M).toMatchObject({
      sheet: 'Read me',
      needs_mapping: true,
    })
    expect((await read(path, { ...INDONESIAN, sheet: 'Kontak' })).E).toMatchObject({
      code: 'sheet_not_found',
      detail: expect.stringContaining('Read me, Secret, Contacts'),
    })
  })

  test.each([
    ['with headings only', () => save('headings.csv', 'Phone,Name\n'), INDONESIAN, 'no_rows'],
    [
      'with nothing visible',
      () => book('hidden.xlsx', [{ name: 'A', data: row(1, 'Phone'), state: 'hidden' }]),
      INDONESIAN,
      'no_rows',
    ],
    ['that is empty', () => save('empty.xlsx', ''), INDONESIAN, 'empty_file'],
    [
      'with a mapping that does not fit',
      () => save('map.csv', 'Phone\n1\n'),
      { mapping: { HP: 'phone' } },
      'mapping_invalid',
    ],
    [
      'for a country that is none',
      () => save('country.csv', 'Phone\n1\n'),
      { default_country: 'XX' },
      'options_invalid',
    ],
  ])('%s is refused', async (_what, path, options, code) => {
    expect((await read(path(), options)).E).toMatchObject({ code })
  })

  test('cannot reach the prototype of anything by its headings', async () => {
    const path = save('proto.csv', 'Phone,__proto__,constructor,toString\n+6281234567890,a,b,c\n')
    const { A, M } = await read(path)
    expect(A[0].variables).toEqual({ column_proto: 'a', column_constructor: 'b', to_string: 'c' })
    expect(M.mapping).toEqual({
      Phone: 'phone',
      B: 'column_proto',
      constructor: 'column_constructor',
      toString: 'to_string',
    })
  })
})

describe('the process that reads', () => {
  const manyRows = (count: number) =>
    Array.from({ length: count }, (_, index) => `0812${String(10_000_000 + index)},Ani ${index}\n`).join('')

  test('gives thousands of rows in batches of at most a thousand, at the pace of the one who takes them', async () => {
    const path = save('many.csv', `Phone,Name\n${manyRows(20_000)}`)
    let rows = 0
    for await (const { kind, text } of readSheet({ path, options: INDONESIAN })) {
      if (kind !== 'A') continue
      const batch = unpackRows(text).length
      expect(batch).toBeLessThanOrEqual(1_000)
      rows += batch
    }
    expect(rows).toBe(20_000)
  })

  test('is stopped when it takes too much memory', async () => {
    const texts = Array.from(
      { length: 40_000 },
      (_, index) => `<si><t>${String(index).padEnd(2_000, 'abcdefghij'.slice(index % 7))}</t></si>`,
    )
    const path = save(
      'heavy.xlsx',
      zip(
        bookParts({
          sheets: [{ name: 'A', data: row(1, 'Phone') }],
          sharedStrings: `<sst>${texts.join('')}</sst>`,
        }).map((part) => ({ ...part, stored: true })),
      ),
    )
    const refused = await read(path, INDONESIAN, { limits: { ...SHEET_LIMITS, residentMb: 60 } })
    expect(refused.E).toMatchObject({ code: 'too_complex' })
  })

  test('that runs out of its heap is a refusal too', async () => {
    // With 4 MB Node.js 24 does not even start.
    const numbers = Array.from({ length: 5_000 }, (_, n) => `+62812${34_560_000 + n}`)
    const path = phoneBook(join(folder, 'many.xlsx'), ['Phone'], ...numbers.map((number) => [number]))
    const traces: string[] = []
    const refused = await read(path, INDONESIAN, {
      limits: { ...SHEET_LIMITS, heapMb: 8 },
      onCrash: (trace) => traces.push(trace),
    })
    expect(refused.E).toMatchObject({ code: 'too_complex' })
    expect(traces.join('')).toContain('heap')
  })

  test('that breaks off is not called a want of memory, and its last words are told', async () => {
    const path = save('fine.csv', `Phone,Name\n${manyRows(10)}`)
    const traces: string[] = []
    const refused = await read(path, INDONESIAN, {
      limits: { ...SHEET_LIMITS, heapMb: Number.NaN },
      onCrash: (trace) => traces.push(trace),
    })
    expect(refused.E).toMatchObject({ code: 'unreadable' })
    expect(traces.join('')).toContain('max-old-space-size')
  })

  test('that meets a fault tells its place in the sources', async () => {
    const traces: string[] = []
    const refused = await read(join(folder, 'gone.xlsx'), INDONESIAN, {
      onCrash: (trace) => traces.push(trace),
    })
    expect(refused.E).toMatchObject({ code: 'unreadable' })
    expect(traces.join('')).toMatch(/openSheet \(open\.ts:\d+:\d+\)/)
  })

  test('is stopped when it takes too long', async () => {
    const path = save('slow.csv', `Phone,Name\n${manyRows(1_000)}`)
    const refused = await read(path, INDONESIAN, { limits: { ...SHEET_LIMITS, silenceMs: 20 } })
    expect(refused.E).toMatchObject({ code: 'timed_out' })
  })

  test('is stopped when it is no longer wanted', async () => {
    const path = save('unwanted.csv', `Phone,Name\n${manyRows(5_000)}`)
    const wanted = new AbortController()
    const reading = read(path, INDONESIAN, { signal: wanted.signal })
    wanted.abort(new Error('no longer wanted'))
    await expect(reading).rejects.toThrow('no longer wanted')
  })
})

describe('the workbook of rejected rows', () => {
  async function bookOf(lines: Lines): Promise<string> {
    const rows: BookRow[] = lines.X.map(({ row, cells }: { row: number; cells: BookRow['cells'] }) => ({
      cells,
      reasons: lines.P.filter((problem: { row: number }) => problem.row === row).map(
        ({ message }: { message: string }) => message,
      ),
    }))
    const path = join(folder, 'mend.xlsx')
    await writeFile(
      path,
      Buffer.from(await new Response(writeProblemBook(lines.M.columns, rows)).arrayBuffer()),
    )
    return path
  }

  test('holds the user’s own headings and cells, and says why; mended, it is read without its last column', async () => {
    const path = phoneBook(
      join(folder, 'faulty.xlsx'),
      ['Nama', 'No HP', 'Tagihan', 'Catatan'],
      ['Ani', '0812', 586.33, '=HYPERLINK("http://x")'],
      ['Budi', '+6281234567890', '1,500,000', '+1'],
    )
    const mend = await read(await bookOf(await read(path)))
    expect(mend.M.columns.map(({ heading }: { heading: string }) => heading)).toEqual([
      'Nama',
      'No HP',
      'Tagihan',
      'Catatan',
      'What to mend (Duecast)',
    ])
    expect(mend.M.columns[4]).toMatchObject({
      target: null,
      samples: [expect.stringContaining('too few digits'), expect.any(String)],
    })
    expect(mend.X).toEqual([
      { row: 2, cells: ['Ani', '0812', 586.33, '=HYPERLINK("http://x")', expect.any(String)] },
      { row: 3, cells: ['Budi', '+6281234567890', '1,500,000', '+1', expect.any(String)] },
    ])
    const again = await read(await bookOf(mend))
    expect(again.M.columns).toHaveLength(5)
    expect(again.M.columns[4].samples).toHaveLength(2)
  })

  test('of a sheet without headings names the columns that it was read by', async () => {
    const path = phoneBook(
      join(folder, 'bare.xlsx'),
      ['Ani', '081234567890'],
      ['Budi', '08123456789012345678'],
    )
    const again = await read(await bookOf(await read(path)))
    expect(again.M.mapping).toMatchObject({ column_a: 'column_a', phone: 'phone' })
  })
})

test('options are checked before a file is stored', () => {
  expect(
    parseSheetOptions({ default_country: 'id', locale: 'id_ID', mapping: { A: 'phone' } }),
  ).toMatchObject({
    value: { defaultCountry: 'ID', locale: 'id-ID', kind: 'contacts' },
  })
  expect(parseSheetOptions({ locale: 'not a tag' })).toMatchObject({ reason: 'options_invalid' })
  expect(parseSheetOptions({ kind: 'payments' })).toMatchObject({ value: { kind: 'payments' } })
  expect(parseSheetOptions({ kind: 'receipts' })).toMatchObject({ reason: 'options_invalid' })
  expect(parseSheetOptions({ mapping: { A: 'no-such thing!' } })).toMatchObject({ reason: 'mapping_invalid' })
})
