import type { Scope } from '../platform/scope.ts'
import {
  type ChangedTemplate,
  hearTemplates,
  SENDABLE_STATUSES,
  type TemplateNews,
} from '../templates/index.ts'

/**
 * Takes in news of templates and, in the same transaction, stops every run whose template may not be sent any longer or
 * is charged as something else than was approved: what is not yet sent waits until somebody has decided.
 * @returns the campaigns whose runs were stopped
 */
export async function foldTemplateNews(scope: Scope, news: readonly TemplateNews[]): Promise<string[]> {
  if (news.length === 0) return []
  return haltRuns(scope, await hearTemplates(scope, news))
}

/** Stops the runs that templates which have just changed no longer allow. @returns their campaigns */
export async function haltRuns(scope: Scope, changed: readonly ChangedTemplate[]): Promise<string[]> {
  const ours = changed.filter(({ templateId }) => templateId !== null)
  if (ours.length === 0) return []
  const rows = await scope.sql<{ campaign_id: string }[]>`
    UPDATE runs r SET state = 'paused', pause_reason = 'template_changed'
      FROM platform_templates p
     WHERE p.id = ANY(${ours.map(({ id }) => id)}::uuid[]) AND p.workspace_id = ${scope.workspaceId}
       AND r.workspace_id = p.workspace_id AND r.account_id = p.account_id AND r.template_id = p.template_id
       AND r.state IN ('waiting','running') AND (NOT p.status = ANY(${[...SENDABLE_STATUSES]}::text[]) OR p.category <> r.category)
    RETURNING r.campaign_id`
  return rows.map(({ campaign_id }) => campaign_id)
}
