import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { CsvError, parse } from 'csv-parse'
import iconv from 'iconv-lite'
import { readHead } from './archive.ts'
import {
  assertCell,
  assertRow,
  type RawCell,
  type RowSource,
  SheetRefused,
  type SheetRow,
} from './row-source.ts'

/** What the separator and the encoding are judged by. */
const SAMPLE_BYTES = 64 * 1024
/** A record this long is a quotation mark that was opened and never closed. */
const MAX_RECORD_BYTES = 256 * 1024
const HANDFUL = 500
const SEPARATORS = [',', ';', '\t', '|'] as const
const SAMPLE_LINES = 50

type Encoding = 'utf8' | 'utf16le' | 'utf16be' | 'windows-1252'
type Layout = { readonly encoding: Encoding; readonly separator: string; readonly hasSeparatorLine: boolean }

/**
 * Reads comma-, semicolon-, tab- or bar-separated text as a stream. UTF-8 and UTF-16 are told by their marks and their
 * bytes, anything else is Windows-1252. Every cell is text: nothing is turned into a number or a date on the way.
 */
export async function openDelimited(path: string, sizeBytes: number): Promise<RowSource> {
  const layout = await readLayout(path)
  let bytes = 0
  return {
    format: 'csv',
    pages: [{ name: 'Sheet1', hidden: false }],
    date1904: false,
    rows: () => readRows(path, layout, (more) => (bytes += more)),
    progress: () => Math.min(1, bytes / Math.max(1, sizeBytes)),
    close: () => {},
  }
}

async function readLayout(path: string): Promise<Layout> {
  const head = await readHead(path, SAMPLE_BYTES)
  const encoding = markedEncoding(head) ?? ((await isUtf8(path)) ? 'utf8' : 'windows-1252')
  const sample = iconv.decode(head, encoding)
  if (sample.includes('\0')) {
    throw new SheetRefused(
      'not_a_spreadsheet',
      'The file is neither a workbook nor text. Upload an .xlsx, .xls, .ods or .csv file.',
    )
  }
  const declared = /^"?sep=(.)"?\r?\n/i.exec(sample)
  const separator = declared?.[1] ?? sniffSeparator(sample)
  return { encoding, separator, hasSeparatorLine: declared !== null }
}

/** By its byte order mark, or by every other byte being zero, as in UTF-16 text of Latin letters. */
function markedEncoding(head: Buffer): Encoding | undefined {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf16le'
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf16be'
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return 'utf8'
  const zeros = [0, 0]
  for (let at = 0; at < Math.min(head.length, 2000); at++) if (head[at] === 0) zeros[at % 2]!++
  const half = Math.min(head.length, 2000) / 2
  if (zeros[1]! > half * 0.7 && zeros[0] === 0) return 'utf16le'
  if (zeros[0]! > half * 0.7 && zeros[1] === 0) return 'utf16be'
  return undefined
}

async function isUtf8(path: string): Promise<boolean> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  try {
    for await (const chunk of createReadStream(path)) decoder.decode(chunk as Buffer, { stream: true })
    decoder.decode()
    return true
  } catch (error) {
    if (error instanceof TypeError) return false
    throw error
  }
}

/** The separator that most lines hold the same number of times, outside quotation marks. */
function sniffSeparator(sample: string): string {
  const lines = linesOutsideQuotes(sample).slice(0, SAMPLE_LINES)
  let best: { separator: string; score: number } = { separator: ',', score: 0 }
  for (const separator of SEPARATORS) {
    const counts = lines.map((line) => line.split(separator).length - 1).filter((count) => count > 0)
    const usual = mode(counts)
    const agreeing = counts.filter((count) => count === usual).length
    const score = agreeing / Math.max(1, lines.length) + Math.min(usual, 50) / 1000
    if (counts.length > 0 && score > best.score) best = { separator, score }
  }
  return best.separator
}

function linesOutsideQuotes(sample: string): string[] {
  return sample
    .replace(/"(?:[^"]|"")*"/g, '""')
    .split(/\r\n|\n|\r/)
    .filter((line) => line.trim() !== '')
}

function mode(counts: readonly number[]): number {
  const tally = new Map<number, number>()
  for (const count of counts) tally.set(count, (tally.get(count) ?? 0) + 1)
  return [...tally].sort((a, b) => b[1] - a[1] || b[0] - a[0])[0]?.[0] ?? 0
}

async function* readRows(
  path: string,
  { encoding, separator, hasSeparatorLine }: Layout,
  onBytes: (bytes: number) => void,
): AsyncGenerator<readonly SheetRow[]> {
  const parser = parse({
    delimiter: separator,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: false,
    max_record_size: MAX_RECORD_BYTES,
    record_delimiter: ['\r\n', '\n', '\r'],
    from_line: hasSeparatorLine ? 2 : 1,
  })
  const text = Readable.from(decode(path, encoding, onBytes), { objectMode: true })
  text.on('error', (error) => parser.destroy(error))
  text.pipe(parser)
  let rowNo = 0
  let rows: SheetRow[] = []
  try {
    for await (const record of parser) {
      assertRow(++rowNo)
      rows.push({ rowNo, hidden: false, cells: cellsOf(record as string[], rowNo) })
      if (rows.length < HANDFUL) continue
      yield rows
      rows = []
    }
  } catch (error) {
    throw asRefusal(error, rowNo)
  } finally {
    text.destroy()
  }
  if (rows.length > 0) yield rows
}

async function* decode(
  path: string,
  encoding: Encoding,
  onBytes: (bytes: number) => void,
): AsyncGenerator<string> {
  const decoder = iconv.getDecoder(encoding)
  let first = true
  for await (const chunk of createReadStream(path)) {
    onBytes((chunk as Buffer).length)
    const text = decoder.write(chunk as Buffer)
    if (text === '') continue
    yield first ? text.replace(/^\ufeff/, '') : text
    first = false
  }
  const rest = decoder.end()
  if (rest !== undefined && rest !== '') yield rest
}

function cellsOf(record: readonly string[], rowNo: number): (RawCell | undefined)[] {
  const cells: (RawCell | undefined)[] = []
  for (const [column, text] of record.entries()) {
    if (text === '') continue
    assertCell(rowNo, column, text.length)
    while (cells.length < column) cells.push(undefined)
    cells[column] = { kind: 'text', text }
  }
  return cells
}

function asRefusal(error: unknown, rowNo: number): unknown {
  if (!(error instanceof CsvError)) return error
  if (error.code === 'CSV_QUOTE_NOT_CLOSED' || error.code === 'CSV_MAX_RECORD_SIZE') {
    return new SheetRefused(
      'quote_not_closed',
      `A quotation mark opened after row ${rowNo} is never closed. Close it, or remove it, and upload again.`,
    )
  }
  return new SheetRefused(
    'file_damaged',
    `The text cannot be read after row ${rowNo}. Save it again as CSV (UTF-8).`,
  )
}
