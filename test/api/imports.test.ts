import { readdirSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { read as readWorkbook, utils } from 'xlsx'
import { importSheet } from '../../src/contacts/index.ts'
import { type Firm, type Server, startServer } from './client.ts'

let server: Server
let firm: Firm
const nudges: unknown[][] = []
beforeAll(async () => {
  server = await startServer({ house: { nudge: (...nudge) => void nudges.push(nudge) } })
})
afterAll(() => server.close())
beforeEach(async () => {
  firm = await server.openFirm()
  nudges.length = 0
})

const PEOPLE = [
  'Nama,No HP,Jatuh Tempo,Jumlah',
  'Ayu,081234567801,2026-12-01,"1.500.000"',
  'Budi,+62 812-3456-7802,2026-12-02,250000',
  'Budi lagi,081234567802,2026-12-02,250000',
  'Citra,12,2026-12-03,1',
].join('\n')

function upload(text: string, fields: Record<string, string> = {}, key = firm.keys.marketer) {
  const body = new FormData()
  for (const [name, value] of Object.entries(fields)) body.append(name, value)
  body.append('file', new Blob([text]), 'December – pelanggan.csv')
  return server.ask('POST', '/v1/imports', { key, body })
}

/** What a worker does once it is nudged. */
async function read(importId: string): Promise<string> {
  const { workspaceId } = firm
  const cause = { workspaceId, actor: { name: 'system:import', role: 'owner' }, requestId: 'import' } as const
  const house = server.scratch.database
  return importSheet(
    { within: (work) => house.within(cause, work), folder: server.house.uploadDir },
    importId,
  )
}

const get = (path: string) => server.ask('GET', path, { key: firm.keys.viewer })

describe('a sheet', () => {
  test('is taken at once, read in the background, and accounts for every row', async () => {
    const taken = await upload(PEOPLE, { locale: 'id', list: 'December' })
    const { id } = taken.body
    expect(taken).toMatchObject({
      status: 202,
      body: { state: 'reading', file_name: 'December – pelanggan.csv' },
    })
    const data = { workspaceId: firm.workspaceId, importId: id }
    const requestId = taken.headers.get('x-request-id')
    expect(nudges).toEqual([['chores', 'import', data, `import-${id}`, { requestId }]])
    expect(await read(id)).toBe('done')
    const { body } = await get(`/v1/imports/${id}`)
    expect(body).toMatchObject({
      state: 'done',
      rows: 4,
      accepted: 2,
      duplicates: 1,
      rejected: 1,
      progress: 1,
    })
    expect(body.mapping).toMatchObject({ Nama: 'name', 'No HP': 'phone' })
    expect((await get('/v1/imports')).body.data).toEqual([body])
    const lists = await get('/v1/lists')
    expect(lists.body.data).toEqual([
      expect.objectContaining({ id: body.list_id, name: 'December', members: 2 }),
    ])
  })

  test('tells what is wrong with a row, and gives it back to be mended', async () => {
    const { body } = await upload(PEOPLE, { locale: 'id' })
    await read(body.id)
    const problems = await get(`/v1/imports/${body.id}/problems`)
    const refused = problems.body.data.filter((one: { row: number }) => one.row === 5)
    expect(refused).toEqual([expect.objectContaining({ row: 5, column: 'No HP', value: '12' })])
    const book = await get(`/v1/imports/${body.id}/problems.xlsx`)
    expect(book.headers.get('content-disposition')).toContain("filename*=UTF-8''December")
    const sheet = Object.values(readWorkbook(book.body).Sheets)[0]!
    const rows = utils.sheet_to_json<Record<string, string>>(sheet)
    expect(rows).toEqual([expect.objectContaining({ Nama: 'Citra', 'No HP': '12' })])
    expect(readdirSync(server.house.uploadDir)).toEqual([])
  })

  test('that cannot be read without help waits for a mapping', async () => {
    const { body } = await upload('A,B\nAyu,x\nBudi,y\n')
    await read(body.id)
    const waiting = await get(`/v1/imports/${body.id}`)
    expect(waiting.body).toMatchObject({ state: 'mapping', columns: [{ column: 'A' }, { column: 'B' }] })
    const map = (mapping: unknown, key = firm.keys.marketer) =>
      server.ask('PUT', `/v1/imports/${body.id}/mapping`, { key, body: { mapping } })
    expect((await map({ B: 'no such field!' })).body).toMatchObject({ code: 'validation_failed' })
    expect(await map({ A: 'name', B: 'phone' })).toMatchObject({ status: 202, body: { state: 'reading' } })
    await read(body.id)
    expect((await get(`/v1/imports/${body.id}`)).body).toMatchObject({ state: 'done', rejected: 2 })
    expect(await map({})).toMatchObject({ status: 409, body: { code: 'wrong_state' } })
  })

  test('that was uploaded before says so', async () => {
    const first = await upload(PEOPLE)
    expect((await upload(PEOPLE)).body.same_as).toBe(first.body.id)
  })

  test('without a bad row gives back a workbook without rows', async () => {
    const { body } = await upload('No HP\n081234567801\n')
    await read(body.id)
    const book = await get(`/v1/imports/${body.id}/problems.xlsx`)
    expect(utils.sheet_to_json(Object.values(readWorkbook(book.body).Sheets)[0]!)).toEqual([])
  })

  test.each([
    [{ mapping: '{' }, 'mapping'],
    [{ mapping: '[]' }, 'mapping'],
    [{ mapping: '{"No HP":"phone\\u0000"}' }, 'mapping'],
    [{ default_country: 'Indonesia' }, 'default_country'],
    [{ locale: 'klingon' }, 'locale'],
    [{ kind: 'people' }, 'kind'],
    [{ list: '00000000-0000-7000-8000-000000000000' }, 'list'],
    [{ list: 'a'.repeat(201) }, 'list'],
    [{ sheet: 'a'.repeat(101) }, 'sheet'],
    [{ colour: 'red' }, 'colour'],
  ])('with %j is refused', async (fields, path) => {
    const answer = await upload(PEOPLE, fields as Record<string, string>)
    expect(answer).toMatchObject({ status: 400, body: { code: 'validation_failed', errors: [{ path }] } })
    expect((await get('/v1/imports')).body.data).toEqual([])
  })
})

describe('a contact', () => {
  async function people() {
    const { body } = await upload(PEOPLE, { locale: 'id' })
    await read(body.id)
    const { list_id } = (await get(`/v1/imports/${body.id}`)).body
    return { list_id, data: (await get(`/v1/contacts?list_id=${list_id}`)).body.data }
  }

  test('is as the sheet said', async () => {
    const { data } = await people()
    expect(data[0]).toMatchObject({
      phone: '+6281234567801',
      name: 'Ayu',
      variables: { amount: '1500000', due_date: '2026-12-01' },
    })
    expect((await get(`/v1/contacts/${data[0].id}`)).body).toEqual(data[0])
  })

  test.each(['%2B6281234567802', '+6281234567802', '081234567802'])(
    'is found by its number as %s',
    async (phone) => {
      await people()
      expect((await get(`/v1/contacts?phone=${phone}`)).body.data).toEqual([
        expect.objectContaining({ name: 'Budi' }),
      ])
    },
  )

  test('is not looked for by what is no number', async () => {
    expect(await get('/v1/contacts?phone=12')).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'phone' }] },
    })
    expect((await get('/v1/contacts?list_id=x')).body.data).toEqual([])
  })

  test('is changed, and erased', async () => {
    const { data, list_id } = await people()
    const address = `/v1/contacts/${data[0].id}`
    const key = firm.keys.marketer
    const body = { name: null, time_zone: 'Asia/Makassar', variables: { amount: null, note: 'VIP' } }
    const changed = await server.ask('PATCH', address, { key, body })
    expect(changed.body).toMatchObject({
      name: null,
      time_zone: 'Asia/Makassar',
      variables: { due_date: '2026-12-01', note: 'VIP' },
    })
    expect(changed.body.variables.amount).toBeUndefined()
    for (const wrong of [
      { time_zone: 'Mars' },
      { email: 'x' },
      { phone: '+628' },
      { variables: { 'a b': '1' } },
    ])
      expect((await server.ask('PATCH', address, { key, body: wrong })).status).toBe(400)
    expect((await server.ask('DELETE', address, { key })).status).toBe(204)
    expect((await get(address)).status).toBe(404)
    expect((await server.ask('DELETE', address, { key })).status).toBe(404)
    expect((await get(`/v1/contacts?list_id=${list_id}`)).body.data).toHaveLength(1)
  })
})

describe('a blocked number', () => {
  const block = (body: unknown) => server.ask('POST', '/v1/suppressions', { key: firm.keys.marketer, body })

  test('is listed, changed by blocking it again, and unblocked', async () => {
    const first = await block({ phone: '0812 3456 7890', reason: 'asked us to stop' })
    expect(first).toMatchObject({
      status: 201,
      body: { phone: '+6281234567890', scope: 'all', reason: 'asked us to stop', expires_at: null },
    })
    const again = await block({
      phone: '+6281234567890',
      reason: 'for a while',
      expires_at: '2027-01-01T00:00:00+07:00',
    })
    expect(again.body).toMatchObject({ id: first.body.id, expires_at: '2026-12-31T17:00:00.000Z' })
    const marketing = await block({ phone: '+6281234567890', scope: 'marketing' })
    expect(marketing.body.id).not.toBe(first.body.id)
    expect((await get('/v1/suppressions?phone=081234567890')).body.data).toHaveLength(2)
    const key = firm.keys.marketer
    expect((await server.ask('DELETE', `/v1/suppressions/${first.body.id}`, { key })).status).toBe(204)
    expect((await get('/v1/suppressions')).body.data).toEqual([marketing.body])
  })

  test.each([
    [{ phone: '12' }, 'phone'],
    [{ phone: '' }, 'phone'],
    [{}, 'phone'],
    [{ phone: '+6281234567890', scope: 'some' }, 'scope'],
    [{ phone: '+6281234567890', expires_at: '2020-01-01T00:00:00Z' }, 'expires_at'],
    [{ phone: '+6281234567890', expires_at: 'tomorrow' }, 'expires_at'],
    [{ phone: '+6281234567890', reason: ' ' }, 'reason'],
  ])('as %j is refused', async (body, path) => {
    expect(await block(body)).toMatchObject({ status: 400, body: { errors: [{ path }] } })
  })
})
