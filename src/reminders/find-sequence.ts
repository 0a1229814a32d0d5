import { instant } from '../platform/db.ts'
import { isUuid } from '../platform/ids.ts'
import { type Page, type PageRequest, pageOf } from '../platform/page.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import { readSought } from '../platform/sought.ts'
import { digestOf, type SequenceWords, type Step, type WhenShort } from './sequence.ts'

export const SEQUENCE_STATES = ['draft', 'active', 'paused', 'ended'] as const
export type SequenceState = (typeof SEQUENCE_STATES)[number]

/** A ladder with where it stands. */
export type Sequence = SequenceWords & {
  readonly id: string
  readonly state: SequenceState
  readonly version: number
  readonly editors: readonly string[]
  /** RFC 3339; nothing that fell due before it is ever sent. */
  readonly activeSince: string | null
  /** ISO day up to which steps have been looked at. */
  readonly plannedTo: string | null
  readonly createdAt: string
}

/** What was approved in advance, in 1/10,000 of a unit of the workspace's currency. */
export type StandingApproval = {
  readonly id: string
  readonly approver: string
  readonly capRunMinor: bigint
  readonly capDayMinor: bigint
  readonly capMonthMinor: bigint
  readonly validUntil: string | null
  readonly createdAt: string
  readonly revokedAt: string | null
}

type Row = {
  id: string
  name: string
  state: SequenceState
  version: number
  sender_id: string
  country: string
  when_short: WhenShort
  most_messages: number | null
  one_per_debtor: boolean
  steps: Step[]
  editors: string[]
  active_since: string | null
  planned_to: string | null
  created_at: string
}

/** One sequence of this workspace; another's does not exist here. */
export async function findSequence(scope: Scope, id: string): Promise<Result<Sequence, 'not_found'>> {
  return readSequence(scope, id, false)
}

/** The same, locked until the transaction ends: one plan at a time is made of a ladder. */
export async function lockSequence(scope: Scope, id: string): Promise<Result<Sequence, 'not_found'>> {
  return readSequence(scope, id, true)
}

async function readSequence(scope: Scope, id: string, lock: boolean): Promise<Result<Sequence, 'not_found'>> {
  if (!isUuid(id)) return NOT_FOUND
  const { sql, workspaceId } = scope
  const [row] = await sql<Row[]>`
    SELECT ${columns(scope)} FROM sequences WHERE id = ${id} AND workspace_id = ${workspaceId} ${lock ? sql`FOR UPDATE` : sql``}`
  return row ? ok(toSequence(row)) : NOT_FOUND
}

const NOT_FOUND = refuse('not_found', 'There is no such sequence in this workspace.')

/** The workspace's sequences, newest first, those with some words in their name where given; a page ends at an id. */
export async function listSequences(
  scope: Scope,
  { after, limit, words }: PageRequest<string> & { readonly words?: string | undefined },
): Promise<Page<Sequence, string>> {
  const { sql, workspaceId } = scope
  const rows = await sql<Row[]>`
    SELECT ${columns(scope)} FROM sequences WHERE workspace_id = ${workspaceId}
       ${after === undefined ? sql`` : sql`AND id < ${after}::uuid`}
       ${words === undefined ? sql`` : sql`AND name ILIKE ${readSought(words).like}`} ORDER BY id DESC LIMIT ${limit + 1}`
  return pageOf(rows.map(toSequence), limit, ({ id }) => id)
}

/** The approval that stands for a thing as it is now; undefined where none was given, or not for this version. */
export async function findStanding(
  scope: Scope,
  subjectId: string,
  digest: Buffer,
): Promise<StandingApproval | undefined> {
  const [row] = await scope.sql<
    {
      id: string
      approver: string
      cap_run: bigint
      cap_day: bigint
      cap_month: bigint
      valid_until: string | null
      created_at: string
      revoked_at: string | null
    }[]
  >`
    SELECT id, approver, cap_run, cap_day, cap_month, valid_until, created_at, revoked_at FROM standing_approvals
     WHERE subject_id = ${subjectId} AND workspace_id = ${scope.workspaceId} AND digest = ${digest} AND revoked_at IS NULL
       AND (valid_until IS NULL OR valid_until > ${scope.now.toISOString()}::timestamptz)
     ORDER BY created_at DESC, id DESC LIMIT 1`
  return (
    row && {
      id: row.id,
      approver: row.approver,
      capRunMinor: row.cap_run,
      capDayMinor: row.cap_day,
      capMonthMinor: row.cap_month,
      validUntil: instant(row.valid_until),
      createdAt: instant(row.created_at)!,
      revokedAt: instant(row.revoked_at),
    }
  )
}

/** What the approval of a sequence is given for. */
export function digestOfSequence(sequence: Sequence): Buffer {
  const { senderId, country, whenShort, mostMessages, onePerDebtor, steps } = sequence
  return digestOf(sequence.id, sequence.version, {
    senderId,
    country,
    whenShort,
    mostMessages,
    onePerDebtor,
    steps,
  })
}

function columns({ sql }: Scope) {
  return sql`id, name, state, version, sender_id, country, when_short, most_messages, one_per_debtor, steps, editors,
    active_since, planned_to::text, created_at`
}

function toSequence(row: Row): Sequence {
  return {
    id: row.id,
    name: row.name,
    state: row.state,
    version: row.version,
    senderId: row.sender_id,
    country: row.country,
    whenShort: row.when_short,
    mostMessages: row.most_messages,
    onePerDebtor: row.one_per_debtor,
    steps: row.steps,
    editors: row.editors,
    activeSince: instant(row.active_since),
    plannedTo: row.planned_to,
    createdAt: instant(row.created_at)!,
  }
}
