import { instant } from '../platform/db.ts'
import { type Page, type PageRequest, pageOf } from '../platform/page.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import type { SecretBox } from '../platform/secrets.ts'
import { allow, recordEvent } from '../workspaces/index.ts'
import { secretsOf } from './endpoints.ts'
import { FAILS_AT_MOST_MS, mailOf, type NoticeType, nextTry } from './notice.ts'
import type { Post, Posted } from './post.ts'
import { signedHeaders } from './signature.ts'

/** The ways out; `within` opens a transaction of the delivery's workspace. */
export type Outlets = {
  readonly secrets: SecretBox
  readonly post: Post
  /** Sends a mail; throws where it was not taken. */
  readonly mail: (to: string, subject: string, text: string) => Promise<void>
  readonly within: <T>(work: (scope: Scope) => Promise<T>) => Promise<T>
}

/** Longer than a post may take. */
const LEASE_MS = 60_000

type Claimed = {
  id: string
  attempts: number
  endpointId: string
  kind: 'webhook' | 'email'
  target: string
  secrets: Buffer | null
  notice: { id: string; type: NoticeType; data: Readonly<Record<string, unknown>>; at: string }
  claimedAt: Date
}

/**
 * Makes one try of a delivery: claimed in a transaction of its own, told outside of any, noted in another. A crash
 * between leaves it to be told again, under the same id, as Standard Webhooks foresees.
 */
export async function deliverNotice(
  outlets: Outlets,
  deliveryId: string,
): Promise<'nothing' | 'delivered' | 'failed'> {
  const claimed = await outlets.within((scope) => claim(scope, deliveryId))
  if (!claimed) return 'nothing'
  const posted = await tell(outlets, claimed)
  const isTaken = 'status' in posted && posted.status >= 200 && posted.status < 300
  await outlets.within((scope) =>
    isTaken ? noteTaken(scope, claimed, posted) : noteFailed(scope, claimed, posted),
  )
  return isTaken ? 'delivered' : 'failed'
}

async function claim(scope: Scope, deliveryId: string): Promise<Claimed | undefined> {
  const now = scope.now.toISOString()
  const [row] = await scope.sql<
    {
      id: string
      attempts: number
      endpoint_id: string
      kind: 'webhook' | 'email'
      target: string
      secrets: Buffer | null
      notice_id: string
      type: NoticeType
      data: Record<string, unknown>
      at: string
    }[]
  >`UPDATE notice_deliveries d SET attempts = d.attempts + 1, lease_until = ${now}::timestamptz + make_interval(secs => ${LEASE_MS / 1_000})
      FROM notice_endpoints e, notices n
     WHERE d.id = ${deliveryId} AND d.workspace_id = ${scope.workspaceId} AND d.state = 'waiting' AND d.try_at <= ${now}::timestamptz
       AND (d.lease_until IS NULL OR d.lease_until <= ${now}::timestamptz) AND e.id = d.endpoint_id AND e.state = 'active' AND n.id = d.notice_id
    RETURNING d.id, d.attempts, d.endpoint_id, e.kind, e.target, e.secrets, n.id AS notice_id, n.type, n.data, n.at`
  return (
    row && {
      id: row.id,
      attempts: row.attempts,
      endpointId: row.endpoint_id,
      kind: row.kind,
      target: row.target,
      secrets: row.secrets,
      notice: { id: row.notice_id, type: row.type, data: row.data, at: instant(row.at)! },
      claimedAt: scope.now,
    }
  )
}

async function tell(outlets: Outlets, claimed: Claimed): Promise<Posted> {
  const { id, type, data, at } = claimed.notice
  if (claimed.kind === 'email' || !claimed.secrets) {
    const { subject, text } = mailOf(type, data)
    try {
      await outlets.mail(claimed.target, subject, text)
      return { status: 250 }
    } catch {
      return { error: 'The mail server did not take it.' }
    }
  }
  const body = JSON.stringify({ type, timestamp: at, data })
  const secrets = secretsOf(outlets.secrets, claimed.endpointId, claimed.secrets, claimed.claimedAt)
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'duecast',
    ...signedHeaders(id, claimed.claimedAt, body, secrets),
  }
  return outlets.post(claimed.target, headers, body)
}

async function noteTaken(scope: Scope, claimed: Claimed, posted: Posted): Promise<void> {
  await scope.sql`
    UPDATE notice_deliveries SET state = 'delivered', lease_until = NULL, last_status = ${'status' in posted ? posted.status : null},
           last_error = NULL, last_at = ${scope.now.toISOString()}::timestamptz
     WHERE id = ${claimed.id} AND workspace_id = ${scope.workspaceId}`
  await scope.sql`
    UPDATE notice_endpoints SET failing_since = NULL
     WHERE id = ${claimed.endpointId} AND workspace_id = ${scope.workspaceId} AND failing_since IS NOT NULL`
}

async function noteFailed(scope: Scope, claimed: Claimed, posted: Posted): Promise<void> {
  const now = scope.now.toISOString()
  const isGone = 'status' in posted && posted.status === 410
  const again = isGone ? undefined : nextTry(claimed.attempts, scope.now)
  const error = 'error' in posted ? posted.error : `The server answered ${posted.status}.`
  await scope.sql`
    UPDATE notice_deliveries SET state = ${again ? 'waiting' : 'failed'}, lease_until = NULL,
           try_at = coalesce(${again?.toISOString() ?? null}::text::timestamptz, try_at),
           last_status = ${'status' in posted ? posted.status : null}, last_error = ${error}, last_at = ${now}::timestamptz
     WHERE id = ${claimed.id} AND workspace_id = ${scope.workspaceId}`
  const [endpoint] = await scope.sql<{ failing_since: string }[]>`
    UPDATE notice_endpoints SET failing_since = coalesce(failing_since, ${now}::timestamptz)
     WHERE id = ${claimed.endpointId} AND workspace_id = ${scope.workspaceId} AND state = 'active' RETURNING failing_since`
  if (!endpoint) return
  const failingMs = scope.now.getTime() - new Date(endpoint.failing_since).getTime()
  if (isGone)
    await disable(scope, claimed.endpointId, 'The server answered 410: nobody listens there any more.')
  else if (failingMs >= FAILS_AT_MOST_MS)
    await disable(scope, claimed.endpointId, 'Nothing was taken for five days.')
}

async function disable(scope: Scope, endpointId: string, reason: string): Promise<void> {
  await scope.sql`
    UPDATE notice_endpoints SET state = 'disabled', disabled_reason = ${reason}
     WHERE id = ${endpointId} AND workspace_id = ${scope.workspaceId} AND state = 'active'`
  await scope.sql`
    UPDATE notice_deliveries SET state = 'failed', last_error = coalesce(last_error, 'The endpoint is disabled.')
     WHERE endpoint_id = ${endpointId} AND workspace_id = ${scope.workspaceId} AND state = 'waiting'`
  await recordEvent(scope, 'endpoint.disabled', `endpoint:${endpointId}`, { reason })
}

/** One notice to one endpoint, and how it went. */
export type NoticeDelivery = {
  readonly id: string
  readonly noticeId: string
  readonly type: NoticeType
  readonly state: 'waiting' | 'delivered' | 'failed'
  readonly attempts: number
  readonly tryAt: string
  readonly lastStatus: number | null
  readonly lastError: string | null
  readonly lastAt: string | null
  readonly createdAt: string
}

/** The deliveries to an endpoint, newest first. */
export async function listDeliveries(
  scope: Scope,
  endpointId: string,
  { limit, after }: PageRequest<readonly [string, string]>,
): Promise<Page<NoticeDelivery, readonly [string, string]>> {
  const { sql } = scope
  const rows = await sql<
    {
      id: string
      notice_id: string
      type: NoticeType
      state: NoticeDelivery['state']
      attempts: number
      try_at: string
      last_status: number | null
      last_error: string | null
      last_at: string | null
      created_at: string
    }[]
  >`SELECT d.id, d.notice_id, n.type, d.state, d.attempts, d.try_at, d.last_status, d.last_error, d.last_at, d.created_at
      FROM notice_deliveries d JOIN notices n ON n.id = d.notice_id AND n.workspace_id = d.workspace_id
     WHERE d.endpoint_id = ${endpointId} AND d.workspace_id = ${scope.workspaceId}
       ${after === undefined ? sql`` : sql`AND (d.created_at, d.id) < (${after[0]}::text::timestamptz, ${after[1]}::text::uuid)`}
     ORDER BY d.created_at DESC, d.id DESC LIMIT ${limit + 1}`
  const deliveries = rows.map((row) => ({
    id: row.id,
    noticeId: row.notice_id,
    type: row.type,
    state: row.state,
    attempts: row.attempts,
    tryAt: instant(row.try_at)!,
    lastStatus: row.last_status,
    lastError: row.last_error,
    lastAt: instant(row.last_at),
    createdAt: instant(row.created_at)!,
  }))
  return pageOf(deliveries, limit, (delivery) => [delivery.createdAt, delivery.id] as const)
}

/** Tells it again from the beginning, under the same id. */
export async function replayDelivery(
  scope: Scope,
  deliveryId: string,
): Promise<Result<undefined, 'forbidden' | 'not_found' | 'wrong_state'>> {
  const forbidden = allow(scope.actor, 'notices.write')
  if (forbidden) return forbidden
  const [row] = await scope.sql<{ state: string }[]>`
    SELECT e.state FROM notice_deliveries d JOIN notice_endpoints e ON e.id = d.endpoint_id AND e.workspace_id = d.workspace_id
     WHERE d.id = ${deliveryId} AND d.workspace_id = ${scope.workspaceId} AND e.state <> 'removed'`
  if (!row) return refuse('not_found', 'There is no such delivery.')
  if (row.state === 'disabled') return refuse('wrong_state', 'The endpoint is disabled: enable it first.')
  await scope.sql`
    UPDATE notice_deliveries SET state = 'waiting', attempts = 0, try_at = ${scope.now.toISOString()}::timestamptz, lease_until = NULL
     WHERE id = ${deliveryId} AND workspace_id = ${scope.workspaceId}`
  return ok(undefined)
}
