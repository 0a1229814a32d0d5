import { describe, expect, it } from 'vitest'
import {
  BLOCK_DEPTH_MAX,
  parseTemplate,
  SOURCE_MAX_CHARS,
  TAGS_MAX,
  variableName,
} from '../../src/templates/index.ts'

const IF = (depth: number, inside: string) =>
  Array.from({ length: depth }, (_, n) => `{{#if v${n}}}`).join('') + inside + '{{/if}}'.repeat(depth)

const ALLOWED: [string, string][] = [
  ['plain words', 'Good morning'],
  ['no words at all', ''],
  ['a variable', 'Hi {{name}}'],
  ['a variable with spaces in its tag', 'Hi {{ name }}'],
  [
    'the example of the public contract',
    'Hi {{name}}, invoice {{invoice}} of {{amount}} is due {{due_date}}',
  ],
  ['a variable in capitals', '{{NAME}}'],
  ['a variable with an accent', '{{año}}'],
  ['a variable in another script', '{{имя}}'],
  ['a variable with a hyphen', '{{due-date}}'],
  ['a variable that begins with a digit', '{{2nd_amount}}'],
  ['variables that are named like helpers', '{{amount}} {{date}} {{number}} {{upper}} {{default}}'],
  ['whitespace control', 'a {{~name~}} b'],
  ['a comment', 'a{{! note }}b'],
  ['a long comment with tags in it', 'a{{!-- {{name}} --}}b'],
  [
    'every helper',
    '{{money a "IDR"}}{{money a cur}}{{amount a}}{{number a}}{{date a}}{{upper a}}{{lower a}}',
  ],
  ['names and defaults', '{{first_name a}}{{default a "x"}}{{default a b}}{{default a 0}}'],
  ['if', '{{#if a}}x{{/if}}'],
  ['if and else', '{{#if a}}x{{else}}y{{/if}}'],
  ['unless', '{{#unless a}}x{{else}}y{{/unless}}'],
  ['a chain of else if longer than the depth', `{{#if a}}1${'{{else if b}}2'.repeat(20)}{{else}}3{{/if}}`],
  ['a caret for else', '{{#if a}}x{{^}}y{{/if}}'],
  ['blocks as deep as allowed', IF(BLOCK_DEPTH_MAX, 'x')],
  ['as many tags as allowed', '{{a}} '.repeat(TAGS_MAX)],
  ['as many characters as allowed', 'x'.repeat(SOURCE_MAX_CHARS)],
  ['emoji and marks that run right to left', '👋🏽 مرحبا {{name}}'],
  ['Windows line ends and a byte order mark', '\ufeffHi\r\n{{name}}\r\nBye'],
  ['single braces', 'a {b} c'],
  ['HTML', '<b>{{name}}</b> & "quotes"'],
]

const REFUSED: [string, unknown, string, number?, number?][] = [
  ['a ready-made tree', { type: 'Program', body: [] }, 'not_text'],
  ['a tree with code in a literal', { type: 'Program', body: [{ type: 'MustacheStatement' }] }, 'not_text'],
  ['a String object', new String('{{a}}'), 'not_text'],
  ['an object that says it is a text', { toString: () => '{{a}}' }, 'not_text'],
  ['a list', ['{{a}}'], 'not_text'],
  ['a number', 7, 'not_text'],
  ['null', null, 'not_text'],
  ['nothing', undefined, 'not_text'],
  ['too long a text', 'x'.repeat(SOURCE_MAX_CHARS + 1), 'template_too_large', 1, SOURCE_MAX_CHARS + 1],
  ['5,000 blocks in each other', '{{#if a}}'.repeat(5_000) + '{{/if}}'.repeat(5_000), 'template_too_large'],
  ['too many tags', '{{a}} '.repeat(TAGS_MAX + 1), 'too_many_tags', 1, TAGS_MAX * 6 + 1],
  ['400 blocks in each other', '{{#if a}}'.repeat(400), 'too_many_tags'],
  ['a NUL', 'a\u0000b', 'control_character', 1, 2],
  ['an escape sign', 'a\nb\u001b[31m', 'control_character', 2, 2],
  ['half a surrogate pair', 'a\ud83d', 'control_character', 1, 2],
  ['an opened tag', 'Hi {{name', 'unclosed_tag', 1, 4],
  ['an opened tag before another', 'Hi {{name, {{invoice}}', 'unclosed_tag', 1, 4],
  ['two braces alone', 'a\nb {{', 'unclosed_tag', 2, 3],
  ['a tag with one closing brace', '{{name}', 'unclosed_tag', 1, 1],
  ['an empty tag', 'x {{}}', 'syntax', 1, 3],
  ['a blank tag', '{{ }}', 'syntax', 1, 1],
  ['an opened block', 'a\n{{#if name}}x', 'unclosed_block', 2, 1],
  ['one of two opened blocks', '{{#if a}}{{#if b}}x{{/if}}', 'unclosed_block', 1, 1],
  ['a closed block that was never opened', 'x{{/if}}', 'syntax', 1, 2],
  ['a block closed by another word', '{{#if a}}x{{/unless}}', 'syntax', 1, 4],
  ['an else alone', '{{else}}', 'syntax', 1, 1],
  ['two elses', '{{#if a}}1{{else}}2{{else}}3{{/if}}', 'syntax'],
  ['closing braces alone', 'a }} b', 'braces_not_allowed'],
  ['an escaped tag', '\\{{name}}', 'braces_not_allowed'],
  ['three braces', 'x {{{name}}}', 'unescaped_not_allowed', 1, 3],
  ['an ampersand', '{{&name}}', 'unescaped_not_allowed', 1, 1],
  ['a raw block', '{{{{raw}}}} {{x}} {{{{/raw}}}}', 'raw_block_not_allowed', 1, 1],
  ['a raw if', '{{{{if a}}}}x{{{{/if}}}}', 'raw_block_not_allowed'],
  ['a partial', '{{> card}}', 'partial_not_allowed', 1, 1],
  ['a partial block', '{{#> card}}x{{/card}}', 'partial_not_allowed'],
  ['a partial whose name is worked out', '{{> (lookup . "x")}}', 'partial_not_allowed'],
  ['an inline partial', '{{#*inline "x"}}y{{/inline}}', 'decorator_not_allowed'],
  ['a decorator', '{{* deco}}', 'decorator_not_allowed'],
  ['each', '{{#each items}}{{this}}{{/each}}', 'block_not_allowed', 1, 1],
  ['each in each', '{{#each a}}{{#each b}}x{{/each}}{{/each}}', 'block_not_allowed'],
  ['with', '{{#with a}}{{b}}{{/with}}', 'block_not_allowed'],
  ['a variable as a block', '{{#name}}x{{/name}}', 'block_not_allowed'],
  ['a variable as an inverse block', '{{^name}}x{{/name}}', 'block_not_allowed'],
  ['blockHelperMissing', '{{#blockHelperMissing a}}x{{/blockHelperMissing}}', 'block_not_allowed'],
  ['block parameters', '{{#if a as |b|}}x{{/if}}', 'block_parameters_not_allowed'],
  ['if of nothing', '{{#if}}x{{/if}}', 'block_argument'],
  ['if of two', '{{#if a b}}x{{/if}}', 'block_argument'],
  ['if of a literal', '{{#if "a"}}x{{/if}}', 'literal_not_allowed'],
  ['if of true', '{{#if true}}x{{/if}}', 'literal_not_allowed'],
  ['if of an expression', '{{#if (eq a b)}}x{{/if}}', 'subexpression_not_allowed', 1, 7],
  ['if of a path', '{{#if a.b}}x{{/if}}', 'path_not_allowed'],
  ['if with an option', '{{#if a includeZero=true}}x{{/if}}', 'named_arguments_not_allowed'],
  ['blocks too deep', `ab${IF(BLOCK_DEPTH_MAX + 1, 'x')}`, 'nesting_too_deep', 1, 3 + 4 * 10],
  ['lookup', '{{lookup a "constructor"}}', 'helper_unknown', 1, 1],
  ['log', '{{log a}}', 'helper_unknown'],
  ['helperMissing', '{{helperMissing a}}', 'helper_unknown'],
  ['a helper of a prototype', '{{toString a}}', 'helper_unknown'],
  ['constructor as a helper', '{{constructor a}}', 'helper_unknown'],
  ['a name of two words', '{{Due Date}}', 'helper_unknown'],
  ['a helper without its second value', '{{money amount}}', 'helper_arguments'],
  ['a helper with too many values', '{{upper a b}}', 'helper_arguments'],
  ['a helper with an option', '{{money a currency="IDR"}}', 'named_arguments_not_allowed'],
  ['a helper in a helper', '{{upper (lower a)}}', 'subexpression_not_allowed'],
  ['deep expressions', `{{upper ${'(a '.repeat(500)}${')'.repeat(500)}}}`, 'subexpression_not_allowed'],
  ['this', '{{this}}', 'path_not_allowed', 1, 3],
  ['a dot', '{{.}}', 'path_not_allowed'],
  ['this in brackets', '{{[this]}}', 'variable_name_not_allowed'],
  ['a member of this', '{{this.name}}', 'path_not_allowed'],
  ['a relative path', '{{./name}}', 'path_not_allowed'],
  ['the parent', '{{../name}}', 'path_not_allowed'],
  ['the root', '{{@root.name}}', 'path_not_allowed'],
  ['data', '{{@index}}', 'path_not_allowed'],
  ['a member', '{{a.b}}', 'path_not_allowed'],
  ['a member by a slash', '{{a/b}}', 'path_not_allowed'],
  ['a member of a prototype', '{{a.constructor.prototype}}', 'path_not_allowed'],
  ['a very long path', `{{${'a.'.repeat(1_900)}a}}`, 'path_not_allowed'],
  ['constructor', 'Hi {{constructor}}', 'variable_name_not_allowed', 1, 6],
  ['constructor in brackets', '{{[constructor]}}', 'variable_name_not_allowed'],
  ['constructor in capitals', '{{CONSTRUCTOR}}', 'variable_name_not_allowed'],
  ['__proto__', '{{__proto__}}', 'variable_name_not_allowed'],
  ['__proto__ in a helper', '{{upper __proto__}}', 'variable_name_not_allowed'],
  ['__proto__ in an if', '{{#if __proto__}}x{{/if}}', 'variable_name_not_allowed'],
  ['__defineGetter__', '{{__defineGetter__}}', 'variable_name_not_allowed'],
  ['prototype', '{{prototype}}', 'variable_name_not_allowed'],
  ['hasOwnProperty', '{{hasOwnProperty}}', 'variable_name_not_allowed'],
  ['toString', '{{toString}}', 'variable_name_not_allowed'],
  ['lookup alone', '{{lookup}}', 'variable_name_not_allowed'],
  ['if alone', '{{if}}', 'variable_name_not_allowed'],
  ['a name with a sign', '{{na$me}}', 'variable_name_not_allowed'],
  ['a name with a space', '{{[due date]}}', 'variable_name_not_allowed'],
  ['a name without a letter', '{{[_1]}}', 'variable_name_not_allowed'],
  ['too long a name', `{{${'n'.repeat(65)}}}`, 'variable_name_not_allowed'],
  ['a number for a name', 'Hi {{1}}', 'positional_variable', 1, 6],
  ['a quoted name', '{{"name"}}', 'literal_not_allowed'],
  ['true', '{{true}}', 'literal_not_allowed'],
  ['null', '{{null}}', 'literal_not_allowed'],
  ['undefined', '{{undefined}}', 'literal_not_allowed'],
  ['a literal in place of a variable', '{{upper "name"}}', 'literal_not_allowed'],
  ['a decimal without quotes', '{{default a 1.5}}', 'literal_not_allowed', 1, 13],
  ['a currency that is none', '{{money a "RUPIAH"}}', 'currency_unknown', 1, 11],
  ['a blank default', '{{default a " "}}', 'default_blank'],
  ['braces in a default', '{{default a "{{b}}"}}', 'braces_not_allowed'],
  ['a variable printed where it is missing', '{{#unless a}}{{a}}{{/unless}}', 'never_present', 1, 14],
  ['a variable printed in its own else', '{{#if a}}x{{else}}{{upper a}}{{/if}}', 'never_present'],
]

describe('the language of templates', () => {
  it.each(ALLOWED)('takes %s', (_what, source) => {
    const parsed = parseTemplate(source)
    expect(parsed.ok ? 'ok' : parsed.message).toBe('ok')
  })

  it.each(REFUSED)('refuses %s', (_what, source, code, line, column) => {
    const parsed = parseTemplate(source)
    if (parsed.ok) return expect(parsed).toHaveProperty('reason', code)
    expect(parsed.reason).toBe(code)
    expect(parsed.message).toMatch(/[.?]$/)
    expect(parsed.facts).toMatchObject({ line: expect.any(Number), column: expect.any(Number) })
    if (line !== undefined) expect(parsed.facts).toMatchObject({ line })
    if (column !== undefined) expect(parsed.facts).toMatchObject({ column })
  })

  it('knows at least sixty hostile templates', () => {
    expect(REFUSED.length).toBeGreaterThanOrEqual(60)
  })

  it('answers any text within its limits in a blink', () => {
    const worst = [
      IF(50, 'x'),
      `{{#if a}}${'{{else if a}}'.repeat(98)}{{/if}}`,
      `{{upper ${'('.repeat(4_000)}`,
      `{{!--${'-'.repeat(4_000)}`,
      '{'.repeat(4_096),
      `{{"${'\\"'.repeat(2_000)}`,
      ` ${'\n'.repeat(4_000)}{{#if a}}`,
      '\\'.repeat(4_000),
      `{{a${' '.repeat(4_000)}`,
    ]
    for (const source of worst) {
      const startMs = performance.now()
      parseTemplate(source)
      expect(performance.now() - startMs).toBeLessThan(250)
    }
  })

  it('names all faults of a text, each in its place', () => {
    const parsed = parseTemplate('{{1}}\n {{a.b}} {{#each c}}{{{d}}}{{/each}}')
    expect(parsed.ok).toBe(false)
    if (parsed.ok) return
    expect(parsed.facts?.faults).toMatchObject([
      { code: 'positional_variable', line: 1, column: 3 },
      { code: 'path_not_allowed', line: 2, column: 4 },
      { code: 'block_not_allowed', line: 2, column: 10 },
      { code: 'unescaped_not_allowed', line: 2, column: 21 },
    ])
  })

  it('says what to write instead', () => {
    const said = (source: string) => {
      const parsed = parseTemplate(source)
      return parsed.ok ? '' : parsed.message
    }
    expect(said('{{Due Date}}')).toContain('write {{due_date}}')
    expect(said('{{1}}')).toContain('{{name}}')
    expect(said('{{#if a}}x{{/unless}}')).toContain('close it with {{/if}}')
    expect(said('{{money amount}}')).toContain('{{money amount "IDR"}}')
  })

  it('is not changed by what was parsed before', () => {
    parseTemplate('{{{{raw}}}}')
    parseTemplate('{{!--')
    parseTemplate('{{#if a}}')
    expect(parseTemplate('Hi {{name}}').ok).toBe(true)
  })
})

describe('the name of a variable', () => {
  it.each([
    ['name', 'name'],
    ['Name', 'name'],
    ['DUE-DATE', 'due_date'],
    ['Año', 'ano'],
    ['Nama', 'nama'],
    ['2nd', '2nd'],
    ['1', undefined],
    ['', undefined],
    ['_x', undefined],
    ['a b', undefined],
    ['a.b', undefined],
    ['constructor', undefined],
    ['__proto__', undefined],
    ['this', undefined],
    ['x'.repeat(64), 'x'.repeat(64)],
    ['x'.repeat(65), undefined],
  ])('%j is %j', (text, name) => {
    expect(variableName(text)).toBe(name)
  })
})
