import { createServer, type Server, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import express, { type Express, type RequestHandler } from 'express'
import { answerErrors, answerNotFound, answerOtherMethods } from './api/answer.ts'
import { watchFigures } from './api/figures.ts'
import type { ApiHouse } from './api/house.ts'
import { named, observe } from './api/observe.ts'
import { PROBLEM_TYPE, Problem, type ProblemCode, problemBody, statusOf } from './api/problem.ts'
import { expressPath, type Route } from './api/route.ts'
import { ROUTES } from './api/routes.ts'
import { SAFE_HEADERS } from './api/safe-headers.ts'
import { prepareUploads } from './api/upload.ts'
import type { FrontDoor } from './api/webhooks/front-door.ts'
import { newId } from './platform/ids.ts'

/** An upload of the largest file over a slow line must fit in. */
const REQUEST_TIMEOUT_MS = 10 * 60_000
const HEADERS_TIMEOUT_MS = 30_000
/** Longer than the idle time of common proxies, so that it is them who close first. */
const KEEP_ALIVE_TIMEOUT_MS = 75_000

/**
 * The server's program from a house: observation, safe headers, every route of the API, problems for all else.
 * @param otherDoors further handlers, such as the console's, that come before an address counts as unknown
 */
export function createApp(
  house: ApiHouse,
  otherDoors: readonly RequestHandler[] = [],
  routes: readonly Route[] = ROUTES,
): Express {
  prepareUploads(house.uploadDir, house.clock.now().getTime())
  const app = express()
  app.disable('x-powered-by').disable('etag').set('case sensitive routing', true)
  app.set('trust proxy', house.trustProxy ?? [])
  app.use(observe(house), safeHeaders(), refuseBadManners)
  watchFigures(house)
  openRoutes(app, house, routes)
  for (const door of otherDoors) app.use(door)
  app.use(answerNotFound, answerErrors(house))
  return app
}

/**
 * An HTTP server with the limits and the manners of this API, also towards what is not HTTP. Not yet listening.
 * @param takes what stands before the program and takes some requests itself
 */
export function createHttpServer(app: Express, takes: FrontDoor): Server {
  const server = createServer(
    {
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: HEADERS_TIMEOUT_MS,
      // Node would answer these itself, without a word: `refuseBadManners` does.
      requireHostHeader: false,
    },
    (request, response) => {
      if (!takes(request, response)) app(request, response)
    },
  )
  server.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS
  server.on('checkExpectation', app)
  server.on('clientError', answerClientError)
  server.on('connect', (_request, socket: Socket) =>
    answerSocket(socket, new Problem('method_not_allowed', 'This is no proxy.')),
  )
  return server
}

function openRoutes(app: Express, house: ApiHouse, routes: readonly Route[]): void {
  const methodsOf = new Map<string, string[]>()
  for (const route of busiestFirst(routes)) {
    const { method, path } = route.facts
    methodsOf.set(path, [...(methodsOf.get(path) ?? []), method.toUpperCase()])
    app[method](expressPath(path), named(path), route.handlerOf(house))
  }
  for (const [path, methods] of methodsOf) {
    app.route(expressPath(path)).all(named(path), answerOtherMethods(methods))
  }
}

/** Express looks through the routes one after the other, and webhooks come by the thousand. */
function busiestFirst(routes: readonly Route[]): Route[] {
  const isBusy = ({ facts }: Route) => facts.path.startsWith('/webhooks/')
  return [...routes.filter(isBusy), ...routes.filter((route) => !isBusy(route))]
}

/** Before anything that may refuse a request: refusals carry them too. */
function safeHeaders(): RequestHandler {
  return (_request, response, next) => {
    for (const [name, value] of SAFE_HEADERS) response.setHeader(name, value)
    next()
  }
}

const CLIENT_ERRORS: Readonly<Record<string, readonly [ProblemCode, string]>> = {
  HPE_HEADER_OVERFLOW: ['headers_too_large', 'The headers are larger than this server reads.'],
  ERR_HTTP_REQUEST_TIMEOUT: ['request_timeout', 'The request did not arrive in time.'],
}

/** What is well-formed and yet no request that HTTP/1.1 knows an answer to. */
const refuseBadManners: RequestHandler = (request, _response, next) => {
  const { expect, host } = request.headers
  if (host === undefined && request.httpVersion === '1.1')
    throw new Problem('malformed_request', 'A request names its Host.')
  if (expect !== undefined && expect.toLowerCase() !== '100-continue')
    throw new Problem('expectation_failed', 'Expect takes 100-continue and nothing else.')
  next()
}

/** What cannot be parsed as HTTP has no request to answer; it gets a problem document all the same. */
function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const [code, detail] = CLIENT_ERRORS[error.code ?? ''] ?? [
    'malformed_request',
    'This is not well-formed HTTP.',
  ]
  answerSocket(socket, new Problem(code, detail))
}

function answerSocket(socket: Socket, problem: Problem): void {
  const status = statusOf(problem.code)
  const body = JSON.stringify(problemBody(problem, newId()))
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: ${PROBLEM_TYPE}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}
