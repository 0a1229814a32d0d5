import { stat } from 'node:fs/promises'
import { type Archive, openArchive, readHead } from './archive.ts'
import { openDelimited } from './delimited.ts'
import { openOds } from './ods.ts'
import { MAX_FILE_BYTES, type RowSource, SheetRefused } from './row-source.ts'
import { type OnProgress, openXlsx } from './xlsx.ts'

const HEAD_BYTES = 4096
const MAX_CONTENT_TYPES_BYTES = 1024 * 1024
const ZIP = Buffer.from('PK\x03\x04', 'latin1')
const EMPTY_ZIP = Buffer.from('PK\x05\x06', 'latin1')
const COMPOUND = Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1])
/** Files that are neither workbooks nor tables of text, by their first bytes. */
const FOREIGN = [
  '%PDF',
  '\x89PNG',
  '\xff\xd8\xff',
  'GIF8',
  'Rar!',
  '7z\xbc\xaf',
  '\x1f\x8b',
  'BZh',
  '{\\rtf',
  'SQLite',
  '\x7fELF',
  'MZ\x90',
]

/** Opens a file by what it is, never by what it is called. Throws `SheetRefused`. */
export async function openSheet(path: string, onProgress: OnProgress): Promise<RowSource> {
  const { size } = await stat(path)
  if (size === 0)
    throw new SheetRefused('empty_file', 'The file is empty. Choose the file again and upload it.')
  if (size > MAX_FILE_BYTES) {
    throw new SheetRefused(
      'file_too_large',
      `The file is larger than ${MAX_FILE_BYTES / 1024 ** 2} MB. Split it into several files.`,
    )
  }
  const head = await readHead(path, HEAD_BYTES)
  if (startsWith(head, ZIP) || startsWith(head, EMPTY_ZIP)) return openZipped(path, size, onProgress)
  if (startsWith(head, COMPOUND)) return openCompound(path, size)
  refuseForeign(head)
  return openDelimited(path, size)
}

async function openZipped(path: string, size: number, onProgress: OnProgress): Promise<RowSource> {
  const archive = await openArchive(path)
  try {
    await refuseMacros(archive)
    if (archive.has('content.xml') && archive.has('mimetype')) return await openOds(archive)
    if (archive.names().some((name) => /(^|\/)workbook\.bin$/i.test(name))) {
      archive.close()
      return await openWhole(path, 'xlsb', size, archiveBytes(archive))
    }
    if (!archive.has('[Content_Types].xml')) throw notASpreadsheet()
    return await openXlsx(archive, onProgress)
  } catch (error) {
    archive.close()
    throw error
  }
}

/** A macro is refused by its part, whatever the file is called, and by the type that the workbook gives itself. */
async function refuseMacros(archive: Archive): Promise<void> {
  const hasPart = archive
    .names()
    .some((name) => /(^|\/)vbaProject\.bin$|^(Basic|Scripts)\/.+[^/]$/i.test(name))
  const types = archive.has('[Content_Types].xml')
    ? await archive.text('[Content_Types].xml', MAX_CONTENT_TYPES_BYTES)
    : ''
  const isXlsb = /sheet\.binary\.macroEnabled/i.test(types)
  if (hasPart || /vbaProject/i.test(types) || (/macroEnabled/i.test(types) && !isXlsb)) throw macros()
}

function archiveBytes(archive: Archive): number {
  return archive.names().reduce((total, name) => total + archive.sizeBytes(name), 0)
}

/** The whole-file reader takes memory by what the archive declares, so that is limited too. */
const MAX_WHOLE_BYTES = 96 * 1024 * 1024

async function openWhole(
  path: string,
  format: 'xls' | 'xlsb',
  size: number,
  unpackedBytes: number,
): Promise<RowSource> {
  if (unpackedBytes > MAX_WHOLE_BYTES) {
    throw new SheetRefused(
      'file_too_large',
      'The file is too large for its format. Save it as .xlsx and upload that.',
    )
  }
  const { openLegacy } = await import('./legacy.ts')
  return openLegacy(path, format, size)
}

/** Names of the streams in an OLE compound file tell what it is: its directory is 128-byte entries. */
async function openCompound(path: string, size: number): Promise<RowSource> {
  const bytes = await readHead(path, Math.min(size, MAX_WHOLE_BYTES))
  const names = new Set(streamNames(bytes))
  if (names.has('EncryptedPackage') || names.has('EncryptionInfo')) {
    throw new SheetRefused(
      'encrypted',
      'The file is protected by a password. Save it without one and upload it again.',
    )
  }
  if (names.has('_VBA_PROJECT_CUR') || names.has('_VBA_PROJECT') || names.has('VBA')) throw macros()
  if (!names.has('Workbook') && !names.has('Book')) throw notASpreadsheet()
  return openWhole(path, 'xls', size, size)
}

function* streamNames(bytes: Buffer): Generator<string> {
  for (let at = 512; at + 128 <= bytes.length; at += 128) {
    const nameBytes = bytes.readUInt16LE(at + 64)
    const kind = bytes[at + 66]!
    if (nameBytes < 4 || nameBytes > 64 || nameBytes % 2 === 1 || kind === 0 || kind > 5) continue
    yield bytes.toString('utf16le', at, at + nameBytes - 2)
  }
}

function refuseForeign(head: Buffer): void {
  const start = head
    .toString('latin1')
    .replace(/^\xef\xbb\xbf/, '')
    .trimStart()
  if (FOREIGN.some((mark) => start.startsWith(mark))) throw notASpreadsheet()
  if (!/^<(?:!doctype|html|table|\?xml|meta|head|body|style|workbook|div|script)/i.test(start)) return
  throw new SheetRefused(
    'unsupported_format',
    'The file is a web page or XML with the name of a sheet. Open it in Excel, save it as .xlsx and upload that.',
  )
}

function startsWith(head: Buffer, mark: Buffer): boolean {
  return head.subarray(0, mark.length).equals(mark)
}

function notASpreadsheet(): SheetRefused {
  return new SheetRefused(
    'not_a_spreadsheet',
    'The file is not a spreadsheet. Upload an .xlsx, .xls, .ods or .csv file.',
  )
}

function macros(): SheetRefused {
  return new SheetRefused(
    'macros',
    'The file holds macros, and was not opened. Save it as a plain .xlsx and upload that.',
  )
}
