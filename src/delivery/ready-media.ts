import type { Scope } from '../platform/scope.ts'
import { mediaContent, openTemplate, type TemplateWords } from '../templates/index.ts'
import type { KnownFile } from './fill-message.ts'
import type { Obstacle } from './obstacle.ts'
import type { ProviderConnection, UploadOutcome } from './provider.ts'
import type { Run } from './run.ts'
import type { WorkerRows } from './worker-rows.ts'

/** What a run's header needs before anything is claimed: nothing, or its file as the platform knows it. */
export type ReadyMedia =
  | { readonly kind: 'ready'; readonly file: KnownFile | undefined }
  | { readonly kind: 'wait'; readonly forMs: number }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'obstacle'; readonly obstacle: Obstacle }

type Media = NonNullable<ProviderConnection['media']>
type Known = { file: KnownFile; expiresAtMs: number }
type Memory = {
  readonly ids: Map<string, Known>
  /** Uploads on their way: the lanes of a campaign wait for one. */
  readonly pending: Map<string, Promise<ReadyMedia>>
  failures: number
}

const NO_MEDIA: ReadyMedia = { kind: 'ready', file: undefined }
const AGAIN_MS = 5_000
/** An upload whose end is not known is made again; after so many the campaign says so. */
const TRIES = 6
const A_DAY_MS = 24 * 60 * 60 * 1_000

const memories = new WeakMap<ProviderConnection, Memory>()

/**
 * Sees that the platform has the file of a run's header: uploaded once for a sender, and used again for as long as the
 * platform keeps it. Nothing is claimed meanwhile, and no transaction is open while the platform is waited for.
 */
export async function readyMedia(
  rows: WorkerRows,
  run: Run,
  connection: ProviderConnection,
): Promise<ReadyMedia> {
  const mediaId = mediaOf(run)
  if (mediaId === undefined || !connection.media) return NO_MEDIA
  const memory = memoryOf(connection)
  const known = memory.ids.get(mediaId)
  if (known && known.expiresAtMs > Date.now()) return { kind: 'ready', file: known.file }
  const pending =
    memory.pending.get(mediaId) ??
    findOrUpload(rows, run, mediaId, connection.media, memory).finally(() => memory.pending.delete(mediaId))
  memory.pending.set(mediaId, pending)
  return pending
}

async function findOrUpload(
  rows: WorkerRows,
  run: Run,
  mediaId: string,
  media: Media,
  memory: Memory,
): Promise<ReadyMedia> {
  const found = await rows.within((scope) => findUpload(scope, run, mediaId, media.address))
  if (!found.maySend) return { kind: 'nothing' }
  if (found.known) return remember(memory, mediaId, found.known)
  return upload(rows, run, mediaId, media, memory)
}

/** The uploaded file of a template's header; undefined where it has none, or each recipient has a link. */
function mediaOf({ template }: Run): string | undefined {
  const { media } = openTemplate((template as { words: TemplateWords }).words).form
  return media?.link === undefined ? media?.mediaId : undefined
}

function memoryOf(connection: ProviderConnection): Memory {
  const memory: Memory = memories.get(connection) ?? { ids: new Map(), pending: new Map(), failures: 0 }
  memories.set(connection, memory)
  return memory
}

function remember(memory: Memory, mediaId: string, known: Known): ReadyMedia {
  memory.ids.set(mediaId, known)
  memory.failures = 0
  return { kind: 'ready', file: known.file }
}

/** An upload of this sender to that address, and whether the run may send at all: one that may not uploads nothing. */
async function findUpload(
  scope: Scope,
  run: Run,
  mediaId: string,
  address: string,
): Promise<{ maySend: boolean; known: Known | undefined }> {
  const [row] = await scope.sql<
    { may_send: boolean; platform_id: string | null; expires_at: string | null; file_name: string }[]
  >`
    SELECT r.state = 'running' AND s.state = 'active'
             AND NOT EXISTS (SELECT 1 FROM installation i WHERE i.held_at IS NOT NULL) AS may_send,
           u.platform_id, u.expires_at, m.file_name
      FROM runs r JOIN senders s ON s.id = r.sender_id AND s.workspace_id = r.workspace_id
      JOIN media m ON m.id = ${mediaId} AND m.workspace_id = r.workspace_id
      LEFT JOIN media_uploads u ON u.sender_id = s.id AND u.workspace_id = s.workspace_id AND u.media_id = m.id
             AND u.address = ${address} AND u.expires_at > ${scope.now.toISOString()}::timestamptz
     WHERE r.campaign_id = ${run.campaignId} AND r.workspace_id = ${scope.workspaceId}`
  const known = row?.platform_id && {
    file: { platformId: row.platform_id, fileName: row.file_name },
    expiresAtMs: new Date(row.expires_at!).getTime(),
  }
  return { maySend: row?.may_send ?? false, known: known || undefined }
}

async function upload(
  rows: WorkerRows,
  run: Run,
  mediaId: string,
  media: Media,
  memory: Memory,
): Promise<ReadyMedia> {
  const file = await rows.within((scope) => mediaContent(scope, mediaId))
  if (!file.ok) throw new Error(`the file ${mediaId} of a saved template is not there`)
  const told = await media.upload(file.value)
  if (told.outcome !== 'done') return troubleOf(told, memory)
  const known = await rows.within((scope) => keep(scope, run, media, file.value, told.platformId))
  return remember(memory, mediaId, known)
}

async function keep(
  scope: Scope,
  run: Run,
  { address, keptDays }: Media,
  { id, fileName }: { readonly id: string; readonly fileName: string },
  platformId: string,
): Promise<Known> {
  // A day less than the platform says: what is claimed today may leave tomorrow.
  const expiresAtMs = scope.now.getTime() + (keptDays - 1) * A_DAY_MS
  await scope.sql`
    INSERT INTO media_uploads (sender_id, media_id, workspace_id, platform_id, address, uploaded_at, expires_at)
    VALUES (${run.senderId}, ${id}, ${scope.workspaceId}, ${platformId}, ${address}, ${scope.now.toISOString()}::timestamptz,
            ${new Date(expiresAtMs).toISOString()}::timestamptz)
    ON CONFLICT (sender_id, media_id) DO UPDATE SET platform_id = excluded.platform_id, address = excluded.address,
       uploaded_at = excluded.uploaded_at, expires_at = excluded.expires_at`
  return { file: { platformId, fileName }, expiresAtMs }
}

function troubleOf(told: Exclude<UploadOutcome, { outcome: 'done' }>, memory: Memory): ReadyMedia {
  const message = `The file above the message could not be given to the platform. ${told.message}`
  if (told.outcome === 'refused')
    return { kind: 'obstacle', obstacle: { action: told.action, code: told.code, message } }
  memory.failures += 1
  if (memory.failures < TRIES) return { kind: 'wait', forMs: AGAIN_MS }
  memory.failures = 0
  const tried = `${message} It was tried ${TRIES} times; resume the campaign to try again.`
  return { kind: 'obstacle', obstacle: { action: 'campaign', code: told.code, message: tried } }
}
