import type { Request, Response } from 'express'
import type { ConsoleHouse } from './house.ts'
import { SESSION_MS } from './session.ts'

const NAME = 'duecast_session'

/** Reads the session's token from the request's cookie. */
export function readToken(house: ConsoleHouse, request: Request): string | undefined {
  const name = cookieName(house)
  for (const pair of (request.get('cookie') ?? '').split(';')) {
    const at = pair.indexOf('=')
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim()
  }
  return undefined
}

/** Gives the browser its session; scripts cannot read it and other sites' forms do not send it. */
export function setToken(house: ConsoleHouse, response: Response, token: string): void {
  response.cookie(cookieName(house), token, { ...cookieAttributes(house), maxAge: SESSION_MS })
}

/** Takes the cookie back. */
export function clearToken(house: ConsoleHouse, response: Response): void {
  response.clearCookie(cookieName(house), cookieAttributes(house))
}

/** Over https the name itself makes browsers insist on Secure, this host alone and every path. */
function cookieName(house: ConsoleHouse): string {
  return isSecure(house) ? `__Host-${NAME}` : NAME
}

/** What keeps a cookie of ours from scripts and from other sites. */
export function cookieAttributes(house: ConsoleHouse) {
  return { httpOnly: true, sameSite: 'lax', path: '/', secure: isSecure(house) } as const
}

function isSecure(house: ConsoleHouse): boolean {
  return house.publicUrl?.startsWith('https://') ?? false
}
