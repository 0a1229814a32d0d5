import { randomUUID } from 'node:crypto'
import type { NextFunction, Request, RequestHandler, Response } from 'express'
import type { ApiHouse } from './house.ts'

export const REQUEST_ID_HEADER = 'X-Request-Id'
const REQUEST_ID = /^[\w.:/+=-]{1,128}$/
const BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
const UNMATCHED = 'unmatched'

type Locals = { requestId?: string; route?: string }

/**
 * Gives every request an id, the caller's own if it has one, and leaves one line in the log and one figure behind when
 * it is answered. A route stands there by its template: an address may hold a phone number.
 */
export function observe(house: ApiHouse): RequestHandler {
  const durations = house.metrics.histogram(
    'duecast_http_request_duration_seconds',
    'How long requests took to answer.',
    BUCKETS_SECONDS,
    ['method', 'route', 'status'],
  )
  return (request, response, next) => {
    const requestId = acceptedId(request) ?? randomUUID()
    ;(response.locals as Locals).requestId = requestId
    response.set(REQUEST_ID_HEADER, requestId)
    const startedMs = performance.now()
    response.once('close', () => {
      const seconds = (performance.now() - startedMs) / 1000
      const { method } = request
      const route = (response.locals as Locals).route ?? UNMATCHED
      const status = response.writableFinished ? response.statusCode : 499
      durations.observe({ method: knownMethod(method), route, status }, seconds)
      house.log.info({ method, route, status, ms: Math.round(seconds * 1000), requestId }, 'answered')
    })
    next()
  }
}

/** Tells the observer which route took the request. */
export function named(route: string): RequestHandler {
  return (_request: Request, response: Response, next: NextFunction) => {
    ;(response.locals as Locals).route = route
    next()
  }
}

/** The id that the observer gave to the request. */
export function requestIdOf(request: Request): string {
  const { requestId } = (request.res?.locals ?? {}) as Locals
  if (requestId === undefined) throw new Error('the request was not observed')
  return requestId
}

function acceptedId(request: Request): string | undefined {
  const id = request.get(REQUEST_ID_HEADER)
  return id !== undefined && REQUEST_ID.test(id) ? id : undefined
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

function knownMethod(method: string): string {
  return METHODS.has(method) ? method : 'OTHER'
}
