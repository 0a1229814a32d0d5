import { sqlState } from '../platform/db.ts'

/** What the network and the database's client say when nobody answers. */
const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
  'ENOENT',
  'CONNECT_TIMEOUT',
  'CONNECTION_CLOSED',
  'CONNECTION_DESTROYED',
  'CONNECTION_ENDED',
])

/** What a disk says that has no room: somebody will make some. */
const NO_ROOM = new Set(['ENOSPC', 'EDQUOT'])

/**
 * SQLSTATEs by which a database says "not now": connection exceptions (08), lack of resources (53), shutdown (57P),
 * a read-only stand-by (25006), a statement or a lock that took too long (57014, 55P03), and what was tried again in
 * vain (40001, 40P01).
 */
const NOT_NOW = /^(08|53|57P)|^(25006|57014|55P03|40001|40P01)$/

/** Whether an error means that a part of the house is away for a moment, rather than a bug. */
export function isOutage(error: unknown): boolean {
  const state = sqlState(error)
  if (state !== undefined) return NOT_NOW.test(state)
  if (!(error instanceof Error)) return false
  const { code, syscall } = error as NodeJS.ErrnoException
  if (code !== undefined && NO_ROOM.has(code)) return true
  if (code !== undefined && NETWORK.has(code)) return code !== 'ENOENT' || syscall === 'connect'
  if (error instanceof AggregateError) return error.errors.some(isOutage)
  return error.cause !== undefined && isOutage(error.cause)
}
