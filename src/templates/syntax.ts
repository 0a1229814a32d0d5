import Handlebars from 'handlebars'
import { UNPRINTABLE } from './variables.ts'

/** Limits of a template's source. Handlebars' parser is only ever given a text within them. */
export const SOURCE_MAX_CHARS = 4_096
export const TAGS_MAX = 100

/** A place in the source, both counted from 1. */
type Position = { readonly line: number; readonly column: number }

/** Why a text is not a template; stable words. */
export type TemplateFaultCode =
  | 'not_text'
  | 'template_too_large'
  | 'too_many_tags'
  | 'control_character'
  | 'syntax'
  | 'unclosed_tag'
  | 'unclosed_block'
  | 'raw_block_not_allowed'
  | 'unescaped_not_allowed'
  | 'partial_not_allowed'
  | 'decorator_not_allowed'
  | 'block_not_allowed'
  | 'block_argument'
  | 'block_parameters_not_allowed'
  | 'nesting_too_deep'
  | 'helper_unknown'
  | 'helper_arguments'
  | 'named_arguments_not_allowed'
  | 'subexpression_not_allowed'
  | 'path_not_allowed'
  | 'positional_variable'
  | 'variable_name_not_allowed'
  | 'literal_not_allowed'
  | 'braces_not_allowed'
  | 'currency_unknown'
  | 'default_blank'
  | 'never_present'

/** One fault with its plain sentence and its place in the source. */
export type TemplateFault = Position & { readonly code: TemplateFaultCode; readonly message: string }

const NOT_TEXT_FAULT: TemplateFault = {
  code: 'not_text',
  message: 'A template must be a text.',
  line: 1,
  column: 1,
}

/** The text with plain line ends and no byte order mark, or why it may not be given to the parser at all. */
export function normaliseSource(text: unknown): string | TemplateFault {
  if (typeof text !== 'string') return NOT_TEXT_FAULT
  const source = text.replace(/^\ufeff/, '').replace(/\r\n?/g, '\n')
  return sourceFault(source) ?? source
}

function sourceFault(source: string): TemplateFault | undefined {
  if (source.length > SOURCE_MAX_CHARS) {
    const message = `A template may hold ${SOURCE_MAX_CHARS} characters; this one has ${source.length}.`
    return { code: 'template_too_large', message, ...positionAt(source, SOURCE_MAX_CHARS) }
  }
  const control = UNPRINTABLE.exec(source)
  if (control) {
    const message = 'There is a sign here that cannot be printed or sent. Remove it, or type the text again.'
    return { code: 'control_character', message, ...positionAt(source, control.index) }
  }
  const tags = [...source.matchAll(/\{\{/g)]
  if (tags.length > TAGS_MAX) {
    const message = `A template may hold ${TAGS_MAX} tags ({{…}}); this one has ${tags.length}.`
    return { code: 'too_many_tags', message, ...positionAt(source, tags[TAGS_MAX]!.index) }
  }
  const raw = source.indexOf('{{{{')
  if (raw === -1) return undefined
  const message = 'Raw blocks ({{{{…}}}}) are not part of this language.'
  return { code: 'raw_block_not_allowed', message, ...positionAt(source, raw) }
}

/** Handlebars' tree of a text that `normaliseSource` let through, or what keeps it from being one. */
export function parseProgram(source: string): hbs.AST.Program | TemplateFault {
  try {
    return Handlebars.parse(source)
  } catch (error) {
    return unclosedTag(source) ?? unclosedBlock(source) ?? syntaxFault(source, error)
  }
}

function unclosedTag(source: string): TemplateFault | undefined {
  for (const { index } of source.matchAll(/\{\{/g)) {
    const rest = source.slice(index + 2)
    const end = rest.indexOf('}}')
    if (rest.startsWith('!')) return undefined
    if (end === -1 || rest.slice(0, end).includes('{{')) {
      const message = 'This tag is opened with {{ and never closed with }}.'
      return { code: 'unclosed_tag', message, ...positionAt(source, index) }
    }
  }
  return undefined
}

function unclosedBlock(source: string): TemplateFault | undefined {
  const open: { word: string; index: number }[] = []
  for (const match of source.matchAll(/\{\{~?(?:#\s*(\w{1,64})|(\/))/g)) {
    if (match[1] !== undefined) open.push({ word: match[1], index: match.index })
    else open.pop()
  }
  const [first] = open
  if (!first) return undefined
  const message = `{{#${first.word}}} is opened here and never closed with {{/${first.word}}}.`
  return { code: 'unclosed_block', message, ...positionAt(source, first.index) }
}

function syntaxFault(source: string, error: unknown): TemplateFault {
  const thrown = error as { message?: unknown; lineNumber?: unknown; column?: unknown }
  const said = String(thrown.message)
  const mismatch = /^(\S{1,64}) doesn't match (\S{1,64})/.exec(said)
  const line =
    typeof thrown.lineNumber === 'number' ? thrown.lineNumber : Number(/on line (\d{1,5})/.exec(said)?.[1])
  const column = typeof thrown.column === 'number' ? thrown.column + 1 : undefined
  const message = mismatch
    ? `{{#${mismatch[1]}}} is closed by {{/${mismatch[2]}}}; close it with {{/${mismatch[1]}}}.`
    : 'This is not a well-formed template: look for a block that is not closed, an {{else}} or {{/if}} too many, or a sign that does not belong inside {{ }}.'
  return { code: 'syntax', message, ...syntaxPosition(source, line, column) }
}

function syntaxPosition(source: string, line: number, column: number | undefined): Position {
  const lines = source.split('\n')
  const at = Number.isInteger(line) ? Math.min(Math.max(line, 1), lines.length) : lines.length
  return { line: at, column: column ?? Math.max(lines[at - 1]!.lastIndexOf('{{'), 0) + 1 }
}

function positionAt(source: string, index: number): Position {
  const before = source.slice(0, index)
  const lineStart = before.lastIndexOf('\n') + 1
  return { line: before.split('\n').length, column: index - lineStart + 1 }
}
