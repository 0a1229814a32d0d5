import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { and, desc, eq, ne } from 'drizzle-orm'
import { isUuid, newId } from '../platform/ids.ts'
import { OneBehind } from '../platform/one-behind.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import { allow, findWorkspace, recordEvent } from '../workspaces/index.ts'
import { type Import, readImport } from './find-import.ts'
import { SHEET_KINDS } from './sheet/kinds.ts'
import { parseSheetOptions, type SheetOptionsInput } from './sheet/options.ts'
import { MAX_FILE_BYTES } from './sheet/row-source.ts'
import { imports, lists } from './tables.ts'

export type ReceivedFile = {
  /** Where the upload lies; it is copied into the database and may be removed afterwards. */
  readonly path: string
  /** As the user calls it; never used as a path. */
  readonly fileName: string
  readonly options: SheetOptionsInput
  /** The list that its contacts go to: a list's id, or a name. By default a new one, called after the file. */
  readonly list?: string | undefined
}

/** Bytes travel as text a third longer; strings of more than 128 KB would stay in memory until a full collection. */
const CHUNK_BYTES = 90 * 1024
const FILE_NAME_MAX_CHARS = 255
const LIST_NAME_MAX_CHARS = 200

/**
 * Takes a sheet in: the file goes into the database, where any worker finds it, and its import begins in the state
 * `reading`. Whether the workspace had the same file before is told by `sameAs`; an import of it that still waits for a
 * mapping is closed, since this one takes its place.
 */
export async function receiveFile(
  scope: Scope,
  file: ReceivedFile,
): Promise<Result<Import, 'forbidden' | 'validation_failed' | 'file_too_large'>> {
  const refusal = allow(scope.actor, 'contacts.import')
  if (refusal) return refusal
  const { size } = await stat(file.path)
  if (size > MAX_FILE_BYTES) {
    return refuse('file_too_large', `A file has at most ${MAX_FILE_BYTES} bytes.`, {
      max_bytes: MAX_FILE_BYTES,
    })
  }
  const faults = await faultsOf(scope, file)
  if (faults.length > 0) {
    return refuse('validation_failed', faults.map(({ message }) => message).join(' '), { errors: faults })
  }
  return ok(await store(scope, file, size))
}

type Fault = { readonly path: string; readonly code: string; readonly message: string }

async function faultsOf(scope: Scope, { options, list }: ReceivedFile): Promise<readonly Fault[]> {
  const faults: Fault[] = []
  const parsed = parseSheetOptions(options)
  if (!parsed.ok)
    faults.push({ path: parsed.facts?.option as string, code: parsed.reason, message: parsed.message })
  if (list === undefined) return faults
  if (list.trim() === '' || list.length > LIST_NAME_MAX_CHARS) {
    faults.push({
      path: 'list',
      code: 'invalid',
      message: `list must be a name of 1 to ${LIST_NAME_MAX_CHARS} characters.`,
    })
  } else if (isUuid(list) && !(await hasList(scope, list))) {
    faults.push({ path: 'list', code: 'not_found', message: 'There is no such list in this workspace.' })
  }
  return faults
}

async function hasList(scope: Scope, id: string): Promise<boolean> {
  const found = await scope.db
    .select({ id: lists.id })
    .from(lists)
    .where(and(eq(lists.id, id), eq(lists.workspaceId, scope.workspaceId)))
  return found.length > 0
}

async function store(scope: Scope, file: ReceivedFile, byteSize: number): Promise<Import> {
  const sha256 = await hashOf(file.path)
  const sameAs = await findSame(scope, sha256)
  await closeWaiting(scope, sha256)
  const { defaultCountry } = await findWorkspace(scope)
  const options = { default_country: defaultCountry, ...definedOf(file.options), list: file.list?.trim() }
  const [row] = await scope.db
    .insert(imports)
    .values({
      id: newId(scope.now.getTime()),
      workspaceId: scope.workspaceId,
      createdBy: scope.actor.name,
      state: 'reading',
      kind: SHEET_KINDS.find((kind) => kind === file.options.kind) ?? 'contacts',
      fileName: file.fileName.slice(0, FILE_NAME_MAX_CHARS),
      byteSize,
      sha256,
      options: definedOf(options),
      columns: [],
      mapping: {},
      sheets: [],
      rows: 0,
      accepted: 0,
      duplicates: 0,
      rejected: 0,
      totals: {},
      progress: 0,
      sameAs,
      createdAt: scope.now.toISOString(),
    })
    .returning()
  await storeChunks(scope, row!.id, file.path)
  await recordEvent(scope, 'import.received', `import:${row!.id}`, { bytes: byteSize, same_as: sameAs })
  return readImport(row!)
}

async function hashOf(path: string): Promise<Buffer> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return hash.digest()
}

async function findSame(scope: Scope, sha256: Buffer): Promise<string | null> {
  const [same] = await scope.db
    .select({ id: imports.id })
    .from(imports)
    .where(
      and(
        eq(imports.workspaceId, scope.workspaceId),
        eq(imports.sha256, sha256),
        ne(imports.state, 'failed'),
      ),
    )
    .orderBy(desc(imports.createdAt))
    .limit(1)
  return same?.id ?? null
}

async function closeWaiting(scope: Scope, sha256: Buffer): Promise<void> {
  const { sql, workspaceId, now } = scope
  await sql`
    WITH closed AS (
      UPDATE imports SET state = 'failed', code = 'replaced', finished_at = ${now.toISOString()}::timestamptz,
             detail = 'The same file was uploaded again; that import takes the place of this one.'
       WHERE workspace_id = ${workspaceId} AND sha256 = ${sha256} AND state = 'mapping' RETURNING id)
    DELETE FROM import_chunks WHERE workspace_id = ${workspaceId} AND import_id IN (SELECT id FROM closed)`
}

async function storeChunks(scope: Scope, importId: string, path: string): Promise<void> {
  const { sql, workspaceId } = scope
  const storing = new OneBehind()
  let n = 0
  const store = async (bytes: Buffer) => {
    await sql`
      INSERT INTO import_chunks (workspace_id, import_id, n, bytes)
      VALUES (${workspaceId}, ${importId}, ${n++}, decode(${bytes.toString('base64')}::text, 'base64'))`
  }
  for await (const bytes of createReadStream(path, { highWaterMark: CHUNK_BYTES }))
    await storing.follow(() => store(bytes as Buffer))
  await storing.settle()
}

function definedOf<T extends object>(options: T): T {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined && value !== ''),
  ) as T
}
