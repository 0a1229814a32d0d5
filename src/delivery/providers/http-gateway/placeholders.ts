/** The closed list of what a gateway's templates may name; nothing else is ever filled in. */
const NAMES = ['to', 'to_digits', 'from', 'text', 'attempt', 'callback_url', 'encoding'] as const
export type Placeholders = Readonly<Record<(typeof NAMES)[number], string>> & {
  readonly secrets: Readonly<Record<string, string>>
}

const TAG = /\{\{([^{}]*)\}\}/g
const SECRET = /^secret\.([a-z0-9_]{1,64})$/

/** What is wrong with a template text, in sentences. */
export function faultsIn(text: string): string[] {
  const unknown = [...text.matchAll(TAG)].map((match) => match[1]!.trim()).filter((name) => !isKnown(name))
  return unknown.map(
    (name) => `There is no placeholder {{${name}}}. Known: ${NAMES.join(', ')}, secret.NAME.`,
  )
}

/** Fills a text. Values are put in as they are: whoever writes them out encodes them. */
export function fillText(text: string, values: Placeholders): string {
  return text.replace(TAG, (_tag, inner: string) => valueFor(inner.trim(), values))
}

/** Fills every text of a JSON value, keeping its shape. */
export function fillJson(value: unknown, values: Placeholders): unknown {
  if (typeof value === 'string') return fillText(value, values)
  if (Array.isArray(value)) return value.map((item) => fillJson(item, values))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fillJson(item, values)]))
}

/** What a JSON pointer (RFC 6901) points to; undefined where there is nothing. */
export function at(value: unknown, pointer: string): unknown {
  let found = value
  for (const part of pointer.slice(1).split('/')) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return undefined
    found = (found as Record<string, unknown>)[key]
  }
  return found
}

/** A short word as the configuration writes it: texts, numbers and booleans alike. */
export function wordAt(value: unknown, pointer: string | undefined, maxChars = 64): string | undefined {
  const found = pointer === undefined ? undefined : at(value, pointer)
  const text = typeof found === 'number' || typeof found === 'boolean' ? String(found) : found
  return typeof text === 'string' && text !== '' && text.length <= maxChars ? text : undefined
}

function isKnown(name: string): boolean {
  return (NAMES as readonly string[]).includes(name) || SECRET.test(name)
}

function valueFor(name: string, values: Placeholders): string {
  const secret = SECRET.exec(name)?.[1]
  if (secret !== undefined) return Object.hasOwn(values.secrets, secret) ? values.secrets[secret]! : ''
  return isKnown(name) ? values[name as (typeof NAMES)[number]] : ''
}
