-- Hand-written. What the platform says of our templates: one row for each template of a business account, whoever made it.

CREATE TABLE platform_templates (
  id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL REFERENCES workspaces,
  account_id text NOT NULL CHECK (length(account_id) BETWEEN 1 AND 128),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 512),
  language text NOT NULL CHECK (length(language) BETWEEN 1 AND 35),
  template_id uuid,                                    -- ours; none where it was made elsewhere
  sender_id uuid,                                      -- through whose token it is managed
  platform_id text,
  parameter_format text NOT NULL DEFAULT 'named' CHECK (parameter_format IN ('named','positional')),
  ttl_seconds int CHECK (ttl_seconds > 0),             -- message_send_ttl_seconds; none for the platform's own 30 days
  status text NOT NULL CHECK (status IN ('submitting','not_taken','pending','in_appeal','approved','flagged','archived',
    'limit_exceeded','paused','locked','rejected','disabled','pending_deletion','deleted')),
  status_at timestamptz NOT NULL,                      -- the platform's clock: older news changes nothing
  reason text,
  category text NOT NULL CHECK (category IN ('marketing','utility','authentication')),
  category_at timestamptz NOT NULL,
  coming_category text,                                -- announced, usually a day ahead
  coming_category_at timestamptz,
  quality text,
  quality_at timestamptz NOT NULL DEFAULT 'epoch',
  components jsonb,                                    -- as the platform last gave them
  components_at timestamptz NOT NULL DEFAULT 'epoch',
  wish text CHECK (wish IN ('submit','delete')),       -- what is to be said to the platform, until it is said
  wished_at timestamptz,
  try_at timestamptz,                                  -- not before; also the lease of whoever is trying
  tries int NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL,
  CHECK ((wish IS NULL) = (try_at IS NULL)),
  CHECK (wish IS NULL OR (template_id IS NOT NULL AND sender_id IS NOT NULL) OR wish = 'delete'),
  FOREIGN KEY (template_id, workspace_id) REFERENCES templates (id, workspace_id),
  FOREIGN KEY (sender_id, workspace_id) REFERENCES senders (id, workspace_id),
  UNIQUE (workspace_id, account_id, name, language),
  UNIQUE (id, workspace_id));
--> statement-breakpoint
SELECT wall('platform_templates');
--> statement-breakpoint
INSERT INTO program_grants VALUES ('platform_templates', 'INSERT, UPDATE');
--> statement-breakpoint
CREATE UNIQUE INDEX platform_templates_of_ours ON platform_templates (workspace_id, account_id, template_id)
  WHERE template_id IS NOT NULL AND status <> 'deleted';
--> statement-breakpoint
CREATE INDEX platform_templates_by_template ON platform_templates (template_id) WHERE template_id IS NOT NULL;
--> statement-breakpoint
CREATE INDEX platform_templates_wished ON platform_templates (try_at) WHERE wish IS NOT NULL;
--> statement-breakpoint
-- When an account's templates are to be fetched next, and what came of the last time.
CREATE TABLE template_fetches (
  workspace_id uuid NOT NULL REFERENCES workspaces,
  account_id text NOT NULL CHECK (length(account_id) BETWEEN 1 AND 128),
  sender_id uuid NOT NULL,
  try_at timestamptz NOT NULL,
  tries int NOT NULL DEFAULT 0,
  asked_at timestamptz,                                -- somebody waits for it
  fetched_at timestamptz,
  found int,
  problem text,
  PRIMARY KEY (workspace_id, account_id),
  FOREIGN KEY (sender_id, workspace_id) REFERENCES senders (id, workspace_id));
--> statement-breakpoint
SELECT wall('template_fetches');
--> statement-breakpoint
INSERT INTO program_grants VALUES ('template_fetches', 'INSERT, UPDATE');
--> statement-breakpoint
-- Senders through which something is to be said to, or asked of, their platform: names only.
CREATE FUNCTION template_work(as_of timestamptz, most int) RETURNS TABLE (workspace_id uuid, sender_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT DISTINCT x.workspace_id, x.sender_id FROM (
    SELECT p.workspace_id, p.sender_id FROM platform_templates p WHERE p.wish IS NOT NULL AND p.try_at <= as_of
    UNION ALL SELECT f.workspace_id, f.sender_id FROM template_fetches f WHERE f.try_at <= as_of) x LIMIT most $$;
--> statement-breakpoint
-- Which template of which business account a run sends: news of that template stops the run in its own transaction.
ALTER TABLE runs ADD COLUMN template_id uuid, ADD COLUMN account_id text;
--> statement-breakpoint
CREATE INDEX runs_by_template ON runs (template_id) WHERE state IN ('waiting','running');
--> statement-breakpoint
-- Campaigns that news of their template has stopped and nobody has looked at yet: names only.
CREATE FUNCTION campaigns_to_recheck(most int) RETURNS TABLE (workspace_id uuid, campaign_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT c.workspace_id, c.id FROM runs r JOIN campaigns c ON c.id = r.campaign_id
   WHERE r.state = 'paused' AND r.template_id IS NOT NULL AND c.state IN ('scheduled','sending') LIMIT most $$;
