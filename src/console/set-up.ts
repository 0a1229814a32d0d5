import type { Request } from 'express'
import type { SecretBox } from '../platform/secrets.ts'
import { hashOf } from '../workspaces/index.ts'
import type { ConsoleHouse } from './house.ts'

/** What the server prints at its first start, for whoever sets it up from another machine; the same on every server. */
export function setUpToken(secrets: SecretBox): string {
  return secrets.derive('token to set up the first workspace')
}

/** Whether this request may make the first workspace: from the very machine, or with the printed token. */
export function maySetUp(house: ConsoleHouse, request: Request, token: string): boolean {
  return isAtHome(house, request) || hashOf(token).equals(hashOf(setUpToken(house.secrets)))
}

const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via']

/**
 * Whether somebody sits at this machine: the connection comes from it, asks for it by a local name, and was not passed
 * on. A proxy on this machine passes on what comes from anywhere; where a public address is configured, it is assumed.
 */
export function isAtHome(house: ConsoleHouse, request: Request): boolean {
  const from = request.socket.remoteAddress ?? ''
  return (
    isLoopback(from.replace(/^::ffff:/, '')) &&
    isLoopback(hostOf(`http://${request.get('host')}`)) &&
    (house.publicUrl === undefined || isLoopback(hostOf(house.publicUrl))) &&
    FORWARDED.every((name) => request.get(name) === undefined)
  )
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, '') : ''
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)
}
