-- Hand-written. When people may be written to, as a workspace has it: its own rules and calendars go before the shipped ones.

CREATE TABLE decency_rules (
  workspace_id uuid NOT NULL REFERENCES workspaces,
  country text NOT NULL CHECK (country ~ '^([A-Z]{2}|[*])$'),
  purpose text NOT NULL CHECK (purpose IN ('collection','reminder','marketing')),
  hours jsonb NOT NULL,
  keeps_holidays boolean NOT NULL,
  source text NOT NULL CHECK (length(source) BETWEEN 1 AND 500),
  as_of date NOT NULL,
  updated_by text NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, country, purpose));
--> statement-breakpoint
SELECT wall('decency_rules');
--> statement-breakpoint
INSERT INTO program_grants VALUES ('decency_rules', 'INSERT, UPDATE, DELETE');
--> statement-breakpoint
-- The days off of one country in one year, whole: a year that has no row and is not shipped is not known.
CREATE TABLE holiday_calendars (
  workspace_id uuid NOT NULL REFERENCES workspaces,
  country char(2) NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
  year int NOT NULL CHECK (year BETWEEN 2000 AND 2200),
  source text NOT NULL CHECK (length(source) BETWEEN 1 AND 500),
  days jsonb NOT NULL,
  updated_by text NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, country, year));
--> statement-breakpoint
SELECT wall('holiday_calendars');
--> statement-breakpoint
INSERT INTO program_grants VALUES ('holiday_calendars', 'INSERT, UPDATE, DELETE');
--> statement-breakpoint
CREATE TABLE decency_settings (
  workspace_id uuid PRIMARY KEY REFERENCES workspaces,
  -- By which rules every campaign goes that does not say itself; none: by its own schedule alone.
  campaigns_purpose text CHECK (campaigns_purpose IN ('collection','reminder','marketing')),
  -- At most so many messages to one person in so many days, over all campaigns.
  cap_messages int CHECK (cap_messages > 0),
  cap_days int CHECK (cap_days BETWEEN 1 AND 366),
  updated_by text NOT NULL,
  updated_at timestamptz NOT NULL,
  CHECK ((cap_messages IS NULL) = (cap_days IS NULL)));
--> statement-breakpoint
SELECT wall('decency_settings');
--> statement-breakpoint
INSERT INTO program_grants VALUES ('decency_settings', 'INSERT, UPDATE');
--> statement-breakpoint
-- Who has paid: connections to payment gateways, what they said, and the links by which people pay.
CREATE TABLE payment_gateways (
  id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL REFERENCES workspaces,
  provider text NOT NULL CHECK (provider IN ('midtrans','xendit','razorpay','stripe')),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  config jsonb NOT NULL,                               -- what may be shown
  secrets bytea NOT NULL,                              -- the rest, and for a day the secret before the last change, encrypted
  created_at timestamptz NOT NULL,
  rotated_at timestamptz,
  removed_at timestamptz,
  UNIQUE (id, workspace_id));
--> statement-breakpoint
SELECT wall('payment_gateways');
--> statement-breakpoint
INSERT INTO program_grants VALUES ('payment_gateways', 'INSERT, UPDATE');
--> statement-breakpoint
CREATE FUNCTION find_payment_gateway(wanted uuid)
RETURNS TABLE (id uuid, workspace_id uuid, provider text, config jsonb, secrets bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT g.id, g.workspace_id, g.provider, g.config, g.secrets FROM payment_gateways g WHERE g.id = wanted AND g.removed_at IS NULL $$;
--> statement-breakpoint
-- Every proved webhook once, with what became of it; names and numbers of people who paid are not kept.
CREATE TABLE gateway_events (
  id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL,
  gateway_id uuid NOT NULL,
  event_id text NOT NULL CHECK (length(event_id) BETWEEN 1 AND 300),
  kind text NOT NULL CHECK (kind IN ('paid','refunded','charged_back','other','unreadable')),
  says text NOT NULL,
  payment_id text,
  reference text,
  amount bigint,
  currency text,
  at timestamptz,
  outcome text NOT NULL CHECK (outcome IN ('recorded','known','noted','nothing','unknown_invoice','refused')),
  detail text,
  invoice_id uuid,
  body_sha256 bytea NOT NULL CHECK (length(body_sha256) = 32),
  received_at timestamptz NOT NULL,
  settled_at timestamptz,
  FOREIGN KEY (gateway_id, workspace_id) REFERENCES payment_gateways (id, workspace_id),
  FOREIGN KEY (invoice_id, workspace_id) REFERENCES invoices (id, workspace_id),
  CHECK (outcome <> 'recorded' OR invoice_id IS NOT NULL),
  UNIQUE (gateway_id, event_id));
--> statement-breakpoint
SELECT wall('gateway_events');
--> statement-breakpoint
INSERT INTO program_grants VALUES ('gateway_events', 'INSERT, UPDATE');
--> statement-breakpoint
CREATE INDEX gateway_events_by_age ON gateway_events (gateway_id, id DESC);
--> statement-breakpoint
CREATE INDEX gateway_events_unclaimed ON gateway_events (workspace_id, reference) WHERE outcome = 'unknown_invoice';
--> statement-breakpoint
CREATE TABLE payment_links (
  id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL,
  invoice_id uuid NOT NULL,
  gateway_id uuid NOT NULL,
  reference text NOT NULL CHECK (length(reference) BETWEEN 1 AND 50),
  amount bigint NOT NULL CHECK (amount > 0),
  currency char(3) NOT NULL,
  state text NOT NULL CHECK (state IN ('wanted','made','failed')),
  url text CHECK (length(url) <= 2000),
  external_id text,
  detail text,
  attempts int NOT NULL DEFAULT 0,
  try_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL,
  made_at timestamptz,
  FOREIGN KEY (invoice_id, workspace_id) REFERENCES invoices (id, workspace_id),
  FOREIGN KEY (gateway_id, workspace_id) REFERENCES payment_gateways (id, workspace_id),
  CHECK ((state = 'made') = (url IS NOT NULL)),
  UNIQUE (workspace_id, reference));
--> statement-breakpoint
SELECT wall('payment_links');
--> statement-breakpoint
INSERT INTO program_grants VALUES ('payment_links', 'INSERT, UPDATE');
--> statement-breakpoint
CREATE UNIQUE INDEX one_link_for_an_amount ON payment_links (invoice_id, gateway_id, amount) WHERE state <> 'failed';
--> statement-breakpoint
CREATE INDEX payment_links_wanted ON payment_links (try_at) WHERE state = 'wanted';
--> statement-breakpoint
CREATE FUNCTION links_to_make(as_of timestamptz, most int) RETURNS TABLE (workspace_id uuid, link_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT l.workspace_id, l.id FROM payment_links l WHERE l.state = 'wanted' AND l.try_at <= as_of ORDER BY l.try_at LIMIT most $$;
--> statement-breakpoint
-- Where a payment came before its invoice did, and the invoice is there now.
CREATE FUNCTION payments_to_claim(most int) RETURNS TABLE (workspace_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT DISTINCT e.workspace_id FROM gateway_events e
    JOIN invoices i ON i.workspace_id = e.workspace_id AND i.number = e.reference
   WHERE e.outcome = 'unknown_invoice' LIMIT most $$;
--> statement-breakpoint
-- Who is told: programs by signed webhooks, people by e-mail. What is told is read from the audit trail, so that it is
-- told if and only if it has happened.
CREATE TABLE notice_endpoints (
  id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL REFERENCES workspaces,
  kind text NOT NULL CHECK (kind IN ('webhook','email')),
  target text NOT NULL CHECK (length(target) BETWEEN 3 AND 2000),
  types text[] NOT NULL DEFAULT '{}',                  -- none: everything
  secrets bytea,                                       -- what webhooks are signed with, encrypted
  state text NOT NULL DEFAULT 'active' CHECK (state IN ('active','disabled','removed')),
  disabled_reason text,
  failing_since timestamptz,
  created_at timestamptz NOT NULL,
  CHECK ((kind = 'webhook') = (secrets IS NOT NULL)),
  UNIQUE (id, workspace_id));
--> statement-breakpoint
SELECT wall('notice_endpoints');
--> statement-breakpoint
INSERT INTO program_grants VALUES ('notice_endpoints', 'INSERT, UPDATE');
--> statement-breakpoint
-- Up to where the trail of a workspace has been read.
CREATE TABLE notice_cursors (
  workspace_id uuid PRIMARY KEY REFERENCES workspaces,
  xid xid8 NOT NULL,
  event_id uuid NOT NULL);
--> statement-breakpoint
SELECT wall('notice_cursors');
--> statement-breakpoint
INSERT INTO program_grants VALUES ('notice_cursors', 'INSERT, UPDATE');
--> statement-breakpoint
CREATE TABLE notices (
  id uuid PRIMARY KEY,                                 -- of the audit event that it tells
  workspace_id uuid NOT NULL REFERENCES workspaces,
  type text NOT NULL,
  data jsonb NOT NULL,
  at timestamptz NOT NULL,
  UNIQUE (id, workspace_id));
--> statement-breakpoint
SELECT wall('notices');
--> statement-breakpoint
INSERT INTO program_grants VALUES ('notices', 'INSERT');
--> statement-breakpoint
CREATE TABLE notice_deliveries (
  id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL,
  endpoint_id uuid NOT NULL,
  notice_id uuid NOT NULL,
  state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting','delivered','failed')),
  attempts int NOT NULL DEFAULT 0,
  try_at timestamptz NOT NULL,
  lease_until timestamptz,
  last_status int,
  last_error text,
  last_at timestamptz,
  created_at timestamptz NOT NULL,
  FOREIGN KEY (endpoint_id, workspace_id) REFERENCES notice_endpoints (id, workspace_id),
  FOREIGN KEY (notice_id, workspace_id) REFERENCES notices (id, workspace_id),
  UNIQUE (endpoint_id, notice_id));
--> statement-breakpoint
SELECT wall('notice_deliveries');
--> statement-breakpoint
INSERT INTO program_grants VALUES ('notice_deliveries', 'INSERT, UPDATE');
--> statement-breakpoint
CREATE INDEX notice_deliveries_due ON notice_deliveries (try_at) WHERE state = 'waiting';
--> statement-breakpoint
CREATE INDEX notice_deliveries_by_endpoint ON notice_deliveries (endpoint_id, id DESC);
--> statement-breakpoint
CREATE FUNCTION notices_to_gather(most int) RETURNS TABLE (workspace_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT c.workspace_id FROM notice_cursors c
   WHERE EXISTS (SELECT 1 FROM audit_events a WHERE a.workspace_id = c.workspace_id AND (a.xid, a.id) > (c.xid, c.event_id)
                    AND a.xid < pg_snapshot_xmin(pg_current_snapshot())) LIMIT most $$;
--> statement-breakpoint
CREATE FUNCTION notices_to_deliver(as_of timestamptz, most int) RETURNS TABLE (workspace_id uuid, delivery_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT d.workspace_id, d.id FROM notice_deliveries d
   WHERE d.state = 'waiting' AND d.try_at <= as_of AND (d.lease_until IS NULL OR d.lease_until <= as_of)
   ORDER BY d.try_at LIMIT most $$;
