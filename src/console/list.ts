import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Request } from 'express'
import type { Page, PageRequest } from '../platform/page.ts'
import { ok, type Result } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import { isSoundText } from '../platform/text.ts'
import { TABLE_FORMATS, type TableColumn, type TableFormat, writeTable } from '../reports/index.ts'
import { type Action, allow, findWorkspace } from '../workspaces/index.ts'
import { pageHref, type Route, type StreamVisit, stream, type Visit } from './page.ts'

/** Who asks for a list, in which transaction, and with which words in the address. */
export type Asked = Pick<Visit, 'house' | 'scope' | 'workspace' | 'params' | 'query'>

/** A list of the console: it is looked through, and taken away as a file, with one and the same sieve. */
export type List<Item, Place> = {
  /** The page that it stands on; `:id` as in the routes. */
  readonly path: string
  readonly permission: Action
  readonly fileName: string
  /** The words of the address that it is sifted by, beside what is sought. */
  readonly filters: readonly string[]
  /** A page of it, sifted as the address says. */
  read(asked: Asked, page: PageRequest<Place>): Promise<Result<Page<Item, Place>>>
  columns(asked: Asked): Promise<readonly TableColumn<Item>[]> | readonly TableColumn<Item>[]
}

const WORDS_MAX_CHARS = 100

/**
 * Seals what somebody looks for, so that it may stand in an address: names and numbers of people, and what was written
 * to them, are in no log and no history.
 */
export function sealWords({ house, scope }: Visit, words: string): string | undefined {
  const sought = words.trim().slice(0, WORDS_MAX_CHARS)
  if (sought === '') return undefined
  return house.secrets.seal(sought, boundTo(scope)).toString('base64url')
}

/** What is looked for, by the address; what was not sealed here, and for this workspace, is nothing. */
export function soughtWords({ house, scope, query }: Pick<Asked, 'house' | 'scope' | 'query'>) {
  const sealed = query('q')
  if (sealed === undefined) return undefined
  try {
    return String(house.secrets.open(Buffer.from(sealed, 'base64url'), boundTo(scope)))
  } catch {
    return undefined
  }
}

function boundTo({ workspaceId }: Scope): string {
  return `words sought in ${workspaceId}`
}

type Shown<Item> = { readonly items: readonly Item[]; readonly facts: Readonly<Record<string, unknown>> }

/**
 * A page of the list, sifted as the address says; `facts` are what its view needs beside the items: the search box, the
 * filters, the ways to take the list away, and the addresses of its first page and its next.
 */
export async function lookThrough<Item, Place extends string | readonly (string | number)[]>(
  visit: Visit,
  list: List<Item, Place>,
  request: PageRequest<Place>,
): Promise<Result<Shown<Item>>> {
  const read = await list.read(visit, request)
  if (!read.ok) return read
  const { items, next } = read.value
  const path = list.path.replace(':id', visit.params.id ?? '')
  const kept = keptOf(visit, list)
  const facts = {
    list: {
      path,
      sought: soughtWords(visit),
      filtered: Object.values(kept).some((word) => word !== undefined),
      files: TABLE_FORMATS.map((format) => ({ format, href: pageHref(`${path}/export.${format}`, kept) })),
    },
    first: request.after === undefined ? undefined : pageHref(path, kept),
    next: next && pageHref(path, { ...kept, after: typeof next === 'string' ? next : next.join('.') }),
  }
  return ok({ items, facts })
}

function keptOf({ query }: Visit, { filters }: Pick<List<never, never>, 'filters'>) {
  return Object.fromEntries(['q', ...filters].map((name) => [name, query(name) || undefined]))
}

/** The routes by which a list is taken away: everything that its page would show, page after page. */
export function exportsOf<Item, Place>(list: List<Item, Place>): Route[] {
  return TABLE_FORMATS.map((format) =>
    stream(`${list.path}/export.${format}`, (visit) => sendList(visit, list, format)),
  )
}

const ROWS_AT_ONCE = 1_000

async function sendList<Item, Place>(visit: StreamVisit, list: List<Item, Place>, format: TableFormat) {
  const opened = await visit.within(async (scope) => {
    const refusal = allow(scope.actor, list.permission)
    if (refusal) return refusal
    const asked = await askedIn(visit, scope)
    const first = await list.read(asked, { limit: ROWS_AT_ONCE })
    return first.ok ? ok({ first: first.value, columns: await list.columns(asked) }) : first
  })
  if (!opened.ok) return opened
  const { first, columns } = opened.value
  visit.response.attachment(`${list.fileName}.${format}`)
  await sendFile(visit, writeTable(format, columns, rowsFrom(visit, list, first)))
  return undefined
}

/** A page in a transaction: a list of a million rows keeps none of them open for long. */
async function* rowsFrom<Item, Place>(
  visit: StreamVisit,
  list: List<Item, Place>,
  first: Page<Item, Place>,
): AsyncGenerator<Item> {
  yield* first.items
  let after = first.next
  while (after !== undefined) {
    const request = { limit: ROWS_AT_ONCE, after }
    const read = await visit.within(async (scope) => list.read(await askedIn(visit, scope), request))
    if (!read.ok) throw new Error(`a list ended in its midst: ${read.reason}`)
    yield* read.value.items
    after = read.value.next
  }
}

async function askedIn({ house, params, request }: StreamVisit, scope: Scope): Promise<Asked> {
  const workspace = await findWorkspace(scope)
  return { house, params, scope, workspace, query: (name) => queryWord(request, name) }
}

/** Whoever turns away while a file is on its way has not found a fault. */
export async function sendFile(
  { response }: StreamVisit,
  pieces: AsyncIterable<Uint8Array | string>,
): Promise<void> {
  try {
    await pipeline(Readable.from(pieces, { objectMode: false }), response)
  } catch (error) {
    if ((error as { code?: string }).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error
  }
}

const QUERY_MAX_CHARS = 800

/** A word of an address after the question mark; undefined where it is missing, doubled or longer than sensible. */
export function queryWord(request: Request, name: string): string | undefined {
  const word = request.query[name]
  return typeof word === 'string' && word.length <= QUERY_MAX_CHARS && isSoundText(word) ? word : undefined
}

/** The clock of files: `2026-12-01 09:14:03`, as the Swedes write it. */
export function fileClock(timeZone: string): (instant: string | null) => string | null {
  const clock = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' })
  return (instant) => (instant === null ? null : clock.format(new Date(instant)))
}
