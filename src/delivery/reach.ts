import type { Scope } from '../platform/scope.ts'
import type { Run } from './run.ts'

const DAY_MS = 24 * 60 * 60 * 1_000
/** Where the allowance is used up, the campaign waits until about so many more people may be reached. */
const WORTH_WAITING_FOR = 100
/** Where nobody may be reached at all, it is looked at again after this long. */
const NOBODY_MS = 60 * 60 * 1_000

/** A portfolio's daily allowance that a run must keep to; undefined where there is no limit. */
type Limited = { key: string; limit: number }

export type Reached =
  | { kind: 'unlimited' }
  /** Who stands in the portfolio's reach may be written to; the others of the slice wait. */
  | { kind: 'reserved'; portfolioKey: string }
  | { kind: 'used_up'; until: Date }

/**
 * Reserves, for the people of a slice, places among those whom the business may reach in a rolling day. All numbers of
 * the business share them, and somebody who was written to within the day takes no second place. Where none is left the
 * run waits, which is a normal state: it says so, and goes on by itself.
 */
export async function reserveReach(scope: Scope, run: Run, sliceNo: number): Promise<Reached> {
  const limited = await lockPortfolio(scope, run.senderId)
  if (!limited) return { kind: 'unlimited' }
  const since = new Date(scope.now.getTime() - DAY_MS).toISOString()
  await scope.sql`
    DELETE FROM portfolio_reach WHERE workspace_id = ${scope.workspaceId} AND portfolio_key = ${limited.key}
       AND reached_at <= ${since}::timestamptz`
  const taken = await takePlaces(scope, run, sliceNo, limited)
  if (taken.reserved > 0 || taken.due === 0) {
    await scope.sql`
      UPDATE runs SET waits_for = NULL WHERE campaign_id = ${run.campaignId} AND workspace_id = ${scope.workspaceId} AND waits_for IS NOT NULL`
    return { kind: 'reserved', portfolioKey: limited.key }
  }
  const until = await nextFree(scope, limited, taken.due)
  await waitUntil(scope, run, until)
  return { kind: 'used_up', until }
}

async function lockPortfolio(scope: Scope, senderId: string): Promise<Limited | undefined> {
  const [row] = await scope.sql<{ key: string; daily_limit: number }[]>`
    SELECT p.key, p.daily_limit FROM senders s
      JOIN portfolios p ON p.workspace_id = s.workspace_id AND p.key = coalesce(s.portfolio_key, s.account_key)
     WHERE s.id = ${senderId} AND s.workspace_id = ${scope.workspaceId} AND p.daily_limit IS NOT NULL FOR NO KEY UPDATE OF p`
  return row && { key: row.key, limit: row.daily_limit }
}

async function takePlaces(
  scope: Scope,
  run: Run,
  sliceNo: number,
  { key, limit }: Limited,
): Promise<{ due: number; reserved: number }> {
  const now = scope.now.toISOString()
  const [row] = await scope.sql<{ due: number; reserved: number }[]>`
    WITH due AS MATERIALIZED (
      SELECT m.contact_id FROM messages m
       WHERE m.campaign_id = ${run.campaignId} AND m.slice_no = ${sliceNo} AND m.workspace_id = ${scope.workspaceId}
         AND m.state = 'queued' AND m.stopped IS NULL AND (m.not_before IS NULL OR m.not_before <= ${now}::timestamptz)),
    used AS MATERIALIZED (
      SELECT count(*)::int AS n FROM portfolio_reach WHERE workspace_id = ${scope.workspaceId} AND portfolio_key = ${key}),
    again AS (
      UPDATE portfolio_reach r SET reached_at = ${now}::timestamptz FROM due d
       WHERE r.workspace_id = ${scope.workspaceId} AND r.portfolio_key = ${key} AND r.contact_id = d.contact_id
      RETURNING r.contact_id),
    new AS (
      INSERT INTO portfolio_reach (workspace_id, portfolio_key, contact_id, reached_at)
      SELECT ${scope.workspaceId}::uuid, ${key}, d.contact_id, ${now}::timestamptz FROM due d
       WHERE d.contact_id NOT IN (SELECT contact_id FROM again) ORDER BY d.contact_id
       LIMIT greatest(0, ${limit}::int - (SELECT n FROM used))
      RETURNING contact_id)
    SELECT (SELECT count(*)::int FROM due) AS due,
           (SELECT count(*)::int FROM again) + (SELECT count(*)::int FROM new) AS reserved`
  return row!
}

/** When enough places are free again: the oldest ones end a day after they were taken. */
async function nextFree(scope: Scope, { key }: Limited, due: number): Promise<Date> {
  const [row] = await scope.sql<{ at: string | null }[]>`
    SELECT max(reached_at) AS at FROM (
      SELECT reached_at FROM portfolio_reach WHERE workspace_id = ${scope.workspaceId} AND portfolio_key = ${key}
       ORDER BY reached_at LIMIT ${Math.min(due, WORTH_WAITING_FOR)}) oldest`
  return row?.at ? new Date(new Date(row.at).getTime() + DAY_MS) : new Date(scope.now.getTime() + NOBODY_MS)
}

/** All that is still to be sent of the campaign waits together, and the campaign says what for. */
async function waitUntil(scope: Scope, run: Run, until: Date): Promise<void> {
  await scope.sql`
    UPDATE slices SET due_at = ${until.toISOString()}::timestamptz
     WHERE campaign_id = ${run.campaignId} AND workspace_id = ${scope.workspaceId} AND done_at IS NULL AND lease_until IS NULL
       AND due_at < ${until.toISOString()}::timestamptz`
  await scope.sql`
    UPDATE runs SET waits_for = 'daily_allowance', waits_until = ${until.toISOString()}::timestamptz
     WHERE campaign_id = ${run.campaignId} AND workspace_id = ${scope.workspaceId}`
}

/** Until when a campaign has waited for its allowance, or waits: its time to be sent counts from then. */
export async function waitedUntil(scope: Scope, campaignId: string): Promise<Date | undefined> {
  const [row] = await scope.sql<{ waits_until: string | null }[]>`
    SELECT waits_until FROM runs WHERE campaign_id = ${campaignId} AND workspace_id = ${scope.workspaceId}`
  return row?.waits_until ? new Date(row.waits_until) : undefined
}

/** How many people a sender's business may reach in a rolling day, and how many of them are taken now. */
export type Allowance = { tier: string; limit: number; used: number }

/** @returns undefined where there is no limit, or none is known */
export async function findAllowance(scope: Scope, senderId: string): Promise<Allowance | undefined> {
  const since = new Date(scope.now.getTime() - DAY_MS).toISOString()
  const [row] = await scope.sql<Allowance[]>`
    SELECT p.tier, p.daily_limit AS limit,
           (SELECT count(*)::int FROM portfolio_reach r WHERE r.workspace_id = p.workspace_id AND r.portfolio_key = p.key
               AND r.reached_at > ${since}::timestamptz) AS used
      FROM senders s JOIN portfolios p ON p.workspace_id = s.workspace_id AND p.key = coalesce(s.portfolio_key, s.account_key)
     WHERE s.id = ${senderId} AND s.workspace_id = ${scope.workspaceId} AND p.daily_limit IS NOT NULL`
  return row
}
