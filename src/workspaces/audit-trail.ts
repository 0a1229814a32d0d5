import { newId } from '../platform/ids.ts'
import type { Scope } from '../platform/scope.ts'
import { auditEvents } from './tables.ts'

/**
 * Appends to the trail, in the transaction of the act itself, who did what to which thing.
 * @param action a noun and a verb: `campaign.approved`
 * @param subject the thing, as `campaign:<id>`
 * @param facts what matters of before and after; JSON-safe, ids and figures and never a phone number or a text
 */
export async function recordEvent(
  scope: Scope,
  action: string,
  subject: string,
  facts: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  await scope.db.insert(auditEvents).values({
    id: newId(scope.now.getTime()),
    workspaceId: scope.workspaceId,
    actor: scope.actor.name,
    action,
    subject,
    facts,
    requestId: scope.requestId,
    at: scope.now.toISOString(),
  })
}
