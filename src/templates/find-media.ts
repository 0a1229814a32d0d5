import { and, desc, eq, lt } from 'drizzle-orm'
import { instant } from '../platform/db.ts'
import { isUuid } from '../platform/ids.ts'
import { type Page, type PageRequest, pageOf } from '../platform/page.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import type { MediaType } from './media-file.ts'
import { media } from './tables.ts'

/** An uploaded file, without its bytes. */
export type Media = {
  readonly id: string
  readonly type: MediaType
  readonly mime: string
  readonly fileName: string
  readonly sizeBytes: number
  /** RFC 3339. */
  readonly createdAt: string
}

/** All but the bytes, which may be many. */
export const MEDIA_COLUMNS = {
  id: media.id,
  type: media.type,
  mime: media.mime,
  fileName: media.fileName,
  sizeBytes: media.sizeBytes,
  createdAt: media.createdAt,
}

/** A row as the rest of the program knows it. */
export function readMedia(row: Media): Media {
  return { ...row, createdAt: instant(row.createdAt)! }
}

/** One file of this workspace; another's does not exist here. */
export async function findMedia(scope: Scope, id: string): Promise<Result<Media, 'not_found'>> {
  const [row] = isUuid(id)
    ? await scope.db
        .select(MEDIA_COLUMNS)
        .from(media)
        .where(and(eq(media.workspaceId, scope.workspaceId), eq(media.id, id)))
    : []
  return row ? ok(readMedia(row)) : refuse('not_found', 'There is no such file.')
}

/** The workspace's files, newest first; a page ends at an id. */
export async function listMedia(scope: Scope, page: PageRequest<string>): Promise<Page<Media, string>> {
  const rows = await scope.db
    .select(MEDIA_COLUMNS)
    .from(media)
    .where(
      and(
        eq(media.workspaceId, scope.workspaceId),
        page.after === undefined ? undefined : lt(media.id, page.after),
      ),
    )
    .orderBy(desc(media.id))
    .limit(page.limit + 1)
  return pageOf(rows.map(readMedia), page.limit, (one) => one.id)
}

/** The bytes of a file of this workspace. */
export async function mediaContent(
  scope: Scope,
  id: string,
): Promise<Result<Media & { readonly content: Buffer }, 'not_found'>> {
  const [row] = isUuid(id)
    ? await scope.db
        .select({ ...MEDIA_COLUMNS, content: media.content })
        .from(media)
        .where(and(eq(media.workspaceId, scope.workspaceId), eq(media.id, id)))
    : []
  if (!row) return refuse('not_found', 'There is no such file.')
  return ok({ ...readMedia(row), content: Buffer.from(row.content) })
}
