import type { Clock } from '../platform/clock.ts'
import type { Database } from '../platform/db.ts'
import type { Log } from '../platform/log.ts'
import type { Mail } from '../platform/mail.ts'
import type { Metrics } from '../platform/metrics.ts'
import type { Wake } from '../platform/queue.ts'
import type { RateLimit } from '../platform/rate-limit.ts'
import type { SecretBox } from '../platform/secrets.ts'
import type { Origin, Trace } from '../platform/trace.ts'

/** What the API needs of the house: composed once in `src/house.ts`, by hand in tests. */
export type ApiHouse = {
  readonly database: Database
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly trace: Trace
  readonly secrets: SecretBox
  readonly mail: Mail
  readonly limit: RateLimit
  /** The queue, as far as readiness goes: resolves when it answers. */
  readonly queues: { ping(): Promise<void> }
  /** Whether this server has begun to stop: it answers what comes, and wants nothing more to come. */
  readonly isStopping?: () => boolean
  /** Wakes a worker after a commit; may be lost, since the rows say what is due. */
  readonly nudge: Wake
  /** Keeps a webhook whose signature was checked; resolves once it is committed. */
  readonly receive: (sender: WebhookOwner, body: Buffer, origin: Origin) => Promise<void>
  /** How the world reaches this server, without a slash at the end; undefined while that is not known. */
  readonly publicUrl: string | undefined
  /** Where the server listens, once it does. */
  readonly listensOn?: () => string | undefined
  /** The proxies whose word on where a request comes from is taken; none by default. */
  readonly trustProxy?: readonly string[]
  /** A folder of this installation for files that are being uploaded. */
  readonly uploadDir: string
}

export type WebhookOwner = { readonly id: string; readonly workspaceId: string }
