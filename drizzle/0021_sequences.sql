-- Hand-written. Again, by due date: sequences of reminders, and what was approved once for all that they send.

CREATE TABLE sequences (
  id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL REFERENCES workspaces,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  state text NOT NULL CHECK (state IN ('draft','active','paused','ended')),
  version int NOT NULL DEFAULT 1 CHECK (version > 0),
  sender_id uuid NOT NULL,
  country char(2) NOT NULL,                            -- whose working days count
  when_short text NOT NULL CHECK (when_short IN ('block','wait','partial')),
  most_messages int CHECK (most_messages > 0),
  one_per_debtor boolean NOT NULL DEFAULT false,       -- one message for all of a debtor's invoices of a step
  steps jsonb NOT NULL,
  editors text[] NOT NULL,
  -- Nothing that fell due before this moment is ever sent.
  active_since timestamptz,
  -- Up to which day steps have been looked at, so that what an outage has missed is known and recorded.
  planned_to date,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  CHECK (state IN ('draft','ended') OR active_since IS NOT NULL),
  FOREIGN KEY (sender_id, workspace_id) REFERENCES senders (id, workspace_id),
  UNIQUE (id, workspace_id));
--> statement-breakpoint
SELECT wall('sequences');
--> statement-breakpoint
INSERT INTO program_grants VALUES ('sequences', 'INSERT, UPDATE');
--> statement-breakpoint
CREATE INDEX sequences_by_age ON sequences (workspace_id, id DESC);
--> statement-breakpoint
-- Given once, in advance, for one version of a sequence, up to so much.
CREATE TABLE standing_approvals (
  id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL REFERENCES workspaces,
  subject_id uuid NOT NULL,
  digest bytea NOT NULL CHECK (length(digest) = 32),
  approver text NOT NULL,
  cap_run bigint NOT NULL CHECK (cap_run > 0),
  cap_day bigint NOT NULL CHECK (cap_day > 0),
  cap_month bigint NOT NULL CHECK (cap_month > 0),
  valid_until timestamptz,
  created_at timestamptz NOT NULL,
  revoked_at timestamptz,
  revoked_by text,
  CHECK ((revoked_at IS NULL) = (revoked_by IS NULL)),
  UNIQUE (id, workspace_id));
--> statement-breakpoint
SELECT wall('standing_approvals');
--> statement-breakpoint
INSERT INTO program_grants VALUES ('standing_approvals', 'INSERT, UPDATE');
--> statement-breakpoint
CREATE INDEX standing_approvals_by_subject ON standing_approvals (subject_id, created_at DESC);
--> statement-breakpoint
-- An approval is taken back and nothing else of it is changed; whoever made or edited the thing does not approve it.
CREATE TRIGGER standing_approvals_keep BEFORE UPDATE ON standing_approvals FOR EACH ROW WHEN (
  OLD.revoked_at IS NOT NULL OR (OLD.id, OLD.workspace_id, OLD.subject_id, OLD.digest, OLD.approver, OLD.cap_run, OLD.cap_day,
    OLD.cap_month, OLD.created_at) IS DISTINCT FROM (NEW.id, NEW.workspace_id, NEW.subject_id, NEW.digest, NEW.approver,
    NEW.cap_run, NEW.cap_day, NEW.cap_month, NEW.created_at))
  EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE FUNCTION guard_standing_approval() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM sequences s WHERE s.id = NEW.subject_id AND NEW.approver = ANY (s.editors)) THEN
    RAISE EXCEPTION 'whoever made it does not approve it' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER standing_approvals_guard BEFORE INSERT ON standing_approvals FOR EACH ROW EXECUTE FUNCTION guard_standing_approval();
--> statement-breakpoint
CREATE TRIGGER standing_approvals_stay BEFORE DELETE OR TRUNCATE ON standing_approvals FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
-- Which campaigns went out under a standing approval: what its caps are counted by.
CREATE TABLE reminder_runs (
  campaign_id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL,
  subject_id uuid NOT NULL,
  standing_id uuid NOT NULL,
  step_key text NOT NULL,
  send_day date,
  planned_on date NOT NULL,                            -- the account's own day, by which caps are counted
  created_at timestamptz NOT NULL,
  FOREIGN KEY (campaign_id, workspace_id) REFERENCES campaigns (id, workspace_id),
  FOREIGN KEY (standing_id, workspace_id) REFERENCES standing_approvals (id, workspace_id));
--> statement-breakpoint
SELECT wall('reminder_runs');
--> statement-breakpoint
INSERT INTO program_grants VALUES ('reminder_runs', 'INSERT');
--> statement-breakpoint
CREATE INDEX reminder_runs_by_subject ON reminder_runs (subject_id, planned_on);
--> statement-breakpoint
-- One row for each step and invoice, whatever became of it: that each goes at most once rests on this key.
CREATE TABLE reminders (
  sequence_id uuid NOT NULL,
  step_key text NOT NULL CHECK (length(step_key) BETWEEN 1 AND 40),
  invoice_id uuid NOT NULL,
  workspace_id uuid NOT NULL,
  contact_id bigint NOT NULL,
  state text NOT NULL CHECK (state IN ('held','planned','skipped')),
  reason text,
  nominal_day date NOT NULL,                           -- the day that the ladder names
  send_day date,                                       -- the day on which it may go, on the debtor's clock
  closes_at timestamptz,                               -- past this it is never sent
  amount bigint NOT NULL,                              -- what was still owed, and so the order in which a top-up is spent
  campaign_id uuid,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (sequence_id, step_key, invoice_id),
  CHECK ((state = 'planned') = (campaign_id IS NOT NULL)),
  CHECK (state = 'planned' OR reason IS NOT NULL),
  FOREIGN KEY (sequence_id, workspace_id) REFERENCES sequences (id, workspace_id),
  FOREIGN KEY (invoice_id, workspace_id) REFERENCES invoices (id, workspace_id),
  FOREIGN KEY (campaign_id, workspace_id) REFERENCES campaigns (id, workspace_id));
--> statement-breakpoint
SELECT wall('reminders');
--> statement-breakpoint
INSERT INTO program_grants VALUES ('reminders', 'INSERT, UPDATE');
--> statement-breakpoint
CREATE INDEX reminders_by_invoice ON reminders (invoice_id);
--> statement-breakpoint
CREATE INDEX reminders_by_campaign ON reminders (campaign_id, contact_id) WHERE campaign_id IS NOT NULL;
--> statement-breakpoint
CREATE INDEX reminders_held ON reminders (sequence_id) WHERE state = 'held';
--> statement-breakpoint
CREATE TRIGGER reminders_stay BEFORE DELETE OR TRUNCATE ON reminders FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
-- Whose ladders are to be looked at, by workspace only.
CREATE FUNCTION workspaces_to_remind() RETURNS TABLE (workspace_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT DISTINCT s.workspace_id FROM sequences s WHERE s.state = 'active' $$;
