import type { Archive } from './archive.ts'
import { builtInStyle, customStyle, type NumberStyle } from './number-style.ts'
import { takePlainText, unescapeText } from './plain-row.ts'
import { MAX_PAGES, type RowSource, type SheetPage, SheetRefused } from './row-source.ts'
import { MAX_SHARED_CHARS, SharedStrings, tooLong } from './shared-strings.ts'
import { readRows } from './worksheet.ts'
import { attribute, isTrue, readXml, type XmlHandlers } from './xml.ts'
import { unitReader } from './xml-units.ts'

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
  const handlers: XmlHandlers = {
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
  }
  const reader = unitReader(handlers, {
    container: /<sst(?: [^<>]*)?>/,
    depth: 1,
    open: '<si',
    close: '</si>',
    take: (piece, start) => takePlainText(piece, start, (plain) => strings.add(plain)),
  })
  for await (const chunk of archive.stream(part)) {
    reader.write(chunk)
    onProgress()
  }
  reader.end()
  return strings
}
