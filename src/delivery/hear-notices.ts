import { createHash } from 'node:crypto'
import { BYTEA_ARRAY, listOf } from '../platform/db.ts'
import type { Scope } from '../platform/scope.ts'
import { meaningOf } from './notice.ts'
import { keepTier } from './portfolio.ts'
import type { OtherUpdate } from './provider.ts'
import { type Change, resumeStopped, stopSenders } from './stop-sender.ts'

/** A notice with the webhook that brought it. */
export type HeardNotice = { webhookId: bigint; update: OtherUpdate }

/** Stops by what the platform says of an account bear this code; only such a stop is lifted by another notice. */
export const ACCOUNT_NOTICE = 'account_notice'

/**
 * Keeps what the platform says of the account, and does what it means. The latest notice of an account counts,
 * whatever order they came in: notices and their meaning are rows, and the state follows from them.
 * @returns the senders that were stopped and those that go on
 */
export async function hearNotices(
  scope: Scope,
  sender: { id: string },
  heard: readonly HeardNotice[],
): Promise<{ stopped: Change[]; resumed: Change[] }> {
  if (heard.length === 0) return { stopped: [], resumed: [] }
  await keep(scope, sender.id, heard)
  const accounts = [...new Set(heard.map(({ update }) => update.accountId ?? null))]
  await keepLatestTier(scope, sender.id)
  const stopped: Change[] = []
  const resumed: Change[] = []
  for (const account of accounts) {
    const latest = await latestVerdict(scope, sender.id, account)
    if (!latest) continue
    const ids = await sendersOf(scope, sender.id, account)
    if (latest.verdict === 'stop') {
      stopped.push(
        ...(await stopSenders(scope, ids, {
          code: ACCOUNT_NOTICE,
          message: latest.reason,
          at: latest.occurredAt,
        })),
      )
      await sayLatest(scope, ids, latest)
    } else {
      resumed.push(...(await resumeStopped(scope, ids, ACCOUNT_NOTICE)))
    }
  }
  return { stopped, resumed }
}

async function keep(scope: Scope, senderId: string, heard: readonly HeardNotice[]): Promise<void> {
  const rows = heard.map(({ webhookId, update }) => {
    const meaning = meaningOf(update)
    const value = JSON.stringify(update.value)
    const digest = createHash('sha256')
      .update(JSON.stringify([update.accountId, update.occurredAt, update.field, value]))
      .digest()
    return { webhookId, update, meaning, value, digest }
  })
  const texts = (read: (row: (typeof rows)[number]) => string | null) => listOf(rows.map(read))
  await scope.sql`
    INSERT INTO platform_notices (workspace_id, sender_id, webhook_id, account_key, field, value, digest, occurred_at,
                                  verdict, reason, daily_limit, tier)
    SELECT DISTINCT ON (n.digest) ${scope.workspaceId}::uuid, ${senderId}::uuid, n.webhook_id, n.account_key, n.field,
           n.value::jsonb, n.digest, coalesce(n.occurred_at, w.received_at), n.verdict, n.reason, n.daily_limit, n.tier
      FROM unnest(${listOf(rows.map((row) => row.webhookId))}::bigint[], ${texts((row) => row.update.accountId ?? null)}::text[],
                  ${texts((row) => row.update.field)}::text[], ${texts((row) => row.value)}::text[],
                  ${scope.sql.array(
                    rows.map((row) => row.digest),
                    BYTEA_ARRAY,
                  )}, ${texts((row) => row.update.occurredAt ?? null)}::text[]::timestamptz[],
                  ${texts((row) => row.meaning.verdict ?? null)}::text[], ${texts((row) => row.meaning.reason ?? null)}::text[],
                  ${listOf(rows.map((row) => row.meaning.allowance?.limit ?? null))}::int[],
                  ${texts((row) => row.meaning.allowance?.tier ?? null)}::text[])
        AS n(webhook_id, account_key, field, value, digest, occurred_at, verdict, reason, daily_limit, tier)
      JOIN webhooks w ON w.id = n.webhook_id AND w.workspace_id = ${scope.workspaceId}
     ORDER BY n.digest
    ON CONFLICT (sender_id, digest) DO NOTHING`
}

type Verdict = { verdict: 'stop' | 'go'; reason: string; occurredAt: Date }

/** Of two notices of the same second the stop counts. */
async function latestVerdict(
  scope: Scope,
  senderId: string,
  account: string | null,
): Promise<Verdict | undefined> {
  const [row] = await scope.sql<{ verdict: 'stop' | 'go'; reason: string; occurred_at: string }[]>`
    SELECT verdict, reason, occurred_at FROM platform_notices
     WHERE workspace_id = ${scope.workspaceId} AND sender_id = ${senderId} AND verdict IS NOT NULL
       AND account_key IS NOT DISTINCT FROM ${account}
     ORDER BY occurred_at DESC, (verdict = 'stop') DESC, reason LIMIT 1`
  return row && { verdict: row.verdict, reason: row.reason, occurredAt: new Date(row.occurred_at) }
}

/** A sender that was stopped by a notice shows the latest one. */
async function sayLatest(scope: Scope, ids: readonly string[], latest: Verdict): Promise<void> {
  await scope.sql`
    UPDATE senders SET stop_reason = ${latest.reason}, stopped_at = ${latest.occurredAt.toISOString()}::timestamptz
     WHERE workspace_id = ${scope.workspaceId} AND id = ANY(${listOf(ids)}::uuid[]) AND stop_code = ${ACCOUNT_NOTICE}`
}

/**
 * Every sender of the account that the notice names. The stand-in's senders have an account each; a notice about an
 * account that nobody here has is kept, and stops nobody.
 */
async function sendersOf(scope: Scope, senderId: string, account: string | null): Promise<string[]> {
  const rows = await scope.sql<{ id: string }[]>`
    SELECT s.id FROM senders s WHERE s.workspace_id = ${scope.workspaceId}
       AND (s.account_key = ${account} OR (s.id = ${senderId} AND s.provider = 'simulator')) ORDER BY s.id`
  return rows.map((row) => row.id)
}

/** The latest word about the limit, the smaller of two of the same second. */
async function keepLatestTier(scope: Scope, senderId: string): Promise<void> {
  const [row] = await scope.sql<{ tier: string; daily_limit: number | null; occurred_at: string }[]>`
    SELECT n.tier, n.daily_limit, n.occurred_at FROM platform_notices n JOIN senders s ON s.id = n.sender_id
     WHERE n.workspace_id = ${scope.workspaceId} AND n.sender_id = ${senderId} AND n.tier IS NOT NULL
       AND (n.account_key = s.account_key OR s.provider = 'simulator')
     ORDER BY n.occurred_at DESC, n.daily_limit NULLS LAST LIMIT 1`
  if (row)
    await keepTier(scope, senderId, { tier: row.tier, limit: row.daily_limit }, new Date(row.occurred_at))
}

/** What the platform said, as it may be shown; `reason` is there where it means something for sending. */
export type Notice = { id: string; field: string; value: unknown; reason: string | null; occurredAt: string }

/** A page of what the platform said at a sender's address, newest first. */
export async function listNotices(
  scope: Scope,
  senderId: string,
  page: { limit: number; before?: string | undefined },
): Promise<Notice[]> {
  const rows = await scope.sql<
    { id: bigint; field: string; value: unknown; reason: string | null; occurred_at: string }[]
  >`
    SELECT id, field, value, reason, occurred_at FROM platform_notices
     WHERE workspace_id = ${scope.workspaceId} AND sender_id = ${senderId}
       AND (${page.before ?? null}::bigint IS NULL OR id < ${page.before ?? null}::bigint)
     ORDER BY id DESC LIMIT ${page.limit}`
  return rows.map(({ id, occurred_at, ...row }) => ({ ...row, id: String(id), occurredAt: occurred_at }))
}
