import { createHash, randomInt, timingSafeEqual } from 'node:crypto'

/**
 * An API key: `dck_<8 characters>_<43 characters>`. The first part finds the key and may be shown; the second has 256
 * bits and is kept only as a SHA-256: a secret that nobody chose needs no slow hash.
 */
export type MadeKey = { readonly text: string; readonly prefix: string; readonly secretHash: Buffer }

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const PREFIX_CHARS = 8
const SECRET_CHARS = 43
const KEY = /^dck_([0-9A-Za-z]{8})_([0-9A-Za-z]{43})$/

/** Makes a key. Its text is for the person who asked and is stored nowhere. */
export function makeKey(): MadeKey {
  const prefix = randomBase62(PREFIX_CHARS)
  const secret = randomBase62(SECRET_CHARS)
  return { text: `dck_${prefix}_${secret}`, prefix, secretHash: hashOf(secret) }
}

/** Takes a key apart; undefined for anything that is not one. */
export function parseKey(text: string): { readonly prefix: string; readonly secretHash: Buffer } | undefined {
  const match = KEY.exec(text)
  return match ? { prefix: match[1]!, secretHash: hashOf(match[2]!) } : undefined
}

/** Compares two hashes in constant time. */
export function sameHash(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other)
}

function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}

function randomBase62(chars: number): string {
  return Array.from({ length: chars }, () => BASE62[randomInt(BASE62.length)]).join('')
}
