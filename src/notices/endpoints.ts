import { instant } from '../platform/db.ts'
import { newId } from '../platform/ids.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import type { SecretBox } from '../platform/secrets.ts'
import { allow, recordEvent } from '../workspaces/index.ts'
import { faultOfAddress } from './address.ts'
import type { NoticeType } from './notice.ts'
import { newSecret } from './signature.ts'

/** Who is told, and of what: every type where `types` is empty. Its secret is shown only when it is made. */
export type Endpoint = {
  readonly id: string
  readonly kind: 'webhook' | 'email'
  readonly target: string
  readonly types: readonly NoticeType[]
  readonly state: 'active' | 'disabled'
  readonly disabledReason: string | null
  readonly createdAt: string
}

type Sealed = { secret: string; previous?: { secret: string; untilMs: number } }

/** How long deliveries bear a signature by the secret before as well. */
const PREVIOUS_COUNTS_MS = 24 * 60 * 60 * 1_000
const MOST_ENDPOINTS = 50
const NOT_FOUND = refuse('not_found', 'There is no such endpoint.')

/** Adds somebody to be told from now on. A webhook's secret is given back this once. */
export async function addEndpoint(
  scope: Scope,
  box: SecretBox,
  request: { kind: 'webhook' | 'email'; target: string; types: readonly NoticeType[] },
): Promise<Result<{ endpoint: Endpoint; secret: string | null }, 'forbidden' | 'validation_failed'>> {
  const forbidden = allow(scope.actor, 'notices.write')
  if (forbidden) return forbidden
  const fault = request.kind === 'webhook' ? faultOfAddress(request.target) : undefined
  if (fault) return refuseTarget(`The address ${fault}`)
  if ((await listEndpoints(scope)).length >= MOST_ENDPOINTS)
    return refuseTarget(`A workspace has at most ${MOST_ENDPOINTS} endpoints.`)
  const id = newId(scope.now.getTime())
  const secret = request.kind === 'webhook' ? newSecret() : null
  await scope.sql`
    INSERT INTO notice_endpoints (id, workspace_id, kind, target, types, secrets, created_at)
    VALUES (${id}, ${scope.workspaceId}, ${request.kind}, ${request.target}, ${[...request.types]}::text[],
            ${secret === null ? null : box.seal({ secret } satisfies Sealed, id)}, ${scope.now.toISOString()}::timestamptz)`
  await beginReading(scope)
  await recordEvent(scope, 'endpoint.added', `endpoint:${id}`, { kind: request.kind })
  return ok({ endpoint: (await findEndpoint(scope, id))!, secret })
}

/** Everybody who is told, newest first. */
export async function listEndpoints(scope: Scope): Promise<Endpoint[]> {
  const rows = await scope.sql<EndpointRow[]>`
    SELECT id, kind, target, types, state, disabled_reason, created_at FROM notice_endpoints
     WHERE workspace_id = ${scope.workspaceId} AND state <> 'removed' ORDER BY id DESC`
  return rows.map(endpointOf)
}

/** One of them, undefined for none. */
export async function findEndpoint(scope: Scope, id: string): Promise<Endpoint | undefined> {
  return (await listEndpoints(scope)).find((endpoint) => endpoint.id === id)
}

/** Makes a new secret. For a day deliveries are signed with the one before as well. */
export async function rotateSecret(
  scope: Scope,
  box: SecretBox,
  id: string,
): Promise<Result<{ endpoint: Endpoint; secret: string }, 'forbidden' | 'not_found' | 'wrong_state'>> {
  const forbidden = allow(scope.actor, 'notices.write')
  if (forbidden) return forbidden
  const [row] = await scope.sql<{ secrets: Buffer | null }[]>`
    SELECT secrets FROM notice_endpoints
     WHERE id = ${id} AND workspace_id = ${scope.workspaceId} AND state <> 'removed' FOR UPDATE`
  if (!row) return NOT_FOUND
  if (!row.secrets) return refuse('wrong_state', 'Mails are not signed: only a webhook has a secret.')
  const before = box.open(row.secrets, id) as Sealed
  const secret = newSecret()
  const untilMs = scope.now.getTime() + PREVIOUS_COUNTS_MS
  const sealed = box.seal({ secret, previous: { secret: before.secret, untilMs } } satisfies Sealed, id)
  await scope.sql`UPDATE notice_endpoints SET secrets = ${sealed} WHERE id = ${id} AND workspace_id = ${scope.workspaceId}`
  await recordEvent(scope, 'endpoint.rotated', `endpoint:${id}`)
  return ok({ endpoint: (await findEndpoint(scope, id))!, secret })
}

/** Takes somebody off, or on again after a fault was mended. */
export async function setEndpointState(
  scope: Scope,
  id: string,
  state: 'active' | 'removed',
): Promise<Result<undefined, 'forbidden' | 'not_found'>> {
  const forbidden = allow(scope.actor, 'notices.write')
  if (forbidden) return forbidden
  const changed = await scope.sql`
    UPDATE notice_endpoints SET state = ${state}, disabled_reason = NULL, failing_since = NULL
     WHERE id = ${id} AND workspace_id = ${scope.workspaceId} AND state <> 'removed' RETURNING 1`
  if (changed.length === 0) return NOT_FOUND
  if (state === 'removed')
    await scope.sql`
      UPDATE notice_deliveries SET state = 'failed', last_error = 'The endpoint was removed.'
       WHERE endpoint_id = ${id} AND workspace_id = ${scope.workspaceId} AND state = 'waiting'`
  await recordEvent(scope, state === 'removed' ? 'endpoint.removed' : 'endpoint.enabled', `endpoint:${id}`)
  return ok(undefined)
}

/** The secrets that count now: the one in use and, for a day, the one before. */
export function secretsOf(box: SecretBox, id: string, sealed: Buffer, now: Date): string[] {
  const { secret, previous } = box.open(sealed, id) as Sealed
  return previous && previous.untilMs > now.getTime() ? [secret, previous.secret] : [secret]
}

/** From the first endpoint on the trail is read; what was before is never told. */
async function beginReading(scope: Scope): Promise<void> {
  await scope.sql`
    INSERT INTO notice_cursors (workspace_id, xid, event_id)
    VALUES (${scope.workspaceId}, pg_current_xact_id(), 'ffffffff-ffff-ffff-ffff-ffffffffffff')
    ON CONFLICT (workspace_id) DO NOTHING`
}

type EndpointRow = {
  id: string
  kind: Endpoint['kind']
  target: string
  types: NoticeType[]
  state: Endpoint['state']
  disabled_reason: string | null
  created_at: string
}

function endpointOf(row: EndpointRow): Endpoint {
  return {
    id: row.id,
    kind: row.kind,
    target: row.target,
    types: row.types,
    state: row.state,
    disabledReason: row.disabled_reason,
    createdAt: instant(row.created_at)!,
  }
}

function refuseTarget(message: string) {
  return refuse('validation_failed', message, { errors: [{ path: 'target', code: 'invalid', message }] })
}
