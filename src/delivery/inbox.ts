import { listOf, type SqlClient } from '../platform/db.ts'
import type { Origin } from '../platform/trace.ts'

/** Webhooks wait this long for company, so that many share one durable write. */
const GATHER_MS = 3
/** While so many writes are under way, what comes gathers for the next; and other work finds a connection. */
const MOST_WRITES = 4

type Limits = {
  /** Of one write. Its bodies travel in one piece, as text of twice their length. */
  readonly together: Size
  /** Beyond this a webhook is refused with 503: the provider tries again, and memory stays bounded. */
  readonly held: Size
}
type Size = { readonly webhooks: number; readonly bytes: number }

const MEGABYTE = 1024 * 1024
const LIMITS: Limits = {
  together: { webhooks: 500, bytes: 8 * MEGABYTE },
  held: { webhooks: 20_000, bytes: 256 * MEGABYTE },
}

type Waiting = {
  senderId: string
  body: Buffer
  origin: Origin | undefined
  stored: () => void
  failed: (error: unknown) => void
}

export type Inbox = {
  /** Resolves once the body is durable; rejects when it is not, so that the provider tries again. */
  store(senderId: string, body: Buffer, origin?: Origin): Promise<void>
}

/** Senders of whom something was stored, each with a request that brought some of it. */
export type Stored = ReadonlyMap<string, Origin | undefined>

/**
 * Stores what providers post, byte for byte, before it is answered or understood. Equal bodies of one sender are
 * stored once.
 * @param onStored told the senders of what was stored, some times a second, to nudge a worker
 */
export function openInbox(
  sql: SqlClient,
  onStored: (stored: Stored) => void,
  limits: Limits = LIMITS,
): Inbox {
  const waiting: Waiting[] = []
  const tell = gather(onStored)
  const held = { webhooks: 0, bytes: 0 }
  let planned = false
  let writes = 0

  const plan = () => {
    if (planned || waiting.length === 0 || writes >= MOST_WRITES) return
    planned = true
    setTimeout(flush, GATHER_MS)
  }
  const flush = () => {
    planned = false
    while (waiting.length > 0 && writes < MOST_WRITES) void storeAll(takeOldest(waiting, limits.together))
  }
  const storeAll = async (batch: readonly Waiting[]) => {
    writes++
    try {
      await write(sql, batch)
      for (const item of batch) item.stored()
      tell(batch)
    } catch (error) {
      for (const item of batch) item.failed(error)
    } finally {
      writes--
      held.webhooks -= batch.length
      held.bytes -= bytesOf(batch)
      plan()
    }
  }

  return {
    store(senderId, body, origin) {
      if (held.webhooks >= limits.held.webhooks || held.bytes + body.length > limits.held.bytes)
        return Promise.reject(new Error('the webhook inbox is full'))
      held.webhooks++
      held.bytes += body.length
      return new Promise((stored, failed) => {
        waiting.push({ senderId, body, origin, stored, failed })
        plan()
      })
    },
  }
}

/** As many as may go together, and at least one. */
function takeOldest(waiting: Waiting[], most: Size): Waiting[] {
  let bytes = 0
  const tooMany = waiting.findIndex(({ body }, at) => {
    bytes += body.length
    return at > 0 && (at >= most.webhooks || bytes > most.bytes)
  })
  return waiting.splice(0, tooMany === -1 ? waiting.length : tooMany)
}

function bytesOf(batch: readonly Waiting[]): number {
  return batch.reduce((sum, { body }) => sum + body.length, 0)
}

/** Whoever folds gathers for longer than this; a nudge for each batch would cost more than it saves. */
const TELL_EVERY_MS = 50

function gather(onStored: (stored: Stored) => void): (batch: readonly Waiting[]) => void {
  let stored = new Map<string, Origin | undefined>()
  const tellAll = () => {
    const told = stored
    stored = new Map()
    onStored(told)
  }
  return (batch) => {
    if (stored.size === 0) setTimeout(tellAll, TELL_EVERY_MS)
    // The first whose trace is kept stands for all.
    for (const { senderId, origin } of batch)
      if (stored.get(senderId)?.traceparent === undefined) stored.set(senderId, origin)
  }
}

async function write(sql: SqlClient, batch: readonly Waiting[]): Promise<void> {
  const senderIds = batch.map((item) => item.senderId)
  await sql`
    SELECT store_webhook_bodies(${listOf(senderIds)}::uuid[],
      (SELECT array_agg(decode(body, 'base64') ORDER BY n) FROM unnest(${base64Of(batch)}::text[]) WITH ORDINALITY AS b(body, n)))`
}

/** The driver's own array of bytes is half as long again, and keeps the loop waiting for a tenth of a second over two megabytes. */
function base64Of(batch: readonly Waiting[]): string {
  return `{${batch.map(({ body }) => `"${body.toString('base64')}"`).join(',')}}`
}
