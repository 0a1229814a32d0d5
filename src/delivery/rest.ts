import type { Scope } from '../platform/scope.ts'

/** After a rest a worker tries, and has its answer, within so long; of one that was killed nothing is known by then. */
export const HEARD_WITHIN_MS = 40_000

/** Notes that a worker leaves a sender's provider alone for so long, and forgets those whose time is over. */
export async function noteRest(
  scope: Scope,
  { senderId, worker, forMs }: { senderId: string; worker: string; forMs: number },
): Promise<void> {
  const nextTry = new Date(scope.now.getTime() + forMs)
  const knownUntil = new Date(nextTry.getTime() + HEARD_WITHIN_MS)
  await scope.sql`
    DELETE FROM sender_rests WHERE sender_id = ${senderId} AND workspace_id = ${scope.workspaceId}
       AND known_until <= ${scope.now.toISOString()}::timestamptz`
  await scope.sql`
    INSERT INTO sender_rests (sender_id, worker, workspace_id, next_try_at, known_until)
    VALUES (${senderId}, ${worker}, ${scope.workspaceId}, ${nextTry.toISOString()}, ${knownUntil.toISOString()})
    ON CONFLICT (sender_id, worker) DO UPDATE
      SET next_try_at = excluded.next_try_at, known_until = excluded.known_until`
}

/** Notes that a worker has had a clear answer from a sender's provider again. */
export async function endRest(
  scope: Scope,
  { senderId, worker }: { senderId: string; worker: string },
): Promise<void> {
  await scope.sql`
    DELETE FROM sender_rests
     WHERE sender_id = ${senderId} AND worker = ${worker} AND workspace_id = ${scope.workspaceId}`
}
