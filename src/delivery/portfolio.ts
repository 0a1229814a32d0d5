import type { Scope } from '../platform/scope.ts'
import type { Tier } from './notice.ts'
import type { SenderReport } from './provider.ts'

/**
 * Keeps how many people a sender's business may reach in a rolling day; the latest word counts. All senders of the
 * business share it; until the platform has named the business, those of one account do.
 */
export async function keepTier(scope: Scope, senderId: string, tier: Tier, heardAt: Date): Promise<void> {
  await scope.sql`
    INSERT INTO portfolios AS p (workspace_id, key, tier, daily_limit, heard_at)
    SELECT s.workspace_id, coalesce(s.portfolio_key, s.account_key), ${tier.tier}, ${tier.limit}::int, ${heardAt.toISOString()}::timestamptz
      FROM senders s WHERE s.id = ${senderId} AND s.workspace_id = ${scope.workspaceId}
    ON CONFLICT (workspace_id, key) DO UPDATE
      SET tier = excluded.tier, daily_limit = excluded.daily_limit, heard_at = excluded.heard_at
      WHERE excluded.heard_at >= p.heard_at`
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
