import type { Archive } from './archive.ts'
import {
  assertCell,
  assertRow,
  isBlank,
  MAX_COLUMNS,
  MAX_PAGES,
  type RawCell,
  type RowSource,
  type SheetPage,
  SheetRefused,
  type SheetRow,
} from './row-source.ts'
import { readXml, type XmlAttributes, xmlReader } from './xml.ts'

const MAX_MANIFEST_BYTES = 1024 * 1024
/** A repeated row of values is one that was filled down; no contact is filled down further. */
const MAX_REPEATED_ROWS = 100_000
const MAX_SPACES = 1_000
const MAX_TEXT_CHARS = 65_536

/**
 * Reads an OpenDocument spreadsheet as a stream. Values come from the `office:` attributes (a date is an ISO day
 * there), never from the displayed text. Throws `SheetRefused`.
 */
export async function openOds(archive: Archive): Promise<RowSource> {
  await refuseEncryption(archive)
  const pages = await readPages(archive)
  const total = Math.max(1, archive.sizeBytes('content.xml'))
  let bytes = 0
  return {
    format: 'ods',
    pages,
    date1904: false,
    async *rows(pageIndex) {
      bytes = 0
      const parser = new PageParser(pageIndex)
      const reader = xmlReader(parser)
      for await (const chunk of archive.stream('content.xml')) {
        bytes += chunk.length
        reader.write(chunk)
        if (parser.ready.length > 0) yield parser.take()
        if (parser.finished) return
      }
      reader.end()
    },
    progress: () => Math.min(1, bytes / total),
    close: () => archive.close(),
  }
}

async function refuseEncryption(archive: Archive): Promise<void> {
  if (!archive.has('META-INF/manifest.xml')) return
  const manifest = await archive.text('META-INF/manifest.xml', MAX_MANIFEST_BYTES)
  if (!manifest.includes('encryption-data')) return
  throw new SheetRefused(
    'encrypted',
    'The file is protected by a password. Save it without one and upload it again.',
  )
}

async function readPages(archive: Archive): Promise<readonly SheetPage[]> {
  const pages: SheetPage[] = []
  const hiddenStyles = new Set<string>()
  let style = ''
  let tableDepth = 0
  await readXml(archive.stream('content.xml'), {
    open(name, attributes) {
      if (name === 'style') style = attributes['style:name'] ?? ''
      if (name === 'table-properties' && attributes['table:display'] === 'false') hiddenStyles.add(style)
      if (name !== 'table' || tableDepth++ > 0) return
      if (pages.length === MAX_PAGES) {
        throw new SheetRefused(
          'too_many_sheets',
          `The workbook has more than ${MAX_PAGES} sheets. Keep the one with the contacts.`,
        )
      }
      const hidden = hiddenStyles.has(attributes['table:style-name'] ?? '')
      pages.push({ name: attributes['table:name'] ?? `Sheet${pages.length + 1}`, hidden })
    },
    close(name) {
      if (name === 'table') tableDepth--
    },
  })
  return pages
}

/** Builds the rows of one table from the tags of content.xml. */
class PageParser {
  ready: SheetRow[] = []
  finished = false
  readonly #pageIndex: number
  #page = -1
  #tableDepth = 0
  #rowNo = 0
  #rowRepeat = 1
  #hidden = false
  #cells: (RawCell | undefined)[] = []
  #column = 0
  #cellRepeat = 1
  #cell: XmlAttributes | undefined
  #lines: string[] = []
  #paragraphs = 0
  #aside = 0
  #chars = 0

  constructor(pageIndex: number) {
    this.#pageIndex = pageIndex
  }

  take(): readonly SheetRow[] {
    const rows = this.ready
    this.ready = []
    return rows
  }

  open(name: string, attributes: XmlAttributes): void {
    if (name === 'table' && this.#tableDepth++ === 0) this.#page++
    if (!this.#reading()) return
    if (name === 'table-row') this.#openRow(attributes)
    else if (name === 'table-cell' || name === 'covered-table-cell') this.#openCell(attributes)
    else if (this.#cell !== undefined) this.#openInCell(name, attributes)
  }

  close(name: string): void {
    if (this.#reading()) {
      if (name === 'table-cell' || name === 'covered-table-cell') this.#closeCell()
      else if (name === 'table-row') this.#closeRow()
      else if (name === 'annotation') this.#aside--
      else if (name === 'p' && this.#aside === 0) this.#paragraphs--
    }
    if (name !== 'table' || --this.#tableDepth > 0) return
    if (this.#page === this.#pageIndex) this.finished = true
  }

  text(piece: string): void {
    if (this.#cell === undefined || this.#paragraphs === 0 || this.#aside > 0) return
    this.#append(piece)
  }

  /** Inside the wanted table, and not in a table within it. */
  #reading(): boolean {
    return this.#page === this.#pageIndex && this.#tableDepth === 1
  }

  #openRow(attributes: XmlAttributes): void {
    this.#rowRepeat = repeat(attributes['table:number-rows-repeated'])
    const visibility = attributes['table:visibility']
    this.#hidden = visibility === 'collapse' || visibility === 'filter'
    this.#cells = []
    this.#column = 0
  }

  #openCell(attributes: XmlAttributes): void {
    this.#cell = attributes
    this.#cellRepeat = repeat(attributes['table:number-columns-repeated'])
    this.#lines = []
    this.#paragraphs = 0
    this.#aside = 0
    this.#chars = 0
  }

  #openInCell(name: string, attributes: XmlAttributes): void {
    if (name === 'annotation') this.#aside++
    if (this.#aside > 0) return
    if (name === 'p') {
      this.#paragraphs++
      this.#lines.push('')
    } else if (name === 's') this.#append(' '.repeat(Math.min(repeat(attributes['text:c']), MAX_SPACES)))
    else if (name === 'tab') this.#append('\t')
    else if (name === 'line-break') this.#append('\n')
  }

  #append(piece: string): void {
    this.#chars += piece.length
    if (this.#chars > MAX_TEXT_CHARS) assertCell(this.#rowNo + 1, this.#column, this.#chars)
    if (this.#lines.length > 0) this.#lines[this.#lines.length - 1] += piece
  }

  #closeCell(): void {
    const cell = cellOf(this.#cell ?? {}, this.#lines.join('\n'))
    this.#cell = undefined
    if (cell === undefined) {
      this.#column += this.#cellRepeat
      return
    }
    const last = this.#column + this.#cellRepeat - 1
    assertCell(this.#rowNo + 1, Math.min(last, MAX_COLUMNS), cell.text.length)
    while (this.#cells.length < this.#column) this.#cells.push(undefined)
    while (this.#column <= last) this.#cells[this.#column++] = cell
  }

  #closeRow(): void {
    const first = this.#rowNo + 1
    this.#rowNo += this.#rowRepeat
    if (isBlank(this.#cells)) return
    assertRow(this.#rowNo)
    if (this.#rowRepeat > MAX_REPEATED_ROWS) {
      throw new SheetRefused(
        'too_complex',
        `Row ${first} is repeated ${this.#rowRepeat} times. Delete the copies.`,
      )
    }
    for (let copy = 0; copy < this.#rowRepeat; copy++) {
      this.ready.push({ rowNo: first + copy, hidden: this.#hidden, cells: this.#cells })
    }
  }
}

function cellOf(attributes: XmlAttributes, shown: string): RawCell | undefined {
  const value = attributes['office:value']
  switch (attributes['office:value-type']) {
    case 'float':
    case 'currency':
    case 'percentage':
      return value === undefined ? undefined : { kind: 'number', text: value }
    case 'date':
      return { kind: 'day', text: attributes['office:date-value'] ?? '' }
    case 'time':
      return { kind: 'text', text: clockTime(attributes['office:time-value'] ?? '') ?? shown }
    case 'boolean':
      return { kind: 'boolean', text: attributes['office:boolean-value'] === 'true' ? 'TRUE' : 'FALSE' }
    default:
      return textOf(attributes, shown)
  }
}

function textOf(attributes: XmlAttributes, shown: string): RawCell | undefined {
  const text = attributes['office:string-value'] ?? shown
  if (attributes['calcext:value-type'] === 'error')
    return { kind: 'error', text: shown === '' ? '#ERROR' : shown }
  if (text !== '') return { kind: 'text', text }
  return attributes['table:formula'] === undefined ? undefined : { kind: 'uncalculated', text: '=' }
}

/** `PT09H30M00S` → `09:30`. */
function clockTime(duration: string): string | undefined {
  const match = /^PT(\d+)H(\d+)M/.exec(duration)
  return match ? `${match[1]}:${match[2]}` : undefined
}

function repeat(count: string | undefined): number {
  const value = Number(count ?? 1)
  return Number.isInteger(value) && value >= 1 ? Math.min(value, 2_000_000) : 1
}
