import type { ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ErrorRequestHandler, RequestHandler, Response } from 'express'
import type { ApiHouse } from './house.ts'
import { requestIdOf } from './observe.ts'
import { isOutage } from './outage.ts'
import { PROBLEM_TYPE, Problem, type ProblemCode, problemBody, statusOf } from './problem.ts'

const RETRY_AFTER_SECONDS = '5'

/** What spreadsheet programs call a workbook. */
export const WORKBOOK = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'

export type FileAnswer = {
  readonly fileName: string
  readonly contentType: string
  readonly bytes: Uint8Array
}

/** Writes a problem document. */
export function sendProblem(response: ServerResponse, body: unknown): void {
  const bytes = Buffer.from(JSON.stringify(body))
  response.setHeader('Content-Type', `${PROBLEM_TYPE}; charset=utf-8`)
  response.setHeader('Content-Length', bytes.length)
  response.end(bytes)
}

/** Writes a file to be saved, under its own name. */
export function sendFile(response: Response, file: FileAnswer): void {
  response.attachment(file.fileName).type(file.contentType).send(Buffer.from(file.bytes))
}

/** Writes what is made as it is sent. Whoever leaves before the end is no fault of ours. */
export async function sendStream(response: Response, stream: Readable): Promise<void> {
  try {
    await pipeline(stream, response)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error
  }
}

/** Errors of what Express routes. */
export function answerErrors(house: ApiHouse): ErrorRequestHandler {
  return (error: unknown, request, response, _next) =>
    answerError(house, response, requestIdOf(request), error)
}

/** The one place that answers errors: problems as they are, outages as 503, bugs as 500 without a word about them. */
export function answerError(
  house: ApiHouse,
  response: ServerResponse,
  requestId: string,
  error: unknown,
): void {
  const problem = problemFrom(error)
  if (statusOf(problem.code) >= 500) house.log.error({ err: error, requestId }, problem.code)
  if (response.headersSent) {
    response.destroy()
    return
  }
  response.statusCode = statusOf(problem.code)
  for (const [name, value] of Object.entries(problem.headers)) response.setHeader(name, value)
  sendProblem(response, problemBody(problem, requestId))
}

/** What no route took. */
export const answerNotFound: RequestHandler = () => {
  throw new Problem('not_found', 'There is nothing under this address.')
}

/** What a route's address took and its methods did not. */
export function answerOtherMethods(methods: readonly string[]): RequestHandler {
  const allowed = [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ')
  return (request, response) => {
    if (request.method === 'OPTIONS') {
      response.status(204).set('Allow', allowed).end()
      return
    }
    throw new Problem('method_not_allowed', `This address takes ${allowed}.`, {}, { Allow: allowed })
  }
}

function problemFrom(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (isOutage(error)) return unavailable()
  return (
    problemOfHttp(error) ??
    new Problem('internal_error', 'This is a fault of ours. Nothing was done; it has been noted.')
  )
}

function unavailable(): Problem {
  const detail =
    'A part of the service is away for a moment. Try again shortly; with an Idempotency-Key that is safe.'
  return new Problem('unavailable', detail, {}, { 'Retry-After': RETRY_AFTER_SECONDS })
}

const BY_STATUS: Readonly<Record<number, readonly [ProblemCode, string]>> = {
  400: ['malformed_request', 'The address or the body is not well-formed.'],
  413: ['body_too_large', 'The body is too large.'],
  415: ['unsupported_media_type', 'The content type is not supported here.'],
}

/** What the framework refused before any route ran, such as an address with a stray percent sign. */
function problemOfHttp(error: unknown): Problem | undefined {
  const status = error instanceof Error ? (error as { status?: unknown }).status : undefined
  const known = typeof status === 'number' ? BY_STATUS[status] : undefined
  return known && new Problem(...known)
}
