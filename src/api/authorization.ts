import type { Request } from 'express'
import { authenticate, type Identity } from '../workspaces/index.ts'
import type { ApiHouse } from './house.ts'
import { Problem } from './problem.ts'

const BEARER = /^Bearer +(\S+) *$/i

/** Who is asking, by the key in the header. @throws Problem `unauthenticated` */
export async function identify(house: ApiHouse, request: Request): Promise<Identity> {
  const header = request.get('authorization')
  if (header === undefined) throw unauthenticated('Send an API key: Authorization: Bearer dck_…')
  const key = BEARER.exec(header)?.[1]
  const identity = key === undefined ? undefined : await authenticate(house.database.sql, key)
  if (!identity)
    throw unauthenticated('This API key is not known, or was revoked.', ', error="invalid_token"')
  return identity
}

function unauthenticated(detail: string, challenge = ''): Problem {
  return new Problem(
    'unauthenticated',
    detail,
    {},
    { 'WWW-Authenticate': `Bearer realm="duecast"${challenge}` },
  )
}
