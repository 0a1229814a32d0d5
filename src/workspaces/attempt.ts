import type { AnySql } from '../platform/db.ts'
import { hashOf } from './token.ts'

type Kind = { readonly freeFailures: number; readonly longestWaitSeconds: number }

/**
 * What is slowed down, and how. Who shares an address with others fails in their company, so that much is free there;
 * a key has 256 bits, so that little is gained by trying; a code has six digits and is worth a long wait.
 */
const KINDS = {
  account: { freeFailures: 5, longestWaitSeconds: 60 },
  address: { freeFailures: 20, longestWaitSeconds: 60 },
  key: { freeFailures: 3, longestWaitSeconds: 60 },
  code: { freeFailures: 5, longestWaitSeconds: 900 },
  mail: { freeFailures: 3, longestWaitSeconds: 900 },
} as const satisfies Record<string, Kind>

export type Subject = readonly [kind: keyof typeof KINDS, whose: string]

/**
 * Counts an attempt before it is made, so that many at once are no way around.
 * @returns the seconds to wait, or 0 where it may be made; then it counts as failed until `endAttempt`
 */
export async function beginAttempt(sql: AnySql, subject: Subject, now: Date): Promise<number> {
  const { freeFailures, longestWaitSeconds } = KINDS[subject[0]]
  const [row] = await sql<{ seconds: number }[]>`
    SELECT begin_attempt(${hashOfSubject(subject)}, ${freeFailures}, ${longestWaitSeconds},
                         ${now.toISOString()}::timestamptz) AS seconds`
  return row!.seconds
}

/** It did not fail after all; `forgiven`: and what failed before is forgotten too. */
export async function endAttempt(sql: AnySql, subject: Subject, forgiven = true): Promise<void> {
  await sql`SELECT end_attempt(${hashOfSubject(subject)}, ${forgiven})`
}

function hashOfSubject(subject: Subject): Buffer {
  return hashOf(subject.join(' '))
}
