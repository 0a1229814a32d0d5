/**
 * Reading JSON that nobody vouches for. Texts come back storable: PostgreSQL takes neither NUL nor a lone
 * surrogate, in text as in jsonb, and one such character must not cost a whole webhook.
 */
export type JsonRecord = { readonly [key: string]: unknown }

const DEPTH_MAX = 24
const NODES_MAX = 5_000
const LARGEST_CODE = 999_999_999

/** An object that is neither null nor an array. */
export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A list as it stands; anything else is an empty one. */
export function readList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** A text that is not empty, mended to be storable and cut at the limit; undefined for anything else. */
export function readText(value: unknown, maxChars: number): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined
  return storableText(value.length > maxChars ? value.slice(0, maxChars) : value)
}

/** An identifier: storable as it stands and within the limit, or undefined. A cut or mended id would be another's. */
export function readId(value: unknown, maxChars: number): string | undefined {
  if (typeof value !== 'string' || value === '' || value.length > maxChars) return undefined
  return storableText(value) === value ? value : undefined
}

/** An error code: a whole number, or digits in a text. */
export function readCode(value: unknown): number | undefined {
  const code = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value
  return typeof code === 'number' && Number.isInteger(code) && code >= 0 && code <= LARGEST_CODE
    ? code
    : undefined
}

/** The platform's own words, without what may be somebody's number. */
export function maskNumbers(text: string | undefined): string {
  return (text ?? '').replace(/\d{7,}/g, '•••')
}

/** The same value, storable: strange characters replaced; what is nested too deeply or too large becomes a remark. */
export function storable(value: unknown): unknown {
  const budget = { nodes: NODES_MAX }
  if (isStorable(value, DEPTH_MAX, budget)) return value
  return mend(value, DEPTH_MAX, { nodes: NODES_MAX })
}

type Budget = { nodes: number }

const LEFT_OUT = '[left out: too deep or too large; the raw webhook has it]'
const UNSTORABLE = /\0|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/

function isStorable(value: unknown, depthLeft: number, budget: Budget): boolean {
  budget.nodes -= 1
  if (budget.nodes < 0) return false
  if (typeof value === 'string') return !UNSTORABLE.test(value)
  if (typeof value !== 'object' || value === null) return true
  if (depthLeft === 0) return false
  if (Array.isArray(value)) return value.every((item) => isStorable(item, depthLeft - 1, budget))
  return Object.keys(value).every(
    (key) => !UNSTORABLE.test(key) && isStorable((value as JsonRecord)[key], depthLeft - 1, budget),
  )
}

function mend(value: unknown, depthLeft: number, budget: Budget): unknown {
  budget.nodes -= 1
  if (budget.nodes < 0) return LEFT_OUT
  if (typeof value === 'string') return storableText(value)
  if (typeof value !== 'object' || value === null) return value
  if (depthLeft === 0) return LEFT_OUT
  if (Array.isArray(value)) return mendItems(value, depthLeft, budget)
  // fromEntries makes own members, so that a key named __proto__ stays a key.
  return Object.fromEntries(
    mendItems(Object.entries(value), depthLeft, budget, ([key, item]) => [
      storableText(key),
      mend(item, depthLeft - 1, budget),
    ]),
  )
}

function mendItems<Item, Mended = unknown>(
  items: readonly Item[],
  depthLeft: number,
  budget: Budget,
  mendItem: (item: Item) => Mended = (item) => mend(item, depthLeft - 1, budget) as Mended,
): Mended[] {
  const mended: Mended[] = []
  for (const item of items) {
    if (budget.nodes < 0) break
    mended.push(mendItem(item))
  }
  return mended
}

function storableText(text: string): string {
  if (!UNSTORABLE.test(text)) return text
  return Buffer.from(text.replaceAll('\0', '\uFFFD'), 'utf8').toString('utf8')
}
