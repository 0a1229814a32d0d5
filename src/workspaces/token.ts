import { createHash, randomBytes } from 'node:crypto'

const TOKEN_BYTES = 32
const TOKEN = /^[\w-]{43}$/

/** A secret of 256 bits for a cookie or a link; only its hash is ever stored. */
export function newToken(): string {
  return randomBytes(TOKEN_BYTES).toString('base64url')
}

/** Under which a token is stored and found: nobody chose it, so that it needs no slow hash. */
export function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

/** Whether a text from outside can be one of our tokens. */
export function isToken(text: string): boolean {
  return TOKEN.test(text)
}
