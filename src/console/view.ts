import { readdirSync, readFileSync } from 'node:fs'
import Handlebars from 'handlebars'
import { IntlMessageFormat } from 'intl-messageformat'
import { newId } from '../platform/ids.ts'
import { LANGUAGES, type Language, language } from './language.ts'
import { dayOf, groupDigits, grouped, moment, TAGS, TONES } from './show.ts'
import { en, type WordKey, type Words } from './words/en.ts'
import { es } from './words/es.ts'
import { id } from './words/id.ts'

const FOLDER = new URL('../../templates/console/', import.meta.url)
const LAYOUT = 'layout'

const CATALOGUES: Readonly<Record<Language, Words>> = { en, id, es }
const messages = new Map<string, IntlMessageFormat>()

/** Says a text of the catalogue, with its `{figures}` filled in. @throws if there is no such text: that is a bug */
export function say(key: string, facts: Readonly<Record<string, unknown>> = {}): string {
  const spoken = language()
  const text: string | undefined = CATALOGUES[spoken][key as WordKey]
  if (text === undefined) throw new Error(`the catalogue has no text ${key}`)
  return /[{']/.test(text) ? filled(spoken, key, text, facts) : text
}

/** Whether the catalogue has that text. */
export function isSaid(key: string): boolean {
  return Object.hasOwn(en, key)
}

/** A text of the catalogue, or the word itself with spaces where a newer part of the program uses one of its own. */
export function sayOr(key: string, word: string): string {
  return key in en ? say(key) : word.replaceAll('_', ' ')
}

function filled(
  spoken: Language,
  key: string,
  text: string,
  facts: Readonly<Record<string, unknown>>,
): string {
  const name = `${spoken} ${key}`
  const known = messages.get(name)
  const message = known ?? new IntlMessageFormat(text, TAGS[spoken])
  if (!known) messages.set(name, message)
  const values = Object.fromEntries(Object.entries(facts).map(([fact, value]) => [fact, readable(value)]))
  return String(message.format(values))
}

function readable(value: unknown): string | number | bigint {
  if (typeof value === 'number' || typeof value === 'bigint') return value
  return value === undefined || value === null ? '' : String(value)
}

export type Views = {
  /** A whole page. `root` is what the layout needs, beside what the page itself does. */
  page(name: string, root: Readonly<Record<string, unknown>>): string
  /** A part of a page, for a live region. */
  part(name: string, root: Readonly<Record<string, unknown>>): string
}

/** Reads every page and part once. This Handlebars is the console's own: customers' templates never come near it. */
export function openViews(): Views {
  const engine = Handlebars.create()
  engine.unregisterHelper('log')
  engine.registerHelper(HELPERS)
  const views = new Map<string, Handlebars.TemplateDelegate>()
  for (const file of readdirSync(FOLDER).filter((name) => name.endsWith('.hbs'))) {
    const name = file.replace(/\.hbs$/, '')
    const compiled = engine.compile(readFileSync(new URL(file, FOLDER), 'utf8'))
    views.set(name, compiled)
    engine.registerPartial(name, compiled)
  }
  const part = (name: string, root: Readonly<Record<string, unknown>>) => {
    const view = views.get(name)
    if (!view) throw new Error(`there is no view ${name}`)
    return view(root)
  }
  return {
    part,
    page(name, root) {
      const languages = LANGUAGES.map((one) => ({ language: one, current: one === language() }))
      const content = new Handlebars.SafeString(part(name, root))
      return part(LAYOUT, { ...root, content, language: language(), languages })
    },
  }
}

type Options = { readonly hash: Record<string, unknown>; readonly data: { root: { zone?: string } } }

const HELPERS: Handlebars.HelperDeclareSpec = {
  t: (key: string, options: Options) => say(key, options.hash),
  either: (one: unknown, other: unknown) => Boolean(one || other),
  word: (kind: string, word: string) => sayOr(`${kind}.${word}`, word),
  money: (minor: bigint) => grouped(minor),
  num: (value: number | bigint | string) => groupDigits(String(value)),
  when: (instant: string | null, options: Options) => timeElement(instant, options.data.root.zone ?? 'UTC'),
  isoDay: (iso: string | null) => (iso ? dayOf(iso) : '–'),
  tone: (state: string) => (TONES as Readonly<Record<string, string>>)[state] ?? 'idle',
  eq: (one: unknown, other: unknown) => one === other,
  once: () => newId(),
  join: (...parts: unknown[]) => parts.slice(0, -1).join(''),
}

function timeElement(instant: string | null, zone: string): Handlebars.SafeString | string {
  if (!instant) return '–'
  const iso = new Date(instant).toISOString()
  return new Handlebars.SafeString(
    `<time datetime="${iso}">${Handlebars.escapeExpression(moment(iso, zone))}</time>`,
  )
}
