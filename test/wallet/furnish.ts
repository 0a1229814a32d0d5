import type { Clinic } from '../campaigns/clinic.ts'

/** Names as in `Illegal`. */
const FURNITURE = `
  INSERT INTO payment_gateways (id, workspace_id, provider, name, config, secrets, created_at, makes_links)
    VALUES (gen_random_uuid(), :here, 'midtrans', 'Till', '{}', '\\x01', now(), true);
  INSERT INTO invoices (id, workspace_id, number, contact_id, currency, amount, paid, due_date, state, source, created_at, updated_at, paid_at)
    SELECT gen_random_uuid(), :here, v.number, c.id, 'IDR', 1000000, v.paid, '2026-12-01', v.state, 'api', now(), now(), v.paid_at
      FROM (SELECT min(id) AS id FROM contacts WHERE workspace_id = :here) c,
           (VALUES ('INV-OPEN', 0, 'open', NULL), ('INV-PAID', 1000000, 'paid', now())) v (number, paid, state, paid_at);
  INSERT INTO invoice_payments (id, workspace_id, invoice_id, amount, source, external_id, paid_at, actor, created_at)
    SELECT gen_random_uuid(), :here, id, amount, 'gateway', 'p-1', now(), 'system:test', now() FROM invoices WHERE state = 'paid';
  INSERT INTO invoice_events (workspace_id, invoice_id, kind, from_state, to_state, actor, at)
    SELECT :here, id, 'payment', 'open', 'paid', 'system:test', now() FROM invoices WHERE state = 'paid';
  INSERT INTO payment_links (id, workspace_id, invoice_id, gateway_id, reference, amount, currency, state, url, try_at, created_at, made_at)
    SELECT gen_random_uuid(), :here, i.id, g.id, 'INV-OPEN-1', i.amount, 'IDR', 'made', 'https://pay.example/1', now(), now(), now()
      FROM invoices i, payment_gateways g WHERE i.state = 'open';
  INSERT INTO gateway_events (id, workspace_id, gateway_id, event_id, kind, says, amount, currency, outcome, invoice_id, body_sha256, received_at)
    SELECT gen_random_uuid(), :here, g.id, 'e-1', 'paid', 'settlement', i.amount, 'IDR', 'recorded', i.id, sha256('1'), now()
      FROM invoices i, payment_gateways g WHERE i.state = 'paid';

  INSERT INTO sequences (id, workspace_id, name, state, sender_id, country, when_short, steps, editors, active_since, created_at, updated_at)
    SELECT gen_random_uuid(), :here, 'Ladder', 'paused', c.sender_id, 'ID', 'block', '[]', '{key:budi}', now(), now(), now()
      FROM campaigns c WHERE c.id = :sending;
  INSERT INTO recurrences (id, workspace_id, name, state, template_id, sender_id, list_id, rule, starts_at, time_zone, when_short, editors, active_since, created_at, updated_at)
    SELECT gen_random_uuid(), :here, 'Monthly', 'paused', c.template_id, c.sender_id, c.list_id, '{}', '2026-01-01T09:00', 'Asia/Jakarta',
           'block', '{key:budi}', now(), now(), now() FROM campaigns c WHERE c.id = :sending;
  INSERT INTO standing_approvals (id, workspace_id, subject_id, digest, approver, cap_run, cap_day, cap_month, created_at)
    SELECT gen_random_uuid(), :here, id, sha256('ladder'), 'key:sari', 1, 1, 1, now() FROM sequences;
  INSERT INTO reminder_runs (campaign_id, workspace_id, subject_id, standing_id, step_key, planned_on, created_at)
    SELECT :sending, :here, subject_id, id, 'due', '2026-12-01', now() FROM standing_approvals;
  INSERT INTO reminders (sequence_id, step_key, invoice_id, workspace_id, contact_id, state, nominal_day, amount, campaign_id, created_at, updated_at)
    SELECT s.id, 'due', i.id, :here, i.contact_id, 'planned', '2026-12-01', i.amount, :sending, now(), now()
      FROM sequences s, invoices i WHERE i.state = 'open';
  INSERT INTO occurrences (recurrence_id, at, workspace_id, state, campaign_id, created_at, updated_at)
    SELECT id, '2026-12-01', :here, 'planned', :sending, now(), now() FROM recurrences;
  INSERT INTO forewarnings (workspace_id, told_on, day, lacking) VALUES (:here, '2026-01-05', '2026-01-05', 1);

  INSERT INTO lists (id, workspace_id, name, created_at) VALUES (gen_random_uuid(), :here, 'nobody yet', now());
  INSERT INTO suppressions (id, workspace_id, phone, scope, reason, created_by, created_at)
    VALUES (gen_random_uuid(), :here, '+6281299999999', 'all', 'asked', 'key:dewi', now());
  INSERT INTO wishes (workspace_id, person, scope, wish, said_at, reason) VALUES (:here, '+6281299999999', 'all', 'stop', now(), 'STOP');
  INSERT INTO contact_handles (workspace_id, contact_id, kind, handle, heard_at)
    SELECT :here, min(id), 'wa_id', '6281200000000', now() FROM contacts WHERE workspace_id = :here;
  INSERT INTO portfolios (workspace_id, key, tier, daily_limit, heard_at) VALUES (:here, 'business', 'TIER_1K', 1000, now());
  INSERT INTO sender_rests (sender_id, worker, workspace_id, next_try_at, known_until)
    SELECT sender_id, 'wati', :here, now(), now() FROM campaigns WHERE id = :sending;
  INSERT INTO portfolio_reach (workspace_id, portfolio_key, contact_id, reached_at)
    SELECT :here, 'business', min(id), now() FROM contacts WHERE workspace_id = :here;
  INSERT INTO inbound_messages (workspace_id, sender_id, webhook_id, provider_message_id, kind, occurred_at)
    SELECT :here, sender_id, 1, 'wamid.in', 'text', now() FROM campaigns WHERE id = :sending;
  INSERT INTO platform_notices (workspace_id, sender_id, webhook_id, field, value, digest, occurred_at)
    SELECT :here, sender_id, 1, 'account_update', '{}', '\\x01', now() FROM campaigns WHERE id = :sending;
  INSERT INTO parked_receipts (workspace_id, sender_id, webhook_id, provider_message_id, status_update)
    SELECT :here, sender_id, 1, 'wamid.strange', '{}' FROM campaigns WHERE id = :sending;
  INSERT INTO platform_templates (id, workspace_id, account_id, name, language, template_id, sender_id, status, status_at, category, category_at, created_at)
    SELECT gen_random_uuid(), :here, 'account', 'payment_due', 'en', template_id, sender_id, 'approved', now(), 'utility', now(), now()
      FROM campaigns WHERE id = :sending;
  INSERT INTO template_fetches (workspace_id, account_id, sender_id, try_at)
    SELECT :here, 'account', sender_id, now() FROM campaigns WHERE id = :sending;
  INSERT INTO media (id, workspace_id, type, mime, file_name, size_bytes, sha256, content, created_by, created_at)
    VALUES (gen_random_uuid(), :here, 'image', 'image/png', 'map.png', 1, sha256('\\x01'), '\\x01', 'key:budi', now());
  INSERT INTO media_uploads (sender_id, media_id, workspace_id, platform_id, address, uploaded_at, expires_at)
    SELECT c.sender_id, m.id, :here, '1', 'https://graph.example', now(), now() + interval '1 day' FROM campaigns c, media m WHERE c.id = :sending;
  INSERT INTO price_changes (id, workspace_id, campaign_id, from_category, to_category, from_state, state, created_at)
    VALUES (gen_random_uuid(), :here, :settled, 'utility', 'marketing', 'sending', 'open', now());
  INSERT INTO fallback_terms (campaign_id, contact_id, workspace_id, price) VALUES (:sending, 1, :here, 5);
  INSERT INTO fallbacks (message_id, next_message_id, workspace_id, campaign_id, created_at)
    SELECT min(id), max(id), :here, :sending, now() FROM messages WHERE campaign_id = :settled;

  INSERT INTO decency_rules (workspace_id, country, purpose, hours, keeps_holidays, source, as_of, updated_by, updated_at)
    VALUES (:here, 'ID', 'collection', '{}', true, 'law', '2026-01-01', 'key:dewi', now());
  INSERT INTO holiday_calendars (workspace_id, country, year, source, days, updated_by, updated_at)
    VALUES (:here, 'ID', 2030, 'decree', '[]', 'key:dewi', now());
  INSERT INTO decency_settings (workspace_id, campaigns_purpose, cap_messages, cap_days, updated_by, updated_at)
    VALUES (:here, 'reminder', 3, 7, 'key:dewi', now());
  INSERT INTO quote_exclusions (quote_id, workspace_id, contact_id, reason)
    SELECT gen_random_uuid(), :here, min(id), 'suppressed' FROM contacts WHERE workspace_id = :here;
  INSERT INTO idempotency_keys (workspace_id, key, request_hash, created_at) VALUES (:here, 'k-1', '\\x01', now());
`

/**
 * Writes one good row of everything that the played day has none of, as the owner of the tables: an open and a paid
 * invoice with what belongs to them, reminders and recurrences with what was approved for them, what a platform has said,
 * and when people may be written to.
 */
export async function furnish(clinic: Clinic, fill: (sql: string) => string): Promise<void> {
  const cause = {
    workspaceId: clinic.workspaceId,
    actor: { name: 'owner', role: 'owner' as const },
    requestId: 'furnish',
  }
  await clinic.asOwner((owner) => owner.within(cause, ({ sql }) => sql.unsafe(fill(FURNITURE))))
}
