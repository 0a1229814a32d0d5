import { and, desc, eq, ilike, lt, or } from 'drizzle-orm'
import { instant } from '../platform/db.ts'
import { isUuid } from '../platform/ids.ts'
import { type Page, type PageRequest, pageOf } from '../platform/page.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import { readSought } from '../platform/sought.ts'
import type { Category, Channel } from './input.ts'
import { templates } from './tables.ts'
import type { PartFault, TemplateWords } from './template.ts'

/** A saved template. `words` opens it (`openTemplate`) and is all that a campaign needs to keep of it. */
export type Template = {
  readonly id: string
  readonly channel: Channel
  readonly name: string
  readonly platformName: string
  readonly language: string
  readonly category: Category
  readonly words: TemplateWords
  readonly samples: Readonly<Record<string, string>>
  readonly warnings: readonly PartFault[]
  readonly state: (typeof templates.$inferSelect)['state']
  readonly createdBy: string
  /** RFC 3339. */
  readonly createdAt: string
}

/** One template of this workspace; another's does not exist here. */
export async function findTemplate(scope: Scope, id: string): Promise<Result<Template, 'not_found'>> {
  const [row] = isUuid(id)
    ? await scope.db
        .select()
        .from(templates)
        .where(and(eq(templates.workspaceId, scope.workspaceId), eq(templates.id, id)))
    : []
  return row ? ok(readRow(row)) : refuse('not_found', 'There is no such template.')
}

/** The workspace's templates, newest first, those with some words in their name or text where given; a page ends at an id. */
export async function listTemplates(
  scope: Scope,
  page: PageRequest<string> & { readonly words?: string | undefined },
): Promise<Page<Template, string>> {
  const like = page.words === undefined ? undefined : readSought(page.words).like
  const rows = await scope.db
    .select()
    .from(templates)
    .where(
      and(
        eq(templates.workspaceId, scope.workspaceId),
        like === undefined ? undefined : or(ilike(templates.name, like), ilike(templates.body, like)),
        page.after === undefined ? undefined : lt(templates.id, page.after),
      ),
    )
    .orderBy(desc(templates.id))
    .limit(page.limit + 1)
  return pageOf(rows.map(readRow), page.limit, (template) => template.id)
}

/** A row as the rest of the program knows it. */
export function readRow(row: typeof templates.$inferSelect): Template {
  const { id, channel, name, platformName, language, category, samples, state, createdBy } = row
  return {
    id,
    channel,
    name,
    platformName,
    language,
    category,
    words: {
      language,
      header: (row.header ?? undefined) as TemplateWords['header'],
      body: row.body,
      footer: row.footer ?? undefined,
      buttons: row.buttons as TemplateWords['buttons'],
    },
    samples,
    warnings: row.warnings as readonly PartFault[],
    state,
    createdBy,
    createdAt: instant(row.createdAt)!,
  }
}
