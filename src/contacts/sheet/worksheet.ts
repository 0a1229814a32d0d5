import { type Book, PlainRow, unescapeText } from './plain-row.ts'
import {
  assertCell,
  assertRow,
  MAX_FILE_COLUMNS,
  type RawCell,
  SheetRefused,
  type SheetRow,
} from './row-source.ts'
import { MAX_SHARED_CHARS, tooLong } from './shared-strings.ts'
import { isTrue, type XmlAttributes } from './xml.ts'
import { unitReader } from './xml-units.ts'

/** The rows of a worksheet, in handfuls. Throws `SheetRefused`. */
export async function* readRows(
  chunks: AsyncIterable<Buffer>,
  book: Book,
  onBytes: (bytes: number) => void,
): AsyncGenerator<readonly SheetRow[]> {
  const page = new PageParser(book)
  const reader = unitReader(page, {
    container: /<sheetData>/,
    depth: 2,
    open: '<row',
    close: '</row>',
    take: (text, start) => page.takeRow(text, start),
  })
  for await (const chunk of chunks) {
    onBytes(chunk.length)
    reader.write(chunk)
    if (page.ready.length > 0) yield page.take()
  }
  reader.end()
  if (page.ready.length > 0) yield page.take()
}

/** Builds rows from a worksheet's tags. It keeps the open row and the open cell, and nothing else. */
class PageParser {
  ready: SheetRow[] = []
  readonly #book: Book
  #rowNo = 0
  #hidden = false
  #cells: (RawCell | undefined)[] = []
  #inRow = false
  #inCell = false
  #column = -1
  #type = 'n'
  #style = 0
  #text = ''
  #collecting = false
  #hasValue = false
  #hasFormula = false
  #phonetic = 0
  readonly #plain: PlainRow

  constructor(book: Book) {
    this.#book = book
    this.#plain = new PlainRow(book)
  }

  take(): readonly SheetRow[] {
    const rows = this.ready
    this.ready = []
    return rows
  }

  /** Takes a whole row of the common shape from its text; gives its end, or -1 of any other. */
  takeRow(text: string, start: number): number {
    const plain = this.#plain
    const end = plain.read(text, start, this.#rowNo)
    if (end < 0) return -1
    this.#rowNo = plain.rowNo
    if (plain.cells.length > 0)
      this.ready.push({ rowNo: plain.rowNo, hidden: plain.hidden, cells: plain.cells })
    return end
  }

  open(name: string, attributes: XmlAttributes): void {
    if (name === 'c') this.#openCell(attributes)
    else if (name === 'row') this.#openRow(attributes)
    else if (!this.#inCell) return
    else if (name === 'v' || name === 't') this.#collect()
    else if (name === 'f') this.#hasFormula = true
    else if (name === 'rPh') this.#phonetic++
  }

  close(name: string): void {
    if (name === 'v' || name === 't') this.#collecting = false
    else if (name === 'c') this.#closeCell()
    else if (name === 'row') this.#closeRow()
    else if (name === 'rPh') this.#phonetic--
  }

  text(piece: string): void {
    if (!this.#collecting) return
    this.#text += piece
    if (this.#text.length > MAX_SHARED_CHARS) tooLong()
  }

  #openRow(attributes: XmlAttributes): void {
    this.#rowNo = attributes.r === undefined ? this.#rowNo + 1 : position(attributes.r)
    assertRow(this.#rowNo)
    this.#hidden = isTrue(attributes.hidden)
    this.#cells = []
    this.#column = -1
    this.#inRow = true
  }

  #openCell(attributes: XmlAttributes): void {
    if (!this.#inRow) damaged()
    this.#column = attributes.r === undefined ? this.#column + 1 : columnOf(attributes.r)
    this.#type = attributes.t ?? 'n'
    this.#style = attributes.s === undefined ? 0 : Number(attributes.s)
    this.#text = ''
    this.#hasValue = false
    this.#hasFormula = false
    this.#inCell = true
    this.#phonetic = 0
  }

  #collect(): void {
    this.#collecting = this.#phonetic === 0
    this.#hasValue = true
  }

  #closeCell(): void {
    this.#inCell = false
    this.#collecting = false
    const cell = this.#cell()
    if (cell === undefined) return
    assertCell(this.#rowNo, this.#column, cell.text.length)
    while (this.#cells.length < this.#column) this.#cells.push(undefined)
    this.#cells[this.#column] = cell
  }

  #closeRow(): void {
    this.#inRow = false
    if (this.#cells.length > 0)
      this.ready.push({ rowNo: this.#rowNo, hidden: this.#hidden, cells: this.#cells })
  }

  #cell(): RawCell | undefined {
    if (!this.#hasValue) return this.#hasFormula ? { kind: 'uncalculated', text: '=' } : undefined
    const text = this.#text
    switch (this.#type) {
      case 's':
        return textCell(this.#book.strings.get(position(text)) ?? damaged())
      case 'inlineStr':
      case 'str':
        return textCell(unescapeText(text))
      case 'b':
        return { kind: 'boolean', text: isTrue(text.trim()) ? 'TRUE' : 'FALSE' }
      case 'e':
        return { kind: 'error', text: text === '' ? '#ERROR' : text }
      case 'd':
        return { kind: 'day', text: text.trim() }
      default:
        return text.trim() === ''
          ? undefined
          : { kind: this.#book.styles[this.#style] ?? 'number', text: text.trim() }
    }
  }
}

function textCell(text: string): RawCell | undefined {
  return text === '' ? undefined : { kind: 'text', text }
}

/** A whole number written in the file: a row's number, or the number of a shared text. */
function position(text: string): number {
  const value = Number(text)
  return Number.isInteger(value) && value >= 0 ? value : damaged()
}

/** `AB12` → 27. */
function columnOf(reference: string): number {
  let column = 0
  for (let at = 0; at < reference.length; at++) {
    const code = reference.charCodeAt(at) & ~32
    if (code < 65 || code > 90) break
    column = column * 26 + (code - 64)
  }
  return column >= 1 && column <= MAX_FILE_COLUMNS ? column - 1 : damaged()
}

function damaged(): never {
  throw new SheetRefused(
    'file_damaged',
    'The sheet is damaged: a cell stands where none can be. Open it in Excel, save it and upload it again.',
  )
}
