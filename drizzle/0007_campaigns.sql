-- Hand-written. Shall we: campaigns, what they cost, who allowed it.

CREATE TABLE campaigns (
  id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL REFERENCES workspaces,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  state text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft','quoted','pending_approval','scheduled','sending','paused',
    'completing','settled','rejected','cancelled','expired','waiting_for_funds')),
  template_id uuid NOT NULL,
  sender_id uuid NOT NULL,
  list_id uuid NOT NULL,
  schedule jsonb NOT NULL,
  insufficient_funds text NOT NULL DEFAULT 'block' CHECK (insufficient_funds IN ('block','wait','partial')),
  version int NOT NULL DEFAULT 1 CHECK (version > 0),
  editors text[] NOT NULL,                             -- everyone who made or changed it: none of them may approve it
  submitted_by text,
  quote_id uuid,
  digest bytea,
  hold_id bigint,
  starts_at timestamptz,
  send_before timestamptz,
  pause_reason text,
  created_at timestamptz NOT NULL,
  submitted_at timestamptz,
  settled_at timestamptz,
  FOREIGN KEY (template_id, workspace_id) REFERENCES templates (id, workspace_id),
  FOREIGN KEY (sender_id, workspace_id) REFERENCES senders (id, workspace_id),
  FOREIGN KEY (list_id, workspace_id) REFERENCES lists (id, workspace_id),
  CONSTRAINT submitted_has_a_hold CHECK (state IN ('draft','quoted','waiting_for_funds','cancelled','expired') OR
    (hold_id IS NOT NULL AND digest IS NOT NULL AND quote_id IS NOT NULL AND submitted_by IS NOT NULL)),
  CONSTRAINT settled_has_a_time CHECK ((state = 'settled') = (settled_at IS NOT NULL)),
  UNIQUE (id, workspace_id));
--> statement-breakpoint
SELECT wall('campaigns');
--> statement-breakpoint
CREATE INDEX campaigns_by_age ON campaigns (workspace_id, created_at DESC, id);
--> statement-breakpoint
CREATE INDEX campaigns_alive ON campaigns (state, starts_at) WHERE state IN
  ('pending_approval','scheduled','sending','paused','completing','waiting_for_funds');
--> statement-breakpoint
-- The states' table, as in src/campaigns/lifecycle.ts.
CREATE TABLE campaign_moves (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
--> statement-breakpoint
INSERT INTO campaign_moves VALUES
  ('draft','quoted'), ('draft','cancelled'),
  ('quoted','draft'), ('quoted','pending_approval'), ('quoted','scheduled'), ('quoted','waiting_for_funds'), ('quoted','cancelled'),
  ('waiting_for_funds','quoted'), ('waiting_for_funds','pending_approval'), ('waiting_for_funds','scheduled'),
  ('waiting_for_funds','cancelled'), ('waiting_for_funds','expired'),
  ('pending_approval','scheduled'), ('pending_approval','rejected'), ('pending_approval','cancelled'), ('pending_approval','expired'),
  ('scheduled','sending'), ('scheduled','paused'), ('scheduled','cancelled'), ('scheduled','expired'),
  ('sending','paused'), ('sending','completing'), ('sending','cancelled'), ('sending','expired'),
  ('paused','sending'), ('paused','scheduled'), ('paused','cancelled'), ('paused','expired'), ('paused','completing'),
  ('completing','settled');
--> statement-breakpoint
CREATE FUNCTION guard_campaign() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.state <> OLD.state AND NOT EXISTS (
      SELECT 1 FROM campaign_moves m WHERE m.from_state = OLD.state AND m.to_state = NEW.state) THEN
    RAISE EXCEPTION 'a campaign does not go from % to %', OLD.state, NEW.state USING ERRCODE = 'restrict_violation';
  END IF;
  IF OLD.hold_id IS NOT NULL AND (NEW.hold_id, NEW.digest, NEW.quote_id, NEW.template_id, NEW.sender_id, NEW.list_id,
        NEW.schedule, NEW.version, NEW.submitted_by, NEW.editors)
      IS DISTINCT FROM (OLD.hold_id, OLD.digest, OLD.quote_id, OLD.template_id, OLD.sender_id, OLD.list_id,
        OLD.schedule, OLD.version, OLD.submitted_by, OLD.editors) THEN
    RAISE EXCEPTION 'a submitted campaign keeps what was submitted' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER campaigns_guard BEFORE UPDATE ON campaigns FOR EACH ROW EXECUTE FUNCTION guard_campaign();
--> statement-breakpoint
CREATE TRIGGER campaigns_stay BEFORE DELETE OR TRUNCATE ON campaigns FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TABLE quotes (
  id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL,
  campaign_id uuid NOT NULL,
  version int NOT NULL,
  currency char(3) NOT NULL,
  total bigint NOT NULL CHECK (total >= 0),
  minimum bigint NOT NULL CHECK (minimum >= 0),
  recipients int NOT NULL CHECK (recipients >= 0),
  audience_hash bytea NOT NULL,
  price_day date NOT NULL,
  rate_card_as_of date,
  model text NOT NULL,
  lines jsonb NOT NULL,
  excluded jsonb NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  FOREIGN KEY (campaign_id, workspace_id) REFERENCES campaigns (id, workspace_id),
  UNIQUE (id, campaign_id));
--> statement-breakpoint
SELECT wall('quotes');
--> statement-breakpoint
ALTER TABLE campaigns ADD FOREIGN KEY (quote_id, id) REFERENCES quotes (id, campaign_id);
--> statement-breakpoint
ALTER TABLE campaigns ADD FOREIGN KEY (hold_id, workspace_id) REFERENCES accounts (id, workspace_id);
--> statement-breakpoint
-- Which contacts a quote left out, so that each can be shown its reason. They are written before their quote, in the
-- one pass that also gives its sums; the quote then takes no other number of them than it says.
CREATE TABLE quote_exclusions (
  quote_id uuid NOT NULL,
  workspace_id uuid NOT NULL,
  contact_id bigint NOT NULL,
  reason text NOT NULL,
  PRIMARY KEY (quote_id, contact_id));
--> statement-breakpoint
SELECT wall('quote_exclusions');
--> statement-breakpoint
CREATE FUNCTION guard_quote() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF (SELECT count(*) FROM quote_exclusions e WHERE e.quote_id = NEW.id AND e.workspace_id = NEW.workspace_id)
     <> (SELECT coalesce(sum((x ->> 'count')::bigint), 0) FROM jsonb_array_elements(NEW.excluded) x) THEN
    RAISE EXCEPTION 'a quote leaves out whom it says' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER quotes_guard BEFORE INSERT ON quotes FOR EACH ROW EXECUTE FUNCTION guard_quote();
--> statement-breakpoint
CREATE TABLE approval_policies (
  workspace_id uuid NOT NULL REFERENCES workspaces,
  version int NOT NULL CHECK (version > 0),
  max_amount bigint CHECK (max_amount >= 0),
  max_share_of_available numeric(6,4) CHECK (max_share_of_available BETWEEN 0 AND 1),
  max_recipients int CHECK (max_recipients >= 0),
  created_by text NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, version));
--> statement-breakpoint
SELECT wall('approval_policies');
--> statement-breakpoint
CREATE TABLE approvals (
  id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL,
  campaign_id uuid NOT NULL,
  digest bytea NOT NULL,
  approver text NOT NULL,
  decision text NOT NULL CHECK (decision IN ('approve','reject')),
  reason text,
  policy_version int NOT NULL,
  created_at timestamptz NOT NULL,
  FOREIGN KEY (campaign_id, workspace_id) REFERENCES campaigns (id, workspace_id),
  UNIQUE (campaign_id, digest, approver));
--> statement-breakpoint
SELECT wall('approvals');
--> statement-breakpoint
CREATE FUNCTION guard_approval() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM campaigns c WHERE c.id = NEW.campaign_id
      AND (NEW.approver = ANY (c.editors) OR NEW.approver = c.submitted_by OR c.digest IS DISTINCT FROM NEW.digest)) THEN
    RAISE EXCEPTION 'whoever made it does not approve it' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER approvals_guard BEFORE INSERT ON approvals FOR EACH ROW EXECUTE FUNCTION guard_approval();
--> statement-breakpoint
CREATE TRIGGER approvals_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON approvals
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
-- What waits, across workspaces: names only.
CREATE FUNCTION campaigns_to_tend(as_of timestamptz, most int) RETURNS TABLE (workspace_id uuid, campaign_id uuid, state text)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT c.workspace_id, c.id, c.state FROM campaigns c
   WHERE (c.state = 'scheduled' AND c.starts_at <= as_of)
      OR (c.state IN ('pending_approval','waiting_for_funds','paused','scheduled','sending') AND c.send_before <= as_of)
      OR (c.state = 'sending' AND NOT EXISTS (SELECT 1 FROM slices s WHERE s.campaign_id = c.id AND s.done_at IS NULL))
      OR (c.state = 'completing' AND EXISTS (
            SELECT 1 FROM message_counts k WHERE k.campaign_id = c.id AND k.state = 'held' AND k.n = 0))
      OR (c.state IN ('cancelled','expired') AND c.hold_id IS NOT NULL AND EXISTS (
            SELECT 1 FROM accounts a WHERE a.id = c.hold_id AND a.closed_at IS NULL)
          AND EXISTS (SELECT 1 FROM message_counts k WHERE k.campaign_id = c.id
                AND ((k.state = 'held' AND k.n = 0) OR (k.state IN ('queued','sending') AND k.n > 0))))
      OR (c.state = 'waiting_for_funds')
   -- At random, so that no number of campaigns that cannot move yet keeps others waiting.
   ORDER BY random() LIMIT most $$;
--> statement-breakpoint
CREATE INDEX campaigns_cancelled_open ON campaigns (id) WHERE state IN ('cancelled','expired') AND settled_at IS NULL;
