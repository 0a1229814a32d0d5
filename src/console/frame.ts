import type { Request, Response } from 'express'
import type { Refusal, Result } from '../platform/result.ts'
import { type Action, findWorkspace, PERMISSIONS, roleMay } from '../workspaces/index.ts'
import { causeOf, type Desk, sendRefusal } from './desk.ts'
import { speakingIn } from './language.ts'
import { queryWord } from './list.ts'
import { SECTIONS, type View, type Visit } from './page.ts'
import { type Session, touchSession } from './session.ts'
import { isSaid, say } from './view.ts'

/** A page that is ready to be sent, or why there is none. */
export type Finished = { readonly status: number; readonly html: string } | Refusal

/** Does something in one transaction of whoever visits. */
export function visiting<T>(
  desk: Desk,
  session: Session,
  request: Request,
  work: (visit: Visit) => Promise<T>,
): Promise<T> {
  return desk.house.database.within(causeOf(session, request.res!), async (scope) => {
    await touchSession(scope, session)
    const workspace = await findWorkspace(scope)
    const visit: Visit = {
      house: desk.house,
      session,
      scope,
      workspace,
      params: paramsOf(request),
      justConfirmed: false,
      query: (name) => queryWord(request, name),
      here: request.method === 'GET' ? request.originalUrl : '/',
    }
    return speakingIn(workspace.language, () => work(visit))
  })
}

export function paramsOf(request: Request): Readonly<Record<string, string>> {
  return request.params as Record<string, string>
}

/** A whole page, with what stands around it. */
export function finish(desk: Desk, visit: Visit, shown: Result<View>, status = 200): Finished {
  if (!shown.ok) return shown
  const { name, section, title, data } = shown.value
  const html = desk.views.page(name, { ...frameOf(desk, visit, section), ...data, title })
  return { status, html }
}

/** What stands around every page: who is here, what they may do, where they are, and what has just been done. */
export function frameOf({ assets }: Desk, visit: Visit, section: string | undefined) {
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
    notice: done !== undefined && isSaid(`done.${done}`) ? say(`done.${done}`) : undefined,
  }
}

export function sendShown(desk: Desk, response: Response, shown: Finished): void {
  if ('ok' in shown) sendRefusal(desk, response, shown)
  else response.status(shown.status).type('html').send(shown.html)
}
