import iconv from 'iconv-lite'
import { bookParts, type Part, row, worksheet, zip } from '../contacts/workbook.ts'
import { type Dice, pick } from '../crash/dice.ts'
import { encrypted } from './encrypted.ts'

/** A file as somebody might upload it, made in code. */
export type HostileFile = { readonly what: string; readonly bytes: Buffer }

const GOOD_ROWS = row(1, 'Phone', 'Name') + row(2, '+6281234567890', 'Siti')
const GOOD = bookParts({ sheets: [{ name: 'Data', data: GOOD_ROWS }] })
const GOOD_CSV = 'Phone,Name\n+6281234567890,Siti\n'

const sheetPart = (change: Partial<Part>) =>
  zip(GOOD.map((part) => (part.name.endsWith('sheet1.xml') ? { ...part, ...change } : part)))
const rows = (xml: string) => sheetPart({ data: worksheet(xml) })
const cell = (xml: string) => rows(`${row(1, 'Phone', 'Name')}<row r="2">${xml}</row>`)
const withPart = (part: Part) => zip([...GOOD, part])
const heading = (text: string) => rows(row(1, 'Phone', text) + row(2, '+6281234567890', 'x'))

const CELLS: Readonly<Record<string, string>> = {
  'a number in scientific notation': '<c r="A2"><v>6.28123E+12</v></c>',
  'a number of sixteen digits': '<c r="A2"><v>6281234567890123</v></c>',
  'a number of four hundred digits': `<c r="A2"><v>${'9'.repeat(400)}</v></c>`,
  'not a number at all': '<c r="A2"><v>NaN</v></c>',
  infinity: '<c r="A2"><v>1e999</v></c>',
  'a formula that calls out': '<c r="A2" t="str"><f>WEBSERVICE("http://127.0.0.1/")</f><v>x</v></c>',
  'a formula as text': '<c r="A2" t="inlineStr"><is><t>=cmd|\' /C calc\'!A0</t></is></c>',
  'a shared string that is not there': '<c r="A2" t="s"><v>99999999</v></c>',
  'a shared string of a negative number': '<c r="A2" t="s"><v>-1</v></c>',
  'a style that is not there': '<c r="A2" s="99999"><v>46357</v></c>',
  'a date before all dates': '<c r="A2" t="d"><v>-99999-01-01</v></c>',
  'a cell far to the right': '<c r="XFD2"><v>1</v></c>',
  'a cell beyond every column': '<c r="ZZZZZZ2"><v>1</v></c>',
  'a cell in no place': '<c r="!!"><v>1</v></c>',
  'a cell of no known type': '<c r="A2" t="wish"><v>1</v></c>',
  'a text of a megabyte': `<c r="A2" t="inlineStr"><is><t>${'x'.repeat(1_000_000)}</t></is></c>`,
  'control characters': '<c r="A2" t="inlineStr"><is><t>a_x0000_b_x0007_</t></is></c>',
  'half a surrogate': '<c r="A2" t="inlineStr"><is><t>_xD800_</t></is></c>',
  'a text that turns round': '<c r="A2" t="inlineStr"><is><t>\u202Eevil\u202C</t></is></c>',
}

const XML: Readonly<Record<string, string>> = {
  'broken XML': '<worksheet><sheetData><row r="1"><c',
  'XML that ends early': '<worksheet><sheetData><row r="1"><c r="A1"><v>1',
  'crossed tags': '<worksheet><sheetData><row></sheetData></row></worksheet>',
  'an entity from outside': `<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>${worksheet('<row r="1"><c r="A1" t="str"><v>&a;</v></c></row>')}`,
  'a billion laughs': `<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>${worksheet('<row r="1"><c r="A1" t="str"><v>&c;</v></c></row>')}`,
  'an unknown entity': worksheet('<row r="1"><c r="A1" t="str"><v>&nbsp;</v></c></row>'),
  'no sheet data': '<worksheet/>',
  'no XML at all': 'hello',
  nothing: '',
  'UTF-16': '\uFEFF',
  'a thousand levels': worksheet(
    `<row r="1"><c r="A1">${'<a>'.repeat(1_000)}${'</a>'.repeat(1_000)}</c></row>`,
  ),
  'a tag of a megabyte': `<worksheet ${'a'.repeat(1_000_000)}="1"/>`,
  'a row numbered backwards': worksheet(`${row(5, 'Phone')}${row(2, 'x')}`),
  'rows of one number': worksheet(`${row(1, 'Phone')}${row(1, 'x')}`),
  'a row beyond the last': worksheet('<row r="99999999999"><c><v>1</v></c></row>'),
  'ten thousand columns': worksheet(`<row r="1">${'<c><v>1</v></c>'.repeat(10_000)}</row>`),
  'a million columns': worksheet(`<row r="1">${'<c/>'.repeat(1_000_000)}</row>`),
  'one cell merged over all': merged(worksheet(GOOD_ROWS), 'A1:ZZ99'),
  'merged and hidden': mergedAndHidden(),
  'everything hidden': worksheet(GOOD_ROWS.replaceAll('<row ', '<row hidden="1" ')),
}

/** A name over two rows and two columns, with a column and a row of it hidden, as people lay out their sheets. */
export function mergedAndHidden(): string {
  const rows = [
    row(1, 'Phone', 'Name', 'Note'),
    row(2, '+6281234567890', 'Siti', 'VIP'),
    row(3, '+6281234567891', null, null).replace('<row ', '<row hidden="1" '),
    row(4, '+6281234567892', 'Budi', null),
  ]
  const columns = '<cols><col min="3" max="3" width="0" hidden="1" customWidth="1"/></cols>'
  return merged(worksheet(rows.join('')).replace('<sheetData>', `${columns}<sheetData>`), 'B2:C3', 'B4:C4')
}

function merged(sheet: string, ...ranges: readonly string[]): string {
  const cells = ranges.map((range) => `<mergeCell ref="${range}"/>`).join('')
  return sheet.replace(
    '</worksheet>',
    `<mergeCells count="${ranges.length}">${cells}</mergeCells></worksheet>`,
  )
}

const TEXTS: Readonly<Record<string, Buffer>> = {
  'an empty file': Buffer.alloc(0),
  'one byte': Buffer.from([0]),
  'only a byte order mark': Buffer.from([0xef, 0xbb, 0xbf]),
  'only blank lines': Buffer.from('\n\r\n\r\n'),
  'NUL bytes': Buffer.alloc(5_000),
  'a file in UTF-16': iconv.encode(GOOD_CSV, 'utf16le', { addBOM: true }),
  'half a character in UTF-16': iconv.encode(GOOD_CSV, 'utf16le', { addBOM: true }).subarray(0, 15),
  'a file in cp1252': iconv.encode('Téléphone;Nom\n+33612345678;Zoë\n', 'cp1252'),
  'broken UTF-8': Buffer.concat([Buffer.from('Phone\n'), Buffer.from([0xc3, 0x28, 0xff, 0xfe, 0x80])]),
  'a quote that never closes': Buffer.from(`Phone,Name\n"+62812${'x\n'.repeat(50_000)}`),
  'a line of ten megabytes': Buffer.from(`Phone\n${'9'.repeat(10_000_000)}`),
  'a hundred thousand columns': Buffer.from(`${'a,'.repeat(100_000)}\n`),
  'headings that are prototypes': Buffer.from('__proto__,constructor,toString\n+6281234567890,a,b\n'),
  'the same heading fifty times': Buffer.from(`${'Phone,'.repeat(50)}\n${'+6281234567890,'.repeat(50)}\n`),
  'a separator of its own': Buffer.from('sep=\u0001\nPhone\u0001Name\n+6281234567890\u0001Siti\n'),
  'a picture': Buffer.from('\x89PNG\r\n\x1a\n'.padEnd(400, '\0'), 'latin1'),
  'a program': Buffer.from(`\x7fELF${'\0'.repeat(400)}`, 'latin1'),
  'a web page called a workbook': Buffer.from('<html><table><tr><td>Phone</td></tr></table></html>'),
  JSON: Buffer.from('[{"phone": "+6281234567890"}]'),
  'an old workbook of nothing': Buffer.concat([
    Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]),
    Buffer.alloc(504),
  ]),
  'an archive of nothing': zip([]),
  'an archive cut in half': zip(GOOD).subarray(0, Math.floor(zip(GOOD).length / 2)),
  'an archive with a byte before it': Buffer.concat([Buffer.from([0]), zip(GOOD)]),
}

const ARCHIVES: Readonly<Record<string, () => Buffer>> = {
  'a size forged to be enormous': () => sheetPart({ centralSize: 3_900_000_000 }),
  'a size forged to be small': () => sheetPart({ centralSize: 40 }),
  'a bomb': () => withPart({ name: 'xl/media/a.bin', data: Buffer.alloc(20_000_000) }),
  'a sheet that is a bomb': () => sheetPart({ data: worksheet(' '.repeat(20_000_000)) }),
  'a path that climbs out': () => withPart({ name: '../../etc/passwd', data: 'x' }),
  'an absolute path': () => withPart({ name: '/etc/passwd', data: 'x' }),
  'an encrypted part': () => sheetPart({ flags: 1 }),
  'a workbook under a password': () => encrypted(zip(GOOD), 'secret'),
  'a compound file that only says so': () => encrypted(Buffer.alloc(0), '').subarray(0, 2_048),
  'a hidden sheet beside the good one': () =>
    zip(
      bookParts({
        sheets: [
          { name: 'Notes', data: row(1, 'nothing'), state: 'veryHidden' },
          { name: 'Data', data: GOOD_ROWS },
        ],
      }),
    ),
  'a wrong checksum': () => sheetPart({ crc: 1 }),
  macros: () => withPart({ name: 'xl/vbaProject.bin', data: 'x' }),
  'a thousand parts': () =>
    zip([...GOOD, ...Array.from({ length: 1_000 }, (_, n) => ({ name: `xl/${n}`, data: '' }))]),
  'no workbook': () => zip(GOOD.filter(({ name }) => !name.endsWith('workbook.xml'))),
  'a document instead': () =>
    zip([
      { name: 'word/document.xml', data: '<w/>' },
      { name: '[Content_Types].xml', data: '<a/>' },
    ]),
  'dates of 1904': () =>
    zip(
      bookParts({ sheets: [{ name: 'Data', data: GOOD_ROWS }] }).map((part) =>
        part.name.endsWith('workbook.xml')
          ? { ...part, data: String(part.data).replace('<sheets>', '<workbookPr date1904="1"/><sheets>') }
          : part,
      ),
    ),
}

/** More than sixty files that a person, a program or an attacker might hand in. */
export function hostileSheets(): HostileFile[] {
  const of = (entries: Readonly<Record<string, Buffer>>) =>
    Object.entries(entries).map(([what, bytes]) => ({ what, bytes }))
  return [
    ...of(TEXTS),
    ...Object.entries(ARCHIVES).map(([what, make]) => ({ what, bytes: make() })),
    ...Object.entries(CELLS).map(([what, xml]) => ({ what: `a cell with ${what}`, bytes: cell(xml) })),
    ...Object.entries(XML).map(([what, data]) => ({
      what: `a sheet of ${what}`,
      bytes: sheetPart({ data }),
    })),
    ...[
      '__proto__',
      'constructor',
      'hasOwnProperty',
      '#{7*7}',
      '{{7*7}}',
      '<script>',
      '\u0000',
      'x'.repeat(5_000),
    ].map((text) => ({ what: `the heading ${JSON.stringify(text.slice(0, 20))}`, bytes: heading(text) })),
  ]
}

/** One of them, or a good one, with some bytes changed, cut out, doubled or cut off. */
export function mutated(dice: Dice, corpus: readonly HostileFile[]): HostileFile {
  const from =
    dice() < 0.5
      ? pick(dice, SEEDS)
      : pick(
          dice,
          corpus.filter(({ bytes }) => bytes.length < 100_000),
        )
  let bytes = Buffer.from(from.bytes)
  const changes = 1 + Math.floor(dice() * 8)
  for (let change = 0; change < changes && bytes.length > 0; change++) {
    const at = Math.floor(dice() * bytes.length)
    const length = Math.floor(dice() * 40)
    const kind = dice()
    if (kind < 0.5) bytes[at] = Math.floor(dice() * 256)
    else if (kind < 0.65) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)])
    else if (kind < 0.8) bytes = Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)])
    else if (kind < 0.9) bytes = Buffer.from(bytes.subarray(0, at))
    else bytes.fill(pick(dice, [0, 0xff, 0x22, 0x2c, 0x3c]), at, Math.min(bytes.length, at + length))
  }
  return { what: `${from.what}, changed`, bytes }
}

const SEEDS: readonly HostileFile[] = [
  { what: 'a good workbook', bytes: zip(GOOD) },
  { what: 'a good workbook, not pressed', bytes: zip(GOOD.map((part) => ({ ...part, stored: true }))) },
  { what: 'a good text', bytes: Buffer.from(GOOD_CSV) },
]
