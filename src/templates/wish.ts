import { and, eq } from 'drizzle-orm'
import type { Scope } from '../platform/scope.ts'
import { readRow, type Template } from './find.ts'
import { type ChangedTemplate, hearTemplates } from './hear.ts'
import type { ListedTemplate, ParameterFormat } from './platform-state.ts'
import { templates } from './tables.ts'

/** Something that the platform is to be told of a template, taken in hand until `LEASE_SECONDS` have passed. */
export type Wish = {
  readonly id: string
  readonly kind: 'submit' | 'delete'
  readonly accountId: string
  readonly name: string
  readonly language: string
  readonly platformId: string | null
  readonly parameterFormat: ParameterFormat
  readonly ttlSeconds: number | null
  /** Whether it was tried before, so that the platform may have it already. */
  readonly isRepeated: boolean
  /** The words to submit; undefined where there is nothing but a name to delete. */
  readonly template: Template | undefined
}

const LEASE_SECONDS = 120
const FIRST_RETRY_SECONDS = 10
const LONGEST_RETRY_SECONDS = 3_600

/** Takes the oldest wish of a sender in hand; undefined where none is due. */
export async function claimWish(scope: Scope, senderId: string): Promise<Wish | undefined> {
  const [row] = await scope.sql<WishRow[]>`
    UPDATE platform_templates p SET tries = p.tries + 1,
           try_at = ${scope.now.toISOString()}::timestamptz + make_interval(secs => ${LEASE_SECONDS})
     WHERE p.id = (SELECT id FROM platform_templates q WHERE q.workspace_id = ${scope.workspaceId} AND q.sender_id = ${senderId}
                     AND q.wish IS NOT NULL AND q.try_at <= ${scope.now.toISOString()}::timestamptz
                   ORDER BY q.wished_at, q.id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING p.id, p.wish, p.account_id, p.name, p.language, p.platform_id, p.parameter_format, p.ttl_seconds, p.tries, p.template_id`
  if (!row) return undefined
  const [template] =
    row.template_id === null
      ? []
      : await scope.db
          .select()
          .from(templates)
          .where(and(eq(templates.id, row.template_id), eq(templates.workspaceId, scope.workspaceId)))
  return {
    id: row.id,
    kind: row.wish,
    accountId: row.account_id,
    name: row.name,
    language: row.language,
    platformId: row.platform_id,
    parameterFormat: row.parameter_format,
    ttlSeconds: row.ttl_seconds,
    isRepeated: row.tries > 1,
    template: template && readRow(template),
  }
}

type WishRow = {
  id: string
  wish: 'submit' | 'delete'
  account_id: string
  name: string
  language: string
  platform_id: string | null
  parameter_format: ParameterFormat
  ttl_seconds: number | null
  tries: number
  template_id: string | null
}

/**
 * Writes down that a wish came true: what the platform answered to a submission, or that a template is gone.
 * @returns the templates whose standing has changed
 */
export async function fulfilWish(
  scope: Scope,
  wish: Wish,
  answered: ListedTemplate | undefined,
  at: string | undefined,
): Promise<ChangedTemplate[]> {
  const closed = await scope.sql`
    UPDATE platform_templates SET wish = NULL, try_at = NULL WHERE id = ${wish.id} AND workspace_id = ${scope.workspaceId} AND wish = ${wish.kind}`
  const { accountId, name, language } = wish
  const base = { accountId, name, language, ...(at !== undefined && { at }) }
  if (wish.kind === 'delete') return hearTemplates(scope, [{ ...base, kind: 'status', status: 'deleted' }])
  if (closed.count === 0 || !answered) return []
  const { platformId, status, category, reason } = answered
  return hearTemplates(scope, [
    { ...base, platformId, kind: 'category', category },
    { ...base, platformId, kind: 'status', status, ...(reason !== undefined && { reason }) },
  ])
}

/** Writes down that a wish did not come true: for good where the platform refused it, else it is tried again later. */
export async function failWish(
  scope: Scope,
  wish: Wish,
  trouble: { readonly forGood: boolean; readonly message: string },
): Promise<void> {
  if (trouble.forGood) {
    await scope.sql`
      UPDATE platform_templates SET wish = NULL, try_at = NULL, reason = ${trouble.message},
             status = CASE WHEN wish = 'submit' THEN 'not_taken' ELSE status END
       WHERE id = ${wish.id} AND workspace_id = ${scope.workspaceId} AND wish = ${wish.kind}`
    return
  }
  await scope.sql`
    UPDATE platform_templates SET reason = ${trouble.message},
           try_at = ${scope.now.toISOString()}::timestamptz + make_interval(secs =>
             least(${LONGEST_RETRY_SECONDS}::float8, ${FIRST_RETRY_SECONDS}::float8 * 2 ^ least(tries - 1, 16)))
     WHERE id = ${wish.id} AND workspace_id = ${scope.workspaceId} AND wish = ${wish.kind}`
}
