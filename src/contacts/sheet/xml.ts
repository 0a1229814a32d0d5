import { StringDecoder } from 'node:string_decoder'
import { SaxesParser } from 'saxes'
import { SheetRefused } from './row-source.ts'

/** The parts of a workbook nest a dozen deep. */
const MAX_DEPTH = 64
/** XML that goes on this long without a tag is one giant cell, comment or attribute. */
const MAX_SILENT_CHARS = 4 * 1024 * 1024

export type XmlAttributes = Readonly<Record<string, string>>

/** Names come without their prefix: some writers say `x:row`. */
export type XmlHandlers = {
  open(name: string, attributes: XmlAttributes): void
  close?(name: string): void
  text?(text: string): void
}

/** A parser that is fed text piece by piece and refuses what no workbook holds: a DOCTYPE, deep nesting, damage. */
export type XmlReader = { write(bytes: Buffer): void; end(): void }

/** The same for text that has been decoded. */
export type TextReader = {
  write(text: string): void
  end(): void
  /** How many elements are open. */
  readonly depth: number
  /** Tells that some of the part was read elsewhere, so that places in it are no longer known. */
  skipped(): void
}

export function xmlReader(handlers: XmlHandlers): XmlReader {
  return decoding(xmlTextReader(handlers))
}

/** A reader of text as one of bytes in UTF-8, whose characters may be cut in two. */
export function decoding(reader: Pick<TextReader, 'write' | 'end'>): XmlReader {
  const decoder = new StringDecoder('utf8')
  return {
    write: (bytes) => reader.write(decoder.write(bytes)),
    end() {
      reader.write(decoder.end())
      reader.end()
    },
  }
}

export function xmlTextReader(handlers: XmlHandlers): TextReader {
  // Namespace resolution in saxes is quadratic in depth, so prefixes are cut off here instead.
  const parser = new SaxesParser({ xmlns: false })
  let depth = 0
  let silentChars = 0
  let isWhole = true
  parser.on('doctype', () => refuseDoctype())
  parser.on('error', (error) => refuseDamage(error, isWhole))
  parser.on('opentag', (tag) => {
    silentChars = 0
    if (++depth > MAX_DEPTH) refuseDepth()
    handlers.open(localName(tag.name), tag.attributes as XmlAttributes)
  })
  parser.on('closetag', (tag) => {
    silentChars = 0
    depth--
    handlers.close?.(localName(tag.name))
  })
  const text = handlers.text?.bind(handlers)
  if (text) {
    parser.on('text', text)
    parser.on('cdata', text)
  }
  return {
    write(piece) {
      silentChars += piece.length
      parser.write(piece)
      if (silentChars > MAX_SILENT_CHARS) refuseLength()
    },
    end() {
      parser.close()
    },
    get depth() {
      return depth
    },
    skipped() {
      isWhole = false
    },
  }
}

/** Runs a whole stream through a reader. */
export async function readXml(chunks: AsyncIterable<Buffer>, handlers: XmlHandlers): Promise<void> {
  const reader = xmlReader(handlers)
  for await (const chunk of chunks) reader.write(chunk)
  reader.end()
}

/** An attribute whatever its prefix (`r:id`, `relationships:id`). */
export function attribute(attributes: XmlAttributes, name: string): string | undefined {
  if (attributes[name] !== undefined) return attributes[name]
  const key = Object.keys(attributes).find((candidate) => localName(candidate) === name)
  return key === undefined ? undefined : attributes[key]
}

/** XML Schema's booleans. */
export function isTrue(value: string | undefined): boolean {
  return value === '1' || value === 'true' || value === 'on'
}

function localName(name: string): string {
  const colon = name.indexOf(':')
  return colon < 0 ? name : name.slice(colon + 1)
}

function refuseDoctype(): never {
  throw new SheetRefused(
    'doctype',
    'The file holds a document type declaration, which no spreadsheet program writes. It was not read.',
  )
}

function refuseDepth(): never {
  throw new SheetRefused(
    'too_deep',
    'The file is nested far deeper than a workbook is. Copy the rows into a new workbook.',
  )
}

function refuseLength(): never {
  throw new SheetRefused(
    'cell_too_long',
    'The file holds a piece of text longer than a spreadsheet can. Copy the rows into a new workbook.',
  )
}

function refuseDamage(error: Error, isWhole: boolean): never {
  const where = isWhole ? /^(\d+:\d+): /.exec(error.message)?.[1] : undefined
  throw new SheetRefused(
    'file_damaged',
    `The file is damaged${where ? ` (at ${where} of a part)` : ''}. Open it in Excel, save it and upload it again.`,
  )
}
