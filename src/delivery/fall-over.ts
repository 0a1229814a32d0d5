import { listOf } from '../platform/db.ts'
import type { Scope } from '../platform/scope.ts'
import { release } from '../wallet/index.ts'
import { type AudienceQuery, audienceHash, type Frozen, insertRun, type NewRun } from './materialise.ts'
import { findProvider } from './providers/index.ts'
import { findRun } from './run.ts'

/**
 * Freezes a fall-over: its run without a message yet, the money that is kept for those to come, and what each contact's
 * would cost.
 * @param spareMinor reserved for it, in 1/10,000 units: no more is ever spent on it
 */
export async function openFallOver(
  scope: Scope,
  run: NewRun,
  spareMinor: bigint,
  audience: AudienceQuery,
): Promise<Frozen> {
  await insertRun(scope, run, spareMinor)
  const [frozen] = await scope.sql<{ count: number; total: bigint; hash: string }[]>`
    WITH audience AS MATERIALIZED (${audience}),
    terms AS (
      INSERT INTO fallback_terms (campaign_id, contact_id, workspace_id, price)
      SELECT ${run.campaignId}::uuid, contact_id, ${scope.workspaceId}::uuid, price FROM audience)
    SELECT count(*)::int AS count, coalesce(sum(price), 0)::bigint AS total, ${audienceHash(scope)} AS hash FROM audience`
  return { count: frozen!.count, totalMinor: frozen!.total, audienceHash: frozen!.hash }
}

const MOST_AT_ONCE = 1_000

/**
 * Gives each message of a campaign that failed for a reason that another channel can mend its one successor in the
 * fall-over, in the order of the messages until the money that is kept for it ends. Who opted out, was erased, has paid
 * or could not be priced gets none. The rows say who had one: a worker that is killed leaves nothing done twice or half.
 * @returns how many fell over now
 */
export async function fallOver(scope: Scope, fromCampaignId: string, toCampaignId: string): Promise<number> {
  const [from, to] = [await findRun(scope, fromCampaignId), await findRun(scope, toCampaignId)]
  const codes = from ? (findProvider(from.provider)?.mendedElsewhere ?? []) : []
  if (!from || !to || codes.length === 0) return 0
  const now = scope.now.toISOString()
  const [kept] = await scope.sql<{ spare: bigint; slice_no: number }[]>`
    SELECT r.spare, (SELECT coalesce(max(slice_no), 0)::int FROM slices s WHERE s.campaign_id = r.campaign_id) AS slice_no
      FROM runs r WHERE r.campaign_id = ${toCampaignId} AND r.workspace_id = ${scope.workspaceId} FOR UPDATE`
  const [fallen] = await scope.sql<{ count: number }[]>`
    WITH failed AS MATERIALIZED (
      SELECT m.id, m.contact_id, t.price, r.phone, r.time_zone, r.variables
        FROM messages m
        JOIN recipients r ON r.message_id = m.id
        JOIN fallback_terms t ON t.campaign_id = ${toCampaignId} AND t.contact_id = m.contact_id
       WHERE m.campaign_id = ${fromCampaignId} AND m.workspace_id = ${scope.workspaceId} AND m.state = 'failed'
         AND m.reason = ANY(${listOf([...codes])}::text[]) AND m.stopped IS NULL
         AND NOT EXISTS (SELECT 1 FROM fallbacks f WHERE f.message_id = m.id)
         AND NOT EXISTS (
           SELECT 1 FROM suppressions s WHERE s.workspace_id = ${scope.workspaceId} AND s.phone = r.phone
              AND (s.scope = 'all' OR s.scope = ${to.category})
              AND (s.expires_at IS NULL OR s.expires_at > ${now}::timestamptz))
       ORDER BY m.id LIMIT ${MOST_AT_ONCE} FOR NO KEY UPDATE OF m),
    paid AS MATERIALIZED (
      SELECT f.*, nextval('messages_id_seq') AS next_id, ${kept!.slice_no}::int + (dense_rank() OVER (ORDER BY time_zone))::int AS slice_no
        FROM (SELECT *, sum(price) OVER (ORDER BY id) AS running FROM failed) f WHERE running <= ${kept!.spare}),
    new_slices AS (
      INSERT INTO slices (campaign_id, slice_no, workspace_id, time_zone, due_at)
      SELECT DISTINCT ${toCampaignId}::uuid, slice_no, ${scope.workspaceId}::uuid, time_zone, ${now}::timestamptz FROM paid),
    new_messages AS (
      INSERT INTO messages (id, workspace_id, campaign_id, contact_id, slice_no, price, on_acceptance)
      OVERRIDING SYSTEM VALUE
      SELECT next_id, ${scope.workspaceId}::uuid, ${toCampaignId}::uuid, contact_id, slice_no, price,
             ${to.chargeOn === 'accepted'} FROM paid ORDER BY next_id),
    new_recipients AS (
      INSERT INTO recipients (message_id, workspace_id, campaign_id, phone, time_zone, variables)
      SELECT next_id, ${scope.workspaceId}::uuid, ${toCampaignId}::uuid, phone, time_zone, variables FROM paid),
    noted AS (
      INSERT INTO fallbacks (message_id, next_message_id, workspace_id, campaign_id, created_at)
      SELECT id, next_id, ${scope.workspaceId}::uuid, ${toCampaignId}::uuid, ${now}::timestamptz FROM paid),
    spent AS (
      UPDATE runs SET spare = spare - (SELECT coalesce(sum(price), 0)::bigint FROM paid)
       WHERE campaign_id = ${toCampaignId} AND EXISTS (SELECT 1 FROM paid))
    SELECT count(*)::int AS count FROM paid`
  return fallen!.count
}

/** Gives back what was kept for messages that will not come. Doing it again is harmless. */
export async function releaseSpare(scope: Scope, campaignId: string): Promise<void> {
  const run = await findRun(scope, campaignId)
  if (!run) return
  const [kept] = await scope.sql<{ spare: bigint }[]>`
    UPDATE runs r SET spare = 0 FROM (
      SELECT campaign_id, spare FROM runs WHERE campaign_id = ${campaignId} AND workspace_id = ${scope.workspaceId}
         AND spare > 0 FOR UPDATE) was
     WHERE r.campaign_id = was.campaign_id RETURNING was.spare`
  if (kept) await release(scope, { ...run, amountMinor: kept.spare, nItems: 1, reason: 'not_needed' })
}
