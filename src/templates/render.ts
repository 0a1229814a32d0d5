import { ok, type Refusal, type Result, refuse } from '../platform/result.ts'
import {
  firstName,
  formatAmount,
  formatDay,
  formatMoney,
  formatNumber,
  type HelperName,
  localeOf,
} from './formats.ts'
import type { Argument, Expression, ParsedTemplate, TemplateNode } from './language.ts'
import { NOT_TEXT, type Variables, variableText } from './variables.ts'

/** The longest text that is rendered for any channel; WhatsApp's own limits are smaller and checked by part. */
const OUTPUT_MAX_CHARS = 4_096

export type RenderOptions = { readonly language: string; readonly maxChars?: number }

/** Why a contact cannot be sent this template. */
export type RenderReason = 'missing_variable' | 'value_not_usable' | 'parameter_not_allowed' | 'too_long'

/**
 * Fills a template for one contact. Nothing is escaped: this is the text of a message. Refused, never gapped:
 * - `missing_variable`: `facts.variables` names every variable that is printed here and is missing or blank;
 * - `value_not_usable`: `facts.variable` holds no text, or not what its helper reads (a plain decimal, an ISO day);
 * - `too_long`: more than `maxChars` characters (4,096 unless told), counted as WhatsApp counts them.
 */
export function render(
  template: ParsedTemplate,
  variables: Variables,
  { language, maxChars = OUTPUT_MAX_CHARS }: RenderOptions,
): Result<string, RenderReason> {
  const filling = startFilling(variables, language)
  const text = fillNodes(filling, template.nodes)
  const refusal = refusalOf(filling)
  if (refusal) return refusal
  return isLonger(text, maxChars) ? tooLong(countChars(text), maxChars, 'text') : ok(text)
}

/** One contact's filling of one template, and what went wrong in it so far. */
export type Filling = {
  readonly variables: Variables
  readonly language: string
  missing: string[] | undefined
  fault: { readonly variable: string; readonly needs: string } | undefined
}

/** Begins a filling; several parts of one template share it, so that all missing variables are named at once. */
export function startFilling(variables: Variables, language: string): Filling {
  const isRecord = typeof variables === 'object' && variables !== null && !Array.isArray(variables)
  return { variables: isRecord ? variables : {}, language, missing: undefined, fault: undefined }
}

/** The text of some nodes; what is missing is noted in the filling, and the text then means nothing. */
export function fillNodes(filling: Filling, nodes: readonly TemplateNode[]): string {
  let text = ''
  for (const node of nodes) {
    if (node.kind === 'text') text += node.text
    else if (node.kind === 'print') text += fillExpression(filling, node.expression)
    else text += fillNodes(filling, readText(filling, node.variable) ? node.present : node.absent)
    // Every tag of a short template may print a long value; nothing needs more than what is refused anyway.
    if (text.length > OUTPUT_MAX_CHARS * 2) return text
  }
  return text
}

/** The text of one tag, under the same terms. */
export function fillExpression(filling: Filling, { format, variable, second }: Expression): string {
  const value = readText(filling, variable)
  if (format === 'default') return value ?? argumentText(filling, second)
  if (value === undefined) {
    noteMissing(filling, variable)
    return argumentText(filling, second)
  }
  if (format === 'text') return value
  return formatted(filling, format, value, second) ?? noteFault(filling, variable, NEEDS[format])
}

/** What the filling has to refuse, if anything. */
export function refusalOf({ missing, fault }: Filling): Refusal<RenderReason> | undefined {
  if (missing) {
    const message = `Missing or blank: ${missing.join(', ')}.`
    return refuse('missing_variable', message, { variables: missing })
  }
  if (!fault) return undefined
  const message = `The value of "${fault.variable}" cannot be used: it must be ${fault.needs}.`
  return refuse('value_not_usable', message, { variable: fault.variable, needs: fault.needs })
}

/** The refusal of a text, or of the part of a template called `part`, that came out too long. */
export function tooLong(chars: number, limitChars: number, part: string): Refusal<RenderReason> {
  const message = `The ${part} would have ${chars} characters; the limit is ${limitChars}.`
  return refuse('too_long', message, { part, length: chars, limit: limitChars })
}

/** Characters as WhatsApp counts them: an emoji outside the basic plane is one. */
export function countChars(text: string): number {
  let pairs = 0
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit >= 0xd800 && unit < 0xdc00) pairs++
  }
  return text.length - pairs
}

/** Whether a text has more characters than that; counts only when it must. */
export function isLonger(text: string, limitChars: number): boolean {
  return text.length > limitChars && countChars(text) > limitChars
}

const TEXT_NEEDED = 'one line of text that can be printed'
const NEEDS: Record<HelperName, string> = {
  money: 'a plain decimal such as 1500000.50, with a currency such as IDR',
  amount: 'a plain decimal such as 1500000.50',
  number: 'a plain decimal such as 1500000.50',
  date: 'a day such as 2026-12-31',
  upper: TEXT_NEEDED,
  lower: TEXT_NEEDED,
  first_name: TEXT_NEEDED,
  default: TEXT_NEEDED,
}

function readText(filling: Filling, variable: string): string | undefined {
  const text = variableText(filling.variables, variable)
  if (text !== NOT_TEXT) return text
  noteFault(filling, variable, TEXT_NEEDED)
  return 'x'
}

function argumentText(filling: Filling, argument: Argument | undefined): string {
  if (argument === undefined) return ''
  if (argument.kind === 'literal') return argument.text
  return readText(filling, argument.name) ?? noteMissing(filling, argument.name)
}

function formatted(
  filling: Filling,
  format: Exclude<HelperName, 'default'>,
  value: string,
  second: Argument | undefined,
): string | undefined {
  const { language } = filling
  switch (format) {
    case 'money':
      return formatMoney(value, argumentText(filling, second), language)
    case 'amount':
      return formatAmount(value, language)
    case 'number':
      return formatNumber(value, language)
    case 'date':
      return formatDay(value, language)
    case 'upper':
      return value.toLocaleUpperCase(localeOf(language))
    case 'lower':
      return value.toLocaleLowerCase(localeOf(language))
    case 'first_name':
      return firstName(value)
  }
}

function noteMissing(filling: Filling, variable: string): string {
  filling.missing ??= []
  if (!filling.missing.includes(variable)) filling.missing.push(variable)
  return ''
}

function noteFault(filling: Filling, variable: string, needs: string): string {
  filling.fault ??= { variable, needs }
  return ''
}
