import { and, desc, eq, lt, or } from 'drizzle-orm'
import type { SqlClient } from '../platform/db.ts'
import { newId } from '../platform/ids.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import type { SecretBox } from '../platform/secrets.ts'
import { allow, recordEvent } from '../workspaces/index.ts'
import type { ConnectDeps, Provider, SenderConfig } from './provider.ts'
import { findProvider } from './providers/index.ts'
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
  const parsed = provider.configSchema.safeParse(request.config)
  if (!parsed.success) {
    return refuse('validation_failed', 'The configuration of the sender has faults.', {
      errors: parsed.error.issues.map((issue) => ({
        path: ['config', ...issue.path].join('.'),
        code: issue.code,
        message: issue.message,
      })),
    })
  }
  const id = newId(scope.now.getTime())
  const { shown, secrets } = split(provider, parsed.data)
  const row = {
    id,
    workspaceId: scope.workspaceId,
    provider: request.provider,
    name: request.name,
    config: shown,
    secrets: Object.keys(secrets).length === 0 ? null : box.seal(secrets, id),
    state: 'active' as const,
    stopReason: null,
    messagesPerSecond: parsed.data.messages_per_second ?? provider.defaultMessagesPerSecond,
    lifetimeSeconds: parsed.data.lifetime_seconds ?? provider.defaultLifetimeSeconds,
    createdAt: scope.now.toISOString(),
  }
  await scope.db.insert(senders).values(row)
  await scope.sql`INSERT INTO sender_pace (sender_id, workspace_id) VALUES (${id}, ${scope.workspaceId})`
  await recordEvent(scope, 'sender.added', id, { provider: request.provider, name: request.name })
  const { workspaceId: _workspace, secrets: _secrets, ...sender } = row
  return ok(sender)
}

const UNKNOWN_PROVIDER = {
  path: 'provider',
  code: 'unknown_provider',
  message: 'Use one of: simulator, whatsapp_cloud.',
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
  const {
    workspaceId: _w,
    secrets: _s,
    ...columns
  } = {
    id: senders.id,
    provider: senders.provider,
    name: senders.name,
    config: senders.config,
    state: senders.state,
    stopReason: senders.stopReason,
    messagesPerSecond: senders.messagesPerSecond,
    lifetimeSeconds: senders.lifetimeSeconds,
    createdAt: senders.createdAt,
    workspaceId: senders.workspaceId,
    secrets: senders.secrets,
  }
  const before = page.before
  return scope.db
    .select(columns)
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
    }[]
  >`SELECT * FROM find_webhook_sender(${senderId}::uuid)`
  const provider = row && findProvider(row.provider)
  if (!row || !provider) return undefined
  const secrets = row.secrets ? (box.open(row.secrets, row.id) as Record<string, unknown>) : {}
  return { id: row.id, workspaceId: row.workspace_id, provider, config: { ...row.config, ...secrets } }
}

/** The secret with which the stand-in signs a simulated sender's webhooks: derived, so that nothing need be stored. */
export function simulatedAppSecret(box: SecretBox, senderId: string): string {
  return box.derive(`simulated app secret of ${senderId}`)
}

/** What the house knows about where a sender's messages go and its webhooks come back. */
export function connectDeps(
  box: SecretBox,
  senderId: string,
  house: { serverUrl: string; simulatorUrl: string; connections?: number },
): ConnectDeps {
  return {
    simulatorUrl: house.simulatorUrl,
    webhookUrl: `${house.serverUrl}/webhooks/whatsapp/${senderId}`,
    appSecret: simulatedAppSecret(box, senderId),
    ...(house.connections === undefined ? {} : { connections: house.connections }),
  }
}
