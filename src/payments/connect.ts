import { instant, type SqlClient } from '../platform/db.ts'
import { newId } from '../platform/ids.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import type { SecretBox } from '../platform/secrets.ts'
import { allow, recordEvent } from '../workspaces/index.ts'
import type { Gateway, GatewayConfig } from './gateways/gateway.ts'
import { findGateway, type GatewayName } from './gateways/index.ts'

/** A connection as it may be shown: its secrets never come back out. */
export type GatewayConnection = {
  readonly id: string
  readonly provider: GatewayName
  readonly name: string
  readonly config: Readonly<Record<string, string>>
  readonly createdAt: string
  readonly rotatedAt: string | null
  /** Whether it makes the links by which the workspace's invoices are paid. */
  readonly makesLinks: boolean
  /** Webhooks of each outcome so far. */
  readonly outcomes: Readonly<Record<string, number>>
}

/** A connection with its secrets, as a webhook's door and the maker of links need it. */
export type OpenGateway = {
  readonly id: string
  readonly workspaceId: string
  readonly gateway: Gateway
  readonly config: GatewayConfig
  /** What webhooks may be proved by: the secret in use and, for a day, the one before. */
  webhookSecrets(now: Date): readonly string[]
}

type Sealed = { current: Record<string, string>; previous?: { secret: string; untilMs: number } }

/** How long the old webhook secret still counts after it was changed. */
const PREVIOUS_COUNTS_MS = 24 * 60 * 60 * 1_000

/** Connects a payment gateway. Its secret members are encrypted with SECRET_KEY, bound to the connection's id. */
export async function connectGateway(
  scope: Scope,
  box: SecretBox,
  request: { provider: GatewayName; name: string; config: Readonly<Record<string, string | undefined>> },
): Promise<Result<GatewayConnection, 'forbidden'>> {
  const forbidden = allow(scope.actor, 'gateways.write')
  if (forbidden) return forbidden
  const id = newId(scope.now.getTime())
  const { shown, secrets } = split(request.provider, request.config)
  await scope.sql`
    INSERT INTO payment_gateways (id, workspace_id, provider, name, config, secrets, created_at)
    VALUES (${id}, ${scope.workspaceId}, ${request.provider}, ${request.name}, ${JSON.stringify(shown)}::text::jsonb,
            ${box.seal({ current: secrets } satisfies Sealed, id)}, ${scope.now.toISOString()}::timestamptz)`
  await recordEvent(scope, 'gateway.connected', `gateway:${id}`, { provider: request.provider })
  return ok((await listGateways(scope)).find((one) => one.id === id)!)
}

/** The workspace's connections, newest first, with a count of what their webhooks came to. */
export async function listGateways(scope: Scope): Promise<GatewayConnection[]> {
  const rows = await scope.sql<
    {
      id: string
      provider: GatewayName
      name: string
      config: Record<string, string>
      created_at: string
      rotated_at: string | null
      makes_links: boolean
      outcomes: Record<string, number> | null
    }[]
  >`SELECT g.id, g.provider, g.name, g.config, g.created_at, g.rotated_at, g.makes_links,
           (SELECT jsonb_object_agg(outcome, n) FROM (
              SELECT outcome, count(*)::int AS n FROM gateway_events e
               WHERE e.gateway_id = g.id AND e.workspace_id = g.workspace_id GROUP BY 1) c) AS outcomes
      FROM payment_gateways g WHERE g.workspace_id = ${scope.workspaceId} AND g.removed_at IS NULL
     ORDER BY g.created_at DESC, g.id DESC`
  return rows.map((row) => ({
    id: row.id,
    provider: row.provider,
    name: row.name,
    config: row.config,
    createdAt: instant(row.created_at)!,
    rotatedAt: instant(row.rotated_at),
    makesLinks: row.makes_links,
    outcomes: row.outcomes ?? {},
  }))
}

/** Replaces a connection's configuration. The webhook secret before it counts for another day. */
export async function rotateGateway(
  scope: Scope,
  box: SecretBox,
  gatewayId: string,
  config: Readonly<Record<string, string | undefined>>,
): Promise<Result<GatewayConnection, 'forbidden' | 'not_found' | 'validation_failed'>> {
  const forbidden = allow(scope.actor, 'gateways.write')
  if (forbidden) return forbidden
  const [row] = await scope.sql<{ provider: GatewayName; secrets: Buffer }[]>`
    SELECT provider, secrets FROM payment_gateways
     WHERE id = ${gatewayId} AND workspace_id = ${scope.workspaceId} AND removed_at IS NULL FOR UPDATE`
  if (!row) return NOT_FOUND
  const gateway = findGateway(row.provider)!
  const parsed = gateway.configSchema.safeParse(config)
  if (!parsed.success) return refuseConfig(parsed.error.issues)
  const before = box.open(row.secrets, gatewayId) as Sealed
  const { shown, secrets } = split(row.provider, parsed.data)
  const isChanged = before.current[gateway.webhookSecret] !== secrets[gateway.webhookSecret]
  const previous = isChanged
    ? {
        secret: before.current[gateway.webhookSecret]!,
        untilMs: scope.now.getTime() + PREVIOUS_COUNTS_MS,
      }
    : before.previous
  const sealed: Sealed = { current: secrets, ...(previous && { previous }) }
  await scope.sql`
    UPDATE payment_gateways SET config = ${JSON.stringify(shown)}::text::jsonb, secrets = ${box.seal(sealed, gatewayId)},
           rotated_at = ${scope.now.toISOString()}::timestamptz
     WHERE id = ${gatewayId} AND workspace_id = ${scope.workspaceId}`
  await recordEvent(scope, 'gateway.rotated', `gateway:${gatewayId}`, { webhook_secret_changed: isChanged })
  return ok((await listGateways(scope)).find((one) => one.id === gatewayId)!)
}

/**
 * Lets one gateway make the links of this workspace, or none. The one that did so before no longer does. Refuses a
 * gateway that was not given what making links takes.
 */
export async function setLinkMaker(
  scope: Scope,
  box: SecretBox,
  gatewayId: string,
  enabled: boolean,
): Promise<Result<GatewayConnection, 'forbidden' | 'not_found' | 'validation_failed'>> {
  const forbidden = allow(scope.actor, 'gateways.write')
  if (forbidden) return forbidden
  const { sql, workspaceId } = scope
  const rows = await sql<
    { id: string; provider: GatewayName; config: Record<string, string>; secrets: Buffer }[]
  >`
    SELECT id, provider, config, secrets FROM payment_gateways
     WHERE workspace_id = ${workspaceId} AND removed_at IS NULL AND (makes_links OR id = ${gatewayId}) ORDER BY id FOR UPDATE`
  const row = rows.find(({ id }) => id === gatewayId)
  if (!row) return NOT_FOUND
  const given = { ...row.config, ...(box.open(row.secrets, gatewayId) as Sealed).current }
  const missing = findGateway(row.provider)!.linkFields.filter((field) => given[field] === undefined)
  if (enabled && missing.length > 0) return refuseMissing(missing)
  await sql`
    UPDATE payment_gateways SET makes_links = false WHERE workspace_id = ${workspaceId} AND makes_links AND id <> ${gatewayId} AND ${enabled}`
  await sql`
    UPDATE payment_gateways SET makes_links = ${enabled} WHERE id = ${gatewayId} AND workspace_id = ${workspaceId}`
  await recordEvent(scope, enabled ? 'gateway.makes_links' : 'gateway.makes_no_links', `gateway:${gatewayId}`)
  return ok((await listGateways(scope)).find((one) => one.id === gatewayId)!)
}

function refuseMissing(missing: readonly string[]) {
  const message = `Making links takes ${missing.join(' and ')} too: give them with POST /v1/payment-gateways/{id}/rotation first.`
  return refuse('validation_failed', message, {
    errors: missing.map((field) => ({ path: `config.${field}`, code: 'required', message })),
  })
}

/** Takes a connection away: its webhooks are unknown from then on; what it has told stays. */
export async function removeGateway(
  scope: Scope,
  gatewayId: string,
): Promise<Result<undefined, 'forbidden' | 'not_found'>> {
  const forbidden = allow(scope.actor, 'gateways.write')
  if (forbidden) return forbidden
  const gone = await scope.sql`
    UPDATE payment_gateways SET removed_at = ${scope.now.toISOString()}::timestamptz
     WHERE id = ${gatewayId} AND workspace_id = ${scope.workspaceId} AND removed_at IS NULL RETURNING 1`
  if (gone.length === 0) return NOT_FOUND
  await recordEvent(scope, 'gateway.removed', `gateway:${gatewayId}`)
  return ok(undefined)
}

/** Finds a connection by its id alone, as a webhook does; undefined for none. */
export async function openGateway(
  sql: SqlClient,
  box: SecretBox,
  gatewayId: string,
): Promise<OpenGateway | undefined> {
  const [row] = await sql<
    {
      id: string
      workspace_id: string
      provider: string
      config: Record<string, string>
      secrets: Buffer
    }[]
  >`SELECT * FROM find_payment_gateway(${gatewayId}::uuid)`
  const gateway = row && findGateway(row.provider)
  if (!row || !gateway) return undefined
  const { current, previous } = box.open(row.secrets, row.id) as Sealed
  return {
    id: row.id,
    workspaceId: row.workspace_id,
    gateway,
    config: { ...row.config, ...current },
    webhookSecrets: (now) => [
      current[gateway.webhookSecret]!,
      ...(previous && previous.untilMs > now.getTime() ? [previous.secret] : []),
    ],
  }
}

const NOT_FOUND = refuse('not_found', 'There is no such payment gateway.')

function split(provider: GatewayName, config: Readonly<Record<string, string | undefined>>) {
  const { secretFields } = findGateway(provider)!
  const given = Object.entries(config).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return {
    shown: Object.fromEntries(given.filter(([name]) => !secretFields.includes(name))),
    secrets: Object.fromEntries(given.filter(([name]) => secretFields.includes(name))),
  }
}

function refuseConfig(issues: readonly { path: readonly PropertyKey[]; code: string; message: string }[]) {
  return refuse('validation_failed', 'The configuration of the gateway has faults.', {
    errors: issues.map(({ path, code, message }) => ({
      path: ['config', ...path.map(String)].join('.'),
      code,
      message,
    })),
  })
}
