-- Hand-written. An attempt is written by every step of a message's way, and each index that names what changes then is
-- written with it. That a second attempt needs a first that did not leave is asked once a statement instead: an attempt
-- follows the one before it, which is over for good, so that by induction no two can have reached the provider. What is
-- asked is looked up by key: see goByKeys in src/platform/db.ts.
DROP INDEX one_live_attempt;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION attempts_need_messages() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_material = off AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM born b WHERE NOT EXISTS (SELECT 1 FROM messages m
       WHERE m.id = ANY(ARRAY[b.message_id]) AND m.workspace_id = b.workspace_id)) THEN
    RAISE EXCEPTION 'an attempt belongs to a message' USING ERRCODE = 'foreign_key_violation';
  END IF;
  IF EXISTS (SELECT 1 FROM born b WHERE b.attempt_no > 1 AND NOT EXISTS (SELECT 1 FROM attempts a
       WHERE a.message_id = ANY(ARRAY[b.message_id]) AND a.attempt_no = b.attempt_no - 1
         AND (a.outcome = 'not_sent' OR a.resend_ok))) THEN
    RAISE EXCEPTION 'the attempt before this one may have arrived' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
DROP TRIGGER attempts_move ON attempts;
--> statement-breakpoint
-- As before, and what may be made again stays so: another attempt may have followed it.
CREATE TRIGGER attempts_move BEFORE UPDATE ON attempts FOR EACH ROW WHEN (
     (OLD.outcome IS DISTINCT FROM NEW.outcome AND OLD.outcome IS NOT NULL AND OLD.outcome <> 'indeterminate')
  OR (OLD.outcome = 'indeterminate' AND NEW.outcome = 'not_sent')
  OR (OLD.dispatched_at IS NOT NULL AND NEW.dispatched_at IS DISTINCT FROM OLD.dispatched_at)
  OR (OLD.dispatched_at IS NULL AND NEW.dispatched_at IS NOT NULL AND OLD.outcome IS NOT NULL)
  OR (OLD.resend_ok AND NOT NEW.resend_ok))
  EXECUTE FUNCTION refuse_attempt_change();
--> statement-breakpoint
-- As before, but looked up by key whatever was known of the tables when the plan was made: see goByKeys in src/platform/db.ts.
CREATE OR REPLACE FUNCTION receipts_need_attempts() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_material = off AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM born b WHERE NOT EXISTS (SELECT 1 FROM attempts a
       WHERE a.message_id = ANY(ARRAY[b.message_id]) AND a.attempt_no = b.attempt_no AND a.workspace_id = b.workspace_id)) THEN
    RAISE EXCEPTION 'a receipt belongs to an attempt' USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION charges_need_grounds() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_material = off AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM born b WHERE b.status <> 'accepted' AND NOT EXISTS (SELECT 1 FROM receipts r
       WHERE r.message_id = ANY(ARRAY[b.message_id]) AND r.attempt_no = b.attempt_no AND r.status = b.status
         AND r.workspace_id = b.workspace_id)) THEN
    RAISE EXCEPTION 'a charge needs the receipt of a delivery' USING ERRCODE = 'foreign_key_violation';
  END IF;
  IF EXISTS (SELECT 1 FROM born b WHERE b.status IN ('accepted','sent','failed') AND NOT EXISTS (SELECT 1 FROM messages m
       WHERE m.id = ANY(ARRAY[b.message_id]) AND m.workspace_id = b.workspace_id AND m.on_acceptance)) THEN
    RAISE EXCEPTION 'a charge needs the receipt of a delivery' USING ERRCODE = 'foreign_key_violation';
  END IF;
  IF EXISTS (SELECT 1 FROM born b WHERE b.status = 'accepted' AND NOT EXISTS (SELECT 1 FROM attempts a
       WHERE a.message_id = ANY(ARRAY[b.message_id]) AND a.attempt_no = b.attempt_no AND a.workspace_id = b.workspace_id
         AND a.outcome = 'accepted')) THEN
    RAISE EXCEPTION 'a charge on acceptance needs an attempt that was accepted' USING ERRCODE = 'foreign_key_violation';
  END IF;
  IF EXISTS (SELECT 1 FROM (SELECT DISTINCT transfer_id, workspace_id FROM born WHERE transfer_id IS NOT NULL) b
      WHERE NOT EXISTS (SELECT 1 FROM transfers t WHERE t.id = b.transfer_id AND t.workspace_id = b.workspace_id)) THEN
    RAISE EXCEPTION 'a charge is paid by a transfer of its own workspace' USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NULL;
END $$;
