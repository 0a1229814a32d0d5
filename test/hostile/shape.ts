import { z } from 'zod'
import { type Dice, pick } from '../crash/dice.ts'

/** A JSON schema, as far as a good example is made of it. */
type Schema = {
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, Schema>>
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly allOf?: readonly Schema[]
  readonly type?: string | readonly string[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly examples?: readonly unknown[]
  readonly format?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: Schema | boolean
  readonly items?: Schema
  readonly minItems?: number
  readonly minimum?: number
  readonly maximum?: number
}

/** What stands at a name where a schema says only that it is a text: `{ template_id: '…', currency: 'IDR' }`. */
export type Known = Readonly<Record<string, unknown>>

export type Place = { readonly path: readonly (string | number)[]; readonly format: string | undefined }
export type Example = { readonly value: unknown; readonly places: readonly Place[] }

/** An input as the route's own schema wants it, and every place in it where something else might stand. */
export function exampleOf(schema: z.ZodType, known: Known, dice: Dice): Example {
  const root = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Schema
  const places: Place[] = []
  const value = make(root, [], { root, known, dice, places })
  return { value, places }
}

/** The names of an object schema's members. */
export function membersOf(schema: z.ZodType): Readonly<Record<string, Schema>> {
  return (z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Schema).properties ?? {}
}

type Making = {
  readonly root: Schema
  readonly known: Known
  readonly dice: Dice
  readonly places: Place[]
}

function make(given: Schema, path: readonly (string | number)[], making: Making): unknown {
  const schema = resolve(given, making)
  making.places.push({ path, format: schema.format })
  const name = String(path.findLast((part) => typeof part === 'string') ?? '')
  if (schema.const !== undefined) return schema.const
  if (schema.enum) return pick(making.dice, schema.enum)
  const type = typeof schema.type === 'object' ? schema.type[0] : schema.type
  switch (type) {
    case 'object':
      return makeObject(schema, path, making)
    case 'array':
      return Array.from({ length: Math.max(1, schema.minItems ?? 0) }, (_, n) =>
        make(schema.items ?? {}, [...path, n], making),
      )
    case 'integer':
    case 'number':
      return Math.max(schema.minimum ?? 1, Math.min(1, schema.maximum ?? 1))
    case 'boolean':
      return making.dice() < 0.5
    default:
      return Object.hasOwn(making.known, name) ? making.known[name] : textOf(schema)
  }
}

function makeObject(schema: Schema, path: readonly (string | number)[], making: Making): object {
  const made: Record<string, unknown> = {}
  for (const [name, member] of Object.entries(schema.properties ?? {})) {
    const isNeeded = schema.required?.includes(name) ?? false
    if (isNeeded || making.dice() < 0.6) made[name] = make(member, [...path, name], making)
  }
  const { additionalProperties: others } = schema
  if (typeof others === 'object') made.name = make(others, [...path, 'name'], making)
  return made
}

function textOf(schema: Schema): unknown {
  if (schema.format === 'date') return '2027-03-01'
  if (schema.format === 'date-time') return '2027-03-01T09:00:00+07:00'
  return schema.examples?.[0] ?? 'Siti'
}

/** Follows references; of several shapes one is meant this time. */
function resolve(given: Schema, making: Making): Schema {
  let schema = given
  for (let step = 0; step < 20; step++) {
    const choices = schema.anyOf ?? schema.oneOf
    if (schema.$ref === '#') schema = making.root
    else if (schema.$ref !== undefined) {
      const { $ref, ...rest } = schema
      schema = { ...making.root.$defs?.[$ref.split('/').at(-1)!], ...rest }
    } else if (schema.allOf?.[0]) schema = { ...schema.allOf[0] }
    else if (choices) schema = pick(making.dice, choices)
    else break
  }
  return schema
}

/** The example as JSON, with `json` in the place of what stands at `path`. */
export function withJsonAt(value: unknown, path: readonly (string | number)[], json: string): string {
  if (path.length === 0) return json
  const mark = '\u0001hostile\u0001'
  const copy = structuredClone(value) as Record<string | number, unknown>
  let at = copy
  for (const part of path.slice(0, -1)) at = at[part] as Record<string | number, unknown>
  at[path.at(-1)!] = mark
  return JSON.stringify(copy).replace(JSON.stringify(mark), () => json)
}
