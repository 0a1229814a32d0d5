import type { Archive } from './archive.ts'
import { builtInStyle, customStyle, type NumberStyle } from './number-style.ts'
import {
  assertCell,
  assertRow,
  MAX_FILE_COLUMNS,
  MAX_PAGES,
  type RawCell,
  type RowSource,
  type SheetPage,
  SheetRefused,
  type SheetRow,
} from './row-source.ts'
import { SharedStrings } from './shared-strings.ts'
import { attribute, isTrue, readXml, type XmlAttributes, xmlReader } from './xml.ts'

const MAX_STYLES_BYTES = 64 * 1024 * 1024
const MAX_STYLES = 65_536

/** Called while the shared texts are read, which can take seconds and gives no rows. */
export type OnProgress = () => void

/**
 * Reads an .xlsx workbook as a stream: the numbers as the file has them, the texts from a compact table, and of the
 * styles only which of them show dates. Throws `SheetRefused`.
 */
export async function openXlsx(archive: Archive, onProgress: OnProgress): Promise<RowSource> {
  const workbookPart = await findWorkbook(archive)
  const targets = await readRelations(archive, workbookPart)
  const workbook = await readWorkbook(archive, workbookPart, targets)
  const styles = await readStyles(archive, targets.byType.get('styles'))
  let strings: SharedStrings | undefined
  let seen = { bytes: 0, total: 1 }

  return {
    format: 'xlsx',
    pages: workbook.pages,
    date1904: workbook.date1904,
    async *rows(pageIndex) {
      const part = workbook.parts[pageIndex]!
      strings ??= await readSharedStrings(archive, targets.byType.get('sharedStrings'), onProgress)
      const book = { strings, styles }
      seen = { bytes: 0, total: Math.max(1, archive.sizeBytes(part)) }
      yield* readRows(archive.stream(part), book, (bytes) => {
        seen.bytes += bytes
      })
    },
    progress: () => Math.min(1, seen.bytes / seen.total),
    close: () => archive.close(),
  }
}

type Relations = {
  readonly byId: ReadonlyMap<string, Relation>
  readonly byType: ReadonlyMap<string, string>
}
type Relation = { readonly type: string; readonly part: string }

async function findWorkbook(archive: Archive): Promise<string> {
  if (!archive.has('_rels/.rels')) return 'xl/workbook.xml'
  const root = await readRelations(archive, '')
  return root.byType.get('officeDocument') ?? 'xl/workbook.xml'
}

/** What a part points to. `part` is empty for the archive's own relations. */
async function readRelations(archive: Archive, part: string): Promise<Relations> {
  const slash = part.lastIndexOf('/')
  const folder = part.slice(0, slash + 1)
  const file = `${folder}_rels/${part.slice(slash + 1)}.rels`
  const byId = new Map<string, Relation>()
  const byType = new Map<string, string>()
  if (!archive.has(file)) return { byId, byType }
  await readXml(archive.stream(file), {
    open(name, attributes) {
      const { Id, Type, Target, TargetMode } = attributes
      if (name !== 'Relationship' || Target === undefined || TargetMode === 'External') return
      const type = (Type ?? '').slice((Type ?? '').lastIndexOf('/') + 1)
      const relation = { type, part: resolvePart(folder, Target) }
      byId.set(Id ?? '', relation)
      if (!byType.has(type)) byType.set(type, relation.part)
    },
  })
  return { byId, byType }
}

function resolvePart(folder: string, target: string): string {
  const path = target.startsWith('/') ? target.slice(1) : folder + target
  const steps: string[] = []
  for (const step of path.replace(/\\/g, '/').split('/')) {
    if (step === '..') steps.pop()
    else if (step !== '.' && step !== '') steps.push(step)
  }
  return steps.join('/')
}

type Workbook = {
  readonly pages: readonly SheetPage[]
  readonly parts: readonly string[]
  readonly date1904: boolean
}

async function readWorkbook(archive: Archive, part: string, targets: Relations): Promise<Workbook> {
  if (!archive.has(part)) {
    throw new SheetRefused(
      'not_a_spreadsheet',
      'The file is an archive but no workbook. Upload an .xlsx, .xls, .ods or .csv file.',
    )
  }
  const pages: SheetPage[] = []
  const parts: string[] = []
  let date1904 = false
  await readXml(archive.stream(part), {
    open(name, attributes) {
      if (name === 'workbookPr') date1904 = isTrue(attributes.date1904)
      if (name !== 'sheet') return
      const target = targets.byId.get(attribute(attributes, 'id') ?? '')
      if (target?.type !== 'worksheet' || !archive.has(target.part)) return
      if (pages.length === MAX_PAGES) {
        throw new SheetRefused(
          'too_many_sheets',
          `The workbook has more than ${MAX_PAGES} sheets. Keep the one with the contacts.`,
        )
      }
      const state = attributes.state ?? 'visible'
      pages.push({ name: attributes.name ?? `Sheet${pages.length + 1}`, hidden: state !== 'visible' })
      parts.push(target.part)
    },
  })
  return { pages, parts, date1904 }
}

/** For every cell format, by its index, what it makes of a number. */
async function readStyles(archive: Archive, part: string | undefined): Promise<readonly NumberStyle[]> {
  if (part === undefined || !archive.has(part) || archive.sizeBytes(part) > MAX_STYLES_BYTES) return []
  const custom = new Map<string, NumberStyle>()
  const styles: NumberStyle[] = []
  let inCellFormats = false
  await readXml(archive.stream(part), {
    open(name, attributes) {
      if (name === 'numFmt') custom.set(attributes.numFmtId ?? '', customStyle(attributes.formatCode ?? ''))
      if (name === 'cellXfs') inCellFormats = true
      if (name !== 'xf' || !inCellFormats || styles.length >= MAX_STYLES) return
      const id = attributes.numFmtId ?? '0'
      styles.push(custom.get(id) ?? builtInStyle(Number(id)))
    },
    close(name) {
      if (name === 'cellXfs') inCellFormats = false
    },
  })
  return styles
}

async function readSharedStrings(
  archive: Archive,
  part: string | undefined,
  onProgress: OnProgress,
): Promise<SharedStrings> {
  const strings = new SharedStrings()
  if (part === undefined || !archive.has(part)) return strings
  let text = ''
  let inText = false
  let phonetic = 0
  const reader = xmlReader({
    open(name) {
      if (name === 'si') text = ''
      else if (name === 't') inText = phonetic === 0
      else if (name === 'rPh') phonetic++
    },
    close(name) {
      if (name === 'si') strings.add(unescapeText(text))
      else if (name === 't') inText = false
      else if (name === 'rPh') phonetic--
    },
    text(piece) {
      if (!inText) return
      text += piece
      if (text.length > MAX_SHARED_CHARS) tooLong()
    },
  })
  for await (const chunk of archive.stream(part)) {
    reader.write(chunk)
    onProgress()
  }
  reader.end()
  return strings
}

/** Escapes (`_x000D_`) make a text longer in the file than in the cell. */
const MAX_SHARED_CHARS = 32_767 * 7

function tooLong(): never {
  throw new SheetRefused(
    'cell_too_long',
    'A cell holds more text than a spreadsheet can. Shorten it and upload again.',
  )
}

type Book = { readonly strings: SharedStrings; readonly styles: readonly NumberStyle[] }

async function* readRows(
  chunks: AsyncIterable<Buffer>,
  book: Book,
  onBytes: (bytes: number) => void,
): AsyncGenerator<readonly SheetRow[]> {
  const page = new PageParser(book)
  const reader = xmlReader(page)
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

  constructor(book: Book) {
    this.#book = book
  }

  take(): readonly SheetRow[] {
    const rows = this.ready
    this.ready = []
    return rows
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

/** Characters that XML cannot hold stand as `_x000D_` (ECMA-376 22.9.2.19). */
function unescapeText(text: string): string {
  if (!text.includes('_x')) return text
  return text.replace(/_x([0-9A-Fa-f]{4})_/g, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  )
}

function damaged(): never {
  throw new SheetRefused(
    'file_damaged',
    'The sheet is damaged: a cell stands where none can be. Open it in Excel, save it and upload it again.',
  )
}
