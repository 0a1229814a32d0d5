import { listOf } from '../platform/db.ts'
import { isUuid } from '../platform/ids.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import { allow, recordEvent } from '../workspaces/index.ts'

/** A sender whose state changed, and the campaigns that are being sent from it or wait for their time. */
export type Change = { senderId: string; reason: string; campaignIds: string[] }

/**
 * Stops senders: nothing more is claimed or dispatched from them. What a person has mended since (`at` is before the
 * sender was resumed) stops it no more, however late the platform's words arrive.
 * @param stop `code` is the platform's own, `message` what happened and what to do
 */
export async function stopSenders(
  scope: Scope,
  ids: readonly string[],
  stop: { code: string | null; message: string; at?: Date },
): Promise<Change[]> {
  if (ids.length === 0) return []
  const at = (stop.at ?? scope.now).toISOString()
  const rows = await scope.sql<{ id: string }[]>`
    UPDATE senders SET state = 'stopped', stop_reason = ${stop.message}, stop_code = ${stop.code}, stopped_at = ${at}::timestamptz
     WHERE workspace_id = ${scope.workspaceId} AND id = ANY(${listOf(ids)}::uuid[]) AND state = 'active'
       AND (resumed_at IS NULL OR resumed_at <= ${at}::timestamptz)
    RETURNING id`
  return report(scope, rows, 'sender.stopped', stop.message, stop.code)
}

/** Lets senders go on that were stopped with that code, and no others. */
export async function resumeStopped(scope: Scope, ids: readonly string[], code: string): Promise<Change[]> {
  if (ids.length === 0) return []
  const rows = await scope.sql<{ id: string }[]>`
    UPDATE senders SET state = 'active', stop_reason = NULL, stop_code = NULL, stopped_at = NULL
     WHERE workspace_id = ${scope.workspaceId} AND id = ANY(${listOf(ids)}::uuid[]) AND state = 'stopped' AND stop_code = ${code}
    RETURNING id`
  return report(scope, rows, 'sender.resumed', code, code)
}

async function report(
  scope: Scope,
  rows: readonly { id: string }[],
  action: string,
  reason: string,
  code: string | null,
): Promise<Change[]> {
  const changes: Change[] = []
  for (const { id } of rows) {
    await recordEvent(scope, action, `sender:${id}`, { reason, code })
    changes.push({ senderId: id, reason, campaignIds: await runsOf(scope, id) })
  }
  return changes
}

/** Campaigns whose messages go out from a sender and are not all sent. */
async function runsOf(scope: Scope, senderId: string): Promise<string[]> {
  const rows = await scope.sql<{ campaign_id: string }[]>`
    SELECT r.campaign_id FROM runs r WHERE r.sender_id = ${senderId} AND r.workspace_id = ${scope.workspaceId}
       AND r.state <> 'stopped' AND EXISTS (
         SELECT 1 FROM slices s WHERE s.campaign_id = r.campaign_id AND s.done_at IS NULL)
     ORDER BY r.campaign_id`
  return rows.map((row) => row.campaign_id)
}

/** The senders that a fault concerns: this one, or all of its account. */
export async function sendersConcerned(
  scope: Scope,
  senderId: string,
  wholeAccount: boolean,
): Promise<string[]> {
  if (!wholeAccount) return [senderId]
  const rows = await scope.sql<{ id: string }[]>`
    SELECT s.id FROM senders s JOIN senders own ON own.account_key = s.account_key AND own.workspace_id = s.workspace_id
     WHERE own.id = ${senderId} AND s.workspace_id = ${scope.workspaceId} ORDER BY s.id`
  return rows.map((row) => row.id)
}

/** Stops a sender by hand. */
export async function stopByHand(
  scope: Scope,
  id: string,
  reason: string,
): Promise<Result<Change | undefined, 'forbidden' | 'not_found'>> {
  const known = await allowedSender(scope, id)
  if (!known.ok) return known
  const [change] = await stopSenders(scope, [id], { code: null, message: reason })
  return ok(change)
}

/** Lets a stopped sender go on: the fault was mended. What it has not sent goes out now, and nothing twice. */
export async function resumeSender(
  scope: Scope,
  id: string,
): Promise<Result<Change | undefined, 'forbidden' | 'not_found'>> {
  const known = await allowedSender(scope, id)
  if (!known.ok) return known
  return ok(await resume(scope, id))
}

/** @returns undefined where it was not stopped */
export async function resume(scope: Scope, id: string): Promise<Change | undefined> {
  const rows = await scope.sql<{ id: string }[]>`
    UPDATE senders SET state = 'active', stop_reason = NULL, stop_code = NULL, stopped_at = NULL,
           resumed_at = ${scope.now.toISOString()}::timestamptz
     WHERE workspace_id = ${scope.workspaceId} AND id = ${id} AND state = 'stopped' RETURNING id`
  const [change] = await report(scope, rows, 'sender.resumed', 'resumed by hand', null)
  return change
}

async function allowedSender(scope: Scope, id: string): Promise<Result<null, 'forbidden' | 'not_found'>> {
  const refusal = allow(scope.actor, 'senders.write')
  if (refusal) return refusal
  const [row] = isUuid(id)
    ? await scope.sql`SELECT 1 FROM senders WHERE id = ${id} AND workspace_id = ${scope.workspaceId}`
    : []
  return row ? ok(null) : refuse('not_found', 'There is no such sender.')
}

/** Whether a run's sender is stopped, and by whom: null code for a person. */
export async function stoppedSenderOf(
  scope: Scope,
  campaignId: string,
): Promise<{ senderId: string; code: string | null; reason: string } | undefined> {
  const [row] = await scope.sql<{ id: string; stop_code: string | null; stop_reason: string | null }[]>`
    SELECT s.id, s.stop_code, s.stop_reason FROM runs r JOIN senders s ON s.id = r.sender_id
     WHERE r.campaign_id = ${campaignId} AND r.workspace_id = ${scope.workspaceId} AND s.state = 'stopped'`
  return row && { senderId: row.id, code: row.stop_code, reason: row.stop_reason ?? 'no reason was given' }
}
