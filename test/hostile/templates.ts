import { parseTemplate } from '../../src/templates/index.ts'

const WORDS = [
  ...[
    '{{',
    '}}',
    '{{{name}}}',
    '{{{{raw}}}}{{{{/raw}}}}',
    '{{&name}}',
    '{{> partial}}',
    '{{#> layout}}{{/layout}}',
  ],
  ...[
    '{{__proto__}}',
    '{{constructor.constructor}}',
    '{{lookup this "constructor"}}',
    '{{this}}',
    '{{../name}}',
  ],
  ...[
    '{{@root}}',
    '{{#each people}}{{name}}{{/each}}',
    '{{#with name}}x{{/with}}',
    '{{* decorator}}',
    '{{else}}',
  ],
  ...[
    '{{#if}}x{{/if}}',
    '{{#if name}}',
    '{{/if}}',
    '{{#unless name}}x{{/if}}',
    '{{!-- comment --}}',
    '{{! }}',
  ],
  ...[
    '{{money}}',
    '{{money amount "XXX"}}',
    '{{date}}',
    '{{date due_date "x"}}',
    '{{helper name}}',
    '{{name name}}',
  ],
  ...['{{name.first}}', '{{[a b]}}', '{{"name"}}', '{{1}}', '{{true}}', '{{undefined}}', '{{null}}', '{{ }}'],
  ...[
    '\u0000',
    '\u202Eevil',
    '\uD800',
    '\uFEFF{{name}}',
    '#{name}',
    '<%= name %>',
    '<script>alert(1)</script>',
  ],
]
const REPEATED = [
  '{{#if name}}',
  '{{name}}',
  '{{',
  '}}',
  '{',
  'x',
  '\n',
  '\t',
  '{{money amount "IDR"}}',
  '{{!',
]
const TIMES = [10, 101, 1_000, 20_000]

/** More than two hundred templates that are wrong, large, deep or sly. */
export function hostileTemplates(): unknown[] {
  return [
    ...WORDS,
    ...WORDS.map((word) => `Hi {{name}}, ${word} thank you.`),
    ...WORDS.map((word) => `${word}${word}`),
    ...WORDS.map((word) => `{{#if name}}${word}{{/if}}`),
    ...REPEATED.flatMap((word) => TIMES.map((times) => word.repeat(times))),
    ...TIMES.map((depth) => `${'{{#if name}}'.repeat(depth)}x${'{{/if}}'.repeat(depth)}`),
    ...[null, undefined, 7, [], {}, { type: 'Program', body: [] }, true, Symbol.iterator],
  ]
}

export type Checked = { taken: number; refused: number; faults: string[]; slowestMs: number }

const MOST_MS = 100

/** Reads each as it is read before it is saved: taken or refused with a code, and quickly. */
export function saveAll(templates: readonly unknown[]): Checked {
  const checked: Checked = { taken: 0, refused: 0, faults: [], slowestMs: 0 }
  for (const template of templates) {
    const what = `template ${String(template).slice(0, 40)}`
    const startedAt = performance.now()
    try {
      const { ok } = parseTemplate(template)
      if (ok) checked.taken += 1
      else checked.refused += 1
    } catch (error) {
      checked.faults.push(`${what}: ${(error as Error).message}`)
    }
    const first = performance.now() - startedAt
    // On a busy machine a moment may be somebody else's: what is slow is slow twice.
    const ms =
      first > MOST_MS
        ? Math.min(
            first,
            timeOf(() => parseTemplate(template)),
          )
        : first
    checked.slowestMs = Math.max(checked.slowestMs, ms)
    if (ms > MOST_MS) checked.faults.push(`${what}: took ${Math.round(ms)} ms`)
  }
  return checked
}

function timeOf(work: () => void): number {
  const startedAt = performance.now()
  work()
  return performance.now() - startedAt
}
