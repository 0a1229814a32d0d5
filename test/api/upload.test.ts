import { readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { answer, defineRoute } from '../../src/api/route.ts'
import { prepareUploads } from '../../src/api/upload.ts'
import { refuse } from '../../src/platform/result.ts'
import { type Firm, type Server, startServer } from './client.ts'
import { NOON } from './scratch.ts'

/** A route that reads the file it is given while it is there. */
const put = defineRoute({
  method: 'post',
  path: '/v1/sheets',
  tag: 'Test',
  summary: 'Takes a file',
  permission: 'contacts.import',
  upload: { field: 'file', maxBytes: 1000 },
  body: z.strictObject({ list: z.string().optional(), mapping: z.string().optional() }),
  responses: {
    201: z.strictObject({ text: z.string(), name: z.string(), size: z.int(), list: z.string().nullable() }),
  },
  refusals: ['no_recipients'],
  handler: async ({ file, body }) => {
    if (body.list === 'crash') throw new Error('a bug')
    if (body.list === 'refuse') return refuse('no_recipients', 'Nobody.')
    const text = readFileSync(file.path, 'utf8')
    return answer(201, { text, name: file.originalName, size: file.sizeBytes, list: body.list ?? null })
  },
})

let server: Server
let firm: Firm
beforeAll(async () => {
  server = await startServer({ routes: [put] })
  firm = await server.openFirm()
})
afterAll(() => server.close())
afterEach(() => {
  expect(readdirSync(server.house.uploadDir)).toEqual([])
})

function form(
  text: string | undefined,
  fields: Record<string, string> = {},
  name = 'people.csv',
  field = 'file',
) {
  const data = new FormData()
  for (const [key, value] of Object.entries(fields)) data.append(key, value)
  if (text !== undefined) data.append(field, new Blob([text]), name)
  return data
}

const send = (body: unknown, headers: Record<string, string> = {}) =>
  server.ask('POST', '/v1/sheets', { key: firm.keys.marketer, body, headers })

describe('an upload', () => {
  test('is there for its request, and gone with it', async () => {
    expect(await send(form('a,b', { list: 'December' }))).toMatchObject({
      status: 201,
      body: { text: 'a,b', name: 'people.csv', size: 3, list: 'December' },
    })
  })

  test.each(['crash', 'refuse'])('is gone after a %s too', async (list) => {
    expect((await send(form('a,b', { list }))).status).toBeGreaterThanOrEqual(400)
  })

  test.each([
    ['Kontak – Désember 客户.csv', 'Kontak – Désember 客户.csv'],
    ['../../etc/passwd', 'passwd'],
    [`${'a'.repeat(300)}.csv`, 'a'.repeat(255)],
  ])('keeps its name as a word: %s', async (name, kept) => {
    expect((await send(form('x', {}, name))).body.name).toBe(kept)
  })

  test('of the largest size is taken, of one byte more refused', async () => {
    expect((await send(form('a'.repeat(1000)))).status).toBe(201)
    expect(await send(form('a'.repeat(1001)))).toMatchObject({
      status: 413,
      body: { code: 'file_too_large', max_bytes: 1000 },
    })
  })

  test.each([
    ['without a file', form(undefined, { list: 'x' }), 'file'],
    ['under another name', form('x', {}, 'a.csv', 'sheet'), 'sheet'],
    ['with an unknown field', form('x', { colour: 'red' }), 'colour'],
    ['with a NUL', form('x', { list: 'a\0b' }), 'list'],
  ])('%s is refused', async (_, body, path) => {
    expect(await send(body)).toMatchObject({
      status: 400,
      body: { code: 'validation_failed', errors: [{ path }] },
    })
  })

  test('with a field twice is refused', async () => {
    const body = form('x', { list: 'a' })
    body.append('list', 'b')
    expect(await send(body)).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'list', code: 'repeated' }] },
    })
  })

  test('of two files is refused', async () => {
    const body = form('x')
    body.append('file', new Blob(['y']), 'b.csv')
    expect(await send(body)).toMatchObject({ status: 400, body: { code: 'validation_failed' } })
  })

  test.each([
    ['{}', { 'content-type': 'application/json' }, 415, 'unsupported_media_type'],
    ['--x\r\n', { 'content-type': 'multipart/form-data' }, 400, 'malformed_multipart'],
    [
      '--x\r\nContent-Disp',
      { 'content-type': 'multipart/form-data; boundary=x' },
      400,
      'malformed_multipart',
    ],
  ])('that is no form is refused: %j %j', async (body, headers, status, code) => {
    expect(await send(body, headers)).toMatchObject({ status, body: { code } })
  })

  test('is sent once under an idempotency key, by its bytes', async () => {
    const headers = { 'Idempotency-Key': 'upload-1' }
    const first = await send(form('a,b'), headers)
    const again = await send(form('a,b'), headers)
    expect(again.body).toEqual(first.body)
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect(await send(form('a,c'), headers)).toMatchObject({
      status: 409,
      body: { code: 'idempotency_key_reused' },
    })
  })

  test('that a crash left behind is removed a day later', () => {
    const path = join(server.house.uploadDir, 'left-behind')
    writeFileSync(path, 'x')
    const day = 24 * 60 * 60 * 1000
    utimesSync(path, NOON, NOON)
    prepareUploads(server.house.uploadDir, NOON.getTime() + day)
    expect(readdirSync(server.house.uploadDir)).toEqual(['left-behind'])
    prepareUploads(server.house.uploadDir, NOON.getTime() + day + 1000)
  })
})
