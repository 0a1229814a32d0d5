import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Archive, openArchive } from '../../src/contacts/sheet/archive.ts'
import { openSheet } from '../../src/contacts/sheet/open.ts'
import { SheetRefused } from '../../src/contacts/sheet/row-source.ts'
import { bookParts, type Part, row, worksheet, zip } from './workbook.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'duecast-archive-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const SHEET = row(1, 'Phone') + row(2, '+6281234567890')
const GOOD = bookParts({ sheets: [{ name: 'Data', data: SHEET }] })

/** A good workbook in which one part is replaced. */
function withSheet(change: Partial<Part>): Buffer {
  return zip(GOOD.map((part) => (part.name.endsWith('sheet1.xml') ? { ...part, ...change } : part)))
}

function withPart(...parts: readonly Part[]): Buffer {
  return zip([...GOOD, ...parts])
}

/** An OLE compound file that holds nothing but the names of its streams. */
function compound(...names: readonly string[]): Buffer {
  const file = Buffer.alloc(512 + names.length * 128)
  Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]).copy(file)
  for (const [index, name] of names.entries()) {
    const at = 512 + index * 128
    file.write(name, at, 'utf16le')
    file.writeUInt16LE((name.length + 1) * 2, at + 64)
    file[at + 66] = 2
  }
  return file
}

const nested = (levels: number) =>
  worksheet('<row r="1"><c r="A1">'.concat('<a>'.repeat(levels), '</a>'.repeat(levels), '</c></row>'))
const doctype = SHEET.replace('<row', '<!DOCTYPE x [<!ENTITY a "b">]><row')

const HOSTILE: readonly (readonly [what: string, bytes: () => Buffer | string, code: string])[] = [
  ['an empty file', () => '', 'empty_file'],
  [
    'a bomb that admits its size',
    () => withPart({ name: 'xl/media/a.bin', data: Buffer.alloc(20_000_000) }),
    'archive_bomb',
  ],
  ['a sheet that is a bomb', () => withSheet({ data: worksheet(' '.repeat(20_000_000)) }), 'archive_bomb'],
  ['a size forged in the directory only', () => withSheet({ localSize: 10 }), 'archive_forged'],
  ['a size forged in both headers', () => withSheet({ centralSize: 40 }), 'archive_forged'],
  ['a size forged to be enormous', () => withSheet({ centralSize: 3_900_000_000 }), 'archive_bomb'],
  [
    'a name that differs in the directory',
    () => withSheet({ name: 'xl/worksheets/other.xml', centralName: 'xl/worksheets/sheet1.xml' }),
    'archive_forged',
  ],
  ['two parts of one name', () => withPart({ name: 'XL/workbook.xml', data: '<a/>' }), 'archive_forged'],
  [
    'parts that overlap',
    () =>
      withPart({ name: '[Content_Types].xmm', centralName: '[Content_Types].xml2', data: 'x', offset: 0 }),
    'archive_forged',
  ],
  [
    'a path out of the archive',
    () => withPart({ name: '../../etc/passwd', data: 'x' }),
    'archive_unsafe_path',
  ],
  ['a path with backslashes', () => withPart({ name: '..\\..\\evil', data: 'x' }), 'archive_unsafe_path'],
  ['an absolute path', () => withPart({ name: '/etc/passwd', data: 'x' }), 'archive_unsafe_path'],
  ['a drive letter', () => withPart({ name: 'C:/evil', data: 'x' }), 'archive_unsafe_path'],
  ['an encrypted part', () => withSheet({ flags: 1 }), 'encrypted'],
  [
    'a workbook under a password',
    () => compound('Root Entry', 'EncryptionInfo', 'EncryptedPackage'),
    'encrypted',
  ],
  ['a macro', () => withPart({ name: 'xl/vbaProject.bin', data: 'x' }), 'macros'],
  [
    'a macro by its type alone',
    () =>
      zip(
        GOOD.map((part) =>
          part.name === '[Content_Types].xml'
            ? {
                ...part,
                data: '<Types><Override ContentType="application/vnd.ms-excel.sheet.macroEnabled.main+xml"/></Types>',
              }
            : part,
        ),
      ),
    'macros',
  ],
  ['a macro in an old workbook', () => compound('Root Entry', 'Workbook', '_VBA_PROJECT_CUR'), 'macros'],
  ['a Word document', () => compound('Root Entry', 'WordDocument'), 'not_a_spreadsheet'],
  ['an archive that is no workbook', () => zip([{ name: 'a.txt', data: 'x' }]), 'not_a_spreadsheet'],
  [
    'a new Word document',
    () =>
      zip([
        { name: '[Content_Types].xml', data: '<Types/>' },
        { name: 'word/document.xml', data: '<a/>' },
      ]),
    'not_a_spreadsheet',
  ],
  ['an archive cut short', () => zip(GOOD).subarray(0, 900), 'archive_damaged'],
  ['an archive whose part was changed', () => withSheet({ crc: 1 }), 'archive_damaged'],
  ['a PDF', () => '%PDF-1.7 ...', 'not_a_spreadsheet'],
  ['a picture', () => Buffer.from('\x89PNG\r\n\x1a\n0000', 'latin1'), 'not_a_spreadsheet'],
  [
    'bytes',
    () => Buffer.from(Array.from({ length: 4000 }, (_, index) => (index * 7919) % 251)),
    'not_a_spreadsheet',
  ],
  ['a web page named .xls', () => '<html><body><table><tr><td>Phone</td></tr></table>', 'unsupported_format'],
  [
    'a DOCTYPE',
    () => withSheet({ data: worksheet(doctype).replace('<sheetData>', '<sheetData>') }),
    'file_damaged',
  ],
  [
    'a DOCTYPE where XML allows it',
    () => withSheet({ data: worksheet(SHEET).replace('?>', '?><!DOCTYPE x [<!ENTITY a "b">]>') }),
    'doctype',
  ],
  ['deep nesting', () => withSheet({ data: nested(40_000) }), 'too_deep'],
  ['broken XML', () => withSheet({ data: worksheet('<row r="1"><c r="A1"></row>') }), 'file_damaged'],
  [
    'an unclosed sheet',
    () => withSheet({ data: '<?xml version="1.0"?><worksheet><sheetData>' }),
    'file_damaged',
  ],
  [
    'a cell beyond the last column',
    () => withSheet({ data: worksheet('<row r="1"><c r="ZZZZ1"><v>1</v></c></row>') }),
    'file_damaged',
  ],
  [
    'a cell beyond the columns we read',
    () => withSheet({ data: worksheet('<row r="1"><c r="XFD1"><v>1</v></c></row>') }),
    'too_many_columns',
  ],
  [
    'a row beyond the last',
    () => withSheet({ data: worksheet('<row r="1048577"><c><v>1</v></c></row>') }),
    'too_many_rows',
  ],
  ['a giant cell', () => withSheet({ data: worksheet(row(1, 'ab'.repeat(20_000))) }), 'cell_too_long'],
  [
    'a text that is not there',
    () => withSheet({ data: worksheet('<row r="1"><c r="A1" t="s"><v>7</v></c></row>') }),
    'file_damaged',
  ],
  [
    'a quotation mark that is never closed',
    () => `Phone,Name\n1,"Ani\n${'2,b\n'.repeat(200_000)}`,
    'quote_not_closed',
  ],
]

describe('a file is refused that is', () => {
  test.each(HOSTILE)('%s', async (what, bytes, code) => {
    const path = join(folder, `${what.replace(/\W+/g, '-')}.xlsx`)
    writeFileSync(path, bytes())
    expect(await refusalOf(path)).toBe(code)
  })
})

test('a good workbook passes the same checks, also when its sizes follow its parts', async () => {
  const path = join(folder, 'good.xlsx')
  const streamed = GOOD.map((part) => ({ ...part, flags: 8, localSize: 0 }))
  for (const parts of [GOOD, streamed]) {
    writeFileSync(path, zip(parts))
    expect(await refusalOf(path)).toBe('none')
  }
})

test('parts may be read side by side, and any of them left before its end', async () => {
  const path = join(folder, 'large.xlsx')
  // Of noise, so that every part is many pieces on the disk; the others are the pages a preview looks into.
  const noise = (name: string) => ({ name, data: randomBytes(1_000_000) })
  writeFileSync(path, zip([noise('a'), noise('b'), { ...noise('c'), stored: true }]))
  const archive = await openArchive(path)
  for (let turn = 0; turn < 30; turn++) {
    await Promise.all([begin(archive, 'a'), begin(archive, 'b'), begin(archive, 'c')])
  }
  expect(await bytesOf(archive, 'a')).toBe(1_000_000)
  archive.close()
})

async function begin(archive: Archive, name: string): Promise<void> {
  for await (const chunk of archive.stream(name)) {
    expect(chunk.length).toBeGreaterThan(0)
    return
  }
}

async function bytesOf(archive: Archive, name: string): Promise<number> {
  let bytes = 0
  for await (const chunk of archive.stream(name)) bytes += chunk.length
  return bytes
}

async function refusalOf(path: string): Promise<string> {
  try {
    const source = await openSheet(path, () => {})
    for await (const rows of source.rows(0)) expect(rows.length).toBeGreaterThan(0)
    source.close()
    return 'none'
  } catch (error) {
    if (error instanceof SheetRefused) return error.code
    throw error
  }
}
