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
-- As in 0024, in one statement where the states' rows are there already, which they are but for the first of a campaign.
-- Rows are locked in one order before they are changed; what had no row is added after that, whoever adds it first.
CREATE OR REPLACE FUNCTION count_messages() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE missing message_counts[];
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO message_counts AS c (campaign_id, workspace_id, state, n)
      SELECT campaign_id, workspace_id, s, sum(k) FROM (
        SELECT campaign_id, workspace_id, state s, count(*) k FROM born GROUP BY 1, 2, 3
        UNION ALL SELECT campaign_id, workspace_id, 'held', count(*) FROM born WHERE money = 'held' GROUP BY 1, 2) x
      GROUP BY 1, 2, 3 ORDER BY 1, 3
      ON CONFLICT (campaign_id, state) DO UPDATE SET n = c.n + excluded.n;
    RETURN NULL;
  END IF;
  WITH moved AS MATERIALIZED (
      SELECT campaign_id, workspace_id, state, count(*) AS k, count(*) FILTER (WHERE money = 'held') AS held FROM after GROUP BY 1, 2, 3
      UNION ALL SELECT campaign_id, workspace_id, state, -count(*), -count(*) FILTER (WHERE money = 'held') FROM before GROUP BY 1, 2, 3),
    changes AS MATERIALIZED (
      SELECT campaign_id, workspace_id, state s, sum(k)::bigint k FROM moved GROUP BY 1, 2, 3 HAVING sum(k) <> 0
      UNION ALL SELECT campaign_id, workspace_id, 'held', sum(held)::bigint FROM moved GROUP BY 1, 2 HAVING sum(held) <> 0),
    locked AS MATERIALIZED (
      SELECT c.campaign_id, c.state, x.k FROM changes x JOIN message_counts c ON c.campaign_id = x.campaign_id AND c.state = x.s
       ORDER BY c.campaign_id, c.state FOR NO KEY UPDATE OF c),
    done AS (
      UPDATE message_counts c SET n = c.n + l.k FROM locked l WHERE c.campaign_id = l.campaign_id AND c.state = l.state
      RETURNING c.campaign_id, c.state)
    SELECT array_agg((x.campaign_id, x.workspace_id, x.s, x.k)::message_counts ORDER BY x.campaign_id, x.s) INTO missing
      FROM changes x WHERE NOT EXISTS (SELECT 1 FROM done d WHERE d.campaign_id = x.campaign_id AND d.state = x.s);
  IF missing IS NOT NULL THEN
    INSERT INTO message_counts AS c (campaign_id, workspace_id, state, n)
      SELECT x.campaign_id, x.workspace_id, x.state, x.n FROM unnest(missing) x
      ON CONFLICT (campaign_id, state) DO UPDATE SET n = c.n + excluded.n;
  END IF;
  RETURN NULL;
END $$;
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
