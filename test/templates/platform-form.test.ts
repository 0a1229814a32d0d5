import { describe, expect, it } from 'vitest'
import {
  openTemplate,
  parametersFor,
  platformName,
  shownTo,
  type TemplateWords,
  type Variables,
} from '../../src/templates/index.ts'

type Buttons = NonNullable<TemplateWords['buttons']>
const form = (body: string, rest: Partial<TemplateWords> = {}) =>
  openTemplate({ language: 'en', body, ...rest }).form
const sent = (body: string, variables: Variables, rest: Partial<TemplateWords> = {}) => {
  const parameters = parametersFor(form(body, rest), variables)
  if (!parameters.ok) throw new Error(parameters.reason)
  return parameters.value
}
const refusal = (variables: Variables, body: string, rest: Partial<TemplateWords> = {}) =>
  parametersFor(form(body, rest), variables)

describe('a template on the platform', () => {
  it.each([
    ['Hi {{name}}, {{date due_date}}', 'Hi {{name}}, {{due_date}}'],
    ['{{amount}} or {{money amount "IDR"}} or {{amount}}', '{{amount}} or {{amount_2}} or {{amount}}'],
    ['{{money amount "IDR"}} {{money amount "USD"}}', '{{amount}} {{amount_2}}'],
    ['{{a_2}} {{a}} {{upper a}}', '{{a_2}} {{a}} {{a_3}}'],
    ['Hi{{#if note}}, {{note}}{{/if}}.', 'Hi{{note}}.'],
    ['{{note}}{{#if note}}!{{/if}}', '{{note}}{{note_2}}'],
    ['{{#if a}}{{#if b}}x{{/if}}{{/if}}y', '{{a}}y'],
    ['a\n{{#if b}}\nc {{b}}\n{{/if}}\nd', 'a\n{{b}}\nd'],
    ['a{{#if b}}\n\nc{{/if}} d', 'a\n\n{{b}} d'],
    ['a{{#if b}}\nc{{else}}\nd{{/if}}', 'a\n{{b}}'],
    ['a{{#if b}}\nc{{else}}d{{/if}}', 'a{{b}}'],
    ['a{{#if b}}{{else}}{{/if}}', 'a{{b}}'],
    ['{{имя}} {{цена}}', '{{value}} {{value_2}}'],
    ['{{2nd}}', '{{value_2nd}}'],
    ['{{Año}}', '{{ano}}'],
    ['{{! note }}plain', 'plain'],
  ])('%j becomes %j', (body, text) => {
    expect(form(body).body.text).toBe(text)
  })

  it('is sent as named parameters, each once', () => {
    expect(sent('{{name}} {{name}} {{date due}}', { name: "O'Brien", due: '2026-12-01' })).toEqual({
      header: [],
      body: [
        { name: 'name', text: "O'Brien" },
        { name: 'due', text: 'December 1, 2026' },
      ],
      buttons: [],
    })
  })

  it('joins the lines of a value and of a block, and fills a block that says nothing', () => {
    const body = 'a {{#if b}}x\n  {{b}}     y{{/if}}{{#if c}}c{{/if}} {{d}}'
    expect(sent(body, { b: '1\n2', d: 'Jl. 1\r\nJakarta' }).body).toEqual([
      { name: 'b', text: 'x 1 2 y' },
      { name: 'c', text: '\u200b' },
      { name: 'd', text: 'Jl. 1 Jakarta' },
    ])
  })

  it('shows what the reader will see', () => {
    const shown = shownTo(
      form('Hi {{name}}\n{{#if note}}\nNote: {{note}}\n{{/if}}\nBye', {
        header: { type: 'text', text: 'Invoice {{invoice}}' },
        footer: 'Duecast',
        buttons: [
          { type: 'quick_reply', text: 'I have paid' },
          { type: 'url', text: 'Pay', url: 'https://pay.example/i/{{invoice}}' },
          { type: 'url', text: 'Help', url: 'https://pay.example/help' },
          { type: 'phone', text: 'Call', phone: '+6221123' },
          { type: 'copy_code', code: '{{upper code}}' },
        ],
      }),
      { name: 'Siti', invoice: 'INV 17/a', code: 'abc' },
    )
    expect(shown).toEqual({
      ok: true,
      value: {
        header: 'Invoice INV 17/a',
        body: 'Hi Siti\n\nBye',
        footer: 'Duecast',
        buttons: [
          { type: 'quick_reply', text: 'I have paid' },
          { type: 'url', text: 'Pay', url: 'https://pay.example/i/INV%2017%2Fa' },
          { type: 'url', text: 'Help', url: 'https://pay.example/help' },
          { type: 'phone', text: 'Call', phone: '+6221123' },
          { type: 'copy_code', text: 'Copy code', code: 'ABC' },
        ],
      },
    })
  })

  it('names what is missing over all parts', () => {
    const refused = refusal({ name: 'Siti' }, 'Hi {{name}} {{due}}', {
      header: '{{invoice}}',
      buttons: [{ type: 'url', text: 'Pay', url: 'https://pay.example/{{pay_link}}' }],
    })
    expect(refused).toMatchObject({
      reason: 'missing_variable',
      facts: { variables: ['invoice', 'due', 'pay_link'] },
    })
  })

  it('refuses what would be longer than WhatsApp allows, and takes what is just as long', () => {
    const tight = { name: 'x'.repeat(1_021) }
    expect(refusal(tight, 'Hi {{name}}').ok).toBe(true)
    expect(refusal(tight, 'Hi {{name}}.')).toMatchObject({
      reason: 'too_long',
      facts: { part: 'body', length: 1_025, limit: 1_024 },
    })
    expect(refusal({ name: '👋'.repeat(1_021) }, 'Hi {{name}}').ok).toBe(true)
    expect(refusal({ name: '👋'.repeat(1_022) }, 'Hi {{name}}')).toMatchObject({ reason: 'too_long' })
    expect(refusal({ name: 'x'.repeat(61) }, 'Hi', { header: '{{name}}' })).toMatchObject({
      reason: 'too_long',
      facts: { part: 'header', length: 61, limit: 60 },
    })
    const code: Buttons = [{ type: 'copy_code', code: '{{code}}' }]
    expect(refusal({ code: 'x'.repeat(16) }, 'Hi', { buttons: code })).toMatchObject({
      reason: 'too_long',
      facts: { part: 'buttons[0]', limit: 15 },
    })
    const link: Buttons = [{ type: 'url', text: 'Pay', url: 'https://pay.example/{{code}}' }]
    expect(refusal({ code: 'é'.repeat(400) }, 'Hi', { buttons: link })).toMatchObject({
      reason: 'too_long',
      facts: { part: 'buttons[0]', length: 20 + 400 * 6, limit: 2_000 },
    })
  })
})

describe('the link on a button', () => {
  const buttons: Buttons = [{ type: 'url', text: 'Pay', url: 'https://pay.example/i/{{pay_link}}' }]
  const suffix = (pay_link: string) => sent('Hi', { pay_link }, { buttons }).buttons[0]?.text

  it.each([
    ['a1b2c3', 'a1b2c3'],
    ['INV/2026 17', 'INV%2F2026%2017'],
    ['a&b=c?d#e%', 'a%26b%3Dc%3Fd%23e%25'],
    ['Ünï', '%C3%9Cn%C3%AF'],
    ['https://pay.example/i/abc', 'abc'],
    ['https://pay.example/i/abc?x=1%202&y=a b', 'abc?x=1%202&y=a%20b'],
  ])('of %j ends in %j', (value, text) => {
    expect(suffix(value)).toBe(text)
  })

  it.each([['https://evil.example/i/abc'], ['HTTP://pay.example/i/abc'], ['https://pay.example.evil/i/']])(
    'is not bent to %s',
    (pay_link) => {
      expect(refusal({ pay_link }, 'Hi', { buttons })).toMatchObject({
        reason: 'parameter_not_allowed',
        facts: { part: 'buttons[0]' },
      })
    },
  )

  it('that is the same for all, and a phone, need no parameter; a quick reply sends its words', () => {
    const fixed: Buttons = [
      { type: 'quick_reply', text: 'I have paid' },
      { type: 'url', text: 'Help', url: 'https://pay.example/help' },
      { type: 'phone', text: 'Call', phone: '+6221123' },
    ]
    expect(sent('Hi', {}, { buttons: fixed }).buttons).toEqual([
      { index: 0, subType: 'quick_reply', text: 'I have paid' },
    ])
  })
})

describe('the platform’s name of a template', () => {
  it.each([
    ['Due reminder', 'due_reminder'],
    ['  Pengingat — jatuh tempo (2) ', 'pengingat_jatuh_tempo_2'],
    ['Último aviso', 'ultimo_aviso'],
    ['due_reminder', 'due_reminder'],
    ['A'.repeat(600), 'a'.repeat(512)],
  ])('%s is %s', (name, expected) => {
    expect(platformName(name)).toBe(expected)
  })

  it('is made up, and the same each time, where nothing is left', () => {
    expect(platformName('提醒')).toMatch(/^template_[0-9a-f]{12}$/)
    expect(platformName('提醒')).toBe(platformName('提醒'))
    expect(platformName('提醒')).not.toBe(platformName('通知'))
  })
})

describe('speed', () => {
  it('fills far more templates in a second than any platform takes', () => {
    const plan = form(
      'Hi {{name}}, invoice {{invoice}} of {{money amount "IDR"}} is due {{date due_date}}. Thanks',
    )
    const variables = { name: 'Siti', invoice: 'INV-17', amount: '1500000', due_date: '2026-12-01' }
    const best = Math.max(...[1, 2, 3].map(() => perSecond(20_000, () => parametersFor(plan, variables))))
    expect(best).toBeGreaterThan(20_000)
  })
})

function perSecond(count: number, work: () => unknown): number {
  const startMs = performance.now()
  for (let index = 0; index < count; index++) work()
  return (count / (performance.now() - startMs)) * 1_000
}
