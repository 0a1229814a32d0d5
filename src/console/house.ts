import type { Clock } from '../platform/clock.ts'
import type { Database } from '../platform/db.ts'
import type { Log } from '../platform/log.ts'
import type { Mail } from '../platform/mail.ts'
import type { Wake } from '../platform/queue.ts'
import type { RateLimit } from '../platform/rate-limit.ts'
import type { SecretBox } from '../platform/secrets.ts'

/** What the console needs of the house: composed once in `src/main.ts`, by hand in tests. */
export type ConsoleHouse = {
  readonly database: Database
  readonly clock: Clock
  readonly log: Log
  readonly secrets: SecretBox
  readonly mail: Mail
  readonly limit: RateLimit
  /** Wakes a worker after a commit; may be lost, since the rows say what is due. */
  readonly nudge: Wake
  /** How the world reaches this server, without a slash at the end; undefined while that is not known. */
  readonly publicUrl: string | undefined
  /** Where the server listens, once it does. */
  readonly listensOn?: () => string | undefined
  /** A folder of this installation for files that are being uploaded. */
  readonly uploadDir: string
}

/** Where links into the console lead: never where a request says, since anybody may say anything there. */
export function linkBase({ publicUrl, listensOn }: Pick<ConsoleHouse, 'publicUrl' | 'listensOn'>): string {
  return publicUrl ?? listensOn?.() ?? 'http://localhost'
}
