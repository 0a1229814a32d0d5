import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import {
  findImport,
  type Import,
  type ImportProblem,
  importSheet,
  listProblems,
  receiveFile,
  type SheetOptionsInput,
} from '../contacts/index.ts'
import { unwrap } from '../platform/result.ts'
import { findWorkspace } from '../workspaces/index.ts'
import { CommandFailure, FAILED, failureOf } from './failure.ts'
import { type Installation, noSuchWorkspace, withInstallation, workspaceId } from './installation.ts'
import { printJson, printLine } from './terminal.ts'

export type ImportOptions = {
  readonly workspace: string
  readonly list?: string
  readonly sheet?: string
  readonly mapping?: string
  readonly defaultCountry?: string
  readonly locale?: string
  readonly kind?: string
  readonly json?: boolean
}

const POLL_MS = 250
const PROBLEMS_SHOWN = 20

/** `duecast import`: takes a sheet in and waits until it is read, with or without a server beside it. */
export async function importFile(path: string, options: ImportOptions): Promise<void> {
  const id = workspaceId(options.workspace)
  const found = await stat(path).catch(() => undefined)
  if (!found?.isFile())
    throw new CommandFailure('file_not_found', `There is no file ${JSON.stringify(path)}.`)
  const request = { path, fileName: basename(path), options: sheetOptions(options), list: options.list }
  const { done, problems } = await withInstallation(async (installation) => {
    await installation.within(id, findWorkspace).catch(() => Promise.reject(noSuchWorkspace(id)))
    const received = await installation.within(id, (scope) => receiveFile(scope, request))
    if (!received.ok) throw failureOf(received)
    return readThrough(installation, id, received.value.id)
  })
  refuseUnread(done)
  if (options.json) return printJson(importJson(done))
  for (const line of importLines(done, problems)) printLine(line)
}

function sheetOptions({ sheet, mapping, defaultCountry, locale, kind }: ImportOptions): SheetOptionsInput {
  return {
    sheet,
    locale,
    kind,
    default_country: defaultCountry,
    ...(mapping === undefined ? {} : { mapping: parseMapping(mapping) }),
  }
}

function parseMapping(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new CommandFailure(
      'mapping_invalid',
      '--mapping must be JSON, such as {"No. HP":"phone","Catatan":null}.',
    )
  }
}

type Read = { readonly done: Import; readonly problems: readonly ImportProblem[] }

/** Reads the sheet here; where a running worker was faster, waits for it. */
async function readThrough(installation: Installation, id: string, importId: string): Promise<Read> {
  const folder = await mkdtemp(join(tmpdir(), 'duecast-import-'))
  const { within, log } = installation
  try {
    const onCrash = (trace: string) => log.warn({ trace }, 'the reading process failed')
    await importSheet({ within: (work) => within(id, work), folder, onCrash }, importId)
    for (;;) {
      const done = unwrap(await within(id, (scope) => findImport(scope, importId)))
      if (done.state !== 'reading') return { done, problems: await problemsOf(installation, id, importId) }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function problemsOf(
  { within }: Installation,
  id: string,
  importId: string,
): Promise<readonly ImportProblem[]> {
  return unwrap(await within(id, (scope) => listProblems(scope, importId, { limit: PROBLEMS_SHOWN }))).items
}

function refuseUnread({ id, state, code, detail, columns }: Import): void {
  if (state === 'done') return
  const facts = { import_id: id, state }
  if (state === 'failed')
    throw new CommandFailure(code ?? 'import_failed', detail ?? 'The file could not be read.', {
      exitCode: FAILED,
      facts,
    })
  const headings = columns.map(({ column, heading }) => heading || column).join(', ')
  const message = `${detail ?? 'The columns were not recognised.'} Give --mapping; the columns are: ${headings}.`
  throw new CommandFailure(code ?? 'mapping_needed', message, { facts })
}

function importJson({ id, state, rows, accepted, duplicates, rejected, listId }: Import) {
  return { id, state, rows, accepted, duplicates, rejected, list_id: listId }
}

function importLines(done: Import, problems: readonly ImportProblem[]): string[] {
  const { rows, accepted, duplicates, rejected, listId, sameAs } = done
  const total = duplicates + rejected
  return [
    `${rows} rows: ${accepted} accepted, ${duplicates} repeated, ${rejected} refused. List ${listId}.`,
    ...(sameAs === null ? [] : [`The very same file was imported before, as ${sameAs}.`]),
    ...problems.map(
      ({ row, column, message }) => `  row ${row}${column === null ? '' : `, ${column}`}: ${message}`,
    ),
    ...(total > problems.length ? [`  and more: GET /v1/imports/${done.id}/problems lists all.`] : []),
  ]
}
