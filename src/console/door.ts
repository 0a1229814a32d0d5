import { createHash } from 'node:crypto'
import compression from 'compression'
import express, { type Request, type RequestHandler, type Response } from 'express'
import { ok, type Refusal, type Result, refuse } from '../platform/result.ts'
import { undoIfRefused } from '../platform/savepoint.ts'
import {
  type Action,
  claimKey,
  confirmPerson,
  findWorkspace,
  hasWorkspace,
  PERMISSIONS,
  readAccount,
  rememberAnswer,
  roleMay,
} from '../workspaces/index.ts'
import { openAssets } from './assets.ts'
import { clearToken, cookieAttributes, readToken, setToken } from './cookie.ts'
import {
  causeOf,
  type Desk,
  FOREIGN_FORM,
  faultsOf,
  isTooMany,
  named,
  pageHeaders,
  sendFailure,
  sendRefusal,
  sessionOf,
  statusOf,
} from './desk.ts'
import { openEntrance } from './entrance.ts'
import { discardFile, type Form, formReader } from './form.ts'
import type { ConsoleHouse } from './house.ts'
import { rememberLanguage, speakTheirLanguage } from './language.ts'
import { isOwnRequest } from './origin.ts'
import {
  type Act,
  type Page,
  type Part,
  peopleOf,
  type Route,
  SECTIONS,
  type Stream,
  type View,
  type Visit,
  type Went,
} from './page.ts'
import { ROUTES } from './routes.ts'
import { inTheirLanguage } from './sentences.ts'
import { confirmSession, type Session, touchSession } from './session.ts'
import { isAtHome } from './set-up.ts'
import { openViews, say } from './view.ts'

/** The people's door: sign-in, every page of the console, and its style and script. What is not its own it lets pass. */
export function consoleDoor(house: ConsoleHouse): RequestHandler {
  const desk: Desk = {
    house,
    views: openViews(),
    assets: openAssets(),
    readForm: formReader(house.uploadDir),
  }
  const router = express.Router({ caseSensitive: true, strict: true })
  router.use(compression({ filter: mayCompress }))
  router.get('/assets/:hash/:name', named('/assets'), desk.assets.serve)
  router.use(speakTheirLanguage())
  router.post('/language', named('/language'), pageHeaders(), chooseLanguage(desk))
  for (const route of ROUTES) open(router, desk, route)
  openEntrance(router, desk)
  router.get('/{*path}', answerUnknown(desk))
  return router
}

/** A stream of events must not wait for enough to compress. */
function mayCompress(_request: Request, response: Response): boolean {
  const type = String(response.getHeader('Content-Type') ?? '')
  return /^(text\/(html|css|javascript)|application\/json|image\/svg)/.test(type)
}

function open(router: express.Router, desk: Desk, route: Route): void {
  const method = route.kind === 'act' || route.kind === 'part' ? 'post' : 'get'
  router[method](route.path, named(route.path), pageHeaders(), async (request, response) => {
    try {
      if (!isOwnRequest(desk.house, request)) return sendRefusal(desk, response, FOREIGN_FORM)
      if (await isTooMany(desk, response, `address ${request.ip}`)) return
      const session = await sessionOf(desk, request)
      if (!session) return await askToSignIn(desk, route, request, response)
      if (await isTooMany(desk, response, session.actor.name)) return
      if (route.kind === 'page') await sendPage(desk, session, route, request, response)
      else if (route.kind === 'act') await sendAct(desk, session, route, request, response)
      else if (route.kind === 'part') await sendPart(desk, session, route, request, response)
      else await sendStream(desk, session, route, request, response)
    } catch (error) {
      sendFailure(desk, response, error)
    }
  })
}

async function askToSignIn(desk: Desk, route: Route, request: Request, response: Response): Promise<void> {
  const had = readToken(desk.house, request) !== undefined
  if (had) clearToken(desk.house, response)
  if (route.kind === 'stream' || route.kind === 'part') return void response.status(401).end()
  if (isAtHome(desk.house, request) && !(await hasWorkspace(desk.house)))
    return response.redirect(303, '/set-up')
  response.redirect(303, had ? '/sign-in?ended=1' : '/sign-in')
}

async function sendPage(desk: Desk, session: Session, route: Page, request: Request, response: Response) {
  const shown = await visiting(desk, session, request, async (visit) =>
    finish(desk, visit, await route.show(visit)),
  )
  sendShown(desk, response, shown)
}

async function sendPart(desk: Desk, session: Session, route: Part, request: Request, response: Response) {
  const form = await desk.readForm(request, response)
  if ('ok' in form) return sendRefusal(desk, response, form)
  await discardFile(form)
  const shown = await visiting(desk, session, request, async (visit): Promise<Finished> => {
    const view = await route.show(visit, form)
    if (!view.ok) return view
    const { name, data } = view.value
    return { status: 200, html: desk.views.part(name, { ...frameOf(desk, visit, undefined), ...data }) }
  })
  sendShown(desk, response, shown)
}

async function sendAct(desk: Desk, session: Session, route: Act, request: Request, response: Response) {
  const form = await desk.readForm(request, response)
  if ('ok' in form) return sendRefusal(desk, response, form)
  const { confirm_password: password, confirm_code: code, ...fields } = form.fields
  const plain = { ...form, fields }
  try {
    const seconds = await confirm(desk, session, response, { password, code })
    const visitor = seconds === 0 ? { ...session, actor: { ...session.actor, mustConfirm: false } } : session
    const answered = await visiting(desk, visitor, request, (visit) =>
      answerAct(desk, route, { ...visit, justConfirmed: seconds === 0 }, plain, request, seconds),
    )
    if ('token' in answered && answered.token !== undefined) setToken(desk.house, response, answered.token)
    if ('to' in answered) response.redirect(303, answered.to)
    else sendShown(desk, response, answered)
  } finally {
    await discardFile(form)
  }
}

/**
 * A member proves who they are with the very form that needs it.
 * @returns 0 if they have, undefined if they were not asked, -1 if it is wrong, else the seconds to wait
 */
async function confirm(
  { house }: Desk,
  session: Session,
  response: Response,
  proof: { password: string | undefined; code: string | undefined },
): Promise<number | undefined> {
  if (session.member === undefined || (proof.password === undefined && proof.code === undefined))
    return undefined
  const seconds = await confirmPerson(house, session.member.personId, {
    password: proof.password,
    code: proof.code?.trim(),
  })
  if (seconds === 0)
    await house.database.within(causeOf(session, response), (scope) => confirmSession(scope, session))
  return seconds
}

type Finished = { readonly status: number; readonly html: string } | Refusal

/** Does it once for each form that was shown; what is refused is undone and shown again with the reason. */
async function answerAct(
  desk: Desk,
  route: Act,
  visit: Visit,
  form: Form,
  request: Request,
  confirmed: number | undefined,
) {
  const done = await undoIfRefused(visit.scope, (scope) =>
    onceOnly({ ...visit, scope }, form, request, (inner) => route.act(inner, form)),
  )
  if (done.ok) {
    const { view, to, token } = done.value
    return view === undefined ? { to, token } : finish(desk, visit, ok(view))
  }
  if (done.facts?.confirm === true && visit.session.member)
    return askToConfirm(desk, visit, form, request.path, confirmed)
  const refusal = inTheirLanguage(done)
  const errors = faultsOf(refusal)
  const shown = await route.again(visit, { fields: form.fields, refusal, errors })
  return finish(desk, visit, shown, statusOf(done))
}

/** The form comes back with all it said, and one more field. */
async function askToConfirm(
  desk: Desk,
  visit: Visit,
  form: Form,
  action: string,
  confirmed: number | undefined,
): Promise<Finished> {
  const { totpSecret } = await readAccount(peopleOf(visit), visit.session.member!.personId)
  const data = {
    action,
    fields: Object.entries(form.fields).map(([name, value]) => ({ name, value })),
    withCode: totpSecret !== null,
    lostFile: form.file !== undefined,
    error: confirmed === undefined ? undefined : faultOfProof(confirmed),
  }
  return finish(desk, visit, ok({ name: 'confirm', title: say('confirm.title'), data }), 403)
}

function faultOfProof(seconds: number): string {
  return seconds < 0 ? say('confirm.wrong') : say('sign_in.wait', { n: seconds })
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
      justConfirmed: false,
      query: (name) => queryWord(request, name),
      here: request.method === 'GET' ? request.originalUrl : '/',
    })
  })
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
    who: { role: scope.actor.role, name: session.name, member: session.member !== undefined },
    may: Object.fromEntries(
      Object.keys(PERMISSIONS).map((action) => [action, roleMay(scope.actor.role, action as Action)]),
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
  'drafted',
  'blocked',
  'unblocked',
  'submitted',
  'quoted',
  'paused',
  'resumed',
  'cancelled',
  'approved',
  'approval_given',
  'rejected',
  'topped_up',
  'received',
  'mapped',
  'saved',
  'invoice',
  'payment',
  'moved',
  'ladder',
  'ladder_saved',
  'ladder_state',
  'standing',
  'sender',
  'policy',
  'revoked',
  'key',
  'role',
  'removed',
  'withdrawn',
  'password',
  'session',
  'second_factor_off',
])

function sendShown(desk: Desk, response: Response, shown: Finished): void {
  if ('ok' in shown) sendRefusal(desk, response, shown)
  else response.status(shown.status).type('html').send(shown.html)
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
