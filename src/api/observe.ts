import { randomUUID } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { NextFunction, Request, RequestHandler, Response } from 'express'
import type { Histogram } from 'prom-client'
import type { Metrics } from '../platform/metrics.ts'
import type { Origin, Span } from '../platform/trace.ts'
import type { ApiHouse } from './house.ts'

export const REQUEST_ID_HEADER = 'X-Request-Id'
const REQUEST_ID = /^[\w.:/+=-]{1,128}$/
const BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
const UNMATCHED = 'unmatched'

type Locals = { origin?: Origin; route?: string }

/**
 * Watches a request until it is answered: one line in the log and one figure are left behind. A route stands there by
 * its template, since an address may hold a phone number.
 * @param routeNow asked at the end, when it is known which route took the request
 * @returns its id, the caller's own if it has one, and its place in a trace
 */
type Watch = (
  request: IncomingMessage,
  response: ServerResponse,
  routeNow: () => string | undefined,
) => Origin

/** How requests are watched in a house, whichever door they come by. */
export function watchOf(house: ApiHouse): Watch {
  const { metrics, log } = house
  const durations = durationsOf(metrics)
  return (request, response, routeNow) => {
    const requestId = acceptedId(request.headers) ?? randomUUID()
    const span = house.trace.isOn && isTraced(request) ? beginSpan(house, request, requestId) : undefined
    const startedMs = performance.now()
    response.once('close', () => {
      const seconds = (performance.now() - startedMs) / 1000
      const { method = '' } = request
      const route = routeNow() ?? UNMATCHED
      const status = response.writableFinished ? response.statusCode : 499
      durations.observe({ method: knownMethod(method), route, status }, seconds)
      log.info({ method, route, status, ms: Math.round(seconds * 1000), requestId }, 'answered')
      if (span) endSpan(span, knownMethod(method), route, status)
    })
    return { requestId, traceparent: span?.traceparent }
  }
}

/** Gives every request that Express answers its id, and watches it. */
export function observe(house: ApiHouse): RequestHandler {
  const watch = watchOf(house)
  return (request, response, next) => {
    const locals = response.locals as Locals
    locals.origin = watch(request, response, () => locals.route)
    response.set(REQUEST_ID_HEADER, locals.origin.requestId)
    next()
  }
}

function beginSpan(house: ApiHouse, { method = '', headers }: IncomingMessage, requestId: string): Span {
  const { traceparent } = headers
  return house.trace.begin('request', {
    kind: 'server',
    parent: typeof traceparent === 'string' ? traceparent : undefined,
    facts: { 'duecast.request_id': requestId, 'http.request.method': knownMethod(method) },
  })
}

function endSpan(span: Span, method: string, route: string, status: number): void {
  span.rename(`${method} ${route}`)
  span.note({ 'http.route': route, 'http.response.status_code': status })
  span.end(status >= 500 ? String(status) : undefined)
}

/** What is asked all the time by machines and tells nothing. */
const UNTRACED = /^\/(healthz|readyz|metrics)(\?|$)/
/** Webhooks come by the thousand: so many a second stand for the others. */
const WEBHOOK_SPANS_PER_SECOND = 20
let webhookSpans = { second: 0, count: 0 }

function isTraced({ url = '' }: IncomingMessage): boolean {
  if (!url.startsWith('/webhooks/')) return !UNTRACED.test(url)
  const second = Math.floor(performance.now() / 1000)
  if (webhookSpans.second !== second) webhookSpans = { second, count: 0 }
  webhookSpans.count += 1
  return webhookSpans.count <= WEBHOOK_SPANS_PER_SECOND
}

/** Tells the observer which route took the request. */
export function named(route: string): RequestHandler {
  return (_request: Request, response: Response, next: NextFunction) => {
    ;(response.locals as Locals).route = route
    next()
  }
}

/** On whose behalf everything is done that this request asks for. */
export function originOf(request: Request): Origin {
  const { origin } = (request.res?.locals ?? {}) as Locals
  if (origin === undefined) throw new Error('the request was not observed')
  return origin
}

/** The id that the observer gave to the request. */
export function requestIdOf(request: Request): string {
  return originOf(request).requestId
}

function acceptedId(headers: IncomingHttpHeaders): string | undefined {
  const id = headers[REQUEST_ID_HEADER.toLowerCase()]
  return typeof id === 'string' && REQUEST_ID.test(id) ? id : undefined
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

function knownMethod(method: string): string {
  return METHODS.has(method) ? method : 'OTHER'
}

/** Asked for at each door, and registered once. */
const known = new WeakMap<Metrics, Durations>()
type Durations = Histogram<'method' | 'route' | 'status'>

function durationsOf(metrics: Metrics): Durations {
  const present = known.get(metrics)
  if (present) return present
  const fresh = metrics.histogram(
    'duecast_http_request_duration_seconds',
    'How long requests took to answer.',
    BUCKETS_SECONDS,
    ['method', 'route', 'status'],
  )
  known.set(metrics, fresh)
  return fresh
}
