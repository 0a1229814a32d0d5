import { SheetRefused } from './row-source.ts'

/** One chunk of text; strings never cross chunks, so that one can be read in a single slice. */
const CHUNK_BYTES = 4 * 1024 * 1024
/** Eight million different texts, a full sheet, are some 250 MB. */
const MAX_TOTAL_BYTES = 320 * 1024 * 1024
const MAX_STRINGS = 16 * 1024 * 1024

/**
 * The shared texts of a workbook, kept as bytes: a million JavaScript strings would take ten times the memory.
 * Texts are added in order and read by their number.
 */
export class SharedStrings {
  #chunks: Buffer[] = []
  #used = CHUNK_BYTES
  #starts = new Uint32Array(1024)
  #lengths = new Uint32Array(1024)
  #count = 0

  get count(): number {
    return this.#count
  }

  add(text: string): void {
    const maxBytes = text.length * 3
    if (this.#used + maxBytes > CHUNK_BYTES) this.#addChunk()
    if (this.#count === this.#starts.length) this.#grow()
    const chunk = this.#chunks[this.#chunks.length - 1]!
    const bytes = chunk.write(text, this.#used, 'utf8')
    this.#starts[this.#count] = (this.#chunks.length - 1) * CHUNK_BYTES + this.#used
    this.#lengths[this.#count] = bytes
    this.#used += bytes
    this.#count++
  }

  get(index: number): string | undefined {
    if (index >= this.#count) return undefined
    const start = this.#starts[index]!
    const chunk = this.#chunks[Math.floor(start / CHUNK_BYTES)]!
    const at = start % CHUNK_BYTES
    return chunk.toString('utf8', at, at + this.#lengths[index]!)
  }

  #addChunk(): void {
    if (this.#chunks.length * CHUNK_BYTES >= MAX_TOTAL_BYTES) tooMuch()
    this.#chunks.push(Buffer.allocUnsafeSlow(CHUNK_BYTES))
    this.#used = 0
  }

  #grow(): void {
    if (this.#count >= MAX_STRINGS) tooMuch()
    this.#starts = doubled(this.#starts)
    this.#lengths = doubled(this.#lengths)
  }
}

function doubled(numbers: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(numbers.length * 2)
  larger.set(numbers)
  return larger
}

function tooMuch(): never {
  throw new SheetRefused(
    'too_complex',
    'The workbook holds more text than can be read. Split it into several files.',
  )
}

/** Escapes (`_x000D_`) make a text longer in the file than in the cell. */
export const MAX_SHARED_CHARS = 32_767 * 7

export function tooLong(): never {
  throw new SheetRefused(
    'cell_too_long',
    'A cell holds more text than a spreadsheet can. Shorten it and upload again.',
  )
}
