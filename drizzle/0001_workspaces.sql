-- Hand-written. Who: workspaces, keys, answers already given, and the audit trail.

CREATE TABLE workspaces (
  workspace_id uuid PRIMARY KEY,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  currency char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  time_zone text NOT NULL,
  default_country char(2) NOT NULL,
  -- Set when the books of this workspace do not balance: no new reservation is taken until it is cleared.
  frozen_at timestamptz,
  frozen_reason text,
  created_at timestamptz NOT NULL,
  UNIQUE (workspace_id, currency));
--> statement-breakpoint
SELECT wall('workspaces');
--> statement-breakpoint
-- A key is shown once; only a hash of its secret is kept.
CREATE TABLE api_keys (
  id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL REFERENCES workspaces,
  prefix text NOT NULL UNIQUE,
  secret_hash bytea NOT NULL CHECK (length(secret_hash) = 32),
  role text NOT NULL CHECK (role IN ('owner','admin','approver','marketer','viewer')),
  name text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL,
  revoked_at timestamptz,
  UNIQUE (id, workspace_id));
--> statement-breakpoint
SELECT wall('api_keys');
--> statement-breakpoint
-- Who is knocking must be known before the workspace is: this function is the only way past the wall for a key.
CREATE FUNCTION find_api_key(wanted_prefix text)
RETURNS TABLE (id uuid, workspace_id uuid, role text, secret_hash bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT k.id, k.workspace_id, k.role, k.secret_hash FROM api_keys k
    WHERE k.prefix = wanted_prefix AND k.revoked_at IS NULL $$;
--> statement-breakpoint
-- The answer to a keyed request is stored in the transaction that did the work: the same key gives it again.
CREATE TABLE idempotency_keys (
  workspace_id uuid NOT NULL REFERENCES workspaces,
  key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
  request_hash bytea NOT NULL,
  status int,
  answer json,                                         -- byte for byte as it was given
  created_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, key));
--> statement-breakpoint
SELECT wall('idempotency_keys');
--> statement-breakpoint
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
--> statement-breakpoint
CREATE TABLE audit_events (
  id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL REFERENCES workspaces,
  actor text NOT NULL,
  action text NOT NULL,
  subject text NOT NULL,
  facts jsonb NOT NULL DEFAULT '{}',
  request_id text,
  at timestamptz NOT NULL,
  xid xid8 NOT NULL DEFAULT pg_current_xact_id());
--> statement-breakpoint
CREATE INDEX audit_events_by_xid ON audit_events (workspace_id, xid, id);
--> statement-breakpoint
SELECT wall('audit_events');
--> statement-breakpoint
CREATE TRIGGER audit_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
