import { createHash, randomBytes } from 'node:crypto'

/** A new UUID of version 7 (RFC 9562): sorts by time, made in the program so that PostgreSQL 14 and later serve. */
export function newId(nowMs: number = Date.now()): string {
  const bytes = randomBytes(16)
  bytes.writeUIntBE(nowMs, 0, 6)
  bytes[6] = 0x70 | (bytes[6]! & 0x0f)
  bytes[8] = 0x80 | (bytes[8]! & 0x3f)
  return hyphenate(bytes.toString('hex'))
}

/** A UUID derived from what caused it: the same cause gives the same id, which makes it an idempotency key. */
export function derivedId(...cause: readonly string[]): string {
  const bytes = createHash('sha256').update(JSON.stringify(cause)).digest().subarray(0, 16)
  bytes[6] = 0x80 | (bytes[6]! & 0x0f)
  bytes[8] = 0x80 | (bytes[8]! & 0x3f)
  return hyphenate(bytes.toString('hex'))
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const BIGINT = /^[1-9]\d{0,17}$/

/** Whether a string from outside can be one of our UUIDs; anything else is simply not found. */
export function isUuid(text: string): boolean {
  return UUID.test(text)
}

/** Whether a string from outside can be one of our counted ids (contacts, messages). */
export function isCountedId(text: string): boolean {
  return BIGINT.test(text)
}

function hyphenate(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
