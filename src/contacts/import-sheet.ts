import { randomUUID } from 'node:crypto'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { and, asc, eq, gte } from 'drizzle-orm'
import { sqlState } from '../platform/db.ts'
import { OneBehind } from '../platform/one-behind.ts'
import { type Result, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import { allow, recordEvent } from '../workspaces/index.ts'
import { parseHandMapping } from './columns.ts'
import { findImport, type Import, type ImportTotals, readImport } from './find-import.ts'
import type { SheetOptionsInput } from './sheet/options.ts'
import { type ReadSheetRequest, readSheet, type SheetLine } from './sheet/spawn.ts'
import { stageTable } from './stage-rows.ts'
import { importChunks, imports } from './tables.ts'
import { Intake } from './take-rows.ts'

/** What reading a sheet needs of the house. */
export type ImportHouse = {
  /** One transaction of the import's workspace, as a part of the program itself. */
  within<T>(work: (scope: Scope) => Promise<T>): Promise<T>
  /** A folder that only this program reads; the file lies there while it is read. */
  readonly folder: string
  /** Aborts when the worker is closing: the import is left for another. */
  readonly signal?: AbortSignal | undefined
  readonly onCrash?: ReadSheetRequest['onCrash']
  /** What else is made of the rows of a sheet of invoices (`staged_rows`), in the transaction that takes them in. */
  readonly takeInvoices?: TakeInvoices | undefined
  /** What is made of the rows of a sheet of paid invoices, likewise; no contact is made of these. */
  readonly takePayments?: TakePayments | undefined
}

/** @returns figures for the import's totals */
export type TakeInvoices = (scope: Scope, sheet: StagedSheet) => Promise<ImportTotals>

/** @returns figures for the import's totals, and how many rows were refused (by `refuseStagedRows`) */
export type TakePayments = (
  scope: Scope,
  sheet: { readonly importId: string },
) => Promise<{ readonly totals: ImportTotals; readonly refused: number }>

export type StagedSheet = {
  readonly importId: string
  readonly closeMissing: boolean
  readonly outstanding: boolean
  readonly rejected: number
}

export type ImportOutcome = 'done' | 'mapping' | 'failed' | 'not_due'

/** A worker that has not been heard of for so long is dead, and its import anybody's. */
const LEASE_SECONDS = 60
const HEARTBEAT_MS = 2_000
const CHUNKS_AT_ONCE = 16

/**
 * Reads an import's file in a process of its own and takes its rows in: all of them in one transaction, so that a sheet
 * is imported wholly or not at all. Contacts that are known are changed at its end, in one statement, and nobody waits
 * for their rows meanwhile. Safe to call at any time and any number of times: one worker at a time holds the import.
 */
export async function importSheet(house: ImportHouse, importId: string): Promise<ImportOutcome> {
  const claimed = await house.within((scope) => claim(scope, importId))
  if (claimed === undefined) return 'not_due'
  const path = join(house.folder, `import-${randomUUID()}`)
  const heart = startHeartbeat(house, importId)
  try {
    await copyOut(house, importId, path)
    return await house.within((scope) => takeIn(scope, house, claimed, path, heart))
  } catch (error) {
    const refusal = refusalOf(error)
    if (refusal === undefined) {
      await release(house, importId)
      throw error
    }
    return await house.within((scope) => fail(scope, importId, refusal))
  } finally {
    await heart.stop()
    await rm(path, { force: true })
  }
}

/** Gives an import that waits for a mapping the one it asked for; it is read again from the beginning. */
export async function mapImport(
  scope: Scope,
  importId: string,
  mapping: unknown,
): Promise<Result<Import, 'forbidden' | 'not_found' | 'wrong_state' | 'validation_failed'>> {
  const refusal = allow(scope.actor, 'contacts.import')
  if (refusal) return refusal
  const found = await findImport(scope, importId)
  if (!found.ok) return found
  const parsed = parseHandMapping(mapping)
  if (!parsed.ok) {
    const errors = [{ path: 'mapping', code: parsed.reason, message: parsed.message }]
    return refuse('validation_failed', parsed.message, { errors })
  }
  const [row] = await scope.sql<{ id: string }[]>`
    UPDATE imports SET state = 'reading', code = NULL, detail = NULL, lease_until = NULL, progress = 0,
           options = options || jsonb_build_object('mapping', ${JSON.stringify(mapping)}::text::jsonb)
     WHERE id = ${importId} AND workspace_id = ${scope.workspaceId} AND state = 'mapping' RETURNING id`
  if (!row)
    return refuse('wrong_state', `The import is ${found.value.state} and does not wait for a mapping.`)
  return findImport(scope, importId)
}

type Claimed = {
  readonly id: string
  readonly options: SheetOptionsInput & { readonly list?: string }
  readonly fileName: string
}

async function claim({ sql, workspaceId, now }: Scope, importId: string): Promise<Claimed | undefined> {
  const [row] = await sql<{ id: string; options: Claimed['options']; file_name: string }[]>`
    UPDATE imports SET lease_until = ${now.toISOString()}::timestamptz + make_interval(secs => ${LEASE_SECONDS})
     WHERE id = ${importId} AND workspace_id = ${workspaceId} AND state = 'reading'
       AND (lease_until IS NULL OR lease_until < ${now.toISOString()}::timestamptz)
    RETURNING id, options, file_name`
  return row && { id: row.id, options: row.options, fileName: row.file_name }
}

async function release(house: ImportHouse, importId: string): Promise<void> {
  await house
    .within(
      ({ sql, workspaceId }) =>
        sql`UPDATE imports SET lease_until = NULL WHERE id = ${importId} AND workspace_id = ${workspaceId}`,
    )
    .catch(() => undefined)
}

type Heart = { progress: number; rows: number; stop(): Promise<void> }

/** Keeps the lease and shows how far the reading is, apart from the long transaction. */
function startHeartbeat(house: ImportHouse, importId: string): Heart {
  let beating: Promise<unknown> = Promise.resolve()
  const beat = () =>
    house.within(
      ({ sql, workspaceId, now }) => sql`
        UPDATE imports SET lease_until = ${now.toISOString()}::timestamptz + make_interval(secs => ${LEASE_SECONDS}),
               progress = ${heart.progress}, rows = ${heart.rows}
         WHERE id = ${importId} AND workspace_id = ${workspaceId} AND state = 'reading'`,
    )
  const timer = setInterval(() => {
    beating = beating.then(beat).catch(() => undefined)
  }, HEARTBEAT_MS)
  timer.unref()
  const heart: Heart = {
    progress: 0,
    rows: 0,
    async stop() {
      clearInterval(timer)
      await beating
    },
  }
  return heart
}

/** Chunks are written while the next are fetched. */
async function copyOut(house: ImportHouse, importId: string, path: string): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  const writing = new OneBehind()
  try {
    for (let n = 0; ; n += CHUNKS_AT_ONCE) {
      house.signal?.throwIfAborted()
      const chunks = await fetchChunks(house, importId, n)
      await writing.follow(() => write(file, chunks))
      if (chunks.length < CHUNKS_AT_ONCE) break
    }
    await writing.settle()
  } finally {
    await file.close()
  }
}

type Chunks = readonly { readonly bytes: Buffer }[]

function fetchChunks(house: ImportHouse, importId: string, first: number): Promise<Chunks> {
  return house.within((scope) =>
    scope.db
      .select({ bytes: importChunks.bytes })
      .from(importChunks)
      .where(
        and(
          eq(importChunks.workspaceId, scope.workspaceId),
          eq(importChunks.importId, importId),
          gte(importChunks.n, first),
        ),
      )
      .orderBy(asc(importChunks.n))
      .limit(CHUNKS_AT_ONCE),
  )
}

async function write(file: FileHandle, chunks: Chunks): Promise<void> {
  for (const { bytes } of chunks) await file.appendFile(bytes)
}

async function takeIn(
  scope: Scope,
  house: ImportHouse,
  claimed: Claimed,
  path: string,
  heart: Heart,
): Promise<ImportOutcome> {
  if (!(await waitForTurn(scope, claimed.id))) return 'not_due'
  await stageTable(scope)
  const { list, ...options } = claimed.options
  const intake = new Intake(scope, {
    importId: claimed.id,
    wish: { list, fileName: claimed.fileName },
    keepsRows: options.kind === 'invoices' || options.kind === 'payments',
  })
  for await (const line of readSheet({ path, options, signal: house.signal, onCrash: house.onCrash })) {
    switch (line.kind) {
      case 'M':
        if (await house.within((apart) => noteColumns(apart, claimed.id, line))) return 'mapping'
        break
      case 'G':
        Object.assign(heart, JSON.parse(line.text))
        break
      case 'E':
        throw new Refused(JSON.parse(line.text) as FileRefusal)
      case 'D':
        await finish(scope, house, claimed, intake, JSON.parse(line.text) as SheetTotals)
        return 'done'
      default:
        await intake.take(line)
    }
  }
  throw new Error('the reading process ended without a last line')
}

/** Imports of one workspace go one after the other, so that two sheets of the same people never wait for each other. */
async function waitForTurn({ sql, workspaceId }: Scope, importId: string): Promise<boolean> {
  await sql`SELECT pg_advisory_xact_lock(hashtextextended(${`imports ${workspaceId}`}, 0))`
  const due =
    await sql`SELECT 1 FROM imports WHERE id = ${importId} AND workspace_id = ${workspaceId} AND state = 'reading'`
  return due.length > 0
}

type Meta = {
  readonly columns: unknown
  readonly mapping: unknown
  readonly sheets: unknown
  readonly needs_mapping: boolean
  readonly code?: string
  readonly detail?: string
}

/** Keeps what the columns are, to be seen while the rows are read; true if the sheet has to wait for a mapping. */
async function noteColumns({ db, workspaceId }: Scope, importId: string, line: SheetLine): Promise<boolean> {
  const meta = JSON.parse(line.text) as Meta
  const { columns, mapping, sheets } = meta
  const waiting = meta.needs_mapping
    ? {
        state: 'mapping' as const,
        code: meta.code ?? null,
        detail: meta.detail ?? null,
        leaseUntil: null,
        rows: 0,
      }
    : {}
  await db
    .update(imports)
    .set({ columns, mapping, sheets, ...waiting })
    .where(and(eq(imports.id, importId), eq(imports.workspaceId, workspaceId)))
  return meta.needs_mapping
}

type SheetTotals = {
  readonly rows: number
  readonly accepted: number
  readonly duplicates: number
  readonly rejected: number
  readonly hidden_rows: number
  readonly hidden_sheets: number
}

async function finish(
  scope: Scope,
  house: ImportHouse,
  claimed: Claimed,
  intake: Intake,
  totals: SheetTotals,
): Promise<void> {
  const { rows, accepted, duplicates, rejected, ...rest } = totals
  const taken = await takeRows(scope, house, claimed, intake, totals)
  const [row] = await scope.db
    .update(imports)
    .set({
      state: 'done',
      rows,
      accepted: accepted - taken.refused,
      duplicates,
      rejected: rejected + taken.refused,
      listId: taken.listId,
      totals: { ...rest, ...taken.totals },
      progress: 1,
      leaseUntil: null,
      finishedAt: scope.now.toISOString(),
    })
    .where(
      and(
        eq(imports.id, claimed.id),
        eq(imports.workspaceId, scope.workspaceId),
        eq(imports.state, 'reading'),
      ),
    )
    .returning()
  if (!row) throw new Error('the import was finished by another worker')
  await dropFile(scope, claimed.id)
  await recordEvent(scope, 'import.done', `import:${claimed.id}`, {
    ...totals,
    list_id: readImport(row).listId,
  })
}

type TakenRows = { readonly listId: string | null; readonly totals: ImportTotals; readonly refused: number }

async function takeRows(
  scope: Scope,
  house: ImportHouse,
  { id, options }: Claimed,
  intake: Intake,
  { rejected }: SheetTotals,
): Promise<TakenRows> {
  const { kind, close_missing: closes, amounts } = options
  if (kind === 'payments') {
    if (!house.takePayments) throw new Error('nobody here takes payments')
    await intake.settle()
    return { listId: null, ...(await house.takePayments(scope, { importId: id })) }
  }
  const taken = await intake.finish()
  if (kind !== 'invoices') return { ...taken, refused: 0 }
  const sheet = {
    importId: id,
    closeMissing: closes === 'true',
    outstanding: amounts === 'outstanding',
    rejected,
  }
  const invoices = await house.takeInvoices?.(scope, sheet)
  return { listId: taken.listId, totals: { ...taken.totals, ...invoices }, refused: 0 }
}

async function fail(scope: Scope, importId: string, refusal: FileRefusal): Promise<ImportOutcome> {
  const failed = await scope.db
    .update(imports)
    .set({
      state: 'failed',
      code: refusal.code,
      detail: refusal.detail,
      rows: 0,
      leaseUntil: null,
      finishedAt: scope.now.toISOString(),
    })
    .where(
      and(eq(imports.id, importId), eq(imports.workspaceId, scope.workspaceId), eq(imports.state, 'reading')),
    )
    .returning({ id: imports.id })
  if (failed.length === 0) return 'not_due'
  await dropFile(scope, importId)
  await recordEvent(scope, 'import.failed', `import:${importId}`, { code: refusal.code })
  return 'failed'
}

async function dropFile({ db, workspaceId }: Scope, importId: string): Promise<void> {
  await db
    .delete(importChunks)
    .where(and(eq(importChunks.workspaceId, workspaceId), eq(importChunks.importId, importId)))
}

type FileRefusal = { readonly code: string; readonly detail: string }

/** Leaves the long transaction, which undoes what was staged, and carries the reason past it. */
class Refused extends Error {
  readonly refusal: FileRefusal

  constructor(refusal: FileRefusal) {
    super(refusal.code)
    this.refusal = refusal
  }
}

/** Data that the database refuses would be refused again: such an import fails, where an outage is tried anew. */
function refusalOf(error: unknown): FileRefusal | undefined {
  if (error instanceof Refused) return error.refusal
  if (!/^2[23]/.test(sqlState(error) ?? '')) return undefined
  return {
    code: 'unreadable',
    detail: 'The file holds something that cannot be stored. Copy its rows into a new workbook.',
  }
}
