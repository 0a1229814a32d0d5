import type { Expression, TemplateNode } from './language.ts'
import { countChars } from './render.ts'

/** `variable` must have a value for everyone for whom all of `when` holds. An empty `when` is for everyone. */
export type Requirement = { readonly variable: string; readonly when: readonly Condition[] }

/** `variable` has a value (`present`) or is missing or blank. */
export type Condition = { readonly variable: string; readonly present: boolean }

/**
 * What a template needs, exactly: `render` refuses a contact as `missing_variable` if and only if one of these names a
 * variable that is missing while its conditions hold. `{{name}}` needs `name` always; inside `{{#if name}}`
 * nothing is needed; `{{#if discount}}{{until}}{{/if}}` needs `until` of those who have a `discount`.
 */
export function requirements(nodes: readonly TemplateNode[]): Requirement[] {
  const found: Requirement[] = []
  collect(nodes, [], found)
  return found.filter((one, index) => !found.some((other, at) => covers(other, one, at < index)))
}

/** The variables that every contact must have, in the order of the text. */
export function requiredVariables(nodes: readonly TemplateNode[]): string[] {
  return requirements(nodes).flatMap(({ variable, when }) => (when.length === 0 ? [variable] : []))
}

/** The variables that a contact may lack: tested by an `if`, given a default, or needed only by some. */
export function optionalVariables(nodes: readonly TemplateNode[]): string[] {
  const required = new Set(requiredVariables(nodes))
  return allVariables(nodes).filter((variable) => !required.has(variable))
}

/** Every variable that is named, once, in the order of the text. */
function allVariables(nodes: readonly TemplateNode[]): string[] {
  const names = nodes.flatMap((node) => {
    if (node.kind === 'text') return []
    if (node.kind === 'print') return variablesOf(node.expression)
    return [node.variable, ...allVariables(node.present), ...allVariables(node.absent)]
  })
  return [...new Set(names)]
}

function variablesOf({ variable, second }: Expression): string[] {
  return second?.kind === 'variable' ? [variable, second.name] : [variable]
}

function collect(nodes: readonly TemplateNode[], when: readonly Condition[], found: Requirement[]): void {
  for (const node of nodes) {
    if (node.kind === 'print') {
      found.push(...neededBy(node.expression, when))
    } else if (node.kind === 'choice') {
      collectBranch(node.present, { variable: node.variable, present: true }, when, found)
      collectBranch(node.absent, { variable: node.variable, present: false }, when, found)
    }
  }
}

function collectBranch(
  nodes: readonly TemplateNode[],
  condition: Condition,
  when: readonly Condition[],
  found: Requirement[],
): void {
  const known = when.find(({ variable }) => variable === condition.variable)
  if (known && known.present !== condition.present) return
  collect(nodes, known ? when : [...when, condition], found)
}

function neededBy({ format, variable, second }: Expression, when: readonly Condition[]): Requirement[] {
  if (format !== 'default') {
    const needs = second?.kind === 'variable' ? [variable, second.name] : [variable]
    return needs.flatMap((name) => need(name, when))
  }
  if (second?.kind !== 'variable') return []
  const known = when.find((condition) => condition.variable === variable)
  if (known) return known.present ? [] : need(second.name, when)
  return need(second.name, [...when, { variable, present: false }])
}

function need(variable: string, when: readonly Condition[]): Requirement[] {
  const given = when.some((condition) => condition.variable === variable && condition.present)
  return given ? [] : [{ variable, when: when.filter((condition) => condition.variable !== variable) }]
}

function covers(other: Requirement, one: Requirement, earlier: boolean): boolean {
  if (other === one || other.variable !== one.variable) return false
  const weaker = other.when.every((condition) => one.when.some((own) => sameCondition(own, condition)))
  return weaker && (other.when.length < one.when.length || earlier)
}

function sameCondition(one: Condition, other: Condition): boolean {
  return one.variable === other.variable && one.present === other.present
}

/** Names of variables and what they add to a length: `most = constantChars + Σ factors[v] × length of v`. */
export type LengthBound = {
  readonly constantChars: number
  readonly factors: Readonly<Record<string, number>>
}

/**
 * The most characters that a text can have, as a sum that a database can work out for all rows at once: only rows
 * above a limit need be rendered to know. Never too low: of two branches it takes the larger of each part.
 */
export function longest(nodes: readonly TemplateNode[]): LengthBound {
  return nodes.map(longestOf).reduce(addBounds, { constantChars: 0, factors: {} })
}

/** The fewest characters that a text can have for anyone: above a limit, nobody could be sent it. */
export function shortestChars(nodes: readonly TemplateNode[]): number {
  let chars = 0
  for (const node of nodes) {
    if (node.kind === 'text') chars += countChars(node.text)
    else if (node.kind === 'print') chars += 1
    else chars += Math.min(shortestChars(node.present), shortestChars(node.absent))
  }
  return chars
}

/** The bound for one contact, by the lengths of its values. */
export function longestChars(bound: LengthBound, lengthOf: (variable: string) => number): number {
  let chars = bound.constantChars
  for (const [variable, factor] of Object.entries(bound.factors)) chars += factor * lengthOf(variable)
  return chars
}

function longestOf(node: TemplateNode): LengthBound {
  if (node.kind === 'text') return { constantChars: node.text.length, factors: {} }
  if (node.kind === 'choice') return largerBound(longest(node.present), longest(node.absent))
  return longestExpression(node.expression)
}

// A day is longest in words, a grouped figure gains a sign in three and its currency; `ß` becomes `SS`.
const DAY_MAX_CHARS = 60
const MONEY_EXTRA_CHARS = 24

function longestExpression({ format, variable, second }: Expression): LengthBound {
  switch (format) {
    case 'date':
      return { constantChars: DAY_MAX_CHARS, factors: {} }
    case 'money':
    case 'amount':
    case 'number':
      return { constantChars: MONEY_EXTRA_CHARS, factors: { [variable]: 2 } }
    case 'upper':
    case 'lower':
      return { constantChars: 0, factors: { [variable]: 3 } }
    case 'default':
      return largerBound(
        { constantChars: 0, factors: { [variable]: 1 } },
        second?.kind === 'variable'
          ? { constantChars: 0, factors: { [second.name]: 1 } }
          : { constantChars: second?.text.length ?? 0, factors: {} },
      )
    default:
      return { constantChars: 0, factors: { [variable]: 1 } }
  }
}

function addBounds(one: LengthBound, other: LengthBound): LengthBound {
  return mergeBounds(one, other, (a, b) => a + b)
}

function largerBound(one: LengthBound, other: LengthBound): LengthBound {
  return mergeBounds(one, other, Math.max)
}

function mergeBounds(
  one: LengthBound,
  other: LengthBound,
  merge: (a: number, b: number) => number,
): LengthBound {
  const factors: Record<string, number> = { ...one.factors }
  for (const [variable, factor] of Object.entries(other.factors)) {
    factors[variable] = merge(factors[variable] ?? 0, factor)
  }
  return { constantChars: merge(one.constantChars, other.constantChars), factors }
}
