import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'

/** What the stand-in wrote down of every message it accepted, read from its own file: it knows nothing of our rows. */
export type Witness = {
  accepted: number
  /** Recipients who were sent more than one message. */
  recipientsTwice: number
  /** Attempts that were accepted more than once. */
  attemptsTwice: number
  /** Messages, by our own number, that reached their recipient and were reported. */
  delivered: Set<bigint>
  /** When each was accepted. */
  acceptedAtMs: number[]
}

type Line = { attemptRef: string; to: string; fate: string; acceptedAtMs: number }

const DELIVERED = new Set(['delivered', 'read', 'read_only'])
const MESSAGE_ID = /^dc\.(\d+)\./

/**
 * Reads all that it wrote.
 * @param since tells of messages after this one only; whether anybody was served twice is asked of all
 */
export async function readWitness(recordFile: string, since = 0n): Promise<Witness> {
  const byRecipient = new Map<string, number>()
  const byAttempt = new Map<string, number>()
  const delivered = new Set<bigint>()
  const acceptedAtMs: number[] = []
  for await (const line of createInterface({ input: createReadStream(recordFile) })) {
    const { attemptRef, to, fate, acceptedAtMs: atMs } = JSON.parse(line) as Line
    byRecipient.set(to, (byRecipient.get(to) ?? 0) + 1)
    byAttempt.set(attemptRef, (byAttempt.get(attemptRef) ?? 0) + 1)
    const id = BigInt(MESSAGE_ID.exec(attemptRef)?.[1] ?? -1)
    if (id <= since) continue
    acceptedAtMs.push(atMs)
    if (DELIVERED.has(fate)) delivered.add(id)
  }
  return {
    accepted: acceptedAtMs.length,
    recipientsTwice: countTwice(byRecipient),
    attemptsTwice: countTwice(byAttempt),
    delivered,
    acceptedAtMs,
  }
}

function countTwice(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].filter((count) => count > 1).length
}
