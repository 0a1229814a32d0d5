import { categoryOfWord, statusOfWord, type TemplateNews } from '../../../templates/index.ts'
import { isRecord, type JsonRecord, maskNumbers, readId, readText } from './shapes.ts'

const NAME_MAX_CHARS = 512
const LANGUAGE_MAX_CHARS = 35
const ID_MAX_CHARS = 128
const REASON_MAX_CHARS = 500
const WORD_MAX_CHARS = 40
const LATEST_SECONDS = 253_402_300_799

/** The account that a webhook's entry names, and when it was written, where it says so. */
export type EntryFacts = { readonly accountId: string; readonly at?: string }

/** Of a webhook's entry: whose it is and of when; undefined where it does not say whose. */
export function entryFacts(entry: JsonRecord): EntryFacts | undefined {
  const accountId = idText(entry.id)
  const at = instantOfSeconds(entry.time)
  if (accountId === undefined) return undefined
  return at === undefined ? { accountId } : { accountId, at }
}

/**
 * What one change of a webhook says of templates. A change is known by its members as well as by its field, since the
 * platform's own examples name the wrong field (a quality update under `message_template_status_update`). Nothing for
 * what names no template, or uses words never heard of: it is kept raw beside this.
 */
export function templateNews(value: unknown, entry: EntryFacts | undefined): TemplateNews[] {
  if (entry === undefined || !isRecord(value)) return []
  const of = identity(value)
  if (of === undefined) return []
  const base = { ...entry, ...of }
  return [
    ...statusNews(value, base),
    ...categoryNews(value, base),
    ...qualityNews(value, base),
    ...componentNews(value, base),
  ]
}

type Base = EntryFacts & { readonly platformId?: string; readonly name?: string; readonly language?: string }

function identity(value: JsonRecord): Omit<Base, keyof EntryFacts> | undefined {
  const platformId = idText(value.message_template_id)
  const name = readId(value.message_template_name, NAME_MAX_CHARS)
  const language = readId(value.message_template_language, LANGUAGE_MAX_CHARS)
  if (platformId === undefined && (name === undefined || language === undefined)) return undefined
  return {
    ...(platformId !== undefined && { platformId }),
    ...(name !== undefined && { name }),
    ...(language !== undefined && { language }),
  }
}

function statusNews(value: JsonRecord, base: Base): TemplateNews[] {
  const status = statusOfWord(value.event)
  if (status === undefined) return []
  const reason = reasonOf(value)
  const told: TemplateNews = { ...base, kind: 'status', status, ...(reason !== undefined && { reason }) }
  const category = categoryOfWord(value.message_template_category)
  return category === undefined ? [told] : [told, { ...base, kind: 'category', category }]
}

/** The platform's longest explanation; `NONE` is its word for none. */
function reasonOf(value: JsonRecord): string | undefined {
  const rejection = isRecord(value.rejection_info) ? value.rejection_info : {}
  const other = isRecord(value.other_info) ? value.other_info : {}
  const parts = [
    readText(rejection.reason, REASON_MAX_CHARS),
    readText(rejection.recommendation, REASON_MAX_CHARS),
    readText(other.description, REASON_MAX_CHARS),
  ].filter((part) => part !== undefined)
  const word = readText(value.reason, REASON_MAX_CHARS)
  if (parts.length === 0 && word !== undefined && word !== 'NONE') parts.push(word)
  return parts.length === 0 ? undefined : maskNumbers(parts.join(' ')).slice(0, REASON_MAX_CHARS)
}

/**
 * A change that is announced names the right category beside the present one; a change that is done names the new one
 * alone.
 */
function categoryNews(value: JsonRecord, base: Base): TemplateNews[] {
  if (value.event !== undefined) return []
  const announced = categoryOfWord(value.correct_category)
  const present = categoryOfWord(value.new_category)
  if (announced !== undefined) {
    const from = instantOfSeconds(value.category_update_timestamp)
    const news: TemplateNews = {
      ...base,
      kind: 'coming_category',
      category: announced,
      ...(from !== undefined && { from }),
    }
    return present === undefined ? [news] : [{ ...base, kind: 'category', category: present }, news]
  }
  return present === undefined ? [] : [{ ...base, kind: 'category', category: present }]
}

function qualityNews(value: JsonRecord, base: Base): TemplateNews[] {
  const quality = readId(value.new_quality_score, WORD_MAX_CHARS)
  return quality === undefined ? [] : [{ ...base, kind: 'quality', quality: quality.toLowerCase() }]
}

function componentNews(value: JsonRecord, base: Base): TemplateNews[] {
  if (value.message_template_element === undefined) return []
  const components = Object.fromEntries(
    ['title', 'element', 'footer', 'buttons'].flatMap((part) => {
      const said = value[`message_template_${part}`]
      return said === undefined ? [] : [[part, said]]
    }),
  )
  return [{ ...base, kind: 'components', components }]
}

function idText(value: unknown): string | undefined {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return String(value)
  return readId(value, ID_MAX_CHARS)
}

function instantOfSeconds(value: unknown): string | undefined {
  const seconds = typeof value === 'string' && /^\d{1,12}$/.test(value) ? Number(value) : value
  if (typeof seconds !== 'number' || !Number.isInteger(seconds)) return undefined
  return seconds > 0 && seconds <= LATEST_SECONDS ? new Date(seconds * 1000).toISOString() : undefined
}
