import type { z } from 'zod'
import { isSoundText } from '../platform/text.ts'
import { type InputError, Problem } from './problem.ts'

export const JSON_MAX_DEPTH = 32

/** Parses what came from outside. @throws Problem `validation_failed` with every fault that was found */
export function parseInput<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const parsed = schema.safeParse(input, { reportInput: true })
  if (!parsed.success) throw invalid(parsed.error.issues.flatMap((issue) => errorsOf(issue)))
  return parsed.data
}

/** More faults than anybody mends at once; the detail says how many there are. */
const MOST_ERRORS = 100

/** The problem for faults in the input. The detail repeats the first for those who read no further. */
export function invalid(errors: readonly InputError[]): Problem {
  const [first] = errors
  const place = first?.path ? `${first.path}: ` : ''
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''
  return new Problem('validation_failed', `${place}${first?.message ?? 'not valid'}${more}`, {
    errors: errors.slice(0, MOST_ERRORS),
  })
}

/**
 * Refuses what no database text can hold, a NUL or half a character, and nesting that no request needs.
 * Walks without recursion: the input decides how deep it is.
 * @throws Problem `validation_failed`
 */
export function refuseBadText(input: unknown): void {
  const fault = faultIn(input)
  if (fault) throw invalid([fault])
}

/** Whether it holds what `refuseBadText` refuses. */
export function holdsBadText(input: unknown): boolean {
  return faultIn(input) !== undefined
}

/** A value, and by which steps it was come to: the path is written only where something is wrong. */
type Step = {
  readonly value: unknown
  readonly key?: string | number
  readonly from?: Step
  readonly depth: number
}

function faultIn(input: unknown): InputError | undefined {
  const waiting: Step[] = [{ value: input, depth: 0 }]
  for (let step = waiting.pop(); step; step = waiting.pop()) {
    const { value, depth } = step
    if (typeof value === 'string' && !isSoundText(value)) return badText(step)
    if (typeof value !== 'object' || value === null) continue
    if (depth >= JSON_MAX_DEPTH) return tooDeep(pathOf(step))
    const isList = Array.isArray(value)
    for (const [key, member] of Object.entries(value)) {
      if (!isList && !isSoundText(key)) return badText(step)
      waiting.push({ value: member, key: isList ? Number(key) : key, from: step, depth: depth + 1 })
    }
  }
  return undefined
}

function pathOf(step: Step): (string | number)[] {
  const path: (string | number)[] = []
  for (let at: Step | undefined = step; at?.key !== undefined; at = at.from) path.unshift(at.key)
  return path
}

/** `['buttons', 0, 'text']` as `buttons[0].text`. */
export function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part, n) => (typeof part === 'number' ? `[${part}]` : `${n ? '.' : ''}${String(part)}`))
    .join('')
}

function badText(step: Step): InputError {
  const message = 'holds a character that no text may hold (NUL or half of a pair).'
  return { path: pathText(pathOf(step)), code: 'invalid_text', message }
}

function tooDeep(path: readonly (string | number)[]): InputError {
  const message = `is nested deeper than ${JSON_MAX_DEPTH} levels.`
  return { path: pathText(path.slice(0, 4)), code: 'too_deep', message }
}

type Issue = z.core.$ZodIssue

function errorsOf(issue: Issue, prefix: readonly PropertyKey[] = []): InputError[] {
  const path = [...prefix, ...issue.path]
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        path: pathText([...path, key]),
        code: 'unknown',
        message: 'is not known here.',
      }))
    case 'invalid_union':
      return unionErrors(issue, path)
    case 'invalid_type':
    case 'invalid_value':
      if (issue.input === undefined)
        return [{ path: pathText(path), code: 'required', message: 'is required.' }]
  }
  return [{ path: pathText(path), code: issue.code, message: issue.message }]
}

/** Of several shapes that all fail, the one that was most nearly meant: the one with the fewest faults. */
function unionErrors(
  issue: Extract<Issue, { code: 'invalid_union' }>,
  path: readonly PropertyKey[],
): InputError[] {
  const branches = issue.errors
    .filter((issues) => issues.length > 0)
    .map((issues) => issues.flatMap((inner) => errorsOf(inner, path)))
    .sort((one, other) => one.length - other.length)
  return branches[0] ?? [{ path: pathText(path), code: issue.code, message: issue.message }]
}
