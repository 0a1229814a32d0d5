import type { Scope } from '../platform/scope.ts'

/**
 * Takes a person out of every message: number and values go, and with them what is not yet sent. Messages, charges and
 * transfers stay, because the books refer to them, and tell nothing of the person.
 * @param contactId of a contact that is being erased in the same transaction
 * @returns how many messages named the person
 */
export async function forgetRecipient(scope: Scope, contactId: bigint): Promise<number> {
  const gone = await scope.sql`
    DELETE FROM recipients p USING runs r, messages m
     WHERE r.workspace_id = ${scope.workspaceId} AND m.campaign_id = r.campaign_id AND m.contact_id = ${contactId}
       AND p.message_id = m.id
    RETURNING p.message_id`
  return gone.length
}
