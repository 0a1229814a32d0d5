import { asOwner } from '../../src/house.ts'
import type { Part } from './processes.ts'
import type { Stage } from './stage.ts'

/** What is looked at again and again while a soak runs. */
export type Sample = {
  readonly atMs: number
  /** Delivered and charged since the beginning. */
  readonly delivered: number
  readonly waitingWebhooks: number
  /** Resident memory of each process, in bytes. */
  readonly memory: Readonly<Record<string, number>>
  /** Dead rows as a share of all rows, of the table where it is largest. */
  readonly dead: { readonly table: string; readonly share: number; readonly rows: number }
}

export async function takeSample(stage: Stage, parts: Readonly<Record<string, Part>>): Promise<Sample> {
  const [row] = await stage.as(
    ({ sql, workspaceId }) => sql<{ delivered: number; waiting: number }[]>`
      SELECT (SELECT coalesce(sum(n), 0)::float8 FROM message_counts
               WHERE workspace_id = ${workspaceId} AND state IN ('delivered','read')) AS delivered,
             (SELECT count(*)::float8 FROM webhooks WHERE done_at IS NULL) AS waiting`,
  )
  const memory = Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, part.memoryBytes()]))
  return {
    atMs: performance.now(),
    delivered: row!.delivered,
    waitingWebhooks: row!.waiting,
    memory,
    dead: await deadRows(stage),
  }
}

/** Tables with few rows are rewritten within their page: their dead rows cost nothing and say nothing. */
const ROWS_THAT_COUNT = 50_000

function deadRows(stage: Stage): Promise<Sample['dead']> {
  return asOwner(stage.house.ownerUrl, stage.house.clock, async ({ sql }) => {
    const [row] = await sql<Sample['dead'][]>`
      SELECT relname AS table, n_dead_tup::float8 AS rows, n_dead_tup::float8 / (n_live_tup + n_dead_tup) AS share
        FROM pg_stat_user_tables WHERE n_live_tup + n_dead_tup > ${ROWS_THAT_COUNT} ORDER BY 3 DESC LIMIT 1`
    return row ?? { table: 'none', rows: 0, share: 0 }
  })
}

const BUCKET_MS = 10
const BUCKETS = 3_000

/** How long webhooks wait from being stored until their receipts are charged, over all that were folded so far. */
export class Lag {
  readonly #counts = new Float64Array(BUCKETS + 1)
  #seenId = 0n

  /** Counts those that are behind every one that still waits: none is missed, none is counted twice. */
  async look(stage: Stage): Promise<void> {
    const rows = await stage.as(
      ({ sql }) => sql<{ bucket: number; n: number; last: bigint }[]>`
        SELECT least(${BUCKETS}::int, floor(extract(epoch FROM done_at - received_at) * 1000 / ${BUCKET_MS}::int)::int) AS bucket,
               count(*)::int AS n, max(id) AS last
          FROM webhooks WHERE id > ${this.#seenId}
           AND id < coalesce((SELECT min(w.id) FROM webhooks w WHERE w.done_at IS NULL), 9223372036854775807)
         GROUP BY 1`,
    )
    for (const { bucket, n, last } of rows) {
      this.#counts[Math.max(0, bucket)]! += n
      if (last > this.#seenId) this.#seenId = last
    }
  }

  /** Leaves out what was folded until now. */
  async begin(stage: Stage): Promise<void> {
    await this.look(stage)
    this.#counts.fill(0)
  }

  /** In milliseconds; the longest that is told apart is 30 seconds. */
  quantile(share: number): number {
    const total = this.#counts.reduce((sum, n) => sum + n, 0)
    let seen = 0
    for (let at = 0; at <= BUCKETS; at += 1) {
      seen += this.#counts[at]!
      if (seen >= total * share) return (at + 1) * BUCKET_MS
    }
    return Number.POSITIVE_INFINITY
  }
}
