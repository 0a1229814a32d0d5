import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Database, openDatabase, sqlState } from '../../src/platform/db.ts'
import { type Clinic, fund, launch, makeParts, openClinic, patients } from '../campaigns/clinic.ts'
import { openPostOffice, send } from '../campaigns/post.ts'
import { playThrough } from '../reports/play.ts'

let clinic: Clinic
let shop: Clinic
let superuser: Database
let tables: string[]

/** Rows that no day at the clinic leaves behind, so that these tables are not empty either. */
const LEFT_BEHIND = [
  `INSERT INTO notice_endpoints (id, workspace_id, kind, target, created_at) VALUES (gen_random_uuid(), :here, 'email', 'a@b.co', now())`,
  `INSERT INTO notice_cursors VALUES (:here, pg_current_xact_id(), gen_random_uuid())`,
  `INSERT INTO notices VALUES (gen_random_uuid(), :here, 'ping', '{}', now())`,
  `INSERT INTO notice_deliveries (id, workspace_id, endpoint_id, notice_id, try_at, created_at)
   SELECT gen_random_uuid(), :here, e.id, n.id, now(), now() FROM notice_endpoints e, notices n WHERE e.workspace_id = :here`,
  `INSERT INTO payment_gateways VALUES (gen_random_uuid(), :here, 'stripe', 'shop', '{}', '\\x00', now())`,
  `INSERT INTO gateway_events (id, workspace_id, gateway_id, event_id, kind, says, outcome, body_sha256, received_at)
     SELECT gen_random_uuid(), :here, id, 'e1', 'other', 'x', 'nothing', sha256('x'), now() FROM payment_gateways WHERE workspace_id = :here`,
  `INSERT INTO decency_rules VALUES (:here, 'ID', 'reminder', '[]', true, 'house', '2026-01-01', 'key:budi', now())`,
  `INSERT INTO holiday_calendars VALUES (:here, 'ID', 2028, 'house', '[]', 'key:budi', now())`,
  `INSERT INTO decency_settings VALUES (:here, 'reminder', 3, 7, 'key:budi', now())`,
  `INSERT INTO suppressions VALUES (gen_random_uuid(), :here, '+628120000001', 'all', 'asked', NULL, 'key:budi', now())`,
  `INSERT INTO idempotency_keys (workspace_id, key, request_hash, created_at) VALUES (:here, 'k', '\\x00', now())`,
  `INSERT INTO imports (id, workspace_id, created_by, state, kind, file_name, byte_size, sha256, created_at)
   VALUES ('00000000-0000-7000-8000-000000000001', :here, 'key:budi', 'reading', 'contacts', 'a.csv', 1, sha256('a'), now())`,
  `INSERT INTO import_chunks VALUES (:here, '00000000-0000-7000-8000-000000000001', 0, 'a')`,
  `INSERT INTO import_problems (workspace_id, import_id, "row", code, message) VALUES (:here, '00000000-0000-7000-8000-000000000001', 2, 'x', 'x')`,
  `INSERT INTO import_rejected_rows VALUES (:here, '00000000-0000-7000-8000-000000000001', 2, '[]')`,
  `INSERT INTO parked_receipts (workspace_id, sender_id, webhook_id, status_update) SELECT :here, id, 1, '{}' FROM senders WHERE workspace_id = :here LIMIT 1`,
  `INSERT INTO quote_exclusions SELECT id, workspace_id, 1, 'opted_out' FROM quotes WHERE workspace_id = :here LIMIT 1`,
  `INSERT INTO approval_requests SELECT id, digest, workspace_id, 1, '{amount}', 1, now()
     FROM campaigns WHERE workspace_id = :here LIMIT 1`,
  `INSERT INTO approvals SELECT gen_random_uuid(), workspace_id, id, digest, 'key:sari', 'approve', NULL, 1, now()
     FROM campaigns WHERE workspace_id = :here LIMIT 1`,
  `INSERT INTO platform_templates (id, workspace_id, account_id, name, language, status, status_at, category, category_at, created_at)
   VALUES (gen_random_uuid(), :here, '1', 'due', 'en', 'approved', now(), 'utility', now(), now())`,
  `INSERT INTO invoices (id, workspace_id, number, contact_id, currency, amount, due_date, state, source, created_at, updated_at)
   SELECT '00000000-0000-7000-8000-000000000020', :here, 'INV-1', id, 'IDR', 10000, '2026-12-01', 'open', 'api', now(), now()
     FROM contacts WHERE workspace_id = :here LIMIT 1`,
  `INSERT INTO payment_links (id, workspace_id, invoice_id, gateway_id, reference, amount, currency, state, try_at, created_at)
   SELECT gen_random_uuid(), :here, '00000000-0000-7000-8000-000000000020', id, 'r1', 1, 'IDR', 'wanted', now(), now()
     FROM payment_gateways WHERE workspace_id = :here`,
  `INSERT INTO invoice_payments VALUES (gen_random_uuid(), :here, '00000000-0000-7000-8000-000000000020', 1, 'api', 'p1', now(), 'key:budi', now())`,
  `INSERT INTO invoice_events (workspace_id, invoice_id, kind, to_state, actor, at) VALUES (:here, '00000000-0000-7000-8000-000000000020', 'created', 'open', 'key:budi', now())`,
  `INSERT INTO sequences (id, workspace_id, name, state, sender_id, country, when_short, steps, editors, created_at, updated_at)
   SELECT '00000000-0000-7000-8000-000000000021', :here, 'Ladder', 'draft', id, 'ID', 'block', '[]', '{key:budi}', now(), now()
     FROM senders WHERE workspace_id = :here LIMIT 1`,
  `INSERT INTO standing_approvals (id, workspace_id, subject_id, digest, approver, cap_run, cap_day, cap_month, created_at)
   VALUES ('00000000-0000-7000-8000-000000000023', :here, '00000000-0000-7000-8000-000000000021', sha256('a'), 'key:sari', 1, 1, 1, now())`,
  `INSERT INTO reminder_runs SELECT id, :here, '00000000-0000-7000-8000-000000000021', '00000000-0000-7000-8000-000000000023', 'due', '2026-12-01', '2026-12-01', now()
     FROM campaigns WHERE workspace_id = :here LIMIT 1`,
  `INSERT INTO reminders (sequence_id, step_key, invoice_id, workspace_id, contact_id, state, reason, nominal_day, amount, created_at, updated_at)
   SELECT '00000000-0000-7000-8000-000000000021', 'due', id, :here, contact_id, 'skipped', 'missed', '2026-12-01', 1, now(), now() FROM invoices WHERE workspace_id = :here`,
  `INSERT INTO platform_notices (workspace_id, sender_id, webhook_id, field, value, digest, occurred_at)
   SELECT :here, id, 1, 'account_update', '{}', sha256('a'), now() FROM senders WHERE workspace_id = :here LIMIT 1`,
  `INSERT INTO portfolios VALUES (:here, '1', 'TIER_250', 250, now())`,
  `INSERT INTO sender_rests SELECT id, 'wati', :here, now(), now() FROM senders WHERE workspace_id = :here LIMIT 1`,
  `INSERT INTO portfolio_reach VALUES (:here, '1', 1, now())`,
  `INSERT INTO contact_handles VALUES (:here, 1, 'user_id', 'ID.1', now())`,
  `INSERT INTO wishes VALUES (:here, 'ID.1', 'all', 'stop', now(), 'wrote STOP')`,
  `INSERT INTO inbound_messages (workspace_id, sender_id, webhook_id, provider_message_id, kind, occurred_at)
   SELECT :here, id, 1, 'wamid.in', 'text', now() FROM senders WHERE workspace_id = :here LIMIT 1`,
  `INSERT INTO people.persons VALUES ('00000000-0000-7000-8000-00000000000a', 'budi@example.com', 'Budi', '$argon2id$', NULL, NULL, 0, now())`,
  `INSERT INTO members VALUES (gen_random_uuid(), :here, '00000000-0000-7000-8000-00000000000a', 'budi@example.com', 'Budi', 'marketer', now())`,
  `INSERT INTO invitations VALUES (gen_random_uuid(), :here, 'joko@example.com', 'viewer', sha256('a'), 'operator', now(), now())`,
  `INSERT INTO price_changes (id, workspace_id, campaign_id, from_category, to_category, from_state, state, created_at, decided_at)
   SELECT gen_random_uuid(), :here, id, 'utility', 'marketing', 'scheduled', 'withdrawn', now(), now() FROM campaigns WHERE workspace_id = :here LIMIT 1`,
  `INSERT INTO template_fetches (workspace_id, account_id, sender_id, try_at) SELECT :here, '1', id, now() FROM senders WHERE workspace_id = :here LIMIT 1`,
  `INSERT INTO recurrences (id, workspace_id, name, state, template_id, sender_id, list_id, rule, starts_at, time_zone, when_short, editors, created_at, updated_at)
   SELECT '00000000-0000-7000-8000-000000000024', :here, 'Weekly', 'draft', template_id, sender_id, list_id, '{}', '2026-12-01T09:00:00', 'Asia/Jakarta', 'block', '{key:budi}', now(), now()
     FROM campaigns WHERE workspace_id = :here LIMIT 1`,
  `INSERT INTO occurrences VALUES ('00000000-0000-7000-8000-000000000024', now(), :here, 'skipped', 'missed', NULL, now(), now())`,
  `INSERT INTO media VALUES ('00000000-0000-7000-8000-000000000025', :here, 'document', 'application/pdf', 'a.pdf', 1, sha256('a'), 'a', 'key:budi', now())`,
  `INSERT INTO media_uploads SELECT id, '00000000-0000-7000-8000-000000000025', :here, '1', 'http://a', now(), now() + interval '1 day'
     FROM senders WHERE workspace_id = :here LIMIT 1`,
  `INSERT INTO forewarnings VALUES (:here, current_date, current_date, 1)`,
  `INSERT INTO seals VALUES (:here, 'transfers', 1, gen_random_uuid(), sha256('a'))`,
]

beforeAll(async () => {
  clinic = await openClinic()
  shop = await clinic.openNeighbour()
  await playThrough(clinic)
  await fund(shop, '100000.00')
  await send(shop, await launch(shop, await makeParts(shop, patients(3))), openPostOffice())
  superuser = openDatabase(clinic.superuserUrl, clinic, { poolSize: 1 })
  for (const sql of LEFT_BEHIND)
    await superuser.sql.unsafe(sql.replaceAll(':here', `'${clinic.workspaceId}'`))
  const walled = await superuser.sql<{ name: string }[]>`
    SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relrowsecurity ORDER BY 1`
  tables = walled.map(({ name }) => name)
}, 60_000)

afterAll(async () => {
  await superuser?.close()
  await clinic?.close()
})

describe('without a workspace set', () => {
  it.each([
    ['no setting', undefined],
    ['an empty one', ''],
    ['one of nobody', '00000000-0000-7000-8000-000000000000'],
  ])('%s: every table shows nothing', async (_, setting) => {
    await clinic.database.sql.begin(async (sql) => {
      if (setting !== undefined) await sql`SELECT set_config('app.workspace_id', ${setting}, true)`
      for (const table of tables) {
        const [row] = await sql.unsafe(
          `SELECT count(*)::int AS n FROM ${table} WHERE workspace_id IS NOT NULL`,
        )
        expect(row, table).toEqual({ n: 0 })
      }
    })
  })

  it('a setting that is no workspace is an error, not a way in', async () => {
    const asked = clinic.database.sql.begin(async (sql) => {
      await sql`SELECT set_config('app.workspace_id', 'or true', true)`
      return sql`SELECT * FROM workspaces`
    })
    await expect(asked).rejects.toMatchObject({ code: '22P02' })
  })

  it('a setting ends with its transaction', async () => {
    const single = openDatabase(clinic.programUrl, clinic, { poolSize: 1 })
    const cause = {
      workspaceId: clinic.workspaceId,
      actor: { name: 'x', role: 'owner' as const },
      requestId: 'x',
    }
    expect(await single.within(cause, ({ sql }) => sql`SELECT 1 FROM workspaces`)).toHaveLength(1)
    expect(await single.sql`SELECT 1 FROM workspaces`).toHaveLength(0)
    await single.close()
  })
})

describe('the shop next door', () => {
  it('has a clinic beside it with something in nearly every table', async () => {
    const empty: string[] = []
    for (const table of tables) if ((await rowsOfClinic(table)) === 0) empty.push(table)
    expect(empty.filter((table) => !table.startsWith('console_') && !table.startsWith('fallback'))).toEqual(
      [],
    )
  })

  it('reads nothing of the clinic, whatever it asks for', async () => {
    for (const table of tables) {
      const [row] = await shop.within(({ sql }) =>
        sql.unsafe(`SELECT count(*)::int AS n FROM ${table} WHERE workspace_id = $1`, [clinic.workspaceId]),
      )
      expect(row, table).toEqual({ n: 0 })
    }
  })

  it('writes nothing into the clinic: not even a row that would be right there', async () => {
    for (const table of tables) {
      const [line] = await superuser.sql.unsafe(
        `SELECT to_jsonb(t)::text AS line FROM ${table} t WHERE workspace_id = $1 LIMIT 1`,
        [clinic.workspaceId],
      )
      if (!line) continue
      const refused = await shop
        .within(({ sql }) =>
          sql.unsafe(
            `INSERT INTO ${table} OVERRIDING SYSTEM VALUE SELECT * FROM jsonb_populate_record(null::${table}, $1::text::jsonb)`,
            [line.line],
          ),
        )
        .then(() => 'it went through', sqlState)
      expect(['42501', '23001'], table).toContain(refused)
    }
  })

  it('changes nothing in the clinic', async () => {
    for (const table of tables) {
      const touched = await refusedOrNone(
        `UPDATE ${table} SET workspace_id = workspace_id WHERE workspace_id = $1`,
      )
      expect(touched, table).toSatisfy((answer) => answer === 0 || answer === '42501')
    }
  })

  it('deletes nothing in the clinic', async () => {
    const before = await Promise.all(tables.map(rowsOfClinic))
    for (const table of tables) {
      const touched = await refusedOrNone(`DELETE FROM ${table} WHERE workspace_id = $1`)
      expect(touched, table).toSatisfy((answer) => answer === 0 || answer === '42501')
    }
    expect(await Promise.all(tables.map(rowsOfClinic))).toEqual(before)
  })

  it('hands none of its own rows over to the clinic', async () => {
    for (const table of tables) {
      const handed = await shop
        .within(async ({ sql }) => {
          const rows = await sql.unsafe(
            `UPDATE ${table} SET workspace_id = $1 WHERE workspace_id = $2 RETURNING 1`,
            [clinic.workspaceId, shop.workspaceId],
          )
          return rows.length
        })
        .catch(sqlState)
      expect(handed, table).toSatisfy((answer) => answer === 0 || typeof answer === 'string')
    }
  })

  it('cannot hang its rows on the clinic’s campaigns, nor so change what is counted there', async () => {
    const theirs = await superuser.sql<{ campaign_id: string; n: bigint }[]>`
      SELECT campaign_id, sum(n) AS n FROM message_counts WHERE workspace_id = ${clinic.workspaceId} GROUP BY 1 LIMIT 1`
    const campaignId = theirs[0]!.campaign_id
    const refused = await shop
      .within(
        ({ sql, workspaceId }) => sql`
          INSERT INTO messages (workspace_id, campaign_id, contact_id, slice_no, price) VALUES (${workspaceId}, ${campaignId}, 999999, 1, 0)`,
      )
      .catch(sqlState)
    expect(refused).toBe('23503')
  })

  it.each([
    [
      'put the clinic’s contacts into a list of its own',
      `INSERT INTO list_members (workspace_id, list_id, contact_id) SELECT $1, id, $2 FROM lists WHERE workspace_id = $1 LIMIT 1`,
    ],
    [
      'bill them',
      `INSERT INTO invoices (id, workspace_id, number, contact_id, currency, amount, due_date, state, source, created_at, updated_at)
       VALUES (gen_random_uuid(), $1, 'INV-THEIRS', $2, 'IDR', 10000, '2026-12-01', 'open', 'api', now(), now())`,
    ],
  ])('cannot %s', async (_, statement) => {
    const [theirs] = await superuser.sql<{ id: bigint }[]>`
      SELECT id FROM contacts WHERE workspace_id = ${clinic.workspaceId} LIMIT 1`
    const refused = await shop
      .within(({ sql, workspaceId }) => sql.unsafe(statement, [workspaceId, theirs!.id]))
      .catch(sqlState)
    expect(refused).toBe('23503')
  })
})

async function rowsOfClinic(table: string): Promise<number> {
  const [row] = await superuser.sql.unsafe(
    `SELECT count(*)::int AS n FROM ${table} WHERE workspace_id = $1`,
    [clinic.workspaceId],
  )
  return (row as unknown as { n: number }).n
}

/** @returns how many rows a statement touched, or why it was refused */
function refusedOrNone(statement: string): Promise<number | string | undefined> {
  return shop
    .within(async ({ sql }) => (await sql.unsafe(statement, [clinic.workspaceId])).count)
    .catch(sqlState)
}
