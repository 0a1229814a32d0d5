import { createHash } from 'node:crypto'
import express, { type Request, type RequestHandler, type Response } from 'express'
import helmet from 'helmet'
import { newId } from '../platform/ids.ts'
import { ok, type Refusal, type Result, refuse } from '../platform/result.ts'
import { undoIfRefused } from '../platform/savepoint.ts'
import { allow, claimKey, findWorkspace, PERMISSIONS, rememberAnswer } from '../workspaces/index.ts'
import { type Assets, openAssets } from './assets.ts'
import { type Attempts, openAttempts } from './attempts.ts'
import { clearToken, cookieAttributes, readToken, setToken } from './cookie.ts'
import { discardFile, type Form, formReader } from './form.ts'
import type { ConsoleHouse } from './house.ts'
import { rememberLanguage, speakTheirLanguage } from './language.ts'
import { isOwnRequest } from './origin.ts'
import {
  type Act,
  type Page,
  type Route,
  SECTIONS,
  type Stream,
  type View,
  type Visit,
  type Went,
} from './page.ts'
import { ROUTES } from './routes.ts'
import { endSession, findSession, type Session, signInByKey, signInByLink, touchSession } from './session.ts'
import { openViews, say, type Views } from './view.ts'

type Desk = {
  readonly house: ConsoleHouse
  readonly views: Views
  readonly assets: Assets
  readonly attempts: Attempts
  readonly readForm: ReturnType<typeof formReader>
}

/** The people's door: sign-in, every page of the console, and its style and script. What is not its own it lets pass. */
export function consoleDoor(house: ConsoleHouse): RequestHandler {
  const desk: Desk = {
    house,
    views: openViews(),
    assets: openAssets(),
    attempts: openAttempts(),
    readForm: formReader(house.uploadDir),
  }
  const router = express.Router({ caseSensitive: true, strict: true })
  router.get('/assets/:hash/:name', named('/assets'), desk.assets.serve)
  router.use(speakTheirLanguage())
  router.post('/language', named('/language'), pageHeaders(), chooseLanguage(desk))
  for (const route of ROUTES) open(router, desk, route)
  openSignIn(router, desk)
  router.get('/{*path}', answerUnknown(desk))
  return router
}

function open(router: express.Router, desk: Desk, route: Route): void {
  const method = route.kind === 'act' ? 'post' : 'get'
  router[method](route.path, named(route.path), pageHeaders(), async (request, response) => {
    try {
      if (!isOwnRequest(desk.house, request)) return sendRefusal(desk, response, FOREIGN_FORM)
      const session = await sessionOf(desk, request)
      if (!session) return askToSignIn(desk, route, request, response)
      if (route.kind === 'page') await sendPage(desk, session, route, request, response)
      else if (route.kind === 'act') await sendAct(desk, session, route, request, response)
      else await sendStream(desk, session, route, request, response)
    } catch (error) {
      sendFailure(desk, response, error)
    }
  })
}

const FOREIGN_FORM = refuse(
  'foreign_form',
  'This came from a page that is not Duecast’s, so nothing was done. Open the console and try it there.',
)

/** Tells the observer of requests which page took it: an address may hold what logs must not. */
function named(path: string): RequestHandler {
  return (_request, response, next) => {
    response.locals.route = path
    next()
  }
}

/** Nothing runs but our own script and style; nothing is framed, and nothing of a page is kept. */
function pageHeaders(): RequestHandler {
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

async function sessionOf({ house }: Desk, request: Request): Promise<Session | undefined> {
  const token = readToken(house, request)
  return token === undefined ? undefined : findSession(house, token)
}

function askToSignIn(desk: Desk, route: Route, request: Request, response: Response): void {
  const had = readToken(desk.house, request) !== undefined
  if (had) clearToken(desk.house, response)
  if (route.kind === 'stream') return void response.status(401).end()
  response.redirect(303, had ? '/sign-in?ended=1' : '/sign-in')
}

async function sendPage(desk: Desk, session: Session, route: Page, request: Request, response: Response) {
  const shown = await visiting(desk, session, request, async (visit) =>
    finish(desk, visit, await route.show(visit)),
  )
  sendShown(desk, response, shown)
}

async function sendAct(desk: Desk, session: Session, route: Act, request: Request, response: Response) {
  const form = await desk.readForm(request, response)
  if ('ok' in form) return sendRefusal(desk, response, form)
  try {
    const answered = await visiting(desk, session, request, (visit) =>
      answerAct(desk, route, visit, form, request),
    )
    if ('to' in answered) response.redirect(303, answered.to)
    else sendShown(desk, response, answered)
  } finally {
    await discardFile(form)
  }
}

type Finished = { readonly status: number; readonly html: string } | Refusal

/** Does it once for each form that was shown; what is refused is undone and shown again with the reason. */
async function answerAct(desk: Desk, route: Act, visit: Visit, form: Form, request: Request) {
  const done = await undoIfRefused(visit.scope, (scope) =>
    onceOnly({ ...visit, scope }, form, request, (inner) => route.act(inner, form)),
  )
  if (done.ok) {
    const { view, to } = done.value
    return view === undefined ? { to } : finish(desk, visit, ok(view))
  }
  const errors = faultsOf(done)
  const shown = await route.again(visit, { fields: form.fields, refusal: done, errors })
  return finish(desk, visit, shown, statusOf(done))
}

/** A form sent twice leads where it led the first time. */
async function onceOnly(
  visit: Visit,
  form: Form,
  request: Request,
  work: (visit: Visit) => Promise<Result<Went>>,
): Promise<Result<Went>> {
  const { once } = form.fields
  if (once === undefined || !/^[0-9a-f-]{36}$/.test(once)) return work(visit)
  const key = `console ${once}`
  const { file } = form
  const what = [visit.scope.actor.name, request.path, form.fields, file?.name, file?.sizeBytes]
  const hash = createHash('sha256').update(JSON.stringify(what)).digest()
  const claim = await claimKey(visit.scope, key, hash)
  if (claim.kind === 'answered') return ok({ to: (claim.answer as Went).to })
  if (claim.kind === 'other_request') return refuse('sent_before', say('refused.sent_before'))
  const done = await work(visit)
  if (done.ok) await rememberAnswer(visit.scope, key, 303, { to: done.value.to })
  return done
}

async function sendStream(desk: Desk, session: Session, route: Stream, request: Request, response: Response) {
  const refused = await route.send({
    house: desk.house,
    views: desk.views,
    params: paramsOf(request),
    request,
    response,
    within: (work) => desk.house.database.within(causeOf(session, response), work),
    stillHere: async () => (await sessionOf(desk, request)) !== undefined,
  })
  if (refused) sendRefusal(desk, response, refused)
}

function visiting<T>(
  desk: Desk,
  session: Session,
  request: Request,
  work: (visit: Visit) => Promise<T>,
): Promise<T> {
  return desk.house.database.within(causeOf(session, request.res!), async (scope) => {
    await touchSession(scope, session)
    const workspace = await findWorkspace(scope)
    return work({
      house: desk.house,
      session,
      scope,
      workspace,
      params: paramsOf(request),
      query: (name) => queryWord(request, name),
      here: request.method === 'GET' ? request.originalUrl : '/',
    })
  })
}

function causeOf(session: Session, response: Response) {
  const { workspaceId, actor } = session
  return { workspaceId, actor, requestId: requestIdOf(response) }
}

function requestIdOf(response: Response): string {
  return (response.locals.requestId as string | undefined) ?? newId()
}

function paramsOf(request: Request): Readonly<Record<string, string>> {
  return request.params as Record<string, string>
}

const QUERY_MAX_CHARS = 200

function queryWord(request: Request, name: string): string | undefined {
  const word = request.query[name]
  return typeof word === 'string' && word.length <= QUERY_MAX_CHARS ? word : undefined
}

function finish(desk: Desk, visit: Visit, shown: Result<View>, status = 200): Finished {
  if (!shown.ok) return shown
  const { name, section, title, data } = shown.value
  const html = desk.views.page(name, { ...frameOf(desk, visit, section), ...data, title })
  return { status, html }
}

/** What stands around every page: who is here, what they may do, where they are, and what has just been done. */
function frameOf({ assets }: Desk, visit: Visit, section: string | undefined) {
  const { workspace, session, scope } = visit
  const done = visit.query('done')
  return {
    assets: assets.urls,
    here: visit.here,
    workspace,
    zone: workspace.timeZone,
    currency: workspace.currency,
    who: { role: scope.actor.role, name: session.keyName },
    may: Object.fromEntries(
      Object.keys(PERMISSIONS).map((action) => [
        action,
        allow(scope.actor, action as keyof typeof PERMISSIONS) === undefined,
      ]),
    ),
    nav: SECTIONS.map((name) => ({
      href: name === 'today' ? '/' : `/${name}`,
      name,
      current: name === section,
    })),
    notice: done !== undefined && DONE.has(done) ? say(`done.${done}`) : undefined,
  }
}

/** What a page may be told that has just been done. */
const DONE = new Set([
  'submitted',
  'quoted',
  'paused',
  'resumed',
  'cancelled',
  'approved',
  'rejected',
  'topped_up',
  'received',
  'mapped',
  'saved',
  'sender',
  'policy',
  'revoked',
  'key',
])

function sendShown(desk: Desk, response: Response, shown: Finished): void {
  if ('ok' in shown) sendRefusal(desk, response, shown)
  else response.status(shown.status).type('html').send(shown.html)
}

const STATUS: Readonly<Record<string, number>> = {
  bad_form: 400,
  insufficient_funds: 402,
  forbidden: 403,
  foreign_form: 403,
  self_approval: 403,
  not_found: 404,
  file_too_large: 413,
  validation_failed: 422,
  too_many: 429,
  unavailable: 503,
}

function statusOf(refusal: Refusal): number {
  return STATUS[refusal.reason] ?? 409
}

function faultsOf(refusal: Refusal): Record<string, string> {
  const faults = (refusal.facts?.errors ?? []) as readonly { path: string; message: string }[]
  return Object.fromEntries(faults.map(({ path, message }) => [path, message]))
}

/** A page that only says what is the matter, for whoever it may be. */
function sendRefusal(desk: Desk, response: Response, refusal: Refusal): void {
  const status = statusOf(refusal)
  const title = status === 404 ? say('error.not_found') : say('error.refused')
  response.status(status).type('html')
  response.send(desk.views.page('error', { assets: desk.assets.urls, title, message: refusal.message }))
}

function sendFailure(desk: Desk, response: Response, error: unknown): void {
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

/** People get a page for what is not there; programs get the API's own answer. */
function answerUnknown(desk: Desk): RequestHandler {
  const headers = pageHeaders()
  return (request, response, next) => {
    const asksForPage = (request.get('accept') ?? '').includes('text/html')
    if (!asksForPage || /^\/(v1|webhooks|docs)(\/|$)/.test(request.path)) return next()
    headers(request, response, () =>
      sendRefusal(desk, response, refuse('not_found', say('error.not_found.say'))),
    )
  }
}

/** Back to the page that it was chosen on, in the language that was chosen. */
function chooseLanguage(desk: Desk): RequestHandler {
  return async (request, response) => {
    if (!isOwnRequest(desk.house, request)) return sendRefusal(desk, response, FOREIGN_FORM)
    const form = await desk.readForm(request, response)
    if ('ok' in form) return sendRefusal(desk, response, form)
    await discardFile(form)
    rememberLanguage(response, form.fields.language ?? '', cookieAttributes(desk.house))
    response.redirect(303, ownPath(form.fields.here))
  }
}

/** A path of this console as a page of ours named it; anything else leads to the first page. */
function ownPath(path = '/'): string {
  return /^\/(?![/\\])[\x21-\x7e]*$/.test(path) ? path : '/'
}

function openSignIn(router: express.Router, desk: Desk): void {
  const { house } = desk
  const guarded =
    (work: (request: Request, response: Response) => Promise<void>): RequestHandler =>
    async (request, response) => {
      try {
        if (!isOwnRequest(house, request)) return sendRefusal(desk, response, FOREIGN_FORM)
        await work(request, response)
      } catch (error) {
        sendFailure(desk, response, error)
      }
    }
  const headers = pageHeaders()
  router.get('/sign-in', named('/sign-in'), headers, (request, response) => {
    sendSignIn(desk, response, 200, { ended: request.query.ended === '1', left: request.query.left === '1' })
  })
  router.post(
    '/sign-in',
    named('/sign-in'),
    headers,
    guarded((request, response) => signIn(desk, request, response)),
  )
  router.get('/sign-in/:token', named('/sign-in/:token'), headers, (request, response) => {
    const data = { assets: desk.assets.urls, title: say('link.title'), token: request.params.token }
    response.status(200).type('html').send(desk.views.page('link', data))
  })
  router.post(
    '/sign-out',
    named('/sign-out'),
    headers,
    guarded((request, response) => signOut(desk, request, response)),
  )
}

async function signIn(desk: Desk, request: Request, response: Response): Promise<void> {
  const { house, attempts } = desk
  const address = request.ip ?? 'unknown'
  const nowMs = house.clock.now().getTime()
  const seconds = attempts.waitSeconds(address, nowMs)
  if (seconds > 0) {
    response.set('Retry-After', String(seconds))
    return sendSignIn(desk, response, 429, { error: say('sign_in.wait', { n: seconds }) })
  }
  const form = await desk.readForm(request, response)
  if ('ok' in form) return sendRefusal(desk, response, form)
  await discardFile(form)
  const { key = '', token } = form.fields
  const requestId = requestIdOf(response)
  const opened = await (token === undefined
    ? signInByKey(house, key.trim(), requestId)
    : signInByLink(house, token, requestId))
  if (opened === undefined) {
    attempts.failed(address, nowMs)
    return sendSignIn(desk, response, 401, {
      error: say(token === undefined ? 'sign_in.wrong' : 'link.over'),
    })
  }
  attempts.succeeded(address)
  setToken(house, response, opened)
  response.redirect(303, '/')
}

async function signOut(desk: Desk, request: Request, response: Response): Promise<void> {
  const session = await sessionOf(desk, request)
  if (session)
    await desk.house.database.within(causeOf(session, response), (scope) => endSession(scope, session))
  clearToken(desk.house, response)
  response.redirect(303, '/sign-in?left=1')
}

function sendSignIn(
  desk: Desk,
  response: Response,
  status: number,
  data: Readonly<Record<string, unknown>>,
): void {
  const html = desk.views.page('sign-in', { assets: desk.assets.urls, title: say('sign_in.title'), ...data })
  response.status(status).type('html').send(html)
}
