import { and, desc, eq, lt, or } from 'drizzle-orm'
import type { SqlClient } from '../platform/db.ts'
import { isUuid, newId } from '../platform/ids.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import type { SecretBox } from '../platform/secrets.ts'
import { allow, recordEvent } from '../workspaces/index.ts'
import type { Channel, ConnectDeps, Provider, SenderConfig } from './provider.ts'
import { findProvider, PROVIDERS } from './providers/index.ts'
import { senders } from './tables.ts'

/** A sender as it may be shown: its secrets never come back out. */
export type Sender = {
  id: string
  provider: string
  name: string
  config: Record<string, unknown>
  state: 'active' | 'stopped'
  stopReason: string | null
  messagesPerSecond: number
  lifetimeSeconds: number
  createdAt: string
  stopCode: string | null
  stoppedAt: string | null
  previousUntil: string | null
  checkedAt: string | null
}

/** Adds a number to send from. Its secret members are encrypted with SECRET_KEY, bound to its id. */
export async function addSender(
  scope: Scope,
  box: SecretBox,
  request: { provider: string; name: string; config: Record<string, unknown> },
): Promise<Result<Sender, 'forbidden' | 'validation_failed'>> {
  const refusal = allow(scope.actor, 'senders.write')
  if (refusal) return refusal
  const provider = findProvider(request.provider)
  if (!provider)
    return refuse('validation_failed', 'That provider is not known here.', { errors: [UNKNOWN_PROVIDER] })
  const parsed = parseConfig(provider, request.config)
  if (!parsed.ok) return parsed
  const id = newId(scope.now.getTime())
  const { shown, secrets } = split(provider, parsed.value)
  const row = {
    id,
    workspaceId: scope.workspaceId,
    provider: request.provider,
    name: request.name,
    config: shown,
    secrets: Object.keys(secrets).length === 0 ? null : box.seal(secrets, id),
    state: 'active' as const,
    stopReason: null,
    messagesPerSecond: parsed.value.messages_per_second ?? provider.defaultMessagesPerSecond,
    lifetimeSeconds: parsed.value.lifetime_seconds ?? provider.defaultLifetimeSeconds,
    createdAt: scope.now.toISOString(),
  }
  await scope.db.insert(senders).values(row)
  await scope.sql`INSERT INTO sender_pace (sender_id, workspace_id) VALUES (${id}, ${scope.workspaceId})`
  await recordEvent(scope, 'sender.added', id, { provider: request.provider, name: request.name })
  const { workspaceId: _workspace, secrets: _secrets, ...sender } = row
  return ok({ ...sender, ...NOTHING_YET })
}

const NOTHING_YET = { stopCode: null, stoppedAt: null, previousUntil: null, checkedAt: null }

function parseConfig(
  provider: Provider,
  config: Record<string, unknown>,
): Result<SenderConfig, 'validation_failed'> {
  const parsed = provider.configSchema.safeParse(config)
  if (parsed.success) return ok(parsed.data)
  return refuse('validation_failed', 'The configuration of the sender has faults.', {
    errors: parsed.error.issues.map((issue) => ({
      path: ['config', ...issue.path].join('.'),
      code: issue.code,
      message: issue.message,
    })),
  })
}

/** For how long the secret before a change is taken as well, unless told: the platform sends again for seven days. */
export const KEEP_PREVIOUS_HOURS = 7 * 24

/**
 * Changes a sender's name or configuration; members that are not given stay. A secret that is replaced stays valid
 * beside the new one for a while, so that nothing is refused while the platform is told of the change.
 */
export async function changeSender(
  scope: Scope,
  box: SecretBox,
  id: string,
  request: {
    name?: string | undefined
    config?: Record<string, unknown> | undefined
    keepPreviousHours?: number | undefined
  },
): Promise<Result<Sender, 'forbidden' | 'not_found' | 'validation_failed'>> {
  const refusal = allow(scope.actor, 'senders.write')
  if (refusal) return refusal
  const row = await lockSender(scope, id)
  const provider = row && findProvider(row.provider)
  if (!row || !provider) return NO_SENDER
  const known = {
    ...row.config,
    ...(row.secrets ? (box.open(row.secrets, id) as Record<string, unknown>) : {}),
  }
  const { config, isReplaced } = replaceSecrets(provider, known, request.config ?? {})
  const parsed = parseConfig(provider, config)
  if (!parsed.ok) return parsed
  const { shown, secrets } = split(provider, parsed.value)
  const keepMs = (request.keepPreviousHours ?? KEEP_PREVIOUS_HOURS) * 3_600_000
  const previousUntil = isReplaced ? new Date(scope.now.getTime() + keepMs).toISOString() : row.previousUntil
  const changes = {
    name: request.name ?? row.name,
    config: shown,
    secrets: Object.keys(secrets).length === 0 ? null : box.seal(secrets, id),
    messagesPerSecond: parsed.value.messages_per_second ?? provider.defaultMessagesPerSecond,
    lifetimeSeconds: parsed.value.lifetime_seconds ?? provider.defaultLifetimeSeconds,
    previousUntil,
  }
  await scope.db
    .update(senders)
    .set(changes)
    .where(and(eq(senders.id, id), eq(senders.workspaceId, scope.workspaceId)))
  await recordEvent(scope, 'sender.changed', `sender:${id}`, {
    name: changes.name,
    changed: Object.keys(request.config ?? {}).sort(),
  })
  return findSender(scope, id)
}

/** Gives up the secrets before the last change at once. */
export async function retirePreviousSecrets(
  scope: Scope,
  box: SecretBox,
  id: string,
): Promise<Result<Sender, 'forbidden' | 'not_found'>> {
  const refusal = allow(scope.actor, 'senders.write')
  if (refusal) return refusal
  const row = await lockSender(scope, id)
  const provider = row && findProvider(row.provider)
  if (!row || !provider) return NO_SENDER
  if (row.secrets) {
    const secrets = box.open(row.secrets, id) as Record<string, unknown>
    for (const previous of Object.values(provider.replaceableSecrets)) delete secrets[previous]
    await scope.db
      .update(senders)
      .set({ secrets: box.seal(secrets, id), previousUntil: null })
      .where(and(eq(senders.id, id), eq(senders.workspaceId, scope.workspaceId)))
    await recordEvent(scope, 'sender.secrets_retired', `sender:${id}`)
  }
  return findSender(scope, id)
}

function replaceSecrets(
  provider: Provider,
  known: Record<string, unknown>,
  given: Record<string, unknown>,
): { config: Record<string, unknown>; isReplaced: boolean } {
  const config = { ...known, ...given }
  let isReplaced = false
  for (const [secret, previous] of Object.entries(provider.replaceableSecrets)) {
    if (given[secret] === undefined || given[secret] === known[secret]) continue
    config[previous] = given[previous] ?? known[secret]
    isReplaced = true
  }
  return { config, isReplaced }
}

const NO_SENDER = refuse('not_found', 'There is no such sender.')

async function lockSender(scope: Scope, id: string) {
  if (!isUuid(id)) return undefined
  const [row] = await scope.db
    .select()
    .from(senders)
    .where(and(eq(senders.id, id), eq(senders.workspaceId, scope.workspaceId)))
    .for('update')
  return row
}

/** One sender of the workspace. */
export async function findSender(scope: Scope, id: string): Promise<Result<Sender, 'not_found'>> {
  if (!isUuid(id)) return NO_SENDER
  const [row] = await scope.db
    .select(SHOWN)
    .from(senders)
    .where(and(eq(senders.id, id), eq(senders.workspaceId, scope.workspaceId)))
  return row ? ok(row) : NO_SENDER
}

const SHOWN = {
  id: senders.id,
  provider: senders.provider,
  name: senders.name,
  config: senders.config,
  state: senders.state,
  stopReason: senders.stopReason,
  messagesPerSecond: senders.messagesPerSecond,
  lifetimeSeconds: senders.lifetimeSeconds,
  createdAt: senders.createdAt,
  stopCode: senders.stopCode,
  stoppedAt: senders.stoppedAt,
  previousUntil: senders.previousUntil,
  checkedAt: senders.checkedAt,
}

const UNKNOWN_PROVIDER = {
  path: 'provider',
  code: 'unknown_provider',
  message: `Use one of: ${Object.keys(PROVIDERS).join(', ')}.`,
}

function split(provider: Provider, config: SenderConfig) {
  const entries = Object.entries(config).filter(([, value]) => value !== undefined)
  const isSecret = ([name]: [string, unknown]) => provider.secretFields.includes(name)
  return {
    shown: Object.fromEntries(entries.filter((entry) => !isSecret(entry))),
    secrets: Object.fromEntries(entries.filter(isSecret)),
  }
}

/** A page of the workspace's senders, newest first. */
export async function listSenders(
  scope: Scope,
  page: { limit: number; before?: { createdAt: string; id: string } | undefined },
): Promise<Sender[]> {
  const before = page.before
  return scope.db
    .select(SHOWN)
    .from(senders)
    .where(
      and(
        eq(senders.workspaceId, scope.workspaceId),
        before &&
          or(
            lt(senders.createdAt, before.createdAt),
            and(eq(senders.createdAt, before.createdAt), lt(senders.id, before.id)),
          ),
      ),
    )
    .orderBy(desc(senders.createdAt), desc(senders.id))
    .limit(page.limit)
}

/** What a webhook's door needs of the sender that it names: its provider and its whole configuration. */
export type OpenSender = { id: string; workspaceId: string; provider: Provider; config: SenderConfig }

/** Finds a sender by its id alone, as a webhook does; undefined for none. */
export async function openSender(
  sql: SqlClient,
  box: SecretBox,
  senderId: string,
): Promise<OpenSender | undefined> {
  const [row] = await sql<
    {
      id: string
      workspace_id: string
      provider: string
      config: Record<string, unknown>
      secrets: Buffer | null
      retired: boolean
    }[]
  >`SELECT *, coalesce(previous_until <= clock_timestamp(), false) AS retired FROM find_webhook_sender(${senderId}::uuid)`
  const provider = row && findProvider(row.provider)
  if (!row || !provider) return undefined
  const secrets = row.secrets ? (box.open(row.secrets, row.id) as Record<string, unknown>) : {}
  if (row.retired) for (const previous of Object.values(provider.replaceableSecrets)) delete secrets[previous]
  return { id: row.id, workspaceId: row.workspace_id, provider, config: { ...row.config, ...secrets } }
}

/** The secret with which the stand-in signs a simulated sender's webhooks: derived, so that nothing need be stored. */
export function simulatedAppSecret(box: SecretBox, senderId: string): string {
  return box.derive(`simulated app secret of ${senderId}`)
}

/** Where a sender's provider reports to. */
export function webhookAddress(serverUrl: string, channel: Channel, senderId: string): string {
  return `${serverUrl}/webhooks/${channel}/${senderId}`
}

/** What the house knows about where a sender's messages go and its webhooks come back. */
export function connectDeps(
  box: SecretBox,
  senderId: string,
  house: {
    serverUrl: string
    simulatorUrl: string
    channel?: Channel
    allowLoopback?: boolean
    connections?: number
  },
): ConnectDeps {
  return {
    simulatorUrl: house.simulatorUrl,
    webhookUrl: webhookAddress(house.serverUrl, house.channel ?? 'whatsapp', senderId),
    appSecret: simulatedAppSecret(box, senderId),
    ...(house.connections === undefined ? {} : { connections: house.connections }),
    ...(house.allowLoopback === undefined ? {} : { allowLoopback: house.allowLoopback }),
  }
}
