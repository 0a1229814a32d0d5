import type { Request } from 'express'
import type { ConsoleHouse } from './house.ts'

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Whether a request comes from a page of ours, as far as it could change anything. Browsers say so themselves in
 * Sec-Fetch-Site; where they do not, Origin must be our own. A request that says neither is no browser's form.
 */
export function isOwnRequest(house: ConsoleHouse, request: Request): boolean {
  if (SAFE_METHODS.has(request.method)) return true
  const site = request.get('sec-fetch-site')
  if (site !== undefined) return site === 'same-origin' || site === 'none'
  const origin = request.get('origin')
  return origin !== undefined && ownOrigins(house, request).includes(origin)
}

function ownOrigins(house: ConsoleHouse, request: Request): string[] {
  const asked = `${request.protocol}://${request.get('host')}`
  if (house.publicUrl === undefined) return [asked]
  return [new URL(house.publicUrl).origin]
}
