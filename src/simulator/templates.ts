import { randomInt } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'
import { type GraphAnswer, graphError } from './graph.ts'
import { isHandle } from './media.ts'
import type { Orders } from './orders.ts'

/** The stand-in's templates: what business accounts have, and what is to be told of them. */
export type Shelf = {
  /** One call of the management API, for the account in the path. `query` is the URL's. */
  handle(method: string, query: URLSearchParams, body: string, orders: Orders): ShelfAnswer
  /** Does as it is told to a template (an event or a category), as the platform would do by itself. */
  order(body: string): ShelfAnswer
  /** The template of an account by which a message is to be sent; undefined for one that was never submitted. */
  find(
    accountId: string,
    template: { readonly name: string; readonly language: string },
  ): Submitted | undefined
}

/** A submitted template; `header` is the type of the file above it, or `none`. */
export type Submitted = { readonly status: string; readonly category: string; readonly header: string }

/** An answer, and the change to post to the account's webhook, if there is one. */
export type ShelfAnswer = GraphAnswer & {
  readonly news?: { readonly accountId: string; readonly change: object }
}

type Kept = {
  readonly id: string
  readonly accountId: string
  readonly name: string
  readonly language: string
  category: string
  status: string
  reason?: string
  readonly parameter_format: string
  readonly components: readonly Component[]
  readonly message_send_ttl_seconds?: number | undefined
}

type Component = z.infer<typeof componentSchema>

const componentSchema = z.looseObject({
  type: z.string(),
  format: z.string().optional(),
  text: z.string().optional(),
  example: z.unknown().optional(),
  buttons: z.array(z.looseObject({ type: z.string() })).optional(),
})

const creationSchema = z.looseObject({
  name: z.string().regex(/^[a-z0-9_]{1,512}$/),
  language: z.string().min(2).max(35),
  category: z.enum(['MARKETING', 'UTILITY', 'AUTHENTICATION']),
  parameter_format: z.enum(['NAMED', 'POSITIONAL']).default('POSITIONAL'),
  components: z.array(componentSchema).min(1),
  message_send_ttl_seconds: z.int().min(-1).optional(),
})

const orderSchema = z.strictObject({
  business_account_id: z.string(),
  name: z.string(),
  language: z.string(),
  event: z.string().optional(),
  reason: z.string().optional(),
  category: z.enum(['MARKETING', 'UTILITY', 'AUTHENTICATION']).optional(),
  quality: z.enum(['GREEN', 'YELLOW', 'RED', 'UNKNOWN']).optional(),
})

const PAGE_DEFAULT = 25
const PAGE_MAX = 100
const EXISTS_SUBCODE = 2_388_024

/** Opens the shelf; with a file, what it held at the end of an earlier run is there again. */
export function openShelf(file?: string): Shelf {
  const kept = new Map<string, Kept>(readShelf(file).map((template) => [keyOf(template), template]))
  const save = () => {
    if (file === undefined) return
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, JSON.stringify([...kept.values()]))
  }
  return {
    handle(method, query, body, orders) {
      if (method === 'GET') return list(kept, query, orders.accountId)
      const answer =
        method === 'POST'
          ? create(kept, body, orders)
          : method === 'DELETE'
            ? remove(kept, query, orders.accountId)
            : graphError(100, 'Unsupported request')
      save()
      return answer
    },
    order(body) {
      const answer = obey(kept, body)
      save()
      return answer
    },
    // Most accounts have submitted nothing, and this is asked for every message.
    find(accountId, template) {
      const found = kept.size === 0 ? undefined : kept.get(keyOf({ ...template, accountId }))
      return found && { status: found.status, category: found.category, header: headerOf(found.components) }
    },
  }
}

function headerOf(components: readonly Component[]): string {
  const format = components.find(({ type }) => type === 'HEADER')?.format ?? 'TEXT'
  return format === 'TEXT' ? 'none' : format.toLowerCase()
}

function readShelf(file: string | undefined): Kept[] {
  try {
    return file === undefined ? [] : (JSON.parse(readFileSync(file, 'utf8')) as Kept[])
  } catch {
    return []
  }
}

function keyOf({ accountId, name, language }: Pick<Kept, 'accountId' | 'name' | 'language'>): string {
  return JSON.stringify([accountId, name, language])
}

function create(kept: Map<string, Kept>, body: string, orders: Orders): ShelfAnswer {
  const parsed = creationSchema.safeParse(parse(body))
  if (!parsed.success) return graphError(100, 'Invalid parameter', parsed.error.issues[0]?.message)
  const request = parsed.data
  const fault = componentFault(request.components, request.parameter_format)
  if (fault !== undefined) return withUserMessage(graphError(100, 'Invalid parameter'), fault)
  const key = keyOf({ ...request, accountId: orders.accountId })
  if (kept.has(key)) return exists()
  const template: Kept = {
    ...request,
    id: String(randomInt(10 ** 14, 2 * 10 ** 14)),
    accountId: orders.accountId,
    status: orders.template_review ? 'PENDING' : 'APPROVED',
  }
  kept.set(key, template)
  const { id, status, category } = template
  return { status: 200, body: JSON.stringify({ id, status, category }) }
}

/** What the platform's form checks: every placeholder has its example, and a text is not nothing. */
function componentFault(components: readonly Component[], format: string): string | undefined {
  if (components.filter(({ type }) => type === 'BODY').length !== 1) return 'A template needs one body.'
  for (const { type, format: kind, text, example, buttons } of components) {
    if (type === 'BODY' && !text) return 'The body needs a text.'
    if (type === 'HEADER' && (kind ?? 'TEXT') !== 'TEXT' && !isHandle(example))
      return 'A header of this format needs the handle of an uploaded example.'
    if ((type === 'BODY' || kind === 'TEXT') && text !== undefined) {
      const names = [...text.matchAll(/\{\{([^}]*)\}\}/g)].map((match) => match[1]!)
      const fault =
        names.length === 0 ? undefined : placeholderFault(names, format, JSON.stringify(example ?? {}))
      if (fault) return fault
    }
    for (const button of buttons ?? [])
      if (typeof button.url === 'string' && button.url.includes('{{') && !Array.isArray(button.example))
        return 'A link with a variable needs an example.'
  }
  return undefined
}

function placeholderFault(names: readonly string[], format: string, example: string): string | undefined {
  const wanted = format === 'NAMED' ? /^[a-z][a-z0-9_]*$/ : /^[1-9]\d*$/
  const wrong = names.find((name) => !wanted.test(name))
  if (wrong !== undefined) return `{{${wrong}}} is no parameter of the format ${format}.`
  if (format === 'NAMED') {
    const missing = names.find((name) => !example.includes(`"param_name":${JSON.stringify(name)}`))
    return missing === undefined ? undefined : `{{${missing}}} has no example.`
  }
  return example === '{}' ? 'The parameters have no examples.' : undefined
}

function exists(): GraphAnswer {
  const answer = graphError(100, 'Invalid parameter')
  const { error } = JSON.parse(answer.body) as { error: object }
  const told = {
    ...error,
    error_subcode: EXISTS_SUBCODE,
    error_user_msg: 'There is already content in this language for this template.',
  }
  return { status: 400, body: JSON.stringify({ error: told }) }
}

function withUserMessage(answer: GraphAnswer, message: string): GraphAnswer {
  const { error } = JSON.parse(answer.body) as { error: object }
  return { ...answer, body: JSON.stringify({ error: { ...error, error_user_msg: message } }) }
}

function list(kept: ReadonlyMap<string, Kept>, query: URLSearchParams, accountId: string): ShelfAnswer {
  const name = query.get('name')
  const all = [...kept.values()].filter(
    (template) => template.accountId === accountId && (name === null || template.name === name),
  )
  const limit = Math.min(PAGE_MAX, Math.max(1, Number(query.get('limit') ?? PAGE_DEFAULT) || PAGE_DEFAULT))
  const from = Math.max(0, Number(query.get('after') ?? 0) || 0)
  const data = all.slice(from, from + limit).map(({ accountId: _account, reason, ...template }) => ({
    ...template,
    ...(reason !== undefined && { rejected_reason: reason }),
  }))
  const isLast = from + limit >= all.length
  const cursors = { before: String(from), after: String(from + data.length) }
  const paging = { cursors, ...(!isLast && { next: `?after=${cursors.after}` }) }
  return { status: 200, body: JSON.stringify({ data, ...(data.length > 0 && { paging }) }) }
}

function remove(kept: Map<string, Kept>, query: URLSearchParams, accountId: string): ShelfAnswer {
  const [name, id] = [query.get('name'), query.get('hsm_id')]
  const gone = [...kept].filter(
    ([, one]) => one.accountId === accountId && one.name === name && (id === null || one.id === id),
  )
  if (gone.length === 0) return graphError(100, 'Invalid parameter', 'No such template.')
  for (const [key] of gone) kept.delete(key)
  return { status: 200, body: '{"success":true}' }
}

function obey(kept: Map<string, Kept>, body: string): ShelfAnswer {
  const parsed = orderSchema.safeParse(parse(body))
  if (!parsed.success) return graphError(100, 'Invalid parameter', parsed.error.issues[0]?.message)
  const { business_account_id: accountId, event, reason, category, quality, ...of } = parsed.data
  const template = kept.get(keyOf({ ...of, accountId }))
  if (!template) return graphError(100, 'Invalid parameter', 'No such template.')
  const change = changeOf(template, { event, reason, category, quality })
  if (event !== undefined) template.status = STATUS_AFTER[event] ?? event
  if (reason !== undefined) template.reason = reason
  if (category !== undefined) template.category = category
  return { status: 200, body: '{"success":true}', news: { accountId, change } }
}

const STATUS_AFTER: Readonly<Record<string, string>> = {
  REINSTATED: 'APPROVED',
  UNPAUSED: 'APPROVED',
  FLAGGED: 'APPROVED',
}

type Order = {
  event: string | undefined
  reason: string | undefined
  category: string | undefined
  quality: string | undefined
}

function changeOf(template: Kept, { event, reason, category, quality }: Order): object {
  const of = {
    message_template_id: Number(template.id),
    message_template_name: template.name,
    message_template_language: template.language,
  }
  if (event !== undefined) {
    const value = {
      event,
      ...of,
      reason: reason ?? 'NONE',
      message_template_category: category ?? template.category,
    }
    return { field: 'message_template_status_update', value }
  }
  if (category !== undefined) {
    const value = { ...of, previous_category: template.category, new_category: category }
    return { field: 'template_category_update', value }
  }
  const value = { ...of, previous_quality_score: 'UNKNOWN', new_quality_score: quality ?? 'UNKNOWN' }
  return { field: 'message_template_quality_update', value }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
