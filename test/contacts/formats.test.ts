import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import iconv from 'iconv-lite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import XLSX from 'xlsx'
import { openSheet } from '../../src/contacts/sheet/open.ts'
import { SheetRefused, type SheetRow } from '../../src/contacts/sheet/row-source.ts'
import { type BookOptions, bookParts, worksheet, zip } from './workbook.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'duecast-formats-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

let files = 0
async function read(bytes: Buffer | string, page = 0) {
  const path = join(folder, `${++files}.bin`)
  writeFileSync(path, bytes)
  const source = await openSheet(path, () => {})
  const rows: SheetRow[] = []
  for await (const handful of source.rows(page)) rows.push(...handful)
  source.close()
  return {
    source,
    rows,
    grid: rows.map(({ cells }) => cells.map((cell) => cell && `${cell.kind}:${cell.text}`)),
  }
}

const readBook = (options: BookOptions, page = 0) => read(zip(bookParts(options)), page)
const readCells = async (cells: string, options: Partial<BookOptions> = {}) =>
  (await readBook({ sheets: [{ name: 'Data', data: `<row r="1">${cells}</row>` }], ...options })).grid[0]

const STYLES = `<styleSheet><numFmts><numFmt numFmtId="164" formatCode="[$-421]dd\\ mmmm\\ yyyy;@"/><numFmt numFmtId="165" formatCode="&quot;day &quot;0.00"/>
  <numFmt numFmtId="166" formatCode="hh:mm"/><numFmt numFmtId="167" formatCode="[h]:mm"/><numFmt numFmtId="168" formatCode="0.00E+00"/></numFmts>
  <cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>
  <cellXfs>${[0, 14, 164, 165, 166, 167, 168, 22].map((id) => `<xf numFmtId="${id}"/>`).join('')}</cellXfs></styleSheet>`

describe('an .xlsx', () => {
  test('keeps the digits of a number as the file has them', async () => {
    expect(
      await readCells(
        '<c r="A1"><v>6281234567890</v></c><c r="B1"><v>586.33000000000004</v></c><c r="C1"><v>6.2812E12</v></c>',
      ),
    ).toEqual(['number:6281234567890', 'number:586.33000000000004', 'number:6.2812E12'])
  })

  test('tells dates and times by their style, and not by the words in a format', async () => {
    const cells = [0, 1, 2, 3, 4, 5, 6, 7].map((style) => `<c s="${style}"><v>46357.5</v></c>`).join('')
    const kinds = (await readCells(cells, { styles: STYLES }))!.map((cell) => cell!.split(':')[0])
    expect(kinds).toEqual(['number', 'date', 'date', 'number', 'time', 'number', 'number', 'date'])
  })

  test('reads shared, rich, phonetic, escaped and inline texts, formulas, truth values, errors and ISO dates', async () => {
    const sharedStrings = `<sst><si><t>Ani</t></si><si><r><t>Bu</t></r><r><rPr><b/></rPr><t xml:space="preserve">di </t></r></si>
      <si><t>東京</t><rPh sb="0" eb="2"><t>とうきょう</t></rPh></si><si><t>a_x000D_b_x005F_x0041_</t></si><si/></sst>`
    const shared = [0, 1, 2, 3, 4].map((index) => `<c t="s"><v>${index}</v></c>`).join('')
    const others = `<c t="inlineStr"><is><r><t>in</t></r><r><t>line</t></r></is></c><c t="str"><f>A1</f><v>cached</v></c><c><f>1+1</f><v>2</v></c>
      <c><f>1+1</f></c><c t="b"><v>1</v></c><c t="e"><v>#N/A</v></c><c t="d"><v>2026-12-01T00:00:00</v></c><c t="inlineStr"><is><t><![CDATA[<x>]]></t></is></c>`
    expect(await readCells(shared + others, { sharedStrings })).toEqual([
      'text:Ani',
      'text:Budi ',
      'text:東京',
      'text:a\rb_x0041_',
      undefined,
      'text:inline',
      'text:cached',
      'number:2',
      'uncalculated:=',
      'boolean:TRUE',
      'error:#N/A',
      'day:2026-12-01T00:00:00',
      'text:<x>',
    ])
  })

  test('places cells by their references, and in order where references are missing', async () => {
    const data =
      '<row><c><v>1</v></c><c r="D1"><v>4</v></c><c><v>5</v></c></row><row r="9" hidden="1"><c r="B9"><v>2</v></c></row><row><c><v>3</v></c></row>'
    const { rows, grid } = await readBook({ sheets: [{ name: 'Data', data }] })
    expect(grid).toEqual([
      ['number:1', undefined, undefined, 'number:4', 'number:5'],
      [undefined, 'number:2'],
      ['number:3'],
    ])
    expect(rows.map(({ rowNo, hidden }) => [rowNo, hidden])).toEqual([
      [1, false],
      [9, true],
      [10, false],
    ])
  })

  test('is read whatever prefix its tags have', async () => {
    const data =
      '<?xml version="1.0"?><x:worksheet xmlns:x="a"><x:sheetData><x:row r="1"><x:c r="A1" t="inlineStr"><x:is><x:t>hi</x:t></x:is></x:c></x:row></x:sheetData></x:worksheet>'
    expect((await readBook({ sheets: [{ name: 'Data', data }] })).grid).toEqual([['text:hi']])
  })

  test('finds its sheets through the relations, in the order of the book, with the hidden ones', async () => {
    const sheets = [
      { name: 'First', data: '<row r="1"><c r="A1"><v>1</v></c></row>' },
      { name: 'Secret', data: '<row r="1"><c r="A1"><v>2</v></c></row>', state: 'veryHidden' },
      { name: 'Third', data: '<row r="1"><c r="A1"><v>3</v></c></row>' },
    ]
    const { source, grid } = await readBook({ sheets }, 2)
    expect(source.pages).toEqual([
      { name: 'First', hidden: false },
      { name: 'Secret', hidden: true },
      { name: 'Third', hidden: false },
    ])
    expect(grid).toEqual([['number:3']])
  })

  test('says when its dates count from 1904', async () => {
    expect((await readBook({ sheets: [{ name: 'Data', data: '' }], date1904: true })).source.date1904).toBe(
      true,
    )
  })

  test('may carry pictures, comments and empty rows', async () => {
    const data = worksheet(
      '<row r="1"/><row r="2"><c r="A2" s="1"/></row><!-- note --><row r="3"><c r="A3"><v>1</v></c></row>',
    )
    const { rows } = await readBook({
      sheets: [{ name: 'Data', data }],
      extra: [{ name: 'xl/media/a.png', data: 'x', stored: true }],
    })
    expect(rows.map(({ rowNo }) => rowNo)).toEqual([3])
  })
})

const LINES = [
  ['Name', 'Phone', 'Due', 'Amount', 'Paid'],
  ['Ani', 6281234567890, 46357, 586.33, true],
  [],
  ['Budi', '081234567890', '01/12/2026', 'Rp 1.500', false],
]

function sheetJsBook(bookType: XLSX.BookType): Buffer {
  const sheet = XLSX.utils.aoa_to_sheet(LINES)
  sheet.C2!.z = 'dd/mm/yyyy'
  sheet['!rows'] = [{}, {}, {}, { hidden: true }]
  const book = XLSX.utils.book_new()
  XLSX.utils.book_append_sheet(book, sheet, 'Data')
  XLSX.utils.book_append_sheet(book, XLSX.utils.aoa_to_sheet([['x']]), 'Secret')
  book.Workbook = { Sheets: [{ Hidden: 0 }, { Hidden: 1 }] }
  return XLSX.write(book, { bookType, type: 'buffer', cellStyles: true }) as Buffer
}

describe.each(['xlsx', 'xlsb', 'biff8'] as const)('a workbook written as %s', (bookType) => {
  test('gives the same cells, the same rows and the same hidden things', async () => {
    const { source, rows, grid } = await read(sheetJsBook(bookType))
    expect(grid.filter((line) => line.some((cell) => cell !== undefined))).toEqual([
      ['text:Name', 'text:Phone', 'text:Due', 'text:Amount', 'text:Paid'],
      ['text:Ani', 'number:6281234567890', 'date:46357', 'number:586.33', 'boolean:TRUE'],
      ['text:Budi', 'text:081234567890', 'text:01/12/2026', 'text:Rp 1.500', 'boolean:FALSE'],
    ])
    // The library that writes .xls here leaves out which rows are hidden.
    expect(rows.at(-1)).toMatchObject({ rowNo: 4, hidden: bookType !== 'biff8' })
    expect(source.pages.map(({ hidden }) => hidden)).toEqual([false, true])
  })
})

const ODS_NAMESPACES = 'xmlns:office="o" xmlns:table="t" xmlns:text="x" xmlns:style="s" xmlns:calcext="c"'

function ods(tables: string): Buffer {
  const styles =
    '<style:style style:name="ta2" style:family="table"><style:table-properties table:display="false"/></style:style>'
  const content = `<office:document-content ${ODS_NAMESPACES}><office:automatic-styles>${styles}</office:automatic-styles><office:body><office:spreadsheet>${tables}</office:spreadsheet></office:body></office:document-content>`
  return zip([
    { name: 'mimetype', data: 'application/vnd.oasis.opendocument.spreadsheet', stored: true },
    { name: 'content.xml', data: content },
    { name: 'META-INF/manifest.xml', data: '<manifest:manifest xmlns:manifest="m"/>' },
  ])
}

describe('an .ods', () => {
  const text = (value: string) =>
    `<table:table-cell office:value-type="string"><text:p>${value}</text:p></table:table-cell>`

  test('gives stored values, never displayed ones, and skips what is beside the cell', async () => {
    const { grid, rows } = await read(
      ods(`<table:table table:name="Data"><table:table-row>${text('a<text:s text:c="2"/>b<text:line-break/>c')}
        <table:table-cell table:number-columns-repeated="2"/>
        <table:table-cell office:value-type="float" office:value="6281234567890"><text:p>6.28E+12</text:p></table:table-cell>
        <table:table-cell office:value-type="date" office:date-value="2026-12-01"><text:p>01/12/26</text:p></table:table-cell>
        <table:table-cell office:value-type="time" office:time-value="PT09H30M00S"><text:p>9.30</text:p></table:table-cell>
        <table:table-cell office:value-type="boolean" office:boolean-value="true"><text:p>TRUE</text:p></table:table-cell>
        <table:table-cell office:value-type="string"><office:annotation><text:p>a note</text:p></office:annotation><text:p>one</text:p><text:p>two</text:p></table:table-cell>
        <table:table-cell office:value-type="string" calcext:value-type="error"><text:p>#N/A</text:p></table:table-cell>
        <table:table-cell table:number-columns-repeated="16000"/></table:table-row>
        <table:table-row table:number-rows-repeated="3"><table:table-cell/></table:table-row>
        <table:table-row table:visibility="filter" table:number-rows-repeated="2">${text('twice')}</table:table-row>
        <table:table-row table:number-rows-repeated="1048000"><table:table-cell table:number-columns-repeated="16384"/></table:table-row></table:table>`),
    )
    expect(grid[0]).toEqual([
      'text:a  b\nc',
      undefined,
      undefined,
      'number:6281234567890',
      'day:2026-12-01',
      'text:09:30',
      'boolean:TRUE',
      'text:one\ntwo',
      'error:#N/A',
    ])
    expect(rows.slice(1).map(({ rowNo, hidden }) => [rowNo, hidden])).toEqual([
      [5, true],
      [6, true],
    ])
  })

  test('tells its hidden sheets, and reads the one that is asked for', async () => {
    const tables = `<table:table table:name="A" table:style-name="ta2"><table:table-row>${text('first')}</table:table-row></table:table>
      <table:table table:name="B"><table:table-row>${text('second')}</table:table-row></table:table>`
    const { source, grid } = await read(ods(tables), 1)
    expect(source.pages).toEqual([
      { name: 'A', hidden: true },
      { name: 'B', hidden: false },
    ])
    expect(grid).toEqual([['text:second']])
  })

  test('written by another program is read too', async () => {
    const { grid } = await read(sheetJsBook('ods'))
    expect(grid[1]!.slice(0, 2)).toEqual(['text:Ani', 'number:6281234567890'])
  })

  test('under a password is refused', async () => {
    const archive = zip([
      { name: 'mimetype', data: 'x' },
      { name: 'content.xml', data: 'scrambled' },
      { name: 'META-INF/manifest.xml', data: '<manifest:encryption-data/>' },
    ])
    await expect(read(archive)).rejects.toMatchObject({ code: 'encrypted' })
  })
})

describe('a text file', () => {
  const TABLE: readonly (readonly [
    what: string,
    bytes: Buffer | string,
    grid: readonly (readonly (string | undefined)[])[],
  ])[] = [
    [
      'with commas',
      'Name,Phone\nAni,+6281',
      [
        ['Name', 'Phone'],
        ['Ani', '+6281'],
      ],
    ],
    [
      'with semicolons, and commas in the amounts',
      'Nama;Tagihan\r\nAni;1.500,50\r\nBudi;2,25\r\n',
      [
        ['Nama', 'Tagihan'],
        ['Ani', '1.500,50'],
        ['Budi', '2,25'],
      ],
    ],
    [
      'with tabs',
      'Name\tPhone\rAni\t0812',
      [
        ['Name', 'Phone'],
        ['Ani', '0812'],
      ],
    ],
    [
      'with bars',
      'Name|Phone\nAni|0812',
      [
        ['Name', 'Phone'],
        ['Ani', '0812'],
      ],
    ],
    [
      "with Excel's own first line",
      'sep=;\nName;Phone\nAni;0812',
      [
        ['Name', 'Phone'],
        ['Ani', '0812'],
      ],
    ],
    [
      'with quotation marks',
      'Name,Note\n"Ani, Dr.","say ""hi""\nagain"\nTV 32" LED,b',
      [
        ['Name', 'Note'],
        ['Ani, Dr.', 'say "hi"\nagain'],
        ['TV 32" LED', 'b'],
      ],
    ],
    ['with a mark of UTF-8', '\ufeffTeléfono\n0812', [['Teléfono'], ['0812']]],
    [
      'in UTF-16',
      iconv.encode('Name\tPhone\r\nJosé\t0812', 'utf16le', { addBOM: true }),
      [
        ['Name', 'Phone'],
        ['José', '0812'],
      ],
    ],
    [
      'in UTF-16 the other way round',
      iconv.encode('Name\tPhone\r\nJosé\t0812', 'utf16be', { addBOM: true }),
      [
        ['Name', 'Phone'],
        ['José', '0812'],
      ],
    ],
    [
      'in UTF-16 without a mark',
      iconv.encode('Name\tPhone\r\nJose\t0812', 'utf16le'),
      [
        ['Name', 'Phone'],
        ['Jose', '0812'],
      ],
    ],
    [
      'in Windows-1252',
      iconv.encode('Teléfono,Nota\n0812,€ 5 – ’', 'windows-1252'),
      [
        ['Teléfono', 'Nota'],
        ['0812', '€ 5 – ’'],
      ],
    ],
    [
      'that keeps what it says',
      'a,b,c,d\n00123,+62812,1e5,01/02/2026',
      [
        ['a', 'b', 'c', 'd'],
        ['00123', '+62812', '1e5', '01/02/2026'],
      ],
    ],
    ['with ragged rows', 'a,b,c\n1\n1,2,3,4', [['a', 'b', 'c'], ['1'], ['1', '2', '3', '4']]],
  ]

  test.each(TABLE)('%s', async (_what, bytes, expected) => {
    const { rows } = await read(bytes)
    expect(rows.map(({ cells }) => cells.map((cell) => cell?.text))).toEqual(expected)
  })

  test('counts rows as a spreadsheet does, empty lines and lines within quotation marks among them', async () => {
    const { rows } = await read('Phone,Note\n\n0812,"two\nlines"\n0813,x\n')
    expect(rows.filter(({ cells }) => cells.length > 0).map(({ rowNo }) => rowNo)).toEqual([1, 3, 4])
  })

  test('is refused when a quotation mark swallows the rest', async () => {
    const error = await read('Phone,Note\n0812,"open\n0813,x\n').catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(SheetRefused)
    expect(error).toMatchObject({ code: 'quote_not_closed', message: expect.stringContaining('after row 1') })
  })
})
