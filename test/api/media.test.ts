import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Firm, type Server, startServer } from './client.ts'

let server: Server
let firm: Firm
let neighbour: Firm
beforeAll(async () => {
  server = await startServer()
  firm = await server.openFirm()
  neighbour = await server.openFirm()
})
afterAll(() => server.close())

const PDF = Buffer.from('%PDF-1.7\n1 0 obj <<>> endobj\n%%EOF')
const JPEG_BEGINS = Buffer.from([0xff, 0xd8, 0xff, 0xe0])

function upload(content: Buffer, name = 'Brosur.pdf', key = firm.keys.marketer) {
  const body = new FormData()
  body.append('file', new Blob([new Uint8Array(content)]), name)
  return server.ask('POST', '/v1/media', { key, body })
}
const get = (path: string, key = firm.keys.viewer) => server.ask('GET', path, { key })

describe('a file for a header', () => {
  test('is kept once, listed, and comes back as it went in', async () => {
    const { status, body } = await upload(PDF)
    expect([status, body]).toMatchObject([
      201,
      { type: 'document', mime: 'application/pdf', file_name: 'Brosur.pdf', size_bytes: PDF.length },
    ])
    expect((await upload(PDF, 'again.pdf')).body).toEqual(body)
    expect((await get(`/v1/media/${body.id}`)).body).toEqual(body)
    expect((await get('/v1/media')).body.data).toEqual([body])
    const loaded = await fetch(`${server.url}/v1/media/${body.id}/content`, {
      headers: { authorization: `Bearer ${firm.keys.viewer}` },
    })
    expect(Buffer.from(await loaded.arrayBuffer()).equals(PDF)).toBe(true)
    expect(loaded.headers.get('content-type')).toBe('application/pdf')
    expect(loaded.headers.get('content-disposition')).toMatch(/^attachment/)
  })

  test('of another workspace is not there', async () => {
    const { body } = await upload(PDF)
    const key = neighbour.keys.owner
    expect((await get(`/v1/media/${body.id}`, key)).status).toBe(404)
    expect((await get(`/v1/media/${body.id}/content`, key)).status).toBe(404)
    expect((await get('/v1/media', key)).body.data).toEqual([])
    const words = { name: 'x', language: 'en', category: 'utility', body: 'Hi there.' }
    const header = { type: 'document', media_id: body.id }
    const saved = await server.ask('POST', '/v1/templates', { key, body: { ...words, header } })
    expect([saved.status, saved.body.errors]).toMatchObject([
      400,
      [{ path: 'header.media_id', code: 'not_found' }],
    ])
  })

  test('is refused where it is none, too large, or not theirs to upload', async () => {
    const errorOf = async (content: Buffer) => (await upload(content)).body.errors[0]
    expect(await errorOf(Buffer.from('<svg/>'))).toMatchObject({ path: 'file', code: 'format_unknown' })
    const large = Buffer.concat([JPEG_BEGINS, Buffer.alloc(5 * 1024 ** 2)])
    expect(await errorOf(large)).toMatchObject({ path: 'file', code: 'too_big' })
    expect((await upload(PDF, 'a.pdf', firm.keys.viewer)).body.code).toBe('forbidden')
    const huge = Buffer.concat([PDF, Buffer.alloc(16 * 1024 ** 2)])
    expect((await upload(huge)).body.code).toBe('file_too_large')
    const none = new FormData()
    const answered = await server.ask('POST', '/v1/media', { key: firm.keys.marketer, body: none })
    expect(answered.status).toBe(400)
  })

  test('stands in a template of its own type, and in what a contact would read', async () => {
    const { body: media } = await upload(PDF)
    const words = { name: 'Brochure', language: 'en', category: 'utility', body: 'Hi {{name}}.' }
    const save = (header: object) =>
      server.ask('POST', '/v1/templates', { key: firm.keys.marketer, body: { ...words, header } })
    const wrong = await save({ type: 'image', media_id: media.id })
    expect(wrong.body.errors).toMatchObject([{ path: 'header.media_id', code: 'wrong_type' }])
    const header = { type: 'document', media_id: media.id, filename: 'For {{name}}.pdf' }
    const { status, body: template } = await save(header)
    expect([status, template.header]).toEqual([201, header])
    const path = `/v1/templates/${template.id}/preview`
    const shown = await server.ask('POST', path, {
      key: firm.keys.viewer,
      body: { variables: { name: 'Siti' } },
    })
    expect(shown.body.media).toEqual({ type: 'document', media_id: media.id, filename: 'For Siti.pdf' })
  })
})
