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
