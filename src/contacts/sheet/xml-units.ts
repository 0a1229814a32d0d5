import { decoding, type TextReader, type XmlHandlers, type XmlReader, xmlTextReader } from './xml.ts'

/** A part whose bulk is one element after another of the same shape: the rows of a sheet, the shared texts. */
type Units = {
  /** The start tag of the element that holds them, as nearly all programs write it. */
  readonly container: RegExp
  /** How deep that element stands, the root being 1. */
  readonly depth: number
  /** How a unit begins and how it ends: `<row` and `</row>`. */
  readonly open: string
  readonly close: string
  /**
   * Takes the unit that begins at `start` if it is wholly there and of the plain shape; gives its end. Gives -1 and
   * takes nothing of any other: the parser reads that one. `text` holds no character that XML does not allow as it
   * stands, and no `]]>`.
   */
  take(text: string, start: number): number
}

/** Longer units are the parser's, which knows how long a text may be. */
const MAX_UNIT_CHARS = 256 * 1024
/** Of the start tag of the container, which may be cut in two. */
const MAX_TAG_CHARS = 1024
const MAX_SPACES = 64
/** What XML forbids, and what it would have us change (CR) or count (none else). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const UNUSUAL = /[\x00-\x08\x0b-\x1f\ufffe\uffff]/
const COMMENT_OR_INSTRUCTION = /<[!?]/
const VERSION_1_1 = /version\s*=\s*["']1\.1/

/**
 * Reads a part as `xmlReader` does, only faster: units of the plain shape are taken whole, and everything else, from a
 * comment to the smallest damage, goes to the parser, so that nothing is accepted that it would refuse. Once there is
 * anything by which the two could disagree on where a unit ends, the parser reads all the rest.
 */
export function unitReader(handlers: XmlHandlers, units: Units): XmlReader {
  return decoding(new UnitReader(xmlTextReader(handlers), units))
}

class UnitReader {
  readonly #parser: TextReader
  readonly #units: Units
  #place: 'before' | 'inside' | 'beyond' = 'before'
  /** The beginning of a tag or of a unit, whose end is yet to come. */
  #held = ''

  constructor(parser: TextReader, units: Units) {
    this.#parser = parser
    this.#units = units
  }

  write(piece: string): void {
    if (piece === '') return
    const text = this.#held + piece
    this.#held = ''
    if (this.#place === 'before') this.#seek(text)
    else if (this.#place === 'inside') this.#takeUnits(text)
    else this.#parser.write(text)
  }

  end(): void {
    this.#parser.write(this.#held)
    this.#parser.end()
  }

  /** Without comments and the like, what looks like the start tag is one. */
  #seek(text: string): void {
    const found = this.#units.container.exec(text)
    const end = found === null ? startOfCutTag(text) : found.index + found[0].length
    const head = text.slice(0, end)
    const rest = text.slice(end)
    const isDoubtful =
      COMMENT_OR_INSTRUCTION.test(head.replace(/^\ufeff?<\?xml /, '')) || VERSION_1_1.test(head)
    this.#parser.write(head)
    if (isDoubtful || (found !== null && this.#parser.depth !== this.#units.depth)) this.#leave(rest)
    else if (found === null) this.#held = rest
    else {
      this.#place = 'inside'
      this.#takeUnits(rest)
    }
  }

  /** Nothing is taken any more. */
  #leave(rest: string): -1 {
    this.#place = 'beyond'
    this.#parser.write(rest)
    return -1
  }

  #takeUnits(text: string): void {
    const isPlain = !UNUSUAL.test(text) && !text.includes(']]>')
    for (let at = 0; at >= 0 && this.#place === 'inside'; ) at = this.#takeUnit(text, at, isPlain)
  }

  /** @returns where the next unit begins, or -1 if it is not wholly there or not ours to take */
  #takeUnit(text: string, before: number, isPlain: boolean): number {
    const { open, close, take } = this.#units
    const start = skipSpaces(text, before)
    if (text.length - start <= open.length) return this.#hold(text, start)
    if (!text.startsWith(open, start)) return this.#leave(text.slice(start))
    const end = isPlain ? take(text, start) : -1
    if (end >= 0) {
      this.#parser.skipped()
      return end
    }
    const closing = text.indexOf(close, start)
    if (closing < 0) return this.#hold(text, start)
    const next = closing + close.length
    return this.#parse(text.slice(start, next)) ? next : this.#leave(text.slice(next))
  }

  #hold(text: string, start: number): -1 {
    if (text.length - start > MAX_UNIT_CHARS) return this.#leave(text.slice(start))
    this.#held = text.slice(start)
    return -1
  }

  /** @returns whether the parser stands between two units again, beyond doubt */
  #parse(unit: string): boolean {
    this.#parser.write(unit)
    return !COMMENT_OR_INSTRUCTION.test(unit) && this.#parser.depth === this.#units.depth
  }
}

/** Where the last tag begins if its end is yet to come, or else the end of the text. */
function startOfCutTag(text: string): number {
  const start = text.lastIndexOf('<')
  const isCut = start >= 0 && text.length - start < MAX_TAG_CHARS && text.indexOf('>', start) < 0
  return isCut ? start : text.length
}

function skipSpaces(text: string, start: number): number {
  let at = start
  while (at - start < MAX_SPACES) {
    const code = text.charCodeAt(at)
    if (code !== 0x20 && code !== 0x0a && code !== 0x09) break
    at++
  }
  return at
}
