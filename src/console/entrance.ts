import type { Request, RequestHandler, Response, Router } from 'express'
import type { Refusal } from '../platform/result.ts'
import {
  acceptInvitation,
  beginAttempt,
  beginReset,
  endAttempt,
  findInvitation,
  hasWorkspace,
  isResetOpen,
  isToken,
  type Membership,
  openFirstWorkspace,
  openReset,
  PASSWORD_MIN_CHARS,
  resetLetter,
  resetPassword,
  type SignedIn,
  signInByCode,
  signInByPassword,
} from '../workspaces/index.ts'
import { clearToken, setToken } from './cookie.ts'
import {
  causeOf,
  type Desk,
  FOREIGN_FORM,
  faultsOf,
  isTooMany,
  named,
  pageHeaders,
  requestIdOf,
  sendFailure,
  sendRefusal,
  sessionOf,
  statusOf,
  withForm,
} from './desk.ts'
import type { Form } from './form.ts'
import { linkBase } from './house.ts'
import { isOwnRequest } from './origin.ts'
import { endSession, openMemberSession, signInByKey, signInByLink } from './session.ts'
import { isAtHome, maySetUp } from './set-up.ts'
import { say } from './view.ts'

type Fields = Form['fields']
type Data = Readonly<Record<string, unknown>>
type Answer = (desk: Desk, request: Request, response: Response, fields: Fields) => Promise<void>

/** The pages before the wall: set-up, sign-in, invitations and new passwords. */
export function openEntrance(router: Router, desk: Desk): void {
  get(router, desk, '/set-up', showSetUp)
  post(router, desk, '/set-up', setUp)
  get(router, desk, '/sign-in', showSignIn)
  post(router, desk, '/sign-in', signIn)
  post(router, desk, '/sign-in/code', signInWithCode)
  get(router, desk, '/sign-in/:token', showLink)
  post(router, desk, '/sign-out', signOut)
  get(router, desk, '/forgotten', showForgotten)
  post(router, desk, '/forgotten', sendReset)
  get(router, desk, '/reset/:token', showReset)
  post(router, desk, '/reset', reset)
  get(router, desk, '/invitation/:token', showInvitation)
  post(router, desk, '/invitation', accept)
}

function get(router: Router, desk: Desk, path: string, show: Answer): void {
  router.get(
    path,
    named(path),
    pageHeaders(),
    guarded(desk, (request, response) => show(desk, request, response, {})),
  )
}

function post(router: Router, desk: Desk, path: string, act: Answer): void {
  router.post(
    path,
    named(path),
    pageHeaders(),
    guarded(desk, (request, response) =>
      withForm(desk, request, response, ({ fields }) => act(desk, request, response, fields)),
    ),
  )
}

function guarded(desk: Desk, work: (request: Request, response: Response) => Promise<void>): RequestHandler {
  return async (request, response) => {
    try {
      if (!isOwnRequest(desk.house, request)) return sendRefusal(desk, response, FOREIGN_FORM)
      if (await isTooMany(desk, response, `address ${request.ip}`)) return
      await work(request, response)
    } catch (error) {
      sendFailure(desk, response, error)
    }
  }
}

function send(desk: Desk, response: Response, status: number, view: string, title: string, data: Data): void {
  const html = desk.views.page(view, {
    assets: desk.assets.urls,
    title,
    passwordMin: PASSWORD_MIN_CHARS,
    ...data,
  })
  response.status(status).type('html').send(html)
}

/** What was refused, next to the fields it is about, with what the form said but for its secrets. */
function again(refusal: Refusal, fields: Fields): Data {
  const { password: _password, code: _code, ...values } = fields
  return { again: { refusal, fields: values, errors: faultsOf(refusal) }, errors: faultsOf(refusal), values }
}

async function showSetUp(desk: Desk, request: Request, response: Response): Promise<void> {
  const token = typeof request.query.token === 'string' ? request.query.token : ''
  if (await hasWorkspace(desk.house)) return response.redirect(303, '/sign-in')
  const data = { token, locked: !maySetUp(desk.house, request, token) }
  send(desk, response, 200, 'set-up', say('set_up.title'), { ...data, values: { currency: 'IDR' } })
}

async function setUp(desk: Desk, request: Request, response: Response, fields: Fields): Promise<void> {
  const { token = '' } = fields
  const sendAgain = (refusal: Refusal) =>
    send(desk, response, statusOf(refusal), 'set-up', say('set_up.title'), {
      token,
      ...again(refusal, fields),
    })
  if (await hasWorkspace(desk.house)) return response.redirect(303, '/sign-in')
  if (!maySetUp(desk.house, request, token))
    return send(desk, response, 403, 'set-up', say('set_up.title'), { token: '', locked: true, wrong: true })
  const opened = await openFirstWorkspace(
    desk.house,
    {
      name: fields.workspace_name ?? '',
      currency: fields.currency ?? '',
      email: fields.email ?? '',
      personName: fields.name ?? '',
      password: fields.password ?? '',
    },
    requestIdOf(response),
  )
  if (opened.ok) await letIn(desk, request, response, opened.value)
  else if (opened.reason === 'already_set_up') response.redirect(303, '/sign-in')
  else sendAgain(opened)
}

async function showSignIn(desk: Desk, request: Request, response: Response): Promise<void> {
  const told = (name: string) => request.query[name] === '1'
  const fresh = !(await hasWorkspace(desk.house)) && isAtHome(desk.house, request)
  if (fresh) return response.redirect(303, '/set-up')
  sendSignIn(desk, response, 200, { ended: told('ended'), left: told('left'), reset: told('reset') })
}

async function signIn(desk: Desk, request: Request, response: Response, fields: Fields): Promise<void> {
  if (fields.email === undefined) return signInByHolding(desk, request, response, fields)
  const { email, password = '' } = fields
  const signed = await signInByPassword(desk.house, { email, password, address: addressOf(request) })
  if (signed.kind === 'code') return sendCode(desk, response, 200, { ticket: signed.ticket })
  await answerSignIn(desk, request, response, signed, (status, error) =>
    sendSignIn(desk, response, status, { error, email }),
  )
}

async function signInWithCode(
  desk: Desk,
  request: Request,
  response: Response,
  fields: Fields,
): Promise<void> {
  const { ticket = '', code = '' } = fields
  const signed = await signInByCode(desk.house, { ticket, code })
  await answerSignIn(desk, request, response, signed, (status, error) =>
    sendCode(desk, response, status, { ticket, error: status === 401 ? say('sign_in.code.wrong') : error }),
  )
}

async function answerSignIn(
  desk: Desk,
  request: Request,
  response: Response,
  signed: SignedIn,
  refuseWith: (status: number, error: string) => void,
): Promise<void> {
  if (signed.kind === 'in') return letIn(desk, request, response, signed.memberships[0])
  if (signed.kind !== 'wait') return refuseWith(401, say('sign_in.person.wrong'))
  response.set('Retry-After', String(signed.seconds))
  refuseWith(429, say('sign_in.wait', { n: signed.seconds }))
}

/** By what one holds: an API key, or a link that the operator printed. */
async function signInByHolding(
  desk: Desk,
  request: Request,
  response: Response,
  { key = '', token }: Fields,
): Promise<void> {
  const { house } = desk
  const subject = ['key', addressOf(request)] as const
  const seconds = await beginAttempt(house.database.sql, subject, house.clock.now())
  if (seconds > 0) {
    response.set('Retry-After', String(seconds))
    return sendSignIn(desk, response, 429, { keyError: say('sign_in.wait', { n: seconds }) })
  }
  const arrival = arrivalOf(request, response)
  const opened = await (token === undefined
    ? signInByKey(house, key.trim(), arrival)
    : signInByLink(house, token, arrival))
  if (opened === undefined)
    return sendSignIn(desk, response, 401, {
      keyError: say(token === undefined ? 'sign_in.wrong' : 'link.over'),
    })
  await endAttempt(house.database.sql, subject)
  await changeSession(desk, request, response, opened)
}

async function showLink(desk: Desk, request: Request, response: Response): Promise<void> {
  send(desk, response, 200, 'link', say('link.title'), { token: request.params.token })
}

async function signOut(desk: Desk, request: Request, response: Response): Promise<void> {
  await leave(desk, request, response)
  clearToken(desk.house, response)
  response.redirect(303, '/sign-in?left=1')
}

async function showForgotten(desk: Desk, _request: Request, response: Response): Promise<void> {
  send(desk, response, 200, 'forgotten', say('forgotten.title'), { mail: desk.house.mail.isOn })
}

/** Says the same to everybody, at once: the letter follows after the answer, if there is anybody to write to. */
async function sendReset(desk: Desk, request: Request, response: Response, fields: Fields): Promise<void> {
  const { house } = desk
  const email = fields.email ?? ''
  send(desk, response, 200, 'forgotten', say('forgotten.title'), { mail: house.mail.isOn, asked: true })
  if (!house.mail.isOn) return
  const seconds = await beginAttempt(house.database.sql, ['address', addressOf(request)], house.clock.now())
  if (seconds > 0 || (await beginReset(house, email)) > 0) return
  const token = await openReset(house, email)
  if (token !== undefined)
    house.mail.send(
      resetLetter(email.trim(), `${linkBase(desk.house)}/reset/${token}`),
      requestIdOf(response),
    )
}

async function showReset(desk: Desk, request: Request, response: Response): Promise<void> {
  const token = String(request.params.token)
  const open = isToken(token) && (await isResetOpen(desk.house, token))
  send(desk, response, open ? 200 : 410, 'reset', say('reset.title'), { token, over: !open })
}

async function reset(desk: Desk, _request: Request, response: Response, fields: Fields): Promise<void> {
  const { token = '', password = '' } = fields
  const done = await resetPassword(desk.house, { token, password })
  if (done.ok) return response.redirect(303, '/sign-in?reset=1')
  const data = { token, over: done.reason === 'link_over', ...again(done, {}) }
  send(desk, response, statusOf(done), 'reset', say('reset.title'), data)
}

async function showInvitation(desk: Desk, request: Request, response: Response): Promise<void> {
  const token = String(request.params.token)
  const invitation = await findInvitation(desk.house, token)
  send(desk, response, invitation ? 200 : 410, 'invitation', say('invitation.title'), { token, invitation })
}

async function accept(desk: Desk, request: Request, response: Response, fields: Fields): Promise<void> {
  const { token = '', name = '', password = '', code } = fields
  const asked = { token, name, password, code: code?.trim() || undefined }
  const accepted = await acceptInvitation(desk.house, asked, requestIdOf(response))
  if (accepted.ok) return letIn(desk, request, response, accepted.value)
  const invitation = await findInvitation(desk.house, token)
  const data = { token, invitation, ...again(accepted, fields) }
  send(desk, response, statusOf(accepted), 'invitation', say('invitation.title'), data)
}

/** A new session takes the place of whatever session the browser had. */
async function letIn(
  desk: Desk,
  request: Request,
  response: Response,
  membership: Membership,
): Promise<void> {
  const token = await openMemberSession(desk.house, membership, arrivalOf(request, response))
  await changeSession(desk, request, response, token)
}

async function changeSession(desk: Desk, request: Request, response: Response, token: string): Promise<void> {
  await leave(desk, request, response)
  setToken(desk.house, response, token)
  response.redirect(303, '/')
}

async function leave(desk: Desk, request: Request, response: Response): Promise<void> {
  const session = await sessionOf(desk, request)
  if (!session) return
  await desk.house.database.within(causeOf(session, response), (scope) => endSession(scope, session))
}

function arrivalOf(request: Request, response: Response) {
  return { requestId: requestIdOf(response), device: request.get('user-agent') ?? '' }
}

function addressOf(request: Request): string {
  return request.ip ?? 'unknown'
}

function sendSignIn(desk: Desk, response: Response, status: number, data: Data): void {
  send(desk, response, status, 'sign-in', say('sign_in.title'), data)
}

function sendCode(desk: Desk, response: Response, status: number, data: Data): void {
  send(desk, response, status, 'sign-in-code', say('sign_in.title'), data)
}
