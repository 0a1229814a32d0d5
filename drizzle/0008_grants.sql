-- Hand-written. What the program's own role may do: never more than its verbs need. The role's name depends on the
-- database, so that it is given by the program after each migration.
CREATE FUNCTION grant_program(role_name text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE t text;
BEGIN
  EXECUTE format('GRANT USAGE ON SCHEMA public TO %I', role_name);
  EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA public TO %I', role_name);
  EXECUTE format('GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO %I', role_name);
  FOREACH t IN ARRAY ARRAY['api_keys','idempotency_keys','lists','imports','import_chunks','import_problems',
      'import_rejected_rows','contacts','list_members','suppressions','templates','rate_rows','senders','sender_pace','runs',
      'slices','messages','recipients','attempts','webhooks','parked_receipts','conversation_windows','campaigns'] LOOP
    EXECUTE format('GRANT INSERT, UPDATE ON %I TO %I', t, role_name);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['audit_events','transfers','seals','receipts','charges','quotes','quote_exclusions',
      'approval_policies','approvals'] LOOP
    EXECUTE format('GRANT INSERT ON %I TO %I', t, role_name);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['idempotency_keys','import_chunks','import_rejected_rows','import_problems','list_members',
      'suppressions','rate_rows','recipients','parked_receipts','quote_exclusions'] LOOP
    EXECUTE format('GRANT DELETE ON %I TO %I', t, role_name);
  END LOOP;
  EXECUTE format('GRANT INSERT (workspace_id, currency, kind, campaign_id), UPDATE (closed_at) ON accounts TO %I', role_name);
  EXECUTE format('GRANT UPDATE (server_url, simulator_url) ON installation TO %I', role_name);
  EXECUTE format('GRANT USAGE ON SEQUENCE messages_id_seq TO %I', role_name);
  EXECUTE format('GRANT UPDATE (frozen_at, frozen_reason) ON workspaces TO %I', role_name);
END $$;
