import type { NumberStyle } from './number-style.ts'
import { MAX_CELL_CHARS, MAX_COLUMNS, MAX_ROWS, type RawCell } from './row-source.ts'
import type { SharedStrings } from './shared-strings.ts'
import { isTrue } from './xml.ts'

export type Book = { readonly strings: SharedStrings; readonly styles: readonly NumberStyle[] }

const SPACE = 0x20
const QUOTE = 0x22
const SLASH = 0x2f
const ZERO = 0x30
const NINE = 0x39
const EQUALS = 0x3d
const GREATER = 0x3e
const UPPER_A = 0x41
const UPPER_Z = 0x5a
const LETTER_R = 0x72
const LETTER_S = 0x73
const LETTER_T = 0x74
const MAX_DIGITS = 9
const ATTRIBUTE = / ([A-Za-z][A-Za-z0-9:._-]*)="([^"<&]*)"/y
const INLINE = '<is><t>'
const INLINE_SPACED = '<is><t xml:space="preserve">'
const OTHER_REFERENCE = /&(?!(?:amp|lt|gt|quot|apos);)/
const REFERENCE = /&(?:amp|lt|gt|quot|apos);/g
const CHARACTERS: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&apos;': "'",
}

type CellType = 'n' | 's' | 'str' | 'inlineStr'

/**
 * Reads a row as nearly every program writes it: its tag and its cells with nothing between, attributes that are known,
 * one value in a cell. Whatever else there is in it makes it no plain row, so that this need know no rule of XML and
 * refuses nothing: what is odd, too long or too far to the right is left to the parser and its refusals.
 */
export class PlainRow {
  rowNo = 0
  hidden = false
  cells: (RawCell | undefined)[] = []
  readonly #book: Book
  #column = -1
  #style = 0
  #type: CellType = 'n'

  constructor(book: Book) {
    this.#book = book
  }

  /** @returns the end of the row that begins at `start`, or -1 if it is no plain one */
  read(text: string, start: number, rowNoBefore: number): number {
    this.cells = []
    this.#column = -1
    let at = this.#readHead(text, start + '<row'.length, rowNoBefore)
    if (at < 0 || text.charCodeAt(at - 2) === SLASH) return at
    while (text.startsWith('<c', at)) {
      at = this.#readCell(text, at + '<c'.length)
      if (at < 0) return -1
    }
    return text.startsWith('</row>', at) ? at + '</row>'.length : -1
  }

  #readHead(text: string, start: number, rowNoBefore: number): number {
    this.rowNo = rowNoBefore + 1
    this.hidden = false
    const names: string[] = []
    let at = start
    while (text.charCodeAt(at) === SPACE) {
      ATTRIBUTE.lastIndex = at
      const [whole, name, value] = ATTRIBUTE.exec(text) ?? []
      if (whole === undefined || names.includes(name!)) return -1
      names.push(name!)
      if (name === 'r') this.rowNo = /^[1-9]\d{0,6}$/.test(value!) ? Number(value) : MAX_ROWS + 1
      else if (name === 'hidden') this.hidden = isTrue(value)
      at += whole.length
    }
    if (this.rowNo > MAX_ROWS) return -1
    if (text.charCodeAt(at) === SLASH) at++
    return text.charCodeAt(at) === GREATER ? at + 1 : -1
  }

  #readCell(text: string, start: number): number {
    const at = this.#readAttributes(text, start)
    if (at < 0) return -1
    if (text.charCodeAt(at) === SLASH) return text.charCodeAt(at + 1) === GREATER ? at + 2 : -1
    if (text.charCodeAt(at) !== GREATER) return -1
    return this.#type === 'inlineStr' ? this.#readInline(text, at + 1) : this.#readValue(text, at + 1)
  }

  /** The three that a cell has, each once and in any order. */
  #readAttributes(text: string, start: number): number {
    this.#column++
    this.#style = 0
    this.#type = 'n'
    let seen = 0
    let at = start
    while (text.charCodeAt(at) === SPACE) {
      const name = text.charCodeAt(at + 1)
      if (text.charCodeAt(at + 2) !== EQUALS || text.charCodeAt(at + 3) !== QUOTE) return -1
      at += 4
      if (name === LETTER_R) at = this.#readReference(text, at)
      else if (name === LETTER_S) at = this.#readStyle(text, at)
      else if (name === LETTER_T) at = this.#readType(text, at)
      else return -1
      const bit = 1 << (name - LETTER_R)
      if (at < 0 || text.charCodeAt(at) !== QUOTE || (seen & bit) !== 0) return -1
      seen |= bit
      at++
    }
    return this.#column < MAX_COLUMNS ? at : -1
  }

  #readReference(text: string, start: number): number {
    let at = start
    let column = 0
    let code = text.charCodeAt(at)
    for (; code >= UPPER_A && code <= UPPER_Z; code = text.charCodeAt(++at))
      column = column * 26 + (code - UPPER_A + 1)
    if (column === 0 || column > MAX_COLUMNS) return -1
    this.#column = column - 1
    return endOfDigits(text, at)
  }

  #readStyle(text: string, start: number): number {
    const at = endOfDigits(text, start)
    this.#style = Number(text.slice(start, at))
    return at
  }

  #readType(text: string, start: number): number {
    const end = text.indexOf('"', start)
    const type = text.slice(start, end)
    if (type !== 'n' && type !== 's' && type !== 'str' && type !== 'inlineStr') return -1
    this.#type = type
    return end
  }

  #readInline(text: string, start: number): number {
    if (text.startsWith(INLINE, start)) return this.#readText(text, start + INLINE.length, '</t></is></c>')
    if (!text.startsWith(INLINE_SPACED, start)) return -1
    return this.#readText(text, start + INLINE_SPACED.length, '</t></is></c>')
  }

  #readValue(text: string, start: number): number {
    if (text.startsWith('<v>', start)) return this.#readText(text, start + '<v>'.length, '</v></c>')
    return text.startsWith('</c>', start) ? start + '</c>'.length : -1
  }

  #readText(text: string, start: number, closing: string): number {
    const end = endOfText(text, start, closing)
    const value = end < 0 ? undefined : resolved(text.slice(start, end))
    if (value === undefined || !this.#keep(value)) return -1
    return end + closing.length
  }

  #keep(value: string): boolean {
    if (this.#type === 'n') {
      const text = value.trim()
      if (text !== '') this.#put({ kind: this.#book.styles[this.#style] ?? 'number', text })
      return true
    }
    const text = this.#type === 's' ? this.#shared(value) : unescapeText(value)
    if (text === undefined || text.length > MAX_CELL_CHARS) return false
    if (text !== '') this.#put({ kind: 'text', text })
    return true
  }

  #shared(value: string): string | undefined {
    const isNumber = endOfDigits(value, 0) === value.length
    return isNumber ? this.#book.strings.get(Number(value)) : undefined
  }

  #put(cell: RawCell): void {
    while (this.cells.length < this.#column) this.cells.push(undefined)
    this.cells[this.#column] = cell
  }
}

/**
 * The same for a shared text: `<si>` with one `<t>` and nothing else. Without a `phonetic` part or a run there is
 * nothing to leave out or to join.
 */
export function takePlainText(text: string, start: number, keep: (text: string) => void): number {
  const opening = SHARED_OPENINGS.find((one) => text.startsWith(one, start))
  if (opening === undefined) return -1
  const from = start + opening.length
  const end = endOfText(text, from, SHARED_CLOSING)
  const value = end < 0 ? undefined : resolved(text.slice(from, end))
  if (value === undefined) return -1
  keep(unescapeText(value))
  return end + SHARED_CLOSING.length
}

const SHARED_OPENINGS = ['<si><t>', '<si><t xml:space="preserve">']
const SHARED_CLOSING = '</t></si>'

/** -1 if there is none, or more than a number of a file has. */
function endOfDigits(text: string, start: number): number {
  let at = start
  for (let code = text.charCodeAt(at); code >= ZERO && code <= NINE; code = text.charCodeAt(++at));
  return at > start && at - start <= MAX_DIGITS ? at : -1
}

/** Where the text from `start` ends; -1 if that is not at `closing`, or too far away. */
function endOfText(text: string, start: number, closing: string): number {
  const end = text.indexOf('<', start)
  return end >= 0 && end - start <= MAX_CELL_CHARS && text.startsWith(closing, end) ? end : -1
}

/** The five references that need no declaration; undefined where there is another. */
function resolved(text: string): string | undefined {
  if (!text.includes('&')) return text
  if (OTHER_REFERENCE.test(text)) return undefined
  return text.replace(REFERENCE, (reference) => CHARACTERS[reference]!)
}

/** Characters that XML cannot hold stand as `_x000D_` (ECMA-376 22.9.2.19). */
export function unescapeText(text: string): string {
  if (!text.includes('_x')) return text
  return text.replace(/_x([0-9A-Fa-f]{4})_/g, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  )
}
