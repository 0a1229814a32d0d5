import type { Scope } from '../platform/scope.ts'
import type { Tier } from './notice.ts'
import type { SenderReport } from './provider.ts'

/**
 * Keeps how many people a sender's business may reach in a rolling day; the latest word counts. All senders of the
 * business share it; until the platform has named the business, those of one account do.
 */
export async function keepTier(scope: Scope, senderId: string, tier: Tier, heardAt: Date): Promise<void> {
  const [changed] = await scope.sql<{ key: string }[]>`
    INSERT INTO portfolios AS p (workspace_id, key, tier, daily_limit, heard_at)
    SELECT s.workspace_id, coalesce(s.portfolio_key, s.account_key), ${tier.tier}, ${tier.limit}::int, ${heardAt.toISOString()}::timestamptz
      FROM senders s WHERE s.id = ${senderId} AND s.workspace_id = ${scope.workspaceId}
    ON CONFLICT (workspace_id, key) DO UPDATE
      SET tier = excluded.tier, daily_limit = excluded.daily_limit, heard_at = excluded.heard_at
      WHERE excluded.heard_at >= p.heard_at
    RETURNING p.key`
  if (changed) await wakeWaiting(scope, changed.key)
}

/** What waits for the allowance looks again at once: it may have grown. */
async function wakeWaiting(scope: Scope, key: string): Promise<void> {
  await scope.sql`
    UPDATE slices l SET due_at = ${scope.now.toISOString()}::timestamptz
      FROM runs r JOIN senders s ON s.id = r.sender_id
     WHERE r.workspace_id = ${scope.workspaceId} AND r.waits_for = 'daily_allowance'
       AND coalesce(s.portfolio_key, s.account_key) = ${key} AND l.campaign_id = r.campaign_id
       AND l.done_at IS NULL AND l.due_at = r.waits_until`
}

/** Keeps what a check learnt: to which business the account belongs, how many people it may reach, and that it was asked. */
export async function keepPortfolio(
  scope: Scope,
  senderId: string,
  facts: SenderReport['facts'],
): Promise<void> {
  await scope.sql`
    UPDATE senders SET checked_at = ${scope.now.toISOString()}::timestamptz, portfolio_key = coalesce(${facts.portfolioId ?? null}, portfolio_key)
     WHERE id = ${senderId} AND workspace_id = ${scope.workspaceId}`
  if (facts.tier) await keepTier(scope, senderId, facts.tier, scope.now)
}
