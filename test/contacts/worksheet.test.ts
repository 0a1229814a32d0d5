import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SheetRefused, type SheetRow } from '../../src/contacts/sheet/row-source.ts'
import { SharedStrings } from '../../src/contacts/sheet/shared-strings.ts'
import { readRows } from '../../src/contacts/sheet/worksheet.ts'
import { xmlReader } from '../../src/contacts/sheet/xml.ts'

const strings = new SharedStrings()
for (const text of ['Ani', '', '東京', 'a & b']) strings.add(text)
const BOOK = { strings, styles: ['number', 'date', 'time'] as const }

type Outcome = { readonly rows: readonly SheetRow[]; readonly refused?: string }

async function read(xml: string, cuts: readonly number[] = []): Promise<Outcome> {
  const rows: SheetRow[] = []
  try {
    for await (const handful of readRows(piecesOf(Buffer.from(xml), cuts), BOOK, () => {}))
      rows.push(...handful)
    return { rows }
  } catch (error) {
    if (!(error instanceof SheetRefused)) throw error
    return { rows: [], refused: error.code }
  }
}

async function* piecesOf(bytes: Buffer, cuts: readonly number[]): AsyncGenerator<Buffer> {
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b)
  let start = 0
  for (const end of [...ends, bytes.length]) {
    yield bytes.subarray(start, end)
    start = end
  }
}

const sheet = (data: string, before = '') =>
  `<?xml version="1.0"?><worksheet>${before}<sheetData>${data}</sheetData><pageMargins left="1"/></worksheet>`
/** A comment before the rows leaves all of them to the parser. */
const byParser = (data: string) => read(sheet(data, '<!-- -->'))

const values = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '0',
    '1',
    '3',
    '9',
    '46357.5',
    'a &amp; b',
    '&#10;',
    '&bogus;',
    'x_x0041_y',
    '東京',
    '😀',
    ']]>',
  ),
  fc.constantFrom(
    'x\ny',
    'x\ry',
    '\x01',
    '\ufffe',
    '&lt;i&gt;',
    "it's &quot;",
    '<b>',
    '_x000D_',
    '1e5',
    '\u00a07\u00a0',
  ),
  fc.stringMatching(/^[ -;=?-~]{0,12}$/),
)
const attributes = fc.constantFrom(
  ' r="A1"',
  ' r="B1"',
  ' r="AB7"',
  ' r="GZ1"',
  ' r="XFD1"',
  ' r="1"',
  ' r=""',
  ' r="a1"',
  ' s="1"',
  ' s="2"',
  ' s="99"',
  ' s="x"',
  ' t="s"',
  ' t="str"',
  ' t="inlineStr"',
  ' t="n"',
  ' t="b"',
  ' t="e"',
  ' t="d"',
  " t='s'",
  ' cm="1"',
  ' ',
)
const contents = values.chain((value) =>
  fc.constantFrom(
    `<v>${value}</v>`,
    `<is><t>${value}</t></is>`,
    `<is><t xml:space="preserve">${value}</t></is>`,
    `<is><r><t>${value}</t></r><r><t>b</t></r></is>`,
    `<f>A1+1</f><v>${value}</v>`,
    '<f>A1</f>',
    `<v>${value}</v><v>2</v>`,
    `<!-- <v> --><v>${value}</v>`,
    `<v><![CDATA[${value}]]></v>`,
    '',
  ),
)
const usual = fc
  .tuple(fc.constantFrom('A', 'B', 'C', 'H', 'AA'), fc.stringMatching(/^[A-Za-z0-9 .@+-]{0,12}$/), fc.nat(3))
  .chain(([column, text, style]) =>
    fc.constantFrom(
      `<c r="${column}1" t="inlineStr"><is><t>${text}</t></is></c>`,
      `<c r="${column}1" s="${style}"><v>46357</v></c>`,
      `<c r="${column}1" t="s" s="1"><v>${style}</v></c>`,
      `<c t="str"><v>${text}</v></c>`,
      `<c r="${column}1" s="${style}"/>`,
    ),
  )
const odd = fc
  .tuple(fc.array(attributes, { maxLength: 3 }), contents)
  .map(([list, content]) => `<c${list.join('')}>${content}</c>`)
const cells = fc.array(fc.oneof({ weight: 5, arbitrary: usual }, { weight: 1, arbitrary: odd }), {
  maxLength: 6,
})
const rowAttributes = fc.constantFrom(
  '',
  ' r="1"',
  ' r="7" spans="1:8" x14ac:dyDescent="0.25"',
  ' r="9" hidden="1"',
  ' hidden="true"',
  ' r="9" r="9"',
  ' r="0"',
  ' r="1048577"',
  ' r="1.5"',
  ' ht="12>8"',
  " r='3'",
)
const rows = fc.oneof(
  fc
    .tuple(rowAttributes, cells, fc.constantFrom('', '', '\n', '<!-- </row> -->', '<x/>'))
    .map(([head, list, after]) => `<row${head}>${list.join('')}</row>${after}`),
  rowAttributes.map((head) => `<row${head}/>`),
)
const damage = fc.option(
  fc.tuple(
    fc.nat(400),
    fc.nat(3),
    fc.constantFrom('', '<', '>', '&', '"', '</row>', '<row>', ']]>', '\r', '\x00', '<?x?>'),
  ),
)
const data = fc.tuple(fc.array(rows, { maxLength: 6 }), damage).map(([list, harm]) => {
  const whole = list.join('')
  if (harm === null) return whole
  const [at, length, put] = harm
  return whole.slice(0, at) + put + whole.slice(at + length)
})

describe('a worksheet', () => {
  test('is read the same row by row as by the parser alone, however it is written, damaged and cut', async () => {
    await fc.assert(
      fc.asyncProperty(data, fc.array(fc.nat(2_000), { maxLength: 5 }), async (written, cuts) => {
        expect(await read(sheet(written), cuts)).toEqual(await byParser(written))
      }),
      { numRuns: 1_000 },
    )
  }, 120_000)

  test('leaves to the parser what only looks like rows', async () => {
    const row = '<row r="1"><c r="A1"><v>1</v></c></row>'
    for (const before of [
      `<!-- <sheetData>${row} -->`,
      `<?x <sheetData>${row} ?>`,
      `<a><![CDATA[<sheetData>${row}]]></a>`,
      `<extra><sheetData>${row}</sheetData></extra>`,
    ]) {
      const expected = before.startsWith('<extra>') ? [1, 1] : [1]
      expect((await read(sheet(row, before))).rows.map(({ rowNo }) => rowNo)).toEqual(expected)
    }
  })

  test('that goes on without a tag is refused, wherever it does', async () => {
    const long = 'x'.repeat(10_000_000)
    for (const xml of [sheet(`<row><c><v>${long}`), sheet(' '.repeat(10_000_000)), sheet('', `<a>${long}`)])
      expect(await read(xml, [1_000_000, 2_000_000, 6_500_000])).toMatchObject({ refused: 'cell_too_long' })
  })
})

describe('xml of a workbook', () => {
  test('names the place of damage', () => {
    const reader = xmlReader({ open: () => {} })
    expect(() => reader.write(Buffer.from('<a>\n<b></a>'))).toThrow(/at 2:\d+ of a part/)
  })
})
