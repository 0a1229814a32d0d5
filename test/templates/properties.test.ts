import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { unwrap } from '../../src/platform/result.ts'
import {
  HELPERS,
  type HelperName,
  longest,
  longestChars,
  openTemplate,
  parametersFor,
  parseTemplate,
  render,
  requirements,
  shownTo,
} from '../../src/templates/index.ts'

const RUNS = 500
const names = fc.constantFrom('a', 'b', 'c', 'd')
const words = fc
  .string({
    unit: fc.constantFrom('x', 'y', ' ', '\n', '.', 'é', '👋', '<', '&', "'", '$', '\\ ', '}'),
    maxLength: 8,
  })
  .filter((text) => !/\}\}|\{\{|\\$/.test(text))

/** Templates of the language, as a writer would write them. */
const sources = fc.letrec<{ source: string; piece: string; block: string; tag: string }>((tie) => ({
  source: fc.array(tie('piece'), { maxLength: 5 }).map((pieces) => pieces.join(' ')),
  piece: fc.oneof({ maxDepth: 3, withCrossShrink: true }, words, tie('tag'), tie('block')),
  tag: fc.oneof(
    names.map((name) => `{{${name}}}`),
    fc
      .tuple(fc.constantFrom(...(Object.keys(HELPERS) as HelperName[])), names, names)
      .map(([helper, a, b]) => `{{${helper} ${a}${HELPERS[helper].second === 'required' ? ` ${b}` : ''}}}`),
    names.map((name) => `{{default ${name} "x"}}`),
    names.map((name) => `{{money ${name} "IDR"}}`),
  ),
  block: fc
    .tuple(fc.constantFrom('if', 'unless'), names, tie('source'), fc.option(tie('source')))
    .map(
      ([word, name, body, other]) =>
        `{{#${word} ${name}}}${body}${other === null ? '' : `{{else}}${other}`}{{/${word}}}`,
    ),
})).source

const values = fc.dictionary(
  names,
  fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.constantFrom('1500000', '12.5', '-3', '2026-12-01', '2026-02-30', 'IDR', 'ßßß', 'İİ', ' ', ''),
  ),
)
const wild = fc.oneof(values, fc.dictionary(fc.string(), fc.anything()), fc.anything())
const languages = fc.constantFrom('en', 'id', 'es', 'tr', 'ar', 'pt_BR')

describe('for any text and any values', () => {
  it('reading a template never throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), sources, fc.anything()), (text) => {
        const parsed = parseTemplate(text)
        if (!parsed.ok)
          expect(parsed.facts).toMatchObject({ line: expect.any(Number), column: expect.any(Number) })
      }),
      { numRuns: RUNS },
    )
  })

  it('reading near-templates never throws', () => {
    const bits = fc.constantFrom(
      '{{',
      '}}',
      '{{#if a}}',
      '{{/if}}',
      '{{else}}',
      'a',
      '"',
      '{',
      '~',
      '!--',
      '--',
      '(',
      ')',
      '|',
      '=',
      '&',
      '>',
      '*',
      '@',
      '..',
      '/',
      '[',
      ']',
      ' ',
      '\\',
      '\n',
    )
    fc.assert(
      fc.property(fc.array(bits, { maxLength: 30 }), (parts) => {
        expect(typeof parseTemplate(parts.join('')).ok).toBe('boolean')
      }),
      { numRuns: 2_000 },
    )
  })

  it('rendering never throws, and prints neither undefined nor [object Object]', () => {
    fc.assert(
      fc.property(sources, wild, languages, (source, variables, language) => {
        const parsed = parseTemplate(source)
        if (!parsed.ok) return
        const rendered = render(parsed.value, variables as never, { language })
        if (rendered.ok && !/undefined|null|NaN/.test(JSON.stringify(variables) ?? '')) {
          expect(rendered.value).not.toMatch(/undefined|\[object|NaN|null/)
        }
      }),
      { numRuns: RUNS },
    )
  })

  it('a variable is missing exactly when a requirement says so', () => {
    fc.assert(
      fc.property(sources, values, (source, variables) => {
        const parsed = parseTemplate(source)
        if (!parsed.ok) return
        const plain = Object.fromEntries(
          Object.entries(variables).map(([key, text]) => [key, text.replace(/[^ -~]/g, '')]),
        )
        const has = (name: string) => (plain[name] ?? '').trim() !== ''
        const expected = requirements(parsed.value.nodes)
          .filter(
            ({ variable, when }) => !has(variable) && when.every((one) => has(one.variable) === one.present),
          )
          .map(({ variable }) => variable)
        const rendered = render(parsed.value, plain, { language: 'en' })
        const missing =
          !rendered.ok && rendered.reason === 'missing_variable' ? rendered.facts?.variables : []
        expect(new Set(missing as string[])).toEqual(new Set(expected))
      }),
      { numRuns: RUNS },
    )
  })

  it('no text is longer than its bound', () => {
    fc.assert(
      fc.property(sources, values, languages, (source, variables, language) => {
        const parsed = parseTemplate(source)
        if (!parsed.ok) return
        const rendered = render(parsed.value, variables, { language })
        if (!rendered.ok) return
        const bound = longestChars(longest(parsed.value.nodes), (name) => (variables[name] ?? '').length)
        expect(rendered.value.length).toBeLessThanOrEqual(bound)
      }),
      { numRuns: RUNS },
    )
  })

  it('the platform’s form never throws, sends no empty or many-lined parameter, and reads as the text does', () => {
    fc.assert(
      fc.property(sources, values, (body, variables) => {
        if (!parseTemplate(body.trim()).ok) return
        const { form, body: parsed } = openTemplate({ language: 'id', body })
        const parameters = parametersFor(form, variables)
        const shown = shownTo(form, variables)
        expect(shown.ok).toBe(parameters.ok)
        const text = render(parsed, variables, { language: 'id' })
        if (!parameters.ok || !shown.ok) {
          expect(text.ok && text.value.length <= 1_024).toBe(false)
          return
        }
        for (const { name, text } of parameters.value.body) {
          expect(name).toMatch(/^[a-z][a-z0-9_]*$/)
          expect(text).not.toMatch(/[\n\t]| {5}|^\s*$/)
        }
        const squeezed = (said: string) => said.replace(/\s+/g, '')
        expect(squeezed(shown.value.body)).toBe(squeezed(unwrap(text)))
        const sent = parameters.value.body.reduce(
          (said, { name, text }) => said.replaceAll(`{{${name}}}`, () => text.replaceAll('{', '\u0001')),
          form.body.text,
        )
        expect(squeezed(sent.replaceAll('\u0001', '{').replaceAll('\u200b', ''))).toBe(
          squeezed(shown.value.body.replaceAll('\u200b', '')),
        )
      }),
      { numRuns: RUNS },
    )
  })
})
