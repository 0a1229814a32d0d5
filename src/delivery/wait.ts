import type { Scope } from '../platform/scope.ts'

/** What campaigns wait for by themselves; nothing has to be done. */
export const WAITS = ['daily_allowance', 'provider_away'] as const

/** `until` is when places are free again, or when a provider that gives no clear answer is tried next, about. */
export type Wait = { for: (typeof WAITS)[number]; until: Date }

/** What a campaign that is being sent waits for by itself; undefined where it does not. */
export async function findWait(scope: Scope, campaignId: string): Promise<Wait | undefined> {
  const [row] = await scope.sql<{ allowance_at: string | null; try_at: string | null }[]>`
    SELECT CASE WHEN r.waits_for = 'daily_allowance' THEN r.waits_until END AS allowance_at,
           (SELECT min(s.next_try_at) FROM sender_rests s
             WHERE s.sender_id = r.sender_id AND s.workspace_id = r.workspace_id
               AND s.known_until > ${scope.now.toISOString()}::timestamptz) AS try_at
      FROM runs r WHERE r.campaign_id = ${campaignId} AND r.workspace_id = ${scope.workspaceId}`
  if (row?.allowance_at) return { for: 'daily_allowance', until: new Date(row.allowance_at) }
  return row?.try_at ? { for: 'provider_away', until: new Date(row.try_at) } : undefined
}
