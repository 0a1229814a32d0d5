import { readdirSync, readFileSync } from 'node:fs'
import { unwrap } from '../platform/result.ts'
import { type CheckedTemplate, checkTemplate } from './check.ts'
import { type Category, type TemplateInput, templateInput } from './input.ts'

/** The languages that the starter library is written in. */
export const STARTER_LANGUAGES = ['en', 'id', 'es'] as const
export type StarterLanguage = (typeof STARTER_LANGUAGES)[number]

/** The six reminders in the order of a reminder ladder, and what else the library holds. */
export const REMINDER_KINDS = [
  'friendly',
  'due_date',
  'overdue',
  'follow_up',
  'early_payment',
  'final_notice',
] as const
const STARTER_KINDS = [...REMINDER_KINDS, 'payment_received', 'announcement'] as const
export const STARTER_INDUSTRIES = ['general', 'health', 'home_services', 'finance', 'subscriptions'] as const

export type StarterTemplate = {
  /** The same in every language: `friendly`, `health_overdue`. */
  readonly key: string
  readonly kind: (typeof STARTER_KINDS)[number]
  readonly industry: (typeof STARTER_INDUSTRIES)[number]
  readonly category: Category
  readonly language: StarterLanguage
  /** What to send to `POST /v1/templates`, samples included. */
  readonly input: TemplateInput
  readonly checked: CheckedTemplate
}

const LIBRARY = new URL('../../templates/messages/', import.meta.url)
const FRONT_MATTER = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/
const FIELDS = ['name', 'kind', 'industry', 'category', 'header', 'footer'] as const

let library: readonly StarterTemplate[] | undefined

/**
 * The starter library: every file of `templates/messages/<language>/`, checked as a saved template is. Read once.
 * Throws if a file is not what it should be, since it is part of the program. Amounts are written in the
 * currency of each language's files, or in `currency`.
 */
export function starterTemplates({ currency }: { currency?: string } = {}): readonly StarterTemplate[] {
  library ??= STARTER_LANGUAGES.flatMap(readLanguage)
  return currency === undefined ? library : library.map((starter) => inCurrency(starter, currency))
}

/** One of them by its key and language, or undefined. */
export function starterTemplate(
  key: string,
  language: StarterLanguage,
  options: { currency?: string } = {},
): StarterTemplate | undefined {
  return starterTemplates(options).find((starter) => starter.key === key && starter.language === language)
}

function readLanguage(language: StarterLanguage): StarterTemplate[] {
  const folder = new URL(`${language}/`, LIBRARY)
  const files = readdirSync(folder).filter((file) => file.endsWith('.hbs'))
  return files.sort().map((file) => readStarter(language, file, readFileSync(new URL(file, folder), 'utf8')))
}

function readStarter(language: StarterLanguage, file: string, text: string): StarterTemplate {
  const match = FRONT_MATTER.exec(text.replaceAll('\r\n', '\n'))
  if (!match) throw new Error(`${language}/${file} does not begin with its description between lines of ---`)
  const { fields, samples } = readDescription(`${language}/${file}`, match[1]!)
  const { name, kind, industry, category, header, footer } = fields
  const input = templateInput.parse({
    name,
    language,
    category,
    header,
    body: match[2]!.trim(),
    footer,
    samples,
  })
  return {
    key: file.replace(/\.hbs$/, ''),
    kind: oneOf(STARTER_KINDS, kind, file),
    industry: oneOf(STARTER_INDUSTRIES, industry, file),
    category: input.category,
    language,
    input,
    checked: unwrap(checkTemplate(input)),
  }
}

type Description = {
  fields: Partial<Record<(typeof FIELDS)[number], string>>
  samples: Record<string, string>
}

function readDescription(file: string, text: string): Description {
  const description: Description = { fields: {}, samples: {} }
  for (const line of text.split('\n')) {
    const [, sample, key, value] = /^(sample\.)?([a-z_]+): (.+)$/.exec(line) ?? []
    if (key === undefined || value === undefined) throw new Error(`${file}: cannot read "${line}"`)
    if (sample) description.samples[key] = value
    else description.fields[oneOf(FIELDS, key, file)] = value
  }
  return description
}

function oneOf<Word extends string>(words: readonly Word[], word: string | undefined, file: string): Word {
  const found = words.find((one) => one === word)
  if (found === undefined) throw new Error(`${file}: "${word}" is none of ${words.join(', ')}`)
  return found
}

function inCurrency(starter: StarterTemplate, currency: string): StarterTemplate {
  const body = starter.input.body.replace(/(\{\{money [a-z_]+ )"[A-Z]{3}"/g, `$1${JSON.stringify(currency)}`)
  const input = { ...starter.input, body }
  return { ...starter, input, checked: unwrap(checkTemplate(input)) }
}
