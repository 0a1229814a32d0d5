import { describe, expect, it } from 'vitest'
import { unwrap } from '../../src/platform/result.ts'
import {
  checkTemplate,
  languageCode,
  previewInput,
  previewTemplate,
  templateInput,
} from '../../src/templates/index.ts'

const GOOD = {
  name: 'Due reminder',
  language: 'en',
  category: 'utility',
  body: 'Hello {{name}}, your invoice {{invoice}} is due on {{date due_date}}. Thank you!',
}
const check = (change: Record<string, unknown>) => checkTemplate(templateInput.parse({ ...GOOD, ...change }))
const faults = (change: Record<string, unknown>) => {
  const checked = check(change)
  if (checked.ok) return []
  expect(checked.reason).toBe('validation_failed')
  return (checked.facts!.errors as { path: string; code: string }[]).map(
    ({ path, code }) => `${path} ${code}`,
  )
}
const warnings = (change: Record<string, unknown>) => unwrap(check(change)).warnings.map(({ code }) => code)

const url = (text: string, to = 'https://a.example/x') => ({ type: 'url', text, url: to })
const quick = (text: string) => ({ type: 'quick_reply', text })
const phone = (number: string) => ({ type: 'phone', text: 'Call', phone: number })
const many = (count: number) => Array.from({ length: count }, (_, index) => quick(`Answer ${index}`))

describe('saving a template', () => {
  it('gives what is stored and what is needed of a contact', () => {
    const checked = unwrap(
      check({ name: ' Due reminder ', language: 'pt-br', samples: { Name: 'Ana', amount: 5 } }),
    )
    expect(checked).toMatchObject({
      name: 'Due reminder',
      platformName: 'due_reminder',
      language: 'pt_BR',
      category: 'utility',
      samples: { name: 'Ana', amount: '5' },
      template: { requiredVariables: ['name', 'invoice', 'due_date'], optionalVariables: [] },
    })
  })

  it('takes the example of the public contract, with a word of warning', () => {
    const body = 'Hi {{name}}, invoice {{invoice}} of {{amount}} is due {{due_date}}'
    expect(warnings({ body })).toEqual(['variable_at_edge', 'too_many_variables'])
  })

  it('counts the variables of all parts', () => {
    const { template } = unwrap(
      check({
        header: 'Invoice {{invoice}}',
        body: 'Hello {{#if name}}{{name}}{{else}}{{company}}{{/if}}, welcome.',
        buttons: [url('Pay', 'https://a.example/{{pay_link}}'), { type: 'copy_code', code: '{{code}}' }],
      }),
    )
    expect(template.requiredVariables).toEqual(['invoice', 'pay_link', 'code'])
    expect(template.optionalVariables).toEqual(['name', 'company'])
  })

  const LIMITS: [string, Record<string, unknown>, string[]][] = [
    ['a body of 1,024 characters', { body: 'x'.repeat(1_024) }, []],
    ['a body of 1,025 characters', { body: 'x'.repeat(1_025) }, ['body too_long']],
    ['a body of 1,024 emoji', { body: '👋'.repeat(1_024) }, []],
    [
      'a body that is long in blocks only',
      { body: `a {{#if b}}${'x'.repeat(900)}{{else}}${'y'.repeat(900)}{{/if}} c` },
      [],
    ],
    [
      'a body that nobody could be sent',
      { body: `a {{#if b}}${'x'.repeat(1_100)}{{else}}${'y'.repeat(1_200)}{{/if}} c` },
      ['body too_long'],
    ],
    ['no body', { body: ' \n ' }, ['body required']],
    ['a body of a comment', { body: '{{! x }}' }, ['body required']],
    ['an empty line', { body: 'a\n\nb' }, []],
    ['two empty lines', { body: 'a\n\n\nb' }, ['body too_many_line_breaks']],
    ['a tab', { body: 'a\tb' }, ['body tab_not_allowed']],
    ['four spaces', { body: 'a    b' }, []],
    ['five spaces', { body: 'a     b' }, ['body too_many_spaces']],
    ['a fault of the language', { body: 'a {{b.c}}' }, ['body path_not_allowed']],
    ['a text header', { header: { type: 'text', text: 'Invoice {{invoice}}' } }, []],
    ['a header of 60 characters', { header: 'x'.repeat(60) }, []],
    ['a header of 61 characters', { header: 'x'.repeat(61) }, ['header.text too_long']],
    ['a header with one variable twice', { header: '{{a}} {{a}}' }, []],
    ['a header with two variables', { header: '{{a}} {{b}}' }, ['header.text header_variables']],
    ['a header of two lines', { header: 'a\nb' }, ['header.text line_break_not_allowed']],
    ['a header that is blank', { header: '  ' }, []],
    ['a text header without a text', { header: { type: 'text' } }, ['header.text required']],
    ['a picture for a header that is nowhere', { header: { type: 'image' } }, ['header.media_id required']],
    ['a footer of 60 characters', { footer: 'x'.repeat(60) }, []],
    ['a footer of 61 characters', { footer: 'x'.repeat(61) }, ['footer too_long']],
    ['a footer with a variable', { footer: 'To {{name}}' }, ['footer footer_variable']],
    ['a footer with a block', { footer: '{{#if a}}x{{/if}}' }, ['footer footer_variable']],
    ['a footer of two lines', { footer: 'a\nb' }, ['footer line_break_not_allowed']],
    ['ten buttons', { buttons: many(10) }, []],
    ['eleven buttons', { buttons: many(11) }, ['buttons too_many_buttons']],
    ['two links', { buttons: [url('A'), url('B')] }, []],
    ['three links', { buttons: [url('A'), url('B'), url('C')] }, ['buttons too_many_buttons']],
    ['two phones', { buttons: [phone('+62211'), phone('+62212')] }, ['buttons too_many_buttons']],
    [
      'two codes',
      {
        buttons: [
          { type: 'copy_code', code: 'A' },
          { type: 'copy_code', code: 'B' },
        ],
      },
      ['buttons too_many_buttons'],
    ],
    ['quick replies first', { buttons: [quick('A'), quick('B'), url('C')] }, []],
    ['quick replies last', { buttons: [url('C'), quick('A'), quick('B')] }, []],
    ['quick replies apart', { buttons: [quick('A'), url('C'), quick('B')] }, ['buttons quick_replies_apart']],
    [
      'quick replies in the middle',
      { buttons: [url('C'), quick('A'), url('B')] },
      ['buttons quick_replies_apart'],
    ],
    ['a button text of 25 characters', { buttons: [quick('x'.repeat(25))] }, []],
    ['a button text of 26 characters', { buttons: [quick('x'.repeat(26))] }, ['buttons[0].text too_long']],
    ['a button without a text', { buttons: [{ type: 'quick_reply' }] }, ['buttons[0].text required']],
    [
      'a button text with a variable',
      { buttons: [quick('Hi {{name}}')] },
      ['buttons[0].text button_text_variable'],
    ],
    ['a phone of 20 characters', { buttons: [phone(`+${'1'.repeat(19)}`)] }, []],
    ['a phone of 21 characters', { buttons: [phone(`+${'1'.repeat(20)}`)] }, ['buttons[0].phone too_long']],
    ['a phone that is none', { buttons: [phone('call me')] }, ['buttons[0].phone phone_not_valid']],
    [
      'a phone button without a phone',
      { buttons: [{ type: 'phone', text: 'Call' }] },
      ['buttons[0].phone required'],
    ],
    ['a code of 15 characters', { buttons: [{ type: 'copy_code', code: 'x'.repeat(15) }] }, []],
    [
      'a code of 16 characters',
      { buttons: [{ type: 'copy_code', code: 'x'.repeat(16) }] },
      ['buttons[0].code too_long'],
    ],
    ['a code button without a code', { buttons: [{ type: 'copy_code' }] }, ['buttons[0].code required']],
    ['a link that ends in a variable', { buttons: [url('A', 'https://a.example/{{b}}')] }, []],
    ['a link with its variable in a query', { buttons: [url('A', 'https://a.example/?b={{b}}')] }, []],
    [
      'a link with its variable in the middle',
      { buttons: [url('A', 'https://a.example/{{b}}/c')] },
      ['buttons[0].url url_variable_not_last'],
    ],
    [
      'a link with two variables',
      { buttons: [url('A', 'https://a.example/{{b}}{{c}}')] },
      ['buttons[0].url url_variable_not_last'],
    ],
    [
      'a link with a block',
      { buttons: [url('A', 'https://a.example/{{#if b}}c{{/if}}')] },
      ['buttons[0].url url_variable_not_last'],
    ],
    [
      'a link that is all variable',
      { buttons: [url('A', '{{pay_link}}')] },
      ['buttons[0].url url_host_variable'],
    ],
    [
      'a link whose host is a variable',
      { buttons: [url('A', 'https://{{host}}')] },
      ['buttons[0].url url_host_variable'],
    ],
    [
      'a link whose host ends in a variable',
      { buttons: [url('A', 'https://a.example{{b}}')] },
      ['buttons[0].url url_host_variable'],
    ],
    [
      'a link that is a script',
      { buttons: [url('A', 'javascript:alert(1)')] },
      ['buttons[0].url url_not_valid'],
    ],
    [
      'a link with a space',
      { buttons: [url('A', 'https://a.example/b c')] },
      ['buttons[0].url url_not_valid'],
    ],
    ['a link without a host', { buttons: [url('A', 'https:///x')] }, ['buttons[0].url url_not_valid']],
    ['a link of 2,000 characters', { buttons: [url('A', `https://a.example/${'x'.repeat(1_982)}`)] }, []],
    [
      'a link of 2,001 characters',
      { buttons: [url('A', `https://a.example/${'x'.repeat(1_983)}`)] },
      ['buttons[0].url too_long'],
    ],
    ['a link button without a link', { buttons: [{ type: 'url', text: 'A' }] }, ['buttons[0].url required']],
    ['a name with a line break', { name: 'a\nb' }, ['name name_not_valid']],
    ['a language that is none', { language: 'xx' }, ['language language_unknown']],
    [
      'faults everywhere',
      { language: 'q', body: '{{', footer: '{{a}}', buttons: [{ type: 'url' }] },
      [
        'language language_unknown',
        'body unclosed_tag',
        'footer footer_variable',
        'buttons[0].text required',
        'buttons[0].url required',
      ],
    ],
  ]
  it.each(LIMITS)('with %s', (_what, change, expected) => {
    expect(faults(change)).toEqual(expected)
  })

  it('says where in the body a fault stands', () => {
    const checked = check({ body: 'Hello\n {{a.b}}' })
    expect(checked).toMatchObject({ ok: false, facts: { errors: [{ path: 'body', line: 2, column: 4 }] } })
  })

  it.each([
    ['{{a}} hello there to all of you', 'variable_at_edge'],
    ['hello there to all of you {{a}}', 'variable_at_edge'],
    ['hello there to all {{a}} {{b}} of you, dear people', 'variables_adjacent'],
    ['hello {{a}} there.', 'too_many_variables'],
    ['hello there {{#if a}}to{{/if}} all of you', 'block_may_be_empty'],
    ['hello there {{#if a}}to\nall{{else}}of{{/if}} you and yours', 'block_on_several_lines'],
  ])('warns about %j: %s', (body, code) => {
    expect(warnings({ body })).toEqual([code])
  })

  it('warns of what else reviewers may dislike', () => {
    expect(warnings({})).toEqual([])
    expect(warnings({ header: '*Hello* 👋' })).toEqual(['header_formatting'])
    expect(warnings({ category: 'authentication' })).toEqual(['authentication_body_fixed'])
    expect(warnings({ buttons: [quick('Yes'), quick('yes')] })).toEqual(['button_texts_alike'])
    expect(warnings({ samples: { name: 'Ana', invoice: 'I-1', due_date: 'soon' } })).toEqual([
      'samples_not_usable',
    ])
    expect(warnings({ samples: { name: 'Ana', invoice: 'I-1', due_date: '2026-12-01' } })).toEqual([])
  })
})

describe('the request', () => {
  it.each([
    ['no name', { name: ' ' }],
    ['a name of 513 characters', { name: 'x'.repeat(513) }],
    ['a category that is none', { category: 'spam' }],
    ['a body that is a tree', { body: { type: 'Program', body: [] } }],
    ['a body that is a list', { body: ['{{a}}'] }],
    ['a body without end', { body: 'x'.repeat(100_000) }],
    ['a member that is misspelt', { foter: 'x' }],
    ['a button that is none', { buttons: [{ type: 'bomb', text: 'x' }] }],
    ['a hundred buttons', { buttons: many(100) }],
    ['samples that are no texts', { samples: { name: { $ne: null } } }],
    [
      'samples without end',
      { samples: Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`v${n}`, 'x'])) },
    ],
  ])('with %s is refused by its schema', (_what, change) => {
    expect(templateInput.safeParse({ ...GOOD, ...change }).success).toBe(false)
  })

  it('for a preview takes texts, figures and nothing', () => {
    expect(previewInput.safeParse({ variables: { a: 'x', b: 5, c: null } }).success).toBe(true)
    expect(previewInput.safeParse({ variables: { a: {} } }).success).toBe(false)
    expect(previewInput.safeParse({ variables: [] }).success).toBe(false)
    expect(previewInput.safeParse({}).success).toBe(false)
  })

  it('shows a preview, or which variable is missing', () => {
    const { words } = unwrap(check({ footer: 'Duecast' }))
    expect(previewTemplate(words, { name: "O'Brien", invoice: 'I-1', due_date: '2026-12-01' })).toEqual({
      ok: true,
      value: {
        body: "Hello O'Brien, your invoice I-1 is due on December 1, 2026. Thank you!",
        footer: 'Duecast',
        buttons: [],
      },
    })
    expect(previewTemplate(words, { name: 'Ana' })).toMatchObject({
      ok: false,
      reason: 'missing_variable',
      facts: { variables: ['invoice', 'due_date'] },
    })
  })
})

describe('the language of a template', () => {
  it.each([
    ['en', 'en'],
    ['EN', 'en'],
    ['id', 'id'],
    ['es', 'es'],
    ['en-us', 'en_US'],
    ['pt_BR', 'pt_BR'],
    ['fil', 'fil'],
    ['zh_CN', 'zh_CN'],
    ['xx', undefined],
    ['en_XX', undefined],
    ['english', undefined],
    ['en_US_POSIX', undefined],
    ['', undefined],
    ['../etc', undefined],
  ])('%j is %j', (text, code) => {
    expect(languageCode(text)).toBe(code)
  })
})
