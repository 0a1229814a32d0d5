import { writeFileSync } from 'node:fs'
import { crc32, deflateRawSync } from 'node:zlib'

/** A part of an archive, and the lies it is to tell. */
export type Part = {
  readonly name: string
  readonly data: string | Buffer
  readonly stored?: boolean
  /** In the central directory only. */
  readonly centralName?: string
  readonly centralSize?: number
  /** In the local header only. */
  readonly localSize?: number
  readonly flags?: number
  readonly crc?: number
  /** Point the directory at another part's bytes. */
  readonly offset?: number
}

/** A zip archive written by hand, so that it can be forged. */
export function zip(parts: readonly Part[]): Buffer {
  const locals: Buffer[] = []
  const centrals: Buffer[] = []
  let offset = 0
  for (const part of parts) {
    const data = Buffer.from(part.data)
    const packed = part.stored ? data : deflateRawSync(data)
    const local = localHeader(part, data, packed)
    centrals.push(centralHeader(part, data, packed, part.offset ?? offset))
    locals.push(local, packed)
    offset += local.length + packed.length
  }
  const directory = Buffer.concat(centrals)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(parts.length, 8)
  end.writeUInt16LE(parts.length, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...locals, directory, end])
}

function localHeader(part: Part, data: Buffer, packed: Buffer): Buffer {
  const name = Buffer.from(part.name)
  const header = Buffer.alloc(30)
  header.writeUInt32LE(0x04034b50, 0)
  header.writeUInt16LE(20, 4)
  header.writeUInt16LE(part.flags ?? 0, 6)
  header.writeUInt16LE(part.stored ? 0 : 8, 8)
  header.writeUInt32LE(part.crc ?? crc32(data), 14)
  header.writeUInt32LE(packed.length, 18)
  header.writeUInt32LE(part.localSize ?? part.centralSize ?? data.length, 22)
  header.writeUInt16LE(name.length, 26)
  return Buffer.concat([header, name])
}

function centralHeader(part: Part, data: Buffer, packed: Buffer, offset: number): Buffer {
  const name = Buffer.from(part.centralName ?? part.name)
  const header = Buffer.alloc(46)
  header.writeUInt32LE(0x02014b50, 0)
  header.writeUInt16LE(20, 4)
  header.writeUInt16LE(20, 6)
  header.writeUInt16LE(part.flags ?? 0, 8)
  header.writeUInt16LE(part.stored ? 0 : 8, 10)
  header.writeUInt32LE(part.crc ?? crc32(data), 16)
  header.writeUInt32LE(packed.length, 20)
  header.writeUInt32LE(part.centralSize ?? data.length, 24)
  header.writeUInt16LE(name.length, 28)
  header.writeUInt32LE(offset, 42)
  return Buffer.concat([header, name])
}

export type BookOptions = {
  /** Sheet data by name: the XML between `<sheetData>` and its end, or a whole worksheet. */
  readonly sheets: readonly { readonly name: string; readonly data: string; readonly state?: string }[]
  readonly sharedStrings?: string
  readonly styles?: string
  readonly date1904?: boolean
  readonly extra?: readonly Part[]
}

const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
const RELATIONS = 'http://schemas.openxmlformats.org/package/2006/relationships'
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'

/** The parts of a minimal workbook. The sheets' files are numbered from the last to the first, as some writers do. */
export function bookParts(options: BookOptions): Part[] {
  const { sheets } = options
  const fileOf = (index: number) => `sheet${sheets.length - index}.xml`
  const list = sheets.map(({ name, state }, index) => {
    const hidden = state === undefined ? '' : ` state="${state}"`
    return `<sheet name="${name}" sheetId="${index + 1}"${hidden} r:id="rId${index + 1}"/>`
  })
  const relations = sheets.map((_, index) =>
    relation(`rId${index + 1}`, 'worksheet', `worksheets/${fileOf(index)}`),
  )
  return [
    {
      name: '[Content_Types].xml',
      data: '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
    },
    { name: '_rels/.rels', data: relationships([relation('rId1', 'officeDocument', 'xl/workbook.xml')]) },
    {
      name: 'xl/workbook.xml',
      data: `<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}"><workbookPr date1904="${options.date1904 ? 1 : 0}"/><sheets>${list.join('')}</sheets></workbook>`,
    },
    {
      name: 'xl/_rels/workbook.xml.rels',
      data: relationships([
        ...relations,
        relation('rId90', 'styles', 'styles.xml'),
        relation('rId91', 'sharedStrings', '/xl/sharedStrings.xml'),
      ]),
    },
    ...(options.styles ? [{ name: 'xl/styles.xml', data: options.styles }] : []),
    ...(options.sharedStrings ? [{ name: 'xl/sharedStrings.xml', data: options.sharedStrings }] : []),
    ...sheets.map(({ data }, index) => ({
      name: `xl/worksheets/${fileOf(index)}`,
      data: data.startsWith('<?xml') ? data : worksheet(data),
    })),
    ...(options.extra ?? []),
  ]
}

export function worksheet(sheetData: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="${MAIN}"><sheetData>${sheetData}</sheetData></worksheet>`
}

function relation(id: string, type: string, target: string): string {
  return `<Relationship Id="${id}" Type="${OFFICE}/${type}" Target="${target}"/>`
}

function relationships(list: readonly string[]): string {
  return `<Relationships xmlns="${RELATIONS}">${list.join('')}</Relationships>`
}

/** A row of inline texts and numbers. */
export function row(rowNo: number, ...cells: readonly (string | number | null)[]): string {
  const tags = cells.map((value, index) => {
    const reference = `${String.fromCharCode(65 + index)}${rowNo}`
    if (value === null) return ''
    if (typeof value === 'number') return `<c r="${reference}"><v>${value}</v></c>`
    const text = value.replace(/&/g, '&amp;').replace(/</g, '&lt;')
    return `<c r="${reference}" t="inlineStr"><is><t xml:space="preserve">${text}</t></is></c>`
  })
  return `<row r="${rowNo}">${tags.join('')}</row>`
}

/** Writes a workbook of one sheet with a phone column. */
export function phoneBook(path: string, ...lines: readonly (readonly (string | number | null)[])[]): string {
  const data = lines.map((line, index) => row(index + 1, ...line)).join('')
  writeFileSync(path, zip(bookParts({ sheets: [{ name: 'Data', data }] })))
  return path
}
