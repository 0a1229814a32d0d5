import { describe, expect, it } from 'vitest'
import { checkTemplate, previewSms, smsSize } from '../../src/templates/index.ts'

describe('the parts of an SMS', () => {
  it.each([
    ['nothing', '', 'gsm7', 0, 1],
    ['160 plain letters', 'a'.repeat(160), 'gsm7', 160, 1],
    ['161 plain letters', 'a'.repeat(161), 'gsm7', 161, 2],
    ['two full parts', 'a'.repeat(306), 'gsm7', 306, 2],
    ['two full parts and a letter', 'a'.repeat(307), 'gsm7', 307, 3],
    ['letters of the basic table', '@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà', 'gsm7', 42, 1],
    ['a new line and a carriage return', '\n\r', 'gsm7', 2, 1],
    ['letters of the extension table', '^{}\\[~]|€', 'gsm7', 18, 1],
    ['80 euro signs', '€'.repeat(80), 'gsm7', 160, 1],
    ['81 euro signs', '€'.repeat(81), 'gsm7', 162, 2],
    // 76 of them are 152 of 153 septets: the 77th is not cut in half, so a septet of each part stays empty.
    ['153 euro signs, none cut in half', '€'.repeat(153), 'gsm7', 306, 3],
    ['an escape that would straddle', `${'a'.repeat(152)}€${'a'.repeat(152)}`, 'gsm7', 306, 3],
    ['a letter that is not in the table', 'ç', 'ucs2', 1, 1],
    ['70 of them', 'ç'.repeat(70), 'ucs2', 70, 1],
    ['71 of them', 'ç'.repeat(71), 'ucs2', 71, 2],
    ['two full parts', 'ç'.repeat(134), 'ucs2', 134, 2],
    ['two full parts and one', 'ç'.repeat(135), 'ucs2', 135, 3],
    ['35 emoji', '😀'.repeat(35), 'ucs2', 70, 1],
    ['36 emoji', '😀'.repeat(36), 'ucs2', 72, 2],
    // 33 pairs are 66 of 67 units: the 34th is not cut in half.
    ['67 emoji, none cut in half', '😀'.repeat(67), 'ucs2', 134, 3],
    ['one emoji among plain letters', `${'a'.repeat(69)}😀`, 'ucs2', 71, 2],
    ['curly quotes', '“Hi”', 'ucs2', 4, 1],
    ['a no-break space, as it stands', 'Rp\u00a01', 'ucs2', 4, 1],
  ] as const)('%s', (_what, text, encoding, units, segments) => {
    expect(smsSize(text)).toEqual({ encoding, units, segments })
  })
})

const SMS = { name: 'Due', language: 'id', category: 'utility', channel: 'sms' } as const

function checked(body: string, more: object = {}) {
  const result = checkTemplate({ ...SMS, body, ...more })
  if (result.ok) return result.value
  throw new Error(JSON.stringify(result.facts))
}

describe('an SMS template', () => {
  it('is plain seven-bit text, amounts and their strange spaces included', () => {
    const { words } = checked('Tagihan {{money amount "IDR"}} jatuh tempo {{date due_date}}.')
    const shown = previewSms(words, { amount: '1500000', due_date: '2026-12-01' })
    expect(shown.ok && shown.value).toMatchObject({
      text: 'Tagihan Rp 1.500.000 jatuh tempo 1 Desember 2026.',
      encoding: 'gsm7',
      segments: 1,
    })
  })

  it('grows with what is filled in', () => {
    const { words } = checked('Hi {{name}}, pay today.')
    const sizes = ['Siti', 'S'.repeat(150), '李'].map((name) => previewSms(words, { name }))
    expect(sizes.map((size) => size.ok && [size.value.encoding, size.value.segments])).toEqual([
      ['gsm7', 1],
      ['gsm7', 2],
      ['ucs2', 1],
    ])
  })

  it('is not sent to somebody for whom it would be too long, or a value is missing', () => {
    const { words } = checked('Hi {{name}}, pay today.')
    const reasons = [{ name: 'S'.repeat(1_600) }, { name: '李'.repeat(700) }, {}].map((variables) => {
      const shown = previewSms(words, variables)
      return shown.ok ? undefined : shown.reason
    })
    expect(reasons).toEqual(['too_long', 'too_long', 'missing_variable'])
  })

  it.each([
    [{ header: 'Invoice' }, 'header'],
    [{ footer: 'The clinic' }, 'footer'],
    [{ buttons: [{ type: 'quick_reply', text: 'Paid' }] }, 'buttons'],
  ])('has no parts: %j', (more, path) => {
    const result = checkTemplate({ ...SMS, body: 'Pay today.', ...more } as never)
    expect(result.ok ? [] : result.facts?.errors).toMatchObject([{ path, code: 'not_on_sms' }])
  })

  it('warns of letters that cost more, and of advertising that cannot be stopped', () => {
    const codes = (body: string, more: object = {}) => checked(body, more).warnings.map(({ code }) => code)
    expect(codes('Pay today.')).toEqual([])
    expect(codes('Pay today ☕')).toEqual(['sms_ucs2'])
    expect(codes('A sale!', { category: 'marketing' })).toEqual(['opt_out_missing'])
    expect(codes('A sale! Balas BERHENTI untuk keluar.', { category: 'marketing' })).toEqual([])
  })
})
