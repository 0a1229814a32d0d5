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
}

const DELIVERED = new Set(['delivered', 'read', 'read_only'])
const MESSAGE_ID = /^dc\.(\d+)\./

export async function readWitness(recordFile: string): Promise<Witness> {
  const byRecipient = new Map<string, number>()
  const byAttempt = new Map<string, number>()
  const delivered = new Set<bigint>()
  let accepted = 0
  for await (const line of createInterface({ input: createReadStream(recordFile) })) {
    const { attemptRef, to, fate } = JSON.parse(line) as { attemptRef: string; to: string; fate: string }
    accepted += 1
    byRecipient.set(to, (byRecipient.get(to) ?? 0) + 1)
    byAttempt.set(attemptRef, (byAttempt.get(attemptRef) ?? 0) + 1)
    const id = MESSAGE_ID.exec(attemptRef)?.[1]
    if (id && DELIVERED.has(fate)) delivered.add(BigInt(id))
  }
  return {
    accepted,
    recipientsTwice: countTwice(byRecipient),
    attemptsTwice: countTwice(byAttempt),
    delivered,
  }
}

function countTwice(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].filter((count) => count > 1).length
}
