import { ok, type Refusal, type Result, refuse } from '../platform/result.ts'
import { currencyCode, HELPERS, type HelperName, isHelper } from './formats.ts'
import { normaliseSource, parseProgram, type TemplateFault, type TemplateFaultCode } from './syntax.ts'
import { variableName } from './variables.ts'

/** How deep blocks may stand inside each other; `else if` stays on its level. */
export const BLOCK_DEPTH_MAX = 4

/** What one tag prints: a variable as it stands (`text`) or through a helper. */
export type Expression = {
  readonly format: 'text' | HelperName
  readonly variable: string
  readonly second: Argument | undefined
}

/** A helper's second argument: `"IDR"`, or another variable. */
export type Argument =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'variable'; readonly name: string }

/** A template as we understand it. It is interpreted, never compiled: no code is made of a customer's words. */
export type TemplateNode =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'print'; readonly expression: Expression }
  | {
      readonly kind: 'choice'
      readonly variable: string
      readonly present: readonly TemplateNode[]
      readonly absent: readonly TemplateNode[]
    }

export type ParsedTemplate = { readonly source: string; readonly nodes: readonly TemplateNode[] }

/**
 * Reads a template: Handlebars' grammar, of which only this much means anything here: text, comments, `{{name}}`,
 * the helpers of `HELPERS` as `{{helper name}}` or `{{helper name second}}`, and `{{#if name}}…{{else}}…{{/if}}`
 * (also `unless`, `else if`) with one variable, four deep. All else is refused by name, with its line and column
 * (from 1) in `facts` and every other fault in `facts.faults`. Anything but a string is refused before Handlebars sees
 * it, since its parser takes a ready-made tree at its word; so is a text that could keep the parser busy.
 */
export function parseTemplate(text: unknown): Result<ParsedTemplate, TemplateFaultCode> {
  const read = readTemplate(text)
  if (!('faults' in read)) return ok(read)
  return refusalOf(read.faults)
}

function refusalOf(faults: readonly TemplateFault[]): Refusal<TemplateFaultCode> {
  const [{ code, message, line, column }] = faults as [TemplateFault]
  return refuse(code, message, { line, column, faults })
}

/** As `parseTemplate`, with all faults at once, in the order of the text. */
export function readTemplate(text: unknown): ParsedTemplate | { readonly faults: readonly TemplateFault[] } {
  const source = normaliseSource(text)
  if (typeof source !== 'string') return { faults: [source] }
  const program = parseProgram(source)
  if ('code' in program) return { faults: [program] }
  const walk: Walk = { source, faults: [] }
  const nodes = walkStatements(walk, program.body, { depth: 0, absent: [] })
  return walk.faults.length > 0 ? { faults: walk.faults } : { source, nodes }
}

type Walk = { readonly source: string; readonly faults: TemplateFault[] }

/** Where we are: how many blocks deep, and which variables are known to be missing here. */
type Place = { readonly depth: number; readonly absent: readonly string[] }

function walkStatements(walk: Walk, statements: readonly hbs.AST.Statement[], place: Place): TemplateNode[] {
  const nodes: TemplateNode[] = []
  for (const statement of statements) {
    const node = walkStatement(walk, statement, place)
    if (node) nodes.push(node)
  }
  return nodes
}

function walkStatement(walk: Walk, statement: hbs.AST.Statement, place: Place): TemplateNode | undefined {
  switch (statement.type) {
    case 'ContentStatement':
      return walkContent(walk, statement as hbs.AST.ContentStatement)
    case 'CommentStatement':
      return undefined
    case 'MustacheStatement':
      return walkMustache(walk, statement as hbs.AST.MustacheStatement, place)
    case 'BlockStatement':
      return walkBlock(walk, statement as hbs.AST.BlockStatement, place)
    case 'PartialStatement':
    case 'PartialBlockStatement':
      return fault(
        walk,
        statement,
        'partial_not_allowed',
        'Partials ({{> …}}) are not part of this language.',
      )
    default:
      return fault(
        walk,
        statement,
        'decorator_not_allowed',
        'Decorators ({{* …}}) are not part of this language.',
      )
  }
}

function walkContent(walk: Walk, content: hbs.AST.ContentStatement): TemplateNode | undefined {
  if (/\{\{|\}\}/.test(content.value)) {
    const message = 'WhatsApp reads {{ and }} as variables, so a message cannot print them.'
    return fault(walk, content, 'braces_not_allowed', message)
  }
  return content.value === '' ? undefined : { kind: 'text', text: content.value }
}

function walkMustache(
  walk: Walk,
  mustache: hbs.AST.MustacheStatement,
  place: Place,
): TemplateNode | undefined {
  if (!mustache.escaped) {
    const message = 'Write {{name}} with two braces: a message is plain text and nothing is escaped in it.'
    return fault(walk, mustache, 'unescaped_not_allowed', message)
  }
  if (hasNamedArguments(mustache)) return namedArguments(walk, mustache)
  const expression =
    mustache.params.length === 0 ? bareVariable(walk, mustache.path) : helperCall(walk, mustache)
  if (!expression) return undefined
  const name = printedAlways(expression)
  if (name === undefined || !place.absent.includes(name)) return { kind: 'print', expression }
  const message = `"${name}" is printed only where it is missing, so this part could never be sent.`
  return fault(walk, mustache, 'never_present', message)
}

// `{{default a b}}` may well stand where `a` is missing; then it needs `b`.
function printedAlways({ format, variable, second }: Expression): string | undefined {
  if (format !== 'default') return variable
  return second?.kind === 'variable' ? second.name : undefined
}

function bareVariable(walk: Walk, path: hbs.AST.Expression): Expression | undefined {
  const variable = variableArgument(walk, path)
  return variable === undefined ? undefined : { format: 'text', variable, second: undefined }
}

function helperCall(walk: Walk, mustache: hbs.AST.MustacheStatement): Expression | undefined {
  const format = helperName(walk, mustache)
  if (format === undefined) return undefined
  const [first, second] = mustache.params as [hbs.AST.Expression, hbs.AST.Expression?]
  const wanted = HELPERS[format].second === 'required' ? 2 : 1
  if (mustache.params.length !== wanted) {
    const message = `"${format}" takes ${wanted === 1 ? 'one value' : 'two values'}, as in ${HELPERS[format].example}.`
    return fault(walk, mustache, 'helper_arguments', message)
  }
  const variable = variableArgument(walk, first)
  const argument = second && secondArgument(walk, format, second)
  if (variable === undefined || (second && !argument)) return undefined
  return { format, variable, second: argument }
}

function helperName(walk: Walk, mustache: hbs.AST.MustacheStatement): HelperName | undefined {
  const said = sourceOf(walk, mustache.path)
  if (mustache.path.type === 'PathExpression' && isHelper(said)) return said
  const guess = variableName(sourceOf(walk, mustache).replace(/[{}~]/g, '').trim().replace(/\s+/g, '_'))
  const column = guess ? ` If this is one variable, write {{${guess}}}.` : ''
  const message = `"${said}" is not known here. The helpers are ${Object.keys(HELPERS).join(', ')}.${column}`
  return fault(walk, mustache, 'helper_unknown', message)
}

function secondArgument(walk: Walk, helper: HelperName, node: hbs.AST.Expression): Argument | undefined {
  if (node.type === 'PathExpression' || node.type === 'SubExpression') {
    const name = variableArgument(walk, node)
    return name === undefined ? undefined : { kind: 'variable', name }
  }
  const text = literalText(node)
  if (text === undefined) {
    const message = `Write "${sourceOf(walk, node)}" in quotes.`
    return fault(walk, node, 'literal_not_allowed', message)
  }
  return helper === 'money' ? currencyArgument(walk, node, text) : defaultArgument(walk, node, text)
}

function literalText(node: hbs.AST.Expression): string | undefined {
  if (node.type === 'StringLiteral') return (node as hbs.AST.StringLiteral).value
  const { value } = node as hbs.AST.NumberLiteral
  return node.type === 'NumberLiteral' && Number.isSafeInteger(value) ? String(value) : undefined
}

function currencyArgument(walk: Walk, node: hbs.AST.Node, text: string): Argument | undefined {
  const code = currencyCode(text)
  if (code !== undefined) return { kind: 'literal', text: code }
  const message = `"${text}" is no currency; write its three letters, such as "IDR".`
  return fault(walk, node, 'currency_unknown', message)
}

function defaultArgument(walk: Walk, node: hbs.AST.Node, text: string): Argument | undefined {
  if (/\{\{|\}\}/.test(text)) {
    return fault(walk, node, 'braces_not_allowed', 'WhatsApp reads {{ and }} as variables; leave them out.')
  }
  if (text.trim() !== '') return { kind: 'literal', text }
  const message = 'The text to fall back on is blank; use {{#if}} to leave a part out.'
  return fault(walk, node, 'default_blank', message)
}

function variableArgument(walk: Walk, node: hbs.AST.Expression): string | undefined {
  if (node.type === 'SubExpression') {
    return fault(
      walk,
      node,
      'subexpression_not_allowed',
      'A helper inside a helper is not part of this language.',
    )
  }
  if (node.type !== 'PathExpression') return literalInPlaceOfName(walk, node)
  const { data, depth, parts, original } = node as hbs.AST.PathExpression
  if (data || depth > 0 || parts.length !== 1 || original !== parts[0]) {
    const message = `"${sourceOf(walk, node)}" is not a variable; only plain names such as {{name}} are, without dots, slashes or @.`
    return fault(walk, node, 'path_not_allowed', message)
  }
  const name = variableName(parts[0]!)
  if (name !== undefined) return name
  const message = `"${sourceOf(walk, node)}" cannot be a variable's name; use letters, digits and _, beginning with a letter.`
  return fault(walk, node, 'variable_name_not_allowed', message)
}

function literalInPlaceOfName(walk: Walk, node: hbs.AST.Expression): undefined {
  const said = sourceOf(walk, node)
  if (node.type === 'NumberLiteral') {
    const message = `Variables have names here: write {{name}} rather than {{${said}}}.`
    return fault(walk, node, 'positional_variable', message)
  }
  const message = `A variable's name belongs here, not ${said}.`
  return fault(walk, node, 'literal_not_allowed', message)
}

function walkBlock(walk: Walk, block: hbs.AST.BlockStatement, place: Place): TemplateNode | undefined {
  const opening = blockOpening(walk, block, place)
  // The inside is read even when the opening is wrong, so that a writer sees all faults at once.
  const depth = place.depth + 1
  if (depth > BLOCK_DEPTH_MAX) return undefined
  const { variable = '', negated = false } = opening ?? {}
  const absentInside = { depth, absent: variable ? [...place.absent, variable] : place.absent }
  const presentInside = { depth, absent: place.absent.filter((name) => name !== variable) }
  const body = walkProgram(walk, block.program, negated ? absentInside : presentInside)
  const other = negated ? presentInside : absentInside
  const otherwise = walkProgram(
    walk,
    block.inverse,
    isChained(block) ? { ...other, depth: place.depth } : other,
  )
  if (!opening) return undefined
  const [present, absent] = negated ? [otherwise, body] : [body, otherwise]
  return { kind: 'choice', variable, present, absent }
}

type Opening = { readonly variable: string; readonly negated: boolean }

function blockOpening(walk: Walk, block: hbs.AST.BlockStatement, place: Place): Opening | undefined {
  const word = sourceOf(walk, block.path)
  if (word !== 'if' && word !== 'unless') return blockNotAllowed(walk, block, word)
  if (place.depth >= BLOCK_DEPTH_MAX) {
    const message = `Blocks may stand ${BLOCK_DEPTH_MAX} deep inside each other.`
    return fault(walk, block, 'nesting_too_deep', message)
  }
  if (hasNamedArguments(block)) return namedArguments(walk, block)
  if (block.program?.blockParams?.length || block.inverse?.blockParams?.length) {
    const message = 'Block parameters (as |name|) are not part of this language.'
    return fault(walk, block, 'block_parameters_not_allowed', message)
  }
  if (block.params.length !== 1) {
    const message = `{{#${word}}} takes one variable, as in {{#${word} name}}…{{/${word}}}.`
    return fault(walk, block, 'block_argument', message)
  }
  const variable = variableArgument(walk, block.params[0]!)
  return variable === undefined ? undefined : { variable, negated: word === 'unless' }
}

function blockNotAllowed(walk: Walk, block: hbs.AST.BlockStatement, word: string): undefined {
  const message = `"${word}" cannot open a block; the blocks are {{#if name}} and {{#unless name}}.`
  return fault(walk, block, 'block_not_allowed', message)
}

function walkProgram(walk: Walk, program: hbs.AST.Program | undefined, place: Place): TemplateNode[] {
  return program ? walkStatements(walk, program.body, place) : []
}

// `else if` is a block inside the else, to the parser; to its writer it stands on the same level.
function isChained(block: hbs.AST.BlockStatement): boolean {
  return (block.inverse as { chained?: boolean } | undefined)?.chained === true
}

function hasNamedArguments(node: { hash?: hbs.AST.Hash }): boolean {
  return (node.hash?.pairs.length ?? 0) > 0
}

function namedArguments(walk: Walk, node: hbs.AST.Node): undefined {
  const message = 'Named arguments (name=value) are not part of this language.'
  return fault(walk, node, 'named_arguments_not_allowed', message)
}

function fault(walk: Walk, node: hbs.AST.Node, code: TemplateFaultCode, message: string): undefined {
  const { line, column } = node.loc.start
  walk.faults.push({ code, message, line, column: column + 1 })
  return undefined
}

function sourceOf(walk: Walk, node: hbs.AST.Node): string {
  const lines = walk.source.split('\n')
  const { start, end } = node.loc
  const first = lines[start.line - 1] ?? ''
  const text = first.slice(start.column, end.line === start.line ? end.column : undefined)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
