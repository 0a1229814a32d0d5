import { and, eq } from 'drizzle-orm'
import type { Scope } from '../platform/scope.ts'
import { readRow } from './find.ts'
import { MEDIA_TYPES, type MediaType } from './media-file.ts'
import type { PlatformForm } from './platform-form.ts'
import type { ListedTemplate } from './platform-state.ts'
import { templates } from './tables.ts'
import { openTemplate } from './template.ts'

/**
 * Recognises templates of ours among those of an account: of the same name and language, and with the same body, word
 * for word. A template that says something else under the same name stays a stranger.
 */
export async function linkOurs(
  scope: Scope,
  accountId: string,
  listed: readonly ListedTemplate[],
): Promise<void> {
  const strangers = await scope.sql<{ id: string; name: string; language: string }[]>`
    SELECT p.id, p.name, p.language FROM platform_templates p
     WHERE p.workspace_id = ${scope.workspaceId} AND p.account_id = ${accountId} AND p.template_id IS NULL AND p.status <> 'deleted'
       AND EXISTS (SELECT 1 FROM templates t WHERE t.workspace_id = p.workspace_id AND t.platform_name = p.name AND t.language = p.language)`
  for (const { id, name, language } of strangers) {
    const there = listed.find((one) => one.name === name && one.language === language)
    const [row] = await scope.db
      .select()
      .from(templates)
      .where(
        and(
          eq(templates.workspaceId, scope.workspaceId),
          eq(templates.platformName, name),
          eq(templates.language, language),
        ),
      )
    const format = row && there && formatOf(openTemplate(readRow(row).words).form, there)
    if (format)
      await scope.sql`
        UPDATE platform_templates SET template_id = ${row.id}, parameter_format = ${format}
         WHERE id = ${id} AND workspace_id = ${scope.workspaceId} AND template_id IS NULL`
  }
}

/** How the parameters are named there, if it is the same template; undefined if it is another. */
function formatOf({ body, media }: PlatformForm, there: ListedTemplate): 'named' | 'positional' | undefined {
  if (mediaType(there.components) !== media?.type) return undefined
  const text = bodyText(there.components)
  if (text === undefined) return undefined
  if (text === body.text && there.parameterFormat !== 'positional') return 'named'
  const byPlace = body.segments.map((part) => (typeof part === 'string' ? part : `{{${part + 1}}}`)).join('')
  if (text !== byPlace) return undefined
  return there.parameterFormat ?? 'positional'
}

function bodyText(components: unknown): string | undefined {
  const body = (Array.isArray(components) ? components : []).find(
    (one: { type?: unknown }) => one?.type === 'BODY',
  ) as { text?: unknown } | undefined
  return typeof body?.text === 'string' ? body.text : undefined
}

/** The kind of file above the message there; undefined for none. */
function mediaType(components: unknown): MediaType | undefined {
  const header = (Array.isArray(components) ? components : []).find(
    (one: { type?: unknown }) => one?.type === 'HEADER',
  ) as { format?: unknown } | undefined
  const format = String(header?.format).toLowerCase()
  return MEDIA_TYPES.find((type) => type === format)
}
