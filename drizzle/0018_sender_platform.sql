-- Hand-written. What the platform says of a sender, its account and its people, beside receipts.

ALTER TABLE senders
  ADD COLUMN portfolio_key text,                       -- the business that owns the account, once the platform has told
  ADD COLUMN stop_code text,                           -- the code that stopped it; null where a person did
  ADD COLUMN stopped_at timestamptz,
  ADD COLUMN resumed_at timestamptz,                   -- what the platform said before that stops it no more
  ADD COLUMN previous_until timestamptz,               -- until when the secrets before the last change are taken as well
  ADD COLUMN checked_at timestamptz;
--> statement-breakpoint
-- The business account of a sender, read as if it were a column: sender.account_key.
CREATE FUNCTION account_key(sender senders) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT coalesce(sender.config ->> 'business_account_id', sender.id::text) $$;
--> statement-breakpoint
DROP FUNCTION find_webhook_sender(uuid);
--> statement-breakpoint
CREATE FUNCTION find_webhook_sender(wanted uuid)
RETURNS TABLE (id uuid, workspace_id uuid, provider text, config jsonb, secrets bytea, previous_until timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT s.id, s.workspace_id, s.provider, s.config, s.secrets, s.previous_until FROM senders s WHERE s.id = wanted $$;
--> statement-breakpoint
-- A run that a stopped sender paused goes on when the sender does; one that a person paused does not.
ALTER TABLE runs
  ADD COLUMN paused_with_sender boolean NOT NULL DEFAULT false,
  ADD COLUMN resumed_at timestamptz,
  ADD COLUMN active_at timestamptz,                    -- when a slice of it was last taken up to be sent
  ADD COLUMN waits_for text CHECK (waits_for IN ('daily_allowance')),
  ADD COLUMN waits_until timestamptz;
--> statement-breakpoint
CREATE INDEX runs_of_sender ON runs (sender_id, active_at);
--> statement-breakpoint
-- Everything that came by webhook and is neither a receipt nor a customer's message, as the platform wrote it. What it
-- means for sending stands beside it, so that the same notices in another order end in the same state.
CREATE TABLE platform_notices (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  workspace_id uuid NOT NULL,
  sender_id uuid NOT NULL,
  webhook_id bigint NOT NULL,
  account_key text,
  field text NOT NULL,
  value jsonb NOT NULL,
  digest bytea NOT NULL,
  occurred_at timestamptz NOT NULL,
  verdict text CHECK (verdict IN ('stop','go')),       -- whether the account may send, as of this notice
  reason text,
  daily_limit int CHECK (daily_limit >= 0),           
  tier text,
  FOREIGN KEY (sender_id, workspace_id) REFERENCES senders (id, workspace_id),
  UNIQUE (sender_id, digest));
--> statement-breakpoint
SELECT wall('platform_notices');
--> statement-breakpoint
INSERT INTO program_grants VALUES ('platform_notices', 'INSERT');
--> statement-breakpoint
CREATE INDEX platform_notices_by_account ON platform_notices (workspace_id, account_key, occurred_at);
--> statement-breakpoint
-- How many people a business may reach in a rolling day; all numbers of its portfolio share it.
CREATE TABLE portfolios (
  workspace_id uuid NOT NULL REFERENCES workspaces,
  key text NOT NULL,
  tier text NOT NULL,
  daily_limit int CHECK (daily_limit >= 0),            -- null: unlimited
  heard_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, key));
--> statement-breakpoint
SELECT wall('portfolios');
--> statement-breakpoint
INSERT INTO program_grants VALUES ('portfolios', 'INSERT, UPDATE');
--> statement-breakpoint
-- Who was last written to when, kept for portfolios with a limit only, and only as long as it counts.
CREATE TABLE portfolio_reach (
  workspace_id uuid NOT NULL,
  portfolio_key text NOT NULL,
  contact_id bigint NOT NULL,
  reached_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, portfolio_key, contact_id));
--> statement-breakpoint
CREATE INDEX portfolio_reach_by_age ON portfolio_reach (workspace_id, portfolio_key, reached_at);
--> statement-breakpoint
SELECT wall('portfolio_reach');
--> statement-breakpoint
INSERT INTO program_grants VALUES ('portfolio_reach', 'INSERT, UPDATE, DELETE');
--> statement-breakpoint
-- By which other names the platform knows a contact: a number as it writes it, or an id where the number is hidden.
CREATE TABLE contact_handles (
  workspace_id uuid NOT NULL,
  contact_id bigint NOT NULL,
  kind text NOT NULL CHECK (kind IN ('wa_id','user_id')),
  handle text NOT NULL CHECK (length(handle) BETWEEN 1 AND 512),
  heard_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, kind, handle));
--> statement-breakpoint
CREATE INDEX contact_handles_by_contact ON contact_handles (workspace_id, contact_id);
--> statement-breakpoint
SELECT wall('contact_handles');
--> statement-breakpoint
INSERT INTO program_grants VALUES ('contact_handles', 'INSERT, UPDATE, DELETE');
--> statement-breakpoint
-- What people themselves have said about being written to: the latest word counts, whatever order it came in.
CREATE TABLE wishes (
  workspace_id uuid NOT NULL,
  person text NOT NULL CHECK (length(person) BETWEEN 1 AND 512),   -- a number in E.164, or the platform's id of a person
  scope text NOT NULL CHECK (scope IN ('all','marketing')),
  wish text NOT NULL CHECK (wish IN ('stop','go')),
  said_at timestamptz NOT NULL,
  reason text NOT NULL,
  PRIMARY KEY (workspace_id, person, scope));
--> statement-breakpoint
SELECT wall('wishes');
--> statement-breakpoint
INSERT INTO program_grants VALUES ('wishes', 'INSERT, UPDATE, DELETE');
--> statement-breakpoint
-- What customers wrote, each once.
CREATE TABLE inbound_messages (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  workspace_id uuid NOT NULL,
  sender_id uuid NOT NULL,
  webhook_id bigint NOT NULL,
  provider_message_id text NOT NULL,
  contact_id bigint,
  from_number text,
  from_user_id text,
  kind text NOT NULL,
  text text,
  payload text,
  in_reply_to text,
  occurred_at timestamptz NOT NULL,
  FOREIGN KEY (sender_id, workspace_id) REFERENCES senders (id, workspace_id),
  UNIQUE (workspace_id, provider_message_id));
--> statement-breakpoint
CREATE INDEX inbound_messages_by_contact ON inbound_messages (workspace_id, contact_id, occurred_at);
--> statement-breakpoint
SELECT wall('inbound_messages');
--> statement-breakpoint
INSERT INTO program_grants VALUES ('inbound_messages', 'INSERT, UPDATE');
--> statement-breakpoint
-- A stopped sender's runs are not woken, nor those that wait for tomorrow's allowance.
CREATE OR REPLACE FUNCTION runs_to_nudge(as_of timestamptz, idle interval, most int)
RETURNS TABLE (workspace_id uuid, campaign_id uuid)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE runs r SET nudged_at = clock_timestamp()
   WHERE r.campaign_id IN (
     SELECT c.campaign_id FROM runs c JOIN senders d ON d.id = c.sender_id
      WHERE c.state = 'running' AND d.state = 'active' AND (c.nudged_at IS NULL OR c.nudged_at < clock_timestamp() - idle)
        AND EXISTS (SELECT 1 FROM slices s WHERE s.campaign_id = c.campaign_id AND s.done_at IS NULL AND s.due_at <= as_of
                      AND (s.lease_until IS NULL OR s.lease_until < clock_timestamp()))
      ORDER BY c.nudged_at NULLS FIRST LIMIT most FOR UPDATE OF c SKIP LOCKED)
  RETURNING r.workspace_id, r.campaign_id $$;
