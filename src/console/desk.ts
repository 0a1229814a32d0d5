import type { Request, RequestHandler, Response } from 'express'
import helmet from 'helmet'
import { type Refusal, refuse } from '../platform/result.ts'
import type { Origin } from '../platform/trace.ts'
import type { Assets } from './assets.ts'
import { readToken } from './cookie.ts'
import { discardFile, type Form, type formReader } from './form.ts'
import type { ConsoleHouse } from './house.ts'
import { inTheirLanguage } from './sentences.ts'
import { findSession, type Session } from './session.ts'
import { say, type Views } from './view.ts'

/** What every page of the console is made with. */
export type Desk = {
  readonly house: ConsoleHouse
  readonly views: Views
  readonly assets: Assets
  readonly readForm: ReturnType<typeof formReader>
}

export const FOREIGN_FORM = refuse(
  'foreign_form',
  'This came from a page that is not Duecast’s, so nothing was done. Open the console and try it there.',
)

/** Tells the observer of requests which page took it: an address may hold what logs must not. */
export function named(path: string): RequestHandler {
  return (_request, response, next) => {
    response.locals.route = path
    next()
  }
}

/** Nothing runs but our own script and style; nothing is framed, and nothing of a page is kept. */
export function pageHeaders(): RequestHandler {
  const self = ["'self'"]
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: self,
        styleSrc: self,
        imgSrc: self,
        connectSrc: self,
        formAction: self,
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    xFrameOptions: { action: 'deny' },
    // Our own forms must be able to say where they come from; everybody else learns nothing.
    referrerPolicy: { policy: 'same-origin' },
  })
}

/** Reads the form that was sent and has it answered; nothing of its file stays behind, whatever comes of it. */
export async function withForm(
  desk: Desk,
  request: Request,
  response: Response,
  work: (form: Form) => Promise<void>,
): Promise<void> {
  const form = await desk.readForm(request, response)
  if ('ok' in form) return sendRefusal(desk, response, form)
  try {
    await work(form)
  } finally {
    await discardFile(form)
  }
}

/** Who the request's cookie belongs to, if its session still stands. */
export async function sessionOf({ house }: Desk, request: Request): Promise<Session | undefined> {
  const token = readToken(house, request)
  return token === undefined ? undefined : findSession(house, token)
}

export function causeOf(session: Session, response: Response) {
  const { workspaceId, actor } = session
  return { workspaceId, actor, ...originOf(response) }
}

export function requestIdOf(response: Response): string {
  return originOf(response).requestId
}

/** The observer of requests, who stands before all doors, has written it down. */
function originOf({ locals }: Response): Origin {
  return locals.origin as Origin
}

const STATUS: Readonly<Record<string, number>> = {
  bad_form: 400,
  insufficient_funds: 402,
  forbidden: 403,
  foreign_form: 403,
  self_approval: 403,
  not_found: 404,
  file_too_large: 413,
  invalid_day: 422,
  invalid_markup: 422,
  invalid_rate_card: 422,
  missing_columns: 422,
  unknown_columns: 422,
  unreadable_table: 422,
  validation_failed: 422,
  wrong_password: 422,
  link_over: 410,
  too_many: 429,
  unavailable: 503,
}

/** The status that a refusal is answered with; 409 where none else fits. */
export function statusOf(refusal: Refusal): number {
  return STATUS[refusal.reason] ?? 409
}

/** A page that only says what is the matter, for whoever it may be. */
export function sendRefusal(desk: Desk, response: Response, refusal: Refusal): void {
  const status = statusOf(refusal)
  const title = status === 404 ? say('error.not_found') : say('error.refused')
  response.status(status).type('html')
  response.send(
    desk.views.page('error', { assets: desk.assets.urls, title, message: inTheirLanguage(refusal).message }),
  )
}

export function sendFailure(desk: Desk, response: Response, error: unknown): void {
  const requestId = requestIdOf(response)
  desk.house.log.error({ err: error, requestId }, 'a page failed')
  if (response.headersSent) return void response.destroy()
  const data = {
    assets: desk.assets.urls,
    title: say('error.failed'),
    message: say('error.failed.say'),
    requestId,
  }
  response.status(500).type('html').send(desk.views.page('error', data))
}

/** What a verb found wrong, by the path it gave. */
export function faultsOf(refusal: Refusal): Record<string, string> {
  const faults = (refusal.facts?.errors ?? []) as readonly { path: string; message: string }[]
  return Object.fromEntries(faults.map(({ path, message }) => [path, message]))
}

/** Whether somebody asks more than is reasonable; then the answer has been given. */
export async function isTooMany(desk: Desk, response: Response, subject: string): Promise<boolean> {
  const seconds = await desk.house.limit.take(subject)
  if (seconds === 0) return false
  response.set('Retry-After', String(seconds))
  sendRefusal(desk, response, refuse('too_many', say('error.too_many', { n: seconds })))
  return true
}
