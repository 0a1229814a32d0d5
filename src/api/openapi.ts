import { readFileSync } from 'node:fs'
import { z } from 'zod'
import {
  createDocument,
  type ZodOpenApiObject,
  type ZodOpenApiOperationObject,
  type ZodOpenApiResponseObject,
} from 'zod-openapi'
import { IDEMPOTENCY_HEADER } from './idempotency.ts'
import {
  codesByStatus,
  PROBLEM_TYPE,
  PROBLEMS,
  type ProblemCode,
  problemSchema,
  statusName,
} from './problem.ts'
import type { Responses, Route, RouteFacts } from './route.ts'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

/** What any route may answer before it has been asked, to what is no sound request. */
const TO_ANYTHING: readonly ProblemCode[] = [
  'malformed_request',
  'request_timeout',
  'expectation_failed',
  'headers_too_large',
]
/** What any route behind the wall may answer, whatever its verb says. */
const BEHIND_THE_WALL: readonly ProblemCode[] = [
  'validation_failed',
  'unauthenticated',
  'forbidden',
  'rate_limited',
  'internal_error',
  'unavailable',
]
const WITH_A_BODY: readonly ProblemCode[] = ['malformed_json', 'body_too_large', 'unsupported_media_type']
const WITH_A_FILE: readonly ProblemCode[] = [
  'malformed_multipart',
  'file_too_large',
  'unsupported_media_type',
]

/** The OpenAPI 3.1 document, made of what the routes say of themselves and of the schemas that check requests. */
export function openApiDocument(routes: readonly Route[], publicUrl: string | undefined) {
  return createDocument(documentOf(routes, publicUrl), { override: ({ jsonSchema }) => plainer(jsonSchema) })
}

function documentOf(routes: readonly Route[], publicUrl: string | undefined): ZodOpenApiObject {
  return {
    openapi: '3.1.1',
    info: {
      title: 'Duecast',
      version,
      description: DESCRIPTION,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: publicUrl ?? '/' }],
    security: [{ api_key: [] }],
    components: {
      securitySchemes: {
        api_key: {
          type: 'http',
          scheme: 'bearer',
          description: 'An API key: `Authorization: Bearer dck_…`.',
        },
      },
    },
    paths: pathsOf(routes),
  }
}

/** What a format or a type says already need not be said again in a screenful. */
function plainer(schema: { format?: string; pattern?: string; maximum?: number }): void {
  if (schema.format !== undefined) delete schema.pattern
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum
}

/** Every word that a route may refuse with: its own, and those of its kind. */
export function codesOf(facts: RouteFacts): ProblemCode[] {
  const kind: ProblemCode[] = [...TO_ANYTHING]
  if (facts.permission !== 'public') kind.push(...BEHIND_THE_WALL)
  if (facts.permission !== 'public' && facts.method !== 'get')
    kind.push(...(facts.upload ? WITH_A_FILE : WITH_A_BODY))
  if (facts.permission !== 'public' && facts.method === 'post') kind.push('idempotency_key_reused')
  if (paramNames(facts.path).length > 0) kind.push('not_found')
  return [...new Set([...facts.refusals, ...kind])]
}

const DESCRIPTION = `Broadcast and payment-reminder campaigns that charge only what was delivered.

Ids are opaque strings, instants RFC 3339 with offset, money \`{"amount":"586.33","currency":"IDR"}\`. Errors are
\`application/problem+json\` (RFC 9457) with a stable \`code\`. Lists are paged: \`?limit=&cursor=\`. A POST with an
\`${IDEMPOTENCY_HEADER}\` is done once: the same key and request gives the stored answer again, with the header
\`Idempotency-Replayed: true\`.`

function pathsOf(routes: readonly Route[]): Record<string, Record<string, ZodOpenApiOperationObject>> {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {}
  for (const { facts } of routes)
    paths[facts.path] = { ...paths[facts.path], [facts.method]: operationOf(facts) }
  return paths
}

function operationOf(facts: RouteFacts): ZodOpenApiOperationObject {
  return {
    operationId: operationId(facts),
    tags: [facts.tag],
    summary: facts.summary,
    ...(facts.description && { description: facts.description }),
    ...(facts.permission === 'public' ? { security: [] } : { 'x-permission': facts.permission }),
    requestParams: {
      ...pathParams(facts),
      ...(facts.query && { query: facts.query as z.ZodObject }),
      ...(isKeyed(facts) && { header: keyHeader }),
    },
    ...requestBodyOf(facts),
    responses: { ...successes(facts.responses), ...problems(facts) },
  }
}

/** `POST /v1/campaigns/{id}/quote` as `post_campaigns_quote`: stable, and readable in generated clients. */
function operationId({ method, path }: RouteFacts): string {
  const words = path.split('/').filter((part) => part && part !== 'v1')
  return [method, ...words.map((part) => part.replaceAll(/[{}]/g, '').replaceAll(/\W/g, '_'))].join('_')
}

function paramNames(path: string): string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!)
}

function pathParams({ path }: RouteFacts) {
  const names = paramNames(path)
  if (names.length === 0) return {}
  const shape = Object.fromEntries(names.map((name) => [name, z.string().min(1).max(128)]))
  return { path: z.object(shape) }
}

function isKeyed(facts: RouteFacts): boolean {
  return facts.method === 'post' && facts.permission !== 'public'
}

const keyHeader = z.object({
  [IDEMPOTENCY_HEADER]: z
    .string()
    .min(1)
    .max(255)
    .optional()
    .meta({ description: 'Does the request once, however often it is sent.' }),
})

function requestBodyOf(facts: RouteFacts) {
  const { upload, body, rawBody } = facts
  if (rawBody) return { requestBody: { required: true, content: { [rawBody]: { schema: {} } } } }
  if (upload)
    return {
      requestBody: { required: true, content: { 'multipart/form-data': { schema: formSchema(facts) } } },
    }
  if (body) return { requestBody: { required: true, content: { 'application/json': { schema: body } } } }
  return {}
}

function formSchema({ upload, body }: RouteFacts) {
  const file = z.any().meta({
    description: `The file, of at most ${upload!.maxBytes} bytes.`,
    override: { type: 'string', contentMediaType: 'application/octet-stream' },
  })
  return (body instanceof z.ZodObject ? body : z.strictObject({})).extend({ [upload!.field]: file })
}

function successes(responses: Responses): Record<string, ZodOpenApiResponseObject> {
  return Object.fromEntries(
    Object.entries(responses).map(([status, body]) => [status, successOf(Number(status), body)]),
  )
}

function successOf(status: number, body: Responses[number]): ZodOpenApiResponseObject {
  const description = statusName(status)
  if (body === null) return { description }
  if (body instanceof z.ZodType) return { description, content: { 'application/json': { schema: body } } }
  return { description, content: { [body.download]: { schema: { type: 'string' } } } }
}

function problems(facts: RouteFacts): Record<string, ZodOpenApiResponseObject> {
  const entries = [...codesByStatus(codesOf(facts))].map(([status, codes]) => [
    String(status),
    {
      description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code][1]}.`).join('\n\n'),
      content: { [PROBLEM_TYPE]: { schema: problemSchema } },
    },
  ])
  return Object.fromEntries(entries)
}
