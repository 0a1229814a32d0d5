import type { TemplateInput } from './input.ts'
import { type Expression, type ParsedTemplate, readTemplate, type TemplateNode } from './language.ts'
import { type MediaHeader, mediaNodes, readMediaHeader } from './media-header.ts'
import { type PlatformButton, type PlatformForm, platformPart } from './platform-form.ts'
import {
  type LengthBound,
  longest,
  optionalVariables,
  type Requirement,
  requiredVariables,
  requirements,
} from './requirements.ts'
import { UNPRINTABLE } from './variables.ts'

/** The words of a template: what is stored of it, and all that is needed to fill it. */
export type TemplateWords = Pick<TemplateInput, 'language' | 'header' | 'body' | 'footer' | 'buttons'>

/** A template read and ready to be filled, as often as wanted. */
export type OpenTemplate = {
  readonly form: PlatformForm
  readonly body: ParsedTemplate
  readonly header: ParsedTemplate | undefined
  /** Needed of every contact, over all parts. */
  readonly requiredVariables: readonly string[]
  /** Named, but needed of some contacts only, or of none. */
  readonly optionalVariables: readonly string[]
  /** What is needed of whom, exactly, over all parts. */
  readonly requirements: readonly Requirement[]
  /** The most characters that the body can have, by the lengths of a contact's values. */
  readonly bodyLength: LengthBound
}

/** One fault or warning: where in the request, a stable word, a plain sentence, and where in that text (from 1). */
export type PartFault = {
  readonly path: string
  readonly code: string
  readonly message: string
  readonly line?: number
  readonly column?: number
}

/** Reads all parts of a template. Faults are those of the language, and of parts that are not what they say they are. */
export function readWords(words: TemplateWords): OpenTemplate | { readonly faults: readonly PartFault[] } {
  const faults: PartFault[] = []
  const header = readHeader(words.header, faults)
  const body = readPart('body', words.body.trim(), faults)
  const footer = readFooter(words.footer, faults)
  const buttons = (words.buttons ?? []).map((button, index) =>
    readButton(button, `buttons[${index}]`, faults),
  )
  if (faults.length > 0) return { faults }
  return openWords(words.language, { ...header, body, footer, buttons: buttons as PlatformButton[] })
}

const OPEN_MAX = 200
const opened = new Map<string, OpenTemplate>()

/**
 * Opens a template that was checked when it was saved, and remembers it: filling it for a million contacts reads it once.
 * Throws if it cannot be read, since then what is stored is not what was saved.
 */
export function openTemplate(words: TemplateWords): OpenTemplate {
  const { language, header, body, footer, buttons } = words
  const key = JSON.stringify([language, header, body, footer, buttons])
  const known = opened.get(key)
  if (known) return known
  const read = readWords(words)
  if ('faults' in read) throw new Error(`A stored template cannot be read: ${JSON.stringify(read.faults)}`)
  if (opened.size >= OPEN_MAX) opened.clear()
  opened.set(key, read)
  return read
}

type Header = {
  readonly header?: ParsedTemplate | undefined
  readonly media?: MediaHeader
}

type Parts = Header & {
  readonly body: ParsedTemplate
  readonly footer: string | undefined
  readonly buttons: readonly PlatformButton[]
}

function openWords(language: string, { header, media, body, footer, buttons }: Parts): OpenTemplate {
  const nodes = [
    ...(header?.nodes ?? []),
    ...mediaNodes(media),
    ...body.nodes,
    ...buttons.flatMap(buttonNodes),
  ]
  return {
    form: {
      language,
      header: header && platformPart(header.nodes),
      media,
      body: platformPart(body.nodes),
      footer,
      buttons,
    },
    header,
    body,
    requiredVariables: requiredVariables(nodes),
    optionalVariables: optionalVariables(nodes),
    requirements: requirements(nodes),
    bodyLength: longest(body.nodes),
  }
}

function buttonNodes(button: PlatformButton): readonly TemplateNode[] {
  if (button.type === 'copy_code') return button.code
  return button.type === 'url' && button.suffix ? [{ kind: 'print', expression: button.suffix }] : []
}

const EMPTY: ParsedTemplate = { source: '', nodes: [] }

function readPart(path: string, text: string, faults: PartFault[]): ParsedTemplate {
  const read = readTemplate(text)
  if (!('faults' in read)) return read
  faults.push(...read.faults.map((fault) => ({ path, ...fault })))
  return EMPTY
}

function readHeader(header: TemplateWords['header'], faults: PartFault[]): Header {
  if (header === undefined) return {}
  if (typeof header === 'string')
    return header.trim() === '' ? {} : { header: readPart('header.text', header.trim(), faults) }
  if (header.type === 'text') return { header: readPart('header.text', header.text?.trim() ?? '', faults) }
  return { media: readMediaHeader(header, (path, text) => readPart(path, text, faults), faults) }
}

function readFooter(footer: string | undefined, faults: PartFault[]): string | undefined {
  if (footer === undefined || footer.trim() === '') return undefined
  const { nodes } = readPart('footer', footer.trim(), faults)
  if (nodes.every((node) => node.kind === 'text')) return nodes.map(({ text }) => text).join('')
  faults.push({
    path: 'footer',
    code: 'footer_variable',
    message: 'A footer is the same for everyone: no variables.',
  })
  return undefined
}

type ButtonInput = NonNullable<TemplateWords['buttons']>[number]

function readButton(button: ButtonInput, path: string, faults: PartFault[]): PlatformButton | undefined {
  const text = readLabel(button, path, faults)
  switch (button.type) {
    case 'quick_reply':
      return { type: 'quick_reply', text }
    case 'phone':
      return readPhone(button, text, path, faults)
    case 'copy_code':
      return readCopyCode(button, text, path, faults)
    case 'url':
      return readLink(button, text, path, faults)
  }
}

// WhatsApp labels a copy-code button itself.
const COPY_CODE_LABEL = 'Copy code'

function readLabel(button: ButtonInput, path: string, faults: PartFault[]): string {
  const text = button.text?.trim() || (button.type === 'copy_code' ? COPY_CODE_LABEL : '')
  if (text === '') {
    faults.push({ path: `${path}.text`, code: 'required', message: 'A button needs a text.' })
  } else if (UNPRINTABLE.test(text)) {
    const message = 'There is a sign here that cannot be printed or sent.'
    faults.push({ path: `${path}.text`, code: 'control_character', message })
  } else if (/\{\{|\}\}/.test(text)) {
    const message = 'The text on a button is the same for everyone: no variables.'
    faults.push({ path: `${path}.text`, code: 'button_text_variable', message })
  }
  return text
}

function readPhone(button: ButtonInput, text: string, path: string, faults: PartFault[]): PlatformButton {
  const phone = button.phone?.trim() ?? ''
  if (!/^\+?\d[\d ()./-]{3,}$/.test(phone)) {
    const message = 'A phone button needs the number to call, such as +622112345678.'
    faults.push({ path: `${path}.phone`, code: phone === '' ? 'required' : 'phone_not_valid', message })
  }
  return { type: 'phone', text, phone }
}

function readCopyCode(button: ButtonInput, text: string, path: string, faults: PartFault[]): PlatformButton {
  const { nodes } = readPart(`${path}.code`, button.code?.trim() ?? '', faults)
  if (!button.code?.trim()) {
    faults.push({ path: `${path}.code`, code: 'required', message: 'A copy-code button needs its code.' })
  }
  return { type: 'copy_code', text, code: nodes }
}

function readLink(button: ButtonInput, text: string, path: string, faults: PartFault[]): PlatformButton {
  const source = button.url?.trim() ?? ''
  const before = faults.length
  const { nodes } = readPart(`${path}.url`, source, faults)
  const [url, suffix] = linkParts(nodes)
  const fault = faults.length > before ? undefined : linkFault(nodes, url, suffix)
  if (fault) faults.push({ path: `${path}.url`, ...fault })
  return { type: 'url', text, url, suffix }
}

function linkParts(nodes: readonly TemplateNode[]): [string, Expression | undefined] {
  const [first, second] = nodes
  const url = first?.kind === 'text' ? first.text : ''
  const last = first?.kind === 'print' ? first : second
  return [url, last?.kind === 'print' ? last.expression : undefined]
}

function linkFault(
  nodes: readonly TemplateNode[],
  url: string,
  suffix: Expression | undefined,
): { code: string; message: string } | undefined {
  if (nodes.length === 0) return { code: 'required', message: 'A link button needs its url.' }
  if (nodes.length > 2 || nodes.some(({ kind }) => kind === 'choice') || (nodes.length === 2 && !suffix)) {
    return { code: 'url_variable_not_last', message: 'A link may hold one variable, at its very end.' }
  }
  if (suffix && !/^https?:\/\/[^/?#]+[/?#]/i.test(url)) {
    const message = 'A link must begin with its fixed address, such as https://pay.example.com/i/{{invoice}}.'
    return { code: 'url_host_variable', message }
  }
  const valid = /^https?:\/\/[^/?#\s]\S*$/i.test(url) && URL.canParse(url)
  return valid
    ? undefined
    : { code: 'url_not_valid', message: 'A link begins with https:// and has no spaces.' }
}
