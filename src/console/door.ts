import compression from 'compression'
import express, { type Request, type RequestHandler, type Response } from 'express'
import { refuse } from '../platform/result.ts'
import { findWorkspace, hasWorkspace } from '../workspaces/index.ts'
import { sendAct, sendErrand } from './acts.ts'
import { openAssets } from './assets.ts'
import { clearToken, cookieAttributes, readToken } from './cookie.ts'
import {
  causeOf,
  type Desk,
  FOREIGN_FORM,
  isTooMany,
  named,
  pageHeaders,
  sendFailure,
  sendRefusal,
  sessionOf,
  withForm,
} from './desk.ts'
import { openEntrance } from './entrance.ts'
import { type Form, formReader } from './form.ts'
import { type Finished, finish, frameOf, paramsOf, sendShown, visiting } from './frame.ts'
import type { ConsoleHouse } from './house.ts'
import { rememberLanguage, speakingIn, speakTheirLanguage } from './language.ts'
import { isOwnRequest } from './origin.ts'
import type { Page, Part, Route, Stream, StreamVisit } from './page.ts'
import { ROUTES } from './routes.ts'
import type { Session } from './session.ts'
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
  const method = route.kind === 'page' || route.kind === 'stream' ? 'get' : 'post'
  router[method](route.path, named(route.path), pageHeaders(), async (request, response) => {
    try {
      if (!isOwnRequest(desk.house, request)) return sendRefusal(desk, response, FOREIGN_FORM)
      if (await isTooMany(desk, response, `address ${request.ip}`)) return
      const session = await sessionOf(desk, request)
      if (!session) return await askToSignIn(desk, route, request, response)
      if (await isTooMany(desk, response, session.actor.name)) return
      if (route.kind === 'page') await sendPage(desk, session, route, request, response)
      else if (route.kind === 'stream') await sendStream(desk, session, route, request, response)
      else
        await withForm(desk, request, response, (form) => {
          if (route.kind === 'act') return sendAct(desk, session, route, form, request, response)
          if (route.kind === 'errand') return sendErrand(desk, session, route, form, request, response)
          return sendPart(desk, session, route, form, request, response)
        })
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

async function sendPart(
  desk: Desk,
  session: Session,
  route: Part,
  form: Form,
  request: Request,
  response: Response,
) {
  const shown = await visiting(desk, session, request, async (visit): Promise<Finished> => {
    const view = await route.show(visit, form)
    if (!view.ok) return view
    const { name, data } = view.value
    return { status: 200, html: desk.views.part(name, { ...frameOf(desk, visit, undefined), ...data }) }
  })
  sendShown(desk, response, shown)
}

async function sendStream(desk: Desk, session: Session, route: Stream, request: Request, response: Response) {
  const visit: StreamVisit = {
    house: desk.house,
    views: desk.views,
    params: paramsOf(request),
    request,
    response,
    within: (work) => desk.house.database.within(causeOf(session, response), work),
    stillHere: async () => (await sessionOf(desk, request)) !== undefined,
  }
  const { language } = await visit.within(findWorkspace)
  const refused = await speakingIn(language, () => route.send(visit))
  if (refused) sendRefusal(desk, response, refused)
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
    await withForm(desk, request, response, async ({ fields }) => {
      rememberLanguage(response, fields.language ?? '', cookieAttributes(desk.house))
      response.redirect(303, ownPath(fields.here))
    })
  }
}

/** A path of this console as a page of ours named it; anything else leads to the first page. */
function ownPath(path = '/'): string {
  return /^\/(?![/\\])[\x21-\x7e]*$/.test(path) ? path : '/'
}
