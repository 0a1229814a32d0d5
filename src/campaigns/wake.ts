import type { SenderChange } from '../delivery/index.ts'
import type { Wake } from '../platform/queue.ts'
import { originOf, type Scope } from '../platform/scope.ts'

/**
 * Wakes whoever tends the campaigns, once this transaction is committed. The rows say what is due; this only spares them
 * the wait for the sweep.
 */
export function wakeCampaigns(scope: Scope, wake: Wake, campaignIds: readonly string[]): void {
  const { workspaceId } = scope
  for (const campaignId of campaignIds)
    scope.afterCommit(() =>
      wake('chores', 'tend', { workspaceId, campaignId }, `tend-${campaignId}`, originOf(scope)),
    )
}

/** What follows from a sender's stop or its going on: its campaigns wait with it, or go on with it, as `tell` says. */
export async function followSender(
  scope: Scope,
  wake: Wake,
  change: SenderChange | undefined,
  tell: (scope: Scope, changes: SenderChange[]) => Promise<void>,
): Promise<void> {
  if (!change) return
  await tell(scope, [change])
  wakeCampaigns(scope, wake, change.campaignIds)
}
