-- Hand-written. More that a policy may ask about, how many must approve, and within which time.
ALTER TABLE approval_policies
  ADD COLUMN categories text[] NOT NULL DEFAULT '{}' CHECK (categories <@ ARRAY['marketing','utility','authentication']),
  ADD COLUMN first_of_maker boolean NOT NULL DEFAULT false,
  ADD COLUMN quorum int NOT NULL DEFAULT 1 CHECK (quorum BETWEEN 1 AND 5),
  ADD COLUMN expires_after_hours int CHECK (expires_after_hours BETWEEN 1 AND 720);
--> statement-breakpoint
-- What was asked about one frozen version, by the policy of that moment. It never changes, whatever becomes of the policy.
CREATE TABLE approval_requests (
  campaign_id uuid NOT NULL,
  digest bytea NOT NULL,
  workspace_id uuid NOT NULL,
  policy_version int NOT NULL,
  reasons text[] NOT NULL CHECK (reasons <@ ARRAY['amount','share_of_available','recipients','category','first_of_maker']),
  quorum int NOT NULL CHECK (quorum BETWEEN 1 AND 5),
  requested_at timestamptz NOT NULL,
  expires_at timestamptz CHECK (expires_at > requested_at),
  PRIMARY KEY (campaign_id, digest, workspace_id),
  FOREIGN KEY (campaign_id, workspace_id) REFERENCES campaigns (id, workspace_id));
--> statement-breakpoint
SELECT wall('approval_requests');
--> statement-breakpoint
INSERT INTO program_grants VALUES ('approval_requests', 'INSERT');
--> statement-breakpoint
CREATE INDEX approval_requests_lapsing ON approval_requests (expires_at) WHERE expires_at IS NOT NULL;
--> statement-breakpoint
-- What was asked before requests were kept: of what waits or waited for a decision, as the trail tells it.
INSERT INTO approval_requests (campaign_id, digest, workspace_id, policy_version, reasons, quorum, requested_at)
SELECT DISTINCT ON (x.campaign_id, x.digest) x.campaign_id, x.digest, x.workspace_id,
       coalesce(x.policy_version, (e.facts ->> 'policy_version')::int,
         (SELECT max(p.version) FROM approval_policies p WHERE p.workspace_id = x.workspace_id AND p.created_at <= x.at), 0),
       ARRAY(SELECT jsonb_array_elements_text(e.facts -> 'approval_needed_for')), 1, x.at
  FROM (
    SELECT a.campaign_id, a.digest, a.workspace_id, a.policy_version, coalesce(c.submitted_at, a.created_at) AS at
      FROM approvals a JOIN campaigns c ON c.id = a.campaign_id
    UNION ALL
    SELECT c.id, c.digest, c.workspace_id, NULL, c.submitted_at
      FROM campaigns c WHERE c.state = 'pending_approval' OR (c.state = 'paused' AND EXISTS (
             SELECT 1 FROM price_changes q WHERE q.campaign_id = c.id AND q.state = 'open' AND q.from_state = 'pending_approval'))) x
  LEFT JOIN LATERAL (
    SELECT v.facts FROM audit_events v
     WHERE v.workspace_id = x.workspace_id AND v.subject = 'campaign:' || x.campaign_id
       AND v.facts ->> 'digest' = encode(x.digest, 'hex') AND v.facts ? 'approval_needed_for'
     ORDER BY v.id DESC LIMIT 1) e ON true
 ORDER BY x.campaign_id, x.digest, x.policy_version;
--> statement-breakpoint
CREATE TRIGGER approval_requests_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON approval_requests
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
-- The request names the campaign.
ALTER TABLE approvals DROP CONSTRAINT approvals_campaign_id_workspace_id_fkey,
  ADD CONSTRAINT approvals_answer_a_request
  FOREIGN KEY (campaign_id, digest, workspace_id) REFERENCES approval_requests (campaign_id, digest, workspace_id);
--> statement-breakpoint
-- As before; and a decision is made under the version that asked for it, and in time where it is an approval.
CREATE OR REPLACE FUNCTION guard_approval() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM campaigns c WHERE c.id = NEW.campaign_id
      AND (NEW.approver = ANY (c.editors) OR NEW.approver = c.submitted_by OR c.digest IS DISTINCT FROM NEW.digest)) THEN
    RAISE EXCEPTION 'whoever made it does not approve it' USING ERRCODE = 'restrict_violation';
  END IF;
  IF EXISTS (SELECT 1 FROM approval_requests r WHERE r.campaign_id = NEW.campaign_id AND r.digest = NEW.digest
      AND (r.policy_version <> NEW.policy_version OR (NEW.decision = 'approve' AND r.expires_at <= NEW.created_at))) THEN
    RAISE EXCEPTION 'a decision answers what was asked, in time' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
--> statement-breakpoint
-- As before; and what somebody was asked about goes on only when as many have approved that very version as were asked for.
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
  IF NEW.state IN ('scheduled','sending') AND OLD.state IN ('pending_approval','paused') AND EXISTS (
      SELECT 1 FROM approval_requests r WHERE r.campaign_id = NEW.id AND r.digest = NEW.digest AND r.quorum > (
        SELECT count(*) FROM approvals a WHERE a.campaign_id = NEW.id AND a.digest = NEW.digest AND a.decision = 'approve')) THEN
    RAISE EXCEPTION 'a campaign that needs approval goes on when it has it' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
--> statement-breakpoint
-- What a campaign says once more, because nobody decided on it in time: at most once.
ALTER TABLE campaigns ADD COLUMN again_of uuid,
  ADD CONSTRAINT campaigns_again_of FOREIGN KEY (again_of, workspace_id) REFERENCES campaigns (id, workspace_id),
  ADD CONSTRAINT campaigns_again_once UNIQUE (again_of);
--> statement-breakpoint
-- As before, and what nobody has decided on in time.
CREATE OR REPLACE FUNCTION campaigns_to_tend(as_of timestamptz, most int) RETURNS TABLE (workspace_id uuid, campaign_id uuid, state text)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT c.workspace_id, c.id, c.state FROM campaigns c
   WHERE (c.state = 'scheduled' AND c.starts_at <= as_of)
      OR (c.state IN ('pending_approval','waiting_for_funds','paused','scheduled','sending') AND c.send_before <= as_of)
      OR (c.state = 'pending_approval' AND EXISTS (
            SELECT 1 FROM approval_requests r WHERE r.campaign_id = c.id AND r.digest = c.digest AND r.expires_at <= as_of))
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
