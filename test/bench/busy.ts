import { asOwner } from '../../src/house.ts'
import type { Stage } from './stage.ts'

const IN_A_SLICE = 500
const INVOICES = 20_000
const EVENTS = 20_000
const BLOCKED = 2_000
const TEMPLATES = 200
const LISTS = 200
const DRAFTS = 500

/**
 * Makes the workspace of a business that has been at it for a year: settled campaigns to all of its contacts, with all that the pages
 * read of them, and much of everything else. Written straight into the rows, without triggers: the books do not balance.
 * @param like a campaign of the same list that is to be sent, of which the others are copies
 */
export async function makeBusy(stage: Stage, like: string, campaigns: number): Promise<void> {
  await asOwner(stage.superuserUrl, stage.house.clock, async ({ sql }) => {
    const connection = await sql.reserve()
    await connection`SET session_replication_role = replica`
    await connection`SET statement_timeout = 0`
    for (let n = 1; n <= campaigns; n++) await addSettled(connection, like, n)
    await addMuch(connection, stage.workspaceId, like)
    await connection`VACUUM (ANALYZE)`
    connection.release()
  })
}

type Connection = Awaited<ReturnType<Stage['house']['database']['sql']['reserve']>>

/** A campaign as it is once it is settled: of a hundred messages, 93 delivered, half of those read, 7 failed. */
async function addSettled(sql: Connection, like: string, n: number): Promise<void> {
  const at = sql`now() - make_interval(days => ${n * 3}::int)`
  const [made] = await sql<{ id: string }[]>`
    INSERT INTO campaigns SELECT (jsonb_populate_record(c, jsonb_build_object('id', gen_random_uuid(), 'name', 'Reminders ' || ${n}::int,
           'state', 'settled', 'created_at', ${at}, 'submitted_at', ${at}, 'settled_at', ${at}, 'starts_at', ${at}))).*
      FROM campaigns c WHERE id = ${like} RETURNING id`
  const id = made!.id
  await sql`INSERT INTO runs SELECT (jsonb_populate_record(r, jsonb_build_object('campaign_id', ${id}::text, 'state', 'stopped', 'starts_at', ${at}))).* FROM runs r WHERE campaign_id = ${like}`
  const [ids] = await sql<{ first: bigint; last: bigint }[]>`
    WITH made AS (
      INSERT INTO messages (workspace_id, campaign_id, contact_id, slice_no, price, state, money, attempts, sent_at, delivered_at, read_at, failed_at)
      SELECT workspace_id, ${id}::uuid, contact_id, slice_no, price, fate.state, CASE fate.state WHEN 'failed' THEN 'released' ELSE 'captured' END, 1,
             fate.at, CASE WHEN fate.state <> 'failed' THEN fate.at END, CASE WHEN fate.state = 'read' THEN fate.at END, CASE WHEN fate.state = 'failed' THEN fate.at END
        FROM messages m, LATERAL (SELECT CASE WHEN m.contact_id % 100 < 7 THEN 'failed' WHEN m.contact_id % 2 = 0 THEN 'read' ELSE 'delivered' END AS state,
             ${at} + make_interval(secs => m.slice_no * 2) AS at) fate
       WHERE m.campaign_id = ${like} ORDER BY m.slice_no, m.id RETURNING id)
    SELECT min(id) AS first, max(id) AS last FROM made`
  const mine = sql`messages m WHERE m.id BETWEEN ${ids!.first}::bigint AND ${ids!.last}::bigint`
  await sql`INSERT INTO message_counts (campaign_id, workspace_id, state, n) SELECT campaign_id, workspace_id, state, count(*) FROM ${mine} GROUP BY 1, 2, 3`
  await sql`
    INSERT INTO slices (campaign_id, slice_no, workspace_id, due_at, done_at, closed_at)
    SELECT ${id}::uuid, slice_no, workspace_id, ${at}, ${at}, ${at} FROM slices WHERE campaign_id = ${like}`
  await sql`
    INSERT INTO recipients (message_id, workspace_id, campaign_id, phone, variables)
    SELECT m.id, m.workspace_id, m.campaign_id, c.phone, c.variables || jsonb_build_object('name', c.name)
      FROM contacts c, ${mine} AND c.id = m.contact_id`
  await sql`
    INSERT INTO attempts (message_id, attempt_no, workspace_id, worker, claimed_at, dispatched_at, outcome, provider_message_id, resolved_at)
    SELECT m.id, 1, m.workspace_id, 'busy', m.sent_at, m.sent_at, 'accepted', gen_random_uuid()::text, m.sent_at FROM ${mine}`
  await sql`
    INSERT INTO receipts (message_id, attempt_no, status, workspace_id, occurred_at, webhook_id)
    SELECT m.id, 1, s.status, m.workspace_id, m.sent_at, 1
      FROM unnest(ARRAY['sent','delivered','read']) AS s(status), ${mine} AND (s.status = 'sent' OR m.state = 'read' OR m.state = s.status)`
  await sql`
    INSERT INTO charges (message_id, workspace_id, campaign_id, amount, transfer_id, reason, attempt_no, status)
    SELECT m.id, m.workspace_id, m.campaign_id, m.price, gen_random_uuid(), 'regular', 1, 'delivered' FROM ${mine} AND m.money = 'captured'`
  await sql`
    INSERT INTO transfers (id, workspace_id, currency, debit_id, credit_id, amount, kind, campaign_id, n_items, actor, created_at)
    SELECT gen_random_uuid(), t.workspace_id, t.currency, t.credit_id, t.debit_id, greatest(1, t.amount / s.parts), s.kind, ${id}::uuid, ${IN_A_SLICE}::int, 'system:fold', ${at}
      FROM transfers t, (VALUES ('reserve', 1), ('release', 10), ('capture', 190)) AS s(kind, parts), LATERAL generate_series(1, s.parts)
     WHERE t.campaign_id = ${like} AND t.kind = 'reserve'`
}

async function addMuch(sql: Connection, workspaceId: string, like: string): Promise<void> {
  await sql`
    INSERT INTO campaigns SELECT (jsonb_populate_record(c, jsonb_build_object('id', gen_random_uuid(), 'name', 'Idea ' || n, 'state', 'cancelled'))).*
      FROM campaigns c, generate_series(1, ${DRAFTS}::int) n WHERE c.id = ${like}`
  await sql`
    INSERT INTO templates SELECT (jsonb_populate_record(t, jsonb_build_object('id', gen_random_uuid(), 'name', 'Words ' || n))).*
      FROM templates t, generate_series(1, ${TEMPLATES}::int) n WHERE t.id = (SELECT template_id FROM campaigns WHERE id = ${like})`
  await sql`
    WITH made AS (INSERT INTO lists (id, workspace_id, name, created_at)
      SELECT gen_random_uuid(), ${workspaceId}::uuid, 'Group ' || n, now() - interval '1 year' FROM generate_series(1, ${LISTS}::int) n RETURNING id)
    INSERT INTO list_members (workspace_id, list_id, contact_id)
    SELECT ${workspaceId}::uuid, made.id, c.id FROM made, LATERAL (SELECT id FROM contacts WHERE workspace_id = ${workspaceId} LIMIT 500) c`
  await sql`
    INSERT INTO suppressions (id, workspace_id, phone, scope, reason, created_by, created_at)
    SELECT gen_random_uuid(), ${workspaceId}::uuid, '+62855' || lpad(n::text, 8, '0'), 'all', 'asked for it ' || n, 'bench', now()
      FROM generate_series(1, ${BLOCKED}::int) n`
  await sql`
    INSERT INTO invoices (id, workspace_id, number, contact_id, currency, amount, due_date, state, source, created_at, updated_at)
    SELECT gen_random_uuid(), ${workspaceId}::uuid, 'INV-' || lpad((row_number() OVER ())::text, 6, '0'), c.id, 'USD', 1500000, current_date - (c.id % 120)::int, 'open', 'api', now(), now()
      FROM (SELECT id FROM contacts WHERE workspace_id = ${workspaceId} LIMIT ${INVOICES}::int) c`
  await sql`
    INSERT INTO audit_events (id, workspace_id, actor, action, subject, facts, at)
    SELECT gen_random_uuid(), ${workspaceId}::uuid, 'key:bench', (ARRAY['campaign.edited','template.saved','contact.changed'])[n % 3 + 1],
           'campaign:' || ${like}::text, jsonb_build_object('changed', 'name ' || n), now() - make_interval(secs => n) FROM generate_series(1, ${EVENTS}::int) n`
}
