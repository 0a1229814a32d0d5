import { ok, type Result, refuse } from '../platform/result.ts'
import type { Category, Channel, TemplateInput } from './input.ts'
import { limitFaults, templateWarnings } from './limits.ts'
import { platformName, type ShownTemplate, shownTo } from './platform-form.ts'
import type { RenderReason } from './render.ts'
import { type SmsText, smsFaults, smsTextFor, smsWarnings } from './sms.ts'
import { type OpenTemplate, openTemplate, type PartFault, readWords, type TemplateWords } from './template.ts'
import { UNPRINTABLE, type Variables, variableName } from './variables.ts'

/** A template that may be saved. */
export type CheckedTemplate = {
  readonly channel: Channel
  readonly name: string
  readonly platformName: string
  /** As the platform writes it: `en`, `pt_BR`. */
  readonly language: string
  readonly category: Category
  /** What to store of it, and to open it again by. */
  readonly words: TemplateWords
  readonly samples: Readonly<Record<string, string>>
  readonly warnings: readonly PartFault[]
  readonly template: OpenTemplate
}

/**
 * The one door for saving. Refused as `validation_failed` with every fault in `facts.errors`
 * (`{path, code, message, line?, column?}`): what is not in the language, and what WhatsApp would not take. What its
 * reviewers may dislike comes back as warnings.
 */
export function checkTemplate(input: TemplateInput): Result<CheckedTemplate, 'validation_failed'> {
  const channel = input.channel ?? 'whatsapp'
  const language = languageCode(input.language)
  const words = plainWords(input, language ?? 'en')
  const read = readWords(words)
  const faults = [
    ...nameFaults(input.name),
    ...(language === undefined ? [LANGUAGE_FAULT] : []),
    ...('faults' in read ? read.faults : channel === 'sms' ? smsFaults(read) : limitFaults(read)),
    ...sampleFaults(input.samples),
  ]
  if (faults.length > 0 || language === undefined || 'faults' in read) return refuseFaults(faults)
  const samples = plainSamples(input.samples)
  const warnings = channel === 'sms' ? smsWarnings(read, input.category) : templateWarnings(input, read)
  return ok({
    channel,
    name: input.name.trim(),
    platformName: platformName(input.name),
    language,
    category: input.category,
    words,
    samples,
    warnings: [...warnings, ...sampleWarnings(read, samples)],
    template: read,
  })
}

/** What a contact with these values would read, part by part; or which value is missing or cannot be used. */
export function previewTemplate(
  words: TemplateWords,
  variables: Variables,
): Result<ShownTemplate, RenderReason> {
  return shownTo(openTemplate(words).form, variables)
}

/** What a contact with these values would be sent by SMS, and in how many parts. */
export function previewSms(words: TemplateWords, variables: Variables): Result<SmsText, RenderReason> {
  return smsTextFor(openTemplate(words), variables)
}

/** What is stored: one spelling of a header, and no parts that are blank. */
function plainWords({ header, body, footer, buttons }: TemplateInput, language: string): TemplateWords {
  const plainHeader = typeof header === 'string' ? { type: 'text' as const, text: header } : header
  const noHeader = typeof header === 'string' && header.trim() === ''
  return {
    language,
    header: noHeader ? undefined : plainHeader,
    body,
    footer: footer?.trim() === '' ? undefined : footer,
    buttons: buttons?.map(plainButton),
  }
}

type Button = NonNullable<TemplateWords['buttons']>[number]

// A member that its type does not use is dropped: nobody has checked it.
function plainButton({ type, text, url, phone, code }: Button): Button {
  switch (type) {
    case 'url':
      return { type, text, url }
    case 'phone':
      return { type, text, phone }
    case 'copy_code':
      return { type, text, code }
    case 'quick_reply':
      return { type, text }
  }
}

const LANGUAGE = /^([a-z]{2,3})(?:[-_]([a-z]{2}))?$/i
const names = {
  language: new Intl.DisplayNames(['en'], { type: 'language', fallback: 'none' }),
  region: new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' }),
}

/** A language as the platform writes it (`EN-us` → `en_US`), or undefined for none that is known. */
export function languageCode(text: string): string | undefined {
  const match = LANGUAGE.exec(text.trim())
  if (!match) return undefined
  const language = match[1]!.toLowerCase()
  const region = match[2]?.toUpperCase()
  const known = names.language.of(language) && (region === undefined || names.region.of(region))
  if (!known) return undefined
  return region === undefined ? language : `${language}_${region}`
}

const LANGUAGE_FAULT: PartFault = {
  path: 'language',
  code: 'language_unknown',
  message: 'Write the language by its code, such as "id", "es" or "en_US".',
}

function nameFaults(name: string): PartFault[] {
  const broken = /\p{Cc}|\p{Cs}/u.test(name.trim())
  if (name.trim() !== '' && !broken) return []
  return [
    { path: 'name', code: 'name_not_valid', message: 'A name is one line of text that can be printed.' },
  ]
}

function sampleFaults(samples: TemplateInput['samples']): PartFault[] {
  return Object.entries(samples ?? {}).flatMap(([key, value]) => {
    if (variableName(key) !== undefined && !UNPRINTABLE.test(String(value))) return []
    const message = 'A sample is a text that can be printed, under the name of a variable.'
    return [{ path: `samples.${key}`, code: 'sample_not_valid', message }]
  })
}

function refuseFaults(errors: readonly PartFault[]): Result<never, 'validation_failed'> {
  const rest = errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''
  return refuse('validation_failed', `${errors[0]?.message ?? 'Not a template.'}${rest}`, { errors })
}

function plainSamples(samples: TemplateInput['samples']): Record<string, string> {
  const entries = Object.entries(samples ?? {}).map(([key, value]) => [
    variableName(key) ?? key,
    String(value),
  ])
  return Object.fromEntries(entries)
}

function sampleWarnings(template: OpenTemplate, samples: Readonly<Record<string, string>>): PartFault[] {
  if (Object.keys(samples).length === 0) return []
  const shown = shownTo(template.form, samples)
  return shown.ok ? [] : [{ path: 'samples', code: 'samples_not_usable', message: shown.message }]
}
