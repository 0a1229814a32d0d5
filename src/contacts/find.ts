import {
  type AnyColumn,
  and,
  asc,
  desc,
  eq,
  gt,
  ilike,
  inArray,
  isNull,
  like,
  lt,
  or,
  sql,
} from 'drizzle-orm'
import { instant, listOf } from '../platform/db.ts'
import { isCountedId, isUuid } from '../platform/ids.ts'
import { type Page, type PageRequest, pageOf } from '../platform/page.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import { readSought } from '../platform/sought.ts'
import { contacts, listMembers, lists, suppressions } from './tables.ts'

/** Someone the workspace may write to. Instants in RFC 3339. */
export type Contact = {
  readonly id: string
  /** E.164. */
  readonly phone: string
  readonly name: string | null
  readonly email: string | null
  /** IANA. */
  readonly timeZone: string | null
  /** Text only: ISO days, plain decimals, all else as it stood. */
  readonly variables: Readonly<Record<string, string>>
  readonly createdAt: string
  readonly updatedAt: string
}

export type List = {
  readonly id: string
  readonly name: string
  readonly members: number
  readonly createdAt: string
}

/** A number that must not be written to. */
export type Suppression = {
  readonly id: string
  readonly phone: string
  readonly scope: 'all' | 'marketing'
  readonly reason: string
  readonly expiresAt: string | null
  readonly createdBy: string
  readonly createdAt: string
}

/** One contact of this workspace; another's, and one that was erased, does not exist here. */
export async function findContact(scope: Scope, id: string): Promise<Result<Contact, 'not_found'>> {
  const [row] = isCountedId(id)
    ? await scope.db
        .select()
        .from(contacts)
        .where(
          and(
            eq(contacts.workspaceId, scope.workspaceId),
            eq(contacts.id, Number(id)),
            isNull(contacts.erasedAt),
          ),
        )
    : []
  return row ? ok(readContact(row)) : refuse('not_found', 'There is no such contact.')
}

/**
 * Contacts in the order in which they came, of one list, with one number (in E.164), or with words in their name, address
 * or number; a page ends at an id.
 */
export async function listContacts(
  scope: Scope,
  request: PageRequest<string> & {
    listId?: string | undefined
    phone?: string | undefined
    words?: string | undefined
  },
): Promise<Page<Contact, string>> {
  const { listId, phone, words, after, limit } = request
  if (listId !== undefined && !isUuid(listId)) return { items: [], next: undefined }
  const members = scope.db
    .select({ id: listMembers.contactId })
    .from(listMembers)
    .where(and(eq(listMembers.workspaceId, scope.workspaceId), eq(listMembers.listId, listId ?? '')))
  const rows = await scope.db
    .select()
    .from(contacts)
    .where(
      and(
        eq(contacts.workspaceId, scope.workspaceId),
        isNull(contacts.erasedAt),
        phone === undefined ? undefined : eq(contacts.phone, phone),
        words === undefined ? undefined : contactHas(words),
        listId === undefined ? undefined : inArray(contacts.id, members),
        after !== undefined && isCountedId(after) ? gt(contacts.id, Number(after)) : undefined,
      ),
    )
    .orderBy(asc(contacts.id))
    .limit(limit + 1)
  return pageOf(rows.map(readContact), limit, ({ id }) => id)
}

function contactHas(words: string) {
  const sought = readSought(words)
  if (sought.digits !== undefined) return like(contacts.phone, sought.digits)
  const has = (column: AnyColumn) =>
    sought.folded === undefined
      ? ilike(column, sought.like)
      : sql`lower(${column} COLLATE "C") LIKE ${sought.folded}`
  return or(has(contacts.name), has(contacts.email))
}

const FEW = 1_000

/** Contacts with some words in their name, address or number: their ids, or undefined where they are many. */
export type SoughtContacts = { readonly words: string; readonly few: readonly bigint[] | undefined }

export async function seekContacts(scope: Scope, words: string): Promise<SoughtContacts> {
  const rows = await scope.sql<{ id: bigint }[]>`${contactsHaving(scope, words)} LIMIT ${FEW}`
  return { words, few: rows.length < FEW ? rows.map(({ id }) => id) : undefined }
}

/**
 * The condition that rows are of one of them. Where they are many each row is looked at in turn, since a page of them is
 * soon full.
 * @param column of the query, which holds the contact's id
 */
export function ofSoughtContacts(scope: Scope, { words, few }: SoughtContacts, column: string) {
  const { sql } = scope
  if (few) return sql`${sql(column)} = ANY(${listOf(few)}::bigint[])`
  return sql`EXISTS (${contactsHaving(scope, words)} AND c.id = ${sql(column)} OFFSET 0)`
}

/** The ids of contacts with words in their name, address or number, as a query within another. */
function contactsHaving({ sql, workspaceId }: Scope, words: string) {
  const sought = readSought(words)
  const has = (column: string) =>
    sought.folded === undefined
      ? sql`${sql(column)} ILIKE ${sought.like}`
      : sql`lower(${sql(column)} COLLATE "C") LIKE ${sought.folded}`
  const isIt =
    sought.digits === undefined
      ? sql`(${has('c.name')} OR ${has('c.email')})`
      : sql`c.phone LIKE ${sought.digits}`
  return sql`SELECT c.id FROM contacts c WHERE c.workspace_id = ${workspaceId} AND ${isIt}`
}

/** The workspace's lists with how many are in each, newest first; those with some words in their name where words are given. A page ends at an id. */
export async function listLists(
  scope: Scope,
  page: PageRequest<string> & { words?: string | undefined },
): Promise<Page<List, string>> {
  const named = page.words === undefined ? null : readSought(page.words).like
  const before = page.after !== undefined && isUuid(page.after) ? page.after : null
  const rows = await scope.sql<{ id: string; name: string; members: number; created_at: string }[]>`
    SELECT l.id, l.name, l.created_at,
           (SELECT count(*)::int FROM list_members m WHERE m.list_id = l.id AND m.workspace_id = l.workspace_id) AS members
      FROM lists l WHERE l.workspace_id = ${scope.workspaceId} AND l.made_for IS NULL AND (${before}::uuid IS NULL OR l.id < ${before}::uuid)
       AND (${named}::text IS NULL OR l.name ILIKE ${named}::text)
     ORDER BY l.id DESC LIMIT ${page.limit + 1}`
  const items = rows.map(({ id, name, members, created_at }) => ({
    id,
    name,
    members,
    createdAt: instant(created_at)!,
  }))
  return pageOf(items, page.limit, ({ id }) => id)
}

/** What a list is called, without counting who is in it; undefined for another workspace's. */
export async function findListName(
  { db, workspaceId }: Scope,
  id: string,
): Promise<Pick<List, 'id' | 'name'> | undefined> {
  const [row] = await db
    .select({ id: lists.id, name: lists.name })
    .from(lists)
    .where(and(eq(lists.workspaceId, workspaceId), eq(lists.id, id)))
  return row
}

/** The newest lists by name alone, to choose from: without counting who is in them. */
export async function listListNames(
  { db, workspaceId }: Scope,
  most: number,
): Promise<readonly Pick<List, 'id' | 'name'>[]> {
  return db
    .select({ id: lists.id, name: lists.name })
    .from(lists)
    .where(and(eq(lists.workspaceId, workspaceId), isNull(lists.madeFor)))
    .orderBy(desc(lists.id))
    .limit(most)
}

const CONTACTS_LOOKED_AT = 200
const VARIABLES_MOST = 60

/** The names of what is known of the newest contacts, as a template may use them; the most common first. */
export async function listVariables(scope: Scope): Promise<readonly string[]> {
  const rows = await scope.sql<{ name: string }[]>`
    SELECT name FROM (SELECT variables FROM contacts WHERE workspace_id = ${scope.workspaceId} AND erased_at IS NULL
                       ORDER BY id DESC LIMIT ${CONTACTS_LOOKED_AT}) c, jsonb_object_keys(c.variables) AS name
     GROUP BY name ORDER BY count(*) DESC, name LIMIT ${VARIABLES_MOST}`
  return [...new Set(['name', ...rows.map(({ name }) => name)])]
}

/** Blocked numbers, the newest first, those whose time has passed included; a page ends at an id. */
export async function listSuppressions(
  scope: Scope,
  request: PageRequest<string> & { phone?: string | undefined; words?: string | undefined },
): Promise<Page<Suppression, string>> {
  const { phone, words, after, limit } = request
  const rows = await scope.db
    .select()
    .from(suppressions)
    .where(
      and(
        eq(suppressions.workspaceId, scope.workspaceId),
        phone === undefined ? undefined : eq(suppressions.phone, phone),
        words === undefined ? undefined : suppressionHas(words),
        after !== undefined && isUuid(after) ? lt(suppressions.id, after) : undefined,
      ),
    )
    .orderBy(desc(suppressions.id))
    .limit(limit + 1)
  return pageOf(rows.map(readSuppression), limit, ({ id }) => id)
}

function suppressionHas(words: string) {
  const sought = readSought(words)
  if (sought.digits !== undefined) return like(suppressions.phone, sought.digits)
  return ilike(suppressions.reason, sought.like)
}

/** A row as the rest of the program knows it. */
export function readContact(row: typeof contacts.$inferSelect): Contact {
  const { id, phone, name, email, timeZone, variables } = row
  return {
    id: String(id),
    phone: phone!,
    name,
    email,
    timeZone,
    variables,
    createdAt: instant(row.createdAt)!,
    updatedAt: instant(row.updatedAt)!,
  }
}

/** A row as the rest of the program knows it. */
export function readSuppression(row: typeof suppressions.$inferSelect): Suppression {
  const { id, phone, scope, reason, createdBy } = row
  return {
    id,
    phone,
    scope,
    reason,
    createdBy,
    expiresAt: instant(row.expiresAt),
    createdAt: instant(row.createdAt)!,
  }
}
