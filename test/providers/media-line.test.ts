import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { uploadExample, uploadMedia } from '../../src/delivery/providers/whatsapp-cloud/media-line.ts'
import { openTemplateLine } from '../../src/delivery/providers/whatsapp-cloud/template-line.ts'
import { answers, openScriptedPlatform, type Script, type ScriptedPlatform } from './scripted-platform.ts'

let platform: ScriptedPlatform
beforeAll(async () => {
  platform = await openScriptedPlatform()
})
beforeEach(() => {
  platform.calls.length = 0
})
afterAll(() => platform.close())

const FILE = { fileName: 'Brosur é.pdf', mime: 'application/pdf', content: Buffer.from('%PDF-1.7 x') }
const endpoint = () => ({
  baseUrl: platform.url,
  version: 'v26.0',
  accessToken: 'EAAG',
  phoneNumberId: '106540352242922',
})
const error = (code: number, status = 400) => answers(status, { error: { code, message: `(#${code}) No` } })

describe('an upload', () => {
  it('is a form with the file, its type and the product', async () => {
    platform.play(answers(200, { id: '1013859600285441' }))
    expect(await uploadMedia(endpoint(), FILE)).toEqual({ outcome: 'done', platformId: '1013859600285441' })
    const [call] = platform.calls
    expect(call).toMatchObject({ method: 'POST', url: '/v26.0/106540352242922/media' })
    expect(call!.headers.authorization).toBe('Bearer EAAG')
    const form = await new Response(call!.body, {
      headers: { 'content-type': call!.headers['content-type']! },
    }).formData()
    const file = form.get('file') as File
    expect([
      form.get('messaging_product'),
      form.get('type'),
      file.name,
      file.type,
      await file.text(),
    ]).toEqual(['whatsapp', 'application/pdf', 'Brosur é.pdf', 'application/pdf', '%PDF-1.7 x'])
  })

  it.each<[string, Script, object]>([
    [
      'of a file that is not taken',
      error(131_053),
      { outcome: 'refused', action: 'campaign', code: '131053' },
    ],
    ['of an odd parameter', error(100), { outcome: 'refused', action: 'campaign', code: '100' }],
    ['with a dead token', error(190, 401), { outcome: 'refused', action: 'account', code: '190' }],
    ['of a blocked account', error(131_031, 403), { outcome: 'refused', action: 'account' }],
    ['at a busy time', error(130_429, 429), { outcome: 'unknown', code: '130429' }],
    ['on a broken platform', answers(502, '<html>'), { outcome: 'unknown', code: 'http_502' }],
    ['answered without an id', answers(200, {}), { outcome: 'unknown', code: 'no_id' }],
    ['answered with nonsense', answers(200, 'maybe'), { outcome: 'unknown', code: 'no_id' }],
    ['whose line breaks', (response) => response.destroy(), { outcome: 'unknown' }],
  ])('%s', async (_what, script, expected) => {
    platform.play(script)
    expect(await uploadMedia(endpoint(), FILE)).toMatchObject(expected)
  })
})

describe('the example of a template', () => {
  it('goes up in a session of the app that the token belongs to', async () => {
    platform.play((response, call) => {
      const { pathname } = new URL(call.url, 'http://a')
      const body =
        pathname === '/v26.0/debug_token'
          ? { data: { app_id: '42' } }
          : pathname === '/v26.0/42/uploads'
            ? { id: 'upload:MTphdHQ?sig=ARZq' }
            : { h: '4::aW==' }
      answers(200, body)(response, call)
    })
    expect(await uploadExample(endpoint(), FILE)).toEqual({ outcome: 'done', platformId: '4::aW==' })
    const [, opened, sent] = platform.calls
    expect(Object.fromEntries(new URL(opened!.url, 'http://a').searchParams)).toEqual({
      file_name: 'Brosur é.pdf',
      file_length: '10',
      file_type: 'application/pdf',
    })
    expect([sent!.url, sent!.headers.authorization, sent!.headers.file_offset, sent!.body]).toEqual([
      '/v26.0/upload:MTphdHQ?sig=ARZq',
      'OAuth EAAG',
      '0',
      '%PDF-1.7 x',
    ])
  })

  it('is asked for again where the token names no app, and refused where it is dead', async () => {
    platform.play(answers(200, { data: {} }))
    expect(await uploadExample(endpoint(), FILE)).toMatchObject({ outcome: 'unknown', code: 'no_app' })
    platform.play(error(190, 401))
    expect(await uploadExample(endpoint(), FILE)).toMatchObject({ outcome: 'refused', code: '190' })
  })
})

describe('a template with a file', () => {
  const STRANGE = { text: 'Something.', parameters: [], segments: ['Something.'] }
  const create = () =>
    openTemplateLine({ ...endpoint(), accountId: '102' }, {}).create({
      name: 'with_a_file',
      languageCode: 'en',
      category: 'utility',
      form: {
        language: 'en',
        header: undefined,
        media: { type: 'document', mediaId: undefined, link: undefined, fileName: undefined },
        footer: undefined,
        buttons: [],
        body: STRANGE,
      },
      samples: { header: [], body: [], buttons: [] },
      sampleFile: FILE,
      parameterFormat: 'named',
      ttlSeconds: null,
    })
  const uploading = (upload: Script): Script => {
    const app = answers(200, { data: { app_id: '42' } })
    return (response, call) => (call.url.includes('/debug_token') ? app : upload)(response, call)
  }

  it.each([
    ['the token is dead', error(190, 401), '190'],
    ['the token may not', error(200, 403), '200'],
    ['the account is locked', error(131_031, 403), '131031'],
  ])('waits until it can be submitted where %s', async (_why, script, code) => {
    platform.play(uploading(script))
    expect(await create()).toMatchObject({ outcome: 'unknown', code })
  })

  it('is refused where its file is', async () => {
    platform.play(uploading(error(131_053)))
    expect(await create()).toMatchObject({ outcome: 'refused', code: '131053' })
  })
})
