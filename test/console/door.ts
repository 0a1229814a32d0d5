import { randomInt } from 'node:crypto'
import type { RequestHandler } from 'express'
import { consoleDoor } from '../../src/console/index.ts'
import type { RateLimit } from '../../src/platform/rate-limit.ts'
import { type Server, startServer } from '../api/client.ts'

export type Seen = { status: number; headers: Headers; text: string; to: string | null }
export type Visitor = {
  see(path: string, headers?: Record<string, string>): Promise<Seen>
  send(path: string, fields?: Record<string, string>, headers?: Record<string, string>): Promise<Seen>
}

export type Console = Server & {
  /** A browser without a session, or with the one that this cookie holds. */
  browser(cookie?: string): Visitor
  /** Somebody who has signed in with a key. */
  signIn(key: string): Promise<Visitor & { cookie: string }>
  /** Turns the door's own clock. */
  clock: { now(): Date }
  /** How much may be asked; everything, unless a test says otherwise. */
  limit: RateLimit
}

/** The whole server with the console at its other door, over a real database and without workers. */
export async function openConsole(publicUrl?: string, ownerUrl?: string): Promise<Console> {
  let door: RequestHandler | undefined
  const limit: RateLimit = { take: async () => 0 }
  const server = await startServer({
    house: { limit, trustProxy: ['loopback'] },
    otherDoors: [(request, response, next) => door!(request, response, next)],
    ...(ownerUrl !== undefined && { ownerUrl }),
  })
  const clock = { now: server.house.clock.now }
  door = consoleDoor({ ...server.house, publicUrl, clock: { now: () => clock.now() } })
  // Files that share a database are tried at the same time, and who signs in is counted by address.
  const from: Record<string, string> = ownerUrl === undefined ? { 'x-forwarded-for': anAddress() } : {}
  const browser = (cookie?: string): Visitor => ({
    see: (path, headers = {}) => ask(server.url, 'GET', path, cookie, undefined, { ...from, ...headers }),
    send: (path, fields = {}, headers = { 'sec-fetch-site': 'same-origin' }) =>
      ask(server.url, 'POST', path, cookie, fields, { ...from, ...headers }),
  })
  return {
    ...server,
    clock,
    limit,
    browser,
    async signIn(key) {
      const signed = await browser().send('/sign-in', { key })
      const cookie = signed.headers.get('set-cookie')?.split(';')[0]
      if (signed.status !== 303 || cookie === undefined) throw new Error(`not signed in: ${signed.status}`)
      return { ...browser(cookie), cookie }
    },
  }
}

/** Of the block that RFC 3849 keeps for documentation. */
function anAddress(): string {
  return `2001:db8::${randomInt(0x1_0000).toString(16)}:${randomInt(0x1_0000).toString(16)}`
}

async function ask(
  url: string,
  method: string,
  path: string,
  cookie: string | undefined,
  fields: Record<string, string> | undefined,
  headers: Record<string, string>,
): Promise<Seen> {
  const response = await fetch(`${url}${path}`, {
    method,
    redirect: 'manual',
    headers: { accept: 'text/html', ...(cookie && { cookie }), ...headers },
    ...(fields && { body: new URLSearchParams(fields) }),
  })
  const { status } = response
  return {
    status,
    headers: response.headers,
    text: await response.text(),
    to: response.headers.get('location'),
  }
}

/** The hidden field of the form that is sent to `action`. */
export function hidden(page: string, action: string, name: string): string {
  const form = page.split('<form').find((part) => part.includes(`action="${action}"`)) ?? ''
  const value = new RegExp(`name="${name}" value="([^"]*)"`).exec(form)?.[1]
  if (value === undefined) throw new Error(`the page has no form to ${action} with ${name}`)
  return value
}
