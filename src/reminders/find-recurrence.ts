import { instant } from '../platform/db.ts'
import { isUuid } from '../platform/ids.ts'
import { type Page, type PageRequest, pageOf } from '../platform/page.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import { readSought } from '../platform/sought.ts'
import type { SequenceState } from './find-sequence.ts'
import { digestOfRecurrence, type RecurrenceWords, type Rule } from './recurrence.ts'
import type { WhenShort } from './sequence.ts'

/** A campaign that comes again, with where it stands. */
export type Recurrence = RecurrenceWords & {
  readonly id: string
  readonly state: SequenceState
  readonly version: number
  readonly editors: readonly string[]
  /** RFC 3339; nothing that was due before it is ever sent. */
  readonly activeSince: string | null
  readonly plannedTo: string | null
  readonly createdAt: string
}

type Row = {
  id: string
  name: string
  state: SequenceState
  version: number
  template_id: string
  sender_id: string
  list_id: string
  rule: Rule
  starts_at: string
  time_zone: string
  when_short: WhenShort
  editors: string[]
  active_since: string | null
  planned_to: string | null
  created_at: string
}

/** One of this workspace; another's does not exist here. */
export async function findRecurrence(scope: Scope, id: string): Promise<Result<Recurrence, 'not_found'>> {
  return readRecurrence(scope, id, false)
}

/** The same, locked until the transaction ends: one plan at a time is made of it. */
export async function lockRecurrence(scope: Scope, id: string): Promise<Result<Recurrence, 'not_found'>> {
  return readRecurrence(scope, id, true)
}

async function readRecurrence(
  scope: Scope,
  id: string,
  lock: boolean,
): Promise<Result<Recurrence, 'not_found'>> {
  if (!isUuid(id)) return NOT_FOUND
  const { sql, workspaceId } = scope
  const [row] = await sql<Row[]>`
    SELECT ${columns(scope)} FROM recurrences WHERE id = ${id} AND workspace_id = ${workspaceId} ${lock ? sql`FOR UPDATE` : sql``}`
  return row ? ok(toRecurrence(row)) : NOT_FOUND
}

const NOT_FOUND = refuse('not_found', 'There is no such recurring campaign in this workspace.')

/** The workspace's own, newest first, those with some words in their name where given; a page ends at an id. */
export async function listRecurrences(
  scope: Scope,
  { after, limit, words }: PageRequest<string> & { readonly words?: string | undefined },
): Promise<Page<Recurrence, string>> {
  const { sql, workspaceId } = scope
  const rows = await sql<Row[]>`
    SELECT ${columns(scope)} FROM recurrences WHERE workspace_id = ${workspaceId}
       ${after === undefined ? sql`` : sql`AND id < ${after}::uuid`}
       ${words === undefined ? sql`` : sql`AND name ILIKE ${readSought(words).like}`} ORDER BY id DESC LIMIT ${limit + 1}`
  return pageOf(rows.map(toRecurrence), limit, ({ id }) => id)
}

/** What became of one occurrence. */
export type OccurrenceFate = {
  /** RFC 3339. */
  readonly at: string
  readonly state: 'held' | 'planned' | 'skipped'
  readonly reason: string | null
  readonly campaignId: string | null
}

/** What became of each occurrence, the latest first; a page ends at a moment. */
export async function listOccurrences(
  scope: Scope,
  recurrenceId: string,
  { after, limit }: PageRequest<string>,
): Promise<Page<OccurrenceFate, string>> {
  const { sql, workspaceId } = scope
  const rows = await sql<
    { at: string; state: OccurrenceFate['state']; reason: string | null; campaign_id: string | null }[]
  >`
    SELECT at, state, reason, campaign_id FROM occurrences WHERE recurrence_id = ${recurrenceId} AND workspace_id = ${workspaceId}
       ${after === undefined ? sql`` : sql`AND at < ${after}::text::timestamptz`} ORDER BY at DESC LIMIT ${limit + 1}`
  const fates = rows.map(({ at, state, reason, campaign_id: campaignId }) => ({
    at: instant(at)!,
    state,
    reason,
    campaignId,
  }))
  return pageOf(fates, limit, ({ at }) => at)
}

/** What its standing approval is given for. */
export function recurrenceDigest(one: Recurrence): Buffer {
  return digestOfRecurrence(one.id, one.version, one)
}

function columns({ sql }: Scope) {
  return sql`id, name, state, version, template_id, sender_id, list_id, rule, starts_at, time_zone, when_short, editors,
    active_since, planned_to, created_at`
}

function toRecurrence(row: Row): Recurrence {
  return {
    id: row.id,
    name: row.name,
    state: row.state,
    version: row.version,
    templateId: row.template_id,
    senderId: row.sender_id,
    listId: row.list_id,
    rule: row.rule,
    startsAt: row.starts_at,
    timeZone: row.time_zone,
    whenShort: row.when_short,
    editors: row.editors,
    activeSince: instant(row.active_since),
    plannedTo: instant(row.planned_to),
    createdAt: instant(row.created_at)!,
  }
}
