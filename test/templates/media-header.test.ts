import { describe, expect, it } from 'vitest'
import {
  checkTemplate,
  openTemplate,
  parametersFor,
  shownTo,
  type TemplateWords,
} from '../../src/templates/index.ts'
import { mediaFormat, mediaName } from '../../src/templates/media-file.ts'

type Header = TemplateWords['header']
const FILE = '01890000-0000-7000-8000-000000000001'
const words = (header: Header): TemplateWords => ({ language: 'en', body: 'Hi {{name}}.', header })
const faults = (header: Header, channel: 'whatsapp' | 'sms' = 'whatsapp') => {
  const checked = checkTemplate({ name: 'Due', category: 'utility', channel, ...words(header) })
  if (checked.ok) return []
  const { errors } = checked.facts as { errors: { path: string; code: string }[] }
  return errors.map(({ path, code }) => `${path} ${code}`)
}

describe('a file above the message', () => {
  it.each<[string, Header, string[]]>([
    ['an uploaded picture', { type: 'image', media_id: FILE }, []],
    ['an uploaded video', { type: 'video', media_id: FILE }, []],
    ['a document with a name', { type: 'document', media_id: FILE, filename: 'Invoice {{invoice}}.pdf' }, []],
    ['a link with a variable', { type: 'document', link: 'https://a.example/{{invoice}}.pdf' }, []],
    ['a link after a question mark', { type: 'image', link: 'https://a.example?i={{invoice}}' }, []],
    ['a fixed link', { type: 'image', link: 'https://a.example' }, []],
    ['a link that is one variable', { type: 'document', link: '{{attachment}}' }, []],
    ['a link and an example', { type: 'document', link: '{{attachment}}', media_id: FILE }, []],
    ['nothing', { type: 'image' }, ['header.media_id required']],
    ['a blank link', { type: 'image', link: '  ' }, ['header.media_id required']],
    [
      'a link without a fixed host',
      { type: 'image', link: 'https://{{host}}/a.png' },
      ['header.link link_not_valid'],
    ],
    [
      'a variable in the host',
      { type: 'image', link: 'https://a.{{host}}/a.png' },
      ['header.link link_not_valid'],
    ],
    ['two variables alone', { type: 'image', link: '{{a}}{{b}}' }, ['header.link link_not_valid']],
    ['an unsafe link', { type: 'image', link: 'http://a.example/a.png' }, ['header.link link_not_valid']],
    [
      'a link with a space',
      { type: 'image', link: 'https://a.example/{{i}} .png' },
      ['header.link link_not_valid'],
    ],
    ['a script', { type: 'image', link: 'javascript:alert(1)' }, ['header.link link_not_valid']],
    [
      'a block in a link',
      { type: 'image', link: '{{#if a}}https://a.example{{/if}}' },
      ['header.link link_block'],
    ],
    ['a broken tag', { type: 'image', link: 'https://a.example/{{' }, ['header.link unclosed_tag']],
    [
      'a picture with a name',
      { type: 'image', media_id: FILE, filename: 'a.png' },
      ['header.filename not_allowed'],
    ],
  ])('%s', (_what, header, expected) => {
    expect(faults(header)).toEqual(expected)
  })

  it('is nothing for an SMS', () => {
    expect(faults({ type: 'image', media_id: FILE }, 'sms')).toEqual(['header not_on_sms'])
  })

  it('asks its variables of every contact', () => {
    const header = {
      type: 'document',
      link: 'https://a.example/{{invoice}}.pdf',
      filename: '{{due}}',
    } as const
    expect(openTemplate(words(header)).requiredVariables).toEqual(['invoice', 'due', 'name'])
  })

  const filled = (header: Header, variables: Record<string, string>) => {
    const { form } = openTemplate(words(header))
    const parameters = parametersFor(form, { name: 'Siti', ...variables })
    const shown = shownTo(form, { name: 'Siti', ...variables })
    if (!parameters.ok || !shown.ok) return !parameters.ok && [parameters.reason, parameters.facts?.part]
    expect(shown.value.media).toEqual(parameters.value.media)
    return parameters.value.media
  }
  const LINK = 'https://a.example/i/{{invoice}}.pdf'

  it.each<[string, Header, Record<string, string>, unknown]>([
    ['is the uploaded one', { type: 'image', media_id: FILE }, {}, { type: 'image', mediaId: FILE }],
    [
      'has each its own address, encoded',
      { type: 'document', link: LINK, filename: 'Tagihan {{invoice}}' },
      { invoice: 'INV/17 ü' },
      { type: 'document', link: 'https://a.example/i/INV%2F17%20%C3%BC.pdf', fileName: 'Tagihan INV-17 ü' },
    ],
    [
      'has an address as the sheet gives it',
      { type: 'document', link: '{{attachment}}' },
      { attachment: ' https://b.example/x.pdf?sig=a%2Fb ' },
      { type: 'document', link: 'https://b.example/x.pdf?sig=a%2Fb' },
    ],
    [
      'goes by its link and not by its example',
      { type: 'image', link: 'https://a.example/a.png', media_id: FILE },
      {},
      { type: 'image', link: 'https://a.example/a.png' },
    ],
    ['wants a value', { type: 'image', link: LINK }, {}, ['missing_variable', undefined]],
    [
      'refuses what is no address',
      { type: 'image', link: '{{a}}' },
      { a: 'invoice.pdf' },
      ['parameter_not_allowed', 'header.link'],
    ],
    [
      'refuses what is not https',
      { type: 'image', link: '{{a}}' },
      { a: 'http://a.example/x' },
      ['parameter_not_allowed', 'header.link'],
    ],
    [
      'refuses a space',
      { type: 'image', link: '{{a}}' },
      { a: 'https://a.example/a b' },
      ['parameter_not_allowed', 'header.link'],
    ],
    [
      'refuses too long a link',
      { type: 'image', link: '{{a}}' },
      { a: `https://a.example/${'x'.repeat(2_000)}` },
      ['too_long', 'header.link'],
    ],
    [
      'refuses too long a name',
      { type: 'document', link: '{{a}}', filename: '{{b}}' },
      { a: 'https://a.example/', b: 'x'.repeat(241) },
      ['too_long', 'header.filename'],
    ],
  ])('%s', (_what, header, variables, expected) => {
    expect(filled(header, variables)).toEqual(expected)
  })
})

const ftyp = (brand: string) => Buffer.from(`\0\0\0\x18ftyp${brand}\0\0\0\0`, 'latin1')

describe('a file', () => {
  it.each<[string, Buffer, string | undefined]>([
    ['JPEG', Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0]), 'image/jpeg'],
    ['PNG', Buffer.from('89504e470d0a1a0a0000', 'hex'), 'image/png'],
    ['MP4', ftyp('isom'), 'video/mp4'],
    ['MP4 of another brand', ftyp('mp42'), 'video/mp4'],
    ['3GP', ftyp('3gp4'), 'video/3gpp'],
    ['PDF', Buffer.from('%PDF-1.7\n'), 'application/pdf'],
    [
      'PDF after other bytes',
      Buffer.concat([Buffer.alloc(1_000, 10), Buffer.from('%PDF-1.4')]),
      'application/pdf',
    ],
    ['QuickTime', ftyp('qt  '), undefined],
    ['HEIC', ftyp('heic'), undefined],
    ['GIF', Buffer.from('GIF89a'), undefined],
    ['WebP', Buffer.from('RIFF\0\0\0\0WEBP'), undefined],
    ['SVG', Buffer.from('<svg onload="alert(1)"/>'), undefined],
    ['HTML', Buffer.from('<!doctype html>'), undefined],
    ['PDF far behind', Buffer.concat([Buffer.alloc(2_000, 10), Buffer.from('%PDF-1.4')]), undefined],
    ['two bytes', Buffer.from([0xff, 0xd8]), undefined],
    ['nothing', Buffer.alloc(0), undefined],
  ])('%s is told by its bytes', (_what, content, mime) => {
    expect(mediaFormat(content)?.mime).toBe(mime)
  })

  it.each([
    ['brosur.png', 'brosur.jpg'],
    ['../../etc/passwd', 'passwd.jpg'],
    ['C:\\Users\\x\\Foto Baru.JPEG', 'Foto Baru.jpg'],
    ['a"b\n.png', 'ab.jpg'],
    ['', 'file.jpg'],
    ['.png', 'file.jpg'],
    [`${'x'.repeat(300)}.png`, `${'x'.repeat(200)}.jpg`],
  ])('called %j is kept as %j', (given, expected) => {
    expect(mediaName(given, { type: 'image', mime: 'image/jpeg', extension: 'jpg' })).toBe(expected)
  })
})
