import { lists } from '../contacts/tables.ts'
import { senders } from '../delivery/tables.ts'
import { newId } from '../platform/ids.ts'
import { ok, type Refusal, type Result, refuse } from '../platform/result.ts'
import { handOf, type Scope } from '../platform/scope.ts'
import { templates } from '../templates/tables.ts'
import { allow, recordEvent } from '../workspaces/index.ts'
import { findRecurrence, lockRecurrence, type Recurrence, recurrenceDigest } from './find-recurrence.ts'
import type { StandingApproval } from './find-sequence.ts'
import { faultsOfRecurrence, type RecurrenceWords } from './recurrence.ts'
import {
  type Caps,
  exists,
  giveStanding,
  revokeStandingOf,
  SEQUENCE_MOVES,
  type SequenceRefusal,
  type StandingRefusal,
} from './save-sequence.ts'

/** Writes a campaign that comes again down as a draft: nothing is planned before it is active and approved. */
export async function makeRecurrence(
  scope: Scope,
  words: RecurrenceWords,
): Promise<Result<Recurrence, SequenceRefusal>> {
  const refusal = allow(scope.actor, 'sequences.write') ?? (await refuseWords(scope, words))
  if (refusal) return refusal
  const id = newId(scope.now.getTime())
  const at = scope.now.toISOString()
  await scope.sql`
    INSERT INTO recurrences (id, workspace_id, name, state, template_id, sender_id, list_id, rule, starts_at, time_zone, when_short,
                             editors, created_at, updated_at)
    VALUES (${id}, ${scope.workspaceId}, ${words.name}, 'draft', ${words.templateId}, ${words.senderId}, ${words.listId},
            ${JSON.stringify(words.rule)}::text::jsonb, ${words.startsAt}, ${words.timeZone}, ${words.whenShort},
            ARRAY[${handOf(scope.actor)}]::text[], ${at}::timestamptz, ${at}::timestamptz)`
  await recordEvent(scope, 'recurrence.made', `recurrence:${id}`, { name: words.name, rule: words.rule })
  return findRecurrence(scope, id)
}

/** Changes it as a new version, for which it must be approved anew; what was planned already goes. */
export async function editRecurrence(
  scope: Scope,
  id: string,
  changes: Partial<RecurrenceWords>,
): Promise<Result<Recurrence, SequenceRefusal>> {
  const forbidden = allow(scope.actor, 'sequences.write')
  if (forbidden) return forbidden
  const found = await lockRecurrence(scope, id)
  if (!found.ok) return found
  if (found.value.state === 'ended') return wrongState(found.value, 'changed')
  const words = { ...found.value, ...changes }
  const refusal = await refuseWords(scope, words)
  if (refusal) return refusal
  const editors = [...new Set([...found.value.editors, handOf(scope.actor)])]
  await scope.sql`
    UPDATE recurrences SET name = ${words.name}, template_id = ${words.templateId}, sender_id = ${words.senderId}, list_id = ${words.listId},
           rule = ${JSON.stringify(words.rule)}::text::jsonb, starts_at = ${words.startsAt}, time_zone = ${words.timeZone},
           when_short = ${words.whenShort}, version = version + 1,
           editors = (SELECT array_agg(e) FROM jsonb_array_elements_text(${JSON.stringify(editors)}::text::jsonb) e),
           updated_at = ${scope.now.toISOString()}::timestamptz
     WHERE id = ${id} AND workspace_id = ${scope.workspaceId}`
  await recordEvent(scope, 'recurrence.edited', `recurrence:${id}`, { changed: Object.keys(changes) })
  return findRecurrence(scope, id)
}

/** Sets it going, pauses or ends it. What was due before it was set going, or while it stood still, is never sent. */
export async function moveRecurrence(
  scope: Scope,
  id: string,
  to: 'active' | 'paused' | 'ended',
): Promise<Result<Recurrence, SequenceRefusal>> {
  const forbidden = allow(scope.actor, to === 'active' ? 'sequences.write' : 'sequences.stop')
  if (forbidden) return forbidden
  const found = await lockRecurrence(scope, id)
  if (!found.ok) return found
  if (found.value.state === to) return found
  if (!SEQUENCE_MOVES[found.value.state].includes(to)) return wrongState(found.value, to)
  const at = scope.now.toISOString()
  await scope.sql`
    UPDATE recurrences SET state = ${to}, active_since = CASE WHEN ${to} = 'active' THEN ${at}::timestamptz ELSE active_since END,
           planned_to = CASE WHEN ${to} = 'active' THEN NULL ELSE planned_to END, updated_at = ${at}::timestamptz
     WHERE id = ${id} AND workspace_id = ${scope.workspaceId}`
  await recordEvent(scope, `recurrence.${to}`, `recurrence:${id}`)
  return findRecurrence(scope, id)
}

/** Approves in advance, up to so much, what it sends as it is now. Whoever made or edited it may not. */
export async function approveRecurrence(
  scope: Scope,
  id: string,
  caps: Caps,
): Promise<Result<StandingApproval, StandingRefusal>> {
  const forbidden = allow(scope.actor, 'sequences.approve')
  if (forbidden) return forbidden
  const found = await lockRecurrence(scope, id)
  if (!found.ok) return found
  if (found.value.state === 'ended') return wrongState(found.value, 'approved')
  const subject = {
    id,
    noun: 'recurrence' as const,
    editors: found.value.editors,
    digest: recurrenceDigest(found.value),
  }
  return giveStanding(scope, subject, caps)
}

/** Takes every approval of it back: nothing new is planned. */
export async function revokeRecurrence(
  scope: Scope,
  id: string,
): Promise<Result<null, 'forbidden' | 'not_found'>> {
  const forbidden = allow(scope.actor, 'sequences.stop')
  if (forbidden) return forbidden
  const found = await findRecurrence(scope, id)
  if (!found.ok) return found
  await revokeStandingOf(scope, id, 'recurrence')
  return ok(null)
}

async function refuseWords(
  scope: Scope,
  words: RecurrenceWords,
): Promise<Refusal<'validation_failed'> | undefined> {
  const faults = faultsOfRecurrence(words)
  for (const [path, table, id, noun] of [
    ['template_id', templates, words.templateId, 'template'],
    ['sender_id', senders, words.senderId, 'sender'],
    ['list_id', lists, words.listId, 'list'],
  ] as const)
    if (!(await exists(scope, table, id)))
      faults.push({ path, code: 'not_found', message: `There is no such ${noun} in this workspace.` })
  if (words.whenShort === 'wait')
    faults.push({
      path: 'when_short',
      code: 'invalid',
      message: 'must be block or partial: what comes again does not wait for the time before.',
    })
  if (faults.length === 0) return undefined
  return refuse('validation_failed', faults.map(({ path, message }) => `${path} ${message}`).join(' '), {
    errors: faults,
  })
}

function wrongState(one: Recurrence, to: string) {
  return refuse('wrong_state', `The recurring campaign is ${one.state} and cannot be ${to}.`, {
    state: one.state,
  })
}
