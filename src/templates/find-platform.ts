import { instant } from '../platform/db.ts'
import type { Scope } from '../platform/scope.ts'
import type { Category } from './input.ts'
import { isSendable, type ParameterFormat, type PlatformStatus, statusSentence } from './platform-state.ts'

/** A template as it stands on a business account. Instants are RFC 3339. */
export type PlatformTemplate = {
  readonly id: string
  readonly accountId: string
  readonly name: string
  readonly language: string
  readonly templateId: string | null
  readonly senderId: string | null
  readonly platformId: string | null
  readonly status: PlatformStatus
  readonly statusAt: string
  readonly sendable: boolean
  /** For people: how it stands, and what to do. */
  readonly sentence: string
  readonly reason: string | null
  readonly category: Category
  readonly comingCategory: Category | null
  readonly comingCategoryAt: string | null
  readonly quality: string | null
  readonly parameterFormat: ParameterFormat
  readonly ttlSeconds: number | null
  /** What is still to be said to the platform. */
  readonly wish: 'submit' | 'delete' | null
}

/** How templates of ours stand on all accounts, newest first. */
export function platformTemplatesOf(
  scope: Scope,
  templateIds: readonly string[],
): Promise<PlatformTemplate[]> {
  return readPlatformTemplates(scope, scope.sql`template_id = ANY(${[...templateIds]}::uuid[])`)
}

/** All templates that are known of an account, by name; at most `limit`, after the name and language given. */
export function templatesOfAccount(
  scope: Scope,
  accountId: string,
  page: { limit: number; after?: readonly [string, string] | undefined },
): Promise<PlatformTemplate[]> {
  const [name, language] = page.after ?? ['', '']
  return readPlatformTemplates(
    scope,
    scope.sql`account_id = ${accountId} AND (name, language) > (${name}, ${language})`,
    scope.sql`name, language LIMIT ${page.limit}`,
  )
}

export async function readPlatformTemplates(
  scope: Scope,
  which: ReturnType<Scope['sql']>,
  order = scope.sql`created_at DESC, id DESC`,
): Promise<PlatformTemplate[]> {
  const rows = await scope.sql<Row[]>`
    SELECT id, account_id, name, language, template_id, sender_id, platform_id, status, status_at, reason, category,
           coming_category, coming_category_at, quality, parameter_format, ttl_seconds, wish
      FROM platform_templates WHERE workspace_id = ${scope.workspaceId} AND ${which} ORDER BY ${order}`
  return rows.map(toPlatformTemplate)
}

type Row = {
  id: string
  account_id: string
  name: string
  language: string
  template_id: string | null
  sender_id: string | null
  platform_id: string | null
  status: PlatformStatus
  status_at: string
  reason: string | null
  category: Category
  coming_category: Category | null
  coming_category_at: string | null
  quality: string | null
  parameter_format: ParameterFormat
  ttl_seconds: number | null
  wish: 'submit' | 'delete' | null
}

function toPlatformTemplate(row: Row): PlatformTemplate {
  return {
    id: row.id,
    accountId: row.account_id,
    name: row.name,
    language: row.language,
    templateId: row.template_id,
    senderId: row.sender_id,
    platformId: row.platform_id,
    status: row.status,
    statusAt: instant(row.status_at)!,
    sendable: isSendable(row.status),
    sentence: statusSentence(row.status, row.reason),
    reason: row.reason,
    category: row.category,
    comingCategory: row.coming_category,
    comingCategoryAt: row.coming_category_at === null ? null : instant(row.coming_category_at)!,
    quality: row.quality,
    parameterFormat: row.parameter_format,
    ttlSeconds: row.ttl_seconds,
    wish: row.wish,
  }
}
