import { createHash } from 'node:crypto'
import { BYTEA_ARRAY, listOf } from '../platform/db.ts'
import type { Scope } from '../platform/scope.ts'

/** The append-only tables whose rows are chained. */
export type Stream = 'transfers' | 'audit_events'
export const STREAMS: readonly Stream[] = ['transfers', 'audit_events']

const ROWS_AT_ONCE = 5_000
const GENESIS = Buffer.alloc(32)

/** The hash of a row in its chain: SHA-256 over the hash before it and the row as one line of JSON. */
export function chainHash(previous: Buffer, line: string): Buffer {
  return createHash('sha256').update(previous).update(line).digest()
}

/** Every column of a row, so that no change of any of them goes unseen; instants in microseconds. */
function lineOf(scope: Scope, stream: Stream) {
  const { sql } = scope
  return stream === 'transfers'
    ? sql`jsonb_build_array(t.id, t.workspace_id, t.currency, t.debit_id, t.credit_id, t.amount, t.kind, t.campaign_id, t.n_items,
            t.reference, t.reason, t.actor, t.request_id, (extract(epoch FROM t.created_at) * 1000000)::bigint, t.xid::text)::text`
    : sql`jsonb_build_array(t.id, t.workspace_id, t.actor, t.action, t.subject, t.facts, t.request_id,
            (extract(epoch FROM t.at) * 1000000)::bigint, t.xid::text)::text`
}

/**
 * Seals what was written since the last time, in the order of transactions, as far as no older transaction can still
 * commit. Calling it in two places at once is harmless: one of them finds the lock taken and does nothing.
 * @returns how many rows were sealed
 */
export async function sealStream(scope: Scope, stream: Stream): Promise<number> {
  const { sql } = scope
  const [lock] = await sql<{ taken: boolean }[]>`
    SELECT pg_try_advisory_xact_lock(hashtextextended(${`seal ${stream} ${scope.workspaceId}`}, 0)) AS taken`
  if (!lock!.taken) return 0
  const [last] = await sql<{ seq: bigint; hash: Buffer; xid: string; id: string }[]>`
    SELECT s.seq, s.hash, t.xid::text AS xid, t.id FROM seals s JOIN ${sql(stream)} t ON t.id = s.row_id
     WHERE s.workspace_id = ${scope.workspaceId} AND s.stream = ${stream} ORDER BY s.seq DESC LIMIT 1`
  const rows = await sql<{ id: string; line: string }[]>`
    SELECT t.id, ${lineOf(scope, stream)} AS line FROM ${sql(stream)} t
     WHERE t.workspace_id = ${scope.workspaceId} AND t.xid < pg_snapshot_xmin(pg_current_snapshot())
       AND (t.xid, t.id) > (${last?.xid ?? '0'}::text::xid8, ${last?.id ?? '00000000-0000-0000-0000-000000000000'}::uuid)
     ORDER BY t.xid, t.id LIMIT ${ROWS_AT_ONCE}`
  if (rows.length === 0) return 0
  let hash: Buffer = last?.hash ?? GENESIS
  const hashes = rows.map((row) => {
    hash = chainHash(hash, row.line)
    return hash
  })
  const firstSeq = (last?.seq ?? 0n) + 1n
  await sql`
    INSERT INTO seals (workspace_id, stream, seq, row_id, hash)
    SELECT ${scope.workspaceId}::uuid, ${stream}, * FROM unnest(${listOf(rows.map((_, i) => firstSeq + BigInt(i)))}::bigint[],
      ${rows.map((row) => row.id)}::uuid[], ${sql.array(hashes, BYTEA_ARRAY)})`
  return rows.length
}

/** What became of checking a chain: how far it holds, and the first place where it does not. */
export type ChainCheck = {
  sealed: number
  unsealed: number
  broken: { seq: string; row: string; why: string } | undefined
}

/** Recomputes a whole chain from its rows. A row that was changed, taken out or put in between shows at its place. */
export async function checkChain(scope: Scope, stream: Stream): Promise<ChainCheck> {
  const { sql } = scope
  let hash: Buffer = GENESIS
  let seq = 0n
  for (;;) {
    const rows = await sql<{ seq: bigint; row_id: string; hash: Buffer; line: string | null }[]>`
      SELECT s.seq, s.row_id, s.hash, CASE WHEN t.id IS NOT NULL THEN ${lineOf(scope, stream)} END AS line
        FROM seals s LEFT JOIN ${sql(stream)} t ON t.id = s.row_id
       WHERE s.workspace_id = ${scope.workspaceId} AND s.stream = ${stream} AND s.seq > ${seq} ORDER BY s.seq LIMIT ${ROWS_AT_ONCE}`
    for (const row of rows) {
      seq += 1n
      const broken = (why: string) => ({
        sealed: Number(seq - 1n),
        unsealed: 0,
        broken: { seq: row.seq.toString(), row: row.row_id, why },
      })
      if (row.seq !== seq) return broken(`the seal before it is missing`)
      if (row.line === null) return broken('the row is gone')
      hash = chainHash(hash, row.line)
      if (!hash.equals(row.hash)) return broken('the row is not what was sealed')
    }
    if (rows.length < ROWS_AT_ONCE) break
  }
  return { sealed: Number(seq), unsealed: await countUnsealed(scope, stream), broken: undefined }
}

async function countUnsealed(scope: Scope, stream: Stream): Promise<number> {
  const [row] = await scope.sql<{ n: number }[]>`
    SELECT count(*)::int AS n FROM ${scope.sql(stream)} t
     WHERE t.workspace_id = ${scope.workspaceId}
       AND NOT EXISTS (SELECT 1 FROM seals s WHERE s.stream = ${stream} AND s.row_id = t.id)`
  return row!.n
}
