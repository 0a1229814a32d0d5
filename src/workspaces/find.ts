import { and, desc, eq, lt, lte, sql } from 'drizzle-orm'
import { instant } from '../platform/db.ts'
import { type Page, type PageRequest, pageOf } from '../platform/page.ts'
import type { Role, Scope } from '../platform/scope.ts'
import { readSought } from '../platform/sought.ts'
import type { Language } from './language.ts'
import { apiKeys, auditEvents, workspaces } from './tables.ts'

export type Workspace = {
  readonly id: string
  readonly name: string
  readonly currency: string
  readonly timeZone: string
  readonly defaultCountry: string
  /** The language that it is spoken to in; null for each visitor's own. */
  readonly language: Language | null
  readonly frozenAt: string | null
  readonly frozenReason: string | null
  readonly createdAt: string
}

export type KeyEntry = {
  readonly id: string
  readonly prefix: string
  readonly role: Role
  readonly name: string
  readonly createdAt: string
  readonly revokedAt: string | null
}

export type AuditEvent = {
  readonly id: string
  readonly actor: string
  readonly action: string
  readonly subject: string
  readonly facts: Readonly<Record<string, unknown>>
  readonly requestId: string | null
  readonly at: string
}

/** The workspace of this scope; it exists, because somebody holds a key to it. Instants in RFC 3339. */
export async function findWorkspace(scope: Scope): Promise<Workspace> {
  const [found] = await scope.db.select().from(workspaces).where(eq(workspaces.id, scope.workspaceId))
  if (!found) throw new Error('the workspace of this scope does not exist')
  return { ...found, frozenAt: instant(found.frozenAt), createdAt: instant(found.createdAt)! }
}

/** The workspace's keys without their secrets, newest first, revoked ones included. */
export async function listKeys(scope: Scope, page: PageRequest<string>): Promise<Page<KeyEntry, string>> {
  const rows = await scope.db
    .select({
      id: apiKeys.id,
      prefix: apiKeys.prefix,
      role: apiKeys.role,
      name: apiKeys.name,
      createdAt: apiKeys.createdAt,
      revokedAt: apiKeys.revokedAt,
    })
    .from(apiKeys)
    .where(
      and(eq(apiKeys.workspaceId, scope.workspaceId), page.after ? lt(apiKeys.id, page.after) : undefined),
    )
    .orderBy(desc(apiKeys.id))
    .limit(page.limit + 1)
  const entries = rows.map((row) => ({
    ...row,
    createdAt: instant(row.createdAt)!,
    revokedAt: instant(row.revokedAt),
  }))
  return pageOf(entries, page.limit, (entry) => entry.id)
}

type EventPlace = readonly [xid: string, id: string]

/**
 * The audit trail, newest first, in the order of the transactions that wrote it; `about` one kind of thing (`campaign`),
 * `until` a moment, and with `words` in what was done, to what, its facts or the name of who did it, where they are given.
 */
export async function listEvents(
  scope: Scope,
  page: PageRequest<EventPlace> & {
    readonly about?: string | undefined
    readonly until?: Date | undefined
    readonly words?: string | undefined
  },
): Promise<Page<AuditEvent, EventPlace>> {
  const place = sql`(${auditEvents.xid}, ${auditEvents.id})`
  const rows = await scope.db
    .select({ event: auditEvents, xid: sql<string>`${auditEvents.xid}::text` })
    .from(auditEvents)
    .where(
      and(
        eq(auditEvents.workspaceId, scope.workspaceId),
        page.about === undefined ? undefined : sql`split_part(${auditEvents.action}, '.', 1) = ${page.about}`,
        page.until && lte(auditEvents.at, page.until.toISOString()),
        page.words === undefined ? undefined : eventHas(scope, page.words),
        page.after && sql`${place} < (${page.after[0]}::xid8, ${page.after[1]}::uuid)`,
      ),
    )
    .orderBy(desc(auditEvents.xid), desc(auditEvents.id))
    .limit(page.limit + 1)
  const { items, next } = pageOf(rows, page.limit, (row): EventPlace => [row.xid, row.event.id])
  return { items: items.map(({ event }) => present(event)), next }
}

function eventHas({ workspaceId }: Scope, words: string) {
  const { like } = readSought(words)
  const { action, subject, facts, actor } = auditEvents
  return sql`(${action} ILIKE ${like} OR ${subject} ILIKE ${like} OR ${facts}::text ILIKE ${like} OR ${actor} IN (
    SELECT 'key:' || k.id FROM api_keys k WHERE k.workspace_id = ${workspaceId} AND k.name ILIKE ${like}
    UNION ALL SELECT 'member:' || m.id FROM members m WHERE m.workspace_id = ${workspaceId} AND m.name ILIKE ${like}))`
}

function present(event: typeof auditEvents.$inferSelect): AuditEvent {
  const { id, actor, action, subject, facts, requestId, at } = event
  return { id, actor, action, subject, facts, requestId, at: instant(at)! }
}
