import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { pipeline, Readable } from 'node:stream'
import { crc32, createInflateRaw } from 'node:zlib'
import yauzl, { type Entry, type ZipFile } from 'yauzl'
import { SheetRefused } from './row-source.ts'

/** A workbook has some dozens of parts; pictures and charts may make it hundreds. */
const MAX_ENTRIES = 4_000
/** A full sheet of a million rows and eight columns is half of this when inflated. */
const MAX_PART_BYTES = 1024 ** 3
const MAX_TOTAL_BYTES = 1536 * 1024 ** 2
/** Sheets deflate some 10 to 20 times; a bomb a thousand times. Small parts may be anything. */
const MAX_RATIO = 100
const RATIO_FREE_BYTES = 2 * 1024 ** 2
const METHOD_STORED = 0
const METHOD_DEFLATED = 8
const FLAG_DESCRIPTOR = 0x8
const FLAG_ENCRYPTED = 0x1
const FLAG_STRONG_ENCRYPTION = 0x40
const FLAG_MASKED_HEADER = 0x2000
const ZIP64_SIZE = 0xffff_ffff
const ZIP64_EXTRA_ID = 1
const EXTRA_AES = 0x9901

/** A zip archive whose directory has been found honest; parts are found by name, whatever its case. */
export type Archive = {
  has(name: string): boolean
  names(): readonly string[]
  /** Inflates a part as it is read, never beyond its declared size; damage is refused. */
  stream(name: string): AsyncGenerator<Buffer>
  /** The whole of a small part, as text. */
  text(name: string, maxBytes: number): Promise<string>
  sizeBytes(name: string): number
  close(): void
}

/**
 * Opens a zip archive and checks its own directory before a byte is inflated: the number of parts, their declared sizes
 * and ratios, that the local headers tell the same, that parts do not overlap, that none is encrypted or named as a
 * path out of the archive. Throws `SheetRefused`.
 */
export async function openArchive(path: string): Promise<Archive> {
  const zip = await openZip(path)
  try {
    const entries = await readDirectory(zip)
    checkDeclaredSizes(entries)
    const parts = await checkLocalHeaders(zip, entries)
    return archiveOf(zip, path, parts)
  } catch (error) {
    zip.close()
    throw asRefusal(error)
  }
}

function openZip(path: string): Promise<ZipFile> {
  return new Promise((resolve, reject) => {
    yauzl.open(path, { lazyEntries: true, autoClose: false, validateEntrySizes: true }, (error, zip) =>
      error ? reject(asRefusal(error)) : resolve(zip),
    )
  })
}

async function readDirectory(zip: ZipFile): Promise<Map<string, Entry>> {
  if (zip.entryCount > MAX_ENTRIES) {
    throw new SheetRefused(
      'archive_bomb',
      `The file holds ${zip.entryCount} parts; a workbook has a few dozen.`,
    )
  }
  const entries = new Map<string, Entry>()
  await eachEntry(zip, (entry) => {
    checkName(entry.fileName)
    checkEncryption(entry)
    const key = partKey(entry.fileName)
    if (entries.has(key)) throw forged(`it holds two parts named ${entry.fileName}`)
    if (!key.endsWith('/')) entries.set(key, entry)
  })
  return entries
}

function eachEntry(zip: ZipFile, take: (entry: Entry) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    zip.on('error', reject)
    zip.on('end', resolve)
    zip.on('entry', (entry: Entry) => {
      try {
        take(entry)
        zip.readEntry()
      } catch (error) {
        reject(error as Error)
      }
    })
    zip.readEntry()
  })
}

/** The reader itself refuses absolute names and `..`; what is left are names that only a trick has. */
function checkName(name: string): void {
  const invisible = [...name].some((char) => char < ' ')
  if (!invisible && name !== '' && name.length <= 512 && !/^~|(^|\/)\.{1,2}(\/|$)|:/.test(name)) return
  throw new SheetRefused(
    'archive_unsafe_path',
    'The file holds a part with an unsafe name. Save it again in Excel.',
  )
}

function checkEncryption(entry: Entry): void {
  const flags = FLAG_ENCRYPTED | FLAG_STRONG_ENCRYPTION | FLAG_MASKED_HEADER
  if (
    (entry.generalPurposeBitFlag & flags) === 0 &&
    !entry.extraFields.some((extra) => extra.id === EXTRA_AES)
  )
    return
  throw new SheetRefused(
    'encrypted',
    'The file is protected by a password. Save it without one and upload it again.',
  )
}

function checkDeclaredSizes(entries: ReadonlyMap<string, Entry>): void {
  let totalBytes = 0
  for (const entry of entries.values()) {
    const { compressedSize, uncompressedSize, compressionMethod } = entry
    if (compressionMethod !== METHOD_STORED && compressionMethod !== METHOD_DEFLATED) {
      throw new SheetRefused(
        'archive_damaged',
        'The file is packed in a way that workbooks are not. Save it again in Excel.',
      )
    }
    if (compressionMethod === METHOD_STORED && compressedSize !== uncompressedSize) {
      throw forged('a part has two different sizes')
    }
    totalBytes += uncompressedSize
    const ratio = uncompressedSize / Math.max(1, compressedSize)
    const isBomb = uncompressedSize > RATIO_FREE_BYTES && ratio > MAX_RATIO
    if (isBomb || uncompressedSize > MAX_PART_BYTES || totalBytes > MAX_TOTAL_BYTES) {
      throw new SheetRefused(
        'archive_bomb',
        'The file would unpack to far more than a contact sheet can hold, and was not opened. Copy the rows into a new workbook.',
      )
    }
  }
}

/** A part of the archive, and where in the file its packed bytes begin. */
type Part = { readonly entry: Entry; readonly dataStart: number }
type Parts = ReadonlyMap<string, Part>

async function checkLocalHeaders(zip: ZipFile, entries: ReadonlyMap<string, Entry>): Promise<Parts> {
  const parts = new Map<string, Part>()
  for (const [key, entry] of entries) {
    const header = await localHeader(zip, entry)
    checkLocalHeader(entry, header)
    parts.set(key, { entry, dataStart: header.fileDataStart })
  }
  checkOverlaps([...parts.values()])
  return parts
}

function checkOverlaps(parts: readonly Part[]): void {
  const spans = parts.map(({ entry, dataStart }) => ({
    start: entry.relativeOffsetOfLocalHeader,
    end: dataStart + entry.compressedSize,
  }))
  spans.sort((a, b) => a.start - b.start)
  for (const [index, span] of spans.entries()) {
    if (index > 0 && span.start < spans[index - 1]!.end) throw forged('its parts overlap')
  }
}

/** The local file header, as yauzl 3 reads it; its published types are of version 2. */
type LocalHeader = {
  readonly fileDataStart: number
  readonly generalPurposeBitFlag: number
  readonly compressionMethod: number
  readonly compressedSize: number
  readonly uncompressedSize: number
  readonly fileName: Buffer
  readonly extraField: Buffer
}

function localHeader(zip: ZipFile, entry: Entry): Promise<LocalHeader> {
  const reader = zip as ZipFile & { readLocalFileHeaderPromise(entry: Entry): Promise<LocalHeader> }
  return reader.readLocalFileHeaderPromise(entry)
}

function checkLocalHeader(entry: Entry, header: LocalHeader): void {
  const localName = header.fileName.toString('utf8').replace(/\\/g, '/')
  if (/^[\x20-\x7e]*$/.test(entry.fileName) && localName !== entry.fileName)
    throw forged('a part has two names')
  if (header.compressionMethod !== entry.compressionMethod) throw forged('a part is packed in two ways')
  if ((header.generalPurposeBitFlag & FLAG_ENCRYPTED) !== 0) throw forged('a part claims to be encrypted')
  const local = localSizes(header)
  const unknown = (header.generalPurposeBitFlag & FLAG_DESCRIPTOR) !== 0
  if (!agrees(local.uncompressed, entry.uncompressedSize, unknown))
    throw forged('a part has two different sizes')
  if (!agrees(local.compressed, entry.compressedSize, unknown)) throw forged('a part has two different sizes')
}

/** A part written as a stream leaves its sizes to a later descriptor: they are zero here, or true. */
function agrees(local: number, central: number, unknown: boolean): boolean {
  return local === central || (unknown && (local === 0 || local === ZIP64_SIZE))
}

function localSizes({ compressedSize, uncompressedSize, extraField }: LocalHeader): {
  uncompressed: number
  compressed: number
} {
  const wide = { uncompressed: uncompressedSize, compressed: compressedSize }
  const extra = zip64Extra(extraField)
  if (extra === undefined) return wide
  let at = 0
  if (uncompressedSize === ZIP64_SIZE && extra.length >= at + 8) {
    wide.uncompressed = Number(extra.readBigUInt64LE(at))
    at += 8
  }
  if (compressedSize === ZIP64_SIZE && extra.length >= at + 8)
    wide.compressed = Number(extra.readBigUInt64LE(at))
  return wide
}

function zip64Extra(extraField: Buffer): Buffer | undefined {
  for (let at = 0; at + 4 <= extraField.length; ) {
    const size = extraField.readUInt16LE(at + 2)
    if (extraField.readUInt16LE(at) === ZIP64_EXTRA_ID) return extraField.subarray(at + 4, at + 4 + size)
    at += 4 + size
  }
  return undefined
}

function archiveOf(zip: ZipFile, path: string, parts: Parts): Archive {
  const find = (name: string) => {
    const part = parts.get(partKey(name))
    if (part === undefined) throw damaged(`its part ${name} is missing`)
    return part
  }
  return {
    has: (name) => parts.has(partKey(name)),
    names: () => [...parts.values()].map(({ entry }) => entry.fileName),
    sizeBytes: (name) => parts.get(partKey(name))?.entry.uncompressedSize ?? 0,
    stream: (name) => inflate(path, find(name)),
    text: (name, maxBytes) => readText(path, find(name), maxBytes),
    close: () => zip.close(),
  }
}

async function* inflate(path: string, part: Part): AsyncGenerator<Buffer> {
  const { fileName, uncompressedSize, crc32: declared } = part.entry
  let checksum = 0
  let bytes = 0
  try {
    for await (const chunk of openStream(path, part)) {
      bytes += (chunk as Buffer).length
      if (bytes > uncompressedSize) throw forged(WRONG_SIZE)
      checksum = crc32(chunk as Buffer, checksum)
      yield chunk as Buffer
    }
  } catch (error) {
    throw asRefusal(error)
  }
  if (bytes !== uncompressedSize) throw forged(WRONG_SIZE)
  if (checksum !== declared) throw damaged(`its part ${fileName} was changed on the way`)
}

/** In pieces four times the usual: each is a trip to another thread and back. */
const INFLATED_PIECE_BYTES = 64 * 1024

function openStream(path: string, part: Part): Readable {
  const packed = openPacked(path, part)
  if (part.entry.compressionMethod === METHOD_STORED) return packed
  // The iteration over what comes out is told of an error, wherever it was.
  return pipeline(packed, createInflateRaw({ chunkSize: INFLATED_PIECE_BYTES }), () => {})
}

/**
 * The packed bytes, from a stream with a file descriptor of its own: the zip reader's streams share one, and one of
 * them that is left early takes the others, or the whole process, with it (yauzl 3.4, `fd-slicer.js`).
 */
function openPacked(path: string, { entry, dataStart }: Part): Readable {
  if (entry.compressedSize === 0) return Readable.from([])
  return createReadStream(path, { start: dataStart, end: dataStart + entry.compressedSize - 1 })
}

async function readText(path: string, part: Part, maxBytes: number): Promise<string> {
  const { fileName, uncompressedSize } = part.entry
  if (uncompressedSize > maxBytes) throw damaged(`its part ${fileName} is larger than it can be`)
  const chunks: Buffer[] = []
  for await (const chunk of inflate(path, part)) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

/** Part names are compared without case, and some writers begin them with a slash. */
function partKey(name: string): string {
  return name.replace(/^\//, '').toLowerCase()
}

/** yauzl and zlib speak in messages; what they tell falls into three kinds. */
function asRefusal(error: unknown): unknown {
  if (error instanceof SheetRefused || !(error instanceof Error)) return error
  if (/relative path|absolute path|invalid characters in fileName/i.test(error.message)) {
    return new SheetRefused(
      'archive_unsafe_path',
      'The file holds a part with an unsafe name. Save it again in Excel.',
    )
  }
  if (/too many bytes|not enough bytes|size mismatch/i.test(error.message)) return forged(WRONG_SIZE)
  return damaged('it cannot be unpacked')
}

const WRONG_SIZE = 'a part is not of the size it says'

function forged(what: string): SheetRefused {
  return new SheetRefused(
    'archive_forged',
    `The file contradicts itself: ${what}. Save it again in Excel and upload that.`,
  )
}

function damaged(what: string): SheetRefused {
  return new SheetRefused(
    'archive_damaged',
    `The file is damaged or incomplete: ${what}. Save it again and upload that.`,
  )
}

/** The first bytes of a file, by which its kind is told. */
export async function readHead(path: string, maxBytes: number): Promise<Buffer> {
  const file = await open(path, 'r')
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(maxBytes), 0, maxBytes, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}
