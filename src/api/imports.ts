import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { z } from 'zod'
import {
  findImport,
  type Import,
  type ImportProblem,
  isPhoneCountry,
  isSheetLocale,
  listImports,
  listProblems,
  MAX_FILE_BYTES,
  mapImport,
  openProblemBook,
  receiveFile,
  SHEET_KINDS,
} from '../contacts/index.ts'
import type { Refusal, Result } from '../platform/result.ts'
import { originOf, type Scope } from '../platform/scope.ts'
import { sendStream, WORKBOOK } from './answer.ts'
import type { ApiHouse } from './house.ts'
import { refuseBadText } from './input.ts'
import { pageBody, pageQuery, pageSchema, readPage } from './paging.ts'
import { problemOf } from './problem.ts'
import { answer, defineRoute, defineStreamRoute, type StreamInput } from './route.ts'
import { idSchema, instantSchema } from './schemas.ts'

const MAPPING_MAX_CHARS = 65_536
const FIELD_MAX_CHARS = 200
const COUNTED_ID = z.string().regex(/^[1-9]\d{0,17}$/)

const countSchema = z.int().min(0)
const mappingSchema = z.record(z.string(), z.string().nullable()).meta({
  description: 'From a heading, or a column’s letter, to a field or a variable’s name; null leaves it out.',
})

const importSchema = z
  .strictObject({
    id: idSchema,
    state: z.enum(['reading', 'mapping', 'done', 'failed']),
    kind: z.enum(SHEET_KINDS),
    file_name: z.string(),
    byte_size: countSchema,
    columns: z.array(
      z.strictObject({
        column: z.string().meta({ description: 'Its letter in the sheet.' }),
        heading: z.string(),
        target: z.string().nullable().meta({ description: 'What it is read as; null where it is left out.' }),
        samples: z.array(z.string()),
        looks_like_phone: z.boolean(),
      }),
    ),
    mapping: mappingSchema,
    sheets: z.array(z.strictObject({ name: z.string(), hidden: z.boolean(), chosen: z.boolean() })),
    rows: countSchema,
    accepted: countSchema,
    duplicates: countSchema,
    rejected: countSchema,
    totals: z
      .record(z.string(), z.number())
      .meta({ description: 'What else there is to say when it is done.' }),
    progress: z.number().min(0).max(1),
    list_id: idSchema.nullable(),
    same_as: idSchema.nullable().meta({ description: 'An earlier import of the very same file.' }),
    code: z.string().nullable().meta({ description: 'Why it failed, or what it waits for.' }),
    detail: z.string().nullable(),
    created_at: instantSchema,
    finished_at: instantSchema.nullable(),
  })
  .meta({ id: 'Import' })

const problemLineSchema = z
  .strictObject({
    row: z.int().min(1).meta({ description: 'The row’s number in the user’s own sheet.' }),
    column: z.string().nullable(),
    code: z.string(),
    message: z.string(),
    value: z.string().nullable(),
  })
  .meta({ id: 'ImportProblem' })

/** A field of a form; left empty it was not given. */
const field = (maxChars = FIELD_MAX_CHARS) =>
  z
    .string()
    .max(maxChars)
    .optional()
    .transform((text) => text?.trim() || undefined)

const formSchema = z.strictObject({
  sheet: field().meta({
    description: 'The sheet’s name, or its number from 1. The first visible one otherwise.',
  }),
  mapping: field(MAPPING_MAX_CHARS).transform(readMapping).meta({
    description: 'JSON: from a heading, or a column’s letter, to a field or a variable’s name, or null.',
  }),
  default_country: field()
    .refine((country) => country === undefined || isPhoneCountry(country.toUpperCase()), {
      message: 'must be a two-letter country code, such as ID.',
    })
    .meta({ description: 'Where numbers without a country code are from; the workspace’s own otherwise.' }),
  locale: field()
    .refine((locale) => locale === undefined || isSheetLocale(locale.replaceAll('_', '-')), {
      message: 'must be a language tag, such as en, id or es.',
    })
    .meta({ description: 'How amounts and dates that are texts are read.' }),
  list: field().meta({ description: 'A list’s id, or a name; a new one called after the file otherwise.' }),
  kind: z.enum(SHEET_KINDS).optional().meta({
    description:
      '`payments`: which invoices were paid, by number, with the amount (all that is owed where it is empty), the day and a reference.',
  }),
  close_missing: z.enum(['true', 'false']).optional().meta({
    description: 'For invoices: whether those of earlier sheets that this one no longer has are cancelled.',
  }),
  amounts: z.enum(['total', 'outstanding']).optional().meta({
    description:
      'For invoices: what the amount column tells, the whole invoice (by default) or what is still owed.',
  }),
})

export const getImports = defineRoute({
  method: 'get',
  path: '/v1/imports',
  tag: 'Contacts',
  summary: 'Uploaded sheets, newest first',
  permission: 'contacts.read',
  query: z.strictObject(pageQuery),
  responses: { 200: pageSchema(importSchema) },
  refusals: [],
  handler: async ({ scope, query }) =>
    answer(200, pageBody(await listImports(scope, readPage(query, z.uuid())), showImport)),
})

export const postImport = defineRoute({
  method: 'post',
  path: '/v1/imports',
  tag: 'Contacts',
  summary: 'Uploads a sheet (xlsx or csv); it is read in the background',
  permission: 'contacts.import',
  upload: { field: 'file', maxBytes: MAX_FILE_BYTES },
  body: formSchema,
  responses: { 202: importSchema },
  refusals: [],
  handler: async ({ scope, body, file, house }) => {
    const { list, ...options } = body
    return reading(
      house,
      scope,
      await receiveFile(scope, { path: file.path, fileName: file.originalName, options, list }),
    )
  },
})

export const getImport = defineRoute({
  method: 'get',
  path: '/v1/imports/{id}',
  tag: 'Contacts',
  summary: 'How far a sheet is, and what became of its rows',
  permission: 'contacts.read',
  responses: { 200: importSchema },
  refusals: ['not_found'],
  handler: async ({ scope, params }) => {
    const found = await findImport(scope, params.id)
    return found.ok ? answer(200, showImport(found.value)) : found
  },
})

export const putMapping = defineRoute({
  method: 'put',
  path: '/v1/imports/{id}/mapping',
  tag: 'Contacts',
  summary: 'Says how to read the columns of a sheet that waits for it; the sheet is then read again',
  permission: 'contacts.import',
  body: z.strictObject({ mapping: mappingSchema }),
  responses: { 202: importSchema },
  refusals: ['not_found', 'wrong_state'],
  handler: async ({ scope, params, body, house }) =>
    reading(house, scope, await mapImport(scope, params.id, body.mapping)),
})

export const getProblems = defineRoute({
  method: 'get',
  path: '/v1/imports/{id}/problems',
  tag: 'Contacts',
  summary: 'What is wrong with which rows, in the order of the sheet',
  permission: 'contacts.read',
  query: z.strictObject(pageQuery),
  responses: { 200: pageSchema(problemLineSchema) },
  refusals: ['not_found'],
  handler: async ({ scope, params, query }) => {
    const page = await listProblems(scope, params.id, readPage(query, COUNTED_ID))
    return page.ok ? answer(200, pageBody(page.value, showProblem)) : page
  },
})

export const getProblemBook = defineStreamRoute({
  method: 'get',
  path: '/v1/imports/{id}/problems.xlsx',
  tag: 'Contacts',
  summary: 'The rejected rows as they stood, each with its reasons: to mend and to upload again',
  permission: 'contacts.read',
  responses: { 200: { download: WORKBOOK } },
  refusals: ['not_found'],
  handler: async (input) => {
    const { fileName, file } = await openBook(input)
    input.response.attachment(fileName).type(WORKBOOK)
    await sendStream(input.response, file.createReadStream())
  },
})

/** Written aside first: a transaction must not stay open for as long as somebody's line is slow. */
async function openBook(input: BookInput): Promise<{ fileName: string; file: FileHandle }> {
  const path = join(input.house.uploadDir, randomUUID())
  try {
    return { fileName: await writeBook(input, path), file: await open(path) }
  } finally {
    // What is open stays readable; nothing is left behind, however the sending ends.
    await rm(path, { force: true })
  }
}

type BookInput = StreamInput<'/v1/imports/{id}/problems.xlsx', undefined>

function writeBook({ house, cause, params }: BookInput, path: string): Promise<string> {
  return house.database.within(cause, async (scope) => {
    const book = await openProblemBook(scope, params.id)
    if (!book.ok) throw problemOf(book)
    const { fileName, stream } = book.value
    await pipeline(
      Readable.fromWeb(stream as ReadableStream<Uint8Array>),
      createWriteStream(path, { mode: 0o600 }),
    )
    return fileName
  })
}

function readMapping(text: string | undefined, context: z.RefinementCtx): unknown {
  if (text === undefined) return undefined
  try {
    const mapping: unknown = JSON.parse(text)
    refuseBadText(mapping)
    return mapping
  } catch {
    context.addIssue({ code: 'custom', message: 'must be JSON, such as {"No HP":"phone","Catatan":null}.' })
    return z.NEVER
  }
}

/** The sheet waits as a row; this only spares it the wait for the sweep. */
function reading(house: ApiHouse, scope: Scope, received: Result<Import>) {
  if (!received.ok) return received as Refusal
  const importId = received.value.id
  const { workspaceId } = scope
  scope.afterCommit(() =>
    house.nudge('chores', 'import', { workspaceId, importId }, `import-${importId}`, originOf(scope)),
  )
  return answer(202, showImport(received.value))
}

function showImport(one: Import): z.output<typeof importSchema> {
  return {
    id: one.id,
    state: one.state,
    kind: one.kind,
    file_name: one.fileName,
    byte_size: one.byteSize,
    columns: one.columns.map((column) => ({ ...column, samples: [...column.samples] })),
    mapping: { ...one.mapping },
    sheets: [...one.sheets],
    rows: one.rows,
    accepted: one.accepted,
    duplicates: one.duplicates,
    rejected: one.rejected,
    totals: { ...one.totals },
    progress: one.progress,
    list_id: one.listId,
    same_as: one.sameAs,
    code: one.code,
    detail: one.detail,
    created_at: one.createdAt,
    finished_at: one.finishedAt,
  }
}

function showProblem({ row, column, code, message, value }: ImportProblem) {
  return { row, column, code, message, value }
}
