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
--> statement-breakpoint
-- A template that the platform moves to a dearer category stops what is not yet sent, until somebody accepts the new
-- price or cancels. One question at a time for each campaign.
INSERT INTO campaign_moves VALUES ('pending_approval','paused'), ('paused','pending_approval');
--> statement-breakpoint
-- A quote for what is left of a campaign: what earlier versions reserved for messages that are not in it.
ALTER TABLE quotes ADD COLUMN carried bigint NOT NULL DEFAULT 0 CHECK (carried >= 0);
--> statement-breakpoint
CREATE TABLE price_changes (
  id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL,
  campaign_id uuid NOT NULL,
  from_category text NOT NULL,
  to_category text NOT NULL,
  from_state text NOT NULL,                            -- of the campaign, when it was met
  state text NOT NULL CHECK (state IN ('open','accepted','cancelled','withdrawn')),
  quote_id uuid,                                       -- of what is left, at the new price
  problem text,                                        -- why there can be no such quote: it can only be cancelled
  created_at timestamptz NOT NULL,
  decided_by text,
  decided_at timestamptz,
  CHECK ((state = 'open') = (decided_at IS NULL)),
  FOREIGN KEY (campaign_id, workspace_id) REFERENCES campaigns (id, workspace_id));
--> statement-breakpoint
SELECT wall('price_changes');
--> statement-breakpoint
INSERT INTO program_grants VALUES ('price_changes', 'INSERT, UPDATE');
--> statement-breakpoint
CREATE UNIQUE INDEX one_open_price_change ON price_changes (campaign_id) WHERE state = 'open';
--> statement-breakpoint
CREATE INDEX price_changes_by_campaign ON price_changes (campaign_id, created_at);
--> statement-breakpoint
CREATE INDEX runs_paused ON runs (campaign_id) WHERE state = 'paused';
--> statement-breakpoint
-- A price may rise, and only of a message that waits in a paused run about whose price somebody is being asked.
CREATE FUNCTION guard_message() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.id = NEW.id AND OLD.campaign_id = NEW.campaign_id AND OLD.contact_id = NEW.contact_id
     AND OLD.workspace_id = NEW.workspace_id AND OLD.money = 'held' AND NEW.money = 'held'
     AND OLD.state = 'queued' AND NEW.state = 'queued' AND NEW.price > OLD.price
     AND EXISTS (SELECT 1 FROM runs r JOIN price_changes c ON c.campaign_id = r.campaign_id AND c.state = 'open'
                  WHERE r.campaign_id = NEW.campaign_id AND r.state = 'paused') THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'a message keeps what it is' USING ERRCODE = 'restrict_violation';
END $$;
--> statement-breakpoint
DROP TRIGGER messages_keep ON messages;
--> statement-breakpoint
CREATE TRIGGER messages_keep BEFORE UPDATE ON messages FOR EACH ROW WHEN (
  OLD.id <> NEW.id OR OLD.price <> NEW.price OR OLD.campaign_id <> NEW.campaign_id OR OLD.contact_id <> NEW.contact_id
  OR OLD.workspace_id <> NEW.workspace_id OR (OLD.money <> 'held' AND NEW.money = 'held')
  OR (OLD.money = 'captured' AND NEW.money <> 'captured'))
  EXECUTE FUNCTION guard_message();
--> statement-breakpoint
-- As before, but for the next version of a paused campaign whose new price is accepted: its quote, its digest, and who had a hand in it.
CREATE OR REPLACE FUNCTION guard_campaign() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.state <> OLD.state AND NOT EXISTS (
      SELECT 1 FROM campaign_moves m WHERE m.from_state = OLD.state AND m.to_state = NEW.state) THEN
    RAISE EXCEPTION 'a campaign does not go from % to %', OLD.state, NEW.state USING ERRCODE = 'restrict_violation';
  END IF;
  IF OLD.hold_id IS NOT NULL AND (NEW.hold_id, NEW.template_id, NEW.sender_id, NEW.list_id, NEW.schedule, NEW.submitted_by)
      IS DISTINCT FROM (OLD.hold_id, OLD.template_id, OLD.sender_id, OLD.list_id, OLD.schedule, OLD.submitted_by) THEN
    RAISE EXCEPTION 'a submitted campaign keeps what was submitted' USING ERRCODE = 'restrict_violation';
  END IF;
  IF OLD.hold_id IS NOT NULL AND (NEW.digest, NEW.quote_id, NEW.version, NEW.editors)
      IS DISTINCT FROM (OLD.digest, OLD.quote_id, OLD.version, OLD.editors)
     AND NOT (OLD.state = 'paused' AND NEW.version = OLD.version + 1 AND NEW.editors @> OLD.editors AND EXISTS (
           SELECT 1 FROM price_changes c WHERE c.campaign_id = NEW.id AND c.state = 'open' AND c.quote_id = NEW.quote_id)) THEN
    RAISE EXCEPTION 'a submitted campaign keeps what was submitted' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION campaigns_to_recheck(most int) RETURNS TABLE (workspace_id uuid, campaign_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT c.workspace_id, c.id FROM runs r JOIN campaigns c ON c.id = r.campaign_id
    LEFT JOIN price_changes x ON x.campaign_id = c.id AND x.state = 'open'
    LEFT JOIN platform_templates p ON p.workspace_id = r.workspace_id AND p.account_id = r.account_id
          AND p.template_id = r.template_id AND p.status <> 'deleted'
   WHERE r.state = 'paused' AND r.template_id IS NOT NULL AND (
         c.state IN ('scheduled','sending')
      OR (c.state IN ('paused','pending_approval') AND coalesce(x.to_category, r.category) <> p.category)
      OR (c.state = 'paused' AND x.id IS NOT NULL AND x.quote_id IS NULL AND x.problem IS NULL))
   LIMIT most $$;
