import { createHash } from 'node:crypto'
import { and, eq } from 'drizzle-orm'
import { newId } from '../platform/ids.ts'
import { ok, type Refusal, type Result, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import { allow, recordEvent } from '../workspaces/index.ts'
import { MEDIA_COLUMNS, type Media, readMedia } from './find-media.ts'
import { MEDIA_MAX_BYTES, type MediaFormat, mediaFormat, mediaName } from './media-file.ts'
import { media } from './tables.ts'

/** What one workspace may keep. */
const FILES_MAX = 1_000
const ALL_BYTES_MAX = 2 * 1024 ** 3

export type MediaFile = { readonly fileName: string; readonly content: Buffer }

/**
 * Keeps a file for the headers of templates: JPEG and PNG to 5 MiB, MP4, 3GP and PDF to 16 MiB, told by their bytes and
 * not by their names. The same bytes again are the same file. Refused as `forbidden`, or as `validation_failed`.
 */
export async function saveMedia(
  scope: Scope,
  file: MediaFile,
): Promise<Result<Media, 'forbidden' | 'validation_failed'>> {
  const forbidden = allow(scope.actor, 'templates.write')
  if (forbidden) return forbidden
  const format = mediaFormat(file.content)
  if (!format) return refuseFile('format_unknown', NOT_TAKEN)
  const tooLarge = sizeFault(file.content.length, format)
  if (tooLarge) return tooLarge
  await scope.sql`SELECT pg_advisory_xact_lock(hashtextextended(${`media ${scope.workspaceId}`}, 0))`
  const sha256 = createHash('sha256').update(file.content).digest()
  const known = await findSame(scope, sha256)
  if (known) return ok(known)
  const full = await fullness(scope, file.content.length)
  return full ?? ok(await insert(scope, file, format, sha256))
}

const NOT_TAKEN =
  'WhatsApp takes JPEG and PNG pictures, MP4 and 3GP videos, and PDF documents; this is none of them.'

function sizeFault(bytes: number, { type }: MediaFormat): Refusal<'validation_failed'> | undefined {
  const most = MEDIA_MAX_BYTES[type]
  if (bytes <= most) return undefined
  return refuseFile(
    'too_big',
    `A file of the type ${type} may have ${most / 1024 ** 2} MiB; make it smaller.`,
  )
}

async function findSame(scope: Scope, sha256: Buffer): Promise<Media | undefined> {
  const [row] = await scope.db
    .select(MEDIA_COLUMNS)
    .from(media)
    .where(and(eq(media.workspaceId, scope.workspaceId), eq(media.sha256, sha256)))
  return row && readMedia(row)
}

async function fullness(scope: Scope, bytes: number): Promise<Refusal<'validation_failed'> | undefined> {
  const [kept] = await scope.sql<{ files: number; bytes: bigint }[]>`
    SELECT count(*)::int AS files, coalesce(sum(size_bytes), 0)::bigint AS bytes FROM media
     WHERE workspace_id = ${scope.workspaceId}`
  if (kept!.files < FILES_MAX && Number(kept!.bytes) + bytes <= ALL_BYTES_MAX) return undefined
  return refuseFile(
    'too_many_files',
    `A workspace keeps at most ${FILES_MAX} files of ${ALL_BYTES_MAX / 1024 ** 3} GiB together.`,
  )
}

async function insert(
  scope: Scope,
  { fileName, content }: MediaFile,
  format: MediaFormat,
  sha256: Buffer,
): Promise<Media> {
  const [row] = await scope.db
    .insert(media)
    .values({
      id: newId(scope.now.getTime()),
      workspaceId: scope.workspaceId,
      type: format.type,
      mime: format.mime,
      fileName: mediaName(fileName, format),
      sizeBytes: content.length,
      sha256,
      content,
      createdBy: scope.actor.name,
      createdAt: scope.now.toISOString(),
    })
    .returning(MEDIA_COLUMNS)
  await recordEvent(scope, 'media.uploaded', `media:${row!.id}`, {
    type: format.type,
    file_name: row!.fileName,
    size_bytes: content.length,
    sha256: sha256.toString('hex'),
  })
  return readMedia(row!)
}

function refuseFile(code: string, message: string): Refusal<'validation_failed'> {
  return refuse('validation_failed', message, { errors: [{ path: 'file', code, message }] })
}
