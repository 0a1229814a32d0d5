import type { Scope } from '../platform/scope.ts'

/**
 * Takes a person out of their invoices: what the sheet told of them goes. The figures stay, because the books of the
 * business refer to them.
 */
export async function forgetDebtor(scope: Scope, contactId: bigint): Promise<void> {
  await scope.sql`
    UPDATE invoices SET variables = '{}', pay_link = NULL, attachment = NULL, updated_at = ${scope.now.toISOString()}::timestamptz
     WHERE contact_id = ${contactId} AND workspace_id = ${scope.workspaceId}`
}
