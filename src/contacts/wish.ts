import { listOf } from '../platform/db.ts'
import { newId } from '../platform/ids.ts'
import type { Scope } from '../platform/scope.ts'
import { recordEvent } from '../workspaces/index.ts'

/** What a person said, by whatever way, about being written to. */
export type Wish = {
  /** Digits of the number, or the platform's id of the person. */
  person: string
  scope: 'all' | 'marketing'
  wish: 'stop' | 'go'
  saidAt: Date
  /** Shown beside the block: `wrote BERHENTI`. */
  reason: string
}

/** Blocks that people asked for themselves; a block that the business set is never lifted by a word of theirs. */
const BY_THE_PERSON = 'recipient'

/**
 * Keeps what people wish and does it: the latest word of a person counts, a stop before a go of the same second,
 * whatever order they arrive in and however often.
 */
export async function recordWishes(scope: Scope, wishes: readonly Wish[]): Promise<void> {
  const latest = latestWishes(wishes)
  if (latest.length === 0) return
  const changed = await scope.sql<{ person: string }[]>`
    INSERT INTO wishes AS w (workspace_id, person, scope, wish, said_at, reason)
    SELECT ${scope.workspaceId}::uuid, n.person, n.scope, n.wish, n.said_at, n.reason
      FROM unnest(${listOf(latest.map((w) => w.person))}::text[], ${listOf(latest.map((w) => w.scope))}::text[],
                  ${listOf(latest.map((w) => w.wish))}::text[], ${listOf(latest.map((w) => w.saidAt.toISOString()))}::text[]::timestamptz[],
                  ${listOf(latest.map((w) => w.reason))}::text[]) AS n(person, scope, wish, said_at, reason)
    ON CONFLICT (workspace_id, person, scope) DO UPDATE
      SET wish = excluded.wish, said_at = excluded.said_at, reason = excluded.reason
      WHERE excluded.said_at > w.said_at OR (excluded.said_at = w.said_at AND excluded.wish = 'stop' AND w.wish = 'go')
    RETURNING w.person`
  await applyWishes(scope, [...new Set(changed.map((row) => row.person))])
}

function latestWishes(wishes: readonly Wish[]): Wish[] {
  const latest = new Map<string, Wish>()
  for (const wish of wishes) {
    const key = `${wish.person} ${wish.scope}`
    const known = latest.get(key)
    if (!known || outranks(wish, known)) latest.set(key, wish)
  }
  return [...latest.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, wish]) => wish)
}

function outranks(wish: Wish, known: Wish): boolean {
  const later = wish.saidAt.getTime() - known.saidAt.getTime()
  return later > 0 || (later === 0 && wish.wish === 'stop')
}

type Decided = { phone: string; scope: 'all' | 'marketing'; wish: 'stop' | 'go'; reason: string }

/** Turns the wishes of some people into blocks of the numbers that they are known by here, or lifts those. */
export async function applyWishes(scope: Scope, people: readonly string[]): Promise<void> {
  if (people.length === 0) return
  const decided = await scope.sql<Decided[]>`
    WITH phones AS MATERIALIZED (
      SELECT '+' || p AS phone FROM unnest(${listOf([...people])}::text[]) AS p WHERE p ~ '^[1-9][0-9]{6,14}$'
      UNION SELECT c.phone FROM contact_handles h JOIN contacts c ON c.id = h.contact_id AND c.workspace_id = h.workspace_id
       WHERE h.workspace_id = ${scope.workspaceId} AND h.handle = ANY(${listOf([...people])}::text[]) AND c.phone IS NOT NULL),
    names AS MATERIALIZED (
      SELECT p.phone, ltrim(p.phone, '+') AS person FROM phones p
      UNION SELECT p.phone, h.handle FROM phones p
        JOIN contacts c ON c.workspace_id = ${scope.workspaceId} AND c.phone = p.phone
        JOIN contact_handles h ON h.workspace_id = c.workspace_id AND h.contact_id = c.id)
    SELECT DISTINCT ON (n.phone, w.scope) n.phone, w.scope, w.wish, w.reason
      FROM names n JOIN wishes w ON w.workspace_id = ${scope.workspaceId} AND w.person = n.person
     ORDER BY n.phone, w.scope, w.said_at DESC, (w.wish = 'stop') DESC`
  await block(
    scope,
    decided.filter(({ wish }) => wish === 'stop'),
  )
  await lift(
    scope,
    decided.filter(({ wish }) => wish === 'go'),
  )
}

async function block(scope: Scope, stops: readonly Decided[]): Promise<void> {
  if (stops.length === 0) return
  const nowMs = scope.now.getTime()
  const rows = await scope.sql<{ id: string; scope: string }[]>`
    INSERT INTO suppressions (id, workspace_id, phone, scope, reason, created_by, created_at)
    SELECT n.id, ${scope.workspaceId}::uuid, n.phone, n.scope, n.reason, ${BY_THE_PERSON}, ${scope.now.toISOString()}::timestamptz
      FROM unnest(${listOf(stops.map(() => newId(nowMs)))}::uuid[], ${listOf(stops.map((s) => s.phone))}::text[],
                  ${listOf(stops.map((s) => s.scope))}::text[], ${listOf(stops.map((s) => s.reason))}::text[])
        AS n(id, phone, scope, reason)
    ON CONFLICT (workspace_id, phone, scope) DO UPDATE SET expires_at = NULL WHERE suppressions.expires_at IS NOT NULL
    RETURNING id, scope`
  for (const row of rows)
    await recordEvent(scope, 'suppression.added', `suppression:${row.id}`, {
      scope: row.scope,
      by: 'recipient',
    })
}

async function lift(scope: Scope, goes: readonly Decided[]): Promise<void> {
  if (goes.length === 0) return
  const rows = await scope.sql<{ id: string; scope: string }[]>`
    DELETE FROM suppressions s
     USING unnest(${listOf(goes.map((g) => g.phone))}::text[], ${listOf(goes.map((g) => g.scope))}::text[]) AS n(phone, scope)
     WHERE s.workspace_id = ${scope.workspaceId} AND s.phone = n.phone AND s.scope = n.scope AND s.created_by = ${BY_THE_PERSON}
    RETURNING s.id, s.scope`
  for (const row of rows)
    await recordEvent(scope, 'suppression.lifted', `suppression:${row.id}`, {
      scope: row.scope,
      by: 'recipient',
    })
}
