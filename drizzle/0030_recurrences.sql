-- Hand-written. Campaigns that come again: the same words to the same list, by a rule on the clock of a zone.
CREATE TABLE recurrences (
  id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL REFERENCES workspaces,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  state text NOT NULL CHECK (state IN ('draft','active','paused','ended')),
  version int NOT NULL DEFAULT 1 CHECK (version > 0),
  template_id uuid NOT NULL,
  sender_id uuid NOT NULL,
  list_id uuid NOT NULL,
  rule jsonb NOT NULL,
  starts_at text NOT NULL CHECK (length(starts_at) <= 19),
  time_zone text NOT NULL,
  when_short text NOT NULL CHECK (when_short IN ('block','partial')),
  editors text[] NOT NULL,
  -- Nothing that was due before this moment is ever sent.
  active_since timestamptz,
  -- Up to when occurrences have been looked at.
  planned_to timestamptz,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  CHECK (state IN ('draft','ended') OR active_since IS NOT NULL),
  FOREIGN KEY (template_id, workspace_id) REFERENCES templates (id, workspace_id),
  FOREIGN KEY (sender_id, workspace_id) REFERENCES senders (id, workspace_id),
  FOREIGN KEY (list_id, workspace_id) REFERENCES lists (id, workspace_id),
  UNIQUE (id, workspace_id));
--> statement-breakpoint
SELECT wall('recurrences');
--> statement-breakpoint
INSERT INTO program_grants VALUES ('recurrences', 'INSERT, UPDATE');
--> statement-breakpoint
-- One row for each occurrence, whatever became of it: that each goes at most once rests on this key.
CREATE TABLE occurrences (
  recurrence_id uuid NOT NULL,
  at timestamptz NOT NULL,
  workspace_id uuid NOT NULL,
  state text NOT NULL CHECK (state IN ('held','planned','skipped')),
  reason text,
  campaign_id uuid,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (recurrence_id, at),
  CHECK ((state = 'planned') = (campaign_id IS NOT NULL)),
  CHECK (state = 'planned' OR reason IS NOT NULL),
  FOREIGN KEY (recurrence_id, workspace_id) REFERENCES recurrences (id, workspace_id),
  FOREIGN KEY (campaign_id, workspace_id) REFERENCES campaigns (id, workspace_id));
--> statement-breakpoint
SELECT wall('occurrences');
--> statement-breakpoint
INSERT INTO program_grants VALUES ('occurrences', 'INSERT, UPDATE');
--> statement-breakpoint
-- What has its end keeps it.
CREATE TRIGGER occurrences_keep BEFORE UPDATE ON occurrences FOR EACH ROW WHEN (
  OLD.state <> 'held' OR (OLD.recurrence_id, OLD.at, OLD.workspace_id) IS DISTINCT FROM (NEW.recurrence_id, NEW.at, NEW.workspace_id))
  EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER occurrences_stay BEFORE DELETE OR TRUNCATE ON occurrences FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE OR REPLACE FUNCTION guard_standing_approval() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM sequences s WHERE s.id = NEW.subject_id AND NEW.approver = ANY (s.editors))
     OR EXISTS (SELECT 1 FROM recurrences r WHERE r.id = NEW.subject_id AND NEW.approver = ANY (r.editors)) THEN
    RAISE EXCEPTION 'whoever made it does not approve it' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION workspaces_to_remind() RETURNS TABLE (workspace_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT s.workspace_id FROM sequences s WHERE s.state = 'active'
  UNION SELECT r.workspace_id FROM recurrences r WHERE r.state = 'active' $$;
