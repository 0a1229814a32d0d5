import { describe, expect, it } from 'vitest'
import { unwrap } from '../../src/platform/result.ts'
import {
  longest,
  longestChars,
  optionalVariables,
  parseTemplate,
  render,
  requiredVariables,
  requirements,
  shortestChars,
  type Variables,
} from '../../src/templates/index.ts'

const parse = (source: string) => unwrap(parseTemplate(source))
const show = (source: string, variables: Variables, language = 'en') => {
  const rendered = render(parse(source), variables, { language })
  return rendered.ok ? rendered.value : `${rendered.reason} ${JSON.stringify(rendered.facts)}`
}

describe('rendering', () => {
  const siti = {
    name: 'Siti Rahma',
    amount: '1500000',
    due_date: '2026-12-01',
    invoice: 'INV-17',
    blank: '  ',
  }

  it.each([
    ['Hi {{name}}, {{amount}} by {{due_date}}', 'Hi Siti Rahma, 1500000 by 2026-12-01'],
    ['{{NAME}} {{Due-Date}}', 'Siti Rahma 2026-12-01'],
    ['{{#if name}}a{{else}}b{{/if}}', 'a'],
    ['{{#if blank}}a{{else}}b{{/if}}', 'b'],
    ['{{#if nobody}}a{{/if}}.', '.'],
    ['{{#unless nobody}}a{{/unless}}', 'a'],
    ['{{#if nobody}}a{{else if invoice}}b{{else}}c{{/if}}', 'b'],
    ['{{#if name}}{{#if invoice}}{{name}}: {{invoice}}{{/if}}{{/if}}', 'Siti Rahma: INV-17'],
    ['a {{~name~}} b', 'aSiti Rahmab'],
    ['a\n{{#if name}}\nb\n{{/if}}\nc', 'a\nb\nc'],
    ['{{! not for you }}{{name}}', 'Siti Rahma'],
    ['{{upper name}} {{lower name}} {{first_name name}}', 'SITI RAHMA siti rahma Siti'],
    ['{{default nobody "friend"}} {{default name "friend"}}', 'friend Siti Rahma'],
    ['{{default nobody invoice}} {{default blank 0}}', 'INV-17 0'],
  ])('%j prints %j', (source, text) => {
    expect(show(source, siti)).toBe(text)
  })

  it('escapes nothing', () => {
    const variables = { name: `O'Brien & <b>"Söhne"</b>`, other: '{{name}} $& $1 \\' }
    expect(show('{{name}} {{other}}', variables)).toBe(`${variables.name} ${variables.other}`)
  })

  it('names all that is missing or blank, once each', () => {
    const variables = { name: '', invoice: ' \n\t\u00a0\u200b', amount: null }
    expect(show('{{name}} {{invoice}} {{date due_date}} {{name}} {{default a amount}}', variables)).toBe(
      'missing_variable {"variables":["name","invoice","due_date","amount"]}',
    )
  })

  it('asks only for what is printed for this contact', () => {
    const source =
      '{{#if discount}}{{discount}} until {{until}}{{else}}{{#unless vip}}{{reason}}{{/unless}}{{/if}}'
    expect(show(source, { discount: '10%', until: 'Monday' })).toBe('10% until Monday')
    expect(show(source, { discount: '10%' })).toBe('missing_variable {"variables":["until"]}')
    expect(show(source, {})).toBe('missing_variable {"variables":["reason"]}')
    expect(show(source, { vip: 'yes' })).toBe('')
  })

  it('reads own properties only, whatever they are called', () => {
    const inherited = Object.create({ name: 'Eve' }) as Variables
    expect(show('{{name}}', inherited)).toContain('missing_variable')
    const polluted = JSON.parse('{"__proto__":{"name":"Eve"},"constructor":{"name":"Eve"}}') as Variables
    expect(show('{{name}}', polluted)).toContain('missing_variable')
    expect(show('{{length}}', [] as unknown as Variables)).toContain('missing_variable')
    expect(show('{{length}}', 'text' as unknown as Variables)).toContain('missing_variable')
    expect(show('{{name}}', null as unknown as Variables)).toContain('missing_variable')
  })

  it('finds a value under any spelling of its name', () => {
    expect(show('{{ano}} {{due_date}}', { Año: '2026', 'DUE-DATE': 'x' })).toBe('2026 x')
    expect(show('{{name}}', { Name: 'wrong', name: 'right' })).toBe('right')
  })

  it('prints a value as one line', () => {
    const variables = { name: '  Jl. Merdeka 1\r\n\tJakarta\u2028Pusat      10110  ' }
    expect(show('[{{name}}]', variables)).toBe('[Jl. Merdeka 1 Jakarta Pusat 10110]')
    expect(show('[{{name}}]', { name: 'a   b' })).toBe('[a   b]')
  })

  it.each([
    [{ a: 1_500_000 }, '1500000'],
    [{ a: 12.5 }, '12.5'],
    [{ a: 12n }, '12'],
    [{ a: 1e21 }, 'value_not_usable'],
    [{ a: Number.NaN }, 'value_not_usable'],
    [{ a: true }, 'value_not_usable'],
    [{ a: {} }, 'value_not_usable'],
    [{ a: [] }, 'value_not_usable'],
    [{ a: () => 'x' }, 'value_not_usable'],
    [{ a: { toString: () => 'x' } }, 'value_not_usable'],
    [{ a: 'x\u0000y' }, 'value_not_usable'],
    [{ a: 'x\ud83d' }, 'value_not_usable'],
    [{ a: 'x'.repeat(4_097) }, 'value_not_usable'],
  ])('reads %o as %s', (variables, expected) => {
    expect(show('{{a}}', variables)).toMatch(expected)
  })

  it('is cut short before it grows, and says how long it would be', () => {
    const a = 'x'.repeat(4_000)
    expect(show('{{a}}{{a}}', { a })).toContain('too_long')
    expect(show(`${'{{a}}'.repeat(100)}`, { a })).toContain('too_long')
    const short = render(parse('{{a}}'), { a: '👋'.repeat(11) }, { language: 'en', maxChars: 10 })
    expect(short).toMatchObject({ ok: false, reason: 'too_long', facts: { length: 11, limit: 10 } })
    expect(render(parse('{{a}}'), { a: '👋'.repeat(10) }, { language: 'en', maxChars: 10 }).ok).toBe(true)
  })
})

describe('money, figures and days', () => {
  const cases: [string, string, string, string][] = [
    ['{{money v "IDR"}}', '1500000', 'id', 'Rp 1.500.000'],
    ['{{money v "IDR"}}', '1500000.00', 'id', 'Rp 1.500.000'],
    ['{{money v "IDR"}}', '586.33', 'id', 'Rp 586,33'],
    ['{{money v "IDR"}}', '586.5', 'id', 'Rp 586,50'],
    ['{{money v "IDR"}}', '1500000', 'en', 'IDR 1,500,000'],
    ['{{money v "USD"}}', '1234.5', 'en', '$1,234.50'],
    ['{{money v "USD"}}', '0.0014', 'en_US', '$0.0014'],
    ['{{money v "EUR"}}', '1500', 'es', '1.500,00 €'],
    ['{{money v "JPY"}}', '1500', 'en', '¥1,500'],
    ['{{money v "USD"}}', '-3', 'en', '-$3.00'],
    ['{{money v "IDR"}}', '12345678901234567890123.45', 'id', 'Rp 12.345.678.901.234.567.890.123,45'],
    ['{{money v "USD"}}', '0.1', 'en', '$0.10'],
    ['{{money v "USD"}}', '9007199254740993.07', 'en', '$9,007,199,254,740,993.07'],
    ['{{amount v}}', '1500000', 'id', '1.500.000'],
    ['{{amount v}}', '1500000.5', 'id', '1.500.000,50'],
    ['{{amount v}}', '1500', 'es', '1.500'],
    ['{{number v}}', '12345.678', 'en', '12,345.678'],
    ['{{date v}}', '2026-12-01', 'en', 'December 1, 2026'],
    ['{{date v}}', '2026-12-01', 'en_GB', '1 December 2026'],
    ['{{date v}}', '2026-12-01', 'id', '1 Desember 2026'],
    ['{{date v}}', '2026-12-01', 'es', '1 de diciembre de 2026'],
    ['{{date v}}', '2028-02-29', 'id', '29 Februari 2028'],
  ]
  it.each(cases)('%s of %s in %s is %s', (source, v, language, text) => {
    expect(show(source, { v }, language)).toBe(text)
  })

  it.each([
    ['{{money v "IDR"}}', 'Rp 1.500.000'],
    ['{{money v "IDR"}}', '1,500,000'],
    ['{{money v "IDR"}}', '1e6'],
    ['{{money v "IDR"}}', '0x10'],
    ['{{money v "IDR"}}', 'Infinity'],
    ['{{money v "IDR"}}', '9'.repeat(31)],
    ['{{money v "IDR"}}', '.5'],
    ['{{amount v}}', 'free'],
    ['{{number v}}', '１２'],
    ['{{date v}}', '2026-02-30'],
    ['{{date v}}', '2026-13-01'],
    ['{{date v}}', '01/12/2026'],
    ['{{date v}}', '2026-12-01T09:00:00Z'],
    ['{{date v}}', '0000-00-00'],
  ])('%s refuses %j rather than guess', (source, v) => {
    expect(show(source, { v })).toContain('value_not_usable {"variable":"v","needs":')
  })

  it('takes the currency from a column, and refuses one that is none', () => {
    expect(show('{{money v c}}', { v: '5', c: 'usd' })).toBe('$5.00')
    expect(show('{{money v c}}', { v: '5', c: 'dollars' })).toContain('value_not_usable')
    expect(show('{{money v c}}', { v: '5' })).toBe('missing_variable {"variables":["c"]}')
  })
})

describe('the first name', () => {
  it.each([
    ['Siti Rahma', 'Siti'],
    ['Siti', 'Siti'],
    ['Bapak Budi Santoso', 'Budi'],
    ['Dr. H. Ahmad Fauzi, S.Kom', 'Ahmad'],
    ['Sra. Lucía Fernández', 'Lucía'],
    ['Santoso, Budi', 'Santoso'],
    ['PT Maju Jaya', 'PT Maju Jaya'],
    ['Dr.', 'Dr.'],
    [',', ','],
    ["O'Brien", "O'Brien"],
  ])('of %s is %s', (name, first) => {
    expect(show('{{first_name name}}', { name })).toBe(first)
  })
})

describe('what a template needs', () => {
  const needs = (source: string) =>
    requirements(parse(source).nodes).map(({ variable, when }) => {
      const conditions = when.map((condition) => (condition.present ? '' : '!') + condition.variable)
      return conditions.length > 0 ? `${variable} if ${conditions.join(' & ')}` : variable
    })

  it.each([
    ['Hi', []],
    ['{{a}} {{b}} {{a}}', ['a', 'b']],
    ['{{#if a}}{{a}}{{/if}}', []],
    ['{{#if a}}{{a}}{{b}}{{/if}}', ['b if a']],
    ['{{#if a}}{{b}}{{/if}}{{b}}', ['b']],
    ['{{#if a}}{{a}}{{else}}{{b}}{{/if}}', ['b if !a']],
    ['{{#unless a}}{{b}}{{else}}{{a}}{{/unless}}', ['b if !a']],
    ['{{#if a}}{{#if a}}{{b}}{{else}}{{c}}{{/if}}{{/if}}', ['b if a']],
    ['{{#if a}}{{#if b}}{{c}}{{/if}}{{c}}{{/if}}', ['c if a']],
    ['{{default a "x"}}', []],
    ['{{default a b}}', ['b if !a']],
    ['{{#if a}}{{default a b}}{{/if}}', []],
    ['{{#unless a}}{{default a b}}{{/unless}}', ['b if !a']],
    ['{{#if b}}{{default a b}}{{/if}}', []],
    ['{{money a "IDR"}}', ['a']],
    ['{{money a c}}', ['a', 'c']],
  ])('%s needs %j', (source, expected) => {
    expect(needs(source)).toEqual(expected)
  })

  it('tells what is required of everyone from what is not', () => {
    const { nodes } = parse('{{name}} {{#if a}}{{b}}{{/if}} {{default c d}}')
    expect(requiredVariables(nodes)).toEqual(['name'])
    expect(optionalVariables(nodes)).toEqual(['a', 'b', 'c', 'd'])
  })
})

describe('how long it can be', () => {
  it('is a sum over the lengths of the values', () => {
    const { nodes } = parse('Hi {{name}}{{#if note}}, {{note}}{{else}} and welcome{{/if}}')
    expect(longest(nodes)).toEqual({ constantChars: 15, factors: { name: 1, note: 1 } })
    expect(longestChars(longest(nodes), (variable) => variable.length)).toBe(15 + 4 + 4)
    expect(shortestChars(nodes)).toBe(3 + 1 + 3)
  })
})
