import { asOwner } from '../../src/house.ts'
import type { Stage } from './stage.ts'

const IN_A_CAMPAIGN = 100_000
const IN_A_SLICE = 500

/**
 * Puts so many older messages beside those that are measured: sent, delivered, read, charged and closed, in campaigns of
 * a hundred thousand. Written straight into the rows, without triggers, so that their books do not balance: the audit
 * is for before.
 */
export async function makeHistory(stage: Stage, messages: number): Promise<void> {
  await asOwner(stage.superuserUrl, stage.house.clock, async ({ sql }) => {
    const connection = await sql.reserve()
    await connection`SET session_replication_role = replica`
    await connection`SET statement_timeout = 0`
    for (let left = messages; left > 0; left -= IN_A_CAMPAIGN)
      await addCampaign(connection, stage.workspaceId, Math.min(left, IN_A_CAMPAIGN))
    await connection`VACUUM (ANALYZE)`
    connection.release()
  })
}

type Connection = Awaited<ReturnType<Stage['house']['database']['sql']['reserve']>>

async function addCampaign(sql: Connection, workspaceId: string, size: number): Promise<void> {
  const [run] = await sql<{ id: string }[]>`
    INSERT INTO runs (campaign_id, workspace_id, sender_id, hold_id, currency, model, category, template, state, starts_at, send_before, lifetime_seconds)
    SELECT gen_random_uuid(), workspace_id, sender_id, hold_id, currency, model, category, template, 'stopped',
           now() - interval '90 days', now() - interval '89 days', lifetime_seconds
      FROM runs WHERE workspace_id = ${workspaceId} LIMIT 1 RETURNING campaign_id AS id`
  const campaignId = run!.id
  const [ids] = await sql<{ first: bigint; last: bigint }[]>`
    WITH m AS (
      INSERT INTO messages (workspace_id, campaign_id, contact_id, slice_no, price, state, money, attempts, sent_at, delivered_at, read_at)
      SELECT ${workspaceId}::uuid, ${campaignId}::uuid, i, (i - 1) / ${IN_A_SLICE}::int + 1, 3566500, 'read', 'captured', 1,
             now() - interval '90 days', now() - interval '90 days', now() - interval '90 days'
        FROM generate_series(1, ${size}::int) i RETURNING id)
    SELECT min(id) AS first, max(id) AS last FROM m`
  const range = sql`generate_series(${ids!.first}::bigint, ${ids!.last}::bigint) AS id`
  await sql`
    INSERT INTO slices (campaign_id, slice_no, workspace_id, due_at, done_at, closed_at)
    SELECT ${campaignId}::uuid, n, ${workspaceId}::uuid, now() - interval '90 days', now() - interval '90 days', now() - interval '60 days'
      FROM generate_series(1, ${Math.ceil(size / IN_A_SLICE)}::int) n`
  await sql`
    INSERT INTO recipients (message_id, workspace_id, campaign_id, phone, variables)
    SELECT id, ${workspaceId}::uuid, ${campaignId}::uuid, '+62812' || lpad((id % 1000000000)::text, 9, '0'),
           jsonb_build_object('name', 'Siti Rahmawati ' || id, 'invoice', 'INV-2026-' || id, 'amount', '150000', 'due_date', '2026-08-01')
      FROM ${range}`
  await sql`
    INSERT INTO attempts (message_id, attempt_no, workspace_id, worker, claimed_at, dispatched_at, outcome, provider_message_id, resolved_at)
    SELECT id, 1, ${workspaceId}::uuid, 'history', now() - interval '90 days', now() - interval '90 days', 'accepted', gen_random_uuid()::text,
           now() - interval '90 days' FROM ${range}`
  await sql`
    INSERT INTO receipts (message_id, attempt_no, status, workspace_id, occurred_at, webhook_id)
    SELECT id, 1, status, ${workspaceId}::uuid, now() - interval '90 days', 1
      FROM ${range}, unnest(ARRAY['sent','delivered','read']) AS status`
  await sql`
    INSERT INTO charges (message_id, workspace_id, campaign_id, amount, transfer_id, reason, attempt_no, status)
    SELECT id, ${workspaceId}::uuid, ${campaignId}::uuid, 3566500, gen_random_uuid(), 'regular', 1, 'delivered' FROM ${range}`
}
