import { utils, write } from 'xlsx'
import { expectStatus } from './campaign.ts'
import type { Person } from './cast.ts'

type Cell = string | number | Date | null

/** A workbook of one sheet, heading row first, as a spreadsheet program writes it. */
export function workbook(rows: readonly (readonly Cell[])[]): Blob {
  const sheet = utils.aoa_to_sheet(rows.map((row) => [...row]))
  const book = utils.book_new()
  utils.book_append_sheet(book, sheet, 'Tagihan')
  return new Blob([write(book, { type: 'buffer', bookType: 'xlsx' }) as Buffer])
}

const MOST_LOOKS = 300
const LOOK_EVERY_MS = 100

/** Uploads a sheet and waits until it is read; fails loudly where it cannot be. */
export async function upload(maker: Person, file: Blob, fields: Record<string, string> = {}) {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.append(name, value)
  form.append('file', file, 'tagihan.xlsx')
  const { id } = expectStatus(await maker.post('/v1/imports', form), 202)
  for (let looks = 0; looks < MOST_LOOKS; looks++) {
    const read = expectStatus(await maker.get(`/v1/imports/${id}`), 200)
    if (read.state !== 'reading') return read
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
  throw new Error('the sheet took too long to read')
}

/** The accepted rows in a line of the reading process, as the database takes them apart. */
export function unpackRows(packed: string): readonly Record<string, unknown>[] {
  const [rows, phones, names, emails, zones, keys, held, , cells] = packed
    .replaceAll('\r', '\n')
    .split('\x1e')
    .map((column) => (column === '' ? [] : column.split('\x1f')))
  return rows!.map((row, at) => {
    const values = held![at]?.split('\x1d') ?? []
    const variables = keys!.map((key, n) => [key, values[n]]).filter(([, value]) => value)
    const own = { name: names![at], email: emails![at], time_zone: zones![at] }
    return {
      row: Number(row),
      phone: phones![at],
      ...Object.fromEntries(Object.entries(own).filter(([, value]) => value)),
      variables: Object.fromEntries(variables),
      ...(cells![at] ? { cells: JSON.parse(cells![at]) } : {}),
    }
  })
}
