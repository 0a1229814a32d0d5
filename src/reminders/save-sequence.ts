import { and, eq } from 'drizzle-orm'
import type { lists } from '../contacts/tables.ts'
import { channelOf, findSender } from '../delivery/index.ts'
import { senders } from '../delivery/tables.ts'
import { isUuid, newId } from '../platform/ids.ts'
import { type MoneyJson, parseAmount } from '../platform/money.ts'
import { ok, type Refusal, type Result, refuse } from '../platform/result.ts'
import { handOf, type Scope } from '../platform/scope.ts'
import { findTemplate } from '../templates/index.ts'
import { templates } from '../templates/tables.ts'
import { allow, findWorkspace, recordEvent } from '../workspaces/index.ts'
import {
  digestOfSequence,
  findSequence,
  findStanding,
  lockSequence,
  type Sequence,
  type SequenceState,
  type StandingApproval,
} from './find-sequence.ts'
import { faultsOf, type SequenceWords, type Step } from './sequence.ts'

export type SequenceRefusal = 'forbidden' | 'not_found' | 'validation_failed' | 'wrong_state'

/** Writes a ladder down as a draft: nothing is planned before it is active and approved. */
export async function makeSequence(
  scope: Scope,
  words: SequenceWords,
): Promise<Result<Sequence, SequenceRefusal>> {
  const refusal = allow(scope.actor, 'sequences.write') ?? (await refuseWords(scope, words))
  if (refusal) return refusal
  const id = newId(scope.now.getTime())
  const at = scope.now.toISOString()
  await scope.sql`
    INSERT INTO sequences (id, workspace_id, name, state, sender_id, country, when_short, most_messages, one_per_debtor, steps,
                           editors, created_at, updated_at)
    VALUES (${id}, ${scope.workspaceId}, ${words.name}, 'draft', ${words.senderId}, ${words.country}, ${words.whenShort},
            ${words.mostMessages}, ${words.onePerDebtor}, ${JSON.stringify(words.steps)}::text::jsonb,
            ARRAY[${handOf(scope.actor)}]::text[], ${at}::timestamptz, ${at}::timestamptz)`
  await recordEvent(scope, 'sequence.made', `sequence:${id}`, { name: words.name, steps: words.steps.length })
  return findSequence(scope, id)
}

/** Changes a ladder as a new version, for which it must be approved anew; what was planned already goes. */
export async function editSequence(
  scope: Scope,
  id: string,
  changes: Partial<SequenceWords>,
): Promise<Result<Sequence, SequenceRefusal>> {
  const forbidden = allow(scope.actor, 'sequences.write')
  if (forbidden) return forbidden
  const found = await lockSequence(scope, id)
  if (!found.ok) return found
  if (found.value.state === 'ended') return wrongState(found.value, 'changed')
  const words = { ...found.value, ...changes }
  const refusal = await refuseWords(scope, words)
  if (refusal) return refusal
  const editors = [...new Set([...found.value.editors, handOf(scope.actor)])]
  await scope.sql`
    UPDATE sequences SET name = ${words.name}, sender_id = ${words.senderId}, country = ${words.country}, when_short = ${words.whenShort},
           most_messages = ${words.mostMessages}, one_per_debtor = ${words.onePerDebtor},
           steps = ${JSON.stringify(words.steps)}::text::jsonb, version = version + 1,
           editors = (SELECT array_agg(e) FROM jsonb_array_elements_text(${JSON.stringify(editors)}::text::jsonb) e),
           updated_at = ${scope.now.toISOString()}::timestamptz
     WHERE id = ${id} AND workspace_id = ${scope.workspaceId}`
  await recordEvent(scope, 'sequence.edited', `sequence:${id}`, { changed: Object.keys(changes) })
  return findSequence(scope, id)
}

async function refuseWords(
  scope: Scope,
  words: SequenceWords,
): Promise<Refusal<'validation_failed'> | undefined> {
  const faults = faultsOf(words)
  if (!(await exists(scope, senders, words.senderId)))
    faults.push({
      path: 'sender_id',
      code: 'not_found',
      message: 'There is no such sender in this workspace.',
    })
  for (const [n, { templateId, senderId, fallback }] of words.steps.entries()) {
    if (senderId !== undefined)
      faults.push(...(await ownSenderFaults(scope, senderId, templateId, `steps[${n}].sender_id`)))
    if (fallback) faults.push(...(await fallbackFaults(scope, fallback, `steps[${n}].fallback`)))
    if (await exists(scope, templates, templateId)) continue
    const message = 'There is no such template in this workspace.'
    faults.push({ path: `steps[${n}].template_id`, code: 'not_found', message })
  }
  if (words.whenShort !== 'block' && words.steps.some(({ fallback }) => fallback))
    faults.push({
      path: 'when_short',
      code: 'not_with_fallback',
      message: 'A ladder with a fall-over sends each run as a whole: when_short must be block.',
    })
  if (faults.length === 0) return undefined
  return refuse('validation_failed', faults.map(({ message }) => message).join(' '), { errors: faults })
}

/** A step of its own sender goes by that one's channel, for which its template must be written. */
async function ownSenderFaults(scope: Scope, senderId: string, templateId: string, path: string) {
  const sender = await findSender(scope, senderId)
  if (!sender.ok) return [{ path, code: 'not_found', message: 'There is no such sender in this workspace.' }]
  const template = await findTemplate(scope, templateId)
  if (!template.ok || template.value.channel === channelOf(sender.value.provider)) return []
  const message = 'The template is written for another channel than this sender sends on.'
  return [{ path, code: 'channel_mismatch', message }]
}

/** Where a step falls over it must be able to: by SMS on both sides, with money of its own. */
async function fallbackFaults(
  scope: Scope,
  { senderId, templateId, ceilingMinor }: NonNullable<Step['fallback']>,
  path: string,
) {
  const faults = []
  const template = await findTemplate(scope, templateId)
  const sender = await findSender(scope, senderId)
  if (!sender.ok || channelOf(sender.value.provider) !== 'sms')
    faults.push({
      path: `${path}.sender_id`,
      code: 'not_sms',
      message: 'A fall-over goes out by SMS: choose a sender of SMS in this workspace.',
    })
  if (!template.ok || template.value.channel !== 'sms')
    faults.push({
      path: `${path}.template_id`,
      code: 'not_sms',
      message: 'A fall-over goes out by SMS: choose a template of SMS in this workspace.',
    })
  if (BigInt(ceilingMinor) <= 0n)
    faults.push({
      path: `${path}.ceiling`,
      code: 'invalid_amount',
      message: 'The ceiling is a decimal above zero.',
    })
  return faults
}

/** Whether a row of this workspace has this id. */
export async function exists(
  scope: Scope,
  table: typeof senders | typeof templates | typeof lists,
  id: string,
): Promise<boolean> {
  if (!isUuid(id)) return false
  const found = await scope.db
    .select({ id: table.id })
    .from(table)
    .where(and(eq(table.id, id), eq(table.workspaceId, scope.workspaceId)))
  return found.length > 0
}

export const SEQUENCE_MOVES: Readonly<Record<SequenceState, readonly SequenceState[]>> = {
  draft: ['active', 'ended'],
  active: ['paused', 'ended'],
  paused: ['active', 'ended'],
  ended: [],
}

/**
 * Sets a ladder going, pauses or ends it. What fell due before it was set going, or while it stood still, is never sent.
 * Pausing stops new plans; a campaign that is planned already is stopped by itself.
 */
export async function moveSequence(
  scope: Scope,
  id: string,
  to: 'active' | 'paused' | 'ended',
): Promise<Result<Sequence, SequenceRefusal>> {
  const forbidden = allow(scope.actor, to === 'active' ? 'sequences.write' : 'sequences.stop')
  if (forbidden) return forbidden
  const found = await lockSequence(scope, id)
  if (!found.ok) return found
  if (found.value.state === to) return found
  if (!SEQUENCE_MOVES[found.value.state].includes(to)) return wrongState(found.value, to)
  const at = scope.now.toISOString()
  await scope.sql`
    UPDATE sequences SET state = ${to}, active_since = CASE WHEN ${to} = 'active' THEN ${at}::timestamptz ELSE active_since END,
           planned_to = CASE WHEN ${to} = 'active' THEN NULL ELSE planned_to END, updated_at = ${at}::timestamptz
     WHERE id = ${id} AND workspace_id = ${scope.workspaceId}`
  await recordEvent(scope, `sequence.${to}`, `sequence:${id}`)
  return findSequence(scope, id)
}

function wrongState(sequence: Sequence, to: string) {
  return refuse('wrong_state', `The sequence is ${sequence.state} and cannot be ${to}.`, {
    state: sequence.state,
  })
}

export type Caps = {
  readonly run: MoneyJson
  readonly day: MoneyJson
  readonly month: MoneyJson
  readonly validUntil?: Date | undefined
}

export type StandingRefusal =
  | 'forbidden'
  | 'not_found'
  | 'wrong_state'
  | 'self_approval'
  | 'currency_mismatch'
  | 'validation_failed'

/**
 * Approves, in advance and up to so much, what a ladder will send as it stands now. Whoever made or edited it may not,
 * whatever their role; any later edit voids the approval.
 */
export async function approveSequence(
  scope: Scope,
  id: string,
  caps: Caps,
): Promise<Result<StandingApproval, StandingRefusal>> {
  const forbidden = allow(scope.actor, 'sequences.approve')
  if (forbidden) return forbidden
  const found = await lockSequence(scope, id)
  if (!found.ok) return found
  if (found.value.state === 'ended') return wrongState(found.value, 'approved')
  return giveStanding(
    scope,
    { id, editors: found.value.editors, digest: digestOfSequence(found.value) },
    caps,
  )
}

/** Gives an approval in advance for any thing with a digest and editors. */
export async function giveStanding(
  scope: Scope,
  subject: {
    id: string
    noun?: 'sequence' | 'recurrence'
    editors: readonly string[]
    digest: Buffer
  },
  caps: Caps,
): Promise<Result<StandingApproval, StandingRefusal>> {
  if (subject.editors.includes(handOf(scope.actor))) return refuse('self_approval', SELF_APPROVAL)
  const { currency } = await findWorkspace(scope)
  const amounts = [caps.run, caps.day, caps.month].map(({ amount }) => parseAmount(amount))
  if ([caps.run, caps.day, caps.month].some((cap) => cap.currency !== currency))
    return refuse('currency_mismatch', `This workspace counts in ${currency}.`)
  const [run, day, month] = amounts
  if (!run || !day || !month || run <= 0n || day <= 0n || month <= 0n) return refuseCaps()
  await scope.sql`
    INSERT INTO standing_approvals (id, workspace_id, subject_id, digest, approver, cap_run, cap_day, cap_month, valid_until, created_at)
    VALUES (${newId(scope.now.getTime())}, ${scope.workspaceId}, ${subject.id}, ${subject.digest}, ${handOf(scope.actor)},
            ${run}, ${day}, ${month}, ${caps.validUntil?.toISOString() ?? null}::text::timestamptz, ${scope.now.toISOString()}::timestamptz)`
  await recordEvent(scope, 'standing_approval.given', `${subject.noun ?? 'sequence'}:${subject.id}`, {
    digest: subject.digest.toString('hex'),
    run: caps.run.amount,
    day: caps.day.amount,
    month: caps.month.amount,
  })
  return ok((await findStanding(scope, subject.id, subject.digest))!)
}

const SELF_APPROVAL =
  'Whoever made or edited it may not approve it: ask another member with the role approver, admin or owner.'

function refuseCaps() {
  const message = 'Each cap is a decimal above zero.'
  return refuse('validation_failed', message, { errors: [{ path: 'caps', code: 'invalid_amount', message }] })
}

/** Takes every approval of a thing back: nothing new is planned. Taking back twice changes nothing. */
export async function revokeStanding(
  scope: Scope,
  subjectId: string,
): Promise<Result<null, 'forbidden' | 'not_found'>> {
  const forbidden = allow(scope.actor, 'sequences.stop')
  if (forbidden) return forbidden
  const found = await findSequence(scope, subjectId)
  if (!found.ok) return found
  await revokeStandingOf(scope, subjectId, 'sequence')
  return ok(null)
}

/** The same for any thing that is approved in advance; its finding and the actor's role are the caller's. */
export async function revokeStandingOf(
  scope: Scope,
  subjectId: string,
  noun: 'sequence' | 'recurrence',
): Promise<void> {
  await scope.sql`
    UPDATE standing_approvals SET revoked_at = ${scope.now.toISOString()}::timestamptz, revoked_by = ${scope.actor.name}
     WHERE subject_id = ${subjectId} AND workspace_id = ${scope.workspaceId} AND revoked_at IS NULL`
  await recordEvent(scope, 'standing_approval.revoked', `${noun}:${subjectId}`)
}
