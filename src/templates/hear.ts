import { newId } from '../platform/ids.ts'
import type { Scope } from '../platform/scope.ts'
import { recordEvent } from '../workspaces/index.ts'
import {
  CATEGORY_ORDER,
  PLATFORM_STATUSES,
  type PlatformStatus,
  type TemplateNews,
} from './platform-state.ts'

/** A template whose standing has just changed: what it is called there, and which of ours it is, if any. */
export type ChangedTemplate = { readonly id: string; readonly templateId: string | null }

/**
 * Takes in what the platform says of templates, in any order and any number of times: each kind of news goes by its own
 * clock, and what is older than what is known changes nothing. A template that was made elsewhere is written down too.
 * @returns those whose status or category is now another
 */
export async function hearTemplates(scope: Scope, news: readonly TemplateNews[]): Promise<ChangedTemplate[]> {
  const changed = new Map<string, ChangedTemplate>()
  for (const told of news) {
    const item = { ...told, at: momentOf(told.at, scope.now) }
    const row = await apply(scope, item)
    if (row === undefined || !row.changed) continue
    changed.set(row.id, { id: row.id, templateId: row.template_id })
    await recordEvent(scope, 'template.platform_changed', `template:${row.template_id ?? row.id}`, {
      platform_template: row.id,
      account_id: item.accountId,
      name: row.name,
      language: row.language,
      ...factsOf(item),
    })
  }
  return [...changed.values()]
}

const DAY_MS = 24 * 60 * 60 * 1000

/** News without a time is of now, and so is what claims to be of tomorrow: it must not outweigh all that follows. */
function momentOf(at: string | undefined, now: Date): string {
  if (at === undefined || new Date(at).getTime() > now.getTime() + DAY_MS) return now.toISOString()
  return at
}

function factsOf(item: TemplateNews): Record<string, unknown> {
  if (item.kind === 'status') return { status: item.status, reason: item.reason ?? null }
  return item.kind === 'category' ? { category: item.category } : {}
}

type Heard = {
  id: string
  template_id: string | null
  name: string
  language: string
  changed: boolean
}

type DatedNews = TemplateNews & { readonly at: string }

async function apply(scope: Scope, item: DatedNews): Promise<Heard | undefined> {
  await writeDownIfNew(scope, item)
  const rows = await update(scope, item)
  return rows[0]
}

/** The oldest moment there is, so that any news counts. */
const NEVER = '1970-01-01T00:00:00.000Z'

async function writeDownIfNew(scope: Scope, item: DatedNews): Promise<void> {
  if (item.name === undefined || item.language === undefined) return
  await scope.sql`
    INSERT INTO platform_templates (id, workspace_id, account_id, name, language, platform_id, status, status_at, category,
                                    category_at, created_at)
    SELECT ${newId(scope.now.getTime())}, ${scope.workspaceId}, ${item.accountId}, ${item.name}, ${item.language},
           ${item.platformId ?? null}, 'pending', ${NEVER}::timestamptz, 'marketing', ${NEVER}::timestamptz,
           ${scope.now.toISOString()}::timestamptz
     WHERE NOT EXISTS (SELECT 1 FROM platform_templates p WHERE p.workspace_id = ${scope.workspaceId}
             AND p.account_id = ${item.accountId} AND p.platform_id = ${item.platformId ?? null}::text)
    ON CONFLICT DO NOTHING`
}

function update(scope: Scope, item: DatedNews): PromiseLike<Heard[]> {
  const { sql } = scope
  const named = sql`p.workspace_id = ${scope.workspaceId} AND p.account_id = ${item.accountId} AND (
      p.platform_id = ${item.platformId ?? null}::text
      OR (p.name = ${item.name ?? null}::text AND p.language = ${item.language ?? null}::text
          AND (p.platform_id IS NULL OR ${item.platformId ?? null}::text IS NULL)))`
  const at = sql`${item.at}::timestamptz`
  const id = sql`platform_id = coalesce(p.platform_id, ${item.platformId ?? null}::text)`
  switch (item.kind) {
    case 'status':
      return sql<Heard[]>`
        UPDATE platform_templates p SET status = ${item.status}, status_at = ${at}, reason = ${item.reason ?? null}::text, ${id}
          FROM platform_templates was WHERE was.id = p.id AND ${named}
           AND (p.status_at, ${rank(scope, 'status')}) < (${at}, ${rankOfStatus(item.status)}::int)
        RETURNING p.id, p.template_id, p.name, p.language, was.status <> p.status AS changed`
    case 'category':
      return sql<Heard[]>`
        UPDATE platform_templates p SET category = ${item.category}, category_at = ${at}, ${id},
               coming_category = CASE WHEN p.coming_category_at <= ${at} THEN NULL ELSE p.coming_category END,
               coming_category_at = CASE WHEN p.coming_category_at <= ${at} THEN NULL ELSE p.coming_category_at END
          FROM platform_templates was WHERE was.id = p.id AND ${named}
           AND (p.category_at, ${rank(scope, 'category')}) < (${at}, ${CATEGORY_ORDER.indexOf(item.category) + 1}::int)
        RETURNING p.id, p.template_id, p.name, p.language, was.category <> p.category AS changed`
    case 'coming_category':
      return sql<Heard[]>`
        UPDATE platform_templates p SET coming_category = ${item.category},
               coming_category_at = ${item.from ?? item.at}::timestamptz, ${id}
         WHERE ${named} AND p.category_at < ${item.from ?? item.at}::timestamptz
           AND p.coming_category_at IS DISTINCT FROM ${item.from ?? item.at}::timestamptz
        RETURNING p.id, p.template_id, p.name, p.language, false AS changed`
    case 'quality':
      return sql<Heard[]>`
        UPDATE platform_templates p SET quality = ${item.quality}, quality_at = ${at}, ${id}
         WHERE ${named} AND (p.quality_at, coalesce(p.quality, '')) < (${at}, ${item.quality}::text)
        RETURNING p.id, p.template_id, p.name, p.language, false AS changed`
    case 'components':
      return sql<Heard[]>`
        UPDATE platform_templates p SET components = ${JSON.stringify(item.components)}::text::jsonb, components_at = ${at}, ${id}
         WHERE ${named} AND p.components_at < ${at}
        RETURNING p.id, p.template_id, p.name, p.language, false AS changed`
  }
}

function rank(scope: Scope, column: 'status' | 'category') {
  return column === 'status'
    ? scope.sql`array_position(${[...PLATFORM_STATUSES]}::text[], p.status)`
    : scope.sql`array_position(${[...CATEGORY_ORDER]}::text[], p.category)`
}

function rankOfStatus(status: PlatformStatus): number {
  return PLATFORM_STATUSES.indexOf(status) + 1
}
