import { randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import {
  FIELDS,
  findImport,
  type Import,
  listImports,
  listLists,
  listProblems,
  MAX_FILE_BYTES,
  mapImport,
  openProblemBook,
  receiveFile,
} from '../../contacts/index.ts'
import { ok, type Refusal, type Result, refuse } from '../../platform/result.ts'
import { originOf, type Scope } from '../../platform/scope.ts'
import { refuseField } from '../faults.ts'
import { follow, hasRoom, type Live } from '../live.ts'
import {
  type Again,
  act,
  COUNTED_PLACE,
  errorsOf,
  may,
  page,
  pageHref,
  pageRequest,
  stream,
  UUID_PLACE,
  type View,
  type Visit,
} from '../page.ts'
import { sentence } from '../sentences.ts'
import { say, type Views } from '../view.ts'

const PATH = '/contacts'
const LISTS_SHOWN = 10
const BYTES_IN_MB = 1024 * 1024

const overview = page(PATH, (visit) => showOverview(visit))

const upload = act(
  '/contacts/imports',
  async (visit, { fields, file }) => {
    if (!file || file.sizeBytes === 0) return missingFile()
    const received = await receiveFile(visit.scope, {
      path: file.path,
      fileName: file.name,
      options: {
        sheet: fields.sheet?.trim() || undefined,
        default_country: fields.default_country,
        locale: fields.locale,
      },
      list: fields.list?.trim() || undefined,
    })
    if (!received.ok) return received
    wakeReader(visit, received.value.id)
    return ok({ to: `/contacts/imports/${received.value.id}?done=received` })
  },
  showOverview,
)

const one = page('/contacts/imports/:id', (visit) => showImport(visit))

const map = act(
  '/contacts/imports/:id/mapping',
  async (visit, { fields }) => {
    const found = await findImport(visit.scope, visit.params.id!)
    if (!found.ok) return found
    const mapping = Object.fromEntries(
      found.value.columns.flatMap(({ column }) => {
        const target = fields[`column_${column}`]
        return target === undefined || target === 'keep' ? [] : [[column, target === '' ? null : target]]
      }),
    )
    const mapped = await mapImport(visit.scope, visit.params.id!, mapping)
    if (!mapped.ok) return mapped
    wakeReader(visit, mapped.value.id)
    return ok({ to: `/contacts/imports/${mapped.value.id}?done=mapped` })
  },
  showImport,
)

const events = stream('/contacts/imports/:id/events', async (visit) => {
  if (!hasRoom()) return refuse('unavailable', say('error.too_many_listeners'))
  const id = visit.params.id!
  const look = (scope: Scope) => lookAt(scope, id, visit.views)
  const first = await visit.within(look)
  if (!first.ok) return first
  const again = async (): Promise<Live> => {
    const live = await visit.within(look)
    return live.ok ? live.value : { html: '', state: 'gone', ended: true }
  }
  const workspaceId = await visit.within(async (scope) => scope.workspaceId)
  await follow(visit.house, visit.response, `import ${workspaceId} ${id}`, again, visit.stillHere)
  return undefined
})

/** Written aside first: a transaction must not stay open for as long as somebody's line is slow. */
const problemBook = stream('/contacts/imports/:id/problems.xlsx', async (visit) => {
  const path = join(visit.house.uploadDir, randomUUID())
  try {
    const written = await visit.within(async (scope): Promise<Result<string>> => {
      const book = await openProblemBook(scope, visit.params.id!)
      if (!book.ok) return book
      const rows = Readable.fromWeb(book.value.stream as ReadableStream<Uint8Array>)
      await pipeline(rows, createWriteStream(path, { mode: 0o600 }))
      return ok(book.value.fileName)
    })
    if (!written.ok) return written
    visit.response.attachment(written.value)
    await pipeline(createReadStream(path), visit.response)
    return undefined
  } finally {
    await rm(path, { force: true })
  }
})

export const contactsPages = [overview, upload, one, map, events, problemBook]

async function showOverview(visit: Visit, again?: Again): Promise<Result<View>> {
  const request = pageRequest(visit, UUID_PLACE)
  const imports = await listImports(visit.scope, request)
  const lists = await listLists(visit.scope, { limit: LISTS_SHOWN })
  return ok({
    name: 'contacts',
    section: 'contacts',
    title: say('contacts.title'),
    data: {
      imports: imports.items,
      lists: lists.items,
      moreLists: lists.next !== undefined,
      first: request.after === undefined ? undefined : PATH,
      next: imports.next && pageHref(PATH, { after: imports.next }),
      mostMb: MAX_FILE_BYTES / BYTES_IN_MB,
      values: again?.fields ?? { default_country: visit.workspace.defaultCountry },
      errors: again && errorsOf(again.refusal, {}),
      again,
    },
  })
}

async function showImport(visit: Visit, again?: Again): Promise<Result<View>> {
  const found = await findImport(visit.scope, visit.params.id!)
  if (!found.ok) return found
  const imported = found.value
  const path = `/contacts/imports/${imported.id}`
  const request = pageRequest(visit, COUNTED_PLACE)
  const problems = await listProblems(visit.scope, imported.id, request)
  if (!problems.ok) return problems
  return ok({
    name: 'import',
    section: 'contacts',
    title: imported.fileName,
    data: {
      ...importFacts(imported),
      problems: problems.value.items.map((problem) => ({
        ...problem,
        message: sentence(`problem.${problem.code}`, problem.message),
      })),
      first: request.after === undefined ? undefined : path,
      next: problems.value.next && pageHref(path, { after: problems.value.next }),
      mayMap: imported.state === 'mapping' && may(visit, 'contacts.import'),
      columns: imported.columns.map((column) => ({ ...column, targets: targetsOf(column.target) })),
      again,
    },
  })
}

function importFacts(imported: Import) {
  return { imported, live: imported.state === 'reading', percent: Math.floor(imported.progress * 1000) / 10 }
}

/** What a column may be read as, with what it is read as now. */
function targetsOf(target: string | null) {
  const known = FIELDS.map((field) => ({ value: field as string, chosen: field === target }))
  return {
    known,
    kept: target !== null && !known.some(({ chosen }) => chosen),
    left: target === null,
    target,
  }
}

async function lookAt(scope: Scope, id: string, views: Views): Promise<Result<Live>> {
  const found = await findImport(scope, id)
  if (!found.ok) return found
  const { state } = found.value
  return ok({ html: views.part('_reading', importFacts(found.value)), state, ended: state !== 'reading' })
}

/** The sheet waits as a row; the nudge only spares it the wait for the sweep. */
export function wakeReader({ house, scope }: Visit, importId: string): void {
  const { workspaceId } = scope
  scope.afterCommit(() =>
    house.nudge('chores', 'import', { workspaceId, importId }, `import-${importId}`, originOf(scope)),
  )
}

export function missingFile(): Refusal {
  const message = say('contacts.file.fault')
  return refuseField('file', message, 'required')
}
