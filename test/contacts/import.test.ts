import { readdirSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  findImport,
  importSheet,
  listContacts,
  listLists,
  listProblems,
  mapImport,
  openProblemBook,
  receiveFile,
} from '../../src/contacts/index.ts'
import { unwrap } from '../../src/platform/result.ts'
import { type Firm, NOON, openPlace, type Place } from './house.ts'
import { phoneBook } from './workbook.ts'

let place: Place
let files = 0
beforeAll(async () => {
  place = await openPlace()
})
afterAll(() => place.close())

const ID = { locale: 'id' }
const HEADINGS = ['Nama', 'No HP', 'Tagihan', 'Jatuh Tempo']
const ANI = ['Ani', 6281234567801, 'Rp 1.500.000', '01/12/2026']
const BUDI = ['Budi', '0812-3456-7802', 250_000, '2 Des 2026']

const bookOf = (...lines: Parameters<typeof phoneBook>[1][]) =>
  phoneBook(join(place.folder, `sheet-${++files}.xlsx`), ...lines)
const csvOf = (text: string) => {
  const path = join(place.folder, `sheet-${++files}.csv`)
  writeFileSync(path, text)
  return path
}
const importOf = async (firm: Firm, id: string) => unwrap(await firm.within((scope) => findImport(scope, id)))
const contactsOf = async (firm: Firm, listId?: string | null) =>
  (await firm.within((scope) => listContacts(scope, { limit: 100, listId: listId ?? undefined }))).items
const problemsOf = async (firm: Firm, id: string) =>
  unwrap(await firm.within((scope) => listProblems(scope, id, { limit: 100 }))).items

describe('an uploaded sheet', () => {
  test('becomes contacts, a list called after the file, and problems for what was not taken', async () => {
    const firm = await place.openFirm()
    const path = bookOf(
      HEADINGS,
      ANI,
      BUDI,
      ['Cici', '6.28E+12', 1, '31/02/2026'],
      ['Ani lagi', '081234567801', 1, null],
    )
    const id = await firm.upload({ path, options: ID })
    const done = await importOf(firm, id)
    expect(done).toMatchObject({
      state: 'done',
      fileName: 'Tagihan.xlsx',
      rows: 4,
      accepted: 2,
      duplicates: 1,
      rejected: 1,
      totals: { new_contacts: 2, updated_contacts: 0, already_in_list: 0, hidden_rows: 0, hidden_sheets: 0 },
      mapping: { Nama: 'name', 'No HP': 'phone', Tagihan: 'amount', 'Jatuh Tempo': 'due_date' },
      progress: 1,
      sameAs: null,
      code: null,
      finishedAt: NOON.toISOString(),
    })
    expect(await contactsOf(firm, done.listId)).toMatchObject([
      { phone: '+6281234567801', name: 'Ani', variables: { amount: '1500000', due_date: '2026-12-01' } },
      { phone: '+6281234567802', name: 'Budi', variables: { amount: '250000', due_date: '2026-12-02' } },
    ])
    expect(
      (await problemsOf(firm, id)).map(({ row, column, code, value }) => [row, column, code, value]),
    ).toEqual([
      [4, 'No HP', 'phone_lost_digits', '6.28E+12'],
      [4, 'Jatuh Tempo', 'date_impossible', '31/02/2026'],
      [5, 'No HP', 'duplicate_in_sheet', '081234567801'],
    ])
    const lists = await firm.within((scope) => listLists(scope, { limit: 10 }))
    expect(lists.items).toMatchObject([{ id: done.listId, name: 'Tagihan', members: 2 }])
  })

  test('leaves no file behind, neither in the folder nor in the database', async () => {
    const firm = await place.openFirm()
    const id = await firm.upload({ path: bookOf(HEADINGS, ANI), options: ID })
    const chunks = await firm.within(({ sql }) => sql`SELECT 1 FROM import_chunks WHERE import_id = ${id}`)
    expect(chunks).toHaveLength(0)
    expect(readdirSync(place.folder).filter((name) => name.startsWith('import-'))).toEqual([])
  })

  test('can be larger than one chunk', async () => {
    const firm = await place.openFirm()
    const lines = Array.from({ length: 6_000 }, (_, n) => `+62812${34_560_000 + n},${'x'.repeat(900)}\n`)
    const id = await firm.upload({ path: csvOf(`Phone,Note\n${lines.join('')}`) })
    expect(await importOf(firm, id)).toMatchObject({ state: 'done', accepted: 6_000, rejected: 0 })
  })

  test('keeps every text as it stands, whatever its marks, and of empty cells nothing', async () => {
    const firm = await place.openFirm()
    const headings = ['No HP', 'Nama', 'Email', 'Kota', 'Catatan']
    const marks = 'a\nb\tc "d" \'e\' {f,g} \\h \\n NULL \u2028 \u{1f600} Ñ,'
    const cleaned = 'no_x001E_separator_x001F_ of_x001D_ ours'
    const path = bookOf(
      headings,
      ['081234567801', marks, null, marks, cleaned],
      ['081234567802', 'NULL', 'b@example.com', '{}', null],
      ['081234567803', null, null, null, 'null'],
      ['081234567804', null, null, null, null],
    )
    const id = await firm.upload({ path, options: ID })
    expect(await importOf(firm, id)).toMatchObject({ state: 'done', accepted: 4 })
    const found = await contactsOf(firm)
    expect(found.map(({ name, email, variables }) => ({ name, email, variables }))).toEqual([
      { name: marks, email: null, variables: { kota: marks, catatan: 'noseparator of ours' } },
      { name: 'NULL', email: 'b@example.com', variables: { kota: '{}' } },
      { name: null, email: null, variables: { catatan: 'null' } },
      { name: null, email: null, variables: {} },
    ])
    const alone = await firm.upload({ path: bookOf(['No HP', 'Kota'], ['081234567805', null]), options: ID })
    expect(await importOf(firm, alone)).toMatchObject({ state: 'done', accepted: 1 })
    const bare = await firm.upload({ path: bookOf(['No HP'], ['081234567806']), options: ID })
    expect(await importOf(firm, bare)).toMatchObject({ state: 'done', accepted: 1 })
  })

  test('brings known contacts up to date: its own columns replace, empty cells too, and others stay', async () => {
    const firm = await place.openFirm()
    await firm.upload({ path: bookOf([...HEADINGS, 'Kota'], [...ANI, 'Solo']), options: ID })
    const id = await firm.upload({
      path: bookOf(['No HP', 'Nama', 'Tagihan', 'Jatuh Tempo'], ['081234567801', null, null, '2027-01-01']),
    })
    expect(await importOf(firm, id)).toMatchObject({
      totals: { new_contacts: 0, updated_contacts: 1, already_in_list: 0 },
    })
    expect(await contactsOf(firm)).toMatchObject([
      { name: 'Ani', variables: { kota: 'Solo', due_date: '2027-01-01' } },
    ])
    expect((await contactsOf(firm))[0]!.variables).not.toHaveProperty('amount')
  })

  test('finds whom it knows wherever they stand among thousands of new ones', async () => {
    const firm = await place.openFirm()
    const phones = Array.from({ length: 45_000 }, (_, n) => `+62812${34_560_000 + n}`)
    const known = [phones[0]!, phones[9_000]!, phones[9_001]!, phones[30_000]!, phones.at(-1)!]
    await firm.upload({
      path: csvOf(`Phone,Note,City\n${known.map((phone) => `${phone},old,Solo\n`).join('')}`),
    })
    const id = await firm.upload({
      path: csvOf(`Phone,Note\n${phones.map((phone) => `${phone},new\n`).join('')}`),
    })
    const done = await importOf(firm, id)
    expect(done).toMatchObject({
      state: 'done',
      accepted: 45_000,
      totals: { new_contacts: 44_995, updated_contacts: 5, already_in_list: 0 },
    })
    const [found] = await firm.within(
      ({ sql, workspaceId }) => sql<object[]>`
        SELECT count(*)::int AS members, count(*) FILTER (WHERE c.variables @> '{"note":"new"}')::int AS told,
               count(*) FILTER (WHERE c.variables @> '{"city":"Solo"}')::int AS kept
          FROM list_members l JOIN contacts c ON c.id = l.contact_id
         WHERE l.list_id = ${done.listId} AND l.workspace_id = ${workspaceId}`,
    )
    expect(found).toEqual({ members: 45_000, told: 45_000, kept: 5 })
  })

  test('goes to a list of its own each time, unless one is named', async () => {
    const firm = await place.openFirm()
    const path = bookOf(HEADINGS, ANI, BUDI)
    const first = await importOf(firm, await firm.upload({ path, options: ID }))
    const again = await importOf(firm, await firm.upload({ path, options: ID }))
    expect(again).toMatchObject({
      sameAs: first.id,
      accepted: 2,
      totals: { updated_contacts: 2, already_in_list: 0 },
    })
    const named = await importOf(firm, await firm.upload({ path, options: ID, list: 'Pelanggan' }))
    const more = await importOf(firm, await firm.upload({ path, options: ID, list: 'Pelanggan' }))
    const byId = await importOf(firm, await firm.upload({ path, options: ID, list: named.listId! }))
    expect([more.listId, byId.listId]).toEqual([named.listId, named.listId])
    expect(more.totals).toMatchObject({ already_in_list: 2 })
    const lists = await firm.within((scope) => listLists(scope, { limit: 10 }))
    expect(lists.items.map(({ name, members }) => [name, members])).toEqual(
      expect.arrayContaining([
        ['Tagihan', 2],
        ['Tagihan (2)', 2],
        ['Pelanggan', 2],
      ]),
    )
  })

  test('of invoices may name a person several times', async () => {
    const firm = await place.openFirm()
    const headings = ['No HP', 'Invoice', 'Tagihan', 'Jatuh Tempo']
    const path = bookOf(
      headings,
      ['081234567801', 'A', 1, '2026-12-01'],
      ['081234567801', 'B', 2, '2026-12-02'],
    )
    const id = await firm.upload({ path, options: { kind: 'invoices' } })
    expect(await importOf(firm, id)).toMatchObject({
      kind: 'invoices',
      accepted: 2,
      totals: { new_contacts: 1 },
    })
  })

  test('that is no sheet fails with its reason, and nothing of it stays', async () => {
    const firm = await place.openFirm()
    const id = await firm.upload({ path: csvOf('%PDF-1.7'), fileName: 'bill.pdf' })
    expect(await importOf(firm, id)).toMatchObject({
      state: 'failed',
      code: 'not_a_spreadsheet',
      rows: 0,
      listId: null,
    })
  })

  test('that breaks off in the middle is not taken at all', async () => {
    const firm = await place.openFirm()
    const lines = Array.from({ length: 5_000 }, (_, n) => `+62812${34_560_000 + n},x\n`)
    const id = await firm.upload({ path: csvOf(`Phone,Note\n${lines.join('')}12,x\n0812,"never closed\n`) })
    expect(await importOf(firm, id)).toMatchObject({ state: 'failed', code: 'quote_not_closed', accepted: 0 })
    expect([await contactsOf(firm), await problemsOf(firm, id)]).toEqual([[], []])
  })

  test('waits for a mapping when its phone column is not clear', async () => {
    const firm = await place.openFirm()
    const path = csvOf('Nama,Telepon,HP\nAni,0215551234,081234567801\n')
    const id = await firm.upload({ path })
    expect(await importOf(firm, id)).toMatchObject({
      state: 'mapping',
      code: 'phone_column_ambiguous',
      columns: [{ heading: 'Nama' }, { heading: 'Telepon', samples: ['0215551234'] }, { heading: 'HP' }],
    })
    expect(await importSheet(firm, id)).toBe('not_due')
    expect(await firm.as('marketer', (scope) => mapImport(scope, id, { HP: 'nope nope!' }))).toMatchObject({
      reason: 'validation_failed',
    })
    expect(await firm.as('viewer', (scope) => mapImport(scope, id, { HP: 'phone' }))).toMatchObject({
      reason: 'forbidden',
    })
    unwrap(await firm.as('marketer', (scope) => mapImport(scope, id, { HP: 'phone' })))
    expect(await importSheet(firm, id)).toBe('done')
    expect(await contactsOf(firm)).toMatchObject([
      { phone: '+6281234567801', variables: { telepon: '0215551234' } },
    ])
    expect(await firm.as('marketer', (scope) => mapImport(scope, id, {}))).toMatchObject({
      reason: 'wrong_state',
    })
  })

  test('uploaded again with a mapping takes the place of the one that waits', async () => {
    const firm = await place.openFirm()
    const path = csvOf('Nama,Telepon,HP\nAni,0215551234,081234567801\n')
    const waiting = await firm.upload({ path })
    const mapped = await firm.upload({ path, options: { mapping: { HP: 'phone', Telepon: null } } })
    expect(await importOf(firm, waiting)).toMatchObject({ state: 'failed', code: 'replaced' })
    expect(await importOf(firm, mapped)).toMatchObject({ state: 'done', accepted: 1, sameAs: waiting })
  })

  test('gives its rejected rows back as a workbook, which is read again once mended', async () => {
    const firm = await place.openFirm()
    const id = await firm.upload({
      path: bookOf(HEADINGS, ANI, ['Cici', '0812', 586.33, '31/02/2026']),
      options: ID,
    })
    const path = join(place.folder, `mend-${++files}.xlsx`)
    const fileName = await firm.within(async (scope) => {
      const book = unwrap(await openProblemBook(scope, id))
      await writeFile(path, Buffer.from(await new Response(book.stream).arrayBuffer()))
      return book.fileName
    })
    expect(fileName).toBe('Tagihan - rows to mend.xlsx')
    const again = await firm.upload({ path })
    expect(await importOf(firm, again)).toMatchObject({ rows: 1, rejected: 1 })
    expect((await problemsOf(firm, again)).map(({ code }) => code)).toEqual([
      'phone_too_short',
      'date_impossible',
    ])
  })
})

describe('an import', () => {
  test('is read by one worker at a time, and by another when its worker is gone', async () => {
    const firm = await place.openFirm()
    const path = bookOf(HEADINGS, ANI)
    const { id } = unwrap(
      await firm.as('marketer', (scope) => receiveFile(scope, { path, fileName: 'a.xlsx', options: ID })),
    )
    await firm.within(
      ({ sql }) =>
        sql`UPDATE imports SET lease_until = ${new Date(NOON.getTime() + 1_000).toISOString()}::timestamptz WHERE id = ${id}`,
    )
    expect(await importSheet(firm, id)).toBe('not_due')
    await firm.within(
      ({ sql }) =>
        sql`UPDATE imports SET lease_until = ${new Date(NOON.getTime() - 1_000).toISOString()}::timestamptz WHERE id = ${id}`,
    )
    const outcomes = await Promise.all([importSheet(firm, id), importSheet(firm, id)])
    expect(outcomes.sort()).toEqual(['done', 'not_due'])
    expect(await importSheet(firm, id)).toBe('not_due')
    expect(await importOf(firm, id)).toMatchObject({ state: 'done', accepted: 1 })
  })

  test('is left for another when its worker is closing', async () => {
    const firm = await place.openFirm()
    const path = bookOf(HEADINGS, ANI)
    const { id } = unwrap(
      await firm.as('marketer', (scope) => receiveFile(scope, { path, fileName: 'a.xlsx', options: ID })),
    )
    const closing = AbortSignal.abort(new Error('closing'))
    await expect(importSheet({ ...firm, signal: closing }, id)).rejects.toThrow('closing')
    expect(await importOf(firm, id)).toMatchObject({ state: 'reading' })
    expect(await importSheet(firm, id)).toBe('done')
  })

  test('belongs to its workspace', async () => {
    const [sari, maju] = [await place.openFirm(), await place.openFirm()]
    const id = await sari.upload({ path: bookOf(HEADINGS, ANI), options: ID })
    expect(await maju.within((scope) => findImport(scope, id))).toMatchObject({ reason: 'not_found' })
    expect(await maju.within((scope) => listProblems(scope, id, { limit: 1 }))).toMatchObject({
      reason: 'not_found',
    })
    expect(await maju.within((scope) => openProblemBook(scope, id))).toMatchObject({ reason: 'not_found' })
    expect(await importSheet(maju, id)).toBe('not_due')
    expect(await contactsOf(maju)).toEqual([])
  })

  test('is refused before it begins where an option, the list or the role will not do', async () => {
    const firm = await place.openFirm()
    const path = bookOf(HEADINGS, ANI)
    const receive = (role: 'marketer' | 'viewer', more: object) =>
      firm.as(role, (scope) => receiveFile(scope, { path, fileName: 'a.xlsx', options: {}, ...more }))
    expect(await receive('viewer', {})).toMatchObject({ reason: 'forbidden' })
    expect(await receive('marketer', { options: { locale: 'klingon!' }, list: '' })).toMatchObject({
      reason: 'validation_failed',
      facts: { errors: [{ path: 'locale' }, { path: 'list' }] },
    })
    expect(await receive('marketer', { list: '01890000-0000-7000-8000-000000000000' })).toMatchObject({
      facts: { errors: [{ path: 'list', code: 'not_found' }] },
    })
  })

  test('reads numbers in the country of its workspace unless it is told another', async () => {
    const firm = await place.openFirm('MXN')
    const path = csvOf('Teléfono\n55 1234 5678\n')
    expect(await importOf(firm, await firm.upload({ path }))).toMatchObject({ accepted: 1 })
    expect(await contactsOf(firm)).toMatchObject([{ phone: '+525512345678' }])
    expect(
      await importOf(firm, await firm.upload({ path, options: { default_country: 'ES' } })),
    ).toMatchObject({ accepted: 0 })
  })
})
