/** What a contact offers a template: values by variable name. Text as it stood, ISO days, plain decimals. */
export type Variables = Readonly<Record<string, unknown>>

/** The longest variable name that a template may use. */
export const VARIABLE_NAME_MAX_CHARS = 64
/** The longest single value that will be printed; a message holds 1,024 characters in all. */
const VALUE_MAX_CHARS = 4_096

const NAME = /^(?=.*\p{L})[\p{L}\p{N}][\p{L}\p{N}_]*$/u
const PLAIN_NAME = /^[a-z][a-z0-9_]*$/
const RESERVED = new Set([
  ...Object.getOwnPropertyNames(Object.prototype).map((name) => name.toLowerCase()),
  ...['this', 'prototype', 'null', 'undefined', 'true', 'false'],
  ...['if', 'else', 'unless', 'each', 'with', 'lookup', 'log', 'helpermissing', 'blockhelpermissing'],
])

// Control signs other than line breaks and tabs, and halves of a surrogate pair: no channel carries them.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
export const UNPRINTABLE = /[\u0000-\u0008\u000e-\u001f\u007f]|\p{Cs}/u
const VISIBLE = /[^\s\u200b-\u200f\u2060\ufeff]/
const NOT_ONE_LINE = /[\t\n\v\f\r\u0085\u2028\u2029]| {4}/
const BREAKS_AND_RUNS = / *[\t\n\v\f\r\u0085\u2028\u2029][\s\u0085]*| {4,}/g

/**
 * The one spelling of a variable's name: lower case, without accents, `-` read as `_`. So `{{Name}}`, `{{name}}` and
 * a column `NAME` are the same variable, and so are `año` and `ano`. Returns undefined for what cannot be a name:
 * no letter in it, a leading `_`, other signs, more than 64 characters, or a word of the language
 * (`this`, `if`) or of JavaScript's prototypes (`constructor`, `__proto__`).
 */
export function variableName(text: string): string | undefined {
  if (text.length > VARIABLE_NAME_MAX_CHARS * 2) return undefined
  const name = PLAIN_NAME.test(text) ? text : foldName(text)
  return name.length <= VARIABLE_NAME_MAX_CHARS && NAME.test(name) && !RESERVED.has(name) ? name : undefined
}

function foldName(text: string): string {
  return text
    .trim()
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}+/gu, '')
    .replaceAll('-', '_')
}

/** A value that stands there but is no text: an object, a list, a broken string. */
export const NOT_TEXT: unique symbol = Symbol('not text')

/**
 * Reads one variable as a single line of text: line breaks and tabs become a space, runs of four and more spaces
 * become one, the ends are trimmed, since a WhatsApp parameter may hold none of them. Undefined when it is
 * missing or blank. Only own properties are looked at, by the exact name first, then by its folded spelling.
 */
export function variableText(variables: Variables, name: string): string | undefined | typeof NOT_TEXT {
  const value = ownValue(variables, name)
  const text = typeof value === 'string' ? value : plainText(value)
  if (text === undefined || text === NOT_TEXT) return text
  if (text.length > VALUE_MAX_CHARS || UNPRINTABLE.test(text)) return NOT_TEXT
  return VISIBLE.test(text) ? oneLine(text).trim() : undefined
}

/** Joins lines and collapses long runs of spaces: what WhatsApp refuses in a parameter (error 132018). */
export function oneLine(text: string): string {
  return NOT_ONE_LINE.test(text) ? text.replace(BREAKS_AND_RUNS, ' ') : text
}

function ownValue(variables: Variables, name: string): unknown {
  if (Object.hasOwn(variables, name)) return variables[name]
  for (const key of Object.keys(variables)) {
    if (!PLAIN_NAME.test(key) && variableName(key) === name) return variables[key]
  }
  return undefined
}

function plainText(value: unknown): string | undefined | typeof NOT_TEXT {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'bigint') return String(value)
  // A JSON number is printed as it was written; `1e21` or a NaN never was an amount.
  if (typeof value === 'number' && /^-?\d+(\.\d+)?$/.test(String(value))) return String(value)
  return NOT_TEXT
}
