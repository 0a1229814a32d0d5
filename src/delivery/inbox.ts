import { BYTEA_ARRAY, listOf, type SqlClient } from '../platform/db.ts'

/** Webhooks wait this long for company, so that many share one durable write. */
const GATHER_MS = 3
const MOST_TOGETHER = 500
/** Beyond this many waiting, a webhook is refused with 503: the provider tries again, and memory stays bounded. */
const MOST_WAITING = 20_000

type Waiting = { senderId: string; body: Buffer; stored: () => void; failed: (error: unknown) => void }

export type Inbox = {
  /** Resolves once the body is durable; rejects when it is not, so that the provider tries again. */
  store(senderId: string, body: Buffer): Promise<void>
}

/**
 * Stores what providers post, byte for byte, before it is answered or understood. Equal bodies of one sender are
 * stored once.
 * @param onStored told the senders of what was stored, some times a second, to nudge a worker
 */
export function openInbox(sql: SqlClient, onStored: (senderIds: readonly string[]) => void): Inbox {
  const waiting: Waiting[] = []
  const tell = gather(onStored)
  let planned = false
  let writing = 0

  const flush = async () => {
    planned = false
    const batch = waiting.splice(0, MOST_TOGETHER)
    if (waiting.length > 0) plan()
    if (batch.length === 0) return
    writing += batch.length
    try {
      await write(sql, batch)
      for (const item of batch) item.stored()
      tell(batch.map((item) => item.senderId))
    } catch (error) {
      for (const item of batch) item.failed(error)
    } finally {
      writing -= batch.length
    }
  }
  const plan = () => {
    if (planned) return
    planned = true
    setTimeout(() => void flush(), GATHER_MS)
  }

  return {
    store(senderId, body) {
      if (waiting.length + writing >= MOST_WAITING)
        return Promise.reject(new Error('the webhook inbox is full'))
      return new Promise((stored, failed) => {
        waiting.push({ senderId, body, stored, failed })
        plan()
      })
    },
  }
}

/** Whoever folds gathers for longer than this; a nudge for each batch would cost more than it saves. */
const TELL_EVERY_MS = 50

function gather(onStored: (senderIds: readonly string[]) => void): (senderIds: readonly string[]) => void {
  const stored = new Set<string>()
  const tellAll = () => {
    const senderIds = [...stored]
    stored.clear()
    onStored(senderIds)
  }
  return (senderIds) => {
    if (stored.size === 0) setTimeout(tellAll, TELL_EVERY_MS)
    for (const id of senderIds) stored.add(id)
  }
}

async function write(sql: SqlClient, batch: readonly Waiting[]): Promise<void> {
  const senderIds = batch.map((item) => item.senderId)
  const bodies = batch.map((item) => item.body)
  await sql`SELECT store_webhook_bodies(${listOf(senderIds)}::uuid[], ${sql.array(bodies, BYTEA_ARRAY)})`
}
