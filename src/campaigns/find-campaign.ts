import { and, eq } from 'drizzle-orm'
import { isUuid } from '../platform/ids.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import { campaigns } from './tables.ts'

export type Campaign = typeof campaigns.$inferSelect

/** Loads a campaign of this workspace; another workspace's is not found. */
export async function findCampaign(scope: Scope, id: string): Promise<Result<Campaign, 'not_found'>> {
  return readCampaign(scope, id, false)
}

/** The same, locked until the transaction ends, for verbs that move it. */
export async function lockCampaign(scope: Scope, id: string): Promise<Result<Campaign, 'not_found'>> {
  return readCampaign(scope, id, true)
}

async function readCampaign(scope: Scope, id: string, lock: boolean): Promise<Result<Campaign, 'not_found'>> {
  if (!isUuid(id)) return NOT_FOUND
  const query = scope.db
    .select()
    .from(campaigns)
    .where(and(eq(campaigns.id, id), eq(campaigns.workspaceId, scope.workspaceId)))
  const [campaign] = lock ? await query.for('update') : await query
  return campaign ? ok(campaign) : NOT_FOUND
}

const NOT_FOUND = refuse('not_found', 'There is no such campaign in this workspace.')
