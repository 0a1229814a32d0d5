import { DateTime } from 'luxon'
import type { Scope } from '../platform/scope.ts'
import { findWorkspace } from '../workspaces/index.ts'
import { lockRecurrence, type Recurrence, recurrenceDigest } from './find-recurrence.ts'
import { findStanding } from './find-sequence.ts'
import { ceilingOf, makeRun } from './make-run.ts'
import { type Occurrence, occurrencesBetween } from './recurrence.ts'

/** Planned so long before, so that what it lacks is seen while something can be done about it. */
const PLAN_AHEAD_MS = 60 * 60 * 1000
/** Later than this an occurrence is missed, and never sent. */
const MOST_LATE_MS = 6 * 60 * 60 * 1000
const MOST_AT_ONCE = 100

/**
 * Plans what is due of a campaign that comes again: each occurrence becomes a campaign once, what an outage has missed is
 * recorded and never sent, and of two that are due only the later goes. Safe to call at any time and any number of
 * times: it is locked meanwhile, and each occurrence has one row.
 */
export async function planRecurrence(scope: Scope, recurrenceId: string): Promise<{ campaigns: number }> {
  const found = await lockRecurrence(scope, recurrenceId)
  if (!found.ok || found.value.state !== 'active') return { campaigns: 0 }
  const recurrence = found.value
  const since = new Date(recurrence.plannedTo ?? recurrence.activeSince!)
  const until = new Date(scope.now.getTime() + PLAN_AHEAD_MS)
  const fresh = occurrencesBetween(recurrence, since, until, MOST_AT_ONCE)
  const due = [...(await heldOf(scope, recurrence)), ...fresh]
  let campaigns = 0
  for (const [n, occurrence] of due.entries())
    campaigns += await settle(scope, recurrence, occurrence, n < due.length - 1)
  const looked = fresh.length === MOST_AT_ONCE ? fresh.at(-1)!.at : until
  await scope.sql`
    UPDATE recurrences SET planned_to = greatest(planned_to, ${looked.toISOString()}::timestamptz)
     WHERE id = ${recurrence.id} AND workspace_id = ${scope.workspaceId}`
  return { campaigns }
}

async function heldOf(scope: Scope, { id, timeZone }: Recurrence): Promise<Occurrence[]> {
  const rows = await scope.sql<{ at: string }[]>`
    SELECT at FROM occurrences WHERE recurrence_id = ${id} AND workspace_id = ${scope.workspaceId} AND state = 'held' ORDER BY at`
  return rows.map((row) => {
    const at = new Date(row.at)
    return { at, local: DateTime.fromJSDate(at, { zone: timeZone }).toFormat("yyyy-MM-dd'T'HH:mm:ss") }
  })
}

async function settle(
  scope: Scope,
  recurrence: Recurrence,
  occurrence: Occurrence,
  hasLater: boolean,
): Promise<number> {
  if (occurrence.at.getTime() + MOST_LATE_MS <= scope.now.getTime())
    return note(scope, recurrence.id, occurrence, 'skipped', 'missed')
  if (hasLater) return note(scope, recurrence.id, occurrence, 'skipped', 'overtaken')
  const standing = await findStanding(scope, recurrence.id, recurrenceDigest(recurrence))
  if (!standing) return note(scope, recurrence.id, occurrence, 'held', 'no_standing_approval')
  const { timeZone } = await findWorkspace(scope)
  const today = DateTime.fromJSDate(scope.now, { zone: timeZone }).toISODate()!
  const ceilingMinor = await ceilingOf(scope, recurrence.id, standing, today)
  const made = await makeRun(scope, wordsOf(recurrence, occurrence, scope.now), standing, {
    ceilingMinor,
    today,
  })
  if (!made.ok) {
    const passes = ['insufficient_funds', 'over_cap', 'sender_stopped', 'template_not_approved'].includes(
      made.reason,
    )
    return note(scope, recurrence.id, occurrence, passes ? 'held' : 'skipped', made.reason)
  }
  return note(scope, recurrence.id, occurrence, 'planned', null, made.value.campaignId)
}

function wordsOf(recurrence: Recurrence, { local, at }: Occurrence, now: Date) {
  const { name, id, templateId, senderId, listId, timeZone, whenShort } = recurrence
  const sendBefore = new Date(at.getTime() + MOST_LATE_MS).toISOString()
  return {
    name: `${name}: ${local.slice(0, 16).replace('T', ' ')}`,
    subjectId: id,
    stepKey: 'occurrence',
    templateId,
    senderId,
    fallback: undefined,
    whenShort,
    sendDay: local.slice(0, 10),
    schedule: at > now ? { at: local, timeZone, sendBefore } : { now: true as const, sendBefore },
    audience: { listId },
  }
}

/** One row for each occurrence; one that has its end keeps it. */
async function note(
  scope: Scope,
  recurrenceId: string,
  { at }: Occurrence,
  state: 'held' | 'planned' | 'skipped',
  reason: string | null,
  campaignId: string | null = null,
): Promise<number> {
  const now = scope.now.toISOString()
  await scope.sql`
    INSERT INTO occurrences AS o (recurrence_id, at, workspace_id, state, reason, campaign_id, created_at, updated_at)
    VALUES (${recurrenceId}, ${at.toISOString()}::timestamptz, ${scope.workspaceId}, ${state}, ${reason}, ${campaignId}, ${now}::timestamptz, ${now}::timestamptz)
    ON CONFLICT (recurrence_id, at) DO UPDATE SET state = excluded.state, reason = excluded.reason, campaign_id = excluded.campaign_id,
      updated_at = excluded.updated_at WHERE o.state = 'held'`
  return state === 'planned' ? 1 : 0
}
