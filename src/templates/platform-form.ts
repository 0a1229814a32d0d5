import { createHash } from 'node:crypto'
import { ok, type Refusal, type Result, refuse } from '../platform/result.ts'
import type { Expression, TemplateNode } from './language.ts'
import { fillMedia, type HeaderMedia, type MediaHeader, mediaRefusal } from './media-header.ts'
import {
  countChars,
  type Filling,
  fillExpression,
  fillNodes,
  isLonger,
  type RenderReason,
  refusalOf,
  startFilling,
  tooLong,
} from './render.ts'
import { oneLine, type Variables } from './variables.ts'

/** WhatsApp's limits on what one recipient receives (text with its parameters filled in; error 132005 beyond). */
export const BODY_MAX_CHARS = 1_024
export const HEADER_MAX_CHARS = 60
export const URL_MAX_CHARS = 2_000
export const COPY_CODE_MAX_CHARS = 15
export const PLATFORM_NAME_MAX_CHARS = 512

/** A text as the platform keeps it: fixed words around named parameters, `{{due_date}}`. */
export type PlatformPart = {
  /** What is submitted for approval. */
  readonly text: string
  readonly parameters: readonly PlatformParameter[]
  /** Fixed words, or the index of a parameter. */
  readonly segments: readonly (string | number)[]
}

/** One named parameter and what fills it: one tag, or a whole block of the template. */
type PlatformParameter = {
  readonly name: string
  readonly node: Exclude<TemplateNode, { kind: 'text' }>
}

/** A button as the platform keeps it; `parameter` is what differs for each recipient. */
export type PlatformButton =
  | {
      readonly type: 'url'
      readonly text: string
      readonly url: string
      readonly suffix: Expression | undefined
    }
  | { readonly type: 'quick_reply'; readonly text: string }
  | { readonly type: 'phone'; readonly text: string; readonly phone: string }
  | { readonly type: 'copy_code'; readonly text: string; readonly code: readonly TemplateNode[] }

/** A template in the platform's form: the plan by which every recipient's parameters are made. */
export type PlatformForm = {
  readonly language: string
  readonly header: PlatformPart | undefined
  /** In place of a header of words. */
  readonly media?: MediaHeader | undefined
  readonly body: PlatformPart
  readonly footer: string | undefined
  readonly buttons: readonly PlatformButton[]
}

/** One recipient's parameters, as the send call takes them. */
export type TemplateParameters = {
  readonly header: readonly NamedParameter[]
  readonly media?: HeaderMedia
  readonly body: readonly NamedParameter[]
  readonly buttons: readonly ButtonParameter[]
}
type NamedParameter = { readonly name: string; readonly text: string }
/** `text` is a URL's suffix (percent-encoded), a quick reply's payload, or the code to copy. */
type ButtonParameter = {
  readonly index: number
  readonly subType: 'url' | 'quick_reply' | 'copy_code'
  readonly text: string
}

/**
 * The platform's form of a text: every distinct tag becomes one named parameter, and so does every block that stands
 * at the top, since the platform knows no conditions. Line breaks at a block's edges move out of it where all its
 * branches have them, for a parameter may not hold any.
 */
export function platformPart(nodes: readonly TemplateNode[]): PlatformPart {
  const parameters: PlatformParameter[] = []
  const keys = new Map<string, number>()
  const segments: (string | number)[] = []
  for (const node of nodes) {
    if (node.kind === 'text') {
      segments.push(node.text)
    } else {
      const { before, inner, after } =
        node.kind === 'choice' ? hoistBreaks(node) : { before: '', inner: node, after: '' }
      const key = JSON.stringify(inner)
      const index = keys.get(key) ?? parameters.push({ name: freeName(parameters, inner), node: inner }) - 1
      keys.set(key, index)
      segments.push(before, index, after)
    }
  }
  const text = segments
    .map((one) => (typeof one === 'string' ? one : `{{${parameters[one]!.name}}}`))
    .join('')
  return { text, parameters, segments: segments.filter((one) => one !== '') }
}

/** The platform's own name for a template of this name: `Due reminder` → `due_reminder`. Never empty. */
export function platformName(name: string): string {
  const folded = platformWord(name).slice(0, PLATFORM_NAME_MAX_CHARS)
  return folded || `template_${createHash('sha256').update(name).digest('hex').slice(0, 12)}`
}

/**
 * What goes into the send call for one contact. Refused with `missing_variable` or `value_not_usable` as by
 * `render`; with `too_long` (`facts.part`) if header, body, link or code would exceed WhatsApp's limit; with
 * `parameter_not_allowed` if a link button is given a full link to another place. A block that leaves nothing for
 * this contact sends an invisible sign, because the platform refuses an empty parameter.
 */
export function parametersFor(
  form: PlatformForm,
  variables: Variables,
): Result<TemplateParameters, RenderReason> {
  const filled = fillForm(form, variables)
  if (!filled.ok) return filled
  const { header, media, body, buttons } = filled.value
  return ok({
    header: form.header ? named(form.header, header) : [],
    ...(media && { media }),
    body: named(form.body, body),
    buttons: buttons.filter((button) => button !== undefined),
  })
}

/** What one contact will read, part by part. */
export type ShownTemplate = {
  readonly header?: string
  readonly media?: HeaderMedia
  readonly body: string
  readonly footer?: string
  readonly buttons: readonly ShownButton[]
}
type ShownButton = {
  readonly type: PlatformButton['type']
  readonly text: string
  readonly url?: string
  readonly phone?: string
  readonly code?: string
}

/** What the contact will read: the platform's form with this contact's parameters in it. Refused as `parametersFor`. */
export function shownTo(form: PlatformForm, variables: Variables): Result<ShownTemplate, RenderReason> {
  const filled = fillForm(form, variables)
  if (!filled.ok) return filled
  const { header, media, body, buttons } = filled.value
  return ok({
    ...(form.header && { header: join(form.header, header) }),
    ...(media && { media }),
    body: join(form.body, body),
    ...(form.footer !== undefined && { footer: form.footer }),
    buttons: form.buttons.map((button, index) => shownButton(button, buttons[index])),
  })
}

type HoistedBreaks = { before: string; inner: Choice; after: string }
type Choice = Extract<TemplateNode, { kind: 'choice' }>

function hoistBreaks(choice: Choice): HoistedBreaks {
  const before = agreed(breaksAt('start', choice.present), breaksAt('start', choice.absent))
  const present = withoutStart(choice.present, before.length)
  const absent = withoutStart(choice.absent, before.length)
  const after = agreed(breaksAt('end', present), breaksAt('end', absent))
  const inner = {
    ...choice,
    present: withoutEnd(present, after.length),
    absent: withoutEnd(absent, after.length),
  }
  return { before: breaksOnly(before), inner, after: breaksOnly(after) }
}

const BREAKS = { start: /^(?: *\n)+/, end: /(?:\n *)+$/ }

// Undefined where there is nothing at all, which agrees with anything.
function breaksAt(edge: 'start' | 'end', nodes: readonly TemplateNode[]): string | undefined {
  const node = edge === 'start' ? nodes[0] : nodes.at(-1)
  if (!node) return undefined
  return node.kind === 'text' ? (BREAKS[edge].exec(node.text)?.[0] ?? '') : ''
}

function agreed(one: string | undefined, other: string | undefined): string {
  if (one === undefined || other === undefined) return one ?? other ?? ''
  return one === other ? one : ''
}

function withoutStart(nodes: readonly TemplateNode[], chars: number): readonly TemplateNode[] {
  const [first, ...rest] = nodes
  if (chars === 0 || first?.kind !== 'text') return nodes
  return first.text.length === chars ? rest : [{ ...first, text: first.text.slice(chars) }, ...rest]
}

function withoutEnd(nodes: readonly TemplateNode[], chars: number): readonly TemplateNode[] {
  const last = nodes.at(-1)
  if (chars === 0 || last?.kind !== 'text') return nodes
  const rest = nodes.slice(0, -1)
  return last.text.length === chars ? rest : [...rest, { ...last, text: last.text.slice(0, -chars) }]
}

function breaksOnly(text: string): string {
  return text.replaceAll(' ', '')
}

function freeName(taken: readonly PlatformParameter[], node: PlatformParameter['node']): string {
  const variable = node.kind === 'print' ? node.expression.variable : node.variable
  const word = platformWord(variable)
  const base = /^[a-z]/.test(word) ? word : `value_${word}`.replace(/_$/, '')
  for (let count = 1; ; count++) {
    const name = count === 1 ? base : `${base}_${count}`
    if (!taken.some((parameter) => parameter.name === name)) return name
  }
}

function platformWord(text: string): string {
  const plain = text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}+/gu, '')
  return plain.replace(/[^a-z0-9]+/g, '_').replace(/^_+|_+$/g, '')
}

type FilledForm = {
  readonly header: readonly string[]
  readonly media: HeaderMedia | undefined
  readonly body: readonly string[]
  readonly buttons: readonly (ButtonParameter | undefined)[]
}

function fillForm(form: PlatformForm, variables: Variables): Result<FilledForm, RenderReason> {
  const filling = startFilling(variables, form.language)
  const header = form.header ? fillPart(filling, form.header) : []
  const media = form.media && fillMedia(filling, form.media)
  const body = fillPart(filling, form.body)
  const buttons = form.buttons.map((button, index) => fillButton(filling, button, index))
  const refusal =
    refusalOf(filling) ??
    (form.header && lengthRefusal(form.header, header, HEADER_MAX_CHARS, 'header')) ??
    (media && mediaRefusal(media)) ??
    lengthRefusal(form.body, body, BODY_MAX_CHARS, 'body') ??
    buttonRefusal(form.buttons, buttons)
  return refusal ?? ok({ header, media, body, buttons: buttons as (ButtonParameter | undefined)[] })
}

// Zero width space: neither blank to the platform's check nor seen by the reader.
const NOTHING = '\u200b'

function fillPart(filling: Filling, part: PlatformPart): string[] {
  return part.parameters.map(({ node }) => {
    if (node.kind === 'print') return fillExpression(filling, node.expression)
    const text = oneLine(fillNodes(filling, [node]))
    return text.trim() === '' ? NOTHING : text
  })
}

type ElsewhereLink = { readonly elsewhere: true; readonly prefix: string }

function fillButton(
  filling: Filling,
  button: PlatformButton,
  index: number,
): ButtonParameter | ElsewhereLink | undefined {
  switch (button.type) {
    case 'url': {
      if (!button.suffix) return undefined
      const text = urlSuffix(button.url, fillExpression(filling, button.suffix))
      return text === undefined ? { elsewhere: true, prefix: button.url } : { index, subType: 'url', text }
    }
    case 'quick_reply':
      return { index, subType: 'quick_reply', text: button.text }
    case 'copy_code':
      return { index, subType: 'copy_code', text: fillNodes(filling, button.code) }
    case 'phone':
      return undefined
  }
}

/**
 * What follows the fixed part of a link. A value is percent-encoded; a full link that begins with the fixed part gives
 * its rest as it is, being encoded already. Undefined for a full link to another place, which could only break.
 */
function urlSuffix(prefix: string, value: string): string | undefined {
  if (value.startsWith(prefix)) return encodeURI(value.slice(prefix.length)).replaceAll('%25', '%')
  return /^https?:\/\//i.test(value) ? undefined : encodeURIComponent(value)
}

function lengthRefusal(
  part: PlatformPart,
  texts: readonly string[],
  limitChars: number,
  name: string,
): Refusal<RenderReason> | undefined {
  let units = 0
  for (const segment of part.segments)
    units += (typeof segment === 'string' ? segment : texts[segment]!).length
  if (units <= limitChars) return undefined
  const text = join(part, texts)
  return isLonger(text, limitChars) ? tooLong(countChars(text), limitChars, name) : undefined
}

function buttonRefusal(
  buttons: readonly PlatformButton[],
  filled: readonly (ButtonParameter | ElsewhereLink | undefined)[],
): Refusal<RenderReason> | undefined {
  for (const [index, parameter] of filled.entries()) {
    const refusal = parameter && oneButtonRefusal(buttons[index]!, parameter, `buttons[${index}]`)
    if (refusal) return refusal
  }
  return undefined
}

function oneButtonRefusal(
  button: PlatformButton,
  parameter: ButtonParameter | ElsewhereLink,
  part: string,
): Refusal<RenderReason> | undefined {
  if ('elsewhere' in parameter) {
    const message = `The link does not begin with ${parameter.prefix}, which is fixed in the button.`
    return refuse('parameter_not_allowed', message, { part })
  }
  if (button.type === 'url') {
    const chars = button.url.length + parameter.text.length
    return chars > URL_MAX_CHARS ? tooLong(chars, URL_MAX_CHARS, part) : undefined
  }
  const isCode = button.type === 'copy_code' && isLonger(parameter.text, COPY_CODE_MAX_CHARS)
  return isCode ? tooLong(countChars(parameter.text), COPY_CODE_MAX_CHARS, part) : undefined
}

function named(part: PlatformPart, texts: readonly string[]): NamedParameter[] {
  return part.parameters.map(({ name }, index) => ({ name, text: texts[index]! }))
}

function join(part: PlatformPart, texts: readonly string[]): string {
  return part.segments
    .map((segment) =>
      typeof segment === 'string' ? segment : texts[segment] === NOTHING ? '' : texts[segment]!,
    )
    .join('')
}

function shownButton(button: PlatformButton, parameter: ButtonParameter | undefined): ShownButton {
  const { type, text } = button
  switch (button.type) {
    case 'url':
      return { type, text, url: button.url + (parameter?.text ?? '') }
    case 'phone':
      return { type, text, phone: button.phone }
    case 'copy_code':
      return { type, text, code: parameter?.text ?? '' }
    case 'quick_reply':
      return { type, text }
  }
}
