import { createHash } from 'node:crypto'
import type { Request, Response } from 'express'
import { ok, type Refusal, type Result, refuse } from '../platform/result.ts'
import { undoIfRefused } from '../platform/savepoint.ts'
import { claimKey, confirmPerson, readAccount, rememberAnswer } from '../workspaces/index.ts'
import { setToken } from './cookie.ts'
import { causeOf, type Desk, faultsOf, statusOf } from './desk.ts'
import type { Form } from './form.ts'
import { type Finished, finish, paramsOf, sendShown, visiting } from './frame.ts'
import { type Keeping, keepSecrets, openKept } from './kept.ts'
import {
  type Act,
  type Again,
  type Errand,
  type ErrandVisit,
  type Found,
  peopleOf,
  type View,
  type Visit,
  type Went,
} from './page.ts'
import { inTheirLanguage } from './sentences.ts'
import { confirmSession, type Session } from './session.ts'
import { say } from './view.ts'

/** Does what a form asks, and leads on; or shows the form again with what was refused. */
export async function sendAct(
  desk: Desk,
  session: Session,
  route: Act,
  form: Form,
  request: Request,
  response: Response,
) {
  const { visitor, seconds, fields } = await prove(desk, session, form, response)
  const plain = { ...form, fields }
  const answered = await visiting(desk, visitor, request, (visit) =>
    answerAct(desk, route, { ...visit, justConfirmed: seconds === 0 }, plain, request, seconds),
  )
  if ('token' in answered && answered.token !== undefined) setToken(desk.house, response, answered.token)
  if ('to' in answered) response.redirect(303, answered.to)
  else sendShown(desk, response, answered)
}

/** Asks the outside world with no transaction open, and shows what it said on the page that it was asked from. */
export async function sendErrand(
  desk: Desk,
  session: Session,
  route: Errand,
  form: Form,
  request: Request,
  response: Response,
) {
  const { visitor, seconds, fields } = await prove(desk, session, form, response)
  const plain = { ...form, fields }
  const within: ErrandVisit['within'] = (work) => desk.house.database.within(causeOf(visitor, response), work)
  const asked = await route.ask({ house: desk.house, params: paramsOf(request), within }, plain)
  if (asked.ok && 'to' in asked.value) return response.redirect(303, asked.value.to)
  const shown = await visiting(desk, visitor, request, async (visit) => {
    if (asked.ok) {
      const { found } = asked.value as { found: Found }
      return finish(desk, visit, await route.show(visit, undefined, found))
    }
    return comeBack(desk, visit, plain, asked, seconds, request.path, (again) => route.show(visit, again))
  })
  sendShown(desk, response, shown)
}

/** Who sent a form, once they have proved it where they did, and what it says beside the proof. */
async function prove(desk: Desk, session: Session, form: Form, response: Response) {
  const { confirm_password: password, confirm_code: code, ...rest } = form.fields
  const seconds = await confirm(desk, session, response, { password, code })
  const visitor = seconds === 0 ? { ...session, actor: { ...session.actor, mustConfirm: false } } : session
  const keeping = keepingOf(desk, session, desk.house.clock.now())
  return { visitor, seconds, fields: openKept(rest, keeping) }
}

function keepingOf({ house }: Desk, { workspaceId, actor }: Session, now: Date): Keeping {
  return { box: house.secrets, workspaceId, actorName: actor.name, now }
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
  return comeBack(desk, visit, form, done, confirmed, request.path, (again) => route.again(visit, again))
}

/** What was refused is shown again with all that was typed; or who typed it is asked to prove who they are. */
async function comeBack(
  desk: Desk,
  visit: Visit,
  form: Form,
  refused: Refusal,
  confirmed: number | undefined,
  action: string,
  show: (again: Again) => Promise<Result<View>>,
): Promise<Finished> {
  const { fields, kept } = keepSecrets(form.fields, keepingOf(desk, visit.session, visit.scope.now))
  if (refused.facts?.confirm === true && visit.session.member)
    return askToConfirm(desk, visit, { ...form, fields }, action, confirmed)
  const refusal = inTheirLanguage(refused)
  const shown = await show({ fields, refusal, errors: faultsOf(refusal), kept })
  return finish(desk, visit, shown, statusOf(refused))
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
