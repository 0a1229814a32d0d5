import type { Request, RequestHandler, Response } from 'express'
import type { z } from 'zod'
import type { Database } from '../platform/db.ts'
import { type Ok, ok, type Result } from '../platform/result.ts'
import { undoIfRefused } from '../platform/savepoint.ts'
import type { Scope } from '../platform/scope.ts'
import { type Action, allow, type Identity } from '../workspaces/index.ts'
import { type FileAnswer, sendFile, sendProblem } from './answer.ts'
import { identify } from './authorization.ts'
import { readJson } from './body.ts'
import type { ApiHouse } from './house.ts'
import {
  answerOnce,
  hashRequest,
  type OnceOnly,
  readIdempotencyKey,
  type StoredAnswer,
} from './idempotency.ts'
import { invalid, parseInput, refuseBadText } from './input.ts'
import { originOf } from './observe.ts'
import { Problem, type ProblemCode, problemBody, problemOf, statusOf } from './problem.ts'
import { discard, type Form, formReader, type UploadedFile, type UploadLimits } from './upload.ts'

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'

/** A body that is not JSON, as the document describes it. */
export type Download = { readonly download: string }
export type Responses = Readonly<Record<number, z.ZodType | Download | null>>

/** What a route says of itself: the document is made of it, and the tests check every answer against it. */
export type RouteFacts = {
  readonly method: Method
  /** As in the document: `/v1/imports/{id}`. */
  readonly path: string
  readonly tag: string
  readonly summary: string
  readonly description?: string
  readonly permission: Action | 'public'
  readonly query?: z.ZodType
  readonly body?: z.ZodType
  readonly upload?: UploadLimits
  /** For what is not JSON and is read by the route itself. */
  readonly rawBody?: string
  readonly responses: Responses
  /** The words with which its verb may refuse, beside those that every route may. */
  readonly refusals: readonly ProblemCode[]
}

export type Route = { readonly facts: RouteFacts; handlerOf(house: ApiHouse): RequestHandler }

/** The names in braces of a path: `{ id: string }` for `/v1/imports/{id}`. */
export type ParamsOf<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? { readonly [Key in Name]: string } & ParamsOf<Rest>
  : unknown

type Parsed<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined

/** One of the answers that a route declared: its status, and a body of that status' shape. */
export type Answer<Declared extends Responses> = {
  [Status in keyof Declared & number]: Declared[Status] extends z.ZodType
    ? { readonly status: Status; readonly body: z.input<Declared[Status]> }
    : Declared[Status] extends Download
      ? { readonly status: Status; readonly download: FileAnswer }
      : { readonly status: Status }
}[keyof Declared & number]

export type Input<Path extends string, Query, Body, Upload> = {
  readonly scope: Scope
  readonly params: ParamsOf<Path>
  readonly query: Parsed<Query>
  readonly body: Parsed<Body>
  readonly file: Upload extends UploadLimits ? UploadedFile : undefined
  readonly house: ApiHouse
}

/**
 * A route behind the wall: who asks is known and may, the input is parsed, and the handler runs in one transaction of
 * that workspace. On POST an idempotency key is honoured. A refusal undoes what the handler wrote.
 */
export function defineRoute<
  const Path extends string,
  const Declared extends Responses,
  Query extends z.ZodType | undefined = undefined,
  Body extends z.ZodType | undefined = undefined,
  Upload extends UploadLimits | undefined = undefined,
>(spec: {
  readonly method: Method
  readonly path: Path
  readonly tag: string
  readonly summary: string
  readonly description?: string
  readonly permission: Action
  readonly query?: Query
  readonly body?: Body
  readonly upload?: Upload
  readonly responses: Declared
  readonly refusals: readonly ProblemCode[]
  /** The answer holds a secret: where it is kept for an idempotency key it is encrypted. */
  readonly confidential?: boolean
  readonly handler: (input: Input<Path, Query, Body, Upload>) => Promise<Result<Answer<Declared>>>
}): Route {
  const { handler, confidential = false, ...facts } = spec
  return {
    facts: facts as RouteFacts,
    handlerOf: (house) => {
      const readBody = bodyReader(facts as RouteFacts, house)
      return async (request, response) => {
        let answered: SentAnswer
        const identity = await admit(house, request, facts.permission)
        const query = readQuery(request, facts)
        const key = facts.method === 'post' ? readIdempotencyKey(request) : undefined
        const params = readParams(request)
        const { raw, body, file } = await readBody(request, response)
        const work = (scope: Scope) =>
          handler({ scope, params, query, body, file, house } as Input<Path, Query, Body, Upload>)
        try {
          const once = key === undefined ? undefined : await onceOnly(key, identity, request, raw, file)
          const seal = confidential ? house.secrets : undefined
          const cause = causeOf(identity, request)
          answered = await answerIn(house.database, cause, work as Work, once && { ...once, seal })
        } finally {
          await discard(file)
        }
        send(response, answered)
      }
    },
  }
}

/** A route that stands before the wall: no key, no transaction; it reads the request and writes the answer itself. */
export function definePublicRoute(
  spec: Omit<RouteFacts, 'permission'> & {
    readonly handler: (request: Request, response: Response, house: ApiHouse) => Promise<void>
  },
): Route {
  const { handler, ...facts } = spec
  return {
    facts: { ...facts, permission: 'public' },
    handlerOf: (house) => (request, response) => handler(request, response, house),
  }
}

/** A route behind the wall that answers over time: it opens transactions of its own and writes as it goes. */
export function defineStreamRoute<const Path extends string, Query extends z.ZodType | undefined = undefined>(
  spec: Omit<RouteFacts, 'permission' | 'path' | 'query'> & {
    readonly path: Path
    readonly permission: Action
    readonly query?: Query
    readonly handler: (input: StreamInput<Path, Query>) => Promise<void>
  },
): Route {
  const { handler, ...facts } = spec
  return {
    facts: facts as RouteFacts,
    handlerOf: (house) => {
      const readBody = bodyReader(facts as RouteFacts, house)
      return async (request, response) => {
        const identity = await admit(house, request, facts.permission)
        const query = readQuery(request, facts)
        const cause = causeOf(identity, request)
        const params = readParams(request)
        if (request.method === 'HEAD') return sendHead(response, facts.responses)
        await readBody(request, response)
        await handler({ cause, params, query, request, response, house } as StreamInput<Path, Query>)
      }
    },
  }
}

export type StreamInput<Path extends string, Query> = {
  readonly cause: Parameters<Database['within']>[0]
  readonly params: ParamsOf<Path>
  readonly query: Parsed<Query>
  readonly request: Request
  readonly response: Response
  readonly house: ApiHouse
}

/** What a handler gives back: a status that its route declared, and a body of that status' shape, if it has one. */
export function answer<const Status extends number>(status: Status): Ok<{ readonly status: Status }>
export function answer<const Status extends number, Body>(
  status: Status,
  body: Body,
): Ok<{ readonly status: Status; readonly body: Body }>
export function answer(status: number, body?: unknown): Ok<{ status: number; body?: unknown }> {
  return ok(body === undefined ? { status } : { status, body })
}

/** What would take long to make, or never ends, is not made for somebody who only asks what it would be. */
function sendHead(response: Response, responses: Responses): void {
  const declared = responses[200]
  if (declared && 'download' in declared) response.type(declared.download)
  response.status(200).end()
}

/** The path as Express writes it: `/v1/imports/:id`. */
export function expressPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1')
}

async function admit(house: ApiHouse, request: Request, permission: Action): Promise<Identity> {
  await takeTurn(house, `address ${request.ip}`)
  const identity = await identify(house, request)
  await takeTurn(house, identity.actor.name)
  const refusal = allow(identity.actor, permission)
  if (refusal) throw problemOf(refusal)
  return identity
}

/** @throws Problem `rate_limited` for whoever asks more than is reasonable */
async function takeTurn({ limit }: ApiHouse, subject: string): Promise<void> {
  const seconds = await limit.take(subject)
  if (seconds === 0) return
  const detail = `Too many requests. Come again in ${seconds} seconds.`
  throw new Problem('rate_limited', detail, {}, { 'Retry-After': String(seconds) })
}

function causeOf(identity: Identity, request: Request): Parameters<Database['within']>[0] {
  return { ...identity, ...originOf(request) }
}

const PARAM = /^[\w.~-]{1,128}$/

/** Ids are opaque; what cannot be one names nothing, whatever the verb would make of it. */
function readParams(request: Request): Readonly<Record<string, string>> {
  const params = request.params as Record<string, string>
  if (Object.values(params).every((value) => PARAM.test(value))) return params
  throw new Problem('not_found', 'There is nothing under this address.')
}

function readQuery(request: Request, { query }: { readonly query?: z.ZodType | undefined }) {
  refuseBadText(request.query)
  return query ? parseInput(query, request.query) : refuseQuery(request)
}

function refuseQuery(request: Request): undefined {
  const [name] = Object.keys(request.query)
  if (name === undefined) return undefined
  throw invalid([{ path: name, code: 'unknown', message: 'is not known here.' }])
}

type ReadBody = { readonly raw: unknown; readonly body: unknown; readonly file: UploadedFile | undefined }

function bodyReader(facts: RouteFacts, house: ApiHouse) {
  const readForm = facts.upload && formReader(house.uploadDir, facts.upload)
  return async (request: Request, response: Response): Promise<ReadBody> => {
    if (facts.method === 'get') return { raw: undefined, body: undefined, file: undefined }
    if (readForm && facts.upload) return fromForm(await readForm(request, response), facts, facts.upload)
    const raw = await readJson(request, response)
    return {
      raw: raw ?? {},
      body: facts.body ? parseInput(facts.body, raw === undefined ? {} : raw) : refuseBody(raw),
      file: undefined,
    }
  }
}

async function fromForm(form: Form, facts: RouteFacts, limits: UploadLimits): Promise<ReadBody> {
  try {
    if (!form.file) throw invalid([{ path: limits.field, code: 'required', message: 'is required: a file.' }])
    return { raw: form.fields, body: facts.body && parseInput(facts.body, form.fields), file: form.file }
  } catch (error) {
    await discard(form.file)
    throw error
  }
}

/** Where no body is expected, an empty object is as good as none. */
function refuseBody(raw: unknown): undefined {
  if (raw === undefined) return undefined
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
    throw invalid([{ path: '', code: 'invalid_type', message: 'no body is expected here.' }])
  const errors = Object.keys(raw).map((path) => ({ path, code: 'unknown', message: 'is not known here.' }))
  if (errors.length > 0) throw invalid(errors)
  return undefined
}

async function onceOnly(
  key: string,
  identity: Identity,
  request: Request,
  body: unknown,
  file: UploadedFile | undefined,
) {
  const { method, originalUrl: url } = request
  return { key, requestHash: await hashRequest({ actor: identity.actor.name, method, url, body, file }) }
}

type AnyAnswer = { readonly status: number; readonly body?: unknown; readonly download?: FileAnswer }
type Work = (scope: Scope) => Promise<Result<AnyAnswer>>
type SentAnswer = AnyAnswer & { readonly replayed?: boolean }

function answerIn(
  database: Database,
  cause: Parameters<Database['within']>[0],
  work: Work,
  once: OnceOnly | undefined,
): Promise<SentAnswer> {
  return database.within(cause, async (scope) => {
    if (once) return answerOnce(scope, once, () => storable(scope, work))
    const result = await undoIfRefused(scope, work)
    if (!result.ok) throw problemOf(result)
    return result.value
  })
}

/** A refusal is an answer like any other and kept, but for what the input alone decides: that may be mended and sent again. */
async function storable(scope: Scope, work: Work): Promise<StoredAnswer> {
  const result = await undoIfRefused(scope, work)
  if (result.ok) return { status: result.value.status, body: result.value.body }
  const problem = problemOf(result)
  if (statusOf(problem.code) === 400) throw problem
  return { status: statusOf(problem.code), body: problemBody(problem, scope.requestId) }
}

function send(response: Response, answer: SentAnswer): void {
  if (answer.replayed) response.set('Idempotency-Replayed', 'true')
  response.status(answer.status)
  if (answer.download) sendFile(response, answer.download)
  else if (answer.body === undefined) response.end()
  else if (answer.status >= 400) sendProblem(response, answer.body)
  else response.json(answer.body)
}
